#include "daemon/creds-metadata.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "daemon/creds.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define K "ASIAK0000000000"
#define C "ASIAC0000000000"

static CredsRig *begin(bool allows_v1) {
        CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        g->allows_v1 = allows_v1;
        creds_rig_start(g);
        return g;
}

static char container_url[96];

static CredsRig *begin_container(void) {
        CredsRig *g = creds_rig_new();

        (void) snprintf(container_url, sizeof(container_url), "%s/container?x=1", g->peer_url);
        g->env.container_full_uri = container_url;
        return g;
}

/* What is answered to the n-th request of a kind, or to all. */
static Asked odd_kind;
static unsigned odd_from, odd_to;
static const char *odd_status, *odd_body; /* NULL: hangs */

static bool odd(CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked != odd_kind || n < odd_from || n >= odd_to)
                return false;
        if (odd_status)
                peer_reply(out, odd_status, "", odd_body);
        else
                *end = PEER_HANG;
        return true;
}

static void answer_with(
                CredsRig *g, Asked asked, unsigned from, unsigned to, const char *status, const char *body) {
        odd_kind = asked;
        odd_from = from;
        odd_to = to;
        odd_status = status;
        odd_body = body;
        g->hook = odd;
}

static void next_refresh(CredsRig *g) {
        creds_rig_advance(55 * USEC_PER_MINUTE);
        creds_rig_get(g, 255, NULL);
        creds_rig_settle(g);
}

TEST(token_role_keys_and_the_token_is_kept) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "0");
        EXPECT_STR(g->log, "TRK");
        EXPECT_CONTAINS(g->head[ASKED_KEYS], "/security-credentials/app ");
        EXPECT(strcasestr(g->head[ASKED_KEYS], "x-aws-ec2-metadata-token: imds-token=="));
        next_refresh(g);
        EXPECT_STR(g->log, "TRKRK");
        for (size_t i = 0; i < 5; i++)
                next_refresh(g);
        EXPECT_INT(g->counts[ASKED_KEYS], 7);
        EXPECT_INT(g->counts[ASKED_TOKEN], 1);
        /* Six hours are over. */
        next_refresh(g);
        EXPECT_INT(g->counts[ASKED_TOKEN], 2);
}

TEST(a_token_that_is_refused_is_replaced_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        answer_with(g, ASKED_ROLE, 0, 1, "401 Unauthorized", "");
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "0");
        EXPECT_STR(g->log, "TRTRK");
        answer_with(g, ASKED_KEYS, 1, 2, "401 Unauthorized", "");
        next_refresh(g);
        EXPECT_STR(g->log, "TRTRKRKTRK");
}

TEST(and_not_for_ever) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        answer_with(g, ASKED_KEYS, 0, 99, "401 Unauthorized", "");
        EXPECT(creds_rig_await(g, 0, NULL)->access_key[0] == '\0');
        EXPECT_STR(g->log, "TRKTRK");
        EXPECT_CONTAINS(g->gots[0].error, "the EC2 instance metadata service: status 401");
}

TEST(version_1_only_where_allowed) {
        static const char *const statuses[] = { "403 Forbidden", "404 Not Found", "405 Method Not Allowed" };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                _cleanup_(creds_rig_freep) CredsRig *g = begin(true);
                _cleanup_(creds_rig_freep) CredsRig *strict = begin(false);

                answer_with(g, ASKED_TOKEN, 0, 99, statuses[i], "");
                strict->hook = g->hook;
                EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "0");
                EXPECT(!strcasestr(g->head[ASKED_KEYS], "x-aws-ec2-metadata-token"));
                EXPECT_STR(g->log, "TRK");
                EXPECT(creds_rig_await(strict, 0, NULL)->access_key[0] == '\0');
                EXPECT_STR(strict->log, "T");
        }
}

TEST(a_bad_request_is_no_reason_for_version_1) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(true);

        answer_with(g, ASKED_TOKEN, 0, 99, "400 Bad Request", "");
        EXPECT(creds_rig_await(g, 0, NULL)->access_key[0] == '\0');
        EXPECT_STR(g->log, "T");
}

/* As in a container on an instance whose hop limit is 1: takes the one second that is the least to be set.
 */
TEST(a_reply_that_never_comes) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(true);
        _cleanup_(creds_rig_freep) CredsRig *strict = begin(false);

        answer_with(g, ASKED_TOKEN, 0, 99, NULL, NULL);
        strict->hook = g->hook;
        creds_rig_get(strict, 0, NULL);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "0");
        creds_rig_run(strict, 1);
        EXPECT_INT(strict->gots[0].fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(strict->gots[0].error, "hop limit must be 2");
}

TEST(an_instance_without_a_role) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        answer_with(g, ASKED_ROLE, 0, 99, "404 Not Found", "<html>");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "no role is attached to this instance");
}

/* What people look for is why it came to this. */
TEST(a_failure_says_what_was_looked_at_before) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);
        _cleanup_(freep) char *expected = alloc_printf(
                        "the EC2 instance metadata service: no role is attached to this instance; it was asked because "
                        "nothing else has keys: AWS_ACCESS_KEY_ID is not set; %s/.aws/config has none for profile "
                        "\"default\"; %s/.aws/credentials: No such file or directory; no container",
                        g->directory, g->directory);

        creds_rig_write(g, ".aws/config", "[default]\nregion = eu-west-1\n");
        answer_with(g, ASKED_ROLE, 0, 99, "404 Not Found", "<html>");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_STR(g->gots[0].error, expected);
        /* As much as an error has room for. */
        EXPECT(strlen(g->gots[0].error) < AWS_ERROR_MESSAGE_MAX);
}

/* A host that is no instance, and has nothing else either: it lacks credentials, not a network. */
TEST(nobody_there_and_nothing_else) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        g->env.ec2_metadata_endpoint = "http://127.0.0.1:1";
        creds_rig_start(g);
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "it was asked because nothing else has keys");
}

/* Somebody chose it. */
TEST(a_failure_of_what_the_profile_names_speaks_for_itself) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        creds_rig_write(g, ".aws/config",
                        "[default]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
                        "credential_source = Ec2InstanceMetadata\n");
        creds_rig_start(g);
        answer_with(g, ASKED_ROLE, 0, 99, "404 Not Found", "<html>");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT(!strstr(g->gots[0].error, "AWS_ACCESS_KEY_ID"));
}

TEST(an_answer_without_keys) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        answer_with(g, ASKED_KEYS, 0, 99, "200 OK",
                        "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "the EC2 instance metadata service: ");
        EXPECT_CONTAINS(g->gots[0].error, "AssumeRoleUnauthorizedAccess");
}

TEST(answers_that_make_no_sense) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin(false);

        answer_with(g, ASKED_TOKEN, 0, 1, "200 OK", "");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(g->gots[0].error, "the answer is no token");
        answer_with(g, ASKED_ROLE, 0, 1, "200 OK", "../x y");
        creds_rig_advance(30 * USEC_PER_SEC);
        EXPECT_INT(creds_rig_await(g, 1, NULL)->fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(g->gots[1].error, "the answer is no name of a role");
        answer_with(g, ASKED_KEYS, 0, 1, "200 OK", "secret/x");
        creds_rig_advance(30 * USEC_PER_SEC);
        EXPECT_INT(creds_rig_await(g, 2, NULL)->fault, AWS_TRANSIENT);
}

TEST(as_many_attempts_as_configured) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        g->env.metadata_attempts = "3";
        creds_rig_start(g);
        answer_with(g, ASKED_KEYS, 0, 2, "500 Oops", "");
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, K "2");
        EXPECT_STR(g->log, "TRKKK");
        answer_with(g, ASKED_KEYS, 3, 6, "503 Oops", "");
        next_refresh(g);
        creds_rig_advance(USEC_PER_SEC);
        creds_rig_settle(g);
        creds_rig_advance(USEC_PER_SEC);
        creds_rig_settle(g);
        EXPECT_STR(g->log, "TRKKKRKKK");
}

TEST(containers) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_container();

        g->env.container_token = "Basic abc";
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, C "0");
        EXPECT_CONTAINS(g->head[ASKED_CONTAINER], "GET /container?x=1 ");
        EXPECT(strcasestr(g->head[ASKED_CONTAINER], "\r\nauthorization: Basic abc\r\n"));
        EXPECT_STR(g->log, "C");
}

TEST(container_tokens_are_read_each_time) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_container();
        _cleanup_(freep) char *path = alloc_printf("%s/token", g->directory);

        g->env.container_token = "variable";
        g->env.container_token_file = path;
        creds_rig_write(g, "token", "one");
        creds_rig_start(g);
        (void) creds_rig_await(g, 0, NULL);
        EXPECT(strcasestr(g->head[ASKED_CONTAINER], "\r\nauthorization: one\r\n"));
        creds_rig_write(g, "token", "two");
        next_refresh(g);
        EXPECT(strcasestr(g->head[ASKED_CONTAINER], "\r\nauthorization: two\r\n"));
        creds_rig_write(g, "token", "three\r\nx: y");
        next_refresh(g);
        EXPECT_STR(g->log, "CC");
        creds_rig_advance(USEC_PER_HOUR);
        EXPECT_INT(creds_rig_await(g, 1, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[1].error, "the container's credentials endpoint: ");
        creds_rig_remove(g, "token");
        creds_rig_advance(USEC_PER_MINUTE);
        EXPECT_INT(creds_rig_await(g, 2, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[2].error, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE ");
}

TEST(containers_that_fail) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_container();

        creds_rig_start(g);
        answer_with(g, ASKED_CONTAINER, 0, 2, "500 Oops", "");
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, C "2");
        answer_with(g, ASKED_CONTAINER, 3, 99, "403 Forbidden",
                        "{\"code\":\"Nope\",\"message\":\"not you\"}");
        creds_rig_advance(2 * USEC_PER_HOUR);
        /* It hands out no credentials, perhaps for a moment only; AWS has denied nothing. */
        EXPECT_INT(creds_rig_await(g, 1, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[1].error, "the container's credentials endpoint: status 403: Nope: not you");
        EXPECT_STR(g->log, "CCCC");
}

TEST(a_clock_that_is_wrong) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_container();
        usec_t left;

        g->peer_ahead = -(int64_t) (3 * USEC_PER_HOUR); /* ours is fast: what comes looks expired */
        g->life = RIG_LIFE - 3 * USEC_PER_HOUR;
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, C "0");
        left = usec_sub(g->gots[0].expires, creds_rig_wall());
        EXPECT(left > RIG_LIFE - 5 * USEC_PER_SEC && left < RIG_LIFE + 5 * USEC_PER_SEC);
}
