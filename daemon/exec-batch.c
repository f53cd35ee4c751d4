#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fingerprint.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/exec-internal.h"

#define PAGES_MAX 100
/* One call gives that many datapoints on one page; a batch shall not need a second one. */
#define POINTS_MAX CLOUDWATCH_DATAPOINTS_MAX

/* What CloudWatch refused is asked by itself for this long. */
#define SUSPECTS_MAX 512
#define SUSPECT_SPAN (15 * USEC_PER_MINUTE)

/* Some queries of one operation, one after the other. */
typedef struct Part {
        ExecOp *op;           /* NULL: not waited for any more, but its place stays */
        ExecMetrics *metrics; /* its queries; a reference */
        size_t first, n;
} Part;

struct ExecBatch {
        ExecBatcher *batcher;
        ExecBatch *previous, *next;
        ExecScope scope;
        usec_t from, until;       /* the widest window */
        usec_t shortest, longest; /* periods; the longest is a multiple of all */
        Part *parts;
        size_t n_parts, n_queries;
        bool is_open; /* more may come */
        AwsCall *call;
        CloudwatchProtocol protocol;
        MetricData data;
        unsigned n_pages;
};

typedef struct Suspect {
        uint64_t query; /* fingerprint; 0: none */
        usec_t until;   /* mono */
} Suspect;

struct ExecBatcher {
        Exec *exec;
        ExecBatch *first;
        sd_event_source *flush;
        Suspect suspects[SUSPECTS_MAX];
        size_t next_suspect; /* the oldest one, to be overwritten */
};

static ExecBatch *batch_free(ExecBatch *b) {
        if (!b)
                return NULL;
        if (b->batcher) {
                *(b->previous ? &b->previous->next : &b->batcher->first) = b->next;
                if (b->next)
                        b->next->previous = b->previous;
        }
        aws_call_cancel(b->call);
        metric_data_done(&b->data);
        exec_scope_done(&b->scope);
        for (size_t i = 0; i < b->n_parts; i++)
                (void) exec_metrics_free(b->parts[i].metrics);
        free(b->parts);
        free(b);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(ExecBatch *, batch_free);

/* Something is ready to leave. */
static void flush_now(ExecBatcher *b) {
        (void) sd_event_source_set_time_relative(b->flush, 0);
        (void) sd_event_source_set_enabled(b->flush, SD_EVENT_ONESHOT);
}

static int batch_new(ExecBatcher *batcher, const ExecScope *scope, ExecBatch **ret) {
        _cleanup_(batch_freep) ExecBatch *b = alloc_one(ExecBatch);

        if (!b || exec_scope_copy(&b->scope, scope) < 0)
                return -ENOMEM;
        b->parts = alloc_array(CLOUDWATCH_QUERIES_MAX, sizeof(Part));
        if (!b->parts)
                return -ENOMEM;
        b->from = b->shortest = USEC_INFINITY;
        b->batcher = batcher;
        b->next = batcher->first;
        if (b->next)
                b->next->previous = b;
        batcher->first = b;
        *ret = TAKE_PTR(b);
        return 0;
}

static usec_t period_of(const Part *p) {
        size_t n;

        return exec_metrics_queries(p->metrics, &n)[p->first].period_seconds * USEC_PER_SEC;
}

/* Buckets begin at StartTime, wherever that is: it has to be on the grid of all. */
static void batch_widen(ExecBatch *b, const Part *p) {
        usec_t period = period_of(p);

        b->shortest = usec_min(b->shortest, period);
        b->longest = usec_max(b->longest, period);
        b->from = usec_floor(usec_min(b->from, p->op->action.metrics.from), b->longest);
        b->until = usec_max(b->until, p->op->action.metrics.until);
}

/* Of buckets as narrow as these CloudWatch gives none at all when it is asked for older ones. */
static usec_t look_back_max(usec_t period) {
        if (period < USEC_PER_MINUTE)
                return 3 * USEC_PER_HOUR;
        return (period < 5 * USEC_PER_MINUTE ? 15 : 63) * USEC_PER_DAY;
}

static bool batch_has_room(const ExecBatch *b, const Part *p) {
        size_t n = b->n_queries + p->n;
        usec_t period = period_of(p), span;
        ExecBatch joined = *b;

        if (n > CLOUDWATCH_QUERIES_MAX || (b->longest % period != 0 && period % b->longest != 0))
                return false;
        batch_widen(&joined, p);
        span = usec_sub(joined.until, joined.from);
        return span <= look_back_max(joined.shortest) && span / joined.shortest * n <= POINTS_MAX;
}

static void batch_push(ExecBatch *b, const Part *p) {
        batch_widen(b, p);
        b->parts[b->n_parts++] = (Part){ p->op, exec_metrics_ref(p->metrics), p->first, p->n };
        b->n_queries += p->n;
        if (b->n_queries == CLOUDWATCH_QUERIES_MAX)
                b->is_open = false;
}

static uint64_t fingerprint_of(const ExecScope *scope, const MetricQuery *q) {
        _cleanup_(buf_done) Buf text = BUF_INIT((size_t) 8 * 1024);

        (void) buf_printf(&text, "%s\n%s\n%s\n%s\n%s\n%u", scope->account, scope->region, q->name_space,
                        q->metric, q->stat, q->period_seconds);
        for (size_t i = 0; i < q->n_dimensions; i++)
                (void) buf_printf(&text, "\n%s\n%s", q->dimensions[i].name, q->dimensions[i].value);
        return text.failed ? 0 : usec_max(fingerprint(text.data, text.size), 1);
}

static bool is_suspect(const ExecBatcher *b, uint64_t query, usec_t now) {
        for (size_t i = 0; i < SUSPECTS_MAX; i++)
                if (b->suspects[i].query == query && b->suspects[i].until > now)
                        return true;
        return false;
}

/* One query stands for all that cannot be parted. */
static void suspect(ExecBatcher *b, const ExecScope *scope, const Part *p) {
        size_t n;
        const MetricQuery *queries = exec_metrics_queries(p->metrics, &n);
        usec_t now = clock_mono();
        uint64_t query = fingerprint_of(scope, &queries[p->first]);

        if (query != 0 && !is_suspect(b, query, now))
                b->suspects[b->next_suspect++ % SUSPECTS_MAX] =
                                (Suspect){ query, usec_add(now, SUSPECT_SPAN) };
}

static bool part_is_suspect(const ExecBatcher *b, const Part *p, usec_t now) {
        size_t n;
        const MetricQuery *queries = exec_metrics_queries(p->metrics, &n);

        return b->next_suspect > 0 && is_suspect(b, fingerprint_of(&p->op->scope, &queries[p->first]), now);
}

static void piece_end(ExecOp *op) {
        if (--op->n_pieces > 0)
                return;
        if (op->event.fault == FAULT_NONE)
                exec_metrics_finish(op);
        exec_op_deliver_later(op);
}

/* The end of a batch without answers. */
static void batch_fail(ExecBatch *take_batch, const AwsCallOutcome *outcome) {
        _cleanup_(batch_freep) ExecBatch *b = take_batch;

        for (size_t i = 0; i < b->n_parts; i++) {
                Part *p = &b->parts[i];

                if (!p->op)
                        continue;
                if (p->first == 0)
                        (void) exec_op_take(p->op, outcome);
                else
                        exec_metrics_refuse(p->op, p->first, p->n, exec_fault_from_aws(outcome->error.fault),
                                        outcome->error.message);
                piece_end(p->op);
        }
}

static void batch_fail_with(ExecBatch *b, AwsFault fault, const char *words) {
        AwsCallOutcome outcome = { .error.fault = fault };

        (void) snprintf(outcome.error.message, sizeof(outcome.error.message), "%s", words);
        batch_fail(b, &outcome);
}

static void on_page(const AwsCallOutcome *outcome, void *userdata);

/* Others may still come while it waits for its turn. */
static int build_page(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata) {
        ExecBatch *b = userdata;
        _cleanup_(freep) MetricQuery *queries = alloc_array(b->n_queries, sizeof(MetricQuery));
        size_t n = 0, n_all;
        int r;

        if (!queries)
                return -ENOMEM;
        b->is_open = false;
        r = b->data.series ? 0 : metric_data_init(&b->data, b->n_queries);
        if (r < 0)
                return r;
        for (size_t i = 0; i < b->n_parts; i++) {
                const Part *p = &b->parts[i];

                memcpy(queries + n, exec_metrics_queries(p->metrics, &n_all) + p->first,
                                p->n * sizeof(MetricQuery));
                n += p->n;
        }
        return cloudwatch_get_metric_data(
                        endpoint, b->protocol, queries, n, b->from, b->until, b->data.next_token, ret);
}

/* Asks for the first page, or the one after those that were taken. */
static void batch_ask(ExecBatch *b) {
        AwsCallSpec spec = exec_scope_spec(&b->scope, AWS_CLOUDWATCH, GATE_METRICS, LANE_POLL);
        int r;

        if (!b->data.series)
                b->protocol = exec_protocol(b->batcher->exec, b->scope.region);
        r = aws_call_start(b->batcher->exec->caller, &spec, build_page, on_page, b, &b->call);
        if (r < 0)
                batch_fail_with(b, AWS_UNREACHABLE, strerror(-r));
}

/* Where the query is that AWS refuses is found by halves. Pieces that cannot be halved: the counts of one
 * operation, and single queries. */
static size_t piece_half(const Part *p) {
        size_t whole = exec_metrics_inseparable(p->metrics);

        if (p->first == 0)
                return p->n > whole ? whole : 0;
        return p->n / 2;
}

static bool batch_is_leaf(const ExecBatch *b) {
        return b->n_parts == 1 && piece_half(&b->parts[0]) == 0;
}

static void batch_split(ExecBatch *take_batch) {
        _cleanup_(batch_freep) ExecBatch *b = take_batch;
        ExecBatch *halves[2] = { NULL, NULL };
        size_t half = b->n_parts / 2;

        if (batch_new(b->batcher, &b->scope, &halves[0]) < 0 ||
                        batch_new(b->batcher, &b->scope, &halves[1]) < 0) {
                (void) batch_free(halves[0]);
                batch_fail_with(TAKE_PTR(b), AWS_UNREACHABLE, strerror(ENOMEM));
                return;
        }
        for (size_t i = 0; i < b->n_parts && b->n_parts > 1; i++)
                if (b->parts[i].op)
                        batch_push(halves[i < half ? 0 : 1], &b->parts[i]);
        if (b->n_parts == 1 && b->parts[0].op) {
                Part first = b->parts[0], second = first;

                first.n = piece_half(&first);
                second.first += first.n;
                second.n -= first.n;
                first.op->n_pieces++;
                batch_push(halves[0], &first);
                batch_push(halves[1], &second);
        }
        flush_now(b->batcher);
}

static void batch_refuse(ExecBatch *b, const AwsCallOutcome *outcome) {
        const Part *p = &b->parts[0];

        if (!batch_is_leaf(b)) {
                batch_split(b);
                return;
        }
        suspect(b->batcher, &b->scope, p);
        batch_fail(b, outcome);
}

static void batch_finish(ExecBatch *take_batch, const AwsCallOutcome *outcome) {
        _cleanup_(batch_freep) ExecBatch *b = take_batch;
        size_t n = 0;

        for (size_t i = 0; i < b->n_parts; i++) {
                const Part *p = &b->parts[i];

                if (p->op) {
                        exec_metrics_put(p->metrics, p->first, b->data.series + n, p->n);
                        if (p->op->event.fault == FAULT_NONE)
                                (void) exec_op_take(p->op, outcome);
                        piece_end(p->op);
                }
                n += p->n;
        }
}

static void batch_take(ExecBatch *b, const AwsCallOutcome *outcome) {
        char error[160] = "";
        int r;

        r = cloudwatch_parse_metric_data(outcome->response, b->protocol, &b->data, error);
        if (outcome->is_off_clock) {
                batch_fail_with(b, AWS_CLOCK,
                                "the time that was asked for turns out to be wrong, by the Date of the reply");
        } else if (r == -EBADMSG) {
                batch_fail_with(b, AWS_PERMANENT, error);
        } else if (r < 0) {
                batch_fail_with(b, AWS_TRANSIENT, strerror(-r));
        } else if (!b->data.next_token) {
                batch_finish(b, outcome);
        } else if (++b->n_pages < PAGES_MAX) {
                batch_ask(b);
        } else {
                (void) snprintf(error, sizeof(error), "no end after %u pages of metrics", b->n_pages);
                batch_fail_with(b, AWS_PERMANENT, error);
        }
}

static void on_page(const AwsCallOutcome *outcome, void *userdata) {
        ExecBatch *b = userdata;

        b->call = NULL;
        if (exec_must_speak_query(b->batcher->exec, b->scope.region, &b->protocol, outcome))
                batch_ask(b);
        else if (outcome->error.fault == AWS_OK)
                batch_take(b, outcome);
        else if (outcome->response && cloudwatch_refuses_queries(outcome->response))
                batch_refuse(b, outcome);
        else
                batch_fail(b, outcome);
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata) {
        ExecBatcher *b = userdata;

        for (ExecBatch *batch = b->first, *next; batch; batch = next) {
                next = batch->next;
                if (batch->call)
                        continue;
                if (batch->n_parts > 0)
                        batch_ask(batch);
                else
                        (void) batch_free(batch);
        }
        return 0;
}

static ExecBatch *find_open(const ExecBatcher *b, const Part *p) {
        for (ExecBatch *batch = b->first; batch; batch = batch->next)
                if (batch->is_open && exec_scope_equal(&batch->scope, &p->op->scope) &&
                                batch_has_room(batch, p))
                        return batch;
        return NULL;
}

static int push(ExecBatcher *b, const Part *p, bool alone) {
        ExecBatch *batch = alone ? NULL : find_open(b, p);
        int r;

        if (!batch) {
                r = batch_new(b, &p->op->scope, &batch);
                if (r < 0)
                        return r;
                batch->is_open = !alone;
        }
        batch_push(batch, p);
        p->op->n_pieces++;
        if (!batch->is_open)
                flush_now(b);
        else if (sd_event_source_get_enabled(b->flush, NULL) == 0)
                return exec_linger(b->flush);
        return 0;
}

/* What CloudWatch has refused lately goes by itself, so that it does not take others along. */
int exec_batcher_add(ExecBatcher *b, ExecOp *op) {
        size_t n, first = 0, end;
        usec_t now = clock_mono();
        Part good = { .op = op, .metrics = op->metrics };
        int r;

        (void) exec_metrics_queries(op->metrics, &n);
        for (; first < n; first = end) {
                Part p = good;

                end = first == 0 ? exec_metrics_inseparable(op->metrics) : first + 1;
                p.first = first;
                p.n = end - first;
                if (!part_is_suspect(b, &p, now)) {
                        good.n += p.n;
                        continue;
                }
                r = push(b, &p, true);
                if (r >= 0 && good.n > 0)
                        r = push(b, &good, false);
                if (r < 0)
                        return r;
                good.first = end;
                good.n = 0;
        }
        return good.n > 0 ? push(b, &good, false) : 0;
}

void exec_batcher_drop(ExecBatcher *b, const ExecOp *op) {
        for (ExecBatch *batch = b->first, *next; batch && op->n_pieces > 0; batch = next) {
                size_t n_left = 0;

                next = batch->next;
                for (size_t i = 0; i < batch->n_parts; i++) {
                        if (batch->parts[i].op == op)
                                batch->parts[i].op = NULL;
                        n_left += batch->parts[i].op != NULL;
                }
                if (n_left == 0)
                        (void) batch_free(batch);
        }
}

int exec_batcher_new(sd_event *event, Exec *exec, ExecBatcher **ret) {
        _cleanup_(exec_batcher_freep) ExecBatcher *b = alloc_one(ExecBatcher);
        int r;

        if (!b)
                return -ENOMEM;
        b->exec = exec;
        r = exec_add_linger(event, on_flush, b, "exec-batch", &b->flush);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(b);
        return 0;
}

ExecBatcher *exec_batcher_free(ExecBatcher *b) {
        if (!b)
                return NULL;
        while (b->first)
                (void) batch_free(b->first);
        (void) sd_event_source_disable_unref(b->flush);
        free(b);
        return NULL;
}
