#include "daemon/creds.h"

#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define ARN(name) "arn:aws:iam::123456789012:role/" name
#define STATIC_KEYS(key) \
        "[default]\naws_access_key_id = " key "\naws_secret_access_key = secret/of/" key "\n"

static CredsRig *begin(void) {
        CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000001"));
        creds_rig_start(g);
        return g;
}

TEST(keys_of_a_file_are_there_at_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const Got *got = creds_rig_await(g, 0, NULL);

        EXPECT(got->was_at_once);
        EXPECT_STR(got->access_key, "AKIDSTATIC000001");
        EXPECT(got->expires == USEC_INFINITY);
        EXPECT_STR(g->log, "");
}

TEST(keys_of_systemd_come_first) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.credentials_directory = g->directory;
        g->env.access_key_id = "AKIDENVIRONMENT1";
        g->env.secret_access_key = "secret/of/env";
        creds_rig_write(g, "aws", STATIC_KEYS("AKIDSYSTEMD00001"));
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "AKIDSYSTEMD00001");
        creds_rig_remove(g, "aws");
        creds_rig_advance(2 * USEC_PER_SEC);
        /* It might be that it is being replaced. */
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, "AKIDSYSTEMD00001");
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 2, NULL)->access_key, "AKIDENVIRONMENT1");
}

TEST(nothing_found_says_where_was_looked) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        const Got *got;

        creds_rig_start(g);
        got = creds_rig_await(g, 0, NULL);
        EXPECT_INT(got->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(got->error, "no AWS credentials");
        /* A file that comes is taken up, whatever the pace is. */
        creds_rig_write(g, ".aws/credentials", STATIC_KEYS("AKIDSTATIC000001"));
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, "AKIDSTATIC000001");
}

TEST(a_named_file_that_is_not_there_is_no_reason_for_other_keys) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        const Got *got;

        g->env.ec2_metadata_disabled = NULL;
        g->credentials_path = "~/credentials";
        creds_rig_start(g);
        got = creds_rig_await(g, 0, NULL);
        EXPECT_INT(got->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(got->error, "/credentials cannot be read: No such file");
        EXPECT_STR(g->log, "");
}

TEST(keys_of_the_environment_need_no_file) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/config", "[default\n");
        g->env.access_key_id = "AKIDENVIRONMENT1";
        g->env.secret_access_key = "secret/of/env";
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "AKIDENVIRONMENT1");
}

TEST(roles_are_assumed_with_the_own_set) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const Got *got = creds_rig_await(g, 0, ARN("one"));

        EXPECT_STR(got->access_key, "ASIAS00000000000");
        EXPECT_CONTAINS(g->head[ASKED_STS], "AKIDSTATIC000001");
        EXPECT_CONTAINS(g->body[ASKED_STS], "RoleSessionName=canaryd-");
        EXPECT(got->expires == creds_rig_wall() + g->life);
        EXPECT(creds_rig_await(g, 1, ARN("one"))->was_at_once);
        EXPECT_STR(creds_rig_await(g, 2, ARN("two"))->access_key, "ASIAS00000000001");
        EXPECT_STR(g->log, "SS");
}

TEST(external_ids_make_other_sets) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        EXPECT_STR(creds_rig_await(g, 0, ARN("one"))->access_key, "ASIAS00000000000");
        EXPECT(!strstr(g->body[ASKED_STS], "ExternalId"));
        EXPECT_STR(creds_rig_await(g, 1, ARN("one") "?tenant-7")->access_key, "ASIAS00000000001");
        EXPECT_CONTAINS(g->body[ASKED_STS], "ExternalId=tenant-7");
        EXPECT_STR(creds_rig_await(g, 2, ARN("one") "?tenant-8")->access_key, "ASIAS00000000002");
        EXPECT_STR(creds_rig_await(g, 3, ARN("one") "?tenant-7")->access_key, "ASIAS00000000001");
}

TEST(one_refresh_for_all_who_wait) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        for (size_t i = 0; i < 100; i++)
                creds_rig_get(g, i, ARN("one"));
        while (g->counts[ASKED_STS] == 0)
                EXPECT_OK(sd_event_run(g->event, USEC_PER_SEC));
        for (size_t i = 100; i < 200; i++)
                creds_rig_get(g, i, ARN("one"));
        creds_rig_run(g, 200);
        for (size_t i = 0; i < 200; i++)
                EXPECT_STR(g->gots[i].access_key, "ASIAS00000000000");
        EXPECT_STR(g->log, "S");
}

#define ROLES 1024
#define MANY (ROLES + 30)

TEST(sets_that_nobody_uses_make_place) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        char arn[128];

        for (size_t i = 0; i < ROLES; i++) {
                (void) snprintf(arn, sizeof(arn), ARN("r%zu"), i);
                (void) creds_rig_await(g, 0, arn);
        }
        EXPECT_INT(g->counts[ASKED_STS], ROLES);
        /* The oldest by use goes, which is not the oldest by age. */
        EXPECT(creds_rig_await(g, 1, ARN("r0"))->was_at_once);
        EXPECT(!creds_rig_await(g, 2, ARN("more"))->was_at_once);
        EXPECT(creds_rig_await(g, 3, ARN("r0"))->was_at_once);
        EXPECT(creds_rig_await(g, 4, ARN("r2"))->was_at_once);
        EXPECT(!creds_rig_await(g, 5, ARN("r1"))->was_at_once);
        EXPECT_INT(g->counts[ASKED_STS], ROLES + 2);
}

TEST(sets_that_somebody_waits_for_stay) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        char arn[128];

        for (size_t i = 0; i < MANY; i++) {
                (void) snprintf(arn, sizeof(arn), ARN("r%zu"), i);
                creds_rig_get(g, i, arn);
        }
        creds_rig_run(g, MANY);
        for (size_t i = 0; i < MANY; i++)
                EXPECT(g->gots[i].access_key[0] != '\0');
        EXPECT_INT(g->counts[ASKED_STS], MANY);
        /* And are dropped when there is no more reason. */
        (void) creds_rig_await(g, MANY, ARN("more"));
        EXPECT(!creds_rig_await(g, MANY + 1, ARN("r0"))->was_at_once);
        EXPECT(creds_rig_await(g, MANY + 2, arn)->was_at_once);
}

TEST(a_variable_that_is_no_good_is_said_at_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        char error[DIAG_MESSAGE_MAX] = "";
        CredsConfig config = { .env = &g->env, .settings = &g->settings };
        Creds *c = NULL;

        g->env.metadata_timeout = "soon";
        EXPECT_INT(creds_new(g->event, g->http, &config, &c, error), -EINVAL);
        EXPECT_CONTAINS(error, "AWS_METADATA_SERVICE_TIMEOUT");
        EXPECT(!c);
}

/* Whoever waits may go at any moment, and so may everything. */
TEST(cancelled_at_any_moment) {
        for (unsigned turns = 0; turns < 40; turns++) {
                _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

                g->env.ec2_metadata_disabled = NULL;
                creds_rig_start(g);
                creds_rig_get(g, 0, ARN("one"));
                creds_rig_get(g, 1, ARN("one"));
                creds_rig_get(g, 2, ARN("two"));
                for (unsigned i = 0; i < turns; i++)
                        EXPECT_OK(sd_event_run(g->event, USEC_PER_MSEC));
                creds_cancel(g->gots[0].wait);
                g->gots[0].wait = NULL;
                if (turns % 2 == 0)
                        continue; /* all the rest at once */
                if (g->gots[1].is_done == 0 || g->gots[2].is_done == 0)
                        creds_rig_run(g, 2 + g->gots[0].is_done);
                EXPECT(g->gots[1].access_key[0] != '\0' && g->gots[2].access_key[0] != '\0');
        }
}

static void cancel_the_next(Got *got) {
        Got *next = got + 1;

        creds_cancel(next->wait);
        next->wait = NULL;
        creds_cancel(got->wait); /* nothing any more */
}

static void free_everything(Got *got) {
        CredsRig *g = got->rig;

        for (size_t i = 0; i < GOTS_MAX; i++) {
                creds_cancel(g->gots[i].wait);
                g->gots[i].wait = NULL;
        }
        g->creds = creds_free(g->creds);
}

TEST(told_one_who_wait_may_do_what_they_like) {
        CredsRig *g = begin();

        g->gots[0].on_done = cancel_the_next;
        g->gots[2].on_done = free_everything;
        for (size_t i = 0; i < 4; i++)
                creds_rig_get(g, i, ARN("one"));
        creds_rig_run(g, 2);
        creds_rig_settle(g);
        EXPECT_INT(g->n_done, 2);
        EXPECT(g->gots[0].is_done && !g->gots[1].is_done && g->gots[2].is_done && !g->gots[3].is_done);
        creds_rig_free(g);
}
