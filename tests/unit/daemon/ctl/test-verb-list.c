#include "daemon/ctl/verb.h"

#include <json-c/json.h>

#include "lib/test.h"
#include "unit/daemon/ctl/capture.h"
#include "unit/daemon/fake-manager.h"

TEST(a_table_and_the_refused) {
        char directory[64];
        Capture c;
        pid_t daemon;

        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        capture_begin(&c, directory);
        EXPECT_INT(verb_list(&c.ctl, NULL, 0), 0);
        capture_end(&c);
        EXPECT_CONTAINS(c.out, "checkout@1  2/3 ");
        EXPECT_CONTAINS(c.out, "\ncheckout@2 ");
        EXPECT_CONTAINS(c.out,
                        "REFUSED PLANS\n/etc/canaryd/plans/bad.yaml:12:9: error: unknown key \"wieght\"");
        EXPECT_STR(c.err, "");
        capture_free(&c);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

TEST(as_json) {
        struct json_object *all, *rollouts, *refused, *value;
        char directory[64];
        Capture c;
        pid_t daemon;

        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        capture_begin(&c, directory);
        c.ctl.json = true;
        EXPECT_INT(verb_list(&c.ctl, NULL, 0), 0);
        capture_end(&c);
        all = json_tokener_parse(c.out);
        EXPECT(all);
        EXPECT(json_object_object_get_ex(all, "schema", &value) && json_object_get_int(value) == 1);
        EXPECT(json_object_object_get_ex(all, "rollouts", &rollouts));
        EXPECT_INT(json_object_array_length(rollouts), 2);
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(rollouts, 0), "phase", &value));
        EXPECT_STR(json_object_get_string(value), "shifting");
        EXPECT(!json_object_object_get_ex(json_object_array_get_idx(rollouts, 0), "checks", &value));
        EXPECT(json_object_object_get_ex(all, "refused", &refused));
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(refused, 0), "findings", &value));
        EXPECT(json_object_object_get_ex(json_object_array_get_idx(value, 0), "line", &value));
        EXPECT_INT(json_object_get_int(value), 12);
        json_object_put(all);
        capture_free(&c);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

TEST(no_daemon) {
        Capture c;

        capture_begin(&c, "/nonexistent");
        EXPECT_INT(verb_list(&c.ctl, NULL, 0), EXIT_UNREACHABLE);
        capture_end(&c);
        EXPECT_STR(c.out, "");
        EXPECT_CONTAINS(c.err, "canaryctl: canaryd is not running");
        capture_free(&c);
}
