#include "daemon/ctl/decode.h"

#include "base/alloc.h"
#include "base/str.h"

#define ITEMS_MAX 100000u

typedef int (*DecodeItem)(sd_bus_message *m, void *item);
/* A member of that name, the message standing at its variant. 0: not known, the caller skips it. */
typedef int (*DecodeMember)(sd_bus_message *m, const char *name, void *item);

/* An array of dicts, each into a new zeroed element of an array that the caller frees, whatever comes. */
static int decode_array(sd_bus_message *m, size_t size, DecodeItem decode, void **items, size_t *n) {
        size_t room = 0;
        int r;

        *n = 0;
        if ((r = sd_bus_message_enter_container(m, 'a', "a{sv}")) < 0)
                return r;
        for (size_t i = 0; (r = sd_bus_message_at_end(m, false)) == 0; i++) {
                uint8_t *item;

                if (i == ITEMS_MAX)
                        return -E2BIG;
                if (i == room) {
                        void *grown = alloc_resize(*items, room = MAX(room * 2, (size_t) 16), size);

                        if (!grown)
                                return -ENOMEM;
                        *items = grown;
                }
                item = (uint8_t *) *items + i * size;
                memset(item, 0, size);
                *n = i + 1;
                if ((r = decode(m, item)) < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int decode_dict(sd_bus_message *m, DecodeMember decode, void *item) {
        int r;

        if ((r = sd_bus_message_enter_container(m, 'a', "{sv}")) < 0)
                return r;
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                const char *name;

                if ((r = sd_bus_message_read(m, "s", &name)) < 0)
                        return r;
                if ((r = decode(m, name, item)) < 0)
                        return r;
                if (r == 0 && (r = sd_bus_message_skip(m, "v")) < 0)
                        return r;
                if ((r = sd_bus_message_exit_container(m)) < 0)
                        return r;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* A nested array of dicts. */
static int decode_nested(sd_bus_message *m, size_t size, DecodeItem decode, void **items, size_t *n) {
        int r;

        if (*n > 0)
                return -EBADMSG; /* a member that comes twice */
        if ((r = sd_bus_message_enter_container(m, 'v', "aa{sv}")) < 0)
                return r;
        if ((r = decode_array(m, size, decode, items, n)) < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : 1;
}

static int decode_field(sd_bus_message *m, const char *name, void *info, const InfoTable *table) {
        for (size_t i = 0; i < table->n; i++) {
                const InfoField *field = &table->fields[i];
                int r = 0;

                if (!streq(field->name, name))
                        continue;
                switch (field->type) {
                case INFO_TEXT:
                        r = sd_bus_message_read(m, "v", "s", info_at(info, field));
                        break;
                case INFO_COUNT:
                case INFO_KNOWN:
                case INFO_SPAN:
                        r = sd_bus_message_read(m, "v", "t", info_at(info, field));
                        break;
                case INFO_NUMBER:
                        r = sd_bus_message_read(m, "v", "d", info_at(info, field));
                        break;
                }
                return r < 0 ? r : 1;
        }
        return 0;
}

/* Texts that never came are empty, not NULL. */
static void set_defaults(void *info, const InfoTable *table) {
        for (size_t i = 0; i < table->n; i++)
                if (table->fields[i].type == INFO_TEXT) {
                        const char **text = info_at(info, &table->fields[i]);

                        *text = "";
                }
}

static int decode_check_member(sd_bus_message *m, const char *name, void *item) {
        return decode_field(m, name, item, check_info_table());
}

static int decode_check(sd_bus_message *m, void *item) {
        set_defaults(item, check_info_table());
        return decode_dict(m, decode_check_member, item);
}

static int decode_step_member(sd_bus_message *m, const char *name, void *item) {
        return decode_field(m, name, item, step_info_table());
}

static int decode_step(sd_bus_message *m, void *item) {
        return decode_dict(m, decode_step_member, item);
}

static int decode_target_member(sd_bus_message *m, const char *name, void *item) {
        return decode_field(m, name, item, target_info_table());
}

static int decode_target(sd_bus_message *m, void *item) {
        set_defaults(item, target_info_table());
        return decode_dict(m, decode_target_member, item);
}

static int decode_rollout_member(sd_bus_message *m, const char *name, void *item) {
        RolloutInfo *info = item;
        void *items;
        int r;

        if (streq(name, "checks")) {
                items = info->checks;
                r = decode_nested(m, sizeof(CheckInfo), decode_check, &items, &info->n_checks);
                info->checks = items;
                return r;
        }
        if (streq(name, "ladder")) {
                items = info->ladder;
                r = decode_nested(m, sizeof(StepInfo), decode_step, &items, &info->n_ladder);
                info->ladder = items;
                return r;
        }
        if (streq(name, "targets")) {
                items = info->targets;
                r = decode_nested(m, sizeof(TargetInfo), decode_target, &items, &info->n_targets);
                info->targets = items;
                return r;
        }
        return decode_field(m, name, item, rollout_info_table());
}

static int decode_rollout_item(sd_bus_message *m, void *item) {
        set_defaults(item, rollout_info_table());
        return decode_dict(m, decode_rollout_member, item);
}

int decode_rollouts(sd_bus_message *m, RolloutList *ret) {
        void *items = NULL;
        int r;

        *ret = (RolloutList){ 0 };
        r = decode_array(m, sizeof(RolloutInfo), decode_rollout_item, &items, &ret->n);
        ret->items = items;
        return r;
}

int decode_rollout(sd_bus_message *m, RolloutList *ret) {
        *ret = (RolloutList){ .items = alloc_one(RolloutInfo) };
        if (!ret->items)
                return -ENOMEM;
        ret->n = 1;
        return decode_rollout_item(m, ret->items);
}

static int decode_finding_member(sd_bus_message *m, const char *name, void *item) {
        FindingInfo *finding = item;
        int r = 0;

        if (streq(name, "level"))
                r = sd_bus_message_read(m, "v", "s", &finding->level);
        else if (streq(name, "message"))
                r = sd_bus_message_read(m, "v", "s", &finding->message);
        else if (streq(name, "line"))
                r = sd_bus_message_read(m, "v", "u", &finding->line);
        else if (streq(name, "column"))
                r = sd_bus_message_read(m, "v", "u", &finding->column);
        else
                return 0;
        return r < 0 ? r : 1;
}

static int decode_finding(sd_bus_message *m, void *item) {
        FindingInfo *finding = item;

        finding->level = finding->message = "";
        return decode_dict(m, decode_finding_member, item);
}

static int decode_refusal_member(sd_bus_message *m, const char *name, void *item) {
        RefusalInfo *refusal = item;
        void *items = refusal->findings;
        int r = 0;

        if (streq(name, "findings")) {
                r = decode_nested(m, sizeof(FindingInfo), decode_finding, &items, &refusal->n_findings);
                refusal->findings = items;
                return r;
        }
        if (streq(name, "path"))
                r = sd_bus_message_read(m, "v", "s", &refusal->path);
        else if (streq(name, "message"))
                r = sd_bus_message_read(m, "v", "s", &refusal->message);
        else if (streq(name, "time_usec"))
                r = sd_bus_message_read(m, "v", "t", &refusal->time);
        else
                return 0;
        return r < 0 ? r : 1;
}

static int decode_refusal(sd_bus_message *m, void *item) {
        RefusalInfo *refusal = item;

        refusal->path = refusal->message = "";
        return decode_dict(m, decode_refusal_member, item);
}

int decode_refusals(sd_bus_message *m, RefusalList *ret) {
        void *items = NULL;
        int r;

        *ret = (RefusalList){ 0 };
        r = decode_array(m, sizeof(RefusalInfo), decode_refusal, &items, &ret->n);
        ret->items = items;
        return r;
}
