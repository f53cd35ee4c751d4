#include "unit/daemon/fake-exec.h"

#include "core/trace.h"
#include "daemon/clock.h"
#include "lib/test.h"
#include "unit/daemon/trail.h"

static FakeCall calls[FAKE_CALLS_MAX];
static size_t n_calls;
static int refuse_with;
static char the_exec;
static char warmth[PLAN_TARGETS_MAX];
static bool is_warm;
static const char *region;

void fake_exec_reset(void) {
        memset(calls, 0, sizeof(calls));
        n_calls = 0;
        refuse_with = 0;
        is_warm = false;
}

void fake_exec_refuse(int error) {
        refuse_with = error;
}

size_t fake_exec_count(void) {
        return n_calls;
}

FakeCall *fake_exec_call(size_t i) {
        EXPECT(i < n_calls);
        return &calls[i];
}

static EventKind kind_of(ActionKind kind) {
        if (kind == ACTION_READ_ALIAS)
                return EVENT_ALIAS_READ;
        if (kind == ACTION_READ_VERSION)
                return EVENT_VERSION_READ;
        if (kind == ACTION_READ_CONCURRENCY)
                return EVENT_CONCURRENCY_READ;
        if (kind == ACTION_READ_CODE)
                return EVENT_CODE_READ;
        if (kind == ACTION_READ_ALARMS)
                return EVENT_ALARMS_READ;
        return kind == ACTION_WRITE_ALIAS ? EVENT_ALIAS_WRITTEN : EVENT_METRICS_READ;
}

void fake_exec_answer(size_t i, Event event) {
        FakeCall *call = fake_exec_call(i);

        EXPECT(call->is_open);
        call->is_open = false;
        event.kind = kind_of(call->action.kind);
        event.target = call->action.target;
        event.op_id = call->action.op_id;
        call->done(&event, call->userdata);
}

int exec_new(sd_event *event, const Conf *conf, const AwsEnv *env, Exec **ret, char reterr[static 320]) {
        region = conf->aws_region;
        *ret = (Exec *) (void *) &the_exec;
        return 0;
}

Exec *exec_free(Exec *e) {
        return NULL;
}

int exec_start(Exec *e, const char *rollout, const Plan *plan, const Action *action, ExecDone done,
                void *userdata, ExecOp **ret) {
        if (refuse_with < 0)
                return refuse_with;
        EXPECT(n_calls < FAKE_CALLS_MAX);
        trail_add("%s#%ju", action_kind_to_string(action->kind), (uintmax_t) action->op_id);
        calls[n_calls] = (FakeCall){
                .action = *action, .plan = plan, .done = done, .userdata = userdata, .is_open = true
        };
        *ret = (ExecOp *) (void *) &calls[n_calls++];
        return 0;
}

void exec_cancel(ExecOp *op) {
        FakeCall *call = (FakeCall *) (void *) op;

        if (!call)
                return;
        EXPECT(call->is_open);
        call->is_open = false;
        trail_add("cancel#%ju", (uintmax_t) call->action.op_id);
}

bool exec_withdraw(ExecOp *op) {
        FakeCall *call = (FakeCall *) (void *) op;

        EXPECT(call->is_open);
        trail_add("withdraw#%ju%s", (uintmax_t) call->action.op_id, call->has_left ? "-too-late" : "");
        call->is_open = call->has_left;
        return !call->has_left;
}

const char *exec_waits_for(const ExecOp *op) {
        return ((const FakeCall *) (const void *) op)->waits_for;
}

void exec_clock_read(const Exec *e, Now *ret) {
        clock_read(ret);
}

void exec_clock_remember(Exec *e, const Now *then) {
}

const char *exec_region(const Exec *e) {
        return region;
}

void fake_exec_allow_warmth(void) {
        is_warm = true;
}

int exec_warm_new(Exec *e, const Plan *plan, uint32_t target, ExecWarm **ret) {
        if (!is_warm)
                return -EOPNOTSUPP;
        trail_add("warm(%ju)", (uintmax_t) target);
        *ret = (ExecWarm *) (void *) &warmth[target];
        return 0;
}

ExecWarm *exec_warm_free(ExecWarm *w) {
        if (w)
                trail_add("cool(%td)", (char *) (void *) w - warmth);
        return NULL;
}
