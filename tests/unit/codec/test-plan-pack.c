#include "lib/test.h"

#include "base/alloc.h"
#include "base/str.h"
#include "codec/plan-internal.h"
#include "lib/fault.h"

static void draft_init(PlanDraft *d) {
        *d = (PlanDraft){ 0 };
        d->targets[0] = (PlanTarget){ .function = "checkout", .alias = "live", .to = 42 };
        d->steps[0] = (PlanStep){ .weight = 100, .hold = 5 };
        d->steps[1] = (PlanStep){ .weight = 200, .hold = 6, .min_requests = 7 };
        d->checks[0] = (PlanCheck){ .name = "errors", .kind = CHECK_ERRORS, .max = 3, .min_requests = 1 };
        d->checks[1] = (PlanCheck){ .name = "slow", .kind = CHECK_DURATION, .max = 8, .stat = "p99" };
        d->plan = (Plan){
                .name = "shop",
                .targets = d->targets,
                .n_targets = 1,
                .steps = d->steps,
                .n_steps = 2,
                .checks = d->checks,
                .n_checks = 2,
                .bake = 9,
                .window = { .zone = "Europe/Berlin" },
        };
}

TEST(the_copy_stands_alone) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);

        EXPECT(draft);
        draft_init(draft);
        EXPECT_OK(plan_pack(draft, &doc));
        memset(draft, 0xee, sizeof(*draft));
        EXPECT_STR(doc->plan.name, "shop");
        EXPECT_INT(doc->plan.bake, 9);
        EXPECT_STR(doc->plan.window.zone, "Europe/Berlin");
        EXPECT_STR(doc->plan.targets[0].function, "checkout");
        EXPECT_STR(doc->plan.targets[0].alias, "live");
        EXPECT(!doc->plan.targets[0].region);
        EXPECT_INT(doc->plan.targets[0].to, 42);
        EXPECT_INT(doc->plan.steps[1].min_requests, 7);
        EXPECT_STR(doc->plan.checks[0].name, "errors");
        EXPECT(!doc->plan.checks[0].stat);
        EXPECT_STR(doc->plan.checks[1].stat, "p99");
}

TEST(empty_arrays) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);

        EXPECT(draft);
        draft_init(draft);
        draft->plan.n_steps = draft->plan.n_checks = 0;
        EXPECT_OK(plan_pack(draft, &doc));
        EXPECT_INT(doc->plan.n_steps, 0);
        EXPECT_STR(doc->plan.targets[0].alias, "live");
}

TEST(out_of_memory) {
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);

        EXPECT(draft);
        draft_init(draft);
        FAULT_LOOP {
                _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
                int r = plan_pack(draft, &doc);

                if (!fault_struck())
                        break;
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!doc);
        }
}

TEST(nothing_to_free) {
        EXPECT(!plan_doc_free(NULL));
}

TEST(what_the_plan_leaves_open_is_filled_in) {
        DiagList diags = { 0 };
        static const PlanDefaults defaults = { "eu-west-1", "arn:aws:iam::123456789012:role/x",
                "partner-7" };
        _cleanup_(plan_doc_freep) PlanDoc *open = NULL, *own = NULL, *none = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);

        EXPECT(draft);
        draft_init(draft);
        EXPECT_OK(plan_pack(draft, &open));
        EXPECT_OK(plan_doc_fill(open, &defaults, &diags));
        EXPECT_STR(open->plan.targets[0].region, "eu-west-1");
        EXPECT_STR(open->plan.targets[0].role_arn, "arn:aws:iam::123456789012:role/x");
        EXPECT_STR(open->plan.targets[0].external_id, "partner-7");
        /* A role of the plan's own goes without the external id of another one. */
        draft->targets[0].region = "us-east-1";
        draft->targets[0].role_arn = "arn:aws:iam::123456789012:role/y";
        EXPECT_OK(plan_pack(draft, &own));
        EXPECT_OK(plan_doc_fill(own, &defaults, &diags));
        EXPECT_STR(own->plan.targets[0].region, "us-east-1");
        EXPECT_STR(own->plan.targets[0].role_arn, "arn:aws:iam::123456789012:role/y");
        EXPECT(!own->plan.targets[0].external_id);
        draft_init(draft);
        EXPECT_OK(plan_pack(draft, &none));
        EXPECT_OK(plan_doc_fill(none, &(const PlanDefaults){ 0 }, &diags));
        EXPECT(!none->plan.targets[0].region && !none->plan.targets[0].role_arn);
}

/* One target says the region that the daemon has for the other. */
TEST(filled_in_they_are_the_same) {
        static const PlanDefaults here = { .region = "eu-west-1" }, there = { .region = "us-east-1" };
        _cleanup_(plan_doc_freep) PlanDoc *same = NULL, *other = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);
        DiagList diags = { 0 };

        EXPECT(draft);
        draft_init(draft);
        draft->targets[1] = draft->targets[0];
        draft->targets[1].region = "eu-west-1";
        draft->plan.n_targets = 2;
        EXPECT_OK(plan_pack(draft, &other));
        EXPECT_OK(plan_doc_fill(other, &there, &diags));
        EXPECT_INT(diags.n, 0);
        EXPECT_OK(plan_pack(draft, &same));
        EXPECT_INT(plan_doc_fill(same, &here, &diags), -EBADMSG);
        EXPECT_INT(diags.n_errors, 1);
        EXPECT_CONTAINS(diags.entries[0].message,
                        "targets 1 and 2 of the plan are the same alias: both are live of "
                        "checkout in eu-west-1");
}

TEST(waves_and_what_is_published) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);

        EXPECT(draft);
        draft_init(draft);
        draft->targets[0].publish = (PlanPublish){
                .kind = PUBLISH_S3, .bucket = "artifacts", .key = "a.zip", .object_version = "7"
        };
        draft->targets[1] = (PlanTarget){ .function = "f", .alias = "a", .publish.path = "/a.zip" };
        draft->targets[2] = (PlanTarget){ .function = "g", .alias = "a", .publish.image = "i:1" };
        draft->waves[0] = (PlanWave){ .name = "first", .n_targets = 1, .bake = 5 };
        draft->waves[1] = (PlanWave){ .name = "rest", .first_target = 1, .n_targets = 2 };
        draft->plan.waves = draft->waves;
        draft->plan.n_waves = 2;
        draft->plan.n_targets = 3;
        EXPECT_OK(plan_pack(draft, &doc));
        memset(draft, 0xee, sizeof(*draft));
        EXPECT_STR(doc->plan.targets[0].publish.bucket, "artifacts");
        EXPECT_STR(doc->plan.targets[0].publish.key, "a.zip");
        EXPECT_STR(doc->plan.targets[0].publish.object_version, "7");
        EXPECT_STR(doc->plan.targets[1].publish.path, "/a.zip");
        EXPECT_STR(doc->plan.targets[2].publish.image, "i:1");
        EXPECT_STR(doc->plan.waves[1].name, "rest");
        EXPECT_INT(doc->plan.waves[1].n_targets, 2);
        EXPECT_INT(doc->plan.waves[0].bake, 5);
}
