#include "awssim/world.h"

#include <stdio.h>

#include "awssim/alarm.h"
#include "awssim/limit.h"
#include "awssim/session.h"
#include "awssim/world-code.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"

/* A bound for aliases that are changed all the time; what is older carries no traffic any more. */
#define ROUTING_HISTORY_MAX 4096

void version_format(uint64_t version, char ret[static VERSION_TEXT_MAX]) {
        if (version == 0)
                (void) snprintf(ret, VERSION_TEXT_MAX, "$LATEST");
        else
                (void) snprintf(ret, VERSION_TEXT_MAX, "%llu", (unsigned long long) version);
}

int version_parse(const char *s, uint64_t *ret) {
        uint64_t version;

        if (streq(s, "$LATEST")) {
                *ret = 0;
                return 0;
        }
        if (str_parse_u64(s, UINT64_MAX / 2, &version) < 0 || version == 0)
                return -EINVAL;
        *ret = version;
        return 0;
}

void world_uuid(World *w, char ret[static UUID_TEXT_MAX]) {
        uint64_t a = prng_next(&w->prng), b = prng_next(&w->prng);

        (void) snprintf(ret, UUID_TEXT_MAX, "%08x-%04x-4%03x-%04x-%012llx", (unsigned) (a >> 32),
                        (unsigned) (a >> 16 & 0xffff), (unsigned) (a & 0xfff),
                        (unsigned) (0x8000 | (b >> 48 & 0x3fff)), (unsigned long long) (b & 0xffffffffffff));
}

bool place_key(Place place, const char *name, char ret[static PLACE_KEY_MAX]) {
        int n = snprintf(ret, PLACE_KEY_MAX, "%s/%s/%s", place.account, place.region, name);

        return n > 0 && n < PLACE_KEY_MAX;
}

Function *world_find_function(const World *w, Place place, const char *name) {
        char key[PLACE_KEY_MAX];

        return place_key(place, name, key) ? map_get(w->by_place, key) : NULL;
}

Place function_place(const Function *f) {
        return (Place){ .account = f->spec->account, .region = f->spec->region };
}

Version *function_find_version(const Function *f, uint64_t version) {
        for (size_t i = 0; i < f->n_versions; i++)
                if (f->versions[i].spec->version == version)
                        return f->versions + i;
        return NULL;
}

static Alias *function_find_any_alias(const Function *f, const char *name) {
        for (size_t i = 0; i < f->n_aliases; i++)
                if (streq(f->aliases[i]->name, name))
                        return f->aliases[i];
        return NULL;
}

Alias *function_find_alias(const Function *f, const char *name) {
        Alias *a = function_find_any_alias(f, name);

        return a && alias_routing(a)->exists ? a : NULL;
}

const Routing *alias_routing(const Alias *a) {
        return a->history + a->n_history - 1;
}

static int alias_route(Alias *a, const Routing *routing, usec_t now) {
        Routing *history;

        if (a->n_history >= ROUTING_HISTORY_MAX) {
                a->n_history /= 2;
                memmove(a->history, a->history + a->n_history, a->n_history * sizeof(Routing));
        }
        history = alloc_resize(a->history, a->n_history + 1, sizeof(Routing));
        if (!history)
                return -ENOMEM;
        a->history = history;
        a->history[a->n_history] = *routing;
        /* A wall clock set back must not break the order. */
        a->history[a->n_history].since = a->n_history > 0 ? usec_max(now, alias_routing(a)->since) : now;
        a->n_history++;
        return 0;
}

static void version_note_traffic(Function *f, uint64_t version, double weight, usec_t now) {
        Version *v = function_find_version(f, version);

        if (!v || v->had_traffic || !(weight > 0))
                return;
        v->had_traffic = true;
        v->first_traffic = now;
}

static Alias *alias_free(Alias *a) {
        if (!a)
                return NULL;
        free(a->name);
        free(a->description);
        free(a->history);
        free(a);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Alias *, alias_free);

/* A new alias without any routing yet: only alias_route() makes it whole. */
static int alias_new(const Function *f, const char *name, Alias **ret) {
        _cleanup_(alias_freep) Alias *a = alloc_one(Alias);

        if (!a)
                return -ENOMEM;
        a->name = alloc_copy_string(name);
        a->description = alloc_copy_string("");
        if (!a->name || !a->description)
                return -ENOMEM;
        for (size_t i = 0; i < f->spec->n_traffic; i++)
                if (streq(f->spec->traffic[i].alias, name))
                        a->rate = &f->spec->traffic[i].rate;
        *ret = TAKE_PTR(a);
        return 0;
}

static int function_add_alias(Function *f, const char *name, const Routing *routing, usec_t now) {
        _cleanup_(alias_freep) Alias *a = NULL;
        Alias **aliases;
        int r;

        r = alias_new(f, name, &a);
        if (r < 0)
                return r;
        r = alias_route(a, routing, now);
        if (r < 0)
                return r;
        aliases = alloc_resize(f->aliases, f->n_aliases + 1, sizeof(Alias *));
        if (!aliases)
                return -ENOMEM;
        f->aliases = aliases;
        f->aliases[f->n_aliases++] = TAKE_PTR(a);
        return 0;
}

int world_set_alias(World *w, Function *f, const char *name, const Routing *routing, const char *description,
                usec_t now) {
        _cleanup_(freep) char *copy = NULL;
        Alias *a = function_find_any_alias(f, name);
        int r;

        if (description) {
                copy = alloc_copy_string(description);
                if (!copy)
                        return -ENOMEM;
        }
        r = a ? alias_route(a, routing, now) : function_add_alias(f, name, routing, now);
        if (r < 0)
                return r;
        a = function_find_any_alias(f, name);
        if (copy) {
                free(a->description);
                a->description = TAKE_PTR(copy);
        }
        if (routing->exists) {
                version_note_traffic(f, routing->version, 1 - routing->extra_weight, now);
                version_note_traffic(f, routing->extra_version, routing->extra_weight, now);
        }
        world_uuid(w, a->revision);
        return 0;
}

static int function_init(World *w, Function *f, const FunctionSpec *spec, usec_t now) {
        usec_t since = usec_sub(now, w->scenario->metrics.history);
        int r;

        f->spec = spec;
        f->versions = alloc_array(spec->n_versions + 1, sizeof(Version));
        if (!f->versions)
                return -ENOMEM;
        for (size_t i = 0; i <= spec->n_versions; i++) {
                if (i > 0 && spec->versions[i - 1].unpublished)
                        continue;
                f->versions[f->n_versions].spec = i == 0 ? &w->latest : spec->versions + i - 1;
                world_uuid(w, f->versions[f->n_versions++].revision);
        }
        r = function_init_code(w, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < spec->n_aliases; i++) {
                const AliasSpec *a = spec->aliases + i;
                Routing routing = { .exists = true,
                        .version = a->version,
                        .extra_version = a->extra_version,
                        .extra_weight = a->extra_weight };

                r = world_set_alias(w, f, a->name, &routing, a->description, now);
                if (r < 0)
                        return r;
                f->aliases[f->n_aliases - 1]->history[0].since = since;
        }
        return 0;
}

int world_new(Scenario *scenario, usec_t now, World **ret) {
        _cleanup_(world_freep) World *w = alloc_one(World);
        int r;

        if (!w)
                return -ENOMEM;
        w->scenario = scenario;
        w->prng = (Prng){ .state = scenario->seed };
        w->start = now;
        w->latest.spread = 0.25;
        r = curve_set_constant(&w->latest.latency, 50);
        if (r < 0)
                return r;
        w->by_place = map_new();
        w->sessions = map_new();
        w->buckets = map_new();
        w->functions = alloc_array(MAX(scenario->n_functions, (size_t) 1), sizeof(Function));
        if (!w->by_place || !w->sessions || !w->buckets || !w->functions)
                return -ENOMEM;
        for (size_t i = 0; i < scenario->n_functions; i++) {
                Function *f = w->functions + w->n_functions++;
                char key[PLACE_KEY_MAX];

                r = function_init(w, f, scenario->functions + i, now);
                if (r < 0)
                        return r;
                if (!place_key(function_place(f), f->spec->name, key))
                        return -ENAMETOOLONG;
                r = map_put(w->by_place, key, f);
                if (r < 0)
                        return r;
        }
        r = alarms_init(w);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

static void sessions_free(Map *sessions) {
        const char *key;
        size_t cursor = 0;
        void *value;

        if (!sessions)
                return;
        while (map_next(sessions, &cursor, &key, &value))
                (void) session_free(value);
        (void) map_free(sessions);
}

World *world_free(World *w) {
        if (!w)
                return NULL;
        for (size_t i = 0; i < w->n_functions; i++) {
                Function *f = w->functions + i;

                for (size_t j = 0; j < f->n_aliases; j++)
                        (void) alias_free(f->aliases[j]);
                free(f->aliases);
                for (size_t j = 0; j < f->n_versions; j++)
                        version_done(f->versions + j);
                free(f->versions);
                for (size_t j = 0; j < f->n_provisioned; j++)
                        free(f->provisioned[j].qualifier);
                free(f->provisioned);
        }
        free(w->functions);
        (void) map_free(w->by_place);
        sessions_free(w->sessions);
        alarms_done(w);
        limits_done(w);
        world_offers_done(w);
        curve_done(&w->latest.latency);
        free(w);
        return NULL;
}
