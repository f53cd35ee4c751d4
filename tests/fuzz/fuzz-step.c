/* Any sequence of events, sensible or not: the brain must refuse or keep every invariant. The first bytes
 * choose the plan, each further group of bytes is one event. */

#include <string.h>

#include "base/usec.h"
#include "core/invariant.h"
#include "fuzz/fuzz.h"

#define EVENTS_MAX 200
#define ROWS 4

typedef struct Bytes {
        const uint8_t *data;
        size_t size;
} Bytes;

static uint8_t take(Bytes *b) {
        if (b->size == 0)
                return 0;
        b->size--;
        return *b->data++;
}

static _Alignas(8) unsigned char state_bytes[sizeof(RolloutState) + sizeof(TargetState)];
static _Alignas(8) unsigned char before_bytes[sizeof(state_bytes)];
static ActionList actions;

static const PlanTarget target = { .function = "f", .alias = "live", .from = 41, .to = 42 };
static const PlanStep steps[] = {
        { .weight = 500, .hold = 2 * USEC_PER_SEC },
        { .weight = 5000, .hold = 2 * USEC_PER_SEC, .min_requests = 10 },
};
static const PlanCheck checks[] = {
        { .name = "rate", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1 },
        { .name = "errors", .kind = CHECK_ERRORS, .max = 3, .min_requests = 1 },
        { .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 1, .stat = "p99" },
        { .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx" },
        { .name = "other", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-lag" },
};

/* None, metrics, metrics and alarms, alarms. */
static Plan plan_from(Bytes *b) {
        static const uint32_t first[] = { 0, 0, 0, 3 }, n[] = { 0, 3, 5, 2 };
        uint8_t shape = take(b), which = (shape >> 4) % 4;

        if (shape & 2 && which == 0)
                which = 1;

        return (Plan){
                .name = "fuzz",
                .targets = &target,
                .n_targets = 1,
                .steps = steps,
                .n_steps = shape & 1 ? 2 : 0,
                .checks = checks + first[which],
                .n_checks = n[which],
                .checks_none = true,
                .bake = shape & 4 ? 3 * USEC_PER_SEC : 0,
                .every = USEC_PER_SEC,
                .period = USEC_PER_SEC,
                .settled_after = shape & 8 ? 2 * USEC_PER_SEC : 0,
                .max_blind = 5 * USEC_PER_SEC,
                .deadline = 60 * USEC_PER_SEC,
        };
}

static Route route_from(Bytes *b) {
        switch (take(b) % 6) {
        case 0:
                return (Route){ .primary = 41 };
        case 1:
                return (Route){ .primary = 42 };
        case 2:
                return (Route){ .primary = 41, .extra = 42, .weight = 500 };
        case 3:
                return (Route){ .primary = 41, .extra = 42, .weight = 5000 };
        case 4:
                return (Route){ .primary = 43 };
        default:
                return (Route){
                        .primary = take(b), .extra = take(b), .weight = take(b), .is_odd = take(b) & 1
                };
        }
}

/* A completion is mostly that of an outstanding effect; now and then it is nobody's. */
static uint64_t op_from(Bytes *b, const TargetState *t, EventKind kind) {
        uint8_t how = take(b);

        if (how > 250)
                return how;
        if (kind == EVENT_ALARMS_READ)
                return t->stage == STAGE_READ_ALARMS ? t->alias_op.id : t->alarm_op.id;
        return kind == EVENT_METRICS_READ && t->stage != STAGE_READ_HISTORY ? t->poll_op.id : t->alias_op.id;
}

static void feed(Bytes *b, RolloutState *st, const Plan *plan, Now *now) {
        static const char *const revisions[] = { "r1", "r2", "r3", "" };
        MetricRow rows[ROWS];
        MetricValue values[ROWS];
        CheckFault faults[2];
        AlarmReading alarms[3];
        Event e = { .kind = (EventKind) (take(b) % EVENT_KIND_COUNT), .target = take(b) > 250 };
        const char *broken;
        int r;

        now->mono += (usec_t) take(b) * 50000;
        now->wall += (usec_t) take(b) * 50000;
        now->boot = 1 + (take(b) > 250);
        if (e.kind >= EVENT_ALIAS_READ) {
                e.op_id = op_from(b, &st->targets[0], e.kind);
                e.fault = take(b) < 128 ? FAULT_NONE : (Fault) (take(b) % FAULT_COUNT);
        }
        e.route = route_from(b);
        e.revision = revisions[take(b) % ELEMENTSOF(revisions)];
        e.version_active = take(b) < 240;
        e.role = take(b) > 250;
        for (size_t i = 0; i < ROWS; i++) {
                usec_t start = st->targets[0].judge.asked_from + i * plan->period;

                rows[i] = (MetricRow){
                        .start = start, .new_version = { take(b), take(b) / 16 }, .old_version = { 9, 0 }
                };
                values[i] = (MetricValue){ .start = start, .check = 2, .value = take(b) * 4 };
        }
        e.rows = rows;
        e.values = values;
        e.n_rows = e.n_values = take(b) % (ROWS + 1);
        if (e.kind == EVENT_METRICS_READ && take(b) > 200) {
                faults[0] = (CheckFault){ take(b) % 6, (Fault) (1 + take(b) % (FAULT_COUNT - 1)), "words" };
                faults[1] = (CheckFault){ 2, FAULT_INVALID, NULL };
                e.check_faults = faults;
                e.n_check_faults = 1 + take(b) % 2;
        }
        if (e.kind == EVENT_ALARMS_READ) {
                e.n_alarms = take(b) % (ELEMENTSOF(alarms) + 1);
                for (size_t i = 0; i < e.n_alarms; i++)
                        alarms[i] = (AlarmReading){ .check = take(b) % 6,
                                .says = (AlarmSays) (take(b) % 4),
                                .since = take(b),
                                .reason = take(b) > 100 ? "Threshold Crossed" : NULL };
                e.alarms = alarms;
        }
        memcpy(before_bytes, state_bytes, sizeof(state_bytes));
        r = rollout_step(st, plan, &e, now, &actions);
        if (r < 0) {
                FUZZ_CHECK(memcmp(before_bytes, state_bytes, sizeof(state_bytes)) == 0);
                return;
        }
        broken = invariant_broken((const RolloutState *) (const void *) before_bytes, st, plan, &actions);
        FUZZ_CHECK(!broken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Bytes b = { data, size };
        Plan plan = plan_from(&b);
        RolloutState *st = (RolloutState *) (void *) state_bytes;
        Now now = { .wall = 1700000000 * USEC_PER_SEC, .mono = USEC_PER_HOUR, .boot = 1 };

        rollout_init(st, &plan, 1);
        for (unsigned i = 0; i < EVENTS_MAX && b.size > 0; i++)
                feed(&b, st, &plan, &now);
        return 0;
}
