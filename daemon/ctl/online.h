#pragma once

/* The daemon's own preflight of a plan, in this process: the same core, the same calls, and nothing but
 * reads. No store, no bus. */

#include "codec/conf.h"
#include "codec/plan-yaml.h"
#include "core/finding.h"
#include "daemon/ctl/verb.h"

#define ONLINE_ERROR_MAX 1024

typedef struct OnlineFinding {
        uint32_t target;
        Finding finding;
        Reason reason; /* FINDING_REFUSE */
        char *text;    /* owned */
} OnlineFinding;

/* In the order of targets. A plan that is refused is not looked at any further. */
typedef struct OnlineFindings {
        size_t n, room;
        OnlineFinding *items;
        bool is_refused;
} OnlineFindings;

/* Fills in what the plan leaves to the daemon, and asks AWS. Blocks for at most "timeout". 0: *ret says what
 * was found; or an exit status of verb.h with words in reterr. */
int online_check(PlanDoc *doc, const Conf *conf, usec_t timeout, OnlineFindings *ret,
                char reterr[static ONLINE_ERROR_MAX]);
void online_findings_done(OnlineFindings *f);
