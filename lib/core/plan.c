#include "core/plan.h"

#include <string.h>

#include "base/fingerprint.h"
#include "base/usec.h"

#define EVERY_MIN USEC_PER_SEC
#define EVERY_MAX USEC_PER_HOUR
#define LIMIT_MAX 1e15
#define DAYS_ALL 0x7fu
#define DAY_MINUTES (24 * 60)

static bool period_is_valid(usec_t period) {
        return period == 1 * USEC_PER_SEC || period == 5 * USEC_PER_SEC || period == 10 * USEC_PER_SEC ||
                        period == 30 * USEC_PER_SEC ||
                        (period > 0 && period % USEC_PER_MINUTE == 0 && period <= USEC_PER_DAY);
}

static PlanFault check_waves(const Plan *plan, uint32_t *ret_index) {
        uint32_t next = 0;

        for (uint32_t i = 0; i < plan_n_waves(plan); i++) {
                PlanWave wave = plan_wave(plan, i);

                *ret_index = i;
                if (wave.n_targets == 0 || wave.first_target != next ||
                                wave.n_targets > plan->n_targets - next)
                        return PLAN_WAVE;
                next += wave.n_targets;
        }
        return next == plan->n_targets ? PLAN_OK : PLAN_WAVE;
}

static PlanFault check_target(const Plan *plan, uint32_t index) {
        const PlanTarget *target = &plan->targets[index];

        if ((target->to == 0) == (target->publish.kind == PUBLISH_NOTHING))
                return PLAN_NO_VERSION;
        if (target->to != 0 && target->from == target->to)
                return PLAN_SAME_VERSION;
        if (target->create_alias && target->from == 0)
                return PLAN_CREATE_ALIAS;
        for (uint32_t i = 0; i < index; i++)
                if (plan_target_same(&plan->targets[i], target))
                        return PLAN_DUPLICATE;
        return PLAN_OK;
}

static bool window_is_valid(const PlanWindow *w) {
        if (w->days == 0)
                return true;
        return w->days <= DAYS_ALL && w->from < DAY_MINUTES && w->until < DAY_MINUTES && w->n_offsets > 0 &&
                        w->n_offsets <= WINDOW_OFFSETS_MAX;
}

static PlanFault check_targets(const Plan *plan, uint32_t *ret_index) {
        if (plan->n_targets == 0)
                return PLAN_NO_TARGET;
        if (plan->n_targets > PLAN_TARGETS_MAX || plan->n_waves > PLAN_WAVES_MAX ||
                        plan->n_steps > PLAN_STEPS_MAX || plan->n_checks > PLAN_CHECKS_MAX)
                return PLAN_TOO_MANY;
        for (uint32_t i = 0; i < plan->n_targets; i++) {
                PlanFault fault = check_target(plan, i);

                if (fault != PLAN_OK) {
                        *ret_index = i;
                        return fault;
                }
        }
        return check_waves(plan, ret_index);
}

static PlanFault check_steps(const Plan *plan, uint32_t *ret_index) {
        for (uint32_t i = 0; i < plan->n_steps; i++) {
                uint32_t weight = plan->steps[i].weight;

                PlanFault fault = PLAN_OK;

                if (weight == 0 || weight >= WEIGHT_FULL)
                        fault = PLAN_WEIGHT_RANGE;
                else if (i > 0 && weight <= plan->steps[i - 1].weight)
                        fault = PLAN_WEIGHT_ORDER;
                if (fault != PLAN_OK) {
                        *ret_index = i;
                        return fault;
                }
        }
        return PLAN_OK;
}

static PlanFault check_checks(const Plan *plan, uint32_t *ret_index) {
        if (plan->n_checks == 0 && !plan->checks_none)
                return PLAN_CHECKS_MISSING;
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                const PlanCheck *check = &plan->checks[i];
                double most = check->kind == CHECK_ERROR_RATE ? 1 : LIMIT_MAX;
                bool is_alarm = check->kind == CHECK_ALARM;

                if (is_alarm == (check->alarm != NULL) && check->max >= 0 && check->max <= most)
                        continue;
                *ret_index = i;
                return is_alarm != (check->alarm != NULL) ? PLAN_CHECK_ALARM : PLAN_CHECK_LIMIT;
        }
        return PLAN_OK;
}

bool plan_reads_metrics(const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (plan->checks[i].kind != CHECK_ALARM)
                        return true;
        for (uint32_t i = 0; i < plan->n_steps && plan->n_checks > 0; i++)
                if (plan->steps[i].min_requests > 0)
                        return true;
        return false;
}

bool plan_reads_alarms(const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (plan->checks[i].kind == CHECK_ALARM)
                        return true;
        return false;
}

PlanWave plan_wave(const Plan *plan, uint32_t i) {
        if (plan->n_waves == 0)
                return (PlanWave){ .n_targets = plan->n_targets, .bake = plan->bake };
        return plan->waves[i];
}

uint32_t plan_n_waves(const Plan *plan) {
        return plan->n_waves == 0 ? 1 : plan->n_waves;
}

uint32_t plan_wave_of(const Plan *plan, uint32_t target) {
        uint32_t i = 0;

        while (i + 1 < plan_n_waves(plan) && target >= plan->waves[i + 1].first_target)
                i++;
        return i;
}

usec_t plan_shortest(const Plan *plan) {
        usec_t sum = 0;

        for (uint32_t wave = 0; wave < plan_n_waves(plan); wave++) {
                for (uint32_t i = 0; i < plan->n_steps; i++)
                        sum = usec_add(sum, plan->steps[i].hold);
                sum = usec_add(sum, plan_wave(plan, wave).bake);
        }
        return sum;
}

PlanFault plan_check(const Plan *plan, uint32_t *ret_index) {
        uint32_t index = 0;
        PlanFault fault;

        fault = check_targets(plan, &index);
        if (fault == PLAN_OK)
                fault = check_steps(plan, &index);
        if (fault == PLAN_OK)
                fault = check_checks(plan, &index);
        if (fault != PLAN_OK) {
                *ret_index = index;
                return fault;
        }
        if (!period_is_valid(plan->period))
                return PLAN_PERIOD;
        if (plan->every < EVERY_MIN || plan->every > EVERY_MAX)
                return PLAN_EVERY;
        if (plan->settled_after / plan->period > METRIC_ROWS_MAX / 2)
                return PLAN_SETTLED;
        if (!window_is_valid(&plan->window))
                return PLAN_WINDOW;
        if (plan->deadline < plan_shortest(plan))
                return PLAN_DEADLINE;
        return PLAN_OK;
}

/* Of "arn:PARTITION:SERVICE:REGION:ACCOUNT:..." or "ACCOUNT:function:NAME"; empty: it names none. */
static const char *account_of(const char *s, size_t *ret_size) {
        bool is_arn = s && strncmp(s, "arn:", 4) == 0;

        *ret_size = 0;
        if (!s || !strchr(s, ':'))
                return "";
        for (unsigned colons = 0; is_arn && *s && colons < 4; s++)
                colons += *s == ':';
        *ret_size = strcspn(s, ":");
        return s;
}

const char *plan_target_account(const PlanTarget *target, size_t *ret_size) {
        const char *account = account_of(target->function, ret_size);

        return *ret_size > 0 ? account : account_of(target->role_arn, ret_size);
}

static const char *function_name(const char *function) {
        const char *colon = strrchr(function, ':');

        return colon ? colon + 1 : function;
}

bool plan_target_same(const PlanTarget *a, const PlanTarget *b) {
        size_t n_a, n_b;
        const char *account_a = plan_target_account(a, &n_a), *account_b = plan_target_account(b, &n_b);

        if (!a->region != !b->region || (a->region && strcmp(a->region, b->region) != 0))
                return false;
        return n_a == n_b && memcmp(account_a, account_b, n_a) == 0 &&
                        strcmp(function_name(a->function), function_name(b->function)) == 0 &&
                        strcmp(a->alias, b->alias) == 0;
}

static uint64_t mix(uint64_t hash, const char *s, size_t n) {
        return (hash ^ fingerprint(s, n)) * UINT64_C(0x100000001b3) + n;
}

uint64_t plan_target_place(const PlanTarget *target) {
        size_t n;
        const char *account = plan_target_account(target, &n);
        uint64_t hash = mix(0, account, n);

        hash = mix(hash, target->region ? target->region : "", target->region ? strlen(target->region) : 0);
        hash = mix(hash, target->function, strlen(target->function));
        hash = mix(hash, target->alias, strlen(target->alias));
        return hash == 0 ? 1 : hash;
}
