#include "daemon/aws-clock.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/test.h"
#include "unit/daemon/log-capture.h"

/* The host's clocks, as the test wants them. */
static Now host;

void __wrap_clock_read(Now *ret);

void __wrap_clock_read(Now *ret) {
        *ret = host;
}

#define BEGIN (UINT64_C(1767225600) * USEC_PER_SEC)

static void begin(void) {
        host = (Now){ .wall = BEGIN, .mono = 1000 * USEC_PER_SEC, .boot = 7 };
}

static void pass(usec_t span) {
        host.wall += span;
        host.mono += span;
}

/* A reply of a server whose clock is "ahead" of what the host's was in the beginning. */
static bool hear_from(AwsClock *c, bool is_metrics, int64_t ahead) {
        usec_t true_time = BEGIN + (host.mono - 1000 * USEC_PER_SEC) + (usec_t) ahead;

        return aws_clock_hear(c,
                        &(AwsClockWord){ .date = true_time / USEC_PER_SEC * USEC_PER_SEC,
                                        .is_metrics = is_metrics,
                                        .elapsed = 100 * USEC_PER_MSEC,
                                        .host = "monitoring.example.com" });
}

static bool hear(AwsClock *c, int64_t ahead) {
        return hear_from(c, true, ahead);
}

static int64_t ahead_of_host(const AwsClock *c) {
        Now now;

        aws_clock_read(c, &now);
        EXPECT_INT(now.mono, host.mono);
        EXPECT_INT(now.boot, host.boot);
        return (int64_t) now.wall - (int64_t) host.wall;
}

#define MINUTES(n) ((n) * (int64_t) USEC_PER_MINUTE)
#define EXPECT_AHEAD(c, ahead) EXPECT(llabs(ahead_of_host(c) - (ahead)) <= (int64_t) USEC_PER_SEC)

TEST(the_host_knows_until_somebody_says_something) {
        AwsClock c = { 0 };

        begin();
        EXPECT_INT(ahead_of_host(&c), 0);
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = 0,
                                        .has_age = false,
                                        .elapsed = 0,
                                        .host = "h" })); /* no Date */
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = BEGIN / 2,
                                        .has_age = true,
                                        .elapsed = 0,
                                        .host = "h" })); /* from a cache */
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = BEGIN / 2,
                                        .has_age = false,
                                        .elapsed = USEC_PER_HOUR,
                                        .host = "h" })); /* on its way for too long */
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = BEGIN / 2,
                                        .has_age = false,
                                        .elapsed = USEC_PER_MINUTE,
                                        .host = "h" })); /* for a first one */
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = USEC_INFINITY - 1,
                                        .has_age = false,
                                        .elapsed = 0,
                                        .host = "h" }));
        EXPECT_INT(ahead_of_host(&c), 0);
        EXPECT(hear(&c, 0));
        EXPECT_AHEAD(&c, 0);
}

TEST(the_first_reply_is_believed) {
        for (int n = -10; n <= 10; n += 20) {
                AwsClock c = { 0 };

                begin();
                capture_begin();
                EXPECT(hear(&c, MINUTES(n)));
                free(capture_end());
                EXPECT_AHEAD(&c, MINUTES(n));
        }
}

TEST(later_ones_need_a_second_that_agrees) {
        AwsClock c = { 0 };

        begin();
        EXPECT(hear(&c, 0));
        capture_begin();
        EXPECT(!hear(&c, MINUTES(10)));
        EXPECT_AHEAD(&c, 0);
        pass(USEC_PER_SEC);
        /* Just one that was wrong. */
        EXPECT(hear(&c, 0));
        EXPECT(!hear(&c, MINUTES(10)));
        /* Two that do not agree with one another either. */
        EXPECT(!hear(&c, MINUTES(5)));
        EXPECT_AHEAD(&c, 0);
        pass(USEC_PER_SEC);
        EXPECT(hear(&c, MINUTES(5)));
        EXPECT_AHEAD(&c, MINUTES(5));
        free(capture_end());
}

TEST(steps_of_the_hosts_clock_change_nothing) {
        AwsClock c = { 0 };
        Now before, after;

        begin();
        EXPECT(hear(&c, 0));
        for (int n = -10; n <= 10; n += 20) {
                aws_clock_read(&c, &before);
                host.wall += (usec_t) MINUTES(n);
                aws_clock_read(&c, &after);
                EXPECT_INT(after.wall, before.wall);
                capture_begin();
                EXPECT(hear(&c, 0));
                free(capture_end());
        }
}

TEST(noise_and_drift_are_followed_without_a_word) {
        AwsClock c = { 0 };

        begin();
        capture_begin();
        for (unsigned i = 0; i < 1000; i++) {
                EXPECT(hear(&c, (int64_t) i * 10 * (int64_t) USEC_PER_MSEC));
                pass(333 * USEC_PER_MSEC);
        }
        EXPECT_AHEAD(&c, 10 * (int64_t) USEC_PER_SEC);
        /* Whatever a slow reply may mean is in accord with it. */
        EXPECT(aws_clock_hear(&c,
                        &(AwsClockWord){ .date = host.wall - 50 * USEC_PER_SEC,
                                        .has_age = false,
                                        .elapsed = USEC_PER_MINUTE,
                                        .host = "h" }));
        EXPECT_AHEAD(&c, 10 * (int64_t) USEC_PER_SEC);
        {
                _cleanup_(freep) char *log = capture_end();

                EXPECT_STR(log, "");
        }
}

TEST(what_was_remembered_holds_until_aws_is_heard) {
        AwsClock c = { 0 };
        Now then;

        begin();
        then = (Now){ .wall = BEGIN - 100 * USEC_PER_SEC + 10 * USEC_PER_MINUTE,
                .mono = 900 * USEC_PER_SEC,
                .boot = 7 };
        aws_clock_remember(&c, &then);
        EXPECT_INT(ahead_of_host(&c), MINUTES(10));
        /* An older moment, another boot, a moment to come, none at all. */
        aws_clock_remember(&c, &(Now){ .wall = BEGIN, .mono = 800 * USEC_PER_SEC, .boot = 7 });
        aws_clock_remember(&c, &(Now){ .wall = BEGIN, .mono = 950 * USEC_PER_SEC, .boot = 8 });
        aws_clock_remember(&c, &(Now){ .wall = BEGIN, .mono = 1001 * USEC_PER_SEC, .boot = 7 });
        aws_clock_remember(&c, &(Now){ 0 });
        aws_clock_remember(&c, &(Now){ .wall = USEC_INFINITY - 1, .mono = 950 * USEC_PER_SEC, .boot = 7 });
        EXPECT_INT(ahead_of_host(&c), MINUTES(10));
        /* One reply is enough: the host may have been asleep. */
        EXPECT(hear(&c, 0));
        EXPECT_AHEAD(&c, 0);
        aws_clock_remember(&c, &then);
        EXPECT_AHEAD(&c, 0);
}

static char *say(AwsClock *c, int64_t ahead) {
        capture_begin();
        (void) hear(c, ahead);
        pass(USEC_PER_SEC);
        (void) hear(c, ahead);
        return capture_end();
}

TEST(people_are_told_once_of_each_change) {
        static const struct {
                int64_t ahead;
                const char *words; /* NULL: not a word */
        } cases[] = {
                { 29 * (int64_t) USEC_PER_SEC, NULL },
                { MINUTES(7), "the host's clock is 7m behind AWS's (by that of monitoring.example.com)" },
                { MINUTES(7), NULL },
                { MINUTES(7) + 20 * (int64_t) USEC_PER_SEC, NULL },
                { MINUTES(9), "9m behind AWS's" },
                { MINUTES(-3), "3m ahead of AWS's" },
                { 20 * (int64_t) USEC_PER_SEC, NULL },
                { 0, "the host's clock is right again" },
                { 0, NULL },
        };
        AwsClock c = { 0 };

        begin();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *log = say(&c, cases[i].ahead);

                if (cases[i].words)
                        EXPECT_CONTAINS(log, cases[i].words);
                else
                        EXPECT_STR(log, "");
                pass(USEC_PER_SEC);
        }
}

/* One bad clock among Lambda's servers must not move the windows of metrics. */
TEST(cloudwatch_has_the_last_word) {
        AwsClock c = { 0 };

        begin();
        EXPECT(hear_from(&c, false, MINUTES(10)));
        EXPECT_AHEAD(&c, MINUTES(10));
        EXPECT(hear_from(&c, true, 0));
        EXPECT_AHEAD(&c, 0);
        for (unsigned i = 0; i < 5; i++)
                EXPECT(hear_from(&c, false, MINUTES(10)));
        EXPECT_AHEAD(&c, 0);
}
