#pragma once

/* DescribeAlarms as a value: what is asked, in whatever protocol, and one page of the answer. */

#include "awssim/alarm.h"
#include "awssim/reply.h"

#define ALARM_TOKEN_MAX 64
#define ALARM_NAMES_MAX 100
#define ALARM_RECORDS_MAX 100

typedef struct AlarmCall {
        Place place;
        const char *names[ALARM_NAMES_MAX + 1]; /* borrowed, also below; one more than allowed is refused */
        size_t n_names;
        const char *prefix, *state; /* NULL: not given */
        bool typed;                 /* types were given; else metric alarms alone are meant */
        bool metric, composite;
        uint64_t max_records; /* 0: not given */
        const char *next_token;
} AlarmCall;

typedef struct AlarmPage {
        AlarmView alarms[ALARM_RECORDS_MAX];
        size_t n_alarms;
        char next_token[ALARM_TOKEN_MAX]; /* "": that was all */
} AlarmPage;

/* -EREMOTEIO: a type that CloudWatch does not know. */
int alarm_call_add_type(AlarmCall *call, const char *type, Reply *reply);

/* Refuses what CloudWatch refuses, else answers. Names that are unknown are simply not among the answers. */
int alarm_call_answer(const World *w, const AlarmCall *call, usec_t now, AlarmPage *ret, Reply *reply);

int alarm_json_describe(World *w, Request *request, usec_t now, Reply *reply);
int alarm_query_describe(World *w, Request *request, usec_t now, Reply *reply);
