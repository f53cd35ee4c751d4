#pragma once

/* CloudWatch's alarms as they stand at a moment. */

#include "awssim/world.h"

typedef struct Alarm {
        const AlarmSpec *spec;
        char *reason;     /* given from outside; NULL: the scenario's */
        bool is_set;      /* from outside: the scenario's curve no longer counts */
        AlarmState state; /* when is_set, also below */
        usec_t since;
} Alarm;

typedef struct AlarmView {
        const Alarm *alarm;
        AlarmState state;
        usec_t since;
} AlarmView;

const char *alarm_state_to_string(AlarmState s);
int alarm_state_from_string(const char *s, AlarmState *ret); /* -EINVAL */

int alarms_init(World *w);
void alarms_done(World *w);

Alarm *alarm_find(const World *w, Place place, const char *name); /* NULL: never heard of */
void alarm_look(const World *w, const Alarm *a, usec_t now, AlarmView *ret);

/* From now on, whatever the scenario says. reason NULL: the scenario's. */
int alarm_set(Alarm *a, AlarmState state, const char *reason, usec_t now);

const char *alarm_reason(const AlarmView *view);
void alarm_arn(const Alarm *a, char ret[static ALARM_ARN_MAX]);
