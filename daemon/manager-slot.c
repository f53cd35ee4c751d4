#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "daemon/log.h"
#include "daemon/manager-internal.h"

/* The field of a colon-separated text, counted from 0; NULL: there are not so many. */
static const char *field(const char *s, unsigned index, size_t *ret_size) {
        const char *end;

        for (; index > 0; index--) {
                s = strchr(s, ':');
                if (!s)
                        return NULL;
                s++;
        }
        end = strchrnul(s, ':');
        *ret_size = (size_t) (end - s);
        return s;
}

/* Without a role everything is of the daemon's own account, whether an ARN names it or not. A role may lead
 * into another one, where functions have the same names. */
static const char *account_of(const PlanTarget *t, size_t *ret_size) {
        *ret_size = 0;
        return t->role_arn ? plan_target_account(t, ret_size) : "";
}

char *target_key(const PlanTarget *t) {
        const char *function = t->function, *region = t->region;
        const char *name = function, *own_region = NULL;
        size_t name_size = strlen(function), region_size = region ? strlen(region) : 0, account_size;
        const char *account = account_of(t, &account_size);

        /* arn:aws:lambda:REGION:ACCOUNT:function:NAME, or ACCOUNT:function:NAME */
        if (str_after(function, "arn:")) {
                name = field(function, 6, &name_size);
                own_region = field(function, 3, &region_size);
        } else if (strchr(function, ':'))
                name = field(function, 2, &name_size);
        if (!name) {
                name = function;
                name_size = strlen(function);
        }
        if (own_region)
                region = own_region;
        return alloc_printf("%.*s/%.*s/%.*s/%s", (int) account_size, account, (int) region_size,
                        region ? region : "", (int) name_size, name, t->alias);
}

const PlanTarget *find_without_region(const Plan *plan) {
        for (uint32_t i = 0; i < plan->n_targets; i++)
                if (!plan->targets[i].region)
                        return &plan->targets[i];
        return NULL;
}

int slot_new(const Manager *m, const RunnerId *id, PlanDoc **take_doc, RolloutState **take_state,
                Slot **ret) {
        _cleanup_(slot_freep) Slot *s = alloc_one(Slot);
        const Plan *plan = &(*take_doc)->plan;
        int r;

        if (!s)
                return -ENOMEM;
        s->keys = alloc_array(plan->n_targets, sizeof(char *));
        if (!s->keys)
                return -ENOMEM;
        for (; s->n_keys < plan->n_targets; s->n_keys++) {
                s->keys[s->n_keys] = target_key(&plan->targets[s->n_keys]);
                if (!s->keys[s->n_keys])
                        return -ENOMEM;
        }
        r = runner_new(&m->shared, id, take_doc, take_state, &s->runner);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

/* A long queue must not say all over again who is at its head. */
void slot_put_behind(Slot *s, const char *id) {
        int priority = s->behind ? LOG_DEBUG : LOG_NOTICE;

        if (s->behind && id && streq(s->behind, id))
                return;
        free(s->behind);
        s->behind = id ? alloc_copy_string(id) : NULL;
        if (id)
                log_rollout(priority, runner_id(s->runner), "waits for its turn: %s comes first on %s", id,
                                s->n_keys == 1 ? "the alias" : "one of its aliases");
}

Slot *slot_free(Slot *s) {
        if (!s)
                return NULL;
        s->runner = runner_free(s->runner);
        for (uint32_t i = 0; i < s->n_keys; i++)
                free(s->keys[i]);
        free(s->keys);
        free(s->behind);
        free(s);
        return NULL;
}
