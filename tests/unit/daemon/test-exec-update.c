#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/base64.h"
#include "aws/digest.h"
#include "base/alloc.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"
#include "unit/daemon/rig.h"

/* base64 of the SHA-256 of "PK-new", and of "PK-old" */
static char sha_new[48], sha_old[48];
static char place[512], served[128];

typedef struct Case {
        Rig *rig;
        ExecFixture *f;
        char *path;
} Case;

static void sha_of(const char *text, char ret[static 48]) {
        uint8_t sha256[DIGEST_SIZE];

        EXPECT_OK(digest_sha256(text, strlen(text), sha256));
        base64_encode(sha256, DIGEST_SIZE, ret);
        ret[BASE64_SIZE(DIGEST_SIZE)] = '\0';
}

static Case begin(void) {
        Case c = { .rig = rig_new(), .f = exec_fixture_new() };

        sha_of("PK-new", sha_new);
        sha_of("PK-old", sha_old);
        c.path = rig_path(c.rig, "a.zip");
        rig_write(c.rig, "a.zip", "PK-new");
        c.f->conf.state = c.rig->directory;
        c.f->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = c.path };
        return c;
}

static void end(Case *c) {
        exec_fixture_free(c->f);
        free(c->path);
        (void) rig_free(c->rig);
}

static Action update(uint64_t version) {
        Action a = { .kind = ACTION_UPDATE_CODE, .op_id = 9, .lane = LANE_STEP };

        a.update.version = version;
        EXPECT_OK(str_copy(a.update.revision, sizeof(a.update.revision), "rev-1"));
        EXPECT_OK(str_copy(a.update.code_sha, sizeof(a.update.code_sha), version > 0 ? sha_old : ""));
        return a;
}

static const char *function_with(const char *sha) {
        static char text[768];

        (void) snprintf(text, sizeof(text),
                        "{\"Version\":\"$LATEST\",\"RevisionId\":\"rev-2\",\"CodeSha256\":\"%s\","
                        "\"LastUpdateStatus\":\"InProgress\"}",
                        sha);
        return text;
}

TEST(zip_is_sent) {
        Case c = begin();
        const Action a = update(0);

        c.f->bodies[0] = function_with(sha_new);
        exec_fixture_run(c.f, &a);
        EXPECT_STR(c.f->error, "");
        EXPECT_INT(c.f->got.kind, EVENT_CODE_UPDATED);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_INT(c.f->got.update, UPDATE_IN_PROGRESS);
        EXPECT_STR(c.f->code_sha, sha_new);
        EXPECT_STR(c.f->revision, "rev-2");
        EXPECT(strncmp(c.f->heads[0], "PUT /2015-03-31/functions/checkout/code HTTP", 44) == 0);
        EXPECT_CONTAINS(c.f->heads[0], "AWS4-HMAC-SHA256");
        EXPECT_STR(c.f->sent[0], "{\"RevisionId\":\"rev-1\",\"Publish\":false,\"ZipFile\":\"UEstbmV3\"}");
        end(&c);
}

TEST(zip_is_the_one_that_the_plan_means) {
        Case c = begin();
        const Action a = update(0);

        c.f->target.publish.has_sha256 = true;
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "the plan says 00000000");
        EXPECT_CONTAINS(c.f->error, "nothing was sent");
        EXPECT_INT(c.f->n_requests, 0);
        end(&c);

        c = begin();
        c.f->target.publish.has_sha256 = true;
        EXPECT_OK(digest_sha256("PK-new", 6, c.f->target.publish.sha256));
        c.f->bodies[0] = function_with(sha_new);
        exec_fixture_run(c.f, &a);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        end(&c);
}

TEST(zip_is_the_one_that_preflight_has_read) {
        Case c = begin();
        Action a = update(0);

        EXPECT_OK(str_copy(a.update.code_sha, sizeof(a.update.code_sha), sha_old));
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "has changed since preflight");
        EXPECT_CONTAINS(c.f->error, sha_old);
        EXPECT_CONTAINS(c.f->error, sha_new);
        EXPECT_INT(c.f->n_requests, 0);
        end(&c);

        c = begin();
        EXPECT_OK(str_copy(a.update.code_sha, sizeof(a.update.code_sha), sha_new));
        c.f->bodies[0] = function_with(sha_new);
        exec_fixture_run(c.f, &a);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        end(&c);
}

/* Of an object or an image nobody here knows the hash before Lambda says it. */
TEST(only_a_zip_is_held_against_what_was_known) {
        Case c = begin();
        Action a = update(0);

        EXPECT_OK(str_copy(a.update.code_sha, sizeof(a.update.code_sha), sha_old));
        c.f->target.publish = (PlanPublish){ .kind = PUBLISH_S3, .bucket = "artifacts", .key = "a.zip" };
        c.f->bodies[0] = function_with(sha_new);
        exec_fixture_run(c.f, &a);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_STR(c.f->code_sha, sha_new);
        end(&c);
}

TEST(zip_is_read_for_its_hash) {
        Case c = begin();
        const Action a = { .kind = ACTION_READ_CODE, .op_id = 9, .lane = LANE_STEP };

        exec_fixture_run(c.f, &a);
        EXPECT_STR(c.f->error, "");
        EXPECT_INT(c.f->got.kind, EVENT_CODE_READ);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_STR(c.f->code_sha, sha_new);
        EXPECT_INT(c.f->n_requests, 0);

        c.f->target.publish.has_sha256 = true;
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "the plan says 00000000");

        EXPECT_INT(unlink(c.path), 0);
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "No such file");
        EXPECT_INT(c.f->n_requests, 0);
        end(&c);
}

TEST(zip_that_is_not_there) {
        Case c = begin();
        const Action a = update(0);

        EXPECT_INT(unlink(c.path), 0);
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "No such file");
        EXPECT_INT(c.f->n_requests, 0);
        end(&c);
}

TEST(zip_that_anybody_may_write) {
        Case c = begin();
        const Action a = update(0);

        EXPECT_INT(chmod(c.path, 0666), 0);
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_INVALID, "chmod o-w");
        EXPECT_INT(c.f->n_requests, 0);
        end(&c);
}

/* That is over some time, and the plan may still be right. */
TEST(zip_without_a_descriptor_left) {
        Case c = begin();
        const Action a = update(0);
        struct rlimit limit, none;

        exec_fixture_open(c.f);
        EXPECT_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none = limit;
        none.rlim_cur = 3;
        EXPECT_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
        exec_fixture_run(c.f, &a);
        EXPECT_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
        exec_fixture_expect_fault(c.f, FAULT_UNREACHABLE, "Too many open files");
        end(&c);
}

TEST(lambda_got_something_else) {
        Case c = begin();
        const Action a = update(0);

        c.f->bodies[0] = function_with(sha_old);
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, FAULT_PERMANENT, sha_old);
        end(&c);
}

static void expect_sent(const PlanPublish *publish, const char *body) {
        Case c = begin();
        const Action a = update(0);

        c.f->target.publish = *publish;
        c.f->bodies[0] = function_with("e3b0");
        exec_fixture_run(c.f, &a);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_STR(c.f->code_sha, "e3b0");
        EXPECT_STR(c.f->sent[0], body);
        end(&c);
}

TEST(objects_and_images_are_named) {
        expect_sent(&(const PlanPublish){ .kind = PUBLISH_S3, .bucket = "b", .key = "k" },
                        "{\"S3Bucket\":\"b\",\"S3Key\":\"k\",\"RevisionId\":\"rev-1\",\"Publish\":false}");
        expect_sent(&(const PlanPublish){ .kind = PUBLISH_IMAGE, .image = "r.example.com/a:1" },
                        "{\"ImageUri\":\"r.example.com/a:1\",\"RevisionId\":\"rev-1\",\"Publish\":false}");
}

TEST(refusals) {
        static const struct {
                const char *status, *body;
                Fault fault;
        } cases[] = {
                { "409 Conflict", "{\"__type\":\"ResourceConflictException\"}", FAULT_CONFLICT },
                { "412 Precondition Failed", "{\"__type\":\"PreconditionFailedException\"}",
                                FAULT_PRECONDITION },
                { "404 Not Found", "{\"__type\":\"ResourceNotFoundException\"}", FAULT_MISSING },
                { "400 Bad Request", "{\"__type\":\"InvalidParameterValueException\"}", FAULT_INVALID },
                { "500 Oh", "", FAULT_TRANSIENT },
        };
        const Action a = update(0);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Case c = begin();

                c.f->status = cases[i].status;
                c.f->bodies[0] = cases[i].body;
                exec_fixture_run(c.f, &a);
                EXPECT_INT(c.f->got.fault, cases[i].fault);
                EXPECT_INT(c.f->n_requests, 1);
                end(&c);
        }
}

/* Answers GetFunction, the fetching of the code, and UpdateFunctionCode. */
static void serve(ExecFixture *f, const PeerRequest *request, Buf *out) {
        if (strncmp(request->head, "PUT ", 4) == 0)
                peer_reply(out, "200 OK", "", function_with(served[0] == 'P' ? sha_old : served));
        else if (strstr(request->head, "/code/"))
                peer_reply(out, "200 OK", "", served);
        else
                peer_reply(out, "200 OK", "", place);
}

static void at(const Case *c, const char *sha) {
        (void) snprintf(place, sizeof(place),
                        "{\"Configuration\":{\"Version\":\"41\",\"CodeSha256\":\"%s\"},"
                        "\"Code\":{\"Location\":\"http://%s/code/x?token=hush\"}}",
                        sha, peer_host(c->f->peer));
        c->f->answer = serve;
}

TEST(old_code_is_fetched_and_sent) {
        Case c = begin();
        const Action a = update(41);

        at(&c, sha_old);
        (void) str_copy(served, sizeof(served), "PK-old");
        exec_fixture_run(c.f, &a);
        EXPECT_STR(c.f->error, "");
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_INT(c.f->n_requests, 3);
        EXPECT_CONTAINS(c.f->heads[0], "GET /2015-03-31/functions/checkout?Qualifier=41 ");
        EXPECT(!strstr(c.f->heads[1], "AWS4"));
        EXPECT_STR(c.f->sent[2], "{\"RevisionId\":\"rev-1\",\"Publish\":false,\"ZipFile\":\"UEstb2xk\"}");
        end(&c);
}

static void expect_unsent(const char *sha, const char *code, Fault fault, const char *words) {
        Case c = begin();
        const Action a = update(41);

        at(&c, sha);
        (void) str_copy(served, sizeof(served), code);
        exec_fixture_run(c.f, &a);
        exec_fixture_expect_fault(c.f, fault, words);
        EXPECT(!strstr(c.f->error, "hush"));
        for (size_t i = 0; i < c.f->n_requests; i++)
                EXPECT(strncmp(c.f->heads[i], "GET ", 4) == 0);
        end(&c);
}

TEST(old_code_must_be_what_it_was) {
        sha_of("PK-new", sha_new);
        sha_of("PK-old", sha_old);
        expect_unsent(sha_old, "PK-odd", FAULT_INVALID, "was fetched for version 41");
        expect_unsent(sha_new, "PK-old", FAULT_INVALID, "expected version 41");
}

TEST(old_image_is_named) {
        Case c = begin();
        Action a = update(41);

        (void) str_copy(a.update.code_sha, sizeof(a.update.code_sha), "e3b0");
        at(&c, sha_old);
        (void) str_copy(place, sizeof(place),
                        "{\"Configuration\":{\"Version\":\"41\",\"CodeSha256\":\"e3b0\",\"PackageType\":"
                        "\"Image\"},\"Code\":{\"ImageUri\":\"r/a:1\",\"ResolvedImageUri\":\"r/a@sha256:e3b0\"}}");
        (void) str_copy(served, sizeof(served), "e3b0");
        exec_fixture_run(c.f, &a);
        EXPECT_INT(c.f->got.fault, FAULT_NONE);
        EXPECT_STR(c.f->sent[1],
                        "{\"ImageUri\":\"r/a@sha256:e3b0\",\"RevisionId\":\"rev-1\",\"Publish\":false}");
        end(&c);
}

/* At every turn of the loop: nothing comes any more, and nothing is lost. */
TEST(cancelled_at_any_moment) {
        for (unsigned turns = 0; turns < 60; turns++) {
                Case c = begin();
                const Action a = update(turns % 2 == 0 ? 41 : 0);

                at(&c, sha_old);
                (void) str_copy(served, sizeof(served), "PK-old");
                exec_fixture_open(c.f);
                exec_fixture_start(c.f, &a);
                for (unsigned i = 0; i < turns && c.f->n_done == 0; i++)
                        EXPECT_OK(sd_event_run(c.f->event, USEC_PER_MSEC));
                if (c.f->n_done == 0) {
                        exec_cancel(c.f->op);
                        peer_settle(c.f->event);
                        EXPECT_INT(c.f->n_done, 0);
                }
                end(&c);
        }
}

/* Before it has left it does not leave; afterwards the completion comes. */
TEST(withdrawn_at_any_moment) {
        unsigned n_gone = 0, n_left = 0;

        for (unsigned turns = 0; turns < 60; turns++) {
                Case c = begin();
                const Action a = update(turns % 2 == 0 ? 41 : 0);
                size_t n_updates = 0;

                at(&c, sha_old);
                (void) str_copy(served, sizeof(served), "PK-old");
                exec_fixture_open(c.f);
                exec_fixture_start(c.f, &a);
                for (unsigned i = 0; i < turns && c.f->n_done == 0; i++)
                        EXPECT_OK(sd_event_run(c.f->event, USEC_PER_MSEC));
                if (c.f->n_done == 0 && exec_withdraw(c.f->op)) {
                        n_gone++;
                        peer_settle(c.f->event);
                        EXPECT_INT(c.f->n_done, 0);
                        for (size_t i = 0; i < c.f->n_requests; i++)
                                n_updates += strncmp(c.f->heads[i], "PUT ", 4) == 0;
                        EXPECT_INT(n_updates, 0);
                } else {
                        n_left++;
                        peer_run(c.f->event, &c.f->n_done, 1);
                }
                end(&c);
        }
        EXPECT(n_gone > 0 && n_left > 0);
}

static size_t n_updates;
static char last_head[4096];

/* Its clock is a day ahead, and it takes its time over new code. */
static void serve_ahead(ExecFixture *f, const PeerRequest *request, Buf *out) {
        time_t ahead = time(NULL) + 86400;
        char date[64], headers[128];
        struct tm tm;

        if (strncmp(request->head, "PUT ", 4) == 0) {
                n_updates++;
                EXPECT_OK(str_copy(last_head, sizeof(last_head), request->head));
                return;
        }
        EXPECT(gmtime_r(&ahead, &tm));
        EXPECT(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        (void) snprintf(headers, sizeof(headers), "Date: %s\r\n", date);
        peer_reply(out, "200 OK", headers, "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r-1\"}");
}

/* "20260115": the day for which it is signed. */
static void day_of(const char *head, char ret[static 9]) {
        const char *p = strcasestr(head, "x-amz-date: ");

        EXPECT(p);
        (void) snprintf(ret, 9, "%.8s", p + strlen("x-amz-date: "));
}

/* A signature is good for five minutes, and waiting for others' megabytes may take longer. */
TEST(zip_is_signed_when_it_leaves) {
        static const Action read = { .kind = ACTION_READ_ALIAS, .op_id = 7, .lane = LANE_STEP };
        const Action a = update(0);
        Case c = begin();
        char first[9], late[9];
        ExecOp *ops[5];

        n_updates = 0;
        c.f->answer = serve_ahead;
        exec_fixture_open(c.f);
        for (size_t i = 0; i < ELEMENTSOF(ops); i++) {
                peer_run(c.f->event, &n_updates, i < 4 ? 0 : 4); /* the last one has to wait */
                exec_fixture_start(c.f, &a);
                ops[i] = c.f->op;
        }
        peer_settle(c.f->event);
        EXPECT_INT(n_updates, 4);
        day_of(last_head, first);
        exec_fixture_run(c.f, &read);
        exec_cancel(ops[0]);
        peer_run(c.f->event, &n_updates, 5);
        day_of(last_head, late);
        EXPECT(!streq(first, late));
        end(&c);
}

TEST(without_memory) {
        Case c = begin();

        at(&c, sha_old);
        exec_fixture_open(c.f);
        for (uint64_t version = 0; version <= 41; version += 41) {
                const Action a = update(version);

                FAULT_LOOP {
                        ExecOp *op = NULL;
                        int r = exec_start(c.f->exec, "p@1", &c.f->plan, &a, NULL, NULL, &op);

                        if (!fault_struck()) {
                                EXPECT_OK(r);
                                exec_cancel(op);
                                break;
                        }
                        if (r >= 0)
                                exec_cancel(op); /* what failed was not needed, or is told later */
                        else
                                EXPECT(r == -ENOMEM || r == -ENOBUFS);
                }
        }
        end(&c);
}
