#include "daemon/ctl/view.h"

#include "base/usec.h"
#include "lib/test.h"
#include "unit/daemon/ctl/sample.h"

TEST(weights) {
        char text[VIEW_TEXT_MAX];

        view_weight(5, text);
        EXPECT_STR(text, "5 %");
        view_weight(0.25, text);
        EXPECT_STR(text, "0.25 %");
        view_weight(100, text);
        EXPECT_STR(text, "100 %");
        view_weight(1e30, text);
        EXPECT_STR(text, "?");
        view_weight((double) NAN, text);
        EXPECT_STR(text, "?");
}

TEST(rates) {
        char text[VIEW_TEXT_MAX];

        view_rate(1, 41, text);
        EXPECT_STR(text, "2.44 %");
        view_rate(0, 41, text);
        EXPECT_STR(text, "0 %");
        view_rate(0, 0, text);
        EXPECT_STR(text, "-");
}

TEST(versions) {
        RolloutInfo info = sample_shifting();
        char text[VIEW_TEXT_MAX];

        view_versions(&info, &(Style){ 0 }, text);
        EXPECT_STR(text, "7->8");
        view_versions(&info, &(Style){ .utf8 = true }, text);
        EXPECT_STR(text,
                        "7\xe2\x86\x92"
                        "8");
        info.version_old = 0;
        info.version_new = UINT64_MAX;
        view_versions(&info, &(Style){ 0 }, text);
        EXPECT_STR(text, "?->18446744073709551615");
}

TEST(spans) {
        char text[VIEW_TEXT_MAX];

        view_span(250 * USEC_PER_SEC + 1, text);
        EXPECT_STR(text, "4m10s");
        view_span(250 * USEC_PER_MSEC, text);
        EXPECT_STR(text, "250ms");
        view_span(34 * USEC_PER_MINUTE + 10 * USEC_PER_SEC, text);
        EXPECT_STR(text, "34m");
        view_span(0, text);
        EXPECT_STR(text, "0s");
        view_span(USEC_INFINITY, text);
        EXPECT_STR(text, "-");
}

TEST(tones) {
        RolloutInfo info = sample_shifting();

        EXPECT_INT(view_phase_tone(&info), TONE_PLAIN);
        info.wait_kind = "evidence";
        EXPECT_INT(view_phase_tone(&info), TONE_UNSURE);
        info.phase = "rolling-back";
        EXPECT_INT(view_phase_tone(&info), TONE_BAD);
        info.phase = "succeeded";
        EXPECT_INT(view_phase_tone(&info), TONE_GOOD);
        info.phase = "a phase of next year";
        EXPECT_INT(view_phase_tone(&info), TONE_PLAIN);
        EXPECT(!view_is_finished(&info));
}

TEST(sentences) {
        RolloutInfo live = sample_shifting(), done = sample_rolled_back();

        EXPECT_STR(view_sentence(&live), "holds 25 % for 4m10s more");
        EXPECT_CONTAINS(view_sentence(&done), "errors is 31 %");
        EXPECT(!view_is_finished(&live) && view_is_finished(&done));
}

TEST(what_is_left) {
        RolloutInfo info = { .phase = "shifting", .wait_kind = "hold", .total_left = 5, .left = 3 };

        EXPECT_INT(view_left(&info), 5);
        info.wait_kind = "window";
        EXPECT_INT(view_left(&info), 8);
        info.left = USEC_INFINITY;
        EXPECT(view_left(&info) == USEC_INFINITY);
        info.wait_kind = "turn";
        EXPECT(view_left(&info) == USEC_INFINITY);
        info = (RolloutInfo){ .phase = "succeeded", .wait_kind = "nothing", .total_left = 5 };
        EXPECT(view_left(&info) == USEC_INFINITY);
}

TEST(functions) {
        RolloutInfo info = sample_shifting();

        EXPECT_STR(view_function(&info), "checkout");
        info.function = "arn:aws:lambda:eu-west-1:123456789012:function:mailer";
        EXPECT_STR(view_function(&info), "mailer");
}
