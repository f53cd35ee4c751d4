#include "awssim/world-code.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"

#define OBJECT_SIZE_MAX (256u * 1024 * 1024)
#define OFFERS_MAX 256u
#define OFFER_LIFE (10 * USEC_PER_MINUTE)

static int read_file(const char *path, char **ret, size_t *ret_size) {
        int r = fs_read(AT_FDCWD, path, true, OBJECT_SIZE_MAX, ret, ret_size, NULL);

        if (r < 0)
                (void) fprintf(stderr, "awssim: %s: %s\n", path, strerror(-r));
        return r;
}

static int code_of_spec(const Function *f, const VersionSpec *spec, Code **ret) {
        char *data = NULL;
        size_t size = 0;
        int r;

        if (spec->image)
                return code_new_image(alloc_copy_string(spec->image), ret);
        if (spec->code_file) {
                r = read_file(spec->code_file, &data, &size);
                return r < 0 ? r : code_new_zip(data, size, ret);
        }
        data = spec->code ? alloc_copy_string(spec->code)
                          : alloc_printf("PK\x03\x04 %s, version %llu", f->spec->name,
                                            (unsigned long long) spec->version);
        return data ? code_new_zip(data, strlen(data), ret) : -ENOMEM;
}

/* $LATEST has what was published last. */
int function_init_code(World *w, Function *f) {
        const Version *last = NULL;
        int r;

        for (size_t i = 1; i < f->n_versions; i++) {
                Version *v = f->versions + i;

                r = code_of_spec(f, v->spec, &v->code);
                if (r < 0)
                        return r;
                if (!last || v->spec->version > last->spec->version)
                        last = v;
        }
        if (last)
                f->versions[0].code = code_ref(last->code);
        else {
                r = code_of_spec(f, &w->latest, &f->versions[0].code);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < f->spec->n_provisioned; i++) {
                const ProvisionedSpec *p = f->spec->provisioned + i;

                r = function_set_provisioned(f, p->alias, p->executions, 0);
                if (r < 0)
                        return r;
        }
        return 0;
}

void version_done(Version *v) {
        (void) code_unref(v->code);
        free(v->description);
        if (v->own) {
                curve_done(&v->own->latency);
                free(v->own);
        }
        *v = (Version){ 0 };
}

const char *version_state(const Version *v) {
        if (v->busy_until > 0 && v->spec->version > 0)
                return "Pending";
        return v->spec->state ? v->spec->state : "Active";
}

static void alias_settle(World *w, Function *f, Alias *a, usec_t now) {
        Routing routing = *alias_routing(a);
        usec_t half = a->shift_began + (a->shift_until - a->shift_began) / 2;

        if (now < half || (now < a->shift_until && routing.extra_weight < 1))
                return;
        if (now < a->shift_until) {
                routing.extra_weight = 0.5;
                (void) world_set_alias(w, f, a->name, &routing, NULL, half);
                return;
        }
        routing.extra_version = 0;
        routing.extra_weight = 0;
        (void) world_set_alias(w, f, a->name, &routing, NULL, a->shift_until);
        a->shift_until = 0;
}

static void function_settle(World *w, Function *f, usec_t now) {
        for (size_t i = 0; i < f->n_versions; i++) {
                Version *v = f->versions + i;

                if (v->busy_until == 0 || v->busy_until > now)
                        continue;
                v->busy_until = 0;
                world_uuid(w, v->revision); /* its state has changed */
        }
        for (size_t i = 0; i < f->n_aliases; i++)
                if (f->aliases[i]->shift_until > 0)
                        alias_settle(w, f, f->aliases[i], now);
}

void world_settle(World *w, usec_t now) {
        for (size_t i = 0; w->may_be_busy && i < w->n_functions; i++)
                function_settle(w, w->functions + i, now);
}

/* True: it goes on for a while. */
static void become_busy(World *w, Version *v, usec_t span, usec_t now) {
        world_uuid(w, v->revision);
        v->busy_until = span > 0 ? now + span : 0;
        w->may_be_busy = w->may_be_busy || span > 0;
}

void function_update_code(World *w, Function *f, Code *take_code, usec_t now) {
        Version *latest = f->versions;

        (void) code_unref(latest->code);
        latest->code = take_code;
        latest->was_updated = true;
        become_busy(w, latest, f->spec->update_takes, now);
}

static int new_spec(const World *w, Function *f, uint64_t number, Version *v) {
        for (size_t i = 0; i < f->spec->n_versions; i++)
                if (f->spec->versions[i].version == number) {
                        v->spec = f->spec->versions + i;
                        return 0;
                }
        v->own = alloc_one(VersionSpec);
        if (!v->own)
                return -ENOMEM;
        v->own->version = number;
        v->own->spread = w->latest.spread;
        v->spec = v->own;
        return curve_set_constant(&v->own->latency, 50);
}

static Version *last_version(Function *f) {
        Version *last = NULL;

        for (size_t i = 1; i < f->n_versions; i++)
                if (!last || f->versions[i].spec->version > last->spec->version)
                        last = f->versions + i;
        return last;
}

int function_publish(World *w, Function *f, const char *description, usec_t now, Version **ret) {
        Version *last = last_version(f), *versions, v = { 0 };
        uint64_t number = last ? last->spec->version + 1 : 1;
        usec_t begin = usec_max(now, f->versions[0].busy_until);
        int r;

        if (last && streq(last->code->sha, f->versions[0].code->sha)) {
                *ret = last;
                return 0;
        }
        versions = alloc_resize(f->versions, f->n_versions + 1, sizeof(Version));
        if (!versions)
                return -ENOMEM;
        f->versions = versions;
        r = new_spec(w, f, number, &v);
        if (r >= 0)
                r = alloc_copy_optional(description, &v.description);
        if (r < 0) {
                version_done(&v);
                return r;
        }
        v.code = code_ref(f->versions[0].code);
        become_busy(w, &v, f->spec->publish_takes + (begin - now), now);
        world_uuid(w, f->versions[0].revision);
        f->versions[f->n_versions] = v;
        *ret = f->versions + f->n_versions++;
        return 0;
}

const ObjectSpec *scenario_find_object(
                const Scenario *s, const char *bucket, const char *key, const char *version) {
        for (size_t i = 0; i < s->n_objects; i++) {
                const ObjectSpec *o = s->objects + i;

                if (streq(o->bucket, bucket) && streq(o->key, key) &&
                                (!version || (o->version && streq(o->version, version))))
                        return o;
        }
        return NULL;
}

int object_read(const ObjectSpec *o, char **ret, size_t *ret_size) {
        if (o->file)
                return read_file(o->file, ret, ret_size);
        *ret = alloc_copy_string(o->text ? o->text : "");
        if (!*ret)
                return -ENOMEM;
        *ret_size = strlen(*ret);
        return 0;
}

int world_offer_code(World *w, Code *code, usec_t now, char ret_token[static UUID_TEXT_MAX]) {
        Offer *offer;

        if (!w->offers)
                w->offers = alloc_array(OFFERS_MAX, sizeof(Offer));
        if (!w->offers)
                return -ENOMEM;
        offer = w->offers + w->next_offer++ % OFFERS_MAX; /* the oldest one */
        (void) code_unref(offer->code);
        offer->code = code_ref(code);
        offer->until = now + (w->scenario->code_life > 0 ? w->scenario->code_life : OFFER_LIFE);
        world_uuid(w, offer->token);
        memcpy(ret_token, offer->token, UUID_TEXT_MAX);
        return 0;
}

const Code *world_offered_code(const World *w, const char *token, usec_t now) {
        for (size_t i = 0; w->offers && i < OFFERS_MAX; i++)
                if (w->offers[i].code && streq(w->offers[i].token, token))
                        return now < w->offers[i].until ? w->offers[i].code : NULL;
        return NULL;
}

void world_offers_done(World *w) {
        for (size_t i = 0; w->offers && i < OFFERS_MAX; i++)
                (void) code_unref(w->offers[i].code);
        free(w->offers);
}

Provisioned *function_find_provisioned(const Function *f, const char *qualifier) {
        for (size_t i = 0; i < f->n_provisioned; i++)
                if (streq(f->provisioned[i].qualifier, qualifier))
                        return f->provisioned + i;
        return NULL;
}

int function_set_provisioned(Function *f, const char *qualifier, uint64_t executions, usec_t now) {
        Provisioned *p = function_find_provisioned(f, qualifier), *all;

        if (!p) {
                all = alloc_resize(f->provisioned, f->n_provisioned + 1, sizeof(Provisioned));
                if (!all)
                        return -ENOMEM;
                f->provisioned = all;
                p = all + f->n_provisioned;
                *p = (Provisioned){ .qualifier = alloc_copy_string(qualifier) };
                if (!p->qualifier)
                        return -ENOMEM;
                f->n_provisioned++;
        }
        p->executions = executions;
        p->ready_at = now > 0 ? now + f->spec->provision_takes : 0;
        return 0;
}

void function_drop_provisioned(Function *f, const char *qualifier) {
        Provisioned *p = function_find_provisioned(f, qualifier);

        if (!p)
                return;
        free(p->qualifier);
        *p = f->provisioned[--f->n_provisioned];
}

int world_shift_alias(World *w, Function *f, Alias *a, uint64_t from, usec_t now) {
        Routing routing = *alias_routing(a);
        int r;

        a->shift_until = 0;
        if (f->spec->provision_takes == 0 || routing.extra_version != 0 || routing.version == from ||
                        !function_find_provisioned(f, a->name))
                return 0;
        routing.extra_version = from;
        routing.extra_weight = 1;
        r = world_set_alias(w, f, a->name, &routing, NULL, now);
        if (r < 0)
                return r;
        a->shift_began = now;
        a->shift_until = now + f->spec->provision_takes;
        w->may_be_busy = true;
        return 0;
}
