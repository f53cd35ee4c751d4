#include "core/admit.h"

#include "lib/test.h"

static const char *const live[] = { "eu-west-1/checkout/live" };
static const char *const mail[] = { "eu-west-1/mailer/live" };
static const char *const both[] = { "eu-west-1/mailer/live", "eu-west-1/checkout/live" };

TEST(first_come_first_served_per_alias) {
        const AdmitEntry e[] = {
                { .order = 1, .targets = live, .n_targets = 1, .phase = PHASE_SHIFTING },
                { .order = 2, .targets = live, .n_targets = 1, .phase = PHASE_QUEUED },
                { .order = 3, .targets = mail, .n_targets = 1, .phase = PHASE_QUEUED },
                { .order = 4, .targets = live, .n_targets = 1, .phase = PHASE_QUEUED },
        };
        size_t blocker = 99;

        EXPECT(!admit_may_start(e, 4, 0, &blocker)); /* runs already */
        EXPECT(!admit_may_start(e, 4, 1, &blocker));
        EXPECT_INT(blocker, 0);
        EXPECT(admit_may_start(e, 4, 2, &blocker));
        EXPECT(!admit_may_start(e, 4, 3, &blocker));
}

TEST(a_finished_one_is_in_nobodys_way) {
        const AdmitEntry e[] = {
                { .order = 1, .targets = live, .n_targets = 1, .phase = PHASE_ROLLED_BACK },
                { .order = 2, .targets = live, .n_targets = 1, .phase = PHASE_QUEUED },
        };
        size_t blocker;

        EXPECT(admit_may_start(e, 2, 1, &blocker));
}

TEST(a_group_waits_for_all_its_aliases) {
        const AdmitEntry e[] = {
                { .order = 9, .targets = live, .n_targets = 1, .phase = PHASE_ROLLING_BACK },
                { .order = 2, .targets = both, .n_targets = 2, .phase = PHASE_QUEUED },
                { .order = 3, .targets = mail, .n_targets = 1, .phase = PHASE_QUEUED },
        };
        size_t blocker = 99;

        EXPECT(!admit_may_start(e, 3, 1, &blocker));
        EXPECT_INT(blocker, 0);
        EXPECT(!admit_may_start(e, 3, 2, &blocker)); /* the group came first: it must not starve */
        EXPECT_INT(blocker, 1);
}

TEST(who_gives_way_to_a_newer_plan) {
        AdmitEntry e[] = {
                { .order = 1, .targets = both, .n_targets = 2, .phase = PHASE_BAKING, .gives_way = true },
                { .order = 2, .targets = mail, .n_targets = 1, .phase = PHASE_QUEUED },
                { .order = 3, .targets = live, .n_targets = 1, .phase = PHASE_QUEUED, .gives_way = true },
        };
        size_t newer = 99;

        EXPECT(admit_must_give_way(e, 3, 0, &newer));
        EXPECT_INT(newer, 1);
        EXPECT(!admit_must_give_way(e, 3, 1, &newer)); /* its plan does not say so */
        EXPECT(!admit_must_give_way(e, 3, 2, &newer)); /* nothing is newer */
        e[0].phase = PHASE_ROLLING_BACK;               /* it is on its way already */
        EXPECT(!admit_must_give_way(e, 3, 0, &newer));
        e[0].phase = PHASE_QUEUED; /* one that waits leaves the queue */
        EXPECT(admit_must_give_way(e, 3, 0, &newer));
        e[0].gives_way = false;
        EXPECT(!admit_must_give_way(e, 3, 0, &newer));
}
