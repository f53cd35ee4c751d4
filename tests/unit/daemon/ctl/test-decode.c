#include "daemon/ctl/decode.h"

#include <sys/socket.h>
#include <unistd.h>

#include "lib/test.h"

/* Messages are made on a connection that goes nowhere. */
static sd_bus *bus_new_idle(void) {
        sd_bus *bus = NULL;
        int fds[2];

        EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds));
        EXPECT_OK(sd_bus_new(&bus));
        EXPECT_OK(sd_bus_set_fd(bus, fds[0], fds[0]));
        EXPECT_OK(sd_bus_start(bus));
        EXPECT_OK(close(fds[1]));
        return bus;
}

static sd_bus_message *message_new(sd_bus *bus) {
        sd_bus_message *m = NULL;

        EXPECT_OK(sd_bus_message_new_signal(bus, &m, "/x", "x.y", "Z"));
        return m;
}

static sd_bus_message *sealed(sd_bus_message *m) {
        EXPECT_OK(sd_bus_message_seal(m, 1, 0));
        EXPECT_OK(sd_bus_message_rewind(m, true));
        return m;
}

TEST(members_in_any_order_known_or_not) {
        sd_bus *bus = bus_new_idle();
        sd_bus_message *m = message_new(bus);
        RolloutList list;

        EXPECT_OK(sd_bus_message_append(m, "aa{sv}", 2, 3, "step", "t", UINT64_C(2), "of next year", "a(sd)",
                        1, "x", 1.5, "id", "s", "a@1", 0));
        list = (RolloutList){ 0 };
        EXPECT_OK(decode_rollouts(sealed(m), &list));
        EXPECT_INT(list.n, 2);
        EXPECT_STR(list.items[0].id, "a@1");
        EXPECT_INT(list.items[0].step, 2);
        EXPECT_STR(list.items[0].phase, ""); /* never NULL */
        EXPECT_STR(list.items[1].id, "");
        list.reply = m;
        rollout_list_done(&list);
        sd_bus_unref(bus);
}

TEST(nested_members) {
        sd_bus *bus = bus_new_idle();
        sd_bus_message *m = message_new(bus);
        RolloutList list;

        EXPECT_OK(sd_bus_message_append(m, "a{sv}", 2, "checks", "aa{sv}", 1, 2, "name", "s", "errors",
                        "limit", "d", 0.5, "ladder", "aa{sv}", 2, 1, "weight", "d", 5.0, 0));
        EXPECT_OK(decode_rollout(sealed(m), &list));
        EXPECT_INT(list.items[0].n_checks, 1);
        EXPECT_STR(list.items[0].checks[0].name, "errors");
        EXPECT_STR(list.items[0].checks[0].verdict, "");
        EXPECT_NEAR(list.items[0].checks[0].limit, 0.5, 0);
        EXPECT_INT(list.items[0].n_ladder, 2);
        EXPECT_NEAR(list.items[0].ladder[0].weight, 5, 0);
        list.reply = m;
        rollout_list_done(&list);
        sd_bus_unref(bus);
}

/* Wrong types are errors, and nothing leaks on the way out. */
static void expect_bad(const char *types, const char *name, const char *signature) {
        sd_bus *bus = bus_new_idle();
        sd_bus_message *m = message_new(bus);
        RefusalList refusals;
        RolloutList list;

        if (!name)
                EXPECT_OK(sd_bus_message_append(m, types, "x"));
        else if (strcmp(signature, "aa{sv}") == 0)
                EXPECT_OK(sd_bus_message_append(m, types, 1, 2, name, signature, 0, name, signature, 1, 0));
        else if (strcmp(signature, "d") == 0)
                EXPECT_OK(sd_bus_message_append(m, types, 1, 1, name, signature, 1.0));
        else
                EXPECT_OK(sd_bus_message_append(m, types, 1, 1, name, signature, "x"));
        (void) sealed(m);
        if (decode_rollouts(m, &list) >= 0)
                EXPECT(name && strcmp(name, "path") == 0);
        rollout_list_done(&list);
        EXPECT_OK(sd_bus_message_rewind(m, true));
        if (decode_refusals(m, &refusals) >= 0)
                EXPECT(name && strcmp(name, "path") != 0);
        refusal_list_done(&refusals);
        sd_bus_message_unref(m);
        sd_bus_unref(bus);
}

TEST(wrong_types) {
        expect_bad("s", NULL, NULL);
        expect_bad("aa{sv}", "id", "d");
        expect_bad("aa{sv}", "step", "s");
        expect_bad("aa{sv}", "weight_actual", "s");
        expect_bad("aa{sv}", "checks", "s");
        expect_bad("aa{sv}", "path", "d");
}

TEST(a_member_that_comes_twice) {
        sd_bus *bus = bus_new_idle();
        sd_bus_message *m = message_new(bus);
        RolloutList list;

        EXPECT_OK(sd_bus_message_append(m, "a{sv}", 2, "ladder", "aa{sv}", 1, 0, "ladder", "aa{sv}", 1, 0));
        EXPECT_INT(decode_rollout(sealed(m), &list), -EBADMSG);
        rollout_list_done(&list);
        sd_bus_message_unref(m);
        sd_bus_unref(bus);
}

TEST(refusals_with_findings) {
        sd_bus *bus = bus_new_idle();
        sd_bus_message *m = message_new(bus);
        RefusalList list;

        EXPECT_OK(sd_bus_message_append(m, "aa{sv}", 1, 3, "path", "s", "/p", "time_usec", "t", UINT64_C(9),
                        "findings", "aa{sv}", 1, 3, "line", "u", 12u, "column", "u", 9u, "message", "s",
                        "bad"));
        EXPECT_OK(decode_refusals(sealed(m), &list));
        EXPECT_INT(list.n, 1);
        EXPECT_INT(list.items[0].time, 9);
        EXPECT_STR(list.items[0].message, "");
        EXPECT_INT(list.items[0].findings[0].line, 12);
        EXPECT_STR(list.items[0].findings[0].message, "bad");
        EXPECT_STR(list.items[0].findings[0].level, "");
        list.reply = m;
        refusal_list_done(&list);
        sd_bus_unref(bus);
}
