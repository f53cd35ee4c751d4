#include "model/model.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/prng.h"
#include "base/usec.h"
#include "core/invariant.h"

#define BOOT 1
#define WALL_START (1000000 * USEC_PER_SEC)
#define FINISH_EVENTS_MAX 400

enum { ALARMS_OK, ALARMS_NOTHING, ALARMS_RINGING, ALARMS_MISSING };

enum { READING_HEALTHY, READING_EMPTY, READING_BREACH };

static Now now_of(const ModelWorld *w) {
        return (Now){ .wall = WALL_START + w->mono, .mono = w->mono, .boot = BOOT };
}

void model_broken(Model *m, const char *what) {
        if (!m->failure)
                m->failure = what;
}

/* What had not left is gone; what had may still land. A late write that never does is the first case. */
static void cancel(Model *m, ModelNode *n, uint32_t i, uint64_t op_id) {
        Action *const effects[] = { &n->alias_effect[i], &n->poll_effect[i], &n->alarm_effect[i] };
        bool found = false;

        for (size_t k = 0; k < ELEMENTSOF(effects); k++) {
                if (effects[k]->op_id != op_id)
                        continue;
                if (fake_action_changes(effects[k]->kind))
                        model_write_late(n, i, effects[k]);
                *effects[k] = (Action){ 0 };
                found = true;
        }
        if (!found)
                model_broken(m, "what is cancelled was never started");
}

static void launch(Model *m, Action *slot, const Action *a) {
        if (slot->op_id != 0)
                model_broken(m, "an effect replaces another that was not cancelled");
        *slot = *a;
}

/* One event through the brain; effects are noted as outstanding, PERSIST makes the state durable. */
static bool step(Model *m, ModelNode *n, const Event *e) {
        static _Alignas(8) unsigned char before[MODEL_STATE_SIZE];
        RolloutState *st = model_state(n);
        Now now = now_of(&n->world);
        const char *invariant;
        int r;

        st->prng.state = 7; /* jitter has no say in what is reachable */
        memcpy(before, n->state, sizeof(before));
        r = rollout_step(st, m->plan, e, &now, m->actions);
        if (r < 0) {
                if (r == -EINVAL)
                        model_broken(m, "the brain calls an event of the model nonsense");
                if (memcmp(before, n->state, sizeof(before)) != 0)
                        model_broken(m, "an event was refused, yet the state changed");
                return false;
        }
        invariant = invariant_broken((const RolloutState *) (const void *) before, st, m->plan, m->actions);
        if (invariant)
                model_broken(m, invariant);
        for (size_t i = 0; i < m->actions->n; i++) {
                const Action *a = &m->actions->items[i];

                if (a->kind == ACTION_PERSIST)
                        memcpy(n->durable, n->state, sizeof(n->durable));
                else if (a->kind == ACTION_CANCEL)
                        cancel(m, n, a->target, a->op_id);
                else if (a->kind == ACTION_READ_METRICS)
                        launch(m, &n->poll_effect[a->target], a);
                else if (a->kind == ACTION_READ_ALARMS)
                        launch(m, &n->alarm_effect[a->target], a);
                else if (a->kind != ACTION_REPORT)
                        launch(m, &n->alias_effect[a->target], a);
        }
        model_check_world(m, n);
        return true;
}

/* The new code is still to come, or $LATEST has it, or it is version 42, too. */
static void make_function(FakeFunction *f, PublishKind kind) {
        fake_function_init(f, 42);
        if (kind == PUBLISH_NOTHING || kind == PUBLISH_LATEST)
                f->code = 42;
        if (kind == PUBLISH_NOTHING)
                f->codes[f->n_versions++] = 42;
}

void model_root(Model *m, ModelNode *ret, uint32_t faults, uint32_t crashes, uint32_t seizures) {
        Event start = { .kind = EVENT_START };

        memset(ret, 0, sizeof(*ret));
        rollout_init(model_state(ret), m->plan, 7);
        memcpy(ret->durable, ret->state, sizeof(ret->durable));
        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                fake_alias_init(&ret->world.alias[i], 41);
                make_function(&ret->world.function[i], m->plan->targets[i].publish.kind);
                ret->world.alias[i].is_deleted = m->plan->targets[i].create_alias;
        }
        ret->world.faults_left = faults;
        ret->world.crashes_left = crashes;
        ret->world.seizures_left = seizures;
        ret->world.mono = USEC_PER_SEC;
        (void) step(m, ret, &start);
}

static ModelNode *next_of(Model *m, const ModelNode *n, char letter) {
        m->next = *n;
        if (m->next.depth < MODEL_DEPTH_MAX)
                m->next.trail[m->next.depth++] = letter;
        return &m->next;
}

static void complete_well(Model *m, ModelNode *n, uint32_t i, FakeAge age) {
        Action a = n->alias_effect[i];
        Event e = {
                .kind = action_completion(a.kind), .target = i, .op_id = a.op_id, .version_active = true
        };
        char revision[REVISION_SIZE];
        uint32_t code_before;
        FakeTexts texts;

        n->alias_effect[i] = (Action){ 0 };
        code_before = model_function(m, n, i)->code;
        if (!fake_function_answer(model_function(m, n, i), &a, &e, &texts)) {
                if (a.kind == ACTION_WRITE_ALIAS)
                        e.fault = fake_alias_write(&n->world.alias[i], &a.write.route, a.write.revision);
                else if (a.kind == ACTION_CREATE_ALIAS)
                        e.fault = fake_alias_create(&n->world.alias[i], a.version);
                if (a.kind != ACTION_READ_VERSION && e.fault == FAULT_NONE)
                        fake_alias_show(&n->world.alias[i], age, &e, revision);
        }
        if (a.kind == ACTION_UPDATE_CODE)
                model_check_update(m, n, &a, code_before);
        (void) step(m, n, &e);
}

/* "lands": 0 never, 1 at once (only the reply is lost), 2 perhaps later. */
static void complete_badly(Model *m, ModelNode *n, uint32_t i, Fault fault, int lands) {
        Action a = n->alias_effect[i];
        Event e = { .kind = action_completion(a.kind), .target = i, .op_id = a.op_id, .fault = fault };
        FakeTexts texts;

        n->alias_effect[i] = (Action){ 0 };
        n->world.faults_left--;
        (void) fake_function_answer(model_function(m, n, i), &a, &e, &texts);
        if (lands == 1)
                model_land(m, n, i, &a);
        if (fake_action_changes(a.kind) && lands == 2)
                model_write_late(n, i, &a);
        (void) step(m, n, &e);
}

/* check_fault: of the first check alone. */
static void complete_poll(Model *m, ModelNode *n, uint32_t i, int reading, Fault fault, Fault check_fault) {
        Action a = n->poll_effect[i];
        Event e = { .kind = EVENT_METRICS_READ, .target = i, .op_id = a.op_id, .fault = fault };
        CheckFault one = { .check = 0, .fault = check_fault };
        MetricRow rows[64];

        n->poll_effect[i] = (Action){ 0 };
        for (usec_t t = a.metrics.from; t < a.metrics.until && e.n_rows < 64 && reading != READING_EMPTY;
                        t += m->plan->period) {
                rows[e.n_rows++] = (MetricRow){
                        .start = t,
                        .new_version = { 100, reading == READING_BREACH ? 50 : 0 },
                        .old_version = { 100, 0 },
                };
        }
        e.rows = rows;
        if (fault == FAULT_NONE && check_fault != FAULT_NONE) {
                e.check_faults = &one;
                e.n_check_faults = 1;
        }
        if (fault != FAULT_NONE || check_fault != FAULT_NONE)
                n->world.faults_left--;
        if (reading == READING_BREACH && a.lane != LANE_PREFLIGHT)
                n->world.breach_seen = 1;
        (void) step(m, n, &e);
}

static void complete_alarms(Model *m, ModelNode *n, uint32_t i, int says, Fault fault) {
        static const AlarmSays words[] = { [ALARMS_OK] = ALARM_SAYS_OK,
                [ALARMS_NOTHING] = ALARM_SAYS_NOTHING,
                [ALARMS_RINGING] = ALARM_SAYS_ALARM,
                [ALARMS_MISSING] = ALARM_SAYS_MISSING };
        Event e = {
                .kind = EVENT_ALARMS_READ, .target = i, .op_id = n->alarm_effect[i].op_id, .fault = fault
        };
        AlarmReading readings[PLAN_CHECKS_MAX];

        n->alarm_effect[i] = (Action){ 0 };
        for (uint32_t c = 0; c < m->plan->n_checks; c++)
                if (m->plan->checks[c].kind == CHECK_ALARM)
                        readings[e.n_alarms++] = (AlarmReading){ .check = c, .says = words[says] };
        e.alarms = readings;
        if (fault != FAULT_NONE || says == ALARMS_MISSING)
                n->world.faults_left--;
        if (says == ALARMS_RINGING)
                n->world.breach_seen = 1;
        (void) step(m, n, &e);
}

static bool tick(Model *m, ModelNode *n) {
        Now now = now_of(&n->world);
        usec_t deadline = rollout_deadline(model_state_const(n), m->plan, &now);
        Event e = { .kind = EVENT_TICK };

        if (deadline == USEC_INFINITY)
                return false;
        n->world.mono = usec_max(n->world.mono, deadline);
        return step(m, n, &e);
}

/* The process dies: what is not durable is gone, and so are all effects; a write on the wire may still
 * arrive. */
static void crash(Model *m, ModelNode *n, int lands) {
        Event e = { .kind = EVENT_RESUME };

        n->world.crashes_left--;
        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                const Action *a = &n->alias_effect[i];

                if (lands == 1)
                        model_land(m, n, i, a);
                if (fake_action_changes(a->kind) && lands == 2)
                        model_write_late(n, i, a);
        }
        memset(n->alias_effect, 0, sizeof(n->alias_effect));
        memset(n->poll_effect, 0, sizeof(n->poll_effect));
        memset(n->alarm_effect, 0, sizeof(n->alarm_effect));
        memcpy(n->state, n->durable, sizeof(n->state));
        (void) step(m, n, &e);
}

/* Reads of the alias that show what it was, or a 404 from somewhere on the way. */
static unsigned expand_read(Model *m, const ModelNode *node, uint32_t i, ModelVisit visit, void *userdata) {
        const FakeAlias *a = &node->world.alias[i];
        ModelNode *next;
        unsigned n = 0;

        if (node->alias_effect[i].kind != ACTION_READ_ALIAS)
                return 0;
        for (FakeAge age = FAKE_PREVIOUS; age <= FAKE_FIRST; age++) {
                if (a->touched_by_others || a->previous_revision == 0 ||
                                (age == FAKE_FIRST && a->first_revision == a->previous_revision))
                        continue;
                next = next_of(m, node, age == FAKE_FIRST ? 'S' : 's');
                next->world.faults_left--;
                complete_well(m, next, i, age);
                visit(m, next, userdata);
                n++;
        }
        if (model_state_const(node)->phase == PHASE_PREFLIGHT)
                return n;
        next = next_of(m, node, '4');
        complete_badly(m, next, i, FAULT_MISSING, 0);
        visit(m, next, userdata);
        return n + 1;
}

static unsigned expand_effect(
                Model *m, const ModelNode *node, uint32_t i, ModelVisit visit, void *userdata) {
        /* One of each kind that the brain tells apart: sure, not sure, for good, somebody was faster. */
        static const Fault faults[] = { FAULT_THROTTLED, FAULT_TRANSIENT, FAULT_INVALID,
                FAULT_PRECONDITION };
        ActionKind kind = node->alias_effect[i].kind;
        int landings = fake_action_changes(kind) ? 3 : 1;
        unsigned n = 1;
        ModelNode *next = next_of(m, node, 'g');

        complete_well(m, next, i, FAKE_PRESENT);
        visit(m, next, userdata);
        if (node->world.faults_left == 0)
                return n;
        for (size_t f = 0; f < ELEMENTSOF(faults); f++) {
                for (int lands = 0; lands < (faults[f] == FAULT_TRANSIENT ? landings : 1); lands++, n++) {
                        next = next_of(m, node, lands == 0 ? (char) ('a' + f) : lands == 1 ? 'A' : 'L');
                        complete_badly(m, next, i, faults[f], lands);
                        visit(m, next, userdata);
                }
        }
        return n + expand_read(m, node, i, visit, userdata);
}

static unsigned expand_poll(Model *m, const ModelNode *node, uint32_t i, ModelVisit visit, void *userdata) {
        ModelNode *next;
        unsigned n = 0;

        /* Preflight's look back is only told: what it shows makes no difference. */
        int last = node->poll_effect[i].lane == LANE_PREFLIGHT ? READING_HEALTHY : READING_BREACH;

        for (int reading = READING_HEALTHY; reading <= last; reading++, n++) {
                next = next_of(m, node, "heb"[reading]);
                complete_poll(m, next, i, reading, FAULT_NONE, FAULT_NONE);
                visit(m, next, userdata);
        }
        if (node->world.faults_left > 0) {
                next = next_of(m, node, 'u');
                complete_poll(m, next, i, READING_EMPTY, FAULT_TRANSIENT, FAULT_NONE);
                visit(m, next, userdata);
                next = next_of(m, node, 'r');
                complete_poll(m, next, i, READING_HEALTHY, FAULT_NONE, FAULT_INVALID);
                visit(m, next, userdata);
                n += 2;
        }
        return n;
}

static unsigned expand_alarms(
                Model *m, const ModelNode *node, uint32_t i, ModelVisit visit, void *userdata) {
        ModelNode *next;
        unsigned n = 0;

        for (int says = ALARMS_OK; says <= (node->world.faults_left > 0 ? ALARMS_MISSING : ALARMS_RINGING);
                        says++, n++) {
                next = next_of(m, node, "onRm"[says]);
                complete_alarms(m, next, i, says, FAULT_NONE);
                visit(m, next, userdata);
        }
        if (node->world.faults_left > 0) {
                next = next_of(m, node, 'x');
                complete_alarms(m, next, i, ALARMS_OK, FAULT_TRANSIENT);
                visit(m, next, userdata);
                n++;
        }
        return n;
}

static unsigned expand_world(Model *m, const ModelNode *node, ModelVisit visit, void *userdata) {
        const Route theirs = { .primary = 43 };
        ModelNode *next;
        unsigned n = 0;

        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                const LateWrite *late = &node->world.late[i];
                Action a;

                if (late->is_pending) {
                        next = next_of(m, node, 'l');
                        next->world.late[i] = (LateWrite){ 0 };
                        a = model_late_action(late);
                        model_land(m, next, i, &a);
                        visit(m, next, userdata);
                        n++;
                }
                if (node->world.deploys_left > 0) {
                        next = next_of(m, node, 'C');
                        next->world.deploys_left--;
                        fake_function_seize(model_function(m, next, i), MODEL_FOREIGN_CODE);
                        visit(m, next, userdata);
                        n++;
                }
                if (node->world.seizures_left > 0) {
                        next = next_of(m, node, 'F');
                        next->world.seizures_left--;
                        fake_alias_seize(&next->world.alias[i], &theirs);
                        visit(m, next, userdata);
                        next = next_of(m, node, 'D');
                        next->world.seizures_left--;
                        next->world.alias[i].is_deleted = next->world.alias[i].touched_by_others = 1;
                        visit(m, next, userdata);
                        n += 2;
                }
        }
        if (node->world.supersedes_left > 0) {
                Event e = { .kind = EVENT_SUPERSEDE, .by = "model@2" };

                next = next_of(m, node, 'N');
                next->world.supersedes_left--;
                (void) step(m, next, &e);
                visit(m, next, userdata);
                n++;
        }
        for (int lands = 0; node->world.crashes_left > 0 && lands < 3; lands++, n++) {
                next = next_of(m, node, (char) ('0' + lands));
                crash(m, next, lands);
                visit(m, next, userdata);
        }
        return n;
}

unsigned model_expand(Model *m, const ModelNode *node, ModelVisit visit, void *userdata) {
        ModelNode *next;
        unsigned n = 0;

        if (phase_is_terminal((Phase) model_state_const(node)->phase))
                return 0;
        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                if (node->alias_effect[i].op_id != 0)
                        n += expand_effect(m, node, i, visit, userdata);
                if (node->poll_effect[i].op_id != 0)
                        n += expand_poll(m, node, i, visit, userdata);
                if (node->alarm_effect[i].op_id != 0)
                        n += expand_alarms(m, node, i, visit, userdata);
        }
        next = next_of(m, node, 't');
        if (tick(m, next)) {
                visit(m, next, userdata);
                n++;
        }
        return n + expand_world(m, node, visit, userdata);
}

bool model_finishes(Model *m, const ModelNode *node) {
        ModelNode *n = &m->driven;

        *n = *node;
        for (unsigned events = 0; events < FINISH_EVENTS_MAX; events++) {
                bool moved = false;

                if (m->failure || phase_is_terminal((Phase) model_state_const(n)->phase))
                        return !m->failure;
                for (uint32_t i = 0; i < m->plan->n_targets && !moved; i++) {
                        if (n->alias_effect[i].op_id != 0) {
                                complete_well(m, n, i, FAKE_PRESENT);
                                moved = true;
                        } else if (n->poll_effect[i].op_id != 0) {
                                complete_poll(m, n, i, READING_HEALTHY, FAULT_NONE, FAULT_NONE);
                                moved = true;
                        } else if (n->alarm_effect[i].op_id != 0) {
                                complete_alarms(m, n, i, ALARMS_OK, FAULT_NONE);
                                moved = true;
                        }
                }
                if (!moved && !tick(m, n))
                        break;
        }
        model_broken(m, "it never ends, though all goes well");
        return false;
}

/* Numbers that only ever count up, and times that only matter relative to the present, are taken out. */
static void normalise(const Model *m, RolloutState *st) {
        st->next_op = st->next_seq = 0;
        st->prng.state = 0;
        memset(&st->last, 0, sizeof(st->last));
        st->persisted_age = 0;
        st->step_wall = st->started_wall = st->ended_wall = 0;
        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                st->targets[i].alias_op.id = st->targets[i].alias_op.id != 0;
                st->targets[i].poll_op.id = st->targets[i].poll_op.id != 0;
                st->targets[i].alarm_op.id = st->targets[i].alarm_op.id != 0;
                st->targets[i].seen_wall = 0;
        }
}

/* Word-wise, as a node is large and there are millions: the mixing step of SplitMix64 over every word. */
static uint64_t fingerprint(const void *data, size_t size) {
        const uint64_t *words = data;
        uint64_t hash = 0;

        for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
                Prng p = { .state = hash ^ words[i] };

                hash = words[i] == 0 ? hash * 31 : prng_next(&p);
        }
        return hash;
}

uint64_t model_fingerprint(const Model *m, const ModelNode *node) {
        static ModelNode copy;

        copy = *node;
        copy.depth = 0;
        memset(copy.trail, 0, sizeof(copy.trail));
        normalise(m, model_state(&copy));
        normalise(m, (RolloutState *) (void *) copy.durable);
        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                copy.alias_effect[i].op_id = copy.alias_effect[i].op_id != 0;
                copy.poll_effect[i].op_id = copy.poll_effect[i].op_id != 0;
                copy.alarm_effect[i].op_id = copy.alarm_effect[i].op_id != 0;
        }
        return fingerprint(&copy, sizeof(copy));
}
