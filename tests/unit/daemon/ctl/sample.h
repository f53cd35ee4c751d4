#pragma once

/* Rollouts as the daemon could show them, for the tests of the views. */

#include "base/usec.h"
#include "daemon/ctl/client.h"

#define SAMPLE_NOON (UINT64_C(1768478400) * USEC_PER_SEC) /* 2026-01-15T12:00:00Z */

static inline RolloutInfo sample_shifting(void) {
        return (RolloutInfo){
                .id = "checkout@42",
                .name = "checkout",
                .plan_path = "/etc/canaryd/plans/checkout.yaml",
                .plan_sha256 = "3fa9c1d2e4b5a6978867564534231201f0e1d2c3b4a5968778695a4b3c2d1e0f",
                .phase = "shifting",
                .function = "checkout",
                .alias = "live",
                .region = "eu-west-1",
                .version_old = 7,
                .version_new = 8,
                .step = 2,
                .steps = 3,
                .weight_wanted = 25,
                .weight_actual = 25,
                .wait_kind = "hold",
                .wait = "holds 25 % for 4m10s more",
                .left = 250 * USEC_PER_SEC,
                .total_left = 34 * USEC_PER_MINUTE + 10 * USEC_PER_SEC,
                .started = SAMPLE_NOON,
                .reason = "none",
                .reason_text = "",
                .invocations_new = 41,
                .errors_new = 1,
                .invocations_old = 395,
                .errors_old = 4,
                .error = "",
        };
}

static inline RolloutInfo sample_rolled_back(void) {
        RolloutInfo info = sample_shifting();

        info.id = "mailer@17";
        info.function = "mailer";
        info.version_old = 3;
        info.version_new = 4;
        info.phase = "rolled-back";
        info.step = 1;
        info.weight_wanted = info.weight_actual = 0;
        info.wait_kind = "nothing";
        info.wait = "";
        info.left = USEC_INFINITY;
        info.total_left = 0;
        info.ended = SAMPLE_NOON + 12 * USEC_PER_MINUTE;
        info.reason = "breach";
        info.reason_text = "errors is 31 %, limit 5 % (29 requests, 12:10:00-12:11:00 UTC)";
        info.invocations_new = 29;
        info.errors_new = 9;
        return info;
}
