#include <string.h>

#include "base/usec.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/runner-internal.h"

#define PATIENCE (5 * USEC_PER_SEC)
/* Metrics are gathered for many rollouts at once, and take their turn. */
#define PATIENCE_METRICS (15 * USEC_PER_SEC)
/* It is sent, and Lambda copies it before it answers. */
#define PATIENCE_CODE (30 * USEC_PER_SEC)
#define SAY_AGAIN_AFTER USEC_PER_MINUTE

static usec_t patience_for(ActionKind kind) {
        switch (kind) {
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
                return PATIENCE_METRICS;
        case ACTION_UPDATE_CODE:
        case ACTION_READ_CODE:
                return PATIENCE_CODE;
        case ACTION_READ_ALIAS:
        case ACTION_READ_VERSION:
        case ACTION_WRITE_ALIAS:
        case ACTION_READ_FUNCTION:
        case ACTION_PUBLISH_VERSION:
        case ACTION_CREATE_ALIAS:
        case ACTION_READ_CONCURRENCY:
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_CANCEL:
                return PATIENCE;
        }
        return PATIENCE;
}

static usec_t due_of(const RunnerOp *op) {
        return usec_add(op->since, patience_for(op->kind));
}

/* The one that has gone without an answer for longest. What has not left yet waits for us, not for AWS. */
static const RunnerOp *find_silent(const Runner *r, usec_t now) {
        const RunnerOp *found = NULL;

        for (const RunnerOp *op = r->ops; op; op = op->next)
                if (due_of(op) <= now && !exec_waits_for(op->exec) && (!found || op->since < found->since))
                        found = op;
        return found;
}

usec_t runner_silence(const Runner *r) {
        usec_t now = clock_mono();
        const RunnerOp *op = find_silent(r, now);

        return op ? usec_sub(now, op->since) : 0;
}

static void say(Runner *r, const RunnerOp *op, usec_t now) {
        const PlanTarget *t = &r->doc->plan.targets[op->target];

        if (r->silence_said != 0 && now < usec_add(r->silence_said, SAY_AGAIN_AFTER))
                return;
        r->silence_said = now;
        log_rollout(LOG_WARNING, r->id, "%s:%s: AWS has not answered for %llu s (%s); still waiting",
                        t->function, t->alias,
                        (unsigned long long) (usec_sub(now, op->since) / USEC_PER_SEC),
                        action_kind_to_string(op->kind));
}

/* When something is to be said of the calls under way next; now at the earliest after the usual patience, as
 * those that are late were looked at just now. */
static void arm(Runner *r, usec_t now) {
        usec_t due = USEC_INFINITY;
        int k;

        for (const RunnerOp *op = r->ops; op; op = op->next)
                due = usec_min(due, due_of(op) > now ? due_of(op) : usec_add(now, PATIENCE));
        k = sd_event_source_set_time(r->silence, due);
        if (k >= 0)
                k = sd_event_source_set_enabled(
                                r->silence, due == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        if (k < 0)
                log_rollout(LOG_WARNING, r->id, "cannot tell when AWS does not answer: %s", strerror(-k));
}

static int runner_on_silence(sd_event_source *source, uint64_t usec, void *userdata) {
        Runner *r = runner_from(userdata);
        usec_t now = clock_mono();
        const RunnerOp *op = find_silent(r, now);

        if (op)
                say(r, op, now);
        arm(r, now);
        return 0;
}

int runner_attach_silence(Runner *r) {
        int k = sd_event_add_time(r->shared->event, &r->silence, CLOCK_BOOTTIME, USEC_INFINITY, USEC_PER_SEC,
                        runner_on_silence, r);

        if (k < 0)
                return k;
        (void) sd_event_source_set_description(r->silence, "runner-silence");
        return sd_event_source_set_enabled(r->silence, SD_EVENT_OFF);
}

void runner_watch_silence(Runner *r) {
        int enabled = SD_EVENT_OFF;

        if (!r->ops || (sd_event_source_get_enabled(r->silence, &enabled) >= 0 && enabled != SD_EVENT_OFF))
                return;
        arm(r, clock_mono());
}
