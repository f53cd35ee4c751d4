#pragma once

/* A Creds with all that it asks behind one peer on loopback (STS, IMDS, the container endpoint), and a clock
 * that only the test moves: clock_read(), and the timers of daemon/creds*.c. Programs link with
 * -Wl,--wrap=clock_read,--wrap=sd_event_source_set_time_relative,--wrap=sd_event_add_time_relative. */

#include "base/usec.h"
#include "daemon/creds.h"
#include "unit/daemon/http-peer.h"

#define GOTS_MAX 1100
#define RIG_LIFE USEC_PER_HOUR /* of what STS, IMDS and the container endpoint hand out */

typedef struct CredsRig CredsRig;

/* What became of a creds_get(). */
typedef struct Got {
        CredsRig *rig;
        size_t is_done;
        bool was_at_once;
        char access_key[AWS_ACCESS_KEY_MAX]; /* "": failed */
        usec_t expires;
        AwsFault fault;
        char error[1024];
        CredsWait *wait;
        void (*on_done)(struct Got *got); /* may be NULL */
} Got;

typedef enum Asked {
        ASKED_STS,       /* 'S' */
        ASKED_WEB,       /* 'W' */
        ASKED_TOKEN,     /* 'T' */
        ASKED_ROLE,      /* 'R' */
        ASKED_KEYS,      /* 'K' */
        ASKED_CONTAINER, /* 'C' */
} Asked;
#define ASKED_COUNT (ASKED_CONTAINER + 1)

/* Says what to answer; false: as usual. "n" counts the requests of that kind. */
typedef bool (*RigHook)(
                CredsRig *rig, Asked asked, unsigned n, const PeerRequest *request, Buf *out, PeerEnd *end);

struct CredsRig {
        sd_event *event;
        Peer *peer;
        Http *http;
        AwsEnv env;
        AwsSettings settings;
        bool allows_v1;
        const char *config_path, *credentials_path;
        Creds *creds;
        char directory[64], peer_url[64];

        RigHook hook;
        char log[512]; /* the requests, a letter each */
        unsigned counts[ASKED_COUNT];
        char head[ASKED_COUNT][4096], body[ASKED_COUNT][4096]; /* the last of each kind */
        usec_t life;
        int64_t peer_ahead; /* the peer's clock before ours */
        bool is_frozen;     /* retries wait for creds_rig_advance() */

        size_t n_done;
        Got gots[GOTS_MAX];
};

/* With an empty environment but for where the peer is; the own set is what the test writes into
 * DIRECTORY/credentials and DIRECTORY/config. */
CredsRig *creds_rig_new(void);
void creds_rig_start(CredsRig *g); /* makes settings and the Creds */
CredsRig *creds_rig_free(CredsRig *g);
DEFINE_TRIVIAL_CLEANUP(CredsRig *, creds_rig_free);

void creds_rig_write(const CredsRig *g, const char *name, const char *text);
void creds_rig_remove(const CredsRig *g, const char *name);

/* creds_get() into gots[i]; role: "ARN" or "ARN?EXTERNAL-ID"; NULL: the own set. */
void creds_rig_get(CredsRig *g, size_t i, const char *role);
void creds_rig_get_for_rollback(CredsRig *g, size_t i, const char *role);
/* And waits for it. */
const Got *creds_rig_await(CredsRig *g, size_t i, const char *role);
/* Turns the loop until that many are done in all; when nothing moves, lets the time of retries pass. */
void creds_rig_run(CredsRig *g, size_t n_done);
void creds_rig_settle(CredsRig *g);

void creds_rig_advance(usec_t span);
/* Somebody sets our wall clock; the peer's goes on as it was. */
void creds_rig_step(CredsRig *g, int64_t by);
usec_t creds_rig_wall(void);
/* The span that the nearest timer of that name waits for; USEC_INFINITY: none. */
usec_t creds_rig_timer(const char *description);

/* The answers as usual. */
void creds_rig_sts_reply(CredsRig *g, Asked asked, const char *access_key, Buf *out);
void creds_rig_sts_error(CredsRig *g, Buf *out, const char *status, const char *code, const char *message);
void creds_rig_json(CredsRig *g, const char *access_key, usec_t expires, Buf *out);
