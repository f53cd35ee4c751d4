#include "daemon/ctl/verb.h"

#include <json-c/json.h>
#include <unistd.h>

#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/ctl/capture.h"

static const char good[] = "format: 1\n"
                           "function: checkout\n"
                           "alias: live\n"
                           "to: 42\n"
                           "steps:\n"
                           "  - {weight: 5%, hold: 10m}\n"
                           "  - {weight: 25%, hold: 10m}\n"
                           "bake: 30m\n"
                           "health:\n"
                           "  checks:\n"
                           "    - {name: errors, metric: error_rate, max: 5%}\n";
static const char bad[] = "format: 1\n"
                          "function: checkout\n"
                          "alias: live\n"
                          "too: 42\n"
                          "to: 42\n"
                          "steps:\n"
                          "  - {weight: 5%, hold: 10m}\n"
                          "health:\n"
                          "  checks: none\n";

typedef struct Fixture {
        char directory[64], path[2][128];
} Fixture;

static void write_file(const char *path, const char *text) {
        FILE *f = fopen(path, "we");

        EXPECT(f);
        EXPECT(fputs(text, f) >= 0);
        EXPECT_INT(fclose(f), 0);
}

static void fixture_start(Fixture *f) {
        (void) snprintf(f->directory, sizeof(f->directory), "/tmp/canaryd-test-XXXXXX");
        EXPECT(mkdtemp(f->directory));
        (void) snprintf(f->path[0], sizeof(f->path[0]), "%s/checkout.yaml", f->directory);
        (void) snprintf(f->path[1], sizeof(f->path[1]), "%s/bad.yml", f->directory);
        write_file(f->path[0], good);
        write_file(f->path[1], bad);
}

static void fixture_stop(Fixture *f) {
        EXPECT_OK(unlink(f->path[0]));
        EXPECT_OK(unlink(f->path[1]));
        EXPECT_OK(rmdir(f->directory));
}

TEST(a_good_plan_shows_its_ladder) {
        char expected[512];
        Fixture f;
        Capture c;

        fixture_start(&f);
        capture_begin(&c, "/nonexistent"); /* works without a daemon */
        EXPECT_INT(verb_validate(&c.ctl, (char *[]){ f.path[0] }, 1), 0);
        capture_end(&c);
        (void) snprintf(expected, sizeof(expected),
                        "%s: ok\n    checkout:live in the daemon's region: what it has then -> 42\n",
                        f.path[0]);
        EXPECT(str_after(c.out, expected));
        EXPECT_CONTAINS(c.out, "    5 %  hold 10m\n");
        EXPECT_CONTAINS(c.out, "  100 %  bake 30m\n");
        EXPECT_CONTAINS(c.out, " UTC: 50m at the earliest, then the deadline\n");
        EXPECT_CONTAINS(c.out, "    errors: error_rate at most 5 %\n");
        EXPECT_STR(c.err, "");
        capture_free(&c);
        fixture_stop(&f);
}

TEST(one_bad_plan_among_good_ones) {
        char expected[512];
        Fixture f;
        Capture c;

        fixture_start(&f);
        capture_begin(&c, "/nonexistent");
        EXPECT_INT(verb_validate(&c.ctl, (char *[]){ f.path[1], f.path[0] }, 2), EXIT_BAD);
        capture_end(&c);
        EXPECT_CONTAINS(c.out, "/checkout.yaml: ok\n");
        EXPECT(!strstr(c.out, "bad.yml"));
        (void) snprintf(expected, sizeof(expected), "%s:4:1: error: ", f.path[1]);
        EXPECT_CONTAINS(c.err, expected);
        EXPECT_CONTAINS(c.err, "     4 | too: 42\n");
        capture_free(&c);
        fixture_stop(&f);
}

TEST(files_that_cannot_be_read) {
        static char missing[] = "/nonexistent/x.yaml", directory[] = "/", hostile[] = "/nonexistent/\x1b[2J";
        Capture c;

        capture_begin(&c, "/nonexistent");
        EXPECT_INT(verb_validate(&c.ctl, (char *[]){ missing, directory, hostile }, 3), EXIT_BAD);
        capture_end(&c);
        EXPECT_CONTAINS(c.err, "/nonexistent/x.yaml: error: cannot read: No such file or directory\n");
        EXPECT_CONTAINS(c.err, "/: error: cannot read: ");
        EXPECT(!strchr(c.err, '\x1b'));
        capture_free(&c);
}

TEST(as_json) {
        struct json_object *all, *files, *value;
        Fixture f;
        Capture c;

        fixture_start(&f);
        capture_begin(&c, "/nonexistent");
        c.ctl.json = true;
        EXPECT_INT(verb_validate(&c.ctl, (char *[]){ f.path[0], f.path[1] }, 2), EXIT_BAD);
        capture_end(&c);
        all = json_tokener_parse(c.out);
        EXPECT(all);
        EXPECT(json_object_object_get_ex(all, "schema", &value) && json_object_get_int(value) == 1);
        EXPECT(json_object_object_get_ex(all, "files", &files));
        EXPECT_INT(json_object_array_length(files), 2);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "ok", &value) &&
                        json_object_get_boolean(value));
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "name", &value));
        EXPECT_STR(json_object_get_string(value), "checkout"); /* of the file */
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "shortest_usec", &value));
        EXPECT_INT(json_object_get_int64(value), 3000000000);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "region", &value) && !value);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "schedule", &value));
        EXPECT_INT(json_object_array_length(value), 3);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 0), "targets", &value));
        EXPECT_INT(json_object_array_length(value), 1);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 1), "ok", &value) &&
                        !json_object_get_boolean(value));
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(files, 1), "findings", &value));
        EXPECT(json_object_array_length(value) > 0);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(value, 0), "line", &value));
        EXPECT_INT(json_object_get_int(value), 4);
        json_object_put(all);
        capture_free(&c);
        fixture_stop(&f);
}

/* The message may be cut short, but never is a bad outcome taken for a good one. */
TEST(out_of_memory) {
        Fixture f;

        fixture_start(&f);
        FAULT_LOOP {
                bool struck;
                Capture c;
                int r;

                fault_arm(0);
                capture_begin(&c, "/nonexistent");
                fault_arm(_fault);
                r = verb_validate(&c.ctl, (char *[]){ f.path[0] }, 1);
                struck = fault_struck();
                capture_end(&c);
                EXPECT(r == EXIT_BAD || strstr(c.out, "errors: error_rate at most 5 %\n"));
                capture_free(&c);
                if (!struck)
                        break;
        }
        fixture_stop(&f);
}
