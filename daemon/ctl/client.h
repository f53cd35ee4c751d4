#pragma once

/* The daemon's private socket from the other side. Functions return 0, or an exit status of verb.h with
 * words in reterr that say what to do. */

#include <stdio.h>

#include "base/macro.h"
#include "base/usec.h"
#include "codec/rollout-info.h"

#define CLIENT_ERROR_MAX 1024

typedef struct Client Client;

/* What a reply held; the texts live as long as the list. */
typedef struct RolloutList {
        size_t n;
        RolloutInfo *items;
        void *reply; /* owned */
} RolloutList;

typedef struct FindingInfo {
        const char *level, *message;
        uint32_t line, column;
} FindingInfo;

typedef struct RefusalInfo {
        const char *path, *message;
        uint64_t time;
        size_t n_findings;
        FindingInfo *findings;
} RefusalInfo;

typedef struct RefusalList {
        size_t n;
        RefusalInfo *items;
        void *reply; /* owned */
} RefusalList;

typedef struct ClientSpec {
        const char *run;                 /* the daemon's run directory */
        FILE *err;                       /* hears that the daemon keeps us waiting; NULL: nobody does */
        usec_t say_after, give_up_after; /* of each wait; 0: the usual ones */
} ClientSpec;

/* EXIT_SILENT, here and below: somebody listens, and does not answer. */
int client_open(const ClientSpec *spec, Client **ret, char reterr[static CLIENT_ERROR_MAX]);
Client *client_close(Client *c);
DEFINE_TRIVIAL_CLEANUP(Client *, client_close);

int client_list(Client *c, RolloutList *ret, char reterr[static CLIENT_ERROR_MAX]);
/* One item, with checks and ladder. */
int client_get(Client *c, const char *id, RolloutList *ret, char reterr[static CLIENT_ERROR_MAX]);
int client_refusals(Client *c, RefusalList *ret, char reterr[static CLIENT_ERROR_MAX]);

/* The directory that it watches, owned; NULL: it does not say. */
int client_plans(Client *c, char **ret, char reterr[static CLIENT_ERROR_MAX]);

void rollout_list_done(RolloutList *l);
void refusal_list_done(RefusalList *l);
