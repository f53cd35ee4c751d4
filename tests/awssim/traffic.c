#include "awssim/traffic.h"

#include <math.h>
#include <string.h>

#include "awssim/draw.h"
#include "base/str.h"
#include "base/usec.h"

/* One bucket of one version, whole. */
struct count {
        uint64_t invocations, errors;
        LatencyMix latency;
};

/* What a draw is for: part of its key, so that no two draws depend on each other. */
enum purpose {
        PURPOSE_ROUTING,
        PURPOSE_ERRORS,
};

struct scope {
        const World *world;
        const Alias *alias;
        const Version *version;
        uint64_t alias_key;
        uint64_t bucket_number; /* from the start of the simulator, negative ones wrapped */
};

static Prng scope_draw(const struct scope *s, enum purpose purpose, uint64_t part, uint64_t piece) {
        const uint64_t key[] = { s->alias_key, s->bucket_number, purpose, part, piece,
                purpose == PURPOSE_ROUTING ? 0 : s->version->spec->version };

        return draw_from_key(s->world->scenario->seed, key, ELEMENTSOF(key));
}

/* Requests that arrived up to t. The nudge keeps a rounding error just below a whole number from moving a
 * request into the next bucket. */
static double scope_arrivals_until(const struct scope *s, usec_t t) {
        return floor(curve_integral(s->alias->rate, (int64_t) t - (int64_t) s->world->start) + 1e-6);
}

static uint64_t scope_arrivals(const struct scope *s, usec_t from, usec_t to) {
        double n = scope_arrivals_until(s, to) - scope_arrivals_until(s, from);

        return n > 0 ? (uint64_t) n : 0;
}

/* The version's n invocations of [from, to): spread evenly, each stretch with the error rate and the latency
 * of its time. */
static void scope_add_invocations(
                const struct scope *s, usec_t from, usec_t to, uint64_t n, uint64_t part, struct count *c) {
        const VersionSpec *spec = s->version->spec;
        int64_t base = (int64_t) (spec->since_start ? s->world->start : s->version->first_traffic);
        int64_t begin = (int64_t) from - base, end = (int64_t) to - base, t = begin;
        uint64_t done = 0;

        for (uint64_t piece = 0; t < end; piece++) {
                int64_t next = MIN(
                                curve_next_change(&spec->errors, t), curve_next_change(&spec->latency, t));
                uint64_t upto;
                Prng p = scope_draw(s, PURPOSE_ERRORS, part, piece);

                next = MIN(next, end);
                upto = next == end ? n : n * (uint64_t) (next - begin) / (uint64_t) (end - begin);
                c->errors += draw_binomial(&p, upto - done, curve_at(&spec->errors, t));
                latency_add(&c->latency, curve_at(&spec->latency, t), spec->spread, (double) (upto - done));
                done = upto;
                t = next;
        }
        c->invocations += n;
}

static uint64_t scope_share(
                const struct scope *s, const Routing *routing, usec_t from, usec_t to, uint64_t part) {
        uint64_t n, extra, version = s->version->spec->version;
        Prng p = scope_draw(s, PURPOSE_ROUTING, part, 0);
        bool is_extra = routing->extra_version != 0 && routing->extra_version == version;

        if (!routing->exists || (routing->version != version && !is_extra))
                return 0;
        n = scope_arrivals(s, from, to);
        extra = routing->extra_version == 0 ? 0 : draw_binomial(&p, n, routing->extra_weight);
        return is_extra ? extra : n - extra;
}

/* The last routing at or before t; for t before all of them, the first. */
static size_t alias_routing_index(const Alias *a, usec_t t) {
        size_t low = 0, high = a->n_history;

        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (a->history[middle].since <= t)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

static void scope_count(const struct scope *s, usec_t bucket, usec_t end, struct count *c) {
        const Alias *a = s->alias;
        size_t first = alias_routing_index(a, bucket);
        usec_t t = usec_max(bucket, a->history[first].since);

        for (size_t i = first; i < a->n_history && t < end; i++) {
                usec_t next = i + 1 < a->n_history ? usec_min(a->history[i + 1].since, end) : end;

                if (next > t) {
                        uint64_t n = scope_share(s, a->history + i, t, next, i - first);

                        scope_add_invocations(s, t, next, n, i - first, c);
                }
                t = usec_max(t, next);
        }
}

static double visible_share(const MetricsSpec *m, usec_t end, usec_t now) {
        usec_t appears = usec_add(end, m->delay);

        if (now < appears)
                return 0;
        if (now - appears >= m->trickle)
                return 1;
        return (double) (now - appears) / (double) m->trickle;
}

void traffic_add_bucket(const World *w, const Function *f, const Alias *a, const Version *v, usec_t bucket,
                usec_t now, TrafficTotal *total) {
        const MetricsSpec *m = &w->scenario->metrics;
        usec_t end = usec_add(bucket, m->resolution);
        double share = visible_share(m, end, now);
        struct scope s = { .world = w, .alias = a, .version = v };
        struct count c = {};
        uint64_t invocations;

        if (!a->rate || !v->had_traffic || !(share > 0))
                return;
        s.alias_key = str_fingerprint(f->spec->name, strlen(f->spec->name)) * 31 +
                        str_fingerprint(a->name, strlen(a->name));
        s.bucket_number = bucket / m->resolution - w->start / m->resolution;
        scope_count(&s, bucket, end, &c);
        if (c.invocations == 0)
                return;
        /* Rounded down, so errors never outnumber invocations and neither ever shrinks. */
        invocations = (uint64_t) ((double) c.invocations * share);
        total->invocations += invocations;
        total->errors += (uint64_t) ((double) c.errors * share);
        for (size_t i = 0; i < c.latency.n_parts; i++) {
                const LatencyPart *p = c.latency.parts + i;

                latency_add(&total->latency, p->mean, p->spread,
                                p->count * (double) invocations / (double) c.invocations);
        }
}
