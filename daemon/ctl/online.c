#include "daemon/ctl/online.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "core/rollout.h"
#include "core/trace.h"
#include "daemon/aws-env.h"
#include "daemon/exec.h"
#include "daemon/log.h"

#define FINDINGS_MAX ((size_t) PLAN_TARGETS_MAX * (PLAN_CHECKS_MAX + 16))

typedef struct Online {
        sd_event *event;
        sd_event_source *tick;
        AwsEnv env; /* for as long as exec is there */
        Exec *exec;
        const Plan *plan;
        RolloutState *state;
        ActionList *actions;
        Stage reached[PLAN_TARGETS_MAX];
        OnlineFindings reported; /* in the order in which they came */
        Report rejected;
        int status;                         /* of verb.h; -1: not over yet */
        char trouble[ONLINE_ERROR_MAX / 2]; /* what the last call that failed said */
} Online;

static void online_done(Online *o) {
        (void) exec_free(o->exec);
        (void) sd_event_source_disable_unref(o->tick);
        (void) sd_event_unref(o->event);
        online_findings_done(&o->reported);
        free(o->state);
        free(o->actions);
}

void online_findings_done(OnlineFindings *f) {
        for (size_t i = 0; i < f->n; i++)
                free(f->items[i].text);
        free(f->items);
        *f = (OnlineFindings){ 0 };
}

static int add(OnlineFindings *f, uint32_t target, const Finding *finding, Reason reason, const char *text) {
        OnlineFinding one = { .target = target, .finding = *finding, .reason = reason };

        if (f->n == f->room) {
                size_t room = MAX(f->room * 2, (size_t) 16);
                OnlineFinding *items;

                if (f->n >= FINDINGS_MAX)
                        return 0;
                items = alloc_resize(f->items, room, sizeof(OnlineFinding));
                if (!items)
                        return -ENOMEM;
                f->items = items;
                f->room = room;
        }
        one.text = alloc_copy_string(text);
        if (!one.text)
                return -ENOMEM;
        f->items[f->n++] = one;
        return 0;
}

static void end(Online *o, int status) {
        o->status = status;
        (void) sd_event_exit(o->event, 0);
}

static int take_report(Online *o, const Report *r) {
        char text[FINDING_TEXT_MAX];

        /* The daemon would wait for somebody to mend it; here that somebody is waiting. */
        if (r->kind == REPORT_RETRYING && r->fault == FAULT_CREDENTIALS)
                end(o, EXIT_BAD);
        if (r->kind == REPORT_RETRYING)
                (void) snprintf(o->trouble, sizeof(o->trouble), "%s%s%.400s",
                                fault_to_string((Fault) r->fault), r->error[0] != '\0' ? ": " : "",
                                r->error);
        if (r->kind == REPORT_REJECTED)
                o->rejected = *r;
        if (r->kind != REPORT_FINDING)
                return 0;
        finding_format(&r->finding, o->plan, r->error, text);
        return add(&o->reported, r->target, &r->finding, REASON_NONE, text);
}

/* All that preflight does; whatever else an action may be, it is not for this program to start. */
static bool action_is_read(ActionKind kind) {
        switch (kind) {
        case ACTION_READ_ALIAS:
        case ACTION_READ_VERSION:
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_READ_FUNCTION:
        case ACTION_READ_CONCURRENCY:
        case ACTION_READ_CODE:
                return true;
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_WRITE_ALIAS:
        case ACTION_UPDATE_CODE:
        case ACTION_PUBLISH_VERSION:
        case ACTION_CREATE_ALIAS:
        case ACTION_CANCEL:
                return false;
        }
        return false;
}

static void on_done(const Event *event, void *userdata);

static int start_reads(Online *o) {
        int r;

        for (size_t i = 0; i < o->actions->n; i++) {
                const Action *a = &o->actions->items[i];

                if (a->kind == ACTION_PERSIST || a->kind == ACTION_REPORT)
                        continue;
                assert(action_is_read(a->kind));
                if (!action_is_read(a->kind))
                        return -EPERM;
                r = exec_start(o->exec, o->plan->name, o->plan, a, on_done, o, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool is_all_read(Online *o) {
        bool all = true;

        for (uint32_t i = 0; i < o->plan->n_targets; i++) {
                o->reached[i] = (Stage) o->state->targets[i].stage;
                all = all && o->reached[i] == STAGE_IDLE;
        }
        return all;
}

static int arm(Online *o, const Now *now) {
        usec_t due = rollout_deadline(o->state, o->plan, now);
        int r;

        if (due == USEC_INFINITY)
                return sd_event_source_set_enabled(o->tick, SD_EVENT_OFF);
        r = sd_event_source_set_time(o->tick, due);
        return r < 0 ? r : sd_event_source_set_enabled(o->tick, SD_EVENT_ONESHOT);
}

static int step(Online *o, const Event *event) {
        Now now;
        int r;

        exec_clock_read(o->exec, &now);
        r = rollout_step(o->state, o->plan, event, &now, o->actions);
        if (r < 0)
                return r == -ESTALE ? 0 : r;
        for (size_t i = 0; i < o->actions->n; i++)
                if (o->actions->items[i].kind == ACTION_REPORT) {
                        r = take_report(o, &o->actions->items[i].report);
                        if (r < 0)
                                return r;
                }
        if (o->status >= 0)
                return 0;
        if (o->state->phase == PHASE_REJECTED) {
                end(o, 0);
                return 0;
        }
        /* Done, be it that it would wait for its window now: the actions, which go on to change something,
         * start nowhere. */
        if (is_all_read(o) || o->state->phase != PHASE_PREFLIGHT) {
                for (uint32_t i = 0; i < o->plan->n_targets; i++)
                        o->reached[i] = STAGE_IDLE;
                end(o, 0);
                return 0;
        }
        r = start_reads(o);
        return r < 0 ? r : arm(o, &now);
}

static void step_or_end(Online *o, const Event *event) {
        int r = o->status < 0 ? step(o, event) : 0;

        if (r < 0) {
                (void) snprintf(o->trouble, sizeof(o->trouble), "%s", strerror(-r));
                end(o, EXIT_BAD);
        }
}

static void on_done(const Event *event, void *userdata) {
        step_or_end(userdata, event);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        Event e = { .kind = EVENT_TICK };

        step_or_end(userdata, &e);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        end(userdata, EXIT_UNREACHABLE);
        return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        end(userdata, EXIT_INTERRUPTED);
        return 0;
}

static int make_loop(Online *o, usec_t timeout) {
        int r;

        r = sd_event_new(&o->event);
        if (r >= 0)
                r = sd_event_add_signal(o->event, NULL, SIGINT, on_signal, o);
        if (r >= 0)
                r = sd_event_add_signal(o->event, NULL, SIGTERM, on_signal, o);
        if (r >= 0)
                r = sd_event_add_time_relative(
                                o->event, NULL, CLOCK_BOOTTIME, timeout, USEC_PER_MSEC, on_timeout, o);
        if (r >= 0)
                r = sd_event_add_time_relative(
                                o->event, &o->tick, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_tick, o);
        return r < 0 ? r : sd_event_source_set_enabled(o->tick, SD_EVENT_OFF);
}

static const PlanTarget *find_homeless(const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_targets; i++)
                if (!plan->targets[i].region)
                        return &plan->targets[i];
        return NULL;
}

static int fill(Online *o, PlanDoc *doc, const Conf *conf, char reterr[static ONLINE_ERROR_MAX]) {
        const PlanDefaults defaults = {
                .region = exec_region(o->exec),
                .role_arn = conf->aws_role_arn,
                .external_id = conf->aws_external_id,
        };
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        const PlanTarget *homeless;
        int r = diags ? plan_doc_fill(doc, &defaults, diags) : -ENOMEM;

        if (r == -EBADMSG && diags->n > 0)
                (void) str_copy(reterr, ONLINE_ERROR_MAX, diags->entries[0].message);
        else if (r < 0)
                (void) str_copy(reterr, ONLINE_ERROR_MAX, "out of memory");
        if (r < 0)
                return EXIT_BAD;
        homeless = find_homeless(&doc->plan);
        if (!homeless)
                return 0;
        (void) snprintf(reterr, ONLINE_ERROR_MAX,
                        "no region is known for function \"%.64s\": add \"region\" to the plan, or set AWS_REGION, "
                        "or \"region\" under \"aws\" in the daemon's configuration (--config FILE)",
                        homeless->function);
        return EXIT_BAD;
}

static bool has_reported(const Online *o, uint32_t target, FindingKind kind, FindingLevel level) {
        for (size_t i = 0; i < o->reported.n; i++)
                if (o->reported.items[i].target == target && o->reported.items[i].finding.kind == kind &&
                                o->reported.items[i].finding.level == level)
                        return true;
        return false;
}

static int add_fine(const Online *o, uint32_t target, const Finding *f, OnlineFindings *ret) {
        char text[FINDING_TEXT_MAX];

        finding_format(f, o->plan, "", text);
        return add(ret, target, f, REASON_NONE, text);
}

static int collect_target(const Online *o, uint32_t target, OnlineFindings *ret) {
        const Finding long_enough = { .level = FINDING_OK, .kind = FINDING_EVIDENCE };
        Finding passed[FINDINGS_PASSED_MAX];
        size_t n = finding_passed(o->state, o->plan, target, o->reached[target], passed);
        char text[TRACE_TEXT_MAX];
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (!has_reported(o, target, (FindingKind) passed[i].kind, FINDING_WARN))
                        r = add_fine(o, target, &passed[i], ret);
        for (size_t i = 0; i < o->reported.n && r >= 0; i++) {
                const OnlineFinding *f = &o->reported.items[i];

                if (f->target == target)
                        r = add(ret, target, &f->finding, REASON_NONE, f->text);
        }
        if (r >= 0 && o->plan->n_steps > 0 && has_reported(o, target, FINDING_TRAFFIC, FINDING_OK) &&
                        !has_reported(o, target, FINDING_EVIDENCE, FINDING_WARN))
                r = add_fine(o, target, &long_enough, ret);
        if (r >= 0 && o->rejected.kind == REPORT_REJECTED && o->rejected.target == target) {
                Reason reason = (Reason) o->rejected.reason;
                Finding refusal = { .level = FINDING_REFUSE, .kind = finding_kind_of(reason) };

                report_reason_format(&o->rejected, o->plan, text);
                ret->is_refused = true;
                r = add(ret, target, &refusal, reason, text);
        }
        return r;
}

static int collect(const Online *o, OnlineFindings *ret) {
        OnlineFindings f = { 0 };
        int r = 0;

        for (uint32_t i = 0; i < o->plan->n_targets && r >= 0; i++)
                r = collect_target(o, i, &f);
        if (r < 0) {
                online_findings_done(&f);
                return r;
        }
        *ret = f;
        return 0;
}

/* What the loop ended with, when it was not an answer. */
static void explain(const Online *o, usec_t timeout, char reterr[static ONLINE_ERROR_MAX]) {
        if (o->status == EXIT_INTERRUPTED)
                (void) str_copy(reterr, ONLINE_ERROR_MAX, "interrupted; nothing was changed");
        else if (o->status == EXIT_UNREACHABLE)
                (void) snprintf(reterr, ONLINE_ERROR_MAX,
                                "preflight is not over after %llu s%s%s; nothing was changed. --timeout SECONDS waits longer",
                                (unsigned long long) (timeout / USEC_PER_SEC),
                                o->trouble[0] != '\0' ? ": " : "", o->trouble);
        else
                (void) str_copy(reterr, ONLINE_ERROR_MAX, o->trouble);
}

static int run(Online *o, const Conf *conf, PlanDoc *doc, usec_t timeout,
                char reterr[static ONLINE_ERROR_MAX]) {
        const Event start = { .kind = EVENT_START };
        int r;

        r = make_loop(o, timeout);
        if (r < 0) {
                (void) str_copy(reterr, ONLINE_ERROR_MAX, strerror(-r));
                return EXIT_BAD;
        }
        aws_env_read(&o->env);
        r = exec_new(o->event, conf, &o->env, &o->exec, reterr);
        if (r < 0)
                return EXIT_BAD;
        r = fill(o, doc, conf, reterr);
        if (r != 0)
                return r;
        o->plan = &doc->plan;
        o->state = alloc_zero(rollout_state_size(o->plan->n_targets));
        o->actions = alloc_one(ActionList);
        if (!o->state || !o->actions) {
                (void) str_copy(reterr, ONLINE_ERROR_MAX, "out of memory");
                return EXIT_BAD;
        }
        rollout_init(o->state, o->plan, 1);
        step_or_end(o, &start);
        if (o->status < 0)
                (void) sd_event_loop(o->event);
        explain(o, timeout, reterr);
        return o->status;
}

int online_check(PlanDoc *doc, const Conf *conf, usec_t timeout, OnlineFindings *ret,
                char reterr[static ONLINE_ERROR_MAX]) {
        _cleanup_(online_done) Online o = { .status = -1 };
        sigset_t mask, before;
        int r;

        /* Threads that come with the calls inherit it. */
        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGINT);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &mask, &before);
        log_open(LOG_ERR, NULL);
        r = run(&o, conf, doc, timeout, reterr);
        if (r == 0 && collect(&o, ret) < 0) {
                (void) str_copy(reterr, ONLINE_ERROR_MAX, "out of memory");
                r = EXIT_BAD;
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return r;
}
