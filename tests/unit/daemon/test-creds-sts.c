#include "daemon/creds-sts.h"

#include "base/str.h"
#include "daemon/creds.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define ROLE "arn:aws:iam::123456789012:role/one"

static CredsRig *begin(void) {
        CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials",
                        "[default]\naws_access_key_id = AKIDSTATIC000001\naws_secret_access_key = secret/s\n");
        creds_rig_start(g);
        return g;
}

static const char *status, *code, *message;
static unsigned how_often;

static bool fail(CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (n >= how_often)
                return false;
        creds_rig_sts_error(g, out, status, code, message);
        return true;
}

static const Got *fail_with(CredsRig *g, unsigned times, const char *s, const char *c, const char *m) {
        how_often = times;
        status = s;
        code = c;
        message = m;
        g->hook = fail;
        return creds_rig_await(g, 0, ROLE);
}

TEST(words_are_those_of_aws) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const Got *got = fail_with(g, 9, "403 Forbidden", "AccessDenied",
                        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole");

        EXPECT_INT(got->fault, AWS_DENIED);
        EXPECT_STR(got->error,
                        "role " ROLE " cannot be assumed: AccessDenied: User: "
                        "arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole");
        EXPECT_STR(g->log, "S");
}

TEST(three_attempts_where_more_help) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        EXPECT_INT(fail_with(g, 9, "400 Bad Request", "Throttling", "Rate exceeded")->fault, AWS_THROTTLED);
        EXPECT_STR(g->log, "SSS");
}

TEST(the_second_attempt_may_do) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        EXPECT_STR(fail_with(g, 1, "503 Slow", "ServiceUnavailable", "busy")->access_key,
                        "ASIAS00000000001");
        EXPECT_STR(g->log, "SS");
}

TEST(what_would_show_the_request_is_not_repeated) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const Got *got = fail_with(g, 9, "403 Forbidden", "SignatureDoesNotMatch",
                        "does not match. The Canonical String for this request was x-amz-security-token:hidden");

        EXPECT_INT(got->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(got->error, "SignatureDoesNotMatch: does not match.");
        EXPECT(!strstr(got->error, "hidden"));
}

static bool garbage(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        peer_reply(out, "200 OK", "", "<html>secret/of/garbage</html>");
        return true;
}

TEST(a_reply_that_makes_no_sense_is_not_quoted) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        g->hook = garbage;
        EXPECT_INT(creds_rig_await(g, 0, ROLE)->fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(g->gots[0].error, "role " ROLE " cannot be assumed: ");
        EXPECT_STR(g->log, "SSS");
}

static bool reset(CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        *end = PEER_RESET;
        return n < 2;
}

TEST(lost_connections_are_made_again) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        g->hook = reset;
        EXPECT_STR(creds_rig_await(g, 0, ROLE)->access_key, "ASIAS00000000002");
}

/* Refuses what is not signed for its own time, as STS does. */
static bool check_clock(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        const char *date =
                        strcasestr(request->head, "\r\nx-amz-date: 2025061"); /* two hours ahead: the 15th */

        EXPECT(date);
        if (strstr(date, "T17"))
                return false;
        creds_rig_sts_error(g, out, "403 Forbidden", "SignatureDoesNotMatch",
                        "Signature expired: 20250615T150640Z is now earlier than 20250615T165140Z "
                        "(20250615T170640Z - 15 min.)");
        return true;
}

TEST(a_wrong_clock_costs_one_attempt) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        const Got *got;

        if (creds_rig_wall() % USEC_PER_DAY / USEC_PER_HOUR != 15)
                test_skip("the clock of this test has moved on: run it alone");
        g->peer_ahead = 2 * (int64_t) USEC_PER_HOUR;
        g->hook = check_clock;
        got = creds_rig_await(g, 0, ROLE);
        EXPECT_STR(got->access_key, "ASIAS00000000001");
        EXPECT_STR(g->log, "SS");
        /* Its life is what STS gave it, not what our clock makes of it. */
        EXPECT(got->expires >= creds_rig_wall() + RIG_LIFE - 3 * USEC_PER_SEC);
        EXPECT(got->expires <= creds_rig_wall() + RIG_LIFE + 3 * USEC_PER_SEC);
        /* Learnt once for all. */
        EXPECT_STR(creds_rig_await(g, 1, ROLE "2")->access_key, "ASIAS00000000002");
        EXPECT_STR(g->log, "SSS");
}

TEST(without_correction_the_clock_is_to_blame) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();

        if (creds_rig_wall() % USEC_PER_DAY / USEC_PER_HOUR != 15)
                test_skip("the clock of this test has moved on: run it alone");
        g->peer_ahead = 2 * (int64_t) USEC_PER_HOUR;
        g->hook = check_clock;
        g->settings.corrects_skew = false;
        EXPECT_INT(creds_rig_await(g, 0, ROLE)->fault, AWS_CLOCK);
        EXPECT_CONTAINS(g->gots[0].error, "Signature expired");
}

TEST(without_a_region_the_partition_must_have_a_usual_one) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        g->env.region = NULL;
        creds_rig_write(g, ".aws/credentials",
                        "[default]\naws_access_key_id = AKIDSTATIC000001\naws_secret_access_key = secret/s\n");
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, ROLE)->access_key, "ASIAS00000000000");
        EXPECT_CONTAINS(g->head[ASKED_STS], "/us-east-1/sts/aws4_request");
}

static bool hang_first(
                CredsRig *g, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end) {
        if (n >= 16)
                return false;
        *end = PEER_HANG;
        return true;
}

TEST(a_rollback_is_not_kept_behind_others) {
        _cleanup_(creds_rig_freep) CredsRig *g = begin();
        char arn[80];

        g->hook = hang_first;
        for (size_t i = 0; i < 18; i++) {
                (void) snprintf(arn, sizeof(arn), ROLE "%zu", i);
                creds_rig_get(g, i, arn);
        }
        creds_rig_settle(g);
        EXPECT_INT(g->counts[ASKED_STS], 16); /* as many as may be under way to one host */
        creds_rig_get_for_rollback(g, 18, ROLE "17");
        creds_rig_run(g, 2);
        EXPECT(g->gots[17].access_key[0] != '\0' && g->gots[18].access_key[0] != '\0');
        EXPECT_INT(g->counts[ASKED_STS], 17);
}
