#include "daemon/ctl/client.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/usec.h"
#include "daemon/bus-names.h"
#include "daemon/clock.h"
#include "daemon/ctl/decode.h"
#include "daemon/ctl/verb.h"

#define SAY_AFTER (2 * USEC_PER_SEC)
#define GIVE_UP_AFTER (10 * USEC_PER_SEC)

struct Client {
        sd_bus *connection; /* owned */
        FILE *err;
        usec_t say_after, give_up_after;
        bool has_said;
        sd_bus_message *reply; /* owned; of the call under way, once it is there */
        char path[sizeof(((struct sockaddr_un *) NULL)->sun_path)];
};

static int fail_silent(const char *path, char reterr[static CLIENT_ERROR_MAX]) {
        (void) snprintf(reterr, CLIENT_ERROR_MAX,
                        "canaryd on %s has not answered and is not waited for any longer: it is stopped, or it hangs; "
                        "see \"systemctl status canaryd\"",
                        path);
        return EXIT_SILENT;
}

static int fail_connect(const char *path, int error, char reterr[static CLIENT_ERROR_MAX]) {
        switch (error) {
        case ENOENT:
        case ECONNREFUSED:
                (void) snprintf(reterr, CLIENT_ERROR_MAX,
                                "canaryd is not running: nobody listens on %s; start it with \"systemctl start "
                                "canaryd\", or name its run directory with --run DIR",
                                path);
                return EXIT_UNREACHABLE;
        case EACCES:
        case EPERM:
                (void) snprintf(reterr, CLIENT_ERROR_MAX,
                                "no permission to use %s: it is for root and for members of the group canaryd "
                                "(\"usermod -aG canaryd USER\", then log in again)",
                                path);
                return EXIT_DENIED;
        case EAGAIN: /* nobody takes the connection */
        case ETIMEDOUT:
                return fail_silent(path, reterr);
        default:
                (void) snprintf(reterr, CLIENT_ERROR_MAX, "cannot connect to canaryd on %s: %s", path,
                                strerror(error));
                return EXIT_UNREACHABLE;
        }
}

/* By hand, because sd-bus would tell less about why it cannot. */
static int connect_to(const char *path, usec_t patience, int *ret_fd) {
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval limit = { .tv_sec = (time_t) (patience / USEC_PER_SEC),
                .tv_usec = (suseconds_t) (patience % USEC_PER_SEC) };
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (fd < 0)
                return -errno;
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static void say_once(Client *c) {
        if (!c->has_said && c->err)
                (void) fputs("canaryctl: canaryd does not answer yet; waiting for a few seconds more\n",
                                c->err);
        c->has_said = true;
}

/* 1: is_over() says so. -ETIMEDOUT */
static int wait_until(Client *c, bool (*is_over)(const Client *c)) {
        usec_t begun = clock_mono();
        int r;

        while ((r = sd_bus_process(c->connection, NULL)) >= 0 && !is_over(c)) {
                usec_t waited = usec_sub(clock_mono(), begun);

                if (r > 0)
                        continue;
                if (waited >= c->give_up_after)
                        return -ETIMEDOUT;
                if (waited >= c->say_after)
                        say_once(c);
                r = sd_bus_wait(c->connection, (c->has_said ? c->give_up_after : c->say_after) - waited);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        return r < 0 ? r : 1;
}

static bool is_ready(const Client *c) {
        return sd_bus_is_ready(c->connection) != 0; /* or closed, which the first call finds out */
}

static int start_bus(Client *c, int *take_fd) {
        int fd = *take_fd, r;

        if ((r = sd_bus_new(&c->connection)) < 0)
                return r;
        if ((r = sd_bus_set_fd(c->connection, fd, fd)) < 0)
                return r;
        *take_fd = -EBADF;
        if ((r = sd_bus_start(c->connection)) < 0)
                return r;
        return wait_until(c, is_ready);
}

int client_open(const ClientSpec *spec, Client **ret, char reterr[static CLIENT_ERROR_MAX]) {
        _cleanup_(client_closep) Client *c = alloc_one(Client);
        _cleanup_(fd_closep) int fd = -EBADF;
        int r;

        if (!c)
                return fail_connect(spec->run, ENOMEM, reterr);
        c->err = spec->err;
        c->say_after = spec->say_after > 0 ? spec->say_after : SAY_AFTER;
        c->give_up_after = spec->give_up_after > 0 ? spec->give_up_after : GIVE_UP_AFTER;
        r = snprintf(c->path, sizeof(c->path), "%s/" BUS_SOCKET_NAME, spec->run);
        if (r < 0 || (size_t) r >= sizeof(c->path))
                return fail_connect(spec->run, ENAMETOOLONG, reterr);
        if ((r = connect_to(c->path, c->give_up_after, &fd)) < 0 || (r = start_bus(c, &fd)) < 0)
                return fail_connect(c->path, -r, reterr);
        *ret = TAKE_PTR(c);
        return 0;
}

Client *client_close(Client *c) {
        if (!c)
                return NULL;
        sd_bus_message_unref(c->reply);
        sd_bus_close_unref(c->connection);
        free(c);
        return NULL;
}

static int fail_call(const Client *c, int error, const sd_bus_error *words,
                char reterr[static CLIENT_ERROR_MAX]) {
        if (sd_bus_error_has_name(words, SD_BUS_ERROR_UNKNOWN_METHOD) ||
                        sd_bus_error_has_name(words, SD_BUS_ERROR_UNKNOWN_OBJECT) ||
                        sd_bus_error_has_name(words, SD_BUS_ERROR_UNKNOWN_INTERFACE)) {
                (void) snprintf(reterr, CLIENT_ERROR_MAX,
                                "the canaryd on %s is of another version and does not know this: %s",
                                c->path, words->message ? words->message : words->name);
                return EXIT_BAD;
        }
        switch (error) {
        case ETIMEDOUT:
                return fail_silent(c->path, reterr);
        case ECONNRESET:
        case ENOTCONN:
        case EPIPE:
                (void) snprintf(reterr, CLIENT_ERROR_MAX, "canaryd on %s closed the connection", c->path);
                return EXIT_UNREACHABLE;
        case EBADMSG:
        case ENXIO:
        case EINVAL:
        case E2BIG:
                if (!sd_bus_error_is_set(words)) {
                        (void) snprintf(reterr, CLIENT_ERROR_MAX, "the reply of %s makes no sense", c->path);
                        return EXIT_BAD;
                }
                break;
        default:
                break;
        }
        (void) snprintf(reterr, CLIENT_ERROR_MAX, "%s", words->message ? words->message : strerror(error));
        return EXIT_BAD;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Client *c = userdata;

        c->reply = sd_bus_message_ref(m);
        return 0;
}

static bool has_reply(const Client *c) {
        return c->reply;
}

/* As sd_bus_call(), and says in between that it takes long. */
static int transact(Client *c, sd_bus_message *m, sd_bus_error *ret_words, sd_bus_message **ret) {
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        int r;

        /* Never by sd-bus's own clock. */
        r = sd_bus_call_async(c->connection, &slot, m, on_reply, c, 2 * c->give_up_after);
        if (r >= 0)
                r = wait_until(c, has_reply);
        if (r < 0)
                return r;
        if (sd_bus_message_is_method_error(c->reply, NULL)) {
                (void) sd_bus_error_copy(ret_words, sd_bus_message_get_error(c->reply));
                r = -sd_bus_message_get_errno(c->reply);
                c->reply = sd_bus_message_unref(c->reply);
                return r < 0 ? r : -EIO;
        }
        *ret = TAKE_PTR(c->reply);
        return 0;
}

static int call(Client *c, const char *method, const char *id, sd_bus_message **ret,
                char reterr[static CLIENT_ERROR_MAX]) {
        _cleanup_(sd_bus_error_free) sd_bus_error words = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        c->connection, &m, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, method);
        if (r >= 0 && id)
                r = sd_bus_message_append(m, "s", id);
        if (r >= 0)
                r = transact(c, m, &words, ret);
        return r < 0 ? fail_call(c, -r, &words, reterr) : 0;
}

static int fail_decode(const Client *c, int error, char reterr[static CLIENT_ERROR_MAX]) {
        static const sd_bus_error no_words = SD_BUS_ERROR_NULL;

        return fail_call(c, error, &no_words, reterr);
}

static int take_rollouts(Client *c, sd_bus_message *take_reply,
                int (*decode)(sd_bus_message *, RolloutList *), RolloutList *ret,
                char reterr[static CLIENT_ERROR_MAX]) {
        _cleanup_(rollout_list_done) RolloutList list = { 0 };
        int r;

        r = decode(take_reply, &list);
        list.reply = take_reply;
        if (r < 0)
                return fail_decode(c, -r, reterr);
        *ret = list;
        list = (RolloutList){ 0 };
        return 0;
}

int client_list(Client *c, RolloutList *ret, char reterr[static CLIENT_ERROR_MAX]) {
        sd_bus_message *reply = NULL;
        int r = call(c, "ListRollouts", NULL, &reply, reterr);

        return r != 0 ? r : take_rollouts(c, reply, decode_rollouts, ret, reterr);
}

int client_get(Client *c, const char *id, RolloutList *ret, char reterr[static CLIENT_ERROR_MAX]) {
        sd_bus_message *reply = NULL;
        int r = call(c, "GetRollout", id, &reply, reterr);

        return r != 0 ? r : take_rollouts(c, reply, decode_rollout, ret, reterr);
}

int client_refusals(Client *c, RefusalList *ret, char reterr[static CLIENT_ERROR_MAX]) {
        _cleanup_(refusal_list_done) RefusalList list = { 0 };
        sd_bus_message *reply = NULL;
        int r = call(c, "ListRefusals", NULL, &reply, reterr);

        if (r != 0)
                return r;
        r = decode_refusals(reply, &list);
        list.reply = reply;
        if (r < 0)
                return fail_decode(c, -r, reterr);
        *ret = list;
        list = (RefusalList){ 0 };
        return 0;
}

static int get_plans(Client *c, sd_bus_error *ret_words, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *plans;
        int r;

        r = sd_bus_message_new_method_call(
                        c->connection, &m, NULL, BUS_MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", BUS_MANAGER_INTERFACE, "PlansDirectory");
        if (r >= 0)
                r = transact(c, m, ret_words, &reply);
        if (r >= 0)
                r = sd_bus_message_read(reply, "v", "s", &plans);
        if (r < 0)
                return r;
        *ret = alloc_copy_string(plans);
        return *ret ? 0 : -ENOMEM;
}

int client_plans(Client *c, char **ret, char reterr[static CLIENT_ERROR_MAX]) {
        _cleanup_(sd_bus_error_free) sd_bus_error words = SD_BUS_ERROR_NULL;
        char *plans = NULL;
        int r = get_plans(c, &words, &plans);

        if (r < 0 && !sd_bus_error_has_name(&words, SD_BUS_ERROR_UNKNOWN_PROPERTY))
                return fail_call(c, -r, &words, reterr);
        *ret = plans;
        return 0;
}

void rollout_list_done(RolloutList *l) {
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].checks);
                free(l->items[i].ladder);
                free(l->items[i].targets);
        }
        free(l->items);
        sd_bus_message_unref(l->reply);
        *l = (RolloutList){ 0 };
}

void refusal_list_done(RefusalList *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].findings);
        free(l->items);
        sd_bus_message_unref(l->reply);
        *l = (RefusalList){ 0 };
}
