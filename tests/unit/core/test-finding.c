#include "core/finding.h"

#include "base/usec.h"
#include "unit/core/drive.h"

static void expect_text(const Drive *d, const Finding *f, const char *error, const char *expected) {
        char text[FINDING_TEXT_MAX];

        finding_format(f, &d->plan, error, text);
        EXPECT_STR(text, expected);
}

TEST(the_window_is_settled_and_bounded) {
        static const struct {
                usec_t period, span;
        } cases[] = {
                { USEC_PER_SEC, 4 * USEC_PER_MINUTE },
                { 10 * USEC_PER_SEC, 40 * USEC_PER_MINUTE },
                { 30 * USEC_PER_SEC, 2 * USEC_PER_HOUR },
                { USEC_PER_MINUTE, 3 * USEC_PER_HOUR },
                { 7 * USEC_PER_MINUTE, 25 * 7 * USEC_PER_MINUTE },
                { USEC_PER_DAY, USEC_PER_DAY },
        };
        _cleanup_(drive_freep) Drive *d = drive_new();

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                usec_t from = 0, until = 0;

                d->plan.period = cases[i].period;
                finding_window(&d->plan, d->now.wall, &from, &until);
                EXPECT_INT(until - from, cases[i].span);
                EXPECT_INT(from % d->plan.period, 0);
                EXPECT(until + d->plan.settled_after <= d->now.wall);
                finding_window(&d->plan, 0, &from, &until); /* a clock at its beginning */
                EXPECT_INT(from, 0);
                EXPECT_INT(until, cases[i].span);
        }
}

TEST(what_a_step_needs) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        /* 59 requests at 12/min * 5 % */
        EXPECT_INT(finding_need(&d->plan, 500, 12) / USEC_PER_MINUTE, 98);
        d->checks[0].min_requests = 120;
        EXPECT_INT(finding_need(&d->plan, 500, 12) / USEC_PER_MINUTE, 200);
        EXPECT(finding_need(&d->plan, 500, 0) == USEC_INFINITY);
        EXPECT(finding_need(&d->plan, 0, 12) == USEC_INFINITY);
        EXPECT(finding_need(&d->plan, 1, 1e-9) == USEC_INFINITY);
}

TEST(sentences) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Finding f = { .level = FINDING_WARN, .kind = FINDING_EVIDENCE, .rate = 12 };

        f.need = 41 * USEC_PER_MINUTE;
        expect_text(d, &f, "",
                        "at 12 requests/min a 5 % step needs about 41 min to show a 5 % error rate; the plan holds 10 min");
        f.more = 1;
        f.need = USEC_INFINITY;
        expect_text(d, &f, "",
                        "at 12 requests/min a 5 % step needs about more than a year to show a 5 % error rate; the plan holds 10 min; 1 more step is too short, too");
        f = (Finding){ .level = FINDING_OK, .kind = FINDING_EVIDENCE };
        expect_text(d, &f, "", "each step is long enough to show a 5 % error rate");
        f = (Finding){ .level = FINDING_WARN, .kind = FINDING_TRAFFIC, .span = 3 * USEC_PER_HOUR };
        expect_text(d, &f, "",
                        "no traffic seen in the last 3 h: checks will not be able to tell; the step will hold");
        f = (Finding){
                .level = FINDING_OK, .kind = FINDING_TRAFFIC, .span = 240 * USEC_PER_SEC, .rate = 1234.5
        };
        expect_text(d, &f, "", "1234 requests/min in the last 4 min");
        f = (Finding){ .level = FINDING_WARN,
                .kind = FINDING_THRESHOLD,
                .value = 0.0813,
                .crossed = 3,
                .buckets = 180,
                .version_old = 41,
                .span = 3 * USEC_PER_HOUR };
        expect_text(d, &f, "",
                        "version 41 itself crosses errors: 8.13 % > 5 % at worst, in 3 of 180 buckets of the last 3 h; the new version would be rolled back for that");
        f = (Finding){ .level = FINDING_WARN, .kind = FINDING_METRICS, .check = 0 };
        expect_text(d, &f, "Rate exceeded",
                        "the query of check errors could not be tried (Rate exceeded): whether the checks can tell is not known");
        f.check = 1;
        expect_text(d, &f, "",
                        "the queries of the checks could not be tried: whether the checks can tell is not known");
}

TEST(sentences_of_what_is_fine) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Finding f = { .kind = FINDING_ALIAS, .version_old = 41, .version_new = 42 };

        expect_text(d, &f, "", "points to version 41 and is not split");
        f.count = 1;
        expect_text(d, &f, "", "is missing, to be created on version 41");
        f.kind = FINDING_CONCURRENCY;
        expect_text(d, &f, "", "1 provisioned: Lambda moves the traffic at its own pace");
        f.count = 0;
        expect_text(d, &f, "", "none provisioned");
        f.level = FINDING_WARN;
        expect_text(d, &f, "not authorized",
                        "what is provisioned could not be read (not authorized): whether Lambda moves the traffic at "
                        "its own pace is not known");
        f.level = FINDING_OK;
        f.kind = FINDING_VERSIONS;
        expect_text(d, &f, "", "versions 41 and 42 are Active, with the same role and dead-letter target");
        f.version_new = 0;
        expect_text(d, &f, "", "version 41 is Active, $LATEST has its role and dead-letter target");
        f.kind = FINDING_ALARMS;
        f.count = 2;
        expect_text(d, &f, "", "2 alarms, none in ALARM");
        f.kind = FINDING_METRICS;
        f.count = 1;
        expect_text(d, &f, "", "CloudWatch takes the queries of 1 check");
        f.kind = FINDING_CODE;
        f.count = PUBLISH_ZIP;
        expect_text(d, &f, "", "the zip can be read, and stays known by its SHA-256");
        f.count = PUBLISH_S3;
        expect_text(d, &f, "", "the S3 object is not looked at before Lambda fetches it");
        f.count = PUBLISH_IMAGE;
        expect_text(d, &f, "", "the image is not looked at before Lambda fetches it");
        f.count = PUBLISH_LATEST;
        expect_text(d, &f, "", "$LATEST is published as it is then");
}

/* Numbers from elsewhere name nothing that is not there. */
TEST(numbers_beyond_the_plan_say_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Finding f = { .level = FINDING_WARN, .kind = FINDING_EVIDENCE, .step = 99, .check = 99 };

        expect_text(d, &f, "", "");
        f.kind = FINDING_THRESHOLD;
        expect_text(d, &f, "", "");
        f.kind = FINDING_ACCESS;
        expect_text(d, &f, "", "");
}

TEST(what_passed_is_known_by_how_far_it_came) {
        static const struct {
                Stage reached;
                size_t n;
        } cases[] = { { STAGE_READ_ALIAS, 0 }, { STAGE_READ_CONCURRENCY, 1 }, { STAGE_READ_OLD, 2 },
                { STAGE_READ_NEW, 2 }, { STAGE_READ_LATEST, 2 }, { STAGE_READ_ALARMS, 3 },
                { STAGE_READ_HISTORY, 4 }, { STAGE_IDLE, 5 } };
        _cleanup_(drive_freep) Drive *d = drive_new();
        Finding found[FINDINGS_PASSED_MAX];

        d->checks[1] = (PlanCheck){
                .name = "burning", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx"
        };
        d->plan.n_checks = 2;
        drive_to(d, PHASE_SHIFTING);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                EXPECT_INT(finding_passed(d->state, &d->plan, 0, cases[i].reached, found), cases[i].n);
        for (size_t i = 0; i < 5; i++)
                EXPECT_INT(found[i].level, FINDING_OK);
        EXPECT_INT(found[0].kind, FINDING_ALIAS);
        EXPECT_INT(found[4].kind, FINDING_METRICS);

        d->target.publish = (PlanPublish){ .kind = PUBLISH_S3, .bucket = "b", .key = "k" };
        EXPECT_INT(finding_passed(d->state, &d->plan, 0, STAGE_READ_CODE, found), 3);
        EXPECT_INT(finding_passed(d->state, &d->plan, 0, STAGE_READ_ALARMS, found), 4);
        EXPECT_INT(found[3].kind, FINDING_CODE);
        EXPECT_INT(found[3].count, PUBLISH_S3);
}

TEST(names) {
        EXPECT_STR(finding_level_to_string(FINDING_REFUSE), "refuse");
        EXPECT_STR(finding_level_to_string((FindingLevel) 9), "?");
        EXPECT_STR(finding_kind_to_string(FINDING_EVIDENCE), "evidence");
        EXPECT_STR(finding_kind_to_string((FindingKind) 99), "?");
        EXPECT_INT(finding_kind_of(REASON_ALIAS_SPLIT), FINDING_ALIAS);
        EXPECT_INT(finding_kind_of(REASON_ROLE_DIFFERS), FINDING_VERSIONS);
        EXPECT_INT(finding_kind_of(REASON_VERSION_FAILED), FINDING_VERSIONS);
        EXPECT_INT(finding_kind_of(REASON_ALARM_RINGING), FINDING_ALARMS);
        EXPECT_INT(finding_kind_of(REASON_QUERY_REFUSED), FINDING_METRICS);
        EXPECT_INT(finding_kind_of(REASON_DENIED), FINDING_ACCESS);
}
