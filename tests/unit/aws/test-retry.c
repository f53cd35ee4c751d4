#include "aws/retry.h"

#include "base/usec.h"
#include "lib/test.h"

/* A call whose attempts all end in "fault": how often is it sent in total, and how long may it have waited?
 */
static unsigned attempts(AwsFault fault, bool is_repeatable, usec_t *ret_longest) {
        Prng prng = { .state = 3 };
        usec_t longest = 0;
        RetryQuota q;
        Retry r = { 0 };

        retry_quota_init(&q);
        for (unsigned n = 1; n < 10; n++) {
                usec_t delay = USEC_INFINITY;

                if (retry_decide(&r, &q, fault, is_repeatable, true, 0, &prng, &delay) == RETRY_NO) {
                        EXPECT(delay == USEC_INFINITY);
                        EXPECT_INT(r.attempts, n);
                        if (ret_longest)
                                *ret_longest = longest;
                        return n;
                }
                longest = usec_max(longest, delay);
        }
        FAIL("never gives up");
}

TEST(what_is_sent_how_often) {
        static const struct {
                unsigned reads, writes;
        } expected[] = {
                [AWS_OK] = { 1, 1 },
                [AWS_THROTTLED] = { 3, 1 },
                [AWS_TRANSIENT] = { 3, 1 },
                [AWS_UNREACHABLE] = { 3, 3 },
                [AWS_EXPIRED] = { 2, 2 },
                [AWS_CLOCK] = { 2, 2 },
                [AWS_DENIED] = { 1, 1 },
                [AWS_CONFLICT] = { 1, 1 },
                [AWS_PRECONDITION] = { 1, 1 },
                [AWS_MISSING] = { 1, 1 },
                [AWS_INVALID] = { 1, 1 },
                [AWS_PERMANENT] = { 1, 1 },
        };

        STATIC_ASSERT(ELEMENTSOF(expected) == _AWS_FAULT_MAX);
        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                EXPECT_INT(attempts((AwsFault) i, true, NULL), expected[i].reads);
                EXPECT_INT(attempts((AwsFault) i, false, NULL), expected[i].writes);
        }
}

static usec_t longest_delay(AwsFault fault, unsigned attempt, usec_t wish, usec_t *ret_shortest) {
        Prng prng = { .state = 11 };
        usec_t longest = 0;

        *ret_shortest = USEC_INFINITY;
        for (unsigned i = 0; i < 2000; i++) {
                Retry r = { .attempts = attempt };
                RetryQuota q = { .left = 100 };
                usec_t delay;

                EXPECT_INT(retry_decide(&r, &q, fault, true, false, wish, &prng, &delay), RETRY_AFTER);
                longest = usec_max(longest, delay);
                *ret_shortest = usec_min(*ret_shortest, delay);
        }
        return longest;
}

TEST(delays_are_random_and_double) {
        static const struct {
                AwsFault fault;
                unsigned attempt;
                usec_t most;
        } cases[] = {
                { AWS_TRANSIENT, 0, 50 * USEC_PER_MSEC },
                { AWS_TRANSIENT, 1, 100 * USEC_PER_MSEC },
                { AWS_UNREACHABLE, 0, 50 * USEC_PER_MSEC },
                { AWS_THROTTLED, 0, USEC_PER_SEC },
                { AWS_THROTTLED, 1, 2 * USEC_PER_SEC },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                usec_t shortest, longest = longest_delay(cases[i].fault, cases[i].attempt, 0, &shortest);

                EXPECT(longest <= cases[i].most && longest > cases[i].most * 99 / 100);
                EXPECT(shortest < cases[i].most / 100);
        }
}

TEST(wish_of_aws_within_reason) {
        usec_t shortest, longest;

        longest = longest_delay(AWS_THROTTLED, 0, 3 * USEC_PER_SEC, &shortest);
        EXPECT_INT(shortest, 3 * USEC_PER_SEC);
        EXPECT_INT(longest, 3 * USEC_PER_SEC);
        longest = longest_delay(AWS_THROTTLED, 0, USEC_PER_HOUR, &shortest);
        EXPECT(shortest >= 5 * USEC_PER_SEC && longest <= 6 * USEC_PER_SEC);
        longest = longest_delay(AWS_THROTTLED, 0, USEC_PER_MSEC, &shortest);
        EXPECT(longest > 900 * USEC_PER_MSEC && shortest >= USEC_PER_MSEC);
}

TEST(quota_runs_dry_and_comes_back) {
        Prng prng = { .state = 1 };
        RetryQuota q;
        unsigned n = 0;
        usec_t delay;
        Retry last = { 0 };

        retry_quota_init(&q);
        for (;;) {
                Retry r = { 0 };

                if (retry_decide(&r, &q, AWS_TRANSIENT, true, false, 0, &prng, &delay) == RETRY_NO)
                        break;
                last = r;
                n++;
        }
        EXPECT_INT(n, RETRY_QUOTA_FULL / 14);
        EXPECT_INT(q.left, RETRY_QUOTA_FULL % 14);
        /* A cheaper kind of retry goes on for a while. */
        EXPECT_INT(retry_decide(&(Retry){ 0 }, &q, AWS_THROTTLED, true, false, 0, &prng, &delay),
                        RETRY_AFTER);
        EXPECT_INT(q.left, RETRY_QUOTA_FULL % 14 - 5);
        retry_succeeded(&last, &q);
        EXPECT_INT(q.left, RETRY_QUOTA_FULL % 14 - 5 + 14);
        retry_succeeded(&(Retry){ 0 }, &q);
        EXPECT_INT(q.left, RETRY_QUOTA_FULL % 14 - 5 + 15);
        for (unsigned i = 0; i < 2 * RETRY_QUOTA_FULL; i++)
                retry_succeeded(&(Retry){ 0 }, &q);
        EXPECT_INT(q.left, RETRY_QUOTA_FULL);
}

TEST(fresh_credentials_once_and_free) {
        Prng prng = { .state = 1 };
        RetryQuota q = { .left = 0 };
        usec_t delay = 1;
        Retry r = { 0 };

        EXPECT_INT(retry_decide(&r, &q, AWS_EXPIRED, false, false, 0, &prng, &delay),
                        RETRY_WITH_FRESH_CREDS);
        EXPECT_INT(delay, 0);
        EXPECT_INT(retry_decide(&r, &q, AWS_EXPIRED, false, false, 0, &prng, &delay), RETRY_NO);
}

TEST(clock_once_and_only_when_it_moved) {
        Prng prng = { .state = 1 };
        RetryQuota q = { .left = 0 };
        usec_t delay = 1;
        Retry r = { 0 };

        EXPECT_INT(retry_decide(&(Retry){ 0 }, &q, AWS_CLOCK, true, false, 0, &prng, &delay), RETRY_NO);
        EXPECT_INT(delay, 1);
        EXPECT_INT(retry_decide(&r, &q, AWS_CLOCK, false, true, 0, &prng, &delay), RETRY_WITH_CLOCK);
        EXPECT_INT(delay, 0);
        /* Expired right after: that is another thing, and its own retry. */
        EXPECT_INT(retry_decide(&r, &q, AWS_EXPIRED, false, true, 0, &prng, &delay), RETRY_WITH_FRESH_CREDS);
        EXPECT_INT(retry_decide(&r, &q, AWS_CLOCK, false, true, 0, &prng, &delay), RETRY_NO);
}
