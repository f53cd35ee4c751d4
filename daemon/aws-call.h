#pragma once

/* One call to AWS, with all it takes: its turn at the gate, credentials, a signature by the endpoint's own
 * clock, the transfer, and another try where that is safe and of use. */

#include <systemd/sd-event.h>

#include "aws/digest.h"
#include "aws/endpoint.h"
#include "aws/fault.h"
#include "aws/settings.h"
#include "core/types.h"
#include "daemon/aws-clock.h"
#include "daemon/creds.h"
#include "daemon/gate.h"
#include "daemon/http.h"

typedef struct AwsCaller AwsCaller; /* what all calls share */
typedef struct AwsCall AwsCall;

/* All borrowed, and they outlive the caller. */
typedef struct AwsCallerConfig {
        Http *http;
        Creds *creds;
        Gate *gate;
        const AwsSettings *settings;
        AwsClock *clock; /* hears of every accepted request; NULL: nobody wants to know */
} AwsCallerConfig;

/* A body that is not in memory, and what is signed of it. It is read from its beginning in each try. */
typedef struct AwsCallBody {
        HttpStream stream;
        char sha256[DIGEST_HEX_MAX]; /* lower case */
} AwsCallBody;

/* Strings are copied. */
typedef struct AwsCallSpec {
        AwsService service;
        GateFamily family;
        Lane lane;
        const char *account; /* as GateKey's */
        const char *region;
        CredsKey key;
        bool is_repeatable; /* sending it twice does no harm */
        bool is_slow;       /* AWS works before it answers: it copies an object, or looks an image up */
        const AwsCallBody
                        *body; /* borrowed until the call is gone; NULL: the request has its own, or none */
} AwsCallSpec;

typedef struct AwsCallOutcome {
        AwsError error; /* AWS_OK: response is a 2xx reply. A call that had no credentials is AWS_EXPIRED, or
                           what kept them away; never AWS_TRANSIENT, as it surely did not leave */
        const HttpResponse *response; /* of the last try, borrowed; NULL: there was no reply */
        bool is_off_clock; /* its Date contradicts AWS's clock as it was known: what was asked for by
                              that may not be what was meant */
} AwsCallOutcome;

/* Makes the unsigned request, for each try anew. -EINVAL: there is nothing that AWS could be asked. */
typedef int (*AwsCallBuild)(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata);
/* Never called from inside aws_call_start(). The call is gone. */
typedef void (*AwsCallDone)(const AwsCallOutcome *outcome, void *userdata);

int aws_caller_new(sd_event *event, const AwsCallerConfig *config, AwsCaller **ret);
AwsCaller *aws_caller_free(AwsCaller *c); /* calls must have been cancelled */
DEFINE_TRIVIAL_CLEANUP(AwsCaller *, aws_caller_free);

int aws_call_start(AwsCaller *c, const AwsCallSpec *spec, AwsCallBuild build, AwsCallDone done,
                void *userdata, AwsCall **ret);
void aws_call_cancel(AwsCall *call); /* NULL is fine; what has left may still have its effect */

/* Nobody waits for it any more. True: it had not left as a whole, and is gone without "done". False: it has
 * left; it is not tried again, and "done" comes. */
bool aws_call_recall(AwsCall *call);

/* What keeps it from leaving, for people: "credentials"... NULL: nothing, or it was tried before. */
const char *aws_call_waits_for(const AwsCall *call);
