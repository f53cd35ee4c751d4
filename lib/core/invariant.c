#include "core/invariant.h"

#include <string.h>

#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"

static bool stage_is_preflight(Stage stage) {
        switch (stage) {
        case STAGE_READ_ALIAS:
        case STAGE_READ_OLD:
        case STAGE_READ_NEW:
        case STAGE_READ_ALARMS:
        case STAGE_READ_CONCURRENCY:
        case STAGE_READ_LATEST:
        case STAGE_READ_CODE:
        case STAGE_READ_HISTORY:
                return true;
        case STAGE_IDLE:
        case STAGE_WRITE:
        case STAGE_RESOLVE:
        case STAGE_VERIFY:
        case STAGE_RELEASED:
        case STAGE_LATEST:
        case STAGE_UPDATE:
        case STAGE_UPDATED:
        case STAGE_PUBLISH:
        case STAGE_ACTIVATE:
        case STAGE_CREATE:
        case STAGE_CREATED:
        case STAGE_RESTORE_OLD:
        case STAGE_RESTORE_NEW:
                return false;
        }
        return false;
}

static const char *check_shape(const RolloutState *st, const Plan *plan) {
        if (st->phase >= PHASE_COUNT)
                return "the phase is one of the phases";
        if (st->n_targets != plan->n_targets || st->n_targets == 0)
                return "a state has the targets of its plan";
        if (st->wave >= plan_n_waves(plan))
                return "the wave is one of the plan's";
        if (st->step > plan->n_steps || (st->phase == PHASE_SHIFTING && st->step >= plan->n_steps))
                return "the step is one of the plan's";
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (stage_is_preflight((Stage) st->targets[i].stage) && st->phase != PHASE_PREFLIGHT)
                        return "preflight is over once it is left";
        return NULL;
}

static bool route_is(const Route *r, uint64_t primary, uint64_t extra, uint32_t weight) {
        return !r->is_odd && r->primary == primary && r->extra == extra && r->weight == weight;
}

/* Every weight that is written is the plan's for this very step, 0 or 100 %: never more, never another. */
static const char *check_write(const RolloutState *st, const Plan *plan, const Action *a) {
        const TargetState *t = &st->targets[a->target];
        const Route *r = &a->write.route;

        if (!target_is_in_play(st, plan, a->target))
                return "only the targets of the present wave are written";
        if (t->version_old == 0 || t->version_new == 0 || t->version_old == t->version_new)
                return "both versions are known before the first write";
        if (a->write.revision[0] == '\0')
                return "every write carries a RevisionId";
        if (st->phase == PHASE_SHIFTING)
                return route_is(r, t->version_old, t->version_new, plan->steps[st->step].weight)
                                ? NULL
                                : "a write in a step has the step's weight";
        if (st->phase == PHASE_PROMOTING || st->phase == PHASE_BAKING)
                return route_is(r, t->version_new, 0, 0) ? NULL : "a promotion is 100 % in one call";
        if (st->phase == PHASE_ROLLING_BACK)
                return route_is(r, t->version_old, 0, 0) ? NULL
                                                         : "a rollback puts everything on the old version";
        return "only live phases write";
}

/* Nothing is deployed but what the plan wants, and nothing put back but the old version's code: by one
 * target at a time, compared with what was seen. */
static const char *check_update(const RolloutState *st, const Plan *plan, const Action *a) {
        const TargetState *t = &st->targets[a->target];
        PublishKind kind = plan->targets[a->target].publish.kind;

        if (a->update.revision[0] == '\0')
                return "every update of code carries a RevisionId";
        if (st->phase == PHASE_PUBLISHING)
                return a->update.version == 0 && kind != PUBLISH_NOTHING && kind != PUBLISH_LATEST
                                ? NULL
                                : "what is deployed is what the plan publishes";
        if (st->phase != PHASE_RESTORING || !plan->restore_code)
                return "code is changed to publish, and to restore where the plan wants it";
        return a->update.version == t->version_old && a->update.code_sha[0] != '\0'
                        ? NULL
                        : "what is restored is the old version's code";
}

static const char *check_publish(const RolloutState *st, const Plan *plan, const Action *a) {
        if (a->publish.revision[0] == '\0' || a->publish.code_sha[0] == '\0')
                return "every version is published of what was seen";
        if (st->phase == PHASE_PUBLISHING)
                return plan->targets[a->target].publish.kind != PUBLISH_NOTHING
                                ? NULL
                                : "a version is published where the plan says so";
        if (st->phase != PHASE_RESTORING || !plan->restore_code)
                return "a version is published to shift to, or to restore where the plan wants it";
        return strcmp(a->publish.code_sha, st->targets[a->target].code.old_sha) == 0
                        ? NULL
                        : "what is restored is the old version's code";
}

static const char *check_create(const RolloutState *st, const Plan *plan, const Action *a) {
        const PlanTarget *target = &plan->targets[a->target];

        if (st->phase != PHASE_PUBLISHING || !target->create_alias)
                return "an alias is made where the plan says so, before anything is shifted";
        return a->version == target->from ? NULL : "an alias is made on the old version";
}

static const char *check_deploy(const RolloutState *st, const Plan *plan, const Action *a) {
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (i != a->target && t->stage != STAGE_IDLE && t->stage != STAGE_RELEASED)
                        return "one target at a time is deployed or restored";
                if (st->phase == PHASE_RESTORING && t->touched && t->stage != STAGE_RELEASED &&
                                target_is_in_play(st, plan, i) && !route_is(&t->route, t->version_old, 0, 0))
                        return "code comes back after the aliases";
        }
        if (a->kind == ACTION_UPDATE_CODE)
                return check_update(st, plan, a);
        return a->kind == ACTION_PUBLISH_VERSION ? check_publish(st, plan, a) : check_create(st, plan, a);
}

static bool is_deploy(ActionKind kind) {
        return kind == ACTION_UPDATE_CODE || kind == ACTION_PUBLISH_VERSION || kind == ACTION_CREATE_ALIAS;
}

static bool is_effect(ActionKind kind) {
        return kind != ACTION_PERSIST && kind != ACTION_REPORT && kind != ACTION_CANCEL;
}

static const char *check_effect(const RolloutState *st, const Plan *plan, const Action *a) {
        if (a->op_id == 0 || a->op_id >= st->next_op)
                return "every effect has an op id";
        if (phase_is_terminal((Phase) st->phase))
                return "a finished rollout has no effects";
        if (a->even_unrecorded && st->phase != PHASE_ROLLING_BACK)
                return "only a rollback starts without a record";
        if ((a->lane == LANE_ROLLBACK) != (st->phase == PHASE_ROLLING_BACK))
                return "the rollback lane is for rollbacks, and they have no other";
        if (is_deploy(a->kind))
                return check_deploy(st, plan, a);
        return a->kind == ACTION_WRITE_ALIAS ? check_write(st, plan, a) : NULL;
}

static bool is_waited_for(const RolloutState *st, uint64_t op_id) {
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (t->alias_op.id == op_id || t->poll_op.id == op_id || t->alarm_op.id == op_id)
                        return true;
        }
        return false;
}

/* What this very step asks for is withdrawn, not cancelled. */
static const char *check_cancel(const RolloutState *before, const RolloutState *after, const Action *a) {
        if (a->op_id == 0 || (before && !is_waited_for(before, a->op_id)))
                return "what is cancelled was outstanding";
        if (is_waited_for(after, a->op_id))
                return "what is cancelled is not waited for";
        return a->even_unrecorded ? NULL : "a cancel needs no record";
}

static const char *check_action(const RolloutState *before, const RolloutState *st, const Plan *plan,
                const ActionList *list, size_t i) {
        const Action *a = &list->items[i];
        bool persisted = list->items[0].kind == ACTION_PERSIST;

        if (a->kind == ACTION_PERSIST && i > 0)
                return "PERSIST comes first";
        if (a->target >= st->n_targets)
                return "an action names a target of the plan";
        if (a->kind == ACTION_CANCEL)
                return check_cancel(before, st, a);
        if ((a->kind == ACTION_WRITE_ALIAS || a->kind == ACTION_REPORT || is_deploy(a->kind)) && !persisted)
                return "PERSIST before any change or report";
        return is_effect(a->kind) ? check_effect(st, plan, a) : NULL;
}

static const char *check_actions(const RolloutState *before, const RolloutState *after, const Plan *plan,
                const ActionList *list) {
        uint64_t seq = before ? before->next_seq : 0;

        for (size_t i = 0; i < list->n; i++) {
                const Action *a = &list->items[i];
                const char *broken = check_action(before, after, plan, list, i);

                if (broken)
                        return broken;
                if (a->kind == ACTION_REPORT && before && a->report.seq != seq++)
                        return "reports are numbered without gaps";
        }
        return NULL;
}

/* The phases that may follow, as a set of bits. */
static unsigned successors(Phase p) {
        unsigned ends = 1u << PHASE_ROLLED_BACK | 1u << PHASE_REJECTED | 1u << PHASE_RELEASED;
        unsigned back = ends | 1u << PHASE_ROLLING_BACK | 1u << PHASE_RESTORING;
        unsigned self = 1u << p;

        switch (p) {
        case PHASE_QUEUED:
                return self | 1u << PHASE_PREFLIGHT | 1u << PHASE_REJECTED;
        case PHASE_PREFLIGHT:
                return self | 1u << PHASE_PUBLISHING | 1u << PHASE_SHIFTING | 1u << PHASE_PROMOTING |
                                1u << PHASE_REJECTED;
        case PHASE_PUBLISHING:
                return self | back | 1u << PHASE_SHIFTING | 1u << PHASE_PROMOTING;
        case PHASE_SHIFTING:
                return self | back | 1u << PHASE_PROMOTING;
        case PHASE_PROMOTING:
                return self | back | 1u << PHASE_SHIFTING | 1u << PHASE_BAKING | 1u << PHASE_SUCCEEDED;
        case PHASE_BAKING:
                return self | back | 1u << PHASE_SHIFTING | 1u << PHASE_PROMOTING | 1u << PHASE_SUCCEEDED;
        case PHASE_ROLLING_BACK:
                return self | ends | 1u << PHASE_RESTORING;
        case PHASE_RESTORING:
                return self | 1u << PHASE_ROLLED_BACK;
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return self;
        }
        return 0;
}

/* Never forward on unknown: every check of every alias was healthy, at a reading asked for after the hold.
 */
static const char *check_evidence(
                const RolloutState *st, const Plan *plan, const PlanWave *wave, usec_t hold_end) {
        uint32_t check;

        if (plan->n_checks == 0)
                return NULL;
        for (uint32_t i = wave->first_target; i < wave->first_target + wave->n_targets; i++) {
                const JudgeState *j = &st->targets[i].judge;

                if (!judge_healthy(j, plan, &check))
                        return "no step is left but on healthy checks";
                if (plan_reads_metrics(plan) && (!j->caught_up || j->read_age < hold_end))
                        return "no step is left on a reading that has not seen all of it";
                if (plan_reads_alarms(plan) && j->alarms_age < hold_end)
                        return "no step is left on a reading that has not seen all of it";
        }
        return NULL;
}

/* A step that is left has had its time, and evidence that was read after it. */
static const char *check_advance(const RolloutState *before, const RolloutState *after, const Plan *plan) {
        bool left_step = before->phase == PHASE_SHIFTING &&
                        (after->phase == PHASE_PROMOTING ||
                                        (after->phase == PHASE_SHIFTING && after->step > before->step));
        bool left_bake = before->phase == PHASE_BAKING &&
                        (after->phase == PHASE_SUCCEEDED || after->wave > before->wave);
        PlanWave wave = plan_wave(plan, before->wave);
        usec_t hold;

        if (!left_step && !left_bake)
                return NULL;
        hold = left_bake ? wave.bake : plan->steps[before->step].hold;
        if (before->step_age == 0 || after->age < usec_add(before->step_age, hold))
                return "no step is shortened";
        if (left_step && after->phase == PHASE_SHIFTING && after->step != before->step + 1)
                return "no step is skipped";
        if (left_step && after->phase == PHASE_PROMOTING && before->step + 1 != plan->n_steps)
                return "no step is skipped";
        return check_evidence(after, plan, &wave, usec_add(before->step_age, hold));
}

static const char *check_transition(
                const RolloutState *before, const RolloutState *after, const Plan *plan) {
        if ((successors((Phase) before->phase) & 1u << after->phase) == 0)
                return "a phase is followed by one of its successors";
        if (phase_is_terminal((Phase) before->phase) &&
                        memcmp(before, after, rollout_state_size(before->n_targets)) != 0)
                return "a finished rollout does not change";
        if (after->wave < before->wave || after->wave > before->wave + 1)
                return "waves come one after the other";
        if (after->wave > before->wave && before->phase != PHASE_PROMOTING && before->phase != PHASE_BAKING)
                return "a wave is over once it is baked";
        if (after->wave == before->wave &&
                        (before->phase == PHASE_PROMOTING || before->phase == PHASE_BAKING) &&
                        (after->phase < before->phase))
                return "only another wave begins anew";
        if (after->step < before->step && after->wave == before->wave)
                return "steps are never repeated";
        if (after->age < before->age)
                return "the observed time never runs backwards";
        if (after->next_op < before->next_op || after->next_seq < before->next_seq)
                return "numbers are never given twice";
        return check_advance(before, after, plan);
}

static const char *check_places(const RolloutState *st, const Plan *plan) {
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].place != 0 &&
                                st->targets[i].place != plan_target_place(&plan->targets[i]))
                        return "its alias is where it was when it began (was the daemon's region or role changed?)";
        return NULL;
}

/* One wave is in motion: those before it are as its bake left them, those after it as preflight did. */
static const char *check_waves(const RolloutState *st, const Plan *plan) {
        PlanWave wave = plan_wave(plan, st->wave);

        if (!phase_is_live((Phase) st->phase))
                return NULL;
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (i >= wave.first_target + wave.n_targets && t->touched)
                        return "no target is touched before the waves before it are baked";
                if (target_is_in_play(st, plan, i))
                        continue;
                if (t->stage != STAGE_IDLE || t->alias_op.id != 0 || t->poll_op.id != 0 ||
                                t->alarm_op.id != 0)
                        return "never two waves in motion";
                if (i < wave.first_target && !route_is(&t->route, t->version_new, 0, 0))
                        return "a wave is over when all its targets have all the traffic";
        }
        return NULL;
}

/* A rollback may leave the waves before it where they are. */
static bool stays(const RolloutState *st, const Plan *plan, uint32_t i) {
        return !plan->wave_failure_all && i < plan_wave(plan, st->wave).first_target;
}

static const char *check_outcome(const RolloutState *st, const Plan *plan) {
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (st->phase == PHASE_SUCCEEDED && !route_is(&t->route, t->version_new, 0, 0))
                        return "success means: the new version has all the traffic";
                if (st->phase == PHASE_ROLLED_BACK && stays(st, plan, i)) {
                        if (!route_is(&t->route, t->version_new, 0, 0))
                                return "a wave that stays has all the traffic on the new version";
                        continue;
                }
                if (st->phase == PHASE_ROLLED_BACK && t->touched &&
                                !route_is(&t->route, t->version_old, 0, 0))
                        return "rolled back means: the old version has all the traffic";
                if (st->phase == PHASE_REJECTED && (t->touched || t->code.touched != 0))
                        return "rejected means: nothing was touched";
        }
        return NULL;
}

/* Each target that is at something has a call outstanding, or one to come: those of the others do not help
 * it. */
static bool target_is_stuck(const TargetState *t) {
        return t->stage != STAGE_IDLE && t->stage != STAGE_RELEASED && t->alias_op.id == 0 &&
                        t->alias_op.retry_at == 0;
}

/* Whoever has seen the new version's traffic is looked after: each poll is under way, or is the next. */
static const char *check_watch(const RolloutState *st, const Plan *plan) {
        usec_t latest = usec_add(st->age, plan->every);

        if (st->phase != PHASE_SHIFTING && st->phase != PHASE_PROMOTING && st->phase != PHASE_BAKING)
                return NULL;
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (t->judge.exposed_since == 0 || !target_is_in_play(st, plan, i))
                        continue;
                if (plan_reads_metrics(plan) && t->poll_op.id == 0 && t->next_poll > latest)
                        return "metrics are read again and again";
                if (plan_reads_alarms(plan) && t->alarm_op.id == 0 && t->next_alarms > latest)
                        return "alarms are read again and again";
        }
        return NULL;
}

/* Something will move it on: a call that is outstanding, or a deadline. */
static const char *check_alive(const RolloutState *st, const Plan *plan) {
        if (st->phase == PHASE_QUEUED || phase_is_terminal((Phase) st->phase))
                return NULL;
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (target_is_stuck(&st->targets[i]))
                        return "no target hangs";
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].alias_op.id != 0 || st->targets[i].poll_op.id != 0 ||
                                st->targets[i].alarm_op.id != 0)
                        return NULL;
        return rollout_deadline(st, plan, &st->last) != USEC_INFINITY ? NULL : "nothing hangs";
}

const char *invariant_broken(const RolloutState *before, const RolloutState *after, const Plan *plan,
                const ActionList *actions) {
        const char *broken = check_shape(after, plan);

        if (!broken && actions)
                broken = check_actions(before, after, plan, actions);
        if (!broken && before)
                broken = check_transition(before, after, plan);
        /* What was stored is asked for anew when it is taken up again. */
        if (!broken && before)
                broken = check_watch(after, plan);
        if (!broken)
                broken = check_places(after, plan);
        if (!broken)
                broken = check_waves(after, plan);
        if (!broken)
                broken = check_outcome(after, plan);
        return broken ? broken : check_alive(after, plan);
}
