#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* Each action against canned replies: what is asked for, and what the answer means to the brain. */

#define ALIAS(version, routing)                                                              \
        "{\"AliasArn\":\"arn:aws:lambda:eu-west-1:123456789012:function:checkout:live\","    \
        "\"Name\":\"live\",\"FunctionVersion\":\"" version "\",\"Description\":\"\"" routing \
        ",\"RevisionId\":\"11111111-2222-3333-4444-555555555555\"}"
#define WEIGHTS(map) ",\"RoutingConfig\":{\"AdditionalVersionWeights\":" map "}"

static const Action read_alias = { .kind = ACTION_READ_ALIAS, .op_id = 7 };
static const Action read_version = { .kind = ACTION_READ_VERSION, .op_id = 8, .version = 42 };
static const Action write_alias = {
        .kind = ACTION_WRITE_ALIAS,
        .op_id = 9,
        .write = { .route = { .primary = 41, .extra = 42, .weight = 500 }, .revision = "rev-1" },
};

TEST(read_alias_asks_and_understands) {
        ExecFixture *f = exec_fixture_new();

        f->bodies[0] = ALIAS("41", "");
        exec_fixture_run(f, &read_alias);
        EXPECT_INT(f->got.kind, EVENT_ALIAS_READ);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT(route_equal(&f->got.route, &(Route){ .primary = 41 }));
        EXPECT_STR(f->revision, "11111111-2222-3333-4444-555555555555");
        EXPECT_STR(f->request_id, "6b3e6f1a-0000-4000-8000-000000000001");
        EXPECT(str_after(f->heads[0], "GET /2015-03-31/functions/checkout/aliases/live HTTP/1.1\r\n"));
        EXPECT_CONTAINS(f->heads[0], "/eu-west-1/lambda/aws4_request, SignedHeaders=");
        EXPECT_CONTAINS(f->heads[0], "\r\nx-amz-security-token: TOKENEXAMPLE\r\n");
        exec_fixture_free(f);
}

TEST(routes) {
        static const struct {
                const char *body;
                Route route;
        } cases[] = {
                { ALIAS("41", WEIGHTS("{}")), { 41, 0, 0, 0 } },
                { ALIAS("41", ",\"RoutingConfig\":null"), { 41, 0, 0, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.05}")), { 41, 42, 500, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.29}")), { 41, 42, 2900, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.0001}")), { 41, 42, 1, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.07000000000000001}")), { 41, 42, 700, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0}")), { 41, 42, 0, 0 } },
                { ALIAS("42", WEIGHTS("{\"41\":1}")), { 42, 41, 10000, 0 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.05001}")), { 41, 42, 500, 1 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.00001}")), { 41, 42, 0, 1 } },
                { ALIAS("41", WEIGHTS("{\"42\":0.1,\"43\":0.1}")), { 41, 42, 1000, 1 } },
                { ALIAS("41", WEIGHTS("{\"$LATEST\":0.1}")), { 41, 0, 1000, 1 } },
                { ALIAS("$LATEST", ""), { 0, 0, 0, 1 } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExecFixture *f = exec_fixture_new();

                f->bodies[0] = cases[i].body;
                exec_fixture_run(f, &read_alias);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                EXPECT_INT(f->got.route.primary, cases[i].route.primary);
                EXPECT_INT(f->got.route.extra, cases[i].route.extra);
                EXPECT_INT(f->got.route.weight, cases[i].route.weight);
                EXPECT_INT(f->got.route.is_odd, cases[i].route.is_odd);
                exec_fixture_free(f);
        }
}

TEST(write_alias_says_everything_and_reads_the_reply) {
        ExecFixture *f = exec_fixture_new();

        f->bodies[0] = ALIAS("41", WEIGHTS("{\"42\":0.04}")); /* not what was asked for */
        exec_fixture_run(f, &write_alias);
        EXPECT_INT(f->got.kind, EVENT_ALIAS_WRITTEN);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT(route_equal(&f->got.route, &(Route){ 41, 42, 400, 0 }));
        EXPECT_STR(f->revision, "11111111-2222-3333-4444-555555555555");
        EXPECT(str_after(f->heads[0], "PUT /2015-03-31/functions/checkout/aliases/live HTTP/1.1\r\n"));
        EXPECT_STR(f->sent[0],
                        "{\"FunctionVersion\":\"41\",\"RoutingConfig\":{\"AdditionalVersionWeights\":"
                        "{\"42\":0.05}},\"RevisionId\":\"rev-1\"}");
        exec_fixture_free(f);
}

TEST(write_alias_clears_weights) {
        ExecFixture *f = exec_fixture_new();
        Action action = write_alias;

        action.lane = LANE_ROLLBACK;
        action.write.route = (Route){ .primary = 41 };
        f->bodies[0] = ALIAS("41", "");
        exec_fixture_run(f, &action);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_STR(f->sent[0],
                        "{\"FunctionVersion\":\"41\",\"RoutingConfig\":{\"AdditionalVersionWeights\":{}},"
                        "\"RevisionId\":\"rev-1\"}");
        exec_fixture_free(f);
}

TEST(writes_that_must_not_leave) {
        ExecFixture *f = exec_fixture_new();
        Action action = write_alias;

        action.write.revision[0] = '\0';
        exec_fixture_run(f, &action);
        exec_fixture_expect_fault(f, FAULT_PRECONDITION, "RevisionId");
        action = write_alias;
        action.write.route.is_odd = 1;
        exec_fixture_run(f, &action);
        exec_fixture_expect_fault(f, FAULT_INVALID, "");
        action = write_alias;
        action.write.route.weight = WEIGHT_FULL;
        exec_fixture_run(f, &action);
        exec_fixture_expect_fault(f, FAULT_INVALID, "");
        EXPECT_INT(f->n_requests, 0);
        exec_fixture_free(f);
}

TEST(read_version) {
        static const struct {
                const char *state;
                FunctionState says;
                const char *words;
        } cases[] = {
                { ",\"State\":\"Active\"", FUNCTION_ACTIVE, "" },
                { ",\"State\":\"Inactive\"", FUNCTION_ACTIVE, "" },
                { "", FUNCTION_ACTIVE, "" },
                { ",\"State\":\"Pending\",\"StateReason\":\"Being created.\"", FUNCTION_PENDING,
                                "Being created." },
                { ",\"State\":\"Failed\",\"StateReason\":\"No subnet.\"", FUNCTION_FAILED, "No subnet." },
                { ",\"State\":\"Deleting\"", FUNCTION_PENDING, "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExecFixture *f = exec_fixture_new();
                char body[512];

                (void) snprintf(body, sizeof(body),
                                "{\"Version\":\"42\",\"Role\":\"arn:aws:iam::123456789012:role/r\","
                                "\"DeadLetterConfig\":{\"TargetArn\":\"arn:aws:sqs:x\"}%s}",
                                cases[i].state);
                f->bodies[0] = body;
                exec_fixture_run(f, &read_version);
                EXPECT_INT(f->got.kind, EVENT_VERSION_READ);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                EXPECT_INT(f->got.version_active, cases[i].says == FUNCTION_ACTIVE);
                EXPECT_INT(f->got.state, cases[i].says);
                EXPECT_STR(f->state_words, cases[i].words);
                EXPECT_STR(f->role_arn, "arn:aws:iam::123456789012:role/r");
                EXPECT_STR(f->dead_letter_arn, "arn:aws:sqs:x");
                EXPECT(f->got.role != 0 && f->got.dead_letter != 0 && f->got.role != f->got.dead_letter);
                EXPECT(str_after(f->heads[0],
                                "GET /2015-03-31/functions/checkout/configuration"
                                "?Qualifier=42 HTTP/1.1\r\n"));
                exec_fixture_free(f);
        }
}

/* A role's name is at the end of its ARN. */
TEST(long_arns_are_shown_by_their_end) {
        ExecFixture *f = exec_fixture_new();
        char body[512], path[201] = "";

        memset(path, 'p', sizeof(path) - 1);
        (void) snprintf(body, sizeof(body),
                        "{\"Version\":\"42\",\"Role\":\"arn:aws:iam::123456789012:role/%s/r\"}", path);
        f->bodies[0] = body;
        exec_fixture_run(f, &read_version);
        EXPECT_INT(strlen(f->role_arn), ARN_TEXT_SIZE - 1);
        EXPECT(str_after(f->role_arn, "...ppp"));
        EXPECT_CONTAINS(f->role_arn, "ppp/r");
        EXPECT_STR(f->dead_letter_arn, "");
        exec_fixture_free(f);
}

TEST(read_version_of_another) {
        ExecFixture *f = exec_fixture_new();

        f->bodies[0] = "{\"Version\":\"41\",\"State\":\"Active\"}";
        exec_fixture_run(f, &read_version);
        exec_fixture_expect_fault(f, FAULT_PERMANENT, "another version");
        exec_fixture_free(f);
}

TEST(replies_that_make_no_sense) {
        static const char *const bodies[] = { "", "{", "[]", "{}", "{\"FunctionVersion\":\"41\"}",
                ALIAS("41", WEIGHTS("{\"42\":2}")), ALIAS("41", WEIGHTS("{\"42\":\"NaN\"}")) };

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                ExecFixture *f = exec_fixture_new();

                f->bodies[0] = bodies[i];
                exec_fixture_run(f, &write_alias);
                exec_fixture_expect_fault(f, FAULT_PERMANENT, "");
                EXPECT(f->error[0] != '\0');
                exec_fixture_free(f);
        }
}

TEST(faults) {
        static const struct {
                const char *status, *headers, *body;
                Fault fault;
                const char *words;
        } cases[] = {
                { "412 Precondition Failed", "x-amzn-errortype: PreconditionFailedException\r\n",
                                "{\"Message\":\"The Revision Id provided does not match\"}",
                                FAULT_PRECONDITION, "PreconditionFailedException: The Revision Id" },
                { "409 Conflict", "x-amzn-errortype: ResourceConflictException\r\n",
                                "{\"Message\":\"An update is in progress\"}", FAULT_CONFLICT,
                                "in progress" },
                { "404 Not Found", "x-amzn-errortype: ResourceNotFoundException\r\n",
                                "{\"Message\":\"Cannot find alias arn\"}", FAULT_MISSING, "Cannot find" },
                { "403 Forbidden", "x-amzn-errortype: AccessDeniedException\r\n", "{\"Message\":\"no\"}",
                                FAULT_DENIED, "AccessDeniedException: no" },
                { "403 Forbidden", "x-amzn-errortype: ExpiredTokenException\r\n", "{\"message\":\"old\"}",
                                FAULT_CREDENTIALS, "ExpiredTokenException" },
                { "403 Forbidden", "x-amzn-errortype: InvalidSignatureException\r\n",
                                "{\"message\":\"Signature expired: A is now earlier than B\"}", FAULT_CLOCK,
                                "Signature expired" },
                { "400 Bad Request", "x-amzn-errortype: InvalidParameterValueException\r\n",
                                "{\"message\":\"bad\"}", FAULT_INVALID, "bad" },
                { "500 Oops", "", "", FAULT_TRANSIENT, "500" },
                { "301 Moved", "Location: http://127.0.0.1:1/\r\n", "", FAULT_PERMANENT, "301" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExecFixture *f = exec_fixture_new();

                f->status = cases[i].status;
                f->headers = cases[i].headers;
                f->bodies[0] = cases[i].body;
                exec_fixture_run(f, &write_alias);
                exec_fixture_expect_fault(f, cases[i].fault, cases[i].words);
                /* Other credentials may do: they are asked for, once. */
                EXPECT_INT(f->n_requests, cases[i].fault == FAULT_CREDENTIALS ? 2 : 1);
                exec_fixture_free(f);
        }
}

TEST(throttling_tells_when_to_come_back) {
        ExecFixture *f = exec_fixture_new();

        f->status = "429 Too Many Requests";
        f->headers = "x-amzn-errortype: TooManyRequestsException\r\nRetry-After: 3\r\n"
                     "x-amzn-requestid: r-1\r\n";
        f->bodies[0] = "{\"message\":\"Rate Exceeded.\",\"Reason\":\"CallerRateLimitExceeded\"}";
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_THROTTLED, "Rate Exceeded.");
        EXPECT_INT(f->got.retry_after, 3 * USEC_PER_SEC);
        EXPECT_STR(f->request_id, "r-1");
        exec_fixture_free(f);
}

/* AWS prints the canonical request, session token and all, when a signature does not match. */
TEST(token_does_not_get_into_the_error) {
        ExecFixture *f = exec_fixture_new();

        f->status = "403 Forbidden";
        f->headers = "x-amzn-errortype: SignatureDoesNotMatch\r\n";
        f->bodies[0] = "{\"message\":\"The request signature does not match.\\n\\nThe Canonical String for "
                       "this request should have been\\n'GET\\nx-amz-security-token:TOKENEXAMPLE\"}";
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_CREDENTIALS, "does not match.");
        EXPECT(!strstr(f->error, "TOKENEXAMPLE"));
        exec_fixture_free(f);
}

TEST(lost_reply_is_not_a_sure_failure) {
        ExecFixture *f = exec_fixture_new();

        f->end = PEER_RESET;
        exec_fixture_run(f, &write_alias);
        exec_fixture_expect_fault(f, FAULT_TRANSIENT, "127.0.0.1:");
        exec_fixture_free(f);
}
