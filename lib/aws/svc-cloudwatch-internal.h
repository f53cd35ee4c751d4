#pragma once

/* What the two protocols of CloudWatch share; for the files svc-cloudwatch*.c and svc-alarms.c alone. */

#include "aws/form-request.h"
#include "aws/json-reply.h"
#include "aws/svc-cloudwatch.h"
#include "aws/xml-reply.h"

#define CLOUDWATCH_JSON_TYPE "application/x-amz-json-1.0"
#define METRIC_REPLY_MAX (16u * 1024 * 1024)
#define FORM_MAX (16u * 1024 * 1024)

typedef struct MetricCall {
        const MetricQuery *queries; /* borrowed, all */
        size_t n;
        usec_t start, end;
        const char *next_token;
} MetricCall;

/* One result of one page: either protocol is read into this. */
typedef struct MetricResult {
        const char *id, *status; /* borrowed; NULL: not there, or no text */
        MetricPoint *points;     /* in any order; owned */
        size_t n_points;
        char message[METRIC_MESSAGE_MAX];
} MetricResult;

void metric_result_done(MetricResult *result);

/* Adds it to its series. n_points counts those of all series. */
int metric_data_take_result(
                MetricData *data, const MetricResult *result, size_t *n_points, char reterr[static 160]);

/* A request without its body. */
int cloudwatch_request(
                const AwsEndpoint *e, CloudwatchProtocol protocol, const char *operation, HttpRequest *ret);

int cloudwatch_bad_reply(char reterr[static 160], const char *what); /* -EBADMSG */
void cloudwatch_print_message(char dst[static METRIC_MESSAGE_MAX], const char *code, const char *value);
/* Replaces the token by a copy of the text; "" and NULL: by none. */
int cloudwatch_take_token(char **token, const char *text, char reterr[static 160]);

int cloudwatch_json_finish_metrics(const MetricCall *call, HttpRequest *request);
int cloudwatch_json_parse_metrics(
                const HttpResponse *response, MetricData *data, size_t *n_points, char reterr[static 160]);
int cloudwatch_json_parse(const HttpResponse *response, struct json_object **ret, char reterr[static 160]);
int cloudwatch_json_time(struct json_object *o, usec_t *ret);
int cloudwatch_json_take_token(struct json_object *o, char **token, char reterr[static 160]);

void cloudwatch_query_init(FormRequest *f, const char *operation);
int cloudwatch_query_finish_metrics(const MetricCall *call, HttpRequest *request);
int cloudwatch_query_parse_metrics(
                const HttpResponse *response, MetricData *data, size_t *n_points, char reterr[static 160]);
/* The caller ends *ret; *ret_result is the element <OperationResult> in it. */
int cloudwatch_query_parse(const HttpResponse *response, const char *operation, XmlReply *ret,
                const XmlNode **ret_result, char reterr[static 160]);
int cloudwatch_query_take_token(const XmlNode *result, char **token, char reterr[static 160]);
