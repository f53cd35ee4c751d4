#include "core/judge.h"

const AlarmReading *judge_alarm_of(const Event *reading, uint32_t check) {
        for (size_t i = 0; i < reading->n_alarms; i++)
                if (reading->alarms[i].check == check)
                        return &reading->alarms[i];
        return NULL;
}

static void take_alarm(CheckState *c, const AlarmReading *alarm, bool in_step, usec_t age) {
        usec_t blind_since = c->blind_since;

        *c = (CheckState){ .verdict = VERDICT_UNKNOWN, .window_start = alarm->since };
        switch (alarm->says) {
        case ALARM_SAYS_ALARM:
                c->verdict = VERDICT_BREACH;
                return;
        case ALARM_SAYS_OK:
                if (in_step)
                        c->verdict = VERDICT_HEALTHY;
                else
                        c->cause = CAUSE_NOT_READ;
                return;
        case ALARM_SAYS_NOTHING:
                /* It is seen well, and has nothing to say: that holds, but it is no blindness. */
                c->cause = CAUSE_ALARM_INSUFFICIENT;
                return;
        case ALARM_SAYS_MISSING:
                c->blind_since = blind_since;
                judge_set_blind(c, CAUSE_ALARM_MISSING, age);
                return;
        }
        judge_set_blind(c, CAUSE_API_ERROR, age);
}

void judge_take_alarms(JudgeState *j, const Plan *plan, const Event *reading, bool in_step) {
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                const AlarmReading *alarm = judge_alarm_of(reading, i);

                if (plan->checks[i].kind != CHECK_ALARM)
                        continue;
                if (alarm)
                        take_alarm(&j->checks[i], alarm, in_step, j->alarms_asked);
                else
                        judge_set_blind(&j->checks[i], CAUSE_API_ERROR, j->alarms_asked);
        }
        j->alarms_age = j->alarms_asked;
}

void judge_take_alarms_failure(JudgeState *j, const Plan *plan, Cause cause, usec_t age) {
        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (plan->checks[i].kind == CHECK_ALARM)
                        judge_set_blind(&j->checks[i], cause, age);
}
