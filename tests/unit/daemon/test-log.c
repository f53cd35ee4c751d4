#include "daemon/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "unit/daemon/journal-capture.h"
#include "unit/daemon/log-capture.h"

static const PlanTarget target = { .function = "checkout", .alias = "live", .to = 42 };
static const Plan plan = { .name = "checkout",
        .targets = &target,
        .n_targets = 1,
        .sha256 = { 0xab, 0xcd } };

/* "2026-01-15T12:34:56Z " */
static const char *behind_time(const char *line) {
        EXPECT(strlen(line) > 21);
        EXPECT(line[10] == 'T' && line[19] == 'Z' && line[20] == ' ');
        return line + 21;
}

TEST(without_a_journal_a_line_goes_to_stderr) {
        _cleanup_(freep) char *text = NULL;

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_message(LOG_WARNING, "%d of %d", 1, 2);
        text = capture_end();
        EXPECT_STR(behind_time(text), "warning 1 of 2\n");
}

TEST(details_below_the_level_are_dropped) {
        _cleanup_(freep) char *text = NULL;

        log_open(LOG_NOTICE, NULL);
        capture_begin();
        log_message(LOG_INFO, "a");
        log_rollout(LOG_DEBUG, "x@1", "b");
        log_rollout(LOG_NOTICE, "x@1", "c");
        text = capture_end();
        EXPECT_STR(behind_time(text), "notice x@1: c\n");
}

TEST(the_words_of_others_forge_no_lines) {
        _cleanup_(freep) char *text = NULL;

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_message(LOG_ERR, "AWS says: %s", "no\n2026-01-01T00:00:00Z notice all is well\x1b[2J");
        text = capture_end();
        EXPECT_STR(behind_time(text), "err AWS says: no 2026-01-01T00:00:00Z notice all is well [2J\n");
}

TEST(a_long_message_is_cut_and_harmless) {
        _cleanup_(freep) char *text = NULL, *words = alloc_zero(100001);

        EXPECT(words);
        memset(words, 'w', 100000);
        log_open(LOG_INFO, NULL);
        capture_begin();
        log_message(LOG_ERR, "%s", words);
        log_plan_refused(words, words);
        text = capture_end();
        EXPECT(strlen(text) < 8000);
}

TEST(the_journal_is_used_only_when_stderr_is_it) {
        _cleanup_(freep) char *text = NULL;

        journal_reset(0);
        log_open(LOG_INFO, "1:1");
        capture_begin();
        log_message(LOG_INFO, "to stderr");
        text = capture_end();
        EXPECT_CONTAINS(text, "info to stderr\n");
        EXPECT_STR(journal_text(), "");
        journal_claim();
        log_rollout(LOG_INFO, "checkout@7", "to the journal");
        EXPECT_STR(journal_text(),
                        "MESSAGE=checkout@7: to the journal\nPRIORITY=6\nSYSLOG_IDENTIFIER=canaryd\n"
                        "CANARYD_ROLLOUT=checkout@7\n\n");
}

TEST(a_journal_that_fails_does_not_swallow_anything) {
        _cleanup_(freep) char *text = NULL;

        journal_claim();
        journal_reset(-ENOSPC);
        capture_begin();
        log_message(LOG_ERR, "heard all the same");
        text = capture_end();
        EXPECT_CONTAINS(text, "err heard all the same\n");
}

TEST(a_reader_that_does_not_read_holds_nothing_up) {
        int pipe_fds[2], stderr_fd = dup(STDERR_FILENO);
        char bytes[4096];
        ssize_t n, got = 0;

        EXPECT(stderr_fd >= 0);
        EXPECT_OK(pipe2(pipe_fds, O_CLOEXEC));
        EXPECT_OK(dup2(pipe_fds[1], STDERR_FILENO));
        log_open(LOG_INFO, NULL);
        (void) alarm(20); /* instead of hanging here for good */
        for (unsigned i = 0; i < 2000; i++)
                log_message(LOG_ERR, "line %u of more than a pipe takes in", i);
        (void) alarm(0);
        EXPECT_OK(dup2(stderr_fd, STDERR_FILENO));
        EXPECT_OK(close(stderr_fd));
        EXPECT_OK(close(pipe_fds[1]));
        while ((n = read(pipe_fds[0], bytes, sizeof(bytes))) > 0)
                got += n;
        EXPECT(got > 32 * 1024);
        EXPECT_OK(close(pipe_fds[0]));
}

TEST(an_accepted_plan) {
        _cleanup_(freep) char *text = NULL;

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_plan_accepted("checkout@7", "/plans/checkout.yaml", &plan);
        text = capture_end();
        EXPECT_STR(behind_time(text),
                        "notice checkout@7: accepted plan /plans/checkout.yaml: checkout:live to version 42 "
                        "[plan_sha256=abcd000000000000000000000000000000000000000000000000000000000000]\n");
        journal_claim();
        journal_reset(0);
        log_plan_accepted("checkout@7", "/plans/checkout.yaml", &plan);
        EXPECT_CONTAINS(journal_text(), "\nMESSAGE_ID=c4128c49b9cfe19d224c5d55548483f6\n");
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_PLAN_PATH=/plans/checkout.yaml\n");
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_NEW_VERSION=42\n");
}

static void check_accepted(const PlanTarget *targets, uint32_t n, const char *expected) {
        const Plan p = { .name = "checkout", .targets = targets, .n_targets = n };
        _cleanup_(freep) char *text = NULL;

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_plan_accepted("checkout@7", "/p.yaml", &p);
        text = capture_end();
        EXPECT_CONTAINS(text, expected);
}

TEST(a_version_that_is_yet_to_be_made_is_called_by_what_it_is_made_of) {
        PlanTarget targets[8] = { target, target };
        static const struct {
                PlanPublish publish;
                const char *words;
        } rows[] = {
                { { .kind = PUBLISH_ZIP, .path = "/srv/a.zip" }, "/srv/a.zip [" },
                { { .kind = PUBLISH_S3, .bucket = "b", .key = "k/a.zip" }, "s3://b/k/a.zip [" },
                { { .kind = PUBLISH_IMAGE, .image = "r.example.com/picture:2" },
                                "r.example.com/picture:2 [" },
                { { .kind = PUBLISH_LATEST }, "$LATEST as it is [" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char expected[200];

                targets[0].to = 0;
                targets[0].publish = rows[i].publish;
                (void) snprintf(expected, sizeof(expected),
                                ": checkout:live to the version that is published of %s", rows[i].words);
                check_accepted(targets, 1, expected);
        }
        journal_claim();
        journal_reset(0);
        log_plan_accepted("checkout@7", "/p.yaml", &(Plan){ .targets = targets, .n_targets = 1 });
        EXPECT(!strstr(journal_text(), "CANARYD_NEW_VERSION"));
}

TEST(all_targets_of_an_accepted_plan_are_counted) {
        PlanTarget targets[8] = { target };

        check_accepted(targets, 8, ": checkout:live to version 42; and 7 more [");
        check_accepted(targets, 1, ": checkout:live to version 42 [");
}

TEST(a_refused_plan_has_a_record_per_finding) {
        static const char source[] = "format: 1\nwieght: 3\n";
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(freep) char *text = NULL;

        EXPECT(diags);
        diag_add(diags, DIAG_ERROR, 2, 1, "unknown key \"wieght\"");
        diag_add(diags, DIAG_WARNING, 1, 9, "a warning");
        log_open(LOG_INFO, NULL);
        capture_begin();
        log_plan_findings("/plans/a.yaml", diags, source, strlen(source));
        log_plan_refused("/plans/b.yaml", "is not a regular file");
        text = capture_end();
        EXPECT_CONTAINS(text, "err /plans/a.yaml:2:1: error: unknown key \"wieght\"\n     2 | wieght: 3\n");
        EXPECT_CONTAINS(text, "warning /plans/a.yaml:1:9: warning: a warning\n");
        EXPECT_CONTAINS(text, "err /plans/b.yaml: error: is not a regular file\n");

        journal_claim();
        journal_reset(0);
        log_plan_findings("/plans/a.yaml", diags, NULL, 0);
        EXPECT_CONTAINS(journal_text(),
                        "MESSAGE=/plans/a.yaml:2:1: error: unknown key \"wieght\"\nPRIORITY=3\n");
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_LINE=2\nCANARYD_COLUMN=1\n");
}
