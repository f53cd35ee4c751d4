#include <json-c/json.h>

#include "lib/fault.h"
#include "unit/daemon/ctl/capture.h"
#include "unit/daemon/ctl/files.h"

static const char good[] = "format: 1\nfunction: checkout\nalias: live\nto: 42\n"
                           "steps: [{weight: 5%, hold: 10m}]\nbake: 30m\n"
                           "health: {checks: [{name: errors, metric: error_rate, max: 5%}]}\n";

static int run(Capture *c, Files *f, const char *plan, const char *conf, bool json) {
        char *args[] = { files_add(f, "checkout.yaml", plan) };
        int r;

        capture_begin(c, "/nonexistent");
        c->ctl.json = json;
        c->ctl.config = files_add(f, "canaryd.yaml", conf);
        r = verb_iam_policy(&c->ctl, args, 1);
        capture_end(c);
        return r;
}

TEST(a_document_and_what_is_to_know_about_it) {
        struct json_object *document, *value;
        Capture c;
        Files f;

        files_start(&f);
        EXPECT_INT(run(&c, &f, good, "aws: {region: eu-west-1}\n", false), 0);
        document = json_tokener_parse(c.out);
        EXPECT(document && json_object_object_get_ex(document, "Statement", &value));
        EXPECT_CONTAINS(c.out, "\n        \"arn:aws:lambda:eu-west-1:*:function:checkout:*\"\n      ]\n");
        EXPECT_CONTAINS(c.err, "note: the plan names no account");
        json_object_put(document);
        capture_free(&c);
        files_stop(&f);
}

TEST(one_for_each_principal) {
        struct json_object *all, *policies, *value;
        Capture c;
        Files f;

        files_start(&f);
        EXPECT_INT(run(&c, &f, good, "aws: {role_arn: \"arn:aws:iam::123456789012:role/x\"}\n", false), 0);
        EXPECT_CONTAINS(c.err, "document 1 of 2 is for arn:aws:iam::123456789012:role/x\n");
        EXPECT_CONTAINS(c.err, "document 2 of 2 is for the principal that canaryd itself acts as\n");
        EXPECT_CONTAINS(c.err, "note: neither the plan nor the configuration names a region");
        capture_free(&c);
        f.n = 0;
        EXPECT_INT(run(&c, &f, good, "aws: {role_arn: \"arn:aws:iam::123456789012:role/x\"}\n", true), 0);
        all = json_tokener_parse(c.out);
        EXPECT(all && json_object_object_get_ex(all, "policies", &policies));
        EXPECT_INT(json_object_array_length(policies), 2);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(policies, 1), "principal", &value) &&
                        !value);
        EXPECT(json_object_object_get_ex(all, "notes", &value));
        EXPECT_INT(json_object_array_length(value), 1);
        EXPECT_STR(c.err, "");
        json_object_put(all);
        capture_free(&c);
        files_stop(&f);
}

TEST(a_bad_plan_or_configuration_gets_none) {
        Capture c;
        Files f;

        files_start(&f);
        EXPECT_INT(run(&c, &f, "format: 1\n", "", false), EXIT_BAD);
        EXPECT_STR(c.out, "");
        EXPECT_CONTAINS(c.err, "checkout.yaml:1:1: error: ");
        capture_free(&c);
        f.n = 0;
        EXPECT_INT(run(&c, &f, good, "x: 1\n", false), EXIT_BAD);
        EXPECT_STR(c.out, "");
        EXPECT_CONTAINS(c.err, "canaryd.yaml:1:1: error: ");
        capture_free(&c);
        files_stop(&f);
}
