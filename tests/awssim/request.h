#pragma once

/* One request as it came in, which operation it asks for, and what the log shall say about it. */

#include "aws/http-value.h"
#include "awssim/form.h"
#include "awssim/world.h"
#include "base/buf.h"

#define REQUEST_BODY_MAX (2 * 1024 * 1024)
#define REQUEST_CODE_MAX (72 * 1024 * 1024) /* what carries a zip */
#define OPERATION_MAX 64

typedef enum Service {
        SERVICE_NONE,
        SERVICE_LAMBDA,
        SERVICE_CLOUDWATCH,
        SERVICE_STS,
        SERVICE_IMDS,      /* EC2's instance metadata */
        SERVICE_CONTAINER, /* the credentials endpoint of ECS and EKS */
        SERVICE_CODE,      /* where the code of versions can be fetched */
        SERVICE_CONTROL,   /* not AWS: the test's own hand */
} Service;

typedef enum Protocol {
        PROTOCOL_REST_JSON,
        PROTOCOL_JSON,  /* AWS JSON 1.0 */
        PROTOCOL_QUERY, /* form in, XML out */
        PROTOCOL_PLAIN, /* text, with a page of HTML for errors */
} Protocol;

/* arn:...:function:NAME:QUALIFIER and its short forms, taken apart; "" = not given. */
typedef struct FunctionRef {
        char region[64];
        char account[16];
        char name[65];
        char qualifier[129];
} FunctionRef;

typedef struct Request {
        HttpRequest http; /* method, host, path, query, headers and body as on the wire */
        char method[16];
        bool odd;       /* something that no AWS client sends: unknown method, no Host, too many headers */
        bool too_large; /* the body was, and is gone */
        Buf body;       /* while it comes in */
        usec_t arrived; /* wall clock, the server's */
        usec_t arrived_mono; /* since the start of the simulator */
        char request_id[UUID_TEXT_MAX];

        Service service;
        Protocol protocol;
        bool query_mode; /* x-amzn-query-mode: true */
        char operation[OPERATION_MAX];
        Form query;         /* decoded; for PROTOCOL_QUERY the body's pairs */
        char *function_ref; /* as in the path, decoded; NULL: none there */
        FunctionRef function;
        bool function_valid;
        char *alias;         /* the alias in the path, decoded; NULL: none there */
        char *instance_role; /* the last part of IMDS's path, decoded; NULL: none there */

        /* Who calls, and so where: as claimed until auth_check() has agreed. */
        const RoleSpec *role;   /* NULL: long-lived keys */
        const TextList *allows; /* NULL: nobody known */
        char caller[192];       /* ARN */
        char account[16], region[64];

        /* For the log. */
        uint64_t connection;  /* its number */
        bool connection_used; /* by earlier requests */
        char signed_by[132];
        char revision_seen[128], revision_new[UUID_TEXT_MAX];
        const char *fault;
        const char *gave; /* access key of the set that was handed out; NULL: none */
        Buf served;       /* JSON: what GetMetricData gave; "" for other calls */
} Request;

Request *request_new(const char *target, bool tls);
Request *request_free(Request *r);
DEFINE_TRIVIAL_CLEANUP(Request *, request_free);

void request_set_method(Request *r, const char *method);
int request_add_header(Request *r, const char *name, const char *value);

/* Finds out what the complete request asks for. Requests nobody serves stay SERVICE_NONE. */
int request_route(Request *r, const Scenario *scenario);

static inline Place request_place(const Request *r) {
        return (Place){ .account = r->account, .region = r->region };
}

/* -EINVAL: not a function name or ARN. */
int function_ref_parse(const char *s, FunctionRef *ret);
