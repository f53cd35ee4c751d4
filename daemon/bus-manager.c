#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "base/utf8.h"
#include "codec/info-json.h"
#include "codec/rollout-info.h"
#include "daemon/build-config.h"
#include "daemon/bus-internal.h"
#include "daemon/bus-names.h"
#include "daemon/clock.h"

#define FINISHED_SHOWN 50
#define TEXT_BYTES_MAX (16 * 1024) /* more than a path of 4096 bad bytes becomes */
#define NEAREST_MAX 3
#define NEAREST_DISTANCE_MAX 6u
#define ID_BYTES_MAX (PLAN_NAME_MAX + 21) /* NAME@NUMBER */

typedef struct Reply {
        sd_bus_message *message;
        Now now;
} Reply;

/* Paths and AWS's words may be any bytes; a D-Bus string may not. */
static int append_text(sd_bus_message *m, const char *key, const char *text) {
        _cleanup_(buf_done) Buf valid = BUF_INIT(TEXT_BYTES_MAX);

        if (utf8_is_valid(text))
                return sd_bus_message_append(m, "{sv}", key, "s", text);
        if (utf8_append_valid(&valid, text) < 0)
                return -ENOMEM;
        return sd_bus_message_append(m, "{sv}", key, "s", buf_text(&valid));
}

static int append_field(sd_bus_message *m, const void *info, const InfoField *field) {
        const void *p = info_get(info, field);
        const char *const *text = p;
        const uint64_t *count = p;
        const double *number = p;

        switch (field->type) {
        case INFO_TEXT:
                return append_text(m, field->name, *text);
        case INFO_COUNT:
        case INFO_KNOWN:
        case INFO_SPAN:
                return sd_bus_message_append(m, "{sv}", field->name, "t", *count);
        case INFO_NUMBER:
                return sd_bus_message_append(m, "{sv}", field->name, "d", *number);
        }
        return -EINVAL;
}

static int append_fields(sd_bus_message *m, const void *info, const InfoTable *table) {
        int r = 0;

        for (size_t i = 0; i < table->n && r >= 0; i++)
                r = append_field(m, info, &table->fields[i]);
        return r;
}

/* One member that is an array of dicts: opens everything up to the array. */
static int open_dicts(sd_bus_message *m, const char *key) {
        int r;

        if ((r = sd_bus_message_open_container(m, 'e', "sv")) < 0 ||
                        (r = sd_bus_message_append(m, "s", key)) < 0)
                return r;
        if ((r = sd_bus_message_open_container(m, 'v', "aa{sv}")) < 0)
                return r;
        return sd_bus_message_open_container(m, 'a', "a{sv}");
}

static int close_containers(sd_bus_message *m, unsigned n) {
        int r = 0;

        for (unsigned i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* "size": of one element. */
static int append_dicts(sd_bus_message *m, const char *key, const void *items, size_t n, size_t size,
                const InfoTable *table) {
        int r;

        if ((r = open_dicts(m, key)) < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0)
                        return r;
                if ((r = append_fields(m, (const uint8_t *) items + i * size, table)) < 0)
                        return r;
                if ((r = sd_bus_message_close_container(m)) < 0)
                        return r;
        }
        return close_containers(m, 3);
}

/* The core knows of calls that have no answer, not of what they wait for here, nor of other rollouts. */
static void complete_wait(const ManagerRollout *rollout, Wait wait, char text[static TRACE_TEXT_MAX]) {
        size_t used = strlen(text);

        if (wait == WAIT_TURN && rollout->behind)
                (void) snprintf(text + used, TRACE_TEXT_MAX - used, ": %s comes first", rollout->behind);
        else if (wait == WAIT_AWS && rollout->waits_for)
                (void) snprintf(text, TRACE_TEXT_MAX, "waits for %s", rollout->waits_for);
        else if (rollout->silence > 0)
                (void) snprintf(text + used, TRACE_TEXT_MAX - used, "; AWS has not answered for %llu s",
                                (unsigned long long) (rollout->silence / USEC_PER_SEC));
}

/* Whatever its state says that it waits for, it does not. */
static void tell_frozen(RolloutInfo *info, RolloutInfoSpace *space, const char *trouble) {
        info->wait_kind = "frozen";
        info->left = info->total_left = USEC_INFINITY;
        (void) snprintf(space->wait, sizeof(space->wait),
                        "FROZEN, look after %s by hand; nothing is done with it, and newer plans for it wait: %s",
                        info->target_count > 1 ? "its aliases" : "its alias", trouble);
}

static int append_rollout(Reply *reply, const ManagerRollout *rollout, bool with_details) {
        sd_bus_message *m = reply->message;
        RolloutInfoSpace space;
        RolloutView view = { 0 };
        RolloutInfo info;
        int r;

        rollout_view(rollout->state, rollout->plan, &reply->now, &view);
        rollout_info_fill(&info, &space, rollout->id, rollout->plan_path, rollout->plan, rollout->state,
                        &view);
        if (rollout->trouble)
                tell_frozen(&info, &space, rollout->trouble);
        else
                complete_wait(rollout, view.wait, space.wait);
        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0)
                return r;
        if ((r = append_fields(m, &info, rollout_info_table())) < 0)
                return r;
        if (with_details) {
                r = append_dicts(m, "checks", info.checks, info.n_checks, sizeof(CheckInfo),
                                check_info_table());
                if (r < 0)
                        return r;
                r = append_dicts(m, "ladder", info.ladder, info.n_ladder, sizeof(StepInfo),
                                step_info_table());
                if (r < 0)
                        return r;
                if (info.n_targets > 0)
                        r = append_dicts(m, "targets", info.targets, info.n_targets, sizeof(TargetInfo),
                                        target_info_table());
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int on_listed_rollout(const ManagerRollout *rollout, void *userdata) {
        return append_rollout(userdata, rollout, false);
}

static int on_found_rollout(const ManagerRollout *rollout, void *userdata) {
        return append_rollout(userdata, rollout, true);
}

static int append_findings(sd_bus_message *m, const DiagList *diags) {
        int r;

        if ((r = open_dicts(m, "findings")) < 0)
                return r;
        for (size_t i = 0; diags && i < diags->n; i++) {
                const Diag *d = &diags->entries[i];

                if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0)
                        return r;
                r = sd_bus_message_append(m, "{sv}{sv}{sv}", "level", "s", diag_level_to_string(d->level),
                                "line", "u", d->line, "column", "u", d->column);
                if (r < 0 || (r = append_text(m, "message", d->message)) < 0)
                        return r;
                if ((r = sd_bus_message_close_container(m)) < 0)
                        return r;
        }
        return close_containers(m, 3);
}

static int on_refusal(const ManagerRefusal *refusal, void *userdata) {
        sd_bus_message *m = userdata;
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0)
                return r;
        if ((r = append_text(m, "path", refusal->path)) < 0 ||
                        (r = append_text(m, "message", refusal->message ? refusal->message : "")) < 0)
                return r;
        if ((r = sd_bus_message_append(m, "{sv}", "time_usec", "t", refusal->wall)) < 0)
                return r;
        if ((r = append_findings(m, refusal->diags)) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* Ids like one that does not exist, the nearest first. */
typedef struct Nearest {
        const char *id;
        size_t n;
        struct {
                char id[ID_BYTES_MAX + 1];
                unsigned distance;
        } best[NEAREST_MAX + 1];
} Nearest;

static int on_candidate(const ManagerRollout *rollout, void *userdata) {
        Nearest *nearest = userdata;
        size_t a = strlen(nearest->id), b = strlen(rollout->id), at = nearest->n;
        unsigned distance;

        if (b > ID_BYTES_MAX || (a > b ? a - b : b - a) > NEAREST_DISTANCE_MAX)
                return 0;
        distance = str_distance(nearest->id, rollout->id);
        if (distance > NEAREST_DISTANCE_MAX || distance >= MAX(a, b))
                return 0;
        for (; at > 0 && nearest->best[at - 1].distance > distance; at--)
                nearest->best[at] = nearest->best[at - 1];
        nearest->best[at].distance = distance;
        (void) str_copy(nearest->best[at].id, sizeof(nearest->best[at].id), rollout->id);
        nearest->n = MIN(nearest->n + 1, (size_t) NEAREST_MAX);
        return 0;
}

static int fail_no_such(Manager *manager, const char *id, sd_bus_error *reterr) {
        _cleanup_(buf_done) Buf message = BUF_INIT(1024);
        Nearest nearest = { .id = id };
        int r;

        if ((r = manager_each_rollout(manager, FINISHED_SHOWN, on_candidate, &nearest)) < 0)
                return r;
        (void) buf_printf(&message, "there is no rollout \"%s\"", id);
        for (size_t i = 0; i < nearest.n; i++)
                (void) buf_printf(&message, "%s\"%s\"",
                                i == 0                              ? "; did you mean "
                                                : i + 1 < nearest.n ? ", "
                                                                    : " or ",
                                nearest.best[i].id);
        if (nearest.n > 0)
                (void) buf_putc(&message, '?');
        return sd_bus_error_set(reterr, BUS_ERROR_NO_SUCH_ROLLOUT, buf_text(&message));
}

static int method_list_rollouts(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        Reply reply;
        int r;

        if ((r = sd_bus_message_new_method_return(m, &message)) < 0)
                return r;
        reply.message = message;
        clock_read(&reply.now);
        if ((r = sd_bus_message_open_container(message, 'a', "a{sv}")) < 0)
                return r;
        if ((r = manager_each_rollout(userdata, FINISHED_SHOWN, on_listed_rollout, &reply)) < 0)
                return r;
        if ((r = sd_bus_message_close_container(message)) < 0)
                return r;
        return sd_bus_message_send(message);
}

static int method_get_rollout(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const char *id;
        Reply reply;
        int r;

        if ((r = sd_bus_message_read(m, "s", &id)) < 0)
                return r;
        if (id[0] == '\0' || strlen(id) > ID_BYTES_MAX)
                return sd_bus_error_setf(reterr, BUS_ERROR_INVALID_ID,
                                "an id is the name of a plan and a number, like \"checkout@7\", of at most %d bytes",
                                ID_BYTES_MAX);
        if ((r = sd_bus_message_new_method_return(m, &message)) < 0)
                return r;
        reply.message = message;
        clock_read(&reply.now);
        r = manager_find_rollout(userdata, id, on_found_rollout, &reply);
        if (r == -ENOENT)
                return fail_no_such(userdata, id, reterr);
        if (r < 0)
                return r;
        return sd_bus_message_send(message);
}

static int method_list_refusals(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        if ((r = sd_bus_message_new_method_return(m, &message)) < 0)
                return r;
        if ((r = sd_bus_message_open_container(message, 'a', "a{sv}")) < 0)
                return r;
        if ((r = manager_each_refusal(userdata, on_refusal, message)) < 0)
                return r;
        if ((r = sd_bus_message_close_container(message)) < 0)
                return r;
        return sd_bus_message_send(message);
}

static int property_version(sd_bus *connection, const char *path, const char *interface,
                const char *property, sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", CANARYD_VERSION);
}

static int property_plans(sd_bus *connection, const char *path, const char *interface, const char *property,
                sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        _cleanup_(buf_done) Buf valid = BUF_INIT(TEXT_BYTES_MAX);

        if (utf8_append_valid(&valid, manager_plans(userdata)) < 0)
                return -ENOMEM;
        return sd_bus_message_append(reply, "s", buf_text(&valid));
}

/* Reading is for everyone who can open the socket: its mode decides. */
static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", property_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PlansDirectory", "s", property_plans, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_METHOD_WITH_ARGS("ListRollouts", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", rollouts),
                        method_list_rollouts, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetRollout", SD_BUS_ARGS("s", id), SD_BUS_RESULT("a{sv}", rollout),
                        method_get_rollout, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRefusals", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", refusals),
                        method_list_refusals, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int bus_manager_attach(sd_bus *connection, Manager *manager) {
        return sd_bus_add_object_vtable(
                        connection, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, manager_vtable, manager);
}
