#pragma once

/* Amazon CloudWatch: DescribeAlarms, in both protocols. Requests come unsigned. */

#include "aws/svc-cloudwatch.h"

#define CLOUDWATCH_ALARMS_MAX 100 /* names in one call */
#define ALARM_NAME_MAX 255        /* characters by the model; bytes here: four times that */

typedef enum AlarmState {
        ALARM_MISSING, /* asked for, not in the reply: no such alarm, or no permission to see composite ones
                        */
        ALARM_OK,
        ALARM_ALARM,
        ALARM_INSUFFICIENT, /* INSUFFICIENT_DATA, and words we do not know */
} AlarmState;

typedef struct Alarm {
        AlarmState state;
        bool is_doubtful; /* EvaluationState says that the state is not to be trusted */
        usec_t since;     /* StateTransitionedTimestamp, else StateUpdatedTimestamp; 0: none */
        char reason[160]; /* AWS's words, fit to print */
} Alarm;

typedef struct AlarmData {
        Alarm *alarms; /* one per name, in the order of the names; owned */
        size_t n_alarms;
        char *next_token; /* NULL: that was the last page; owned */
} AlarmData;

int alarm_data_init(AlarmData *d, size_t n);
void alarm_data_done(AlarmData *d);

/* -EINVAL: no names or too many. Metric and composite alarms both. */
int cloudwatch_describe_alarms(const AwsEndpoint *e, CloudwatchProtocol protocol, const char *const *names,
                size_t n, const char *next_token, HttpRequest *ret);
/* Adds one page. Alarms nobody asked for are passed over. */
int cloudwatch_parse_alarms(const HttpResponse *response, CloudwatchProtocol protocol,
                const char *const *names, AlarmData *data, char reterr[static 160]);
