#pragma once

/* The account as it is at the moment: functions, versions, and aliases with everything they ever routed to.
 */

#include "awssim/code.h"
#include "awssim/scenario.h"
#include "base/prng.h"

#define UUID_TEXT_MAX 37
#define VERSION_TEXT_MAX 24
#define PLACE_KEY_MAX 512
#define ALARM_ARN_MAX 384

/* What an alias routed to from a moment on. */
typedef struct Routing {
        usec_t since;
        bool exists;            /* false: the alias was deleted */
        uint64_t version;       /* 0: $LATEST */
        uint64_t extra_version; /* 0: no weights */
        double extra_weight;
} Routing;

typedef struct Alias {
        char *name;
        char *description; /* never NULL */
        char revision[UUID_TEXT_MAX];
        Routing *history; /* ascending by time, never empty; the last entry holds now */
        size_t n_history;
        const Curve *rate;               /* borrowed from the scenario; NULL: no traffic */
        usec_t shift_began, shift_until; /* Lambda's own move, for provisioned concurrency; 0: none */
} Alias;

typedef struct Version {
        const VersionSpec *spec;
        VersionSpec *own; /* the same, of a version that the scenario does not list; NULL: it does */
        char revision[UUID_TEXT_MAX];
        Code *code;
        char *description; /* NULL: none */
        usec_t busy_until; /* Pending, or $LATEST's update in progress; 0: not */
        bool was_updated;
        bool had_traffic;
        usec_t first_traffic; /* when had_traffic */
} Version;

typedef struct Provisioned {
        char *qualifier; /* alias or number */
        uint64_t executions;
        usec_t ready_at; /* 0: from the start */
} Provisioned;

/* Code that can be fetched without a signature. */
typedef struct Offer {
        char token[UUID_TEXT_MAX];
        Code *code;
        usec_t until;
} Offer;

typedef struct Function {
        const FunctionSpec *spec;
        Version *versions; /* versions[0] is $LATEST */
        size_t n_versions;
        Alias **aliases; /* deleted ones too */
        size_t n_aliases;
        Provisioned *provisioned;
        size_t n_provisioned;
} Function;

/* Where something is: names mean nothing without it. */
typedef struct Place {
        const char *account, *region; /* borrowed */
} Place;

typedef struct Session Session;
typedef struct Alarm Alarm;

typedef struct World {
        Scenario *scenario; /* borrowed */
        Prng prng;
        usec_t start;
        Function *functions;
        size_t n_functions;
        Map *by_place;               /* of the functions */
        Map *sessions;               /* by access key; owned */
        const Session *imds_session; /* what the metadata services gave out last; NULL: nothing yet */
        const Session *container_session;
        Map *buckets; /* of limits, by place; owned */
        uint64_t n_connections, n_connections_open;
        Alarm *alarms;
        size_t n_alarms;
        Map *alarms_by_place;
        VersionSpec latest; /* what $LATEST is like, in every function */
        bool may_be_busy;   /* something has begun that ends by itself */
        Offer *offers;      /* NULL: none yet */
        size_t next_offer;
} World;

int world_new(Scenario *scenario, usec_t now, World **ret);
World *world_free(World *w);
DEFINE_TRIVIAL_CLEANUP(World *, world_free);

/* A name with its place, as a key of maps. False: longer than any. */
bool place_key(Place place, const char *name, char ret[static PLACE_KEY_MAX]);

Function *world_find_function(const World *w, Place place, const char *name); /* NULL: none */
Place function_place(const Function *f);
Version *function_find_version(const Function *f, uint64_t version);
/* NULL: none, or deleted. */
Alias *function_find_alias(const Function *f, const char *name);
const Routing *alias_routing(const Alias *a);

/* Lets the alias route like "routing" from "now" on (its "since" is ignored), creating the alias if need be.
 * description NULL leaves the old one. Every call gives a new revision. */
int world_set_alias(World *w, Function *f, const char *name, const Routing *routing, const char *description,
                usec_t now);

/* The next of the scenario's repeatable UUIDs. */
void world_uuid(World *w, char ret[static UUID_TEXT_MAX]);

/* "42" or "$LATEST", and back (-EINVAL). */
void version_format(uint64_t version, char ret[static VERSION_TEXT_MAX]);
int version_parse(const char *s, uint64_t *ret);
