#include "base/alloc.h"
#include "base/str.h"
#include "codec/plan-internal.h"

/* The one block of memory: targets, steps, checks, texts, in this order. */
typedef struct PlanBlock {
        char *next; /* the room that is left */
} PlanBlock;

static size_t text_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static size_t texts_size(const Plan *plan) {
        size_t n = text_size(plan->name);

        for (uint32_t i = 0; i < plan->n_targets; i++)
                n += text_size(plan->targets[i].function) + text_size(plan->targets[i].alias) +
                                text_size(plan->targets[i].region) + text_size(plan->targets[i].role_arn) +
                                text_size(plan->targets[i].external_id);
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

int plan_pack(const PlanDraft *draft, PlanDoc **ret) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        const Plan *from = &draft->plan;
        size_t targets = from->n_targets * sizeof(PlanTarget), steps = from->n_steps * sizeof(PlanStep);
        size_t checks = from->n_checks * sizeof(PlanCheck);
        PlanBlock block;
        PlanTarget *t;
        PlanCheck *c;

        /* The arrays stand side by side without gaps. */
        STATIC_ASSERT(_Alignof(PlanTarget) == 8 && sizeof(PlanTarget) % 8 == 0);
        STATIC_ASSERT(_Alignof(PlanStep) == 8 && sizeof(PlanStep) % 8 == 0);
        STATIC_ASSERT(_Alignof(PlanCheck) == 8 && sizeof(PlanCheck) % 8 == 0);
        doc = alloc_one(PlanDoc);
        if (!doc)
                return -ENOMEM;
        doc->memory = alloc_zero(targets + steps + checks + texts_size(from));
        if (!doc->memory)
                return -ENOMEM;
        block.next = doc->memory;
        doc->plan = *from;
        doc->plan.targets = t = put_array(&block, from->targets, targets);
        doc->plan.steps = put_array(&block, from->steps, steps);
        doc->plan.checks = c = put_array(&block, from->checks, checks);
        doc->plan.name = put_text(&block, from->name);
        for (uint32_t i = 0; i < from->n_targets; i++) {
                t[i].function = put_text(&block, from->targets[i].function);
                t[i].alias = put_text(&block, from->targets[i].alias);
                t[i].region = put_text(&block, from->targets[i].region);
                t[i].role_arn = put_text(&block, from->targets[i].role_arn);
                t[i].external_id = put_text(&block, from->targets[i].external_id);
        }
        for (uint32_t i = 0; i < from->n_checks; i++) {
                c[i].name = put_text(&block, from->checks[i].name);
                c[i].stat = put_text(&block, from->checks[i].stat);
                c[i].alarm = put_text(&block, from->checks[i].alarm);
        }
        *ret = TAKE_PTR(doc);
        return 0;
}

int plan_doc_fill(PlanDoc *doc, const PlanDefaults *defaults) {
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
        return 0;
}
