#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* What alarms say, for many rollouts in one call. */

#define CROWD_MAX 160

static const Action read_alarms = { .kind = ACTION_READ_ALARMS, .op_id = 9, .lane = LANE_POLL };

typedef struct Seen {
        struct Crowd *crowd;
        ExecOp *op;
        Fault fault;
        char error[512];
        size_t n;
        AlarmReading readings[4];
        char reasons[4][200];
} Seen;

typedef struct Crowd {
        ExecFixture *f;
        Plan plans[CROWD_MAX];
        PlanCheck checks[CROWD_MAX][4];
        char names[CROWD_MAX][4][32];
        Seen seen[CROWD_MAX];
        size_t n, n_done;
} Crowd;

static Crowd *crowd_new(void) {
        Crowd *c = alloc_one(Crowd);

        EXPECT(c);
        c->f = exec_fixture_new();
        return c;
}

static void crowd_free(Crowd *c) {
        exec_fixture_free(c->f);
        free(c);
}

static void on_done(const Event *event, void *userdata) {
        Seen *s = userdata;

        EXPECT_INT(event->kind, EVENT_ALARMS_READ);
        s->op = NULL;
        s->fault = event->fault;
        (void) snprintf(s->error, sizeof(s->error), "%s", event->error ? event->error : "");
        s->n = event->n_alarms;
        EXPECT(s->n <= ELEMENTSOF(s->readings));
        for (size_t i = 0; i < s->n; i++) {
                s->readings[i] = event->alarms[i];
                (void) snprintf(s->reasons[i], sizeof(s->reasons[i]), "%s", event->alarms[i].reason);
        }
        s->crowd->n_done++;
}

/* A rollout with these alarms, ended by NULL. The first check of each plan is none of an alarm. */
static Seen *ask(Crowd *c, const Action *action, const char *const *names) {
        size_t i = c->n++;
        Seen *s = &c->seen[i];
        uint32_t n = 1;

        EXPECT(i < CROWD_MAX);
        if (!c->f->exec)
                exec_fixture_open(c->f);
        c->checks[i][0] = (PlanCheck){
                .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1
        };
        for (; names[n - 1]; n++) {
                (void) snprintf(c->names[i][n], sizeof(c->names[i][n]), "%s", names[n - 1]);
                c->checks[i][n] = (PlanCheck){
                        .name = c->names[i][n], .kind = CHECK_ALARM, .alarm = c->names[i][n]
                };
        }
        c->plans[i] = c->f->plan;
        c->plans[i].checks = c->checks[i];
        c->plans[i].n_checks = n;
        s->crowd = c;
        EXPECT_OK(exec_start(c->f->exec, "p@1", &c->plans[i], action, on_done, s, &s->op));
        return s;
}

static void run(Crowd *c, size_t n) {
        peer_run(c->f->event, &c->n_done, n);
        peer_settle(c->f->event);
        EXPECT_INT(c->n_done, n);
}

#define ALARM_TEXT(name, state, more)                                                                 \
        "{\"AlarmName\":\"" name "\",\"StateValue\":\"" state "\",\"StateReason\":\"because of " name \
        "\"" more "}"

TEST(states) {
        Crowd *c = crowd_new();
        const Seen *a, *b;

        c->f->bodies[0] = "{\"MetricAlarms\":[" ALARM_TEXT("fine", "OK", "") "," ALARM_TEXT(
                        "bad", "ALARM", ",\"StateTransitionedTimestamp\":1765977780.0") "," ALARM_TEXT("new",
                        "INSUFFICIENT_DATA", "") "],\"CompositeAlarms\":[" ALARM_TEXT("odd", "OK",
                        ",\"EvaluationState\":\"PARTIAL_DATA\"") "]}";
        a = ask(c, &read_alarms, (const char *const[]){ "bad", "absent", "fine", NULL });
        b = ask(c, &read_alarms, (const char *const[]){ "odd", "new", "fine", NULL });
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_CONTAINS(c->f->sent[0], "\"CompositeAlarm\"");
        EXPECT_INT(a->fault, FAULT_NONE);
        EXPECT_INT(a->n, 3);
        EXPECT_INT(a->readings[0].check, 1);
        EXPECT_INT(a->readings[0].says, ALARM_SAYS_ALARM);
        EXPECT_STR(a->reasons[0], "because of bad");
        EXPECT_INT(a->readings[0].since, 1765977780 * USEC_PER_SEC);
        EXPECT_INT(a->readings[1].check, 2);
        EXPECT_INT(a->readings[1].says, ALARM_SAYS_MISSING);
        EXPECT_INT(a->readings[2].says, ALARM_SAYS_OK);
        EXPECT_INT(b->readings[0].says, ALARM_SAYS_NOTHING);
        EXPECT_INT(b->readings[1].says, ALARM_SAYS_NOTHING);
        EXPECT_INT(b->readings[2].says, ALARM_SAYS_OK);
        crowd_free(c);
}

static size_t count(const char *text, const char *word) {
        size_t n = 0;

        for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
                n++;
        return n;
}

static void answer_nothing(ExecFixture *f, const PeerRequest *request, Buf *out) {
        EXPECT(count(request->body, "\"alarm-") <= 100);
        peer_reply(out, "200 OK", "", "{\"MetricAlarms\":[],\"CompositeAlarms\":[]}");
}

TEST(names_at_the_limit_of_a_call_and_beyond) {
        Crowd *c = crowd_new();

        c->f->answer = answer_nothing;
        for (size_t i = 0; i < 101; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "alarm-%zu", i);
                (void) ask(c, &read_alarms, (const char *const[]){ name, NULL });
        }
        run(c, 101);
        EXPECT_INT(c->f->n_requests, 2);
        EXPECT_INT(count(c->f->sent[0], "\"alarm-") + count(c->f->sent[1], "\"alarm-"), 101);
        crowd_free(c);
}

TEST(one_name_is_asked_for_once) {
        Crowd *c = crowd_new();

        c->f->answer = answer_nothing;
        for (size_t i = 0; i < 150; i++)
                (void) ask(c, &read_alarms, (const char *const[]){ "alarm-shared", NULL });
        run(c, 150);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_INT(count(c->f->sent[0], "\"alarm-"), 1);
        crowd_free(c);
}

TEST(pages) {
        Crowd *c = crowd_new();
        const Seen *s;

        c->f->bodies[0] = "{\"MetricAlarms\":[" ALARM_TEXT("a", "OK", "") "],\"NextToken\":\"t\"}";
        c->f->bodies[1] = "{\"MetricAlarms\":[" ALARM_TEXT("b", "ALARM", "") "]}";
        s = ask(c, &read_alarms, (const char *const[]){ "a", "b", NULL });
        run(c, 1);
        EXPECT_INT(c->f->n_requests, 2);
        EXPECT_CONTAINS(c->f->sent[1], "\"NextToken\":\"t\"");
        EXPECT_INT(s->readings[0].says, ALARM_SAYS_OK);
        EXPECT_INT(s->readings[1].says, ALARM_SAYS_ALARM);
        crowd_free(c);
}

TEST(pages_without_end) {
        Crowd *c = crowd_new();

        c->f->bodies[0] = "{\"MetricAlarms\":[],\"NextToken\":\"t\"}";
        (void) ask(c, &read_alarms, (const char *const[]){ "a", NULL });
        run(c, 1);
        EXPECT_INT(c->seen[0].fault, FAULT_PERMANENT);
        EXPECT_CONTAINS(c->seen[0].error, "no end after");
        crowd_free(c);
}

/* CloudWatch does not like one of the names, and says so of the whole call. */
static void refuse_odd(ExecFixture *f, const PeerRequest *request, Buf *out) {
        if (strstr(request->body, "alarm-odd"))
                peer_reply(out, "400 Bad Request", "x-amzn-errortype: ValidationError\r\n",
                                "{\"message\":\"not such a name\"}");
        else
                peer_reply(out, "200 OK", "", "{\"MetricAlarms\":[" ALARM_TEXT("alarm-good", "OK", "") "]}");
}

TEST(a_refused_name_does_not_take_others_along) {
        Crowd *c = crowd_new();

        c->f->answer = refuse_odd;
        (void) ask(c, &read_alarms, (const char *const[]){ "alarm-good", NULL });
        (void) ask(c, &read_alarms, (const char *const[]){ "alarm-odd", NULL });
        (void) ask(c, &read_alarms, (const char *const[]){ "alarm-good", NULL });
        run(c, 3);
        EXPECT_INT(c->seen[0].readings[0].says, ALARM_SAYS_OK);
        EXPECT_INT(c->seen[2].readings[0].says, ALARM_SAYS_OK);
        EXPECT_INT(c->seen[1].fault, FAULT_INVALID);
        EXPECT_CONTAINS(c->seen[1].error, "not such a name");
        crowd_free(c);
}

TEST(failures_are_everybodys) {
        Crowd *c = crowd_new();

        c->f->status = "403 Forbidden";
        c->f->headers = "x-amzn-errortype: AccessDenied\r\n";
        c->f->bodies[0] = "{\"message\":\"no\"}";
        (void) ask(c, &read_alarms, (const char *const[]){ "a", NULL });
        (void) ask(c, &read_alarms, (const char *const[]){ "b", NULL });
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_INT(c->seen[0].fault, FAULT_DENIED);
        EXPECT_INT(c->seen[1].fault, FAULT_DENIED);
        crowd_free(c);
}

TEST(preflight_does_not_hurry_with_polls) {
        Action preflight = read_alarms;
        Crowd *c = crowd_new();

        preflight.lane = LANE_PREFLIGHT;
        c->f->answer = answer_nothing;
        (void) ask(c, &read_alarms, (const char *const[]){ "alarm-a", NULL });
        (void) ask(c, &preflight, (const char *const[]){ "alarm-b", NULL });
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 2);
        crowd_free(c);
}

TEST(who_is_not_waited_for_leaves_the_others_alone) {
        Crowd *c = crowd_new();

        c->f->answer = answer_nothing;
        for (size_t i = 0; i < 3; i++)
                (void) ask(c, &read_alarms, (const char *const[]){ "alarm-a", NULL });
        exec_cancel(c->seen[1].op);
        run(c, 2);
        EXPECT_INT(c->seen[0].readings[0].says, ALARM_SAYS_MISSING);
        (void) ask(c, &read_alarms, (const char *const[]){ "alarm-a", NULL });
        EXPECT(exec_withdraw(c->seen[3].op));
        peer_settle(c->f->event);
        EXPECT_INT(c->f->n_requests, 1);
        crowd_free(c);
}
