#include "daemon/gate.h"

#include "base/alloc.h"
#include "base/prng.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

#define CALLS_MAX 400

/* Fast enough for nobody to wait long: 20 ms for a token of Lambda's bucket, which holds 50. */
static const double fast[GATE_FAMILY_COUNT] = { 50, 1000, 1000 };
static const GateKey lambda = { "123456789012", "eu-central-1", GATE_LAMBDA };

typedef struct Call Call;
struct Call {
        GateWait *wait;
        size_t turn; /* 1: the first of all to be let in; 0: not yet */
        usec_t when;
        void (*then)(Call *c);
};

static struct {
        Rig *rig;
        Gate *gate;
        Call calls[CALLS_MAX];
        size_t n_turns;
} t;

static void set_up(const double rates[static GATE_FAMILY_COUNT]) {
        memset(&t, 0, sizeof(t));
        t.rig = rig_new();
        EXPECT_OK(gate_new(t.rig->event, rates, &t.gate));
}

static void tear_down(void) {
        t.gate = gate_free(t.gate);
        t.rig = rig_free(t.rig);
}

static void on_turn(void *userdata) {
        Call *c = userdata;

        EXPECT_INT(c->turn, 0);
        c->wait = NULL;
        c->turn = ++t.n_turns;
        c->when = rig_now();
        if (c->then)
                c->then(c);
}

/* True: let in at once. */
static bool enter(size_t i, const GateKey *key, RateLane lane) {
        int r = gate_enter(t.gate, key, lane, on_turn, &t.calls[i], &t.calls[i].wait);

        EXPECT_OK(r);
        EXPECT((r == 0) == (t.calls[i].wait != NULL));
        return r > 0;
}

/* Takes all that a lane may have at once. */
static unsigned drain(const GateKey *key, RateLane lane) {
        unsigned n = 0;

        while (enter(CALLS_MAX - 1, key, lane))
                EXPECT(++n < 10000);
        gate_cancel(TAKE_PTR(t.calls[CALLS_MAX - 1].wait));
        return n;
}

static bool turns_reached(void *userdata) {
        return t.n_turns >= *(const size_t *) userdata;
}

static void run_until(size_t n_turns) {
        rig_run_until(t.rig, turns_reached, &n_turns);
}

TEST(goes_at_once_while_there_are_tokens) {
        set_up(fast);
        EXPECT(drain(&lambda, RATE_STEP) >= 40);
        EXPECT(drain(&lambda, RATE_ROLLBACK) >= 50);
        rig_settle(t.rig);
        EXPECT_INT(t.n_turns, 0);
        tear_down();
}

TEST(buckets_are_apart) {
        const GateKey others[] = {
                { "123456789012", "eu-central-1", GATE_METRICS },
                { "123456789012", "eu-west-1", GATE_LAMBDA },
                { "arn:aws:iam::123456789012:role/canary", "eu-central-1", GATE_LAMBDA },
                { "", "eu-central-1", GATE_LAMBDA },
        };

        set_up(fast);
        (void) drain(&lambda, RATE_ROLLBACK);
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                EXPECT(enter(i, &others[i], RATE_PREFLIGHT));
        tear_down();
}

TEST(urgent_first_and_then_in_order) {
        static const RateLane lanes[] = { RATE_PREFLIGHT, RATE_POLL, RATE_STEP, RATE_PROMOTE, RATE_ROLLBACK,
                RATE_STEP, RATE_POLL, RATE_ROLLBACK };
        static const size_t turns[] = { 8, 6, 4, 3, 1, 5, 7, 2 };

        set_up((const double[]){ 400, 1, 1 });
        (void) drain(&lambda, RATE_ROLLBACK);
        for (size_t i = 0; i < ELEMENTSOF(lanes); i++)
                EXPECT(!enter(i, &lambda, lanes[i]));
        EXPECT_INT(t.n_turns, 0);
        run_until(ELEMENTSOF(lanes));
        for (size_t i = 0; i < ELEMENTSOF(lanes); i++)
                EXPECT_INT(t.calls[i].turn, turns[i]);
        tear_down();
}

/* Who comes later does not get in before the ones of the same lane who wait. */
TEST(nobody_jumps_the_queue) {
        set_up(fast);
        (void) drain(&lambda, RATE_STEP);
        EXPECT(!enter(0, &lambda, RATE_STEP));
        gate_give_back(t.gate, &lambda);
        EXPECT(!enter(1, &lambda, RATE_STEP));
        EXPECT(!enter(2, &lambda, RATE_POLL));
        EXPECT(enter(3, &lambda, RATE_PROMOTE));
        run_until(2);
        EXPECT_INT(t.calls[0].turn, 1);
        EXPECT_INT(t.calls[1].turn, 2);
        gate_cancel(TAKE_PTR(t.calls[2].wait));
        tear_down();
}

TEST(keeps_the_pace) {
        usec_t begin;

        set_up(fast);
        (void) drain(&lambda, RATE_PROMOTE);
        begin = rig_now();
        for (size_t i = 0; i < 10; i++)
                EXPECT(!enter(i, &lambda, RATE_PROMOTE));
        run_until(10);
        /* Ten tokens take 200 ms, less what came in while the bucket was being emptied. */
        EXPECT(t.calls[9].when - begin >= 170 * USEC_PER_MSEC);
        for (size_t i = 1; i < 10; i++)
                EXPECT(t.calls[i].when >= t.calls[i - 1].when);
        tear_down();
}

/* 300 rollouts want to step at five calls a second; the rollback in the middle does not feel it. */
TEST(rollback_passes_three_hundred_waiting_steps) {
        set_up((const double[]){ 5, 1, 1 });
        for (size_t i = 0; i < 300; i++)
                (void) enter(i, &lambda, RATE_STEP);
        rig_settle(t.rig);
        for (size_t i = 300; i < 305; i++)
                EXPECT(enter(i, &lambda, RATE_ROLLBACK));
        for (size_t i = 0; i < 300; i++)
                gate_cancel(TAKE_PTR(t.calls[i].wait));
        tear_down();
}

TEST(given_back_token_goes_to_who_waits) {
        set_up((const double[]){ 1, 1, 1 });
        (void) drain(&lambda, RATE_ROLLBACK);
        EXPECT(!enter(0, &lambda, RATE_ROLLBACK));
        rig_settle(t.rig);
        EXPECT_INT(t.n_turns, 0);
        gate_give_back(t.gate, &lambda);
        rig_settle(t.rig);
        EXPECT_INT(t.n_turns, 1);
        tear_down();
}

TEST(throttling_slows_down) {
        set_up(fast);
        gate_note(t.gate, &lambda, false);
        gate_note(t.gate, &lambda, true); /* even when the bucket is forgotten already */
        EXPECT(drain(&lambda, RATE_PROMOTE) < 37);
        EXPECT(drain(&lambda, RATE_ROLLBACK) >= 50);
        tear_down();
}

TEST(cancelled_ones_are_not_called) {
        set_up((const double[]){ 200, 1, 1 });
        gate_cancel(NULL);
        (void) drain(&lambda, RATE_STEP);
        for (size_t i = 0; i < 9; i++)
                EXPECT(!enter(i, &lambda, i % 2 ? RATE_STEP : RATE_POLL));
        for (size_t i = 0; i < 9; i++)
                if (i != 1 && i != 4)
                        gate_cancel(TAKE_PTR(t.calls[i].wait));
        run_until(2);
        EXPECT_INT(t.calls[1].turn, 1);
        EXPECT_INT(t.calls[4].turn, 2);
        tear_down();
}

static void cancel_the_others(Call *c) {
        for (size_t i = 0; i < CALLS_MAX; i++)
                gate_cancel(TAKE_PTR(t.calls[i].wait));
}

static void enter_again(Call *c) {
        size_t next = (size_t) (c - t.calls) + 1;

        if (next == 20)
                return;
        t.calls[next].then = enter_again;
        if (enter(next, &lambda, RATE_ROLLBACK))
                on_turn(&t.calls[next]);
        gate_note(t.gate, &lambda, false);
}

/* Ten calls that all wait. On a busy machine a token may come in between: then all over again. */
static bool ten_wait(void) {
        bool all = true;

        set_up((const double[]){ 200, 1, 1 });
        (void) drain(&lambda, RATE_ROLLBACK);
        for (size_t i = 0; i < 10 && all; i++)
                all = !enter(i, &lambda, i < 5 ? RATE_ROLLBACK : RATE_POLL);
        return all;
}

TEST(done_may_cancel_and_enter) {
        for (unsigned n = 0; !ten_wait(); n++) {
                EXPECT(n < 1000);
                cancel_the_others(NULL);
                tear_down();
        }
        t.calls[0].then = cancel_the_others;
        run_until(1);
        EXPECT_INT(t.n_turns, 1);
        t.n_turns = 0;
        memset(t.calls, 0, sizeof(t.calls));
        t.calls[0].then = enter_again;
        if (enter(0, &lambda, RATE_ROLLBACK))
                on_turn(&t.calls[0]);
        run_until(20);
        tear_down();
}

/* Enters, cancels and reports at random; everybody who was not cancelled gets in, once. */
TEST(random_coming_and_going) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
                Prng prng = { .state = seed };
                size_t expected = 0;

                set_up((const double[]){ 2000, 1, 1 });
                (void) drain(&lambda, RATE_PROMOTE);
                for (size_t i = 0; i + 1 < CALLS_MAX; i++) {
                        Call *other = &t.calls[prng_below(&prng, i + 1)];

                        expected += !enter(i, &lambda, (RateLane) prng_below(&prng, RATE_LANE_COUNT));
                        if (prng_below(&prng, 3) == 0 && other->wait) {
                                gate_cancel(TAKE_PTR(other->wait));
                                expected--;
                        }
                        if (prng_below(&prng, 10) == 0)
                                EXPECT_OK(sd_event_run(t.rig->event, 0));
                }
                run_until(expected);
                rig_settle(t.rig);
                EXPECT_INT(t.n_turns, expected);
                tear_down();
        }
}

TEST(number_of_buckets_is_limited) {
        char region[16];
        GateKey key = { "", region, GATE_ALARMS };

        set_up((const double[]){ 1, 1, 0.01 });
        for (unsigned i = 0; i < GATE_BUCKETS_MAX; i++) {
                (void) snprintf(region, sizeof(region), "region-%u", i);
                EXPECT(enter(0, &key, RATE_POLL));
        }
        (void) snprintf(region, sizeof(region), "one-more");
        EXPECT_INT(gate_enter(t.gate, &key, RATE_POLL, on_turn, NULL, &t.calls[0].wait), -ENOBUFS);
        EXPECT(enter(0, &key, RATE_ROLLBACK)); /* which nothing stops */
        gate_note(t.gate, &key, true);
        gate_give_back(t.gate, &key);
        tear_down();
}

static bool has_room(void *userdata) {
        GateKey key = { "", "one-more", GATE_ALARMS };

        return gate_enter(t.gate, &key, RATE_POLL, on_turn, NULL, &t.calls[0].wait) > 0;
}

TEST(buckets_that_are_full_again_are_forgotten) {
        char region[16];
        GateKey key = { "", region, GATE_ALARMS };

        set_up((const double[]){ 1, 1, 10 });
        for (unsigned i = 0; i < GATE_BUCKETS_MAX; i++) {
                (void) snprintf(region, sizeof(region), "region-%u", i);
                EXPECT(enter(0, &key, RATE_POLL));
        }
        rig_run_until(t.rig, has_room, NULL);
        tear_down();
}

TEST(out_of_memory) {
        Gate *gate = NULL;

        set_up(fast);
        FAULT_LOOP {
                int r = gate_new(t.rig->event, fast, &gate);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 2);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!gate);
        }
        gate = gate_free(gate);
        FAULT_LOOP {
                int r = gate_enter(t.gate, &lambda, RATE_STEP, on_turn, &t.calls[0], &t.calls[0].wait);

                if (!fault_struck()) {
                        EXPECT_INT(r, 1);
                        EXPECT(_fault > 3);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
        (void) drain(&lambda, RATE_ROLLBACK);
        for (unsigned n = 1; n <= 2; n++) {
                fault_arm(n);
                EXPECT_INT(gate_enter(t.gate, &lambda, RATE_STEP, on_turn, &t.calls[0], &t.calls[0].wait),
                                -ENOMEM);
                EXPECT(fault_struck());
                EXPECT(!t.calls[0].wait);
                fault_arm(n);
                EXPECT_INT(gate_enter(t.gate, &lambda, RATE_ROLLBACK, on_turn, &t.calls[0],
                                           &t.calls[0].wait),
                                1);
                EXPECT(fault_struck());
        }
        rig_settle(t.rig);
        tear_down();
}
