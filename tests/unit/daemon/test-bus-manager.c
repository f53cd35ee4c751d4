#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/usec.h"
#include "codec/rollout-info.h"
#include "daemon/bus.h"
#include "daemon/ctl/decode.h"
#include "lib/test.h"
#include "unit/daemon/fake-manager.h"

typedef struct Fixture {
        char directory[64];
        pid_t daemon;
        sd_bus *client;
} Fixture;

/* The daemon forks off with the fake as it is now. */
static void fixture_start(Fixture *f) {
        char address[128];

        temp_dir_make(f->directory);
        f->daemon = fake_daemon_start(f->directory);
        f->client = NULL;
        EXPECT_OK(sd_bus_new(&f->client));
        (void) snprintf(address, sizeof(address), "unix:path=%s/" BUS_SOCKET_NAME, f->directory);
        EXPECT_OK(sd_bus_set_address(f->client, address));
        EXPECT_OK(sd_bus_start(f->client));
}

static void fixture_stop(Fixture *f) {
        sd_bus_close_unref(f->client);
        fake_daemon_stop(f->daemon);
        temp_dir_remove(f->directory);
}

static int call(Fixture *f, const char *method, const char *id, sd_bus_error *error, sd_bus_message **ret) {
        return sd_bus_call_method(f->client, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, method, error,
                        ret, id ? "s" : "", id);
}

TEST(lists) {
        sd_bus_message *reply = NULL;
        RolloutList list;
        Fixture f;

        fake_manager_reset();
        fixture_start(&f);
        EXPECT_OK(call(&f, "ListRollouts", NULL, NULL, &reply));
        EXPECT_STR(sd_bus_message_get_signature(reply, true), "aa{sv}");
        EXPECT_OK(decode_rollouts(reply, &list));
        EXPECT_INT(list.n, 2);
        EXPECT_STR(list.items[0].id, "checkout@1");
        EXPECT_STR(list.items[0].phase, "shifting");
        EXPECT_INT(list.items[0].step, 2);
        EXPECT_NEAR(list.items[0].invocations_new, 41, 0);
        EXPECT_INT(list.items[0].n_checks, 0); /* lists are without details */
        EXPECT_STR(list.items[1].phase, "rolled-back");
        EXPECT_STR(list.items[1].reason, "deadline");
        list.reply = reply;
        rollout_list_done(&list);
        fixture_stop(&f);
}

TEST(one_in_detail) {
        sd_bus_message *reply = NULL;
        RolloutList list;
        Fixture f;

        fake_manager_reset();
        fixture_start(&f);
        EXPECT_OK(call(&f, "GetRollout", "checkout@1", NULL, &reply));
        EXPECT_STR(sd_bus_message_get_signature(reply, true), "a{sv}");
        EXPECT_OK(decode_rollout(reply, &list));
        EXPECT_INT(list.n, 1);
        EXPECT_STR(list.items[0].wait_kind, "hold");
        EXPECT_INT(list.items[0].n_checks, 1);
        EXPECT_STR(list.items[0].checks[0].kind, "error_rate");
        EXPECT_INT(list.items[0].n_ladder, 3);
        EXPECT_NEAR(list.items[0].ladder[1].weight, 25, 0);
        list.reply = reply;
        rollout_list_done(&list);
        fixture_stop(&f);
}

TEST(what_keeps_a_call_from_leaving_is_said) {
        sd_bus_message *reply = NULL;
        RolloutList list;
        Fixture f;

        fake_manager_reset();
        fake_manager()->waits_for = "credentials";
        fixture_start(&f);
        EXPECT_OK(call(&f, "GetRollout", "checkout@1", NULL, &reply));
        EXPECT_OK(decode_rollout(reply, &list));
        EXPECT_STR(list.items[0].wait_kind, "aws");
        EXPECT_STR(list.items[0].wait, "waits for credentials");
        list.reply = reply;
        rollout_list_done(&list);
        fixture_stop(&f);
}

static void check_wait(const char *expected) {
        sd_bus_message *reply = NULL;
        RolloutList list;
        Fixture f;

        fixture_start(&f);
        EXPECT_OK(call(&f, "GetRollout", "checkout@1", NULL, &reply));
        EXPECT_OK(decode_rollout(reply, &list));
        EXPECT_STR(list.items[0].wait, expected);
        list.reply = reply;
        rollout_list_done(&list);
        fixture_stop(&f);
}

TEST(that_aws_is_silent_is_said) {
        fake_manager_reset();
        fake_manager()->silence = 31 * USEC_PER_SEC + 1;
        check_wait("holds 0 % for 10m more; AWS has not answered for 31 s");
}

TEST(who_has_the_alias_is_said) {
        fake_manager_reset();
        fake_manager()->behind = "mailer@3";
        check_wait("waits for its turn on the alias: mailer@3 comes first");
}

TEST(what_is_frozen_waits_for_nothing_else) {
        sd_bus_message *reply = NULL;
        RolloutList list;
        Fixture f;

        fake_manager_reset();
        fake_manager()->trouble = "its record cannot be read";
        fixture_start(&f);
        EXPECT_OK(call(&f, "GetRollout", "checkout@1", NULL, &reply));
        EXPECT_OK(decode_rollout(reply, &list));
        EXPECT_STR(list.items[0].wait_kind, "frozen");
        EXPECT_STR(list.items[0].wait,
                        "FROZEN, look after its alias by hand; nothing is done with it, and newer plans for it "
                        "wait: its record cannot be read");
        EXPECT(list.items[0].total_left == USEC_INFINITY);
        list.reply = reply;
        rollout_list_done(&list);
        fixture_stop(&f);
}

TEST(refusals) {
        sd_bus_message *reply = NULL;
        RefusalList list;
        Fixture f;

        fake_manager_reset();
        fake_manager()->n_refusals = 2;
        fake_manager()->refused_path = "/plans/b\xff"
                                       "d.yaml"; /* a file's name may be any bytes, a D-Bus string not */
        fixture_start(&f);
        EXPECT_OK(call(&f, "ListRefusals", NULL, NULL, &reply));
        EXPECT_OK(decode_refusals(reply, &list));
        EXPECT_INT(list.n, 2);
        EXPECT_STR(list.items[0].path,
                        "/plans/b\xef\xbf\xbd"
                        "d.yaml");
        EXPECT_INT(list.items[0].n_findings, 1);
        EXPECT_INT(list.items[0].findings[0].line, 12);
        EXPECT_INT(list.items[0].findings[0].column, 9);
        EXPECT_STR(list.items[0].findings[0].level, "error");
        EXPECT_CONTAINS(list.items[0].findings[0].message, "wieght");
        EXPECT_INT(list.items[1].n_findings, 0);
        EXPECT_CONTAINS(list.items[1].message, "Permission denied");
        list.reply = reply;
        refusal_list_done(&list);
        fixture_stop(&f);
}

static void expect_error(Fixture *f, const char *id, const char *name, const char *words) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;

        EXPECT(call(f, "GetRollout", id, &error, &reply) < 0);
        EXPECT_STR(error.name, name);
        EXPECT_STR(error.message, words);
        sd_bus_error_free(&error);
}

TEST(unknown_ids_meet_their_neighbours) {
        char longest[128];
        Fixture f;

        fake_manager_reset();
        fake_manager()->n_rollouts = 5;
        fixture_start(&f);
        expect_error(&f, "chekout@2", BUS_ERROR_NO_SUCH_ROLLOUT,
                        "there is no rollout \"chekout@2\"; did you mean \"checkout@2\", \"checkout@1\" or \"checkout@3\"?");
        expect_error(&f, "checkout", BUS_ERROR_NO_SUCH_ROLLOUT,
                        "there is no rollout \"checkout\"; did you mean \"checkout@1\", \"checkout@2\" or \"checkout@3\"?");
        expect_error(&f, "some-other-name@1", BUS_ERROR_NO_SUCH_ROLLOUT,
                        "there is no rollout \"some-other-name@1\"");
        expect_error(&f, "", BUS_ERROR_INVALID_ID,
                        "an id is the name of a plan and a number, like \"checkout@7\", of at most 85 bytes");
        (void) snprintf(longest, sizeof(longest), "%085d", 0);
        expect_error(&f, longest, BUS_ERROR_NO_SUCH_ROLLOUT,
                        "there is no rollout \"0000000000000000000000000000000000000000000000000000000000000000000000000"
                        "000000000000\"");
        (void) snprintf(longest, sizeof(longest), "%086d", 0);
        expect_error(&f, longest, BUS_ERROR_INVALID_ID,
                        "an id is the name of a plan and a number, like \"checkout@7\", of at most 85 bytes");
        fixture_stop(&f);
}

TEST(trouble_becomes_an_error_reply) {
        static const char *const methods[] = { "ListRollouts", "GetRollout", "ListRefusals",
                "NoSuchMethod" };
        Fixture f;

        fake_manager_reset();
        fake_manager()->fail = -ENOMEM;
        fixture_start(&f);
        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                sd_bus_message *reply = NULL;

                EXPECT(call(&f, methods[i], i == 1 ? "checkout@1" : NULL, &error, &reply) < 0);
                EXPECT(sd_bus_error_has_name(
                                &error, i < 3 ? SD_BUS_ERROR_NO_MEMORY : SD_BUS_ERROR_UNKNOWN_METHOD));
                sd_bus_error_free(&error);
        }
        fixture_stop(&f);
}

TEST(the_version_is_a_property) {
        char *version = NULL;
        Fixture f;

        fake_manager_reset();
        fixture_start(&f);
        EXPECT_OK(sd_bus_get_property_string(
                        f.client, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "Version", NULL, &version));
        EXPECT(version[0] >= '0' && version[0] <= '9');
        free(version);
        fixture_stop(&f);
}
