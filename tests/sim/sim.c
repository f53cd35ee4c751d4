#include "sim/sim-internal.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/record.h"
#include "core/invariant.h"

#define EVENTS_MAX 400000
#define ROWS_MAX 4096

static bool happens(Sim *s, double probability) {
        return prng_unit(&s->prng) < probability;
}

static Now now_of(const Sim *s) {
        return (Now){ .wall = (usec_t) ((int64_t) (SIM_WALL_START + s->mono) + s->wall_offset),
                .mono = s->mono,
                .boot = s->boot };
}

static void note(Sim *s, unsigned i, const void *what, size_t size) {
        uint64_t parts[3] = { s->result->trace, i, str_fingerprint(what, size) };

        s->result->trace = str_fingerprint(parts, sizeof(parts));
}

void sim_fail(Sim *s, unsigned i, const char *what) {
        if (!s->result->failure) {
                s->result->failure = what;
                s->result->failed_rollout = i;
        }
}

static void rollout_make(Sim *s, SimRollout *r) {
        static const uint32_t ladder[] = { 1, 5, 25, 60 };
        uint32_t n = (uint32_t) prng_below(&s->prng, 4);

        for (uint32_t i = 0; i < n; i++)
                r->steps[i] = (PlanStep){ .weight = ladder[i] * WEIGHT_PERCENT,
                        .hold = (1 + prng_below(&s->prng, 10)) * USEC_PER_MINUTE };
        r->checks[0] = (PlanCheck){
                .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1
        };
        r->checks[1] = (PlanCheck){
                .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx"
        };
        r->plan = (Plan){
                .name = "sim",
                .steps = r->steps,
                .n_steps = n,
                .checks = r->checks,
                .n_checks = (uint32_t) prng_below(&s->prng, 3),
                .checks_none = true,
                .bake = prng_below(&s->prng, 3) * 5 * USEC_PER_MINUTE,
                .every = 30 * USEC_PER_SEC,
                .period = USEC_PER_MINUTE,
                .settled_after = 3 * USEC_PER_MINUTE,
                .max_blind = 10 * USEC_PER_MINUTE,
                .deadline = 48 * USEC_PER_HOUR,
        };
        if (r->plan.n_checks == 1 && happens(s, 0.4))
                r->plan.checks = &r->checks[1]; /* an alarm alone */
        sim_make_group(s, r);
        for (uint32_t i = 0; i < r->plan.n_targets; i++)
                fake_alias_init(&r->alias[i], 41);
        sim_make_code(s, r);
        r->bad = (uint32_t) prng_below(&s->prng, r->plan.n_targets);
        r->seized = (uint32_t) prng_below(&s->prng, r->plan.n_targets);
        r->bad_from = happens(s, 0.4) ? 1 + prng_below(&s->prng, 20 * USEC_PER_MINUTE) : 0;
        if (happens(s, s->o->seizure_rate))
                r->seized_at = 1 + prng_below(&s->prng, 30 * USEC_PER_MINUTE);
        if (happens(s, s->o->seizure_rate))
                r->deploys_at = s->mono +
                                prng_below(&s->prng, happens(s, 0.5) ? USEC_PER_MINUTE : USEC_PER_HOUR);
}

static void save(Sim *s, unsigned i) {
        SimRollout *r = &s->rollouts[i];

        free(r->durable);
        r->durable = NULL;
        if (record_encode(r->state, &r->durable) < 0)
                sim_fail(s, i, "a state cannot be encoded");
}

static void launch(Sim *s, unsigned i, const Action *a) {
        static const Fault faults[] = { FAULT_THROTTLED, FAULT_TRANSIENT, FAULT_TRANSIENT, FAULT_UNREACHABLE,
                FAULT_CREDENTIALS, FAULT_CONFLICT, FAULT_DENIED, FAULT_CLOCK, FAULT_STORE, FAULT_PERMANENT,
                FAULT_PRECONDITION };
        SimRollout *r = &s->rollouts[i];

        for (size_t f = 0; f < EFFECTS_MAX; f++) {
                Flight *flight = &r->flights[f];

                if (flight->is_used)
                        continue;
                *flight = (Flight){ .is_used = true, .action = *a, .leaves = s->mono };
                if (a->lane != LANE_ROLLBACK)
                        flight->leaves += prng_below(&s->prng, 2 * USEC_PER_SEC);
                flight->due = flight->leaves + prng_below(&s->prng, USEC_PER_SEC);
                if (happens(s, s->o->fault_rate)) {
                        flight->fault = faults[prng_below(&s->prng, ELEMENTSOF(faults))];
                        flight->will_apply = flight->fault == FAULT_TRANSIENT && happens(s, 0.5);
                        s->result->faults++;
                }
                return;
        }
        sim_fail(s, i, "more effects under way than its targets can have");
}

/* What has not left never does; what has may have its effect, and may even answer. */
static void cancel(Sim *s, unsigned i, uint64_t op_id) {
        SimRollout *r = &s->rollouts[i];

        for (size_t f = 0; f < EFFECTS_MAX; f++) {
                Flight *flight = &r->flights[f];

                if (!flight->is_used || flight->action.op_id != op_id)
                        continue;
                s->result->cancelled++;
                if (flight->leaves > s->mono) {
                        *flight = (Flight){ 0 };
                        return;
                }
                s->result->cancelled_late++;
                flight->is_orphan = happens(s, 0.5);
                flight->will_apply |= flight->fault == FAULT_NONE;
                return;
        }
        /* It is known to nobody only when the process died in between. */
        if (s->o->crash_rate <= 0)
                sim_fail(s, i, "what is cancelled was never started");
}

static void take_down(Sim *s, bool is_reboot);

/* One event through the brain, then its actions one by one; the process may die between any two. */
static void feed(Sim *s, unsigned i, const Event *e) {
        SimRollout *r = &s->rollouts[i];
        Now now = now_of(s);
        const char *invariant;
        bool durable = false;
        int k;

        s->result->events++;
        memcpy(s->before, r->state, rollout_state_size(r->plan.n_targets));
        k = rollout_step(r->state, &r->plan, e, &now, s->actions);
        if (k < 0) {
                if (k != -ESTALE)
                        sim_fail(s, i, "an event was called nonsense");
                return;
        }
        invariant = invariant_broken(s->before, r->state, &r->plan, s->actions);
        if (invariant)
                sim_fail(s, i, invariant);
        note(s, i, r->state, rollout_state_size(r->plan.n_targets));
        if (phase_is_terminal((Phase) r->state->phase))
                r->ended_at = s->mono;
        for (size_t n = 0; n < s->actions->n; n++) {
                const Action *a = &s->actions->items[n];

                if (happens(s, s->o->crash_rate)) {
                        take_down(s, happens(s, 0.2));
                        return;
                }
                if (a->kind == ACTION_PERSIST) {
                        save(s, i);
                        durable = true;
                } else if (a->kind == ACTION_CANCEL) {
                        cancel(s, i, a->op_id);
                } else if (a->kind != ACTION_REPORT) {
                        if (fake_action_changes(a->kind) && !durable)
                                sim_fail(s, i, "a write before its record");
                        launch(s, i, a);
                }
        }
}

static void take_down(Sim *s, bool is_reboot) {
        usec_t away = prng_below(&s->prng, is_reboot ? 10 * USEC_PER_MINUTE : 5 * USEC_PER_SEC);
        unsigned long crashes;

        s->result->crashes++;
        if (is_reboot) {
                s->result->reboots++;
                s->boot++;
        }
        for (unsigned i = 0; i < s->o->n_rollouts; i++) {
                SimRollout *r = &s->rollouts[i];
                char words[160];

                for (size_t f = 0; f < EFFECTS_MAX; f++) {
                        Flight *flight = &r->flights[f];
                        bool lands = fake_action_changes(flight->action.kind) && flight->fault == FAULT_NONE;

                        if (!flight->is_used)
                                continue;
                        if (!fake_action_changes(flight->action.kind) || flight->leaves > s->mono) {
                                *flight = (Flight){ 0 };
                                continue;
                        }
                        flight->is_orphan = true;
                        flight->will_apply = flight->will_apply || (lands && happens(s, 0.7));
                }
                free(r->state);
                r->state = NULL;
                if (record_decode(r->durable, strlen(r->durable), r->plan.n_targets, &r->state, words) < 0)
                        sim_fail(s, i, "a record cannot be read back");
        }
        s->mono += away;
        crashes = s->result->crashes;
        /* Another crash while they are taken up again has taken all of them up itself. */
        for (unsigned i = 0; i < s->o->n_rollouts && !s->result->failure && crashes == s->result->crashes;
                        i++) {
                Event resume = { .kind = EVENT_RESUME };

                if (s->rollouts[i].state->phase == PHASE_QUEUED)
                        s->rollouts[i].started = false;
                else if (!phase_is_terminal((Phase) s->rollouts[i].state->phase))
                        feed(s, i, &resume);
        }
}

static Fault apply_write(Sim *s, SimRollout *r, const Action *a) {
        uint32_t i = a->target;
        uint64_t before = r->alias[i].route.primary;
        Fault fault = fake_alias_write(&r->alias[i], &a->write.route, a->write.revision);

        if (fault != FAULT_NONE)
                return fault;
        if (!fake_function_is_active(&r->function, usec_max(a->write.route.primary, a->write.route.extra)))
                sim_fail(s, (unsigned) (r - s->rollouts), "traffic goes to a version that is not Active");
        if (r->targets[i].publish.kind != PUBLISH_NOTHING &&
                        a->write.route.primary + a->write.route.extra > 41 &&
                        r->function.codes[1] != r->function.artifact)
                sim_fail(s, (unsigned) (r - s->rollouts), "traffic goes to code that is not the plan's");
        if (before != a->write.route.primary)
                sim_begin_move(s, r, i);
        s->result->writes++;
        if (r->exposed_at[i] == 0 && a->write.route.extra + a->write.route.primary != 41)
                r->exposed_at[i] = s->mono;
        if (r->n_writes[i] < SIM_WRITES_MAX)
                r->writes[i][r->n_writes[i]++] = (AliasWrite){
                        .mono = s->mono, .wall = now_of(s).wall, .route = a->write.route
                };
        return FAULT_NONE;
}

static usec_t bad_since(const SimRollout *r, uint32_t i) {
        return r->bad == i && r->bad_from != 0 && r->exposed_at[i] != 0 ? r->exposed_at[i] + r->bad_from
                                                                        : USEC_INFINITY;
}

static void fill_metrics(Sim *s, SimRollout *r, const Action *a, Event *e) {
        usec_t bad = bad_since(r, a->target);
        Now now = now_of(s);

        for (usec_t t = a->metrics.from; t < a->metrics.until && e->n_rows < ROWS_MAX; t += r->plan.period) {
                bool is_bad = s->mono > bad && t + s->mono >= now.wall + bad;

                if (t + r->plan.period > now.wall)
                        break; /* nothing is published before its minute is over */
                s->rows[e->n_rows++] = (MetricRow){
                        .start = t,
                        .new_version = { 60, is_bad ? 30 : 0 },
                        .old_version = { 600, 1 },
                };
        }
        e->rows = s->rows;
}

/* It rings a minute after the new version went bad, and now and then it cannot tell. */
static void fill_alarms(Sim *s, const SimRollout *r, uint32_t i, AlarmReading *alarm, Event *e) {
        bool is_bad = s->mono >= usec_add(bad_since(r, i), USEC_PER_MINUTE);

        *alarm = (AlarmReading){ .check = r->plan.n_checks - 1, .says = ALARM_SAYS_OK };
        if (is_bad)
                alarm->says = ALARM_SAYS_ALARM;
        else if (happens(s, 0.05))
                alarm->says = happens(s, s->o->fault_rate) ? ALARM_SAYS_MISSING : ALARM_SAYS_NOTHING;
        e->alarms = alarm;
        e->n_alarms = 1;
}

static FakeAge age_of_read(Sim *s) {
        if (!happens(s, s->o->fault_rate))
                return FAKE_PRESENT;
        return happens(s, 0.5) ? FAKE_FIRST : FAKE_PREVIOUS;
}

/* A reply that nobody waits for any more may not even be about something that has happened. */
static bool land_code(Sim *s, SimRollout *r, const Action *a, Event *e, bool will_apply, bool is_orphan,
                FakeTexts *texts) {
        FakeFunction before = r->function;

        if (!fake_function_answer(&r->function, a, e, texts))
                return false;
        if (is_orphan && !will_apply)
                r->function = before;
        else if (will_apply && e->fault == FAULT_TRANSIENT)
                fake_function_apply(&r->function, a);
        if (a->kind == ACTION_UPDATE_CODE && a->update.version != 0 && before.code == SIM_FOREIGN_CODE &&
                        !sim_deployed_by_others(r))
                sim_fail(s, (unsigned) (r - s->rollouts), "what somebody else has deployed is overwritten");
        return true;
}

static void land_create(SimRollout *r, const Action *a, Event *e, bool will_apply, bool is_orphan,
                char revision[static REVISION_SIZE]) {
        FakeAlias *alias = &r->alias[a->target];

        e->kind = EVENT_ALIAS_WRITTEN;
        if (e->fault == FAULT_NONE && (!is_orphan || will_apply))
                e->fault = fake_alias_create(alias, a->version);
        else if (will_apply)
                (void) fake_alias_create(alias, a->version);
        if (e->fault == FAULT_NONE)
                fake_alias_show(alias, FAKE_PRESENT, e, revision);
}

static void land(Sim *s, unsigned i, Flight *flight) {
        SimRollout *r = &s->rollouts[i];
        Action a = flight->action;
        Event e = { .target = a.target, .op_id = a.op_id, .fault = flight->fault, .version_active = true };
        bool is_orphan = flight->is_orphan, will_apply = flight->will_apply;
        char revision[REVISION_SIZE];
        FakeTexts texts;
        AlarmReading alarm;
        CheckFault refused = { .check = 0, .fault = FAULT_INVALID };

        *flight = (Flight){ 0 };
        if (land_code(s, r, &a, &e, will_apply, is_orphan, &texts)) {
                /* nothing of the alias */
        } else if (a.kind == ACTION_CREATE_ALIAS) {
                land_create(r, &a, &e, will_apply, is_orphan, revision);
        } else if (a.kind == ACTION_WRITE_ALIAS) {
                e.kind = EVENT_ALIAS_WRITTEN;
                if (e.fault == FAULT_NONE && (!is_orphan || will_apply))
                        e.fault = apply_write(s, r, &a);
                else if (will_apply)
                        (void) apply_write(s, r, &a);
                if (e.fault == FAULT_NONE)
                        fake_alias_show(&r->alias[a.target], FAKE_PRESENT, &e, revision);
        } else if (a.kind == ACTION_READ_ALIAS) {
                e.kind = EVENT_ALIAS_READ;
                if (e.fault == FAULT_NONE)
                        fake_alias_show(&r->alias[a.target], age_of_read(s), &e, revision);
        } else if (a.kind == ACTION_READ_VERSION) {
                e.kind = EVENT_VERSION_READ;
        } else if (a.kind == ACTION_READ_ALARMS) {
                e.kind = EVENT_ALARMS_READ;
                if (e.fault == FAULT_NONE)
                        fill_alarms(s, r, a.target, &alarm, &e);
        } else {
                e.kind = EVENT_METRICS_READ;
                if (e.fault == FAULT_NONE)
                        fill_metrics(s, r, &a, &e);
                /* Preflight would let nothing begin. */
                if (e.fault == FAULT_NONE && a.lane != LANE_PREFLIGHT && happens(s, s->o->fault_rate)) {
                        e.check_faults = &refused;
                        e.n_check_faults = 1;
                }
        }
        if (!is_orphan)
                feed(s, i, &e);
}

/* The next thing in virtual time: a landing, a deadline, or somebody else's hand. */
static bool advance(Sim *s) {
        usec_t first = USEC_INFINITY;
        unsigned who = 0;
        Flight *flight = NULL;
        bool is_others = false;
        Now now = now_of(s);

        for (unsigned i = 0; i < s->o->n_rollouts; i++) {
                SimRollout *r = &s->rollouts[i];
                usec_t deadline = r->started ? rollout_deadline(r->state, &r->plan, &now) : s->mono + i;

                if (deadline < first) {
                        first = deadline;
                        who = i;
                        flight = NULL;
                        is_others = false;
                }
                for (size_t f = 0; f < EFFECTS_MAX; f++)
                        if (r->flights[f].is_used && r->flights[f].due < first) {
                                first = r->flights[f].due;
                                who = i;
                                flight = &r->flights[f];
                                is_others = false;
                        }
                if (sim_others_due(r) < first) {
                        first = sim_others_due(r);
                        who = i;
                        flight = NULL;
                        is_others = true;
                }
        }
        if (first == USEC_INFINITY)
                return false;
        s->mono = usec_max(s->mono, first);
        if (s->o->clock_jumps && happens(s, 0.001))
                s->wall_offset += (int64_t) prng_below(&s->prng, 120 * USEC_PER_SEC) -
                                (int64_t) (60 * USEC_PER_SEC);
        if (is_others) {
                sim_others_act(s, &s->rollouts[who]);
        } else if (flight) {
                land(s, who, flight);
        } else {
                Event e = { .kind = s->rollouts[who].started ? EVENT_TICK : EVENT_START };

                if (happens(s, 0.0005) && s->rollouts[who].plan.on_newer_plan == NEWER_SUPERSEDES)
                        e.kind = EVENT_SUPERSEDE;
                feed(s, who, &e);
                s->rollouts[who].started |= s->rollouts[who].state->phase != PHASE_QUEUED;
        }
        return true;
}

int sim_run(const SimOptions *options, SimResult *ret) {
        Sim s = { .o = options,
                .prng = { .state = options->seed },
                .mono = USEC_PER_HOUR,
                .boot = 1,
                .result = ret };

        *ret = (SimResult){ 0 };
        s.rollouts = alloc_array(options->n_rollouts, sizeof(SimRollout));
        s.actions = alloc_one(ActionList);
        s.rows = alloc_array(ROWS_MAX, sizeof(MetricRow));
        s.before = alloc_zero(rollout_state_size(SIM_TARGETS_MAX));
        if (!s.rollouts || !s.actions || !s.rows || !s.before)
                return -ENOMEM;
        for (unsigned i = 0; i < options->n_rollouts; i++) {
                SimRollout *r = &s.rollouts[i];

                rollout_make(&s, r);
                r->state = alloc_zero(rollout_state_size(r->plan.n_targets));
                if (!r->state)
                        return -ENOMEM;
                rollout_init(r->state, &r->plan, prng_next(&s.prng));
                save(&s, i);
        }
        while (!ret->failure && ret->events < EVENTS_MAX && advance(&s))
                ;
        for (unsigned i = 0; i < options->n_rollouts; i++) {
                if (!ret->failure)
                        sim_check_end(&s, i);
                free(s.rollouts[i].state);
                free(s.rollouts[i].durable);
        }
        ret->virtual_time = s.mono;
        free(s.rollouts);
        free(s.actions);
        free(s.rows);
        free(s.before);
        return 0;
}
