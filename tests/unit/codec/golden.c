#include "golden.h"

#include <dirent.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "core/trace.h"

#define GOLDEN_MAX (64u * 1024)

const uint8_t golden_sha256[PLAN_HASH_SIZE] = {
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
        13,
        14,
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        30,
        31,
};

static void put_span(Buf *out, const char *name, usec_t span) {
        char text[TIME_TEXT_MAX];

        duration_format(span, text);
        (void) buf_printf(out, " %s %s", name, text);
}

static void put_weight(Buf *out, uint32_t weight) {
        char text[16];

        weight_format(weight, text);
        (void) buf_printf(out, "weight %s", text);
}

static void put_check(Buf *out, const PlanCheck *check) {
        if (check->kind == CHECK_ALARM) {
                (void) buf_printf(out, "check %s: %s \"%s\"\n", check->name,
                                check_kind_to_string(check->kind), check->alarm);
                return;
        }
        (void) buf_printf(out, "check %s: %s %s> %.17g min_requests %u\n", check->name,
                        check_kind_to_string(check->kind), check->stat ? check->stat : "", check->max,
                        check->min_requests);
}

static void put_publish(Buf *out, const PlanPublish *p) {
        static const char *const kinds[] = { "nothing", "zip", "s3", "image", "latest" };

        if (p->kind == PUBLISH_NOTHING)
                return;
        (void) buf_printf(out, "publish %s", kinds[p->kind]);
        if (p->path)
                (void) buf_printf(out, " %s", p->path);
        if (p->bucket)
                (void) buf_printf(out, " bucket %s key %s version %s", p->bucket, p->key,
                                p->object_version ? p->object_version : "(the latest)");
        if (p->image)
                (void) buf_printf(out, " %s", p->image);
        for (size_t i = 0; p->has_sha256 && i < PLAN_HASH_SIZE; i++)
                (void) buf_printf(out, i == 0 ? " sha256 %02x" : "%02x", p->sha256[i]);
        (void) buf_putc(out, '\n');
}

/* Its first three offsets: the rest is up to those who make laws. */
static void put_window(Buf *out, const PlanWindow *w) {
        char text[TIME_TEXT_MAX];

        (void) buf_puts(out, "window");
        for (size_t i = 0; i < 7; i++)
                if (w->days & 1u << i)
                        (void) buf_printf(out, " %.3s", &"montuewedthufrisatsun"[3 * i]);
        (void) buf_printf(out, " %02u:%02u-%02u:%02u at_end %s\n", w->from / 60u, w->from % 60u,
                        w->until / 60u, w->until % 60u, w->at_end == WINDOW_HOLD ? "hold" : "roll_back");
        for (uint32_t i = 0; i < w->n_offsets && i < 3; i++) {
                time_format_rfc3339(w->offsets[i].since, text);
                (void) buf_printf(out, "offset %+d since %s\n", w->offsets[i].seconds, text);
        }
}

/* What most plans do not say, where they say it. */
static void put_rest(Buf *out, const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_waves; i++) {
                (void) buf_printf(out, "wave %s: %u targets from %u", plan->waves[i].name,
                                plan->waves[i].n_targets, plan->waves[i].first_target);
                put_span(out, "bake", plan->waves[i].bake);
                (void) buf_putc(out, '\n');
        }
        if (plan->n_waves > 0)
                (void) buf_printf(out, "on_wave_failure %s\n", plan->wave_failure_all ? "all" : "wave");
        if (plan->not_before > 0) {
                char text[TIME_TEXT_MAX];

                time_format_rfc3339(plan->not_before, text);
                (void) buf_printf(out, "not_before %s\n", text);
        }
        if (plan->window.days != 0)
                put_window(out, &plan->window);
        if (plan->restore_code)
                (void) buf_puts(out, "restore_code\n");
        if (plan->on_newer_plan == NEWER_SUPERSEDES)
                (void) buf_puts(out, "on_newer_plan supersede\n");
}

static void put_plan(Buf *out, const Plan *plan) {
        (void) buf_printf(out, "plan %s\n", plan->name);
        for (uint32_t i = 0; i < plan->n_targets; i++) {
                (void) buf_printf(out, "target %s %s region %s from %llu to %llu\n",
                                plan->targets[i].function, plan->targets[i].alias,
                                plan->targets[i].region ? plan->targets[i].region : "(the daemon's)",
                                (unsigned long long) plan->targets[i].from,
                                (unsigned long long) plan->targets[i].to);
                if (plan->targets[i].role_arn)
                        (void) buf_printf(out, "role %s external_id %s\n", plan->targets[i].role_arn,
                                        plan->targets[i].external_id ? plan->targets[i].external_id
                                                                     : "(none)");
                put_publish(out, &plan->targets[i].publish);
                if (plan->targets[i].create_alias)
                        (void) buf_puts(out, "create_alias\n");
        }
        for (uint32_t i = 0; i < plan->n_steps; i++) {
                put_weight(out, plan->steps[i].weight);
                put_span(out, "hold", plan->steps[i].hold);
                (void) buf_printf(out, " min_requests %u\n", plan->steps[i].min_requests);
        }
        (void) buf_puts(out, "times");
        put_span(out, "bake", plan->bake);
        put_span(out, "deadline", plan->deadline);
        put_span(out, "every", plan->every);
        put_span(out, "period", plan->period);
        put_span(out, "settled_after", plan->settled_after);
        put_span(out, "max_blind", plan->max_blind);
        (void) buf_puts(out, plan->checks_none ? "\nchecks none\n" : "\n");
        for (uint32_t i = 0; i < plan->n_checks; i++)
                put_check(out, &plan->checks[i]);
        put_rest(out, plan);
}

static void put_findings(Buf *out, const DiagList *diags, const char *file, const char *text, size_t size) {
        for (size_t i = 0; i < diags->n; i++)
                (void) diag_render(&diags->entries[i], file, text, size, out);
        if (diags->n_dropped > 0)
                (void) buf_printf(out, "(%zu more)\n", diags->n_dropped);
}

static char *take(Buf *out) {
        char *text = NULL;

        EXPECT_OK(buf_take(out, &text));
        return text;
}

char *golden_plan(const char *text, size_t size, const char *file) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(GOLDEN_MAX);
        _cleanup_(freep) char *name = alloc_copy_bytes(file, strcspn(file, "."));
        DiagList diags = { 0 };
        int r;

        EXPECT(name);
        r = plan_parse(text, size, name, golden_sha256, GOLDEN_NOW, &diags, &doc);
        EXPECT_INT(r, diags.n_errors > 0 ? -EBADMSG : 0);
        EXPECT((r == 0) == (doc != NULL));
        put_findings(&out, &diags, file, text, size);
        if (doc) {
                EXPECT(memcmp(doc->plan.sha256, golden_sha256, PLAN_HASH_SIZE) == 0);
                put_plan(&out, &doc->plan);
        }
        return take(&out);
}

static void put_setting(Buf *out, const char *name, const char *value) {
        if (value)
                (void) buf_printf(out, "%s %s\n", name, value);
}

static void put_flag(Buf *out, const char *name, bool value) {
        if (value)
                (void) buf_printf(out, "%s true\n", name);
}

/* Where it is not the default. */
static void put_rate(Buf *out, const char *name, double value, double standard) {
        if (value < standard || value > standard)
                (void) buf_printf(out, "%s %g\n", name, value);
}

char *golden_conf(const char *text, size_t size, const char *file) {
        _cleanup_(conf_freep) Conf *conf = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(GOLDEN_MAX);
        DiagList diags = { 0 };
        int r = conf_parse(text, size, &diags, &conf);

        EXPECT_INT(r, diags.n_errors > 0 ? -EBADMSG : 0);
        EXPECT((r == 0) == (conf != NULL));
        put_findings(&out, &diags, file, text, size);
        if (conf) {
                put_setting(&out, "plans", conf->plans);
                put_setting(&out, "state", conf->state);
                put_setting(&out, "run", conf->run);
                put_setting(&out, "aws.region", conf->aws_region);
                put_setting(&out, "aws.profile", conf->aws_profile);
                put_setting(&out, "aws.shared_credentials_file", conf->aws_shared_credentials_file);
                put_setting(&out, "aws.ca_bundle", conf->aws_ca_bundle);
                put_setting(&out, "aws.endpoint_url", conf->aws_endpoint_url);
                put_setting(&out, "aws.endpoint_url_lambda", conf->aws_endpoint_url_lambda);
                put_setting(&out, "aws.endpoint_url_cloudwatch", conf->aws_endpoint_url_cloudwatch);
                put_setting(&out, "aws.endpoint_url_sts", conf->aws_endpoint_url_sts);
                put_setting(&out, "aws.config_file", conf->aws_config_file);
                put_setting(&out, "aws.role_arn", conf->aws_role_arn);
                put_setting(&out, "aws.external_id", conf->aws_external_id);
                put_flag(&out, "aws.use_fips_endpoint", conf->aws_use_fips_endpoint);
                put_flag(&out, "aws.use_dualstack_endpoint", conf->aws_use_dualstack_endpoint);
                put_flag(&out, "aws.imds_v1", conf->aws_imds_v1);
                put_rate(&out, "aws.lambda_rate", conf->aws_lambda_rate, 10);
                put_rate(&out, "aws.metrics_rate", conf->aws_metrics_rate, 25);
                put_rate(&out, "aws.alarms_rate", conf->aws_alarms_rate, 5);
        }
        return take(&out);
}

static void check_one(const char *folder, const char *file, bool want_errors,
                char *(*render)(const char *text, size_t size, const char *file)) {
        _cleanup_(freep) char *path = alloc_printf("%s/%s", folder, file);
        _cleanup_(freep) char *beside = alloc_printf(
                        "%s/%.*s.expected", folder, (int) (strlen(file) - strlen(".yaml")), file);
        _cleanup_(freep) char *text = NULL, *expected = NULL, *found = NULL;
        size_t size;

        EXPECT(path && beside);
        text = test_read(path, &size);
        expected = test_read(beside, NULL);
        found = render(text, size, file);
        if (!streq(found, expected))
                FAIL("%s gives\n%s--- expected\n%s---", path, found, expected);
        if (want_errors != !!strstr(found, ": error: "))
                FAIL("%s: errors %s", path, want_errors ? "are wanted" : "found");
}

void golden_check_folder(const char *folder, size_t least, bool want_errors,
                char *(*render)(const char *text, size_t size, const char *file)) {
        _cleanup_(freep) char *path = alloc_printf("%s/%s", test_data(), folder);
        struct dirent *entry;
        size_t n = 0, n_expected = 0;
        DIR *d;

        EXPECT(path);
        d = opendir(path);
        if (!d)
                FAIL("cannot open %s", path);
        while ((entry = readdir(d))) {
                n_expected += str_ends_with(entry->d_name, ".expected");
                if (!str_ends_with(entry->d_name, ".yaml"))
                        continue;
                n++;
                check_one(folder, entry->d_name, want_errors, render);
        }
        (void) closedir(d);
        if (n < least || n != n_expected)
                FAIL("%s has %zu plans (at least %zu are wanted) and %zu .expected", folder, n, least,
                                n_expected);
}

char *golden_plan_with(const char *lines) {
        static const char head[] = "format: 1\nfunction: checkout\nalias: live\nto: 42\n";
        _cleanup_(freep) char *text = alloc_printf("%s%s", head, lines);

        EXPECT(text);
        return golden_plan(text, strlen(text), "checkout.yaml");
}
