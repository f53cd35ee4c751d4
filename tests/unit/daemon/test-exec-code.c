#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

#define SHA "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define FUNCTION(version, more)                                                                                  \
        "{\"Version\":\"" version "\",\"RevisionId\":\"rev-1\",\"CodeSha256\":\"" SHA                            \
        "\",\"Role\":\"arn:aws:iam::123456789012:role/r\",\"Environment\":{\"Variables\":{\"K\":\"hush\"}}" more \
        "}"

static Action read_function(uint64_t version) {
        return (Action){
                .kind = ACTION_READ_FUNCTION, .op_id = 7, .lane = LANE_PREFLIGHT, .version = version
        };
}

static Action publish(void) {
        Action a = { .kind = ACTION_PUBLISH_VERSION, .op_id = 7, .lane = LANE_STEP };

        EXPECT_OK(str_copy(a.publish.revision, sizeof(a.publish.revision), "rev-1"));
        EXPECT_OK(str_copy(a.publish.code_sha, sizeof(a.publish.code_sha), SHA));
        return a;
}

static ExecFixture *run(Action action, const char *status, const char *body) {
        ExecFixture *f = exec_fixture_new();

        f->status = status;
        f->bodies[0] = body;
        exec_fixture_run(f, &action);
        return f;
}

TEST(function_is_read) {
        static const struct {
                const char *body;
                FunctionState state;
                UpdateStatus update;
                const char *words;
        } cases[] = {
                { FUNCTION("$LATEST", ""), FUNCTION_ACTIVE, UPDATE_SUCCESSFUL, "" },
                { FUNCTION("$LATEST", ",\"State\":\"Inactive\",\"LastUpdateStatus\":\"Successful\""),
                                FUNCTION_ACTIVE, UPDATE_SUCCESSFUL, "" },
                { FUNCTION("$LATEST", ",\"State\":\"Active\",\"LastUpdateStatus\":\"InProgress\""),
                                FUNCTION_ACTIVE, UPDATE_IN_PROGRESS, "" },
                { FUNCTION("$LATEST",
                                  ",\"State\":\"Active\",\"LastUpdateStatus\":\"Failed\","
                                  "\"LastUpdateStatusReason\":\"no ENI\","
                                  "\"LastUpdateStatusReasonCode\":\"EniLimitExceeded\""),
                                FUNCTION_ACTIVE, UPDATE_FAILED, "EniLimitExceeded: no ENI" },
                { FUNCTION("$LATEST", ",\"State\":\"Failed\",\"StateReason\":\"init failed\""),
                                FUNCTION_FAILED, UPDATE_SUCCESSFUL, "init failed" },
                { FUNCTION("$LATEST", ",\"State\":\"Restoring\",\"LastUpdateStatus\":\"Later\""),
                                FUNCTION_PENDING, UPDATE_IN_PROGRESS, "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExecFixture *f = run(read_function(0), "200 OK", cases[i].body);

                EXPECT_INT(f->got.kind, EVENT_FUNCTION_READ);
                EXPECT_STR(f->error, "");
                EXPECT_INT(f->got.fault, FAULT_NONE);
                EXPECT_INT(f->got.op_id, 7);
                EXPECT_INT(f->got.state, cases[i].state);
                EXPECT_INT(f->got.update, cases[i].update);
                EXPECT_STR(f->state_words, cases[i].words);
                EXPECT_STR(f->code_sha, SHA);
                EXPECT_STR(f->revision, "rev-1");
                EXPECT(f->got.role != 0 && f->got.dead_letter == 0);
                EXPECT_CONTAINS(f->heads[0], "/functions/checkout/configuration?Qualifier=%24LATEST");
                exec_fixture_free(f);
        }
}

static void expect_fault(
                Action action, const char *status, const char *body, Fault fault, const char *words) {
        ExecFixture *f = run(action, status, body);

        exec_fixture_expect_fault(f, fault, words);
        EXPECT(!strstr(f->error, "hush"));
        exec_fixture_free(f);
}

TEST(function_that_makes_no_sense) {
        expect_fault(read_function(0), "200 OK", "{}", FAULT_PERMANENT, "no Version");
        expect_fault(read_function(0), "200 OK", FUNCTION("41", ""), FAULT_PERMANENT, "another version");
        expect_fault(read_function(41), "200 OK", FUNCTION("$LATEST", ""), FAULT_PERMANENT,
                        "another version");
        expect_fault(read_function(0), "200 OK", "{\"Version\":\"$LATEST\",\"CodeSha256\":\"x\"}",
                        FAULT_PERMANENT, "no RevisionId");
        expect_fault(read_function(0), "200 OK", "{\"Version\":\"$LATEST\",\"RevisionId\":\"x\"}",
                        FAULT_PERMANENT, "no CodeSha256");
        expect_fault(read_function(41), "404 Not Found",
                        "{\"Type\":\"User\",\"Message\":\"Function not found: f:41\"}", FAULT_MISSING,
                        "Function not found");
}

TEST(version_is_published) {
        ExecFixture *f = run(publish(), "201 Created", FUNCTION("42", ",\"State\":\"Pending\""));

        EXPECT_INT(f->got.kind, EVENT_VERSION_PUBLISHED);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.version, 42);
        EXPECT_STR(f->code_sha, SHA);
        EXPECT(strncmp(f->heads[0], "POST /2015-03-31/functions/checkout/versions HTTP", 49) == 0);
        EXPECT_STR(f->sent[0],
                        "{\"CodeSha256\":\"" SHA
                        "\",\"RevisionId\":\"rev-1\",\"Description\":\"canaryd p@1\"}");
        exec_fixture_free(f);
}

/* Asked once, whatever comes: whether it was published is for the brain to find out. */
TEST(publishing_that_fails) {
        Action blind = publish();

        blind.publish.revision[0] = '\0';
        expect_fault(blind, "200 OK", "", FAULT_PRECONDITION, "no RevisionId");
        expect_fault(publish(), "201 Created", FUNCTION("$LATEST", ""), FAULT_PERMANENT, "no version");
        expect_fault(publish(), "201 Created",
                        "{\"Version\":\"42\",\"RevisionId\":\"r\",\"CodeSha256\":\"other\"}",
                        FAULT_PERMANENT, "code other");
        expect_fault(publish(), "409 Conflict",
                        "{\"__type\":\"ResourceConflictException\",\"message\":\"in progress\"}",
                        FAULT_CONFLICT, "in progress");
        expect_fault(publish(), "412 Precondition Failed",
                        "{\"__type\":\"PreconditionFailedException\",\"message\":\"x\"}", FAULT_PRECONDITION,
                        "x");
        expect_fault(publish(), "400 Bad Request",
                        "{\"__type\":\"InvalidParameterValueException\",\"message\":\"CodeSHA256 (x) is "
                        "different from current CodeSHA256 in $LATEST (y).\"}",
                        FAULT_INVALID, "CodeSHA256");
        expect_fault(publish(), "503 Slow Down", "", FAULT_TRANSIENT, "");
}

TEST(alias_is_created) {
        const Action action = { .kind = ACTION_CREATE_ALIAS, .op_id = 7, .lane = LANE_STEP, .version = 41 };
        ExecFixture *f = run(action, "201 Created",
                        "{\"Name\":\"live\",\"FunctionVersion\":\"41\",\"RevisionId\":\"rev-2\"}");

        EXPECT_INT(f->got.kind, EVENT_ALIAS_WRITTEN);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.route.primary, 41);
        EXPECT_STR(f->revision, "rev-2");
        EXPECT_STR(f->sent[0], "{\"Name\":\"live\",\"FunctionVersion\":\"41\"}");
        exec_fixture_free(f);
        expect_fault(action, "409 Conflict",
                        "{\"__type\":\"ResourceConflictException\",\"message\":\"Alias already exists: x\"}",
                        FAULT_CONFLICT, "already exists");
}

TEST(concurrency_is_read) {
        const Action action = { .kind = ACTION_READ_CONCURRENCY, .op_id = 7, .lane = LANE_PREFLIGHT };
        ExecFixture *f = run(action, "200 OK",
                        "{\"Status\":\"READY\",\"RequestedProvisionedConcurrentExecutions\":5}");

        EXPECT_INT(f->got.kind, EVENT_CONCURRENCY_READ);
        EXPECT_INT(f->got.concurrency, 5);
        EXPECT_CONTAINS(f->heads[0],
                        "/2019-09-30/functions/checkout/provisioned-concurrency?Qualifier=live");
        exec_fixture_free(f);
        f = run(action, "404 Not Found",
                        "{\"__type\":\"ProvisionedConcurrencyConfigNotFoundException\",\"message\":\"none\"}");
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.concurrency, 0);
        exec_fixture_free(f);
        expect_fault(action, "404 Not Found",
                        "{\"__type\":\"ResourceNotFoundException\",\"message\":\"no alias\"}", FAULT_MISSING,
                        "no alias");
        expect_fault(action, "200 OK", "{}", FAULT_PERMANENT, "no Status");
}
