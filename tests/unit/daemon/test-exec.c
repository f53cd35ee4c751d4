#include <stdio.h>

#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* Operations as such: where they go, what stops them before they leave, and how they end. */

#define ALIAS "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r-1\"}"

static const Action read_alias = { .kind = ACTION_READ_ALIAS, .op_id = 7, .lane = LANE_STEP };
static const Action read_metrics = {
        .kind = ACTION_READ_METRICS,
        .op_id = 8,
        .lane = LANE_POLL,
        .metrics = { .from = 600 * USEC_PER_SEC,
                        .until = 1200 * USEC_PER_SEC,
                        .version_new = 42,
                        .version_old = 41 },
};

TEST(region_of_the_target) {
        static const char *const regions[] = { "eu-west-1", "us-gov-west-1", "xx-new-9" };

        for (size_t i = 0; i < ELEMENTSOF(regions); i++) {
                ExecFixture *f = exec_fixture_new();
                char scope[64], region[] = "sa-east-1"; /* the daemon's is for the plan to take over */

                f->target.region = regions[i];
                f->conf.aws_region = region;
                f->bodies[0] = ALIAS;
                exec_fixture_run(f, &read_alias);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                (void) snprintf(scope, sizeof(scope), "/%s/lambda/aws4_request", regions[i]);
                EXPECT_CONTAINS(f->heads[0], scope);
                exec_fixture_free(f);
        }
}

TEST(regions_that_are_none) {
        ExecFixture *f = exec_fixture_new();

        f->target.region = NULL;
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_INVALID, "no region");
        EXPECT_INT(f->got.kind, EVENT_ALIAS_READ);
        f->target.region = "Eu West\r\nx: y";
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_INVALID, "not the name of a region");
        EXPECT_INT(f->n_requests, 0);
        exec_fixture_free(f);
}

TEST(endpoints_by_service) {
        ExecFixture *f = exec_fixture_new(), *other = exec_fixture_new();

        f->conf.aws_endpoint_url_cloudwatch = other->url;
        f->bodies[0] = ALIAS;
        other->bodies[0] = "{\"MetricDataResults\":[]}";
        exec_fixture_open(f);
        /* The other peer's loop is not this one: see that its connection is made, and cancel. */
        exec_fixture_run(f, &read_alias);
        EXPECT_INT(f->n_requests, 1);
        exec_fixture_start(f, &read_metrics);
        for (unsigned turn = 0; turn < 100 && peer_connections(other->peer) == 0; turn++) {
                EXPECT_OK(sd_event_run(f->event, 10 * USEC_PER_MSEC));
                peer_settle(other->event);
        }
        EXPECT_INT(f->n_requests, 1);
        EXPECT_INT(peer_connections(other->peer), 1);
        exec_cancel(f->op);
        exec_fixture_free(f);
        exec_fixture_free(other);
}

TEST(base_path_of_the_endpoint) {
        ExecFixture *f = exec_fixture_new();
        char url[96];

        (void) snprintf(url, sizeof(url), "%s/base/", f->url);
        f->conf.aws_endpoint_url_lambda = url;
        f->bodies[0] = ALIAS;
        exec_fixture_run(f, &read_alias);
        EXPECT(str_after(f->heads[0], "GET /base/2015-03-31/functions/checkout/aliases/live "));
        exec_fixture_free(f);
}

TEST(function_by_arn_is_encoded_once) {
        ExecFixture *f = exec_fixture_new();

        f->target.function = "arn:aws:lambda:eu-west-1:123456789012:function:checkout";
        f->bodies[0] = ALIAS;
        exec_fixture_run(f, &read_alias);
        EXPECT_CONTAINS(f->heads[0],
                        "/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Acheckout/"
                        "aliases/live ");
        exec_fixture_free(f);
}

TEST(what_keeps_a_call_from_leaving) {
        ExecFixture *f = exec_fixture_new();
        ExecOp *first;

        f->conf.aws_lambda_rate = 1;
        exec_fixture_open(f);
        exec_fixture_start(f, &read_alias);
        first = f->op;
        exec_fixture_start(f, &read_alias);
        EXPECT_STR(exec_waits_for(f->op), "its turn (API pacing)");
        exec_cancel(f->op);
        exec_cancel(first);
        f->exec = exec_free(f->exec);

        f->env.access_key_id = f->env.secret_access_key = f->env.session_token = NULL;
        f->env.ec2_metadata_disabled = NULL;
        f->env.ec2_metadata_endpoint = f->url;
        f->env.home = "/nonexistent";
        f->end = PEER_HANG;
        exec_fixture_open(f);
        exec_fixture_start(f, &read_alias);
        EXPECT_STR(exec_waits_for(f->op), "credentials");
        exec_fixture_free(f);
}

/* What was sent is AWS's turn. */
TEST(nothing_keeps_a_call_that_has_left) {
        ExecFixture *f = exec_fixture_new();

        f->end = PEER_HANG;
        exec_fixture_open(f);
        exec_fixture_start(f, &read_alias);
        for (unsigned i = 0; i < 100 && streq(exec_waits_for(f->op), "credentials"); i++)
                EXPECT_OK(sd_event_run(f->event, USEC_PER_SEC));
        EXPECT_STR(exec_waits_for(f->op), "a connection to AWS");
        peer_run(f->event, &f->n_requests, 1);
        EXPECT(!exec_waits_for(f->op));
        exec_fixture_free(f);
}

TEST(configuration_that_cannot_work) {
        static char bad_url[] = "ftp://example.com", bad_bundle[] = "/nonexistent/bundle.pem";
        ExecFixture *f = exec_fixture_new();
        char error[320];

        f->conf.aws_endpoint_url_lambda = bad_url;
        EXPECT_INT(exec_new(f->event, &f->conf, &f->env, &f->exec, error), -EINVAL);
        EXPECT_CONTAINS(error, "endpoint");
        f->conf.aws_endpoint_url_lambda = NULL;
        f->conf.aws_ca_bundle = bad_bundle;
        EXPECT_INT(exec_new(f->event, &f->conf, &f->env, &f->exec, error), -ENOKEY);
        EXPECT_CONTAINS(error, bad_bundle);
        EXPECT(!f->exec);
        exec_fixture_free(f);
}

TEST(missing_credentials_complete_the_operation) {
        static char nowhere[] = "/nonexistent/credentials";
        ExecFixture *f = exec_fixture_new();

        f->env.access_key_id = f->env.secret_access_key = f->env.session_token = NULL;
        f->conf.aws_shared_credentials_file = nowhere;
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_CREDENTIALS, nowhere);
        EXPECT_INT(f->got.kind, EVENT_ALIAS_READ);
        EXPECT_INT(f->n_requests, 0);
        exec_fixture_free(f);
}

TEST(refused_connection_is_unreachable) {
        ExecFixture *f = exec_fixture_new();

        f->peer = peer_free(f->peer);
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_UNREACHABLE, "connect");
        exec_fixture_free(f);
}

/* All that may go to one host at once hangs; what rolls back goes out all the same. */
TEST(rollbacks_pass_what_waits) {
        ExecFixture *f = exec_fixture_new();
        Action back = read_alias;

        back.lane = LANE_ROLLBACK;
        f->end = PEER_HANG;
        exec_fixture_open(f);
        for (unsigned i = 0; i < 20; i++)
                exec_fixture_start(f, &read_alias);
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 16);
        exec_fixture_start(f, &back);
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 17);
        exec_fixture_free(f);
}

TEST(cancel_at_any_moment) {
        unsigned n_cancelled = 0, n_late = 0;

        for (unsigned turns = 0; turns < 40; turns++) {
                ExecFixture *f = exec_fixture_new();

                f->bodies[0] = ALIAS;
                exec_fixture_open(f);
                exec_fixture_start(f, &read_alias);
                for (unsigned i = 0; i < turns; i++)
                        EXPECT_OK(sd_event_run(f->event, 0));
                n_late += f->n_done > 0;
                if (f->n_done == 0) {
                        exec_cancel(f->op);
                        peer_settle(f->event);
                        EXPECT_INT(f->n_done, 0);
                        n_cancelled++;
                }
                exec_fixture_free(f);
        }
        EXPECT(n_cancelled > 5 && n_late > 0);
}

TEST(cancel_before_a_failure_is_told) {
        ExecFixture *f = exec_fixture_new();

        f->target.region = NULL;
        exec_fixture_open(f);
        exec_fixture_start(f, &read_alias);
        exec_cancel(f->op);
        exec_cancel(NULL);
        peer_settle(f->event);
        EXPECT_INT(f->n_done, 0);
        exec_fixture_free(f);
}

static ExecOp *own_op;

static void free_everything(ExecFixture *f) {
        exec_cancel(own_op); /* of the operation whose "done" runs */
        f->exec = exec_free(f->exec);
}

TEST(free_inside_done) {
        static const char *const regions[] = { "eu-west-1", NULL /* fails before it leaves */ };

        for (size_t i = 0; i < ELEMENTSOF(regions); i++) {
                ExecFixture *f = exec_fixture_new();

                f->bodies[0] = ALIAS;
                f->target.region = regions[i];
                f->on_done = free_everything;
                exec_fixture_open(f);
                exec_fixture_start(f, &read_metrics);
                exec_fixture_start(f, &read_metrics);
                exec_fixture_start(f, &read_alias);
                own_op = f->op;
                f->bodies[0] = "";
                peer_run(f->event, &f->n_done, 1);
                peer_settle(f->event);
                EXPECT_INT(f->n_done, 1);
                exec_fixture_free(f);
        }
}

TEST(out_of_memory_while_starting) {
        ExecFixture *f = exec_fixture_new();

        exec_fixture_open(f);
        FAULT_LOOP {
                const Action *action = _fault % 2 == 0 ? &read_alias : &read_metrics;
                ExecOp *op = NULL;
                int r = exec_start(f->exec, "p@1", &f->plan, action, NULL, NULL, &op);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        exec_cancel(op);
                        EXPECT(_fault > 10);
                        if (action == &read_metrics)
                                break;
                } else if (r >= 0)
                        exec_cancel(op); /* what failed was not needed for starting */
                else
                        EXPECT(r == -ENOMEM || r == -ENOBUFS);
        }
        exec_fixture_free(f);
}
