#include "daemon/creds.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define ARN(name) "arn:aws:iam::123456789012:role/" name
#define BASE "[base]\naws_access_key_id = AKIDSTATIC000001\naws_secret_access_key = secret/s\n"

TEST(a_chain_of_two_roles) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials", BASE);
        creds_rig_write(g, ".aws/config",
                        "[default]\nrole_arn = " ARN(
                                        "two") "\nsource_profile = middle\nexternal_id = x-2\n"
                                               "role_session_name = deploys\nduration_seconds = 1800\n"
                                               "[profile middle]\nrole_arn = " ARN(
                                                               "one") "\nsource_profile = base\n");
        creds_rig_start(g);
        creds_rig_get(g, 0, NULL);
        while (g->counts[ASKED_STS] < 1)
                EXPECT_OK(sd_event_run(g->event, USEC_PER_SEC));
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=AKIDSTATIC000001/");
        EXPECT_CONTAINS(g->body[ASKED_STS], "role%2Fone");
        creds_rig_run(g, 1);
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAS00000000000/");
        EXPECT_CONTAINS(g->head[ASKED_STS], "token/of/ASIAS00000000000");
        EXPECT_CONTAINS(g->body[ASKED_STS], "role%2Ftwo");
        EXPECT_CONTAINS(g->body[ASKED_STS], "ExternalId=x-2");
        EXPECT_CONTAINS(g->body[ASKED_STS], "RoleSessionName=deploys");
        EXPECT_CONTAINS(g->body[ASKED_STS], "DurationSeconds=1800");
        EXPECT_STR(g->gots[0].access_key, "ASIAS00000000001");
        /* And a target's role on top. */
        EXPECT_STR(creds_rig_await(g, 1, ARN("three"))->access_key, "ASIAS00000000002");
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAS00000000001/");
        EXPECT_STR(g->log, "SSS");
}

static bool refuse_second(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (n != 1)
                return false;
        creds_rig_sts_error(g, out, "403 Forbidden", "AccessDenied", "no");
        return true;
}

TEST(a_chain_breaks_where_it_breaks) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials", BASE);
        creds_rig_write(g, ".aws/config",
                        "[default]\nrole_arn = " ARN(
                                        "two") "\nsource_profile = middle\n"
                                               "[profile middle]\nrole_arn = " ARN(
                                                               "one") "\nsource_profile = base\n");
        creds_rig_start(g);
        g->hook = refuse_second;
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_DENIED);
        EXPECT_CONTAINS(g->gots[0].error, "role " ARN("two") " cannot be assumed: AccessDenied: no");
        /* Who wanted a role gets to know why. */
        EXPECT_INT(creds_rig_await(g, 1, ARN("three"))->fault, AWS_DENIED);
        EXPECT_CONTAINS(g->gots[1].error, "role " ARN("three") " cannot be assumed: role " ARN("two"));
}

TEST(roles_on_top_of_imds_and_the_container) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        char url[96];

        (void) snprintf(url, sizeof(url), "%s/container", g->peer_url);
        g->env.ec2_metadata_disabled = NULL;
        creds_rig_write(g, ".aws/config",
                        "[default]\nrole_arn = " ARN("one") "\ncredential_source = Ec2InstanceMetadata\n");
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "ASIAS00000000000");
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAK00000000000/");
        EXPECT_STR(g->log, "TRKS");
        g->env.container_full_uri = url;
        creds_rig_write(g, ".aws/config",
                        "[default]\nrole_arn = " ARN("one") "\ncredential_source = EcsContainer\n");
        creds_rig_advance(2 * USEC_PER_SEC);
        (void) creds_rig_await(g, 1, NULL);
        creds_rig_settle(g);
        EXPECT_STR(creds_rig_await(g, 2, NULL)->access_key, "ASIAS00000000001");
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAC00000000000/");
        EXPECT_STR(g->log, "TRKSCS");
}

static const char *const web = "[default]\nrole_arn = " ARN(
                "pod") "\nweb_identity_token_file = %s/token\n"
                       "[profile top]\nrole_arn = " ARN("top") "\nsource_profile = default\n";

static CredsRig *begin_web(const char *profile) {
        CredsRig *g = creds_rig_new();
        char text[512];

        (void) snprintf(text, sizeof(text), web, g->directory);
        creds_rig_write(g, ".aws/config", text);
        g->env.profile = profile;
        creds_rig_start(g);
        return g;
}

TEST(web_identity_tokens_are_read_each_time) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_web(NULL);

        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "/token cannot be read: No such file");
        EXPECT_STR(g->log, "");
        creds_rig_write(g, "token", "first.jwt");
        creds_rig_advance(USEC_PER_SEC);
        EXPECT_STR(creds_rig_await(g, 1, NULL)->access_key, "ASIAW00000000000");
        EXPECT_CONTAINS(g->body[ASKED_WEB], "WebIdentityToken=first.jwt");
        EXPECT(!strcasestr(g->head[ASKED_WEB], "authorization:"));
        creds_rig_write(g, "token", "second.jwt");
        creds_rig_advance(55 * USEC_PER_MINUTE);
        (void) creds_rig_await(g, 2, NULL);
        creds_rig_settle(g);
        EXPECT_STR(creds_rig_await(g, 3, NULL)->access_key, "ASIAW00000000001");
        EXPECT_CONTAINS(g->body[ASKED_WEB], "WebIdentityToken=second.jwt");
}

TEST(a_web_token_that_is_none) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_web(NULL);

        creds_rig_write(g, "token", "\n");
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "/token is empty, cut off or holds no token");
        EXPECT_STR(g->log, "");
}

TEST(a_role_on_top_of_a_web_identity) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_web("top");

        creds_rig_write(g, "token", "some.jwt");
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "ASIAS00000000000");
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAW00000000000/");
        EXPECT_STR(g->log, "WS");
}

static bool expired_token(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        creds_rig_sts_error(g, out, "400 Bad Request", "ExpiredTokenException",
                        "Token expired: 1 must be after 2");
        return true;
}

TEST(a_web_token_that_expired) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin_web(NULL);

        creds_rig_write(g, "token", "secret/old.jwt");
        g->hook = expired_token;
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error,
                        "role " ARN("pod") " cannot be assumed: ExpiredTokenException: Token");
}

static bool refuse_first_own(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked != ASKED_STS || !strstr(request->head, "ASIAK00000000000"))
                return false;
        creds_rig_sts_error(g, out, "403 Forbidden", "ExpiredToken", "The security token is expired");
        return true;
}

TEST(when_sts_refuses_the_own_set_a_fresh_one_is_tried_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "ASIAK00000000000");
        creds_rig_advance(USEC_PER_MINUTE);
        g->hook = refuse_first_own;
        EXPECT_STR(creds_rig_await(g, 1, ARN("one"))->access_key, "ASIAS00000000001");
        EXPECT_STR(g->log, "TRKSRKS");
        EXPECT_STR(creds_rig_await(g, 2, NULL)->access_key, "ASIAK00000000001");
}

/* What STS refused just now it refuses again: here even a rollback has nothing better than to wait. */
TEST(nor_does_a_rollback_try_the_refused_set_again) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        creds_rig_start(g);
        (void) creds_rig_await(g, 0, NULL);
        creds_rig_advance(USEC_PER_MINUTE);
        g->hook = refuse_first_own;
        creds_rig_get_for_rollback(g, 1, ARN("one"));
        creds_rig_run(g, 2);
        EXPECT_STR(g->gots[1].access_key, "ASIAS00000000001");
        EXPECT_STR(g->log, "TRKSRKS");
}

static bool hang_imds(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        *end = PEER_HANG;
        return asked != ASKED_STS;
}

/* The own set is about to end, and a role waits for the next one. A rollback that wants the role does not.
 */
TEST(a_rollback_takes_the_own_set_as_it_is) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        g->env.metadata_timeout = "60";
        creds_rig_start(g);
        (void) creds_rig_await(g, 0, NULL);
        creds_rig_advance(RIG_LIFE - 30 * USEC_PER_SEC);
        g->hook = hang_imds;
        creds_rig_get(g, 1, NULL);
        creds_rig_get(g, 2, ARN("one"));
        creds_rig_settle(g);
        EXPECT(!g->gots[1].is_done && !g->gots[2].is_done && g->counts[ASKED_STS] == 0);
        creds_rig_get_for_rollback(g, 3, ARN("one"));
        creds_rig_run(g, 3);
        EXPECT_STR(g->gots[3].access_key, "ASIAS00000000000");
        EXPECT_STR(g->gots[2].access_key, "ASIAS00000000000");
        EXPECT(!g->gots[1].is_done);
        EXPECT_CONTAINS(g->head[ASKED_STS], "Credential=ASIAK00000000000/");
}

static bool refuse_own(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (asked != ASKED_STS)
                return false;
        creds_rig_sts_error(
                        g, out, "403 Forbidden", "InvalidClientTokenId", "The security token is invalid");
        return true;
}

TEST(and_no_more_than_once) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.ec2_metadata_disabled = NULL;
        creds_rig_start(g);
        (void) creds_rig_await(g, 0, NULL);
        creds_rig_advance(USEC_PER_MINUTE);
        g->hook = refuse_own;
        EXPECT_INT(creds_rig_await(g, 1, ARN("one"))->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[1].error, "InvalidClientTokenId");
        EXPECT_STR(g->log, "TRKSRKS");
}
