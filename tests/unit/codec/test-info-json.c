#include "codec/info-json.h"

#include "base/usec.h"
#include "codec/json-write.h"
#include "lib/test.h"

TEST(a_rollout_in_a_list) {
        RolloutInfo info = {
                .id = "a@1",
                .name = "a",
                .plan_path = "/p",
                .plan_sha256 = "",
                .phase = "shifting",
                .function = "f",
                .alias = "live",
                .region = "",
                .version_old = 0,
                .version_new = 2,
                .step = 0,
                .steps = 1,
                .weight_wanted = 0.25,
                .weight_actual = 0,
                .wait_kind = "aws",
                .wait = "x",
                .left = USEC_INFINITY,
                .total_left = 0,
                .started = 5,
                .reason = "none",
                .reason_text = "",
                .error = "bad\x1b",
        };
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        info_write_rollout(&out, NULL, &info);
        EXPECT_STR(buf_text(&out),
                        "{\"id\":\"a@1\",\"name\":\"a\",\"plan_path\":\"/p\",\"plan_sha256\":null,\"phase\":\"shifting\","
                        "\"function\":\"f\",\"alias\":\"live\",\"region\":null,\"version_old\":null,\"version_new\":2,"
                        "\"target_count\":0,\"wave\":0,\"waves\":0,"
                        "\"step\":0,\"steps\":1,\"weight_wanted\":0.25,\"weight_actual\":0,\"wait_kind\":\"aws\","
                        "\"wait\":\"x\",\"left_usec\":null,\"total_left_usec\":0,\"started_usec\":5,\"ended_usec\":null,"
                        "\"reason\":\"none\",\"reason_text\":null,\"invocations_new\":0,\"errors_new\":0,"
                        "\"invocations_old\":0,\"errors_old\":0,\"error\":\"bad\\u001b\"}");
}

TEST(one_looked_at_has_checks_and_ladder) {
        CheckInfo check = { .name = "errors",
                .kind = "error_rate",
                .stat = "",
                .verdict = "healthy",
                .cause = "none",
                .value = 0.01,
                .limit = 0.05,
                .samples = 100,
                .window_start = 1,
                .window_end = 2 };
        StepInfo ladder[] = { { .weight = 5, .hold = 10 }, { .weight = 100, .hold = 0 } };
        RolloutInfo info = {
                .id = "",
                .name = "",
                .plan_path = "",
                .plan_sha256 = "",
                .phase = "",
                .function = "",
                .alias = "",
                .region = "",
                .wait_kind = "",
                .wait = "",
                .reason = "",
                .reason_text = "",
                .error = "",
                .n_checks = 1,
                .checks = &check,
                .n_ladder = 2,
                .ladder = ladder,
        };
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        info_write_rollout(&out, NULL, &info);
        EXPECT_CONTAINS(buf_text(&out),
                        "\"error\":null,\"checks\":[{\"name\":\"errors\",\"kind\":\"error_rate\",\"stat\":null,"
                        "\"verdict\":\"healthy\",\"cause\":\"none\",\"value\":0.01,\"limit\":0.05,\"samples\":100,"
                        "\"window_start_usec\":1,\"window_end_usec\":2}],\"ladder\":[{\"weight\":5,\"hold_usec\":10,"
                        "\"min_requests\":0},{\"weight\":100,\"hold_usec\":0,\"min_requests\":0}]}");
}

TEST(findings) {
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        json_write_open(&out, NULL, '[');
        info_write_finding(&out, diag_level_to_string(DIAG_ERROR), 12, 9, "unknown key \"x\"");
        info_write_finding(&out, diag_level_to_string(DIAG_WARNING), 0, 0, "y");
        json_write_close(&out, ']');
        EXPECT_STR(buf_text(&out),
                        "[{\"level\":\"error\",\"line\":12,\"column\":9,\"message\":\"unknown key \\\"x\\\"\"},"
                        "{\"level\":\"warning\",\"line\":0,\"column\":0,\"message\":\"y\"}]");
}
