#include "daemon/ctl/verb.h"

#include <json-c/json.h>

#include "lib/test.h"
#include "unit/daemon/ctl/capture.h"
#include "unit/daemon/fake-manager.h"

static int status_of(const char *directory, const char *id, bool json, Capture *c) {
        char text[64];
        int r;

        (void) snprintf(text, sizeof(text), "%s", id);
        capture_begin(c, directory);
        c->ctl.json = json;
        r = verb_status(&c->ctl, (char *[]){ text }, 1);
        capture_end(c);
        return r;
}

TEST(one_rollout) {
        struct json_object *all, *rollout, *value;
        char directory[64];
        Capture c;
        pid_t daemon;

        fake_manager_reset();
        fake_manager()->error = "Rate \x1b[2Jexceeded\xff";
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);

        EXPECT_INT(status_of(directory, "checkout@1", false, &c), 0);
        EXPECT_CONTAINS(c.out,
                        "checkout@1   checkout:live   eu-west-1   version 41->42\nSTATE    shifting, step 2 of 3 - ");
        EXPECT_CONTAINS(c.out, "Rate \\x1b[2Jexceeded");
        EXPECT(!strchr(c.out, '\x1b'));
        capture_free(&c);

        EXPECT_INT(status_of(directory, "checkout@1", true, &c), 0);
        all = json_tokener_parse(c.out);
        EXPECT(all);
        EXPECT(json_object_object_get_ex(all, "schema", &value) && json_object_get_int(value) == 1);
        EXPECT(json_object_object_get_ex(all, "rollout", &rollout));
        EXPECT(json_object_object_get_ex(rollout, "ladder", &value));
        EXPECT_INT(json_object_array_length(value), 3);
        EXPECT(json_object_object_get_ex(rollout, "error", &value));
        EXPECT_STR(json_object_get_string(value), "Rate \x1b[2Jexceeded\xef\xbf\xbd");
        EXPECT(!strchr(c.out, '\x1b'));
        json_object_put(all);
        capture_free(&c);

        EXPECT_INT(status_of(directory, "checkout@9", false, &c), EXIT_BAD);
        EXPECT_STR(c.out, "");
        EXPECT_STR(c.err,
                        "canaryctl: there is no rollout \"checkout@9\"; did you mean \"checkout@1\" or \"checkout@2\"?\n");
        capture_free(&c);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

TEST(no_daemon) {
        Capture c;

        EXPECT_INT(status_of("/nonexistent", "a@1", false, &c), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(c.err, "is not running");
        capture_free(&c);
}
