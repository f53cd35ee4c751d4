#include "base/alloc.h"
#include "base/str.h"
#include "codec/plan-internal.h"

/* The one block of memory: targets, waves, steps, checks, texts, in this order. */
typedef struct PlanBlock {
        char *next; /* the room that is left */
} PlanBlock;

static size_t text_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static size_t texts_size(const Plan *plan) {
        size_t n = text_size(plan->name) + text_size(plan->window.zone);

        for (uint32_t i = 0; i < plan->n_targets; i++) {
                const PlanTarget *t = &plan->targets[i];

                n += text_size(t->function) + text_size(t->alias) + text_size(t->region) +
                                text_size(t->role_arn) + text_size(t->external_id) +
                                text_size(t->publish.path) + text_size(t->publish.bucket) +
                                text_size(t->publish.key) + text_size(t->publish.object_version) +
                                text_size(t->publish.image);
        }
        for (uint32_t i = 0; i < plan->n_waves; i++)
                n += text_size(plan->waves[i].name);
        for (uint32_t i = 0; i < plan->n_checks; i++)
                n += text_size(plan->checks[i].name) + text_size(plan->checks[i].stat) +
                                text_size(plan->checks[i].alarm);
        return n;
}

static const char *put_text(PlanBlock *b, const char *s) {
        char *at = b->next;

        if (!s)
                return NULL;
        memcpy(at, s, text_size(s));
        b->next += text_size(s);
        return at;
}

static void *put_array(PlanBlock *b, const void *items, size_t size) {
        void *at = b->next;

        if (size > 0)
                memcpy(at, items, size);
        b->next += size;
        return at;
}

PlanDoc *plan_doc_free(PlanDoc *d) {
        if (!d)
                return NULL;
        free(d->memory);
        free(d->defaults);
        free(d);
        return NULL;
}

static void put_target(PlanBlock *b, const PlanTarget *from, PlanTarget *to) {
        to->function = put_text(b, from->function);
        to->alias = put_text(b, from->alias);
        to->region = put_text(b, from->region);
        to->role_arn = put_text(b, from->role_arn);
        to->external_id = put_text(b, from->external_id);
        to->publish.path = put_text(b, from->publish.path);
        to->publish.bucket = put_text(b, from->publish.bucket);
        to->publish.key = put_text(b, from->publish.key);
        to->publish.object_version = put_text(b, from->publish.object_version);
        to->publish.image = put_text(b, from->publish.image);
}

static void put_check(PlanBlock *b, const PlanCheck *from, PlanCheck *to) {
        to->name = put_text(b, from->name);
        to->stat = put_text(b, from->stat);
        to->alarm = put_text(b, from->alarm);
}

int plan_pack(const PlanDraft *draft, PlanDoc **ret) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        const Plan *from = &draft->plan;
        size_t targets = from->n_targets * sizeof(PlanTarget), steps = from->n_steps * sizeof(PlanStep);
        size_t checks = from->n_checks * sizeof(PlanCheck), waves = from->n_waves * sizeof(PlanWave);
        PlanBlock block;
        PlanTarget *t;
        PlanWave *w;
        PlanCheck *c;

        /* The arrays stand side by side without gaps. */
        STATIC_ASSERT(_Alignof(PlanTarget) == 8 && sizeof(PlanTarget) % 8 == 0);
        STATIC_ASSERT(_Alignof(PlanWave) == 8 && sizeof(PlanWave) % 8 == 0);
        STATIC_ASSERT(_Alignof(PlanStep) == 8 && sizeof(PlanStep) % 8 == 0);
        STATIC_ASSERT(_Alignof(PlanCheck) == 8 && sizeof(PlanCheck) % 8 == 0);
        doc = alloc_one(PlanDoc);
        if (!doc)
                return -ENOMEM;
        doc->memory = alloc_zero(targets + waves + steps + checks + texts_size(from));
        if (!doc->memory)
                return -ENOMEM;
        block.next = doc->memory;
        doc->plan = *from;
        doc->plan.targets = t = put_array(&block, from->targets, targets);
        doc->plan.waves = w = put_array(&block, from->waves, waves);
        doc->plan.steps = put_array(&block, from->steps, steps);
        doc->plan.checks = c = put_array(&block, from->checks, checks);
        doc->plan.name = put_text(&block, from->name);
        doc->plan.window.zone = put_text(&block, from->window.zone);
        for (uint32_t i = 0; i < from->n_targets; i++)
                put_target(&block, &from->targets[i], &t[i]);
        for (uint32_t i = 0; i < from->n_waves; i++)
                w[i].name = put_text(&block, from->waves[i].name);
        for (uint32_t i = 0; i < from->n_checks; i++)
                put_check(&block, &from->checks[i], &c[i]);
        *ret = TAKE_PTR(doc);
        return 0;
}

/* Only now it is known where a target is that left it to the daemon. */
static int check_filled(const Plan *plan, DiagList *diags) {
        for (uint32_t i = 1; i < plan->n_targets; i++)
                for (uint32_t k = 0; k < i; k++) {
                        const PlanTarget *t = &plan->targets[i];

                        if (!plan_target_same(&plan->targets[k], t))
                                continue;
                        diag_add(diags, DIAG_ERROR, 0, 0,
                                        "targets %u and %u of the plan are the same alias: both are %s of %s in %s, "
                                        "the daemon's own region or role counted in; remove one of them",
                                        (unsigned) k + 1, (unsigned) i + 1, t->alias, t->function,
                                        t->region ? t->region : "one region");
                        return -EBADMSG;
                }
        return 0;
}

int plan_doc_fill(PlanDoc *doc, const PlanDefaults *defaults, DiagList *diags) {
        size_t size = text_size(defaults->region) + text_size(defaults->role_arn) +
                        text_size(defaults->external_id);
        PlanTarget *targets = doc->memory; /* they come first */
        const char *region, *role_arn, *external_id;
        PlanBlock block;

        assert(!doc->defaults);
        if (size == 0)
                return 0;
        doc->defaults = block.next = alloc_zero(size);
        if (!doc->defaults)
                return -ENOMEM;
        region = put_text(&block, defaults->region);
        role_arn = put_text(&block, defaults->role_arn);
        external_id = put_text(&block, defaults->external_id);
        for (uint32_t i = 0; i < doc->plan.n_targets; i++) {
                if (!targets[i].region)
                        targets[i].region = region;
                if (targets[i].role_arn)
                        continue;
                targets[i].role_arn = role_arn;
                targets[i].external_id = external_id;
        }
        return check_filled(&doc->plan, diags);
}
