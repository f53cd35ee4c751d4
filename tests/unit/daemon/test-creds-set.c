#include "daemon/creds.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define ROLE "arn:aws:iam::123456789012:role/one"
#define STATIC_KEYS(key) \
        "[default]\naws_access_key_id = " key "\naws_secret_access_key = secret/of/" key "\n"
#define S "ASIAS0000000000"
#define K "ASIAK0000000000"

static CredsRig *begin(void) {
        CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000001"));
        creds_rig_start(g);
        return g;
}

static CredsRig *begin_imds(void) {
        CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        creds_rig_start(g);
        return g;
}

static bool refuse(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked == ASKED_STS)
                creds_rig_sts_error(g, out, "403 Forbidden", "AccessDenied", "not allowed to assume it");
        else
                peer_reply(out, "500 Oops", "", "");
        return true;
}

static bool hang(CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        *end = PEER_HANG;
        return true;
}

static void distrust(CredsRig *g, const char *role, const char *access_key) {
        creds_distrust(g->creds, &(const CredsKey){ .role_arn = role }, access_key);
}

TEST(refreshed_ahead_while_the_old_set_is_used) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        usec_t span;

        (void) creds_rig_await(g, 0, ROLE);
        span = creds_rig_timer("creds-refresh");
        EXPECT(span >= 45 * USEC_PER_MINUTE && span <= 50 * USEC_PER_MINUTE);
        creds_rig_advance(span - USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 1, ROLE)->access_key, S "0");
        creds_rig_settle(g);
        EXPECT_STR(g->log, "S");
        /* The timer alone does it, and nobody waits meanwhile. */
        g->hook = hang;
        creds_rig_advance(USEC_PER_SEC);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "SS");
        EXPECT(creds_rig_await(g, 2, ROLE)->was_at_once);
        EXPECT_STR(g->gots[2].access_key, S "0");
}

TEST(refreshes_are_spread) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        usec_t first;
        char arn[64];

        for (size_t i = 0; i < 30; i++) {
                (void) snprintf(arn, sizeof(arn), ROLE "%zu", i);
                (void) creds_rig_await(g, i, arn);
        }
        first = creds_rig_timer("creds-refresh");
        creds_rig_advance(first);
        creds_rig_settle(g);
        EXPECT(g->counts[ASKED_STS] >= 31 && g->counts[ASKED_STS] < 45);
        creds_rig_advance(5 * USEC_PER_MINUTE);
        creds_rig_settle(g);
        EXPECT_INT(g->counts[ASKED_STS], 60);
}

TEST(shortly_before_the_end_it_is_waited_for) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        (void) creds_rig_await(g, 0, ROLE);
        creds_rig_advance(RIG_LIFE - 30 * USEC_PER_SEC);
        creds_rig_get(g, 1, ROLE);
        EXPECT_INT(g->gots[1].is_done, 0);
        /* But not by a rollback: the old set does. */
        creds_rig_get_for_rollback(g, 2, ROLE);
        EXPECT_STR(g->gots[2].access_key, S "0");
        creds_rig_run(g, 3);
        EXPECT_STR(g->gots[1].access_key, S "1");
        EXPECT_STR(g->log, "SS");
}

TEST(a_refresh_that_fails_is_nobodys_business_while_the_old_set_is_good) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        usec_t span;

        (void) creds_rig_await(g, 0, ROLE);
        g->hook = refuse;
        creds_rig_advance(50 * USEC_PER_MINUTE);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "SS");
        EXPECT_STR(creds_rig_await(g, 1, ROLE)->access_key, S "0");
        /* Later, and later still. */
        span = creds_rig_timer("creds-refresh");
        EXPECT(span >= 7 * USEC_PER_SEC && span <= 15 * USEC_PER_SEC);
        creds_rig_advance(span);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "SSS");
        span = creds_rig_timer("creds-refresh");
        EXPECT(span >= 15 * USEC_PER_SEC && span <= 30 * USEC_PER_SEC);
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 2, ROLE)->access_key, S "0");
        creds_rig_settle(g);
        EXPECT_STR(g->log, "SSS");
        /* Who had to wait gets the old set, too. */
        creds_rig_advance(9 * USEC_PER_MINUTE + 15 * USEC_PER_SEC);
        creds_rig_get(g, 3, ROLE);
        EXPECT_INT(g->gots[3].is_done, 0);
        creds_rig_run(g, 4);
        EXPECT_STR(g->gots[3].access_key, S "0");
        /* Until there is none any more. */
        creds_rig_advance(USEC_PER_MINUTE);
        EXPECT_INT(creds_rig_await(g, 4, ROLE)->fault, AWS_DENIED);
        EXPECT_CONTAINS(g->gots[4].error, "role " ROLE " cannot be assumed: AccessDenied: not allowed");
        g->hook = NULL;
        creds_rig_advance(30 * USEC_PER_SEC);
        EXPECT(creds_rig_await(g, 5, ROLE)->access_key[0] != '\0');
}

TEST(failures_are_remembered_for_a_while) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        g->hook = refuse;
        for (size_t i = 0; i < 5; i++)
                EXPECT_INT(creds_rig_await(g, i, ROLE)->fault, AWS_DENIED);
        EXPECT_STR(g->log, "S");
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_INT(creds_rig_await(g, 5, ROLE)->fault, AWS_DENIED);
        EXPECT_STR(g->log, "SS");
        creds_rig_advance(USEC_PER_SEC - 1);
        EXPECT_INT(creds_rig_await(g, 6, ROLE)->fault, AWS_DENIED);
        EXPECT_STR(g->log, "SS");
        /* A rollback does not wait for long, however often it failed. */
        for (size_t i = 7; i < 20; i++) {
                creds_rig_advance(USEC_PER_SEC);
                creds_rig_get_for_rollback(g, i, ROLE);
                creds_rig_run(g, i + 1);
        }
        EXPECT_INT(g->counts[ASKED_STS], 15);
}

TEST(sets_that_nobody_uses_are_left_alone) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        g->life = 2 * USEC_PER_HOUR;
        (void) creds_rig_await(g, 0, ROLE);
        creds_rig_advance(2 * USEC_PER_HOUR);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "S");
        EXPECT_STR(creds_rig_await(g, 1, ROLE)->access_key, S "1");
        EXPECT(creds_rig_timer("creds-refresh") <= 110 * USEC_PER_MINUTE);
}

TEST(a_set_that_aws_refused_is_replaced) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        (void) creds_rig_await(g, 0, ROLE);
        creds_rig_advance(USEC_PER_MINUTE);
        distrust(g, ROLE, S "0");
        distrust(g, ROLE, S "0");
        EXPECT_STR(creds_rig_await(g, 1, ROLE)->access_key, S "1");
        /* Many calls may have failed with the old one: that says nothing of the new one. */
        distrust(g, ROLE, S "0");
        EXPECT(creds_rig_await(g, 2, ROLE)->was_at_once);
        EXPECT_STR(g->log, "SS");
        /* Nor does a role nobody knows. */
        distrust(g, "arn:aws:iam::123456789012:role/none", S "1");
        EXPECT(creds_rig_await(g, 3, ROLE)->was_at_once);
}

/* What one region refuses may be good everywhere else. */
TEST(refused_again_and_again_is_asked_for_at_a_pace_and_given_out) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        for (size_t i = 0; i < 200; i++) {
                const Got *got = creds_rig_await(g, i, ROLE);

                EXPECT(got->access_key[0] != '\0');
                distrust(g, ROLE, got->access_key);
                creds_rig_advance(100 * USEC_PER_MSEC);
        }
        /* 20 seconds, one in five. */
        EXPECT(g->counts[ASKED_STS] >= 3 && g->counts[ASKED_STS] <= 6);
}

TEST(keys_of_a_file_that_aws_refused_are_all_there_is) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const char *key = "AKIDSTATIC000001";

        (void) creds_rig_await(g, 0, NULL);
        creds_rig_advance(10 * USEC_PER_SEC);
        distrust(g, NULL, key);
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, key);
        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000002"));
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 2, NULL)->access_key, "AKIDSTATIC000002");
}

static bool never(CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        *end = PEER_HANG;
        return true;
}

TEST(rollbacks_do_not_wait_for_a_better_set) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        EXPECT_STR(creds_rig_await(g, 0, ROLE)->access_key, S "0");
        creds_rig_advance(USEC_PER_MINUTE);
        g->hook = never;
        distrust(g, ROLE, S "0");
        creds_rig_get(g, 1, ROLE);
        creds_rig_settle(g);
        EXPECT(!g->gots[1].is_done);
        creds_rig_get_for_rollback(g, 2, ROLE);
        EXPECT(g->gots[2].was_at_once);
        EXPECT_STR(g->gots[2].access_key, S "0");
}

TEST(changed_files_count_at_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        (void) creds_rig_await(g, 0, NULL);
        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000002"));
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, "AKIDSTATIC000001");
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 2, NULL)->access_key, "AKIDSTATIC000002");
        /* Half written: the present ones go on. */
        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = AKIDSTATIC000003\n");
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 3, NULL)->access_key, "AKIDSTATIC000002");
        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000003"));
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 4, NULL)->access_key, "AKIDSTATIC000003");
}

TEST(keys_that_have_expired_are_none) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        const Got *got;

        g->env.access_key_id = "AKIDENVIRONMENT1";
        g->env.secret_access_key = "secret/of/env";
        g->env.session_token = "token/of/env";
        g->env.credential_expiration = "2020-01-01T00:00:00Z";
        creds_rig_start(g);
        got = creds_rig_await(g, 0, NULL);
        EXPECT_INT(got->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(got->error, "have expired: they were good until 2020-01-01T00:00:00Z");
}

TEST(imds_that_is_down_does_not_end_a_set) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_imds();

        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "0");
        g->hook = refuse;
        for (size_t i = 1; i < 40; i++) {
                creds_rig_advance(10 * USEC_PER_MINUTE);
                EXPECT_STR(creds_rig_await(g, i, NULL)->access_key, K "0");
                EXPECT(g->gots[i].expires > creds_rig_wall());
        }
        g->hook = NULL;
        creds_rig_advance(10 * USEC_PER_MINUTE);
        (void) creds_rig_await(g, 40, NULL);
        creds_rig_settle(g);
        EXPECT_STR(creds_rig_await(g, 41, NULL)->access_key, K "1");
        /* Not even one that AWS refuses. */
        g->hook = refuse;
        creds_rig_advance(10 * USEC_PER_MINUTE);
        distrust(g, NULL, K "1");
        EXPECT_STR(creds_rig_await(g, 42, NULL)->access_key, K "1");
}

static bool old_set(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked != ASKED_KEYS)
                return false;
        creds_rig_json(g, "ASIAOLD000000001", UINT64_C(1750000000) * USEC_PER_SEC, out);
        return true;
}

TEST(a_set_that_imds_should_have_replaced_is_used_on) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_imds();
        const Got *got;

        g->hook = old_set;
        creds_rig_advance(USEC_PER_MINUTE);
        got = creds_rig_await(g, 0, NULL);
        EXPECT_STR(got->access_key, "ASIAOLD000000001");
        EXPECT(got->expires >= creds_rig_wall() + 17 * USEC_PER_MINUTE);
        EXPECT(got->expires <= creds_rig_wall() + 25 * USEC_PER_MINUTE);
        /* It goes on asking. */
        EXPECT(creds_rig_timer("creds-refresh") <= 20 * USEC_PER_MINUTE);
        g->hook = NULL;
        creds_rig_advance(20 * USEC_PER_MINUTE);
        creds_rig_settle(g);
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, K "1");
}

#define YEARS (3 * 365 * (int64_t) USEC_PER_DAY)

TEST(a_clock_that_is_set_back_keeps_no_set_alive) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        (void) creds_rig_await(g, 0, ROLE);
        creds_rig_step(g, -YEARS);
        creds_rig_advance(50 * USEC_PER_MINUTE);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "SS");
        EXPECT_STR(creds_rig_await(g, 1, ROLE)->access_key, S "1");
        creds_rig_step(g, -(int64_t) USEC_PER_DAY);
        creds_rig_advance(RIG_LIFE);
        EXPECT_STR(creds_rig_await(g, 2, ROLE)->access_key, S "2");
}

TEST(a_clock_that_is_set_forward_ends_no_set) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        (void) creds_rig_await(g, 0, ROLE);
        creds_rig_advance(USEC_PER_MINUTE);
        creds_rig_step(g, YEARS);
        creds_rig_get_for_rollback(g, 1, ROLE);
        EXPECT(g->gots[1].was_at_once);
        EXPECT_STR(g->gots[1].access_key, S "0");
        /* It may be that the clock was wrong before: another set is asked for, once. */
        EXPECT_STR(creds_rig_await(g, 2, ROLE)->access_key, S "1");
        EXPECT(creds_rig_await(g, 3, ROLE)->was_at_once);
        EXPECT_STR(g->log, "SS");
        /* And when there is none, that one does. */
        g->hook = refuse;
        creds_rig_advance(USEC_PER_MINUTE);
        creds_rig_step(g, YEARS);
        for (size_t i = 4; i < 64; i++) {
                EXPECT_STR(creds_rig_await(g, i, ROLE)->access_key, S "1");
                creds_rig_advance(USEC_PER_SEC);
        }
        EXPECT(g->counts[ASKED_STS] >= 4 && g->counts[ASKED_STS] <= 8);
}

TEST(sets_of_imds_that_live_for_seconds_are_replaced_not_extended) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_imds();

        g->life = 12 * USEC_PER_SEC;
        for (size_t i = 0; i < 60; i++) {
                EXPECT(creds_rig_await(g, i, NULL)->access_key[0] != '\0');
                EXPECT(g->gots[i].expires <= creds_rig_wall() + 12 * USEC_PER_SEC);
                creds_rig_advance(USEC_PER_SEC);
                creds_rig_settle(g);
        }
        EXPECT(g->counts[ASKED_KEYS] >= 5 && g->counts[ASKED_KEYS] <= 10);
}

static bool old_set_with_a_minute(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked != ASKED_KEYS)
                return false;
        creds_rig_json(g, "ASIAOLD000000001", (UINT64_C(1750000000) + 60) * USEC_PER_SEC, out);
        return true;
}

TEST(a_set_that_imds_hands_out_to_the_last_is_used_on) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_imds();

        g->hook = old_set_with_a_minute;
        for (size_t i = 0; i < 60; i++) {
                EXPECT_STR(creds_rig_await(g, i, NULL)->access_key, "ASIAOLD000000001");
                EXPECT(g->gots[i].expires > creds_rig_wall());
                creds_rig_advance(10 * USEC_PER_SEC);
                creds_rig_settle(g);
        }
        EXPECT(g->counts[ASKED_KEYS] >= 2 && g->counts[ASKED_KEYS] <= 6);
}

/* In twelve seconds, too, there is a refresh ahead, and at no faster pace than it takes. */
TEST(sets_that_live_for_seconds) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        g->life = 12 * USEC_PER_SEC;
        for (size_t i = 0; i < 120; i++) {
                EXPECT(creds_rig_await(g, i, ROLE)->access_key[0] != '\0');
                EXPECT(g->gots[i].expires > creds_rig_wall());
                creds_rig_advance(USEC_PER_SEC);
                creds_rig_settle(g);
        }
        EXPECT(g->counts[ASKED_STS] >= 10 && g->counts[ASKED_STS] <= 20);
}

TEST(out_of_memory_is_a_failure_like_others) {
        unsigned n = 0;

        for (unsigned i = 1; i < 400; i++) {
                _cleanup_(creds_rig_freep) CredsRig *g = begin();
                CredsWait *w = NULL;
                _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                const CredsKey key = { .role_arn = ROLE };
                int r;

                fault_arm(i);
                r = creds_get(g->creds, &key, false, &creds, NULL, NULL, &w);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        creds_cancel(w);
                        break;
                }
                n++;
                creds_cancel(r < 0 ? NULL : w);
                creds_rig_settle(g);
                /* And it passes. */
                creds_rig_advance(30 * USEC_PER_SEC);
                EXPECT_STR(creds_rig_await(g, 1, ROLE)->error, "");
                EXPECT_STR(g->gots[1].access_key, S "0");
        }
        EXPECT(n > 10);
}
