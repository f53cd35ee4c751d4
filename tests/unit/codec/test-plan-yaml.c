#include "golden.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/usec.h"
#include "lib/fault.h"

TEST(good_plans) {
        golden_check_folder("plans/good", 60, false, golden_plan);
}

TEST(bad_plans) {
        golden_check_folder("plans/bad", 174, true, golden_plan);
}

TEST(names) {
        char name[PLAN_NAME_MAX + 2];

        memset(name, 'n', sizeof(name));
        name[PLAN_NAME_MAX] = '\0';
        EXPECT(plan_name_is_valid(name));
        name[PLAN_NAME_MAX] = 'n';
        name[PLAN_NAME_MAX + 1] = '\0';
        EXPECT(!plan_name_is_valid(name));
        EXPECT(plan_name_is_valid("a"));
        EXPECT(plan_name_is_valid("7.of_9-B"));
        EXPECT(!plan_name_is_valid(""));
        EXPECT(!plan_name_is_valid("-a"));
        EXPECT(!plan_name_is_valid(".a"));
        EXPECT(!plan_name_is_valid("a b"));
        EXPECT(!plan_name_is_valid("a/b"));
        EXPECT(!plan_name_is_valid("a@1"));
        EXPECT(!plan_name_is_valid("\xc3\xa4"));
}

/* A plan at all its limits, with "more" added to each: steps, checks, length of names. */
static char *large_plan(unsigned steps, unsigned checks, unsigned name_length, size_t *ret_size) {
        _cleanup_(buf_done) Buf text = BUF_INIT(PLAN_BYTES_MAX);
        char *ret = NULL;

        (void) buf_printf(&text, "format: 1\nname: %.*s\n", (int) name_length,
                        "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
        (void) buf_puts(&text,
                        "function: arn:aws:lambda:eu-west-1:123456789012:function:checkout\n"
                        "alias: live\nfrom: 41\nto: 42\nbake: 30m\ndeadline: 2d\nsteps:\n");
        for (unsigned i = 1; i <= steps; i++)
                (void) buf_printf(&text, "  - {weight: %u.%02u%%, hold: 10m, min_requests: %u}\n", i / 2,
                                i % 2 * 50, i);
        (void) buf_puts(&text, "health:\n  every: 10s\n  settled_after: 5m\n  checks:\n");
        for (unsigned i = 0; i < checks; i++)
                (void) buf_printf(&text, "    - {name: check-%u, metric: duration, stat: p99.%u, max: %u}\n",
                                i, i % 10, 100 + i);
        *ret_size = text.size;
        EXPECT_OK(buf_take(&text, &ret));
        return ret;
}

static int parse(const char *text, size_t size, DiagList *diags, PlanDoc **ret) {
        *diags = (DiagList){ 0 };
        return plan_parse(text, size, "checkout", golden_sha256, GOLDEN_NOW, diags, ret);
}

TEST(everything_at_its_limit) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        DiagList diags;
        size_t size;
        _cleanup_(freep) char *text = large_plan(PLAN_STEPS_MAX, PLAN_CHECKS_MAX, PLAN_NAME_MAX, &size);

        EXPECT_OK(parse(text, size, &diags, &doc));
        EXPECT_INT(diags.n_errors, 0);
        EXPECT_INT(doc->plan.n_steps, PLAN_STEPS_MAX);
        EXPECT_INT(doc->plan.n_checks, PLAN_CHECKS_MAX);
        EXPECT_INT(doc->plan.steps[PLAN_STEPS_MAX - 1].weight, PLAN_STEPS_MAX * 50);
        EXPECT_INT(doc->plan.steps[PLAN_STEPS_MAX - 1].min_requests, PLAN_STEPS_MAX);
        EXPECT_STR(doc->plan.checks[PLAN_CHECKS_MAX - 1].name, "check-31");
        EXPECT_STR(doc->plan.checks[PLAN_CHECKS_MAX - 1].stat, "p99.1");
        EXPECT_STR(doc->plan.targets[0].region, "eu-west-1");
        EXPECT_INT(strlen(doc->plan.name), PLAN_NAME_MAX);
}

static void expect_one_error(const char *text, size_t size, const char *words) {
        PlanDoc *doc = NULL;
        DiagList diags;

        EXPECT_INT(parse(text, size, &diags, &doc), -EBADMSG);
        EXPECT(!doc);
        EXPECT_INT(diags.n_errors, 1);
        for (size_t i = 0; i < diags.n; i++)
                if (diags.entries[i].level == DIAG_ERROR)
                        EXPECT_CONTAINS(diags.entries[i].message, words);
}

TEST(one_check_too_many) {
        size_t size;
        _cleanup_(freep) char *text = large_plan(3, PLAN_CHECKS_MAX + 1, 8, &size);

        expect_one_error(text, size, "at most 32 checks");
}

TEST(one_character_too_many) {
        size_t size;
        _cleanup_(freep) char *text = large_plan(3, 1, PLAN_NAME_MAX + 1, &size);

        expect_one_error(text, size, "\"name\" must be");
}

/* Half of the warnings would fill the list, so the step beyond the limit is found by whole per cents. */
TEST(one_step_too_many) {
        _cleanup_(buf_done) Buf text = BUF_INIT(PLAN_BYTES_MAX);

        (void) buf_puts(&text, "format: 1\nfunction: f\nalias: a\nto: 2\nhealth: {checks: none}\nsteps:\n");
        for (unsigned i = 1; i < PLAN_STEPS_MAX; i++)
                (void) buf_printf(&text, "  - {weight: %u%%, hold: 1m}\n", i);
        (void) buf_puts(&text, "  - {weight: 99.5%, hold: 1m}\n  - {weight: 100%}\n");
        expect_one_error(text.data, text.size, "at most 100 steps");
}

TEST(bytes_at_the_limit_and_beyond) {
        size_t size;
        _cleanup_(freep) char *head = large_plan(1, 1, 8, &size);
        _cleanup_(freep) char *text = alloc_zero(PLAN_BYTES_MAX + 1);
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        DiagList diags;

        memset(text, '#', PLAN_BYTES_MAX + 1);
        memcpy(text, head, size);
        EXPECT_OK(parse(text, PLAN_BYTES_MAX, &diags, &doc));
        expect_one_error(text, PLAN_BYTES_MAX + 1, "more than the 262144");
}

TEST(findings_are_added_to_those_that_are_there) {
        static const char text[] = "format: 2\n";
        DiagList diags = { 0 };
        PlanDoc *doc = NULL;

        diag_add(&diags, DIAG_ERROR, 99, 1, "earlier");
        EXPECT_INT(plan_parse(text, strlen(text), "x", golden_sha256, GOLDEN_NOW, &diags, &doc), -EBADMSG);
        EXPECT_STR(diags.entries[0].message, "earlier");
        EXPECT(diags.n > 1);
}

/* An error in the list from before does not make a good plan bad. */
TEST(a_good_plan_after_an_earlier_error) {
        size_t size;
        _cleanup_(freep) char *text = large_plan(1, 1, 8, &size);
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        DiagList diags = { 0 };

        diag_add(&diags, DIAG_ERROR, 99, 1, "earlier");
        EXPECT_OK(plan_parse(text, size, "x", golden_sha256, GOLDEN_NOW, &diags, &doc));
}

TEST(out_of_memory_anywhere) {
        size_t size;
        _cleanup_(freep) char *text = large_plan(20, 20, 8, &size);

        FAULT_LOOP {
                _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
                DiagList diags;
                int r = parse(text, size, &diags, &doc);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 10);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!doc);
        }
}

TEST(a_plan_that_is_refused_names_its_targets_all_the_same) {
        static const char text[] =
                        "format: 9\nregion: eu-west-1\ntargets:\n  - {function: a, alias: live, to: 2}\n"
                        "  - {function: b}\n  - {function: c, alias: beta, from: 1, wieght: 2}\n";
        static const char *const hopeless[] = { "", "x", "- a", "a: [", "format: 1\nalias: live\n" };
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;

        EXPECT_OK(plan_parse_targets(text, strlen(text), "x", golden_sha256, &doc));
        EXPECT_INT(doc->plan.n_targets, 2);
        EXPECT_INT(doc->plan.n_steps, 0);
        EXPECT_STR(doc->plan.name, "x");
        EXPECT_STR(doc->plan.targets[0].function, "a");
        EXPECT_STR(doc->plan.targets[0].region, "eu-west-1");
        EXPECT_STR(doc->plan.targets[1].alias, "beta");
        EXPECT_INT(doc->plan.targets[1].from, 1);
        for (size_t i = 0; i < ELEMENTSOF(hopeless); i++) {
                PlanDoc *none = NULL;

                EXPECT_INT(plan_parse_targets(hopeless[i], strlen(hopeless[i]), "x", golden_sha256, &none),
                                -ENOENT);
                EXPECT(!none);
        }
}

TEST(targets_without_memory) {
        static const char text[] = "function: a\nalias: live\n";

        FAULT_LOOP {
                _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
                int r = plan_parse_targets(text, strlen(text), "x", golden_sha256, &doc);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!doc);
        }
}
