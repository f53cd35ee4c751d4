#include <stdio.h>
#include <string.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/record.h"
#include "core/invariant.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/manager-internal.h"

#define REASON_MAX 480

/* Somebody has to put the zone back before the rollout moves on. */
static void tell_closed(const StoreRow *row, const Plan *plan, const DiagList *diags) {
        for (size_t i = 0; i < diags->n && plan->not_before == USEC_INFINITY; i++)
                log_rollout(LOG_WARNING, row->id, "%s", diags->entries[i].message);
}

/* The stored text is held against its hash: what was judged and what is judged from now on is one plan. */
static int read_plan(const StoreRow *row, bool is_live, PlanDoc **ret, char reterr[static REASON_MAX]) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        uint8_t sha256[DIGEST_SIZE];
        Now now;
        int r;

        if (!diags)
                return -ENOMEM;
        clock_read(&now);
        r = digest_sha256(row->plan_text, row->plan_size, sha256);
        if (r >= 0 && memcmp(sha256, row->plan_sha256, PLAN_HASH_SIZE) != 0)
                r = -EUCLEAN;
        if (r >= 0)
                r = plan_parse_stored(row->plan_text, row->plan_size, row->name, row->plan_sha256, now.wall,
                                diags, ret);
        if (r == -EBADMSG && diags->n > 0)
                (void) snprintf(reterr, REASON_MAX,
                                "its stored plan is not accepted any more: line %u: %.200s; the canaryd that accepted "
                                "it would carry it on",
                                diags->entries[0].line, diags->entries[0].message);
        else if (r < 0)
                (void) snprintf(reterr, REASON_MAX, "its stored plan is damaged: %s", strerror(-r));
        else if (is_live)
                tell_closed(row, &(*ret)->plan, diags);
        return r;
}

static int fill_plan(const Manager *m, PlanDoc *doc, char reterr[static REASON_MAX]) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        int r;

        if (!diags)
                return -ENOMEM;
        r = plan_doc_fill(doc, &m->defaults, diags);
        if (r == -EBADMSG)
                (void) snprintf(reterr, REASON_MAX,
                                "with the daemon's present region and role, its stored plan is refused: %.200s; put "
                                "\"region\" and \"role_arn\" under \"aws\" back to what they were and restart it",
                                diags->entries[0].message);
        return r;
}

/* The first target that began somewhere else than where its plan leads now; NULL: none did. */
static const PlanTarget *find_elsewhere(const RolloutState *state, const Plan *plan) {
        for (uint32_t i = 0; i < state->n_targets; i++)
                if (state->targets[i].place != 0 &&
                                state->targets[i].place != plan_target_place(&plan->targets[i]))
                        return &plan->targets[i];
        return NULL;
}

/* All but the places. */
static const char *find_broken(RolloutState *state, const Plan *plan, ActionList *none) {
        uint64_t places[PLAN_TARGETS_MAX];
        const char *broken;

        if (state->n_targets != plan->n_targets ||
                        memcmp(state->plan_sha256, plan->sha256, PLAN_HASH_SIZE) != 0)
                return "it is of another plan";
        for (uint32_t i = 0; i < state->n_targets; i++) {
                places[i] = state->targets[i].place;
                state->targets[i].place = 0;
        }
        none->n = 0;
        broken = invariant_broken(NULL, state, plan, none);
        for (uint32_t i = 0; i < state->n_targets; i++)
                state->targets[i].place = places[i];
        return broken;
}

static void tell_elsewhere(const PlanTarget *t, char reterr[static REASON_MAX]) {
        (void) snprintf(reterr, REASON_MAX,
                        "it began with %.64s:%.64s of another region or account than where its plan and the "
                        "daemon's configuration lead now (%.64s%s%.128s); put \"region\" and \"role_arn\" under "
                        "\"aws\" back to what they were, and restart it",
                        t->function, t->alias, t->region ? t->region : "no region is known any more",
                        t->role_arn ? ", as " : "", t->role_arn ? t->role_arn : "");
}

static int read_state(const StoreRow *row, const Plan *plan, ActionList *none, RolloutState **ret,
                char reterr[static REASON_MAX]) {
        _cleanup_(freep) RolloutState *state = NULL;
        const char *broken;
        char why[160];
        int r;

        r = record_decode(row->record, row->record_size, plan->n_targets, &state, why);
        if (r < 0) {
                (void) snprintf(reterr, REASON_MAX,
                                "its record cannot be read, so how far it got is not known: %s",
                                r == -ENOMEM ? strerror(-r) : why);
                return r;
        }
        broken = find_broken(state, plan, none);
        if (broken) {
                (void) snprintf(reterr, REASON_MAX,
                                "its record contradicts itself, so how far it got is not known: %s", broken);
                return -EUCLEAN;
        }
        *ret = TAKE_PTR(state);
        return 0;
}

/* A rollout without a state of its own: it only keeps its alias from others until somebody helps. */
static int make_placeholder(const Plan *plan, RolloutState **ret) {
        RolloutState *state = alloc_zero(rollout_state_size(plan->n_targets));

        if (!state)
                return -ENOMEM;
        rollout_init(state, plan, 0);
        *ret = state;
        return 0;
}

/* Of a plan that is refused by now, its targets; and of its record, which is not judged without the rest of
 * the plan, what people have to know of them. */
static int salvage(const Manager *m, const StoreRow *row, PlanDoc **doc, RolloutState **ret) {
        _cleanup_(freep) RolloutState *stored = NULL, *state = NULL;
        char ignored[REASON_MAX], why[160];
        int r = 0;

        if (!*doc) {
                r = plan_parse_targets(row->plan_text, row->plan_size, row->name, row->plan_sha256, doc);
                if (r >= 0 && fill_plan(m, *doc, ignored) == -ENOMEM)
                        r = -ENOMEM;
        }
        if (r >= 0)
                r = make_placeholder(&(*doc)->plan, &state);
        if (r < 0)
                return r;
        r = record_decode(row->record, row->record_size, state->n_targets, &stored, why);
        if (r == -ENOMEM)
                return r;
        for (uint32_t i = 0; r >= 0 && i < state->n_targets; i++) {
                state->targets[i].version_old = stored->targets[i].version_old;
                state->targets[i].version_new = stored->targets[i].version_new;
                state->targets[i].route = stored->targets[i].route;
                state->targets[i].want = stored->targets[i].want;
                state->targets[i].place = stored->targets[i].place;
        }
        if (r >= 0 && !phase_is_terminal((Phase) stored->phase))
                state->phase = stored->phase;
        *ret = TAKE_PTR(state);
        return 0;
}

/* 1: fine. 0: there is something to show, and "trouble" says why it is frozen. */
static int load_parts(Manager *m, const StoreRow *row, PlanDoc **doc, RolloutState **state,
                char trouble[static REASON_MAX]) {
        const PlanTarget *elsewhere;
        int r = read_plan(row, true, doc, trouble);

        if (r >= 0)
                r = fill_plan(m, *doc, trouble);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return salvage(m, row, doc, state);
        r = read_state(row, &(*doc)->plan, m->shared.actions, state, trouble);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return make_placeholder(&(*doc)->plan, state);
        exec_clock_remember(m->exec, &(*state)->last);
        elsewhere = find_elsewhere(*state, &(*doc)->plan);
        if (elsewhere)
                tell_elsewhere(elsewhere, trouble);
        else if (find_without_region(&(*doc)->plan))
                (void) str_copy(trouble, REASON_MAX, "no region is known any more: " MANAGER_REGION_ADVICE);
        else
                return 1;
        return 0;
}

/* Out of memory here ends the start-up; anything wrong with one rollout freezes that one only. */
static int on_live_row(const StoreRow *row, void *userdata) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) RolloutState *state = NULL;
        _cleanup_(slot_freep) Slot *slot = NULL;
        char trouble[REASON_MAX];
        Manager *m = userdata;
        bool frozen;
        int r;

        r = load_parts(m, row, &doc, &state, trouble);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                log_rollout(LOG_ALERT, row->id, "FROZEN, look after the alias of its plan (%s) by hand: %s",
                                row->plan_path, trouble);
                m->n_lost++;
                return 0;
        }
        frozen = r == 0;
        r = slot_new(m,
                        &(RunnerId){ .id = row->id,
                                        .name = row->name,
                                        .plan_path = row->plan_path,
                                        .number = row->number },
                        &doc, &state, &slot);
        if (r >= 0)
                r = map_put(m->slots, row->id, slot);
        if (r < 0)
                return r;
        if (frozen)
                runner_park(slot->runner, "%s", trouble);
        slot = NULL;
        return 0;
}

int manager_load(Manager *m) {
        size_t cursor = 0;
        const char *id;
        void *value;
        int r;

        r = store_load_live(m->store, on_live_row, m);
        if (r < 0)
                return r;
        while (map_next(m->slots, &cursor, &id, &value)) {
                const Slot *slot = value;

                if (!runner_trouble(slot->runner) && runner_state(slot->runner)->phase != PHASE_QUEUED)
                        runner_resume(slot->runner);
        }
        return 0;
}

/* What the plan leaves open was filled in when the rollout began, and may be something else by now: is it
 * still what leads to the places where it was? */
static bool ran_with(const PlanDefaults *defaults, const Plan *plan, const RolloutState *state) {
        for (uint32_t i = 0; i < plan->n_targets; i++) {
                PlanTarget target = plan->targets[i];

                if (!target.region)
                        target.region = defaults->region;
                if (!target.role_arn)
                        target.role_arn = defaults->role_arn;
                if (plan_target_place(&target) != state->targets[i].place)
                        return false;
        }
        return true;
}

int manager_show_row(const Manager *m, const StoreRow *row, ManagerEachRollout each, void *userdata) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) RolloutState *state = NULL;
        char trouble[REASON_MAX], why[160];
        int r;

        r = read_plan(row, false, &doc, trouble);
        if (r >= 0)
                r = record_decode(row->record, row->record_size, doc->plan.n_targets, &state, why);
        if (r >= 0 && ran_with(&m->defaults, &doc->plan, state))
                r = fill_plan(m, doc, trouble);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                log_rollout(LOG_DEBUG, row->id, "cannot be shown: %s", state || !doc ? trouble : why);
                return 0;
        }
        return each(&(ManagerRollout){ .id = row->id,
                                    .plan_path = row->plan_path,
                                    .plan = &doc->plan,
                                    .state = state },
                        userdata);
}
