/* Seeded histories. A failing seed is printed; SIM_SEED=N runs just that one, SIM_SEEDS=N more of them. */

#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"
#include "sim/sim.h"

#define SEEDS_DEFAULT 60

static uint64_t number_from(const char *variable, uint64_t otherwise) {
        const char *text = getenv(variable);
        uint64_t value = otherwise;

        if (text && str_parse_u64(text, UINT64_MAX, &value) < 0)
                FAIL("%s is not a number: %s", variable, text);
        return value;
}

static void run_seeds(SimOptions o) {
        uint64_t only = number_from("SIM_SEED", 0), n = only ? 1 : number_from("SIM_SEEDS", SEEDS_DEFAULT);
        SimResult sum = { 0 }, result;

        for (uint64_t i = 0; i < n; i++) {
                o.seed = only ? only : 1 + i;
                EXPECT_OK(sim_run(&o, &result));
                if (result.failure)
                        FAIL("%s (rollout %u); again with SIM_SEED=%" PRIu64, result.failure,
                                        result.failed_rollout, o.seed);
                sum.succeeded += result.succeeded;
                sum.rolled_back += result.rolled_back;
                sum.rejected += result.rejected;
                sum.released += result.released;
                sum.waves += result.waves;
                sum.published += result.published;
                sum.restored += result.restored;
                sum.events += result.events;
                sum.crashes += result.crashes;
                sum.reboots += result.reboots;
                sum.faults += result.faults;
                sum.writes += result.writes;
                sum.moves += result.moves;
                sum.deploys += result.deploys;
                sum.cancelled += result.cancelled;
                sum.cancelled_late += result.cancelled_late;
                sum.virtual_time += result.virtual_time;
        }
        printf("# %" PRIu64
               " seeds: %u succeeded, %u rolled back, %u rejected, %u released; %lu published, %lu restored; %lu waves, %lu events, %lu crashes (%lu "
               "reboots), %lu faults, %lu writes, %lu moves by Lambda, %lu deploys by others, %lu cancelled (%lu too late), %" PRIu64
               " h of virtual time\n",
                        n, sum.succeeded, sum.rolled_back, sum.rejected, sum.released, sum.published,
                        sum.restored, sum.waves, sum.events, sum.crashes, sum.reboots, sum.faults,
                        sum.writes, sum.moves, sum.deploys, sum.cancelled, sum.cancelled_late,
                        sum.virtual_time / USEC_PER_HOUR);
        if (only)
                return;
        EXPECT(sum.succeeded > 0);
        EXPECT(sum.rolled_back > 0);
        EXPECT(sum.published > 0 && sum.restored > 0);
        EXPECT(sum.moves > 0 && (sum.deploys > 0) == (o.seizure_rate > 0));
        EXPECT(sum.cancelled > sum.cancelled_late && sum.cancelled_late > 0);
}

TEST(fair_weather) {
        run_seeds((SimOptions){ .n_rollouts = 10 });
}

TEST(flaky_aws) {
        run_seeds((SimOptions){ .n_rollouts = 10, .fault_rate = 0.2 });
}

TEST(crashes_between_any_two_actions) {
        run_seeds((SimOptions){ .n_rollouts = 10, .fault_rate = 0.05, .crash_rate = 0.02 });
}

TEST(everything_at_once) {
        run_seeds((SimOptions){ .n_rollouts = 20,
                        .fault_rate = 0.1,
                        .crash_rate = 0.005,
                        .seizure_rate = 0.2,
                        .clock_jumps = true });
}

TEST(same_seed_same_history) {
        SimOptions o = {
                .seed = 42, .n_rollouts = 10, .fault_rate = 0.1, .crash_rate = 0.01, .seizure_rate = 0.1
        };
        SimResult a, b;

        EXPECT_OK(sim_run(&o, &a));
        EXPECT_OK(sim_run(&o, &b));
        EXPECT(a.trace == b.trace && a.events == b.events);
        o.seed = 43;
        EXPECT_OK(sim_run(&o, &b));
        EXPECT(a.trace != b.trace);
}
