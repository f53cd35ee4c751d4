/* A plan: whatever the text, there is either a plan that holds what its header promises, or a reason. */

#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/plan-yaml.h"
#include "fuzz/fuzz.h"

#define NOW (UINT64_C(1768478400) * USEC_PER_SEC)

static void check_target(const PlanTarget *t) {
        const PlanPublish *p = &t->publish;

        FUZZ_CHECK(t->function && t->alias);
        FUZZ_CHECK(t->role_arn || !t->external_id);
        FUZZ_CHECK(t->from > 0 || !t->create_alias);
        FUZZ_CHECK((t->to == 0) == (p->kind != PUBLISH_NOTHING));
        FUZZ_CHECK((p->kind == PUBLISH_ZIP) == (p->path && p->path[0] == '/'));
        FUZZ_CHECK((p->kind == PUBLISH_S3) == (p->bucket && p->key));
        FUZZ_CHECK((p->kind == PUBLISH_IMAGE) == (p->image != NULL));
        FUZZ_CHECK(!p->object_version || p->kind == PUBLISH_S3);
        FUZZ_CHECK(!p->has_sha256 || (p->kind != PUBLISH_NOTHING && p->kind != PUBLISH_IMAGE));
}

static void check_plan(const Plan *plan) {
        uint32_t index;

        FUZZ_CHECK(plan_check(plan, &index) == PLAN_OK);
        FUZZ_CHECK(plan_name_is_valid(plan->name));
        for (uint32_t i = 0; i < plan->n_targets; i++)
                check_target(&plan->targets[i]);
        FUZZ_CHECK(plan->checks_none == (plan->n_checks == 0));
        FUZZ_CHECK(plan->max_blind >= plan->every && plan_shortest(plan) <= plan->deadline);
        for (uint32_t i = 0; i < plan->n_steps; i++)
                FUZZ_CHECK(plan->steps[i].hold > 0);
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                const PlanCheck *check = &plan->checks[i];

                FUZZ_CHECK(plan_name_is_valid(check->name) ||
                                (check->kind == CHECK_ALARM && streq(check->name, check->alarm)));
                FUZZ_CHECK(check->min_requests >= 1);
                FUZZ_CHECK((check->kind == CHECK_DURATION) == (check->stat != NULL));
                FUZZ_CHECK((check->kind == CHECK_ALARM) == (check->alarm != NULL));
        }
}

static void check_finding(const Diag *d, const Diag *before) {
        FUZZ_CHECK(d->message[0] != '\0' && memchr(d->message, '\0', sizeof(d->message)));
        FUZZ_CHECK((d->line == 0) == (d->column == 0));
        if (before)
                FUZZ_CHECK(before->line < d->line ||
                                (before->line == d->line && before->column <= d->column));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const uint8_t sha256[PLAN_HASH_SIZE];
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(1024u * 1024);
        DiagList diags = { 0 };
        int r = plan_parse((const char *) data, size, "default", sha256, NOW, &diags, &doc);

        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        FUZZ_CHECK((r == 0) == (doc != NULL) && (r == 0) == (diags.n_errors == 0));
        if (doc)
                check_plan(&doc->plan);
        for (size_t i = 0; i < diags.n; i++) {
                check_finding(&diags.entries[i], i > 0 ? &diags.entries[i - 1] : NULL);
                FUZZ_CHECK(diag_render(&diags.entries[i], "x.yaml", (const char *) data, size, &out) == 0);
        }
        return 0;
}
