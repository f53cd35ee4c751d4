#pragma once

/* What the simulator is told to play: one YAML file as a value. tests/data/scenarios/first-light.yaml shows
 * every key with its meaning. */

#include "awssim/curve.h"
#include "awssim/fault-rule.h"
#include "awssim/text-list.h"
#include "base/diag.h"
#include "base/secret.h"

#define SCENARIO_SIZE_MAX (16 * 1024 * 1024)
#define SCENARIO_FUNCTIONS_MAX 10000
#define SCENARIO_VERSIONS_MAX 100
#define SCENARIO_ALIASES_MAX 100
#define SCENARIO_ALARMS_MAX 10000
#define SCENARIO_OBJECTS_MAX 1000

typedef struct CredentialSpec {
        char *access_key;
        Secret *secret_key;
        char *session_token;  /* NULL: long-lived keys */
        char *arn;            /* whose they are; NULL: a user of the scenario's account */
        usec_t expires_after; /* since the start; 0: never */
        TextList allows;      /* as of a role */
} CredentialSpec;

typedef struct RoleSpec {
        char *arn;
        char partition[16], account[16], name[65]; /* parts of the ARN */
        char *external_id;                         /* NULL: none is asked for */
        TextList trusts; /* access keys, ARNs of users, roles or accounts ("...:root"), "web_identity";
                            empty: everybody */
        usec_t lifetime; /* of its sessions; 0: as long as asked for */
        TextList denies; /* operations that its sessions may not call; "*": any */
        TextList allows; /* "lambda:UpdateAlias RESOURCE" each, as a policy has them; empty: all */
} RoleSpec;

typedef struct WebIdentitySpec {
        TextList tokens, expired; /* good ones, and those whose time is over */
} WebIdentitySpec;

typedef struct ImdsSpec {
        char *role;            /* ARN; NULL: there is no such service */
        char *error;           /* hands out an error object with this Code instead of keys; NULL: no */
        bool v1;               /* answers without a token, too */
        bool too_far;          /* token replies do not make it through the hop limit */
        bool stale;            /* never renews the set it gave out first */
        usec_t token_lifetime; /* tokens live no longer than this; 0: as asked for */
} ImdsSpec;

typedef struct ContainerSpec {
        char *role; /* ARN; NULL: there is no such service */
        char *path, *token;
        bool stale;
} ContainerSpec;

typedef struct VersionSpec {
        uint64_t version;  /* 0: $LATEST */
        Curve errors;      /* share of invocations that fail, 0..1 */
        Curve latency;     /* mean duration, milliseconds */
        double spread;     /* deviation of the logarithm of the duration */
        bool since_start;  /* the curves count from the start of the simulator, not from first traffic */
        char *state;       /* NULL: Active */
        char *role;        /* NULL: the function's */
        char *dead_letter; /* ARN; NULL: none */
        char *reason;      /* for its state; NULL: words of ours */
        bool unpublished;  /* is what comes of publishing, when it gets this number */
        char *code, *code_file, *image; /* at most one; none: bytes of our own making */
} VersionSpec;

typedef struct AliasSpec {
        char *name;
        char *description;
        uint64_t version;
        uint64_t extra_version; /* 0: no weights */
        double extra_weight;
        unsigned line;
} AliasSpec;

typedef struct TrafficSpec {
        char *alias;
        Curve rate; /* requests per second, from the start of the simulator */
        unsigned line;
} TrafficSpec;

typedef struct ProvisionedSpec {
        char *alias;
        uint64_t executions;
} ProvisionedSpec;

/* In S3. */
typedef struct ObjectSpec {
        char *bucket, *key;
        char *version;     /* NULL: not versioned */
        char *text, *file; /* one of them */
} ObjectSpec;

typedef struct FunctionSpec {
        char *name;
        char *account, *region; /* the scenario's unless given */
        char *role;
        uint64_t timeout_seconds;
        VersionSpec *versions;
        size_t n_versions;
        AliasSpec *aliases;
        size_t n_aliases;
        TrafficSpec *traffic;
        size_t n_traffic;
        ProvisionedSpec *provisioned;
        size_t n_provisioned;
        usec_t update_takes, publish_takes, provision_takes; /* how long Lambda is busy; 0: not at all */
        char *update_fails;                                  /* why it ends in failure; NULL: it does not */
        unsigned line;
} FunctionSpec;

typedef enum AlarmState {
        ALARM_OK,
        ALARM_ALARM,
        ALARM_INSUFFICIENT, /* INSUFFICIENT_DATA */
        ALARM_MISSING,      /* there is no such alarm */
} AlarmState;

/* An alarm that watches the error rate of a version of ours. */
typedef struct FollowSpec {
        char *function;   /* NULL: it does not */
        char *alias;      /* NULL: all */
        uint64_t version; /* 0: all */
        double error_rate_above;
        usec_t over; /* this long is looked at */
} FollowSpec;

typedef struct AlarmSpec {
        char *name;
        char *account, *region; /* the scenario's unless given */
        bool is_composite;
        Curve states;           /* of AlarmState, from the start of the simulator */
        char *reason;           /* NULL: words of ours */
        char *evaluation_state; /* NULL: none */
        FollowSpec follows;
        unsigned line;
} AlarmSpec;

/* Which queries of GetMetricData; NULL: any. */
typedef struct SeriesMatch {
        char *metric, *stat, *function, *alias, *version;
} SeriesMatch;

/* A query that gets the whole call refused. */
typedef struct PoisonSpec {
        SeriesMatch match;
        char *message; /* NULL: words of ours */
} PoisonSpec;

typedef struct ResultSpec {
        SeriesMatch match;
        char *status;  /* NULL: Complete */
        char *message; /* NULL: none */
        bool has_value;
        double value;       /* instead of every point's */
        usec_t from, until; /* since the start */
} ResultSpec;

typedef enum JsonSupport {
        JSON_SERVED,
        JSON_REFUSED,        /* as by services that know the target, but not the protocol */
        JSON_NOT_UNDERSTOOD, /* as by those who look for a form */
} JsonSupport;

typedef struct CloudwatchSpec {
        JsonSupport json;
        bool hides_composite; /* as from those who may not describe all alarms */
        PoisonSpec *poison;
        size_t n_poison;
        ResultSpec *results;
        size_t n_results;
} CloudwatchSpec;

/* Calls that share a limit. */
typedef enum LimitFamily {
        LIMIT_LAMBDA, /* all but the next one */
        LIMIT_GET_FUNCTION,
        LIMIT_GET_METRIC_DATA,
        LIMIT_GET_METRIC_STATISTICS,
        LIMIT_DESCRIBE_ALARMS,
        LIMIT_STS,
        LIMIT_FAMILIES,
} LimitFamily;

typedef struct LimitSpec {
        double rate, burst; /* calls per second, and at once; 0: no limit */
        usec_t retry_after; /* told to those who are refused; 0: not */
} LimitSpec;

typedef struct MetricsSpec {
        usec_t resolution;  /* width of the buckets that exist; whole seconds */
        usec_t delay;       /* a bucket is first seen this long after its end */
        usec_t trickle;     /* and takes this long to grow to its full counts */
        usec_t history;     /* traffic went on for this long before the start */
        uint64_t page_size; /* datapoints on one page of GetMetricData */
} MetricsSpec;

typedef struct Scenario {
        char *account;
        char *region;
        TextList regions; /* others besides */
        uint64_t seed;
        int64_t clock_offset; /* the server's clock is wrong by this */
        CredentialSpec *credentials;
        size_t n_credentials; /* 0: nothing is verified */
        RoleSpec *roles;
        size_t n_roles;
        WebIdentitySpec web_identity;
        ImdsSpec imds;
        ContainerSpec container;
        FunctionSpec *functions;
        size_t n_functions;
        AlarmSpec *alarms;
        size_t n_alarms;
        MetricsSpec metrics;
        CloudwatchSpec cloudwatch;
        LimitSpec limits[LIMIT_FAMILIES];
        FaultRule *faults;
        size_t n_faults;
        ObjectSpec *objects;
        size_t n_objects;
        usec_t code_life; /* how long an address of code is good for; 0: as AWS has it */
} Scenario;

void scenario_done(Scenario *s);

bool scenario_has_region(const Scenario *s, const char *region);
const RoleSpec *scenario_find_role(const Scenario *s, const char *arn); /* NULL: none */
/* The account number in an ARN; -EINVAL: there is none. */
int arn_account(const char *arn, char ret[static 16]);

/* -EINVAL: diags says what is wrong and where. ret must be zeroed; to be freed in any case. */
int scenario_parse(const char *text, size_t size, Scenario *ret, DiagList *diags);
