#include "awssim/alarm.h"

#include <stdio.h>

#include "awssim/metric-source.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"

/* How far back the moment is searched at which an alarm that follows a version changed. */
#define FOLLOW_STEPS_MAX 300

static const char *const state_names[] = {
        [ALARM_OK] = "OK",
        [ALARM_ALARM] = "ALARM",
        [ALARM_INSUFFICIENT] = "INSUFFICIENT_DATA",
        [ALARM_MISSING] = "missing",
};

const char *alarm_state_to_string(AlarmState s) {
        return state_names[s];
}

int alarm_state_from_string(const char *s, AlarmState *ret) {
        for (size_t i = 0; i < ELEMENTSOF(state_names); i++)
                if (streq(s, state_names[i])) {
                        *ret = (AlarmState) i;
                        return 0;
                }
        return -EINVAL;
}

int alarms_init(World *w) {
        const Scenario *s = w->scenario;

        w->alarms = alloc_array(MAX(s->n_alarms, (size_t) 1), sizeof(Alarm));
        w->alarms_by_place = map_new();
        if (!w->alarms || !w->alarms_by_place)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_alarms; i++) {
                const AlarmSpec *spec = s->alarms + i;
                char key[PLACE_KEY_MAX];
                int r;

                w->alarms[i].spec = spec;
                w->n_alarms++;
                if (!place_key((Place){ spec->account, spec->region }, spec->name, key))
                        return -ENAMETOOLONG;
                r = map_put(w->alarms_by_place, key, w->alarms + i);
                if (r < 0)
                        return r;
        }
        return 0;
}

void alarms_done(World *w) {
        for (size_t i = 0; i < w->n_alarms; i++)
                free(w->alarms[i].reason);
        free(w->alarms);
        (void) map_free(w->alarms_by_place);
}

Alarm *alarm_find(const World *w, Place place, const char *name) {
        char key[PLACE_KEY_MAX];

        return place_key(place, name, key) ? map_get(w->alarms_by_place, key) : NULL;
}

/* What the alarm says of the stretch that ends at t. */
static AlarmState follow_at(const World *w, const AlarmSpec *spec, usec_t t, usec_t now) {
        const FollowSpec *f = &spec->follows;
        MetricSource source = { .kind = METRIC_INVOCATIONS, .stat = STAT_SUM };
        double invocations, errors;

        source.function = world_find_function(w, (Place){ spec->account, spec->region }, f->function);
        if (!source.function)
                return ALARM_INSUFFICIENT;
        source.alias = f->alias ? function_find_alias(source.function, f->alias) : NULL;
        source.version = f->version > 0 ? function_find_version(source.function, f->version) : NULL;
        if ((f->alias && !source.alias) || (f->version > 0 && !source.version) ||
                        !metric_source_read(w, &source, usec_sub(t, f->over), f->over, now, &invocations))
                return ALARM_INSUFFICIENT;
        source.kind = METRIC_ERRORS;
        if (!metric_source_read(w, &source, usec_sub(t, f->over), f->over, now, &errors))
                return ALARM_INSUFFICIENT;
        return errors > f->error_rate_above * invocations ? ALARM_ALARM : ALARM_OK;
}

static void follow(const World *w, const AlarmSpec *spec, usec_t now, AlarmView *ret) {
        usec_t step = w->scenario->metrics.resolution;
        usec_t t = usec_floor(
                        usec_sub(now, w->scenario->metrics.delay + w->scenario->metrics.trickle), step);

        ret->state = follow_at(w, spec, t, now);
        for (unsigned i = 0; i < FOLLOW_STEPS_MAX; i++) {
                ret->since = t;
                t -= step;
                if (t <= w->start || follow_at(w, spec, t, now) != ret->state)
                        return;
        }
}

void alarm_look(const World *w, const Alarm *a, usec_t now, AlarmView *ret) {
        const Curve *states = &a->spec->states;
        int64_t age = (int64_t) now - (int64_t) w->start;

        *ret = (AlarmView){ .alarm = a, .state = a->state, .since = a->since };
        if (a->is_set)
                return;
        ret->since = w->start;
        if (a->spec->follows.function) {
                follow(w, a->spec, now, ret);
                return;
        }
        ret->state = (AlarmState) curve_at(states, age);
        for (size_t i = 0; i < states->n_points && states->points[i].from <= age; i++)
                if (i == 0 ||
                                (AlarmState) states->points[i].value !=
                                                (AlarmState) states->points[i - 1].value)
                        ret->since = usec_add(w->start, (usec_t) states->points[i].from);
}

int alarm_set(Alarm *a, AlarmState state, const char *reason, usec_t now) {
        char *copy = NULL;

        if (reason) {
                copy = alloc_copy_string(reason);
                if (!copy)
                        return -ENOMEM;
        }
        free(a->reason);
        a->reason = copy;
        a->is_set = true;
        a->state = state;
        a->since = now;
        return 0;
}

const char *alarm_reason(const AlarmView *view) {
        const Alarm *a = view->alarm;

        if (a->reason)
                return a->reason;
        if (a->spec->reason)
                return a->spec->reason;
        switch (view->state) {
        case ALARM_OK:
                return "Threshold Crossed: no datapoints were greater than the threshold (5.0).";
        case ALARM_ALARM:
                return "Threshold Crossed: 1 datapoint [9.0] was greater than the threshold (5.0).";
        case ALARM_INSUFFICIENT:
        case ALARM_MISSING:
                break;
        }
        return "Unchecked: Initial alarm creation";
}

void alarm_arn(const Alarm *a, char ret[static ALARM_ARN_MAX]) {
        (void) snprintf(ret, ALARM_ARN_MAX, "arn:aws:cloudwatch:%.64s:%.12s:alarm:%.255s", a->spec->region,
                        a->spec->account, a->spec->name);
}
