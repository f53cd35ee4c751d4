#pragma once

/* AWS Lambda, REST-JSON 2015-03-31: the calls on aliases and versions. Requests come unsigned. */

#include "aws/endpoint.h"

#define LAMBDA_REVISION_MAX 64

/* What an alias routes to. Versions are published ones, so numbers; 0 stands for $LATEST or anything else.
 */
typedef struct LambdaAlias {
        uint64_t version;       /* FunctionVersion */
        uint64_t extra_version; /* the one key of AdditionalVersionWeights; 0: none */
        double extra_weight;    /* 0..1 */
        unsigned n_extra;       /* keys there were: Lambda allows one */
        char revision[LAMBDA_REVISION_MAX];
} LambdaAlias;

/* "function" is a name, a partial or a full ARN, unqualified. */
int lambda_get_alias(const AwsEndpoint *e, const char *function, const char *alias, HttpRequest *ret);
int lambda_get_version(const AwsEndpoint *e, const char *function, uint64_t version, HttpRequest *ret);

/* Routes the alias: version alone (extra_version 0: AdditionalVersionWeights is cleared explicitly), or
 * version plus extra_version with weight_bp hundredths of a per cent (1-9999), written with no more digits
 * than it has. Always one complete statement: FunctionVersion and RoutingConfig in every call, and
 * RevisionId for the compare. */
int lambda_update_alias(const AwsEndpoint *e, const char *function, const char *alias, uint64_t version,
                uint64_t extra_version, unsigned weight_bp, const char *revision, HttpRequest *ret);

/* -EBADMSG with words in reterr: the reply is not what the model says. Absent, empty and null routing are
 * alike. */
int lambda_parse_alias(const HttpResponse *response, LambdaAlias *ret, char reterr[static 160]);
