#pragma once

/* Where calls wait for their turn: one queue per lane in front of each rate bucket (account, region, API
 * family). The most urgent lane goes first, inside a lane who came first. A bucket holds what one second
 * brings (at least one call), is made when it is first asked for, and forgotten when it is full again. */

#include <systemd/sd-event.h>

#include "aws/rate.h"

typedef struct Gate Gate;
typedef struct GateWait GateWait;

typedef enum GateFamily {
        GATE_LAMBDA,  /* the whole control plane together */
        GATE_METRICS, /* GetMetricData */
        GATE_ALARMS,  /* DescribeAlarms */
} GateFamily;
#define GATE_FAMILY_COUNT (GATE_ALARMS + 1)

/* Borrowed. account: digits, a role's ARN, or "" for the daemon's own. */
typedef struct GateKey {
        const char *account, *region;
        GateFamily family;
} GateKey;

#define GATE_BUCKETS_MAX 4096u

/* Its turn has come; the wait is gone. Never called from inside of gate_enter(). May enter, cancel others
 * and report, but not free the gate. */
typedef void (*GateDone)(void *userdata);

/* rates: calls per second by family. */
int gate_new(sd_event *event, const double rates[static GATE_FAMILY_COUNT], Gate **ret);
Gate *gate_free(Gate *g); /* waits must have been cancelled */
DEFINE_TRIVIAL_CLEANUP(Gate *, gate_free);

/* 1: go on at once, "done" will not be called. 0: waits. -ENOMEM; -ENOBUFS: too many buckets in use. A
 * rollback never fails: when nothing can be kept of it, it goes at once. */
int gate_enter(Gate *g, const GateKey *key, RateLane lane, GateDone done, void *userdata, GateWait **ret);
void gate_cancel(GateWait *w);                               /* NULL is fine */
void gate_give_back(Gate *g, const GateKey *key);            /* entered, but nothing left */
void gate_note(Gate *g, const GateKey *key, bool throttled); /* AWS answered */
