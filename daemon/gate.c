#include "daemon/gate.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/usec.h"
#include "core/types.h"
#include "daemon/clock.h"

typedef struct GateQueue {
        GateWait *first, *last;
} GateQueue;

typedef struct GateBucket {
        Gate *gate;
        char *name; /* its key in the map */
        RateBucket rate;
        GateQueue queues[RATE_LANE_COUNT];
        sd_event_source *timer; /* to ask again; or, with nobody waiting, to be forgotten */
        bool is_dispatching;    /* a "done" runs */
} GateBucket;

struct GateWait {
        GateBucket *bucket;
        GateWait *previous, *next;
        RateLane lane;
        GateDone done;
        void *userdata;
};

struct Gate {
        sd_event *event;
        double rates[GATE_FAMILY_COUNT];
        Map *buckets; /* by name */
};

static void wait_link(GateBucket *b, GateWait *w) {
        GateQueue *q = &b->queues[w->lane];

        w->previous = q->last;
        *(q->last ? &q->last->next : &q->first) = w;
        q->last = w;
}

static void wait_unlink(GateWait *w) {
        GateQueue *q = &w->bucket->queues[w->lane];

        *(w->previous ? &w->previous->next : &q->first) = w->next;
        *(w->next ? &w->next->previous : &q->last) = w->previous;
}

/* Who goes next; only down to this lane. */
static GateWait *bucket_first(const GateBucket *b, RateLane lane) {
        for (size_t i = 0; i <= lane; i++)
                if (b->queues[i].first)
                        return b->queues[i].first;
        return NULL;
}

static GateBucket *bucket_free(GateBucket *b) {
        if (!b)
                return NULL;
        (void) sd_event_source_disable_unref(b->timer);
        free(b->name);
        free(b);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(GateBucket *, bucket_free);

static int bucket_arm(GateBucket *b, usec_t when) {
        int r = sd_event_source_set_time(b->timer, when);

        return r < 0 ? r : sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* After something changed: looks again at the next turn of the loop. */
static void bucket_wake(GateBucket *b) {
        (void) bucket_arm(b, 0);
}

static void bucket_forget(GateBucket *b) {
        (void) map_remove(b->gate->buckets, b->name);
        (void) bucket_free(b);
}

/* Lets those in whose turn it is. Returns the span after which to look again. */
static usec_t bucket_dispatch(GateBucket *b) {
        GateWait *next;

        while ((next = bucket_first(b, RATE_LANE_COUNT - 1))) {
                usec_t span = rate_take(&b->rate, next->lane, clock_mono());
                GateDone done = next->done;
                void *userdata = next->userdata;

                /* A lane below would have to wait longer. */
                if (span > 0)
                        return span;
                wait_unlink(next);
                free(next);
                done(userdata);
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        GateBucket *b = userdata;
        usec_t span;

        b->is_dispatching = true;
        span = bucket_dispatch(b);
        b->is_dispatching = false;
        if (span == 0) {
                span = rate_until_fresh(&b->rate, clock_mono());
                if (span == 0) {
                        bucket_forget(b);
                        return 0;
                }
        }
        (void) bucket_arm(b, usec_add(clock_mono(), span));
        return 0;
}

static char *key_name(const GateKey *key) {
        return alloc_printf("%u %s %s", (unsigned) key->family, key->region, key->account);
}

static int bucket_new(Gate *g, double rate, char **take_name, GateBucket **ret) {
        _cleanup_(bucket_freep) GateBucket *b = NULL;
        usec_t now = clock_mono();
        int r;

        if (map_size(g->buckets) >= GATE_BUCKETS_MAX)
                return -ENOBUFS;
        b = alloc_one(GateBucket);
        if (!b)
                return -ENOMEM;
        b->gate = g;
        rate_init(&b->rate, rate, rate, now);
        r = sd_event_add_time(g->event, &b->timer, CLOCK_BOOTTIME, now, USEC_PER_MSEC, on_timer, b);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(b->timer, "gate-bucket");
        r = map_put(g->buckets, *take_name, b);
        if (r < 0)
                return r;
        b->name = TAKE_PTR(*take_name);
        *ret = TAKE_PTR(b);
        return 0;
}

/* NULL: there is none, or no memory for the question. */
static GateBucket *bucket_find(const Gate *g, const GateKey *key) {
        _cleanup_(freep) char *name = key_name(key);

        return name ? map_get(g->buckets, name) : NULL;
}

static int bucket_get(Gate *g, const GateKey *key, GateBucket **ret) {
        _cleanup_(freep) char *name = key_name(key);

        if (!name)
                return -ENOMEM;
        *ret = map_get(g->buckets, name);
        return *ret ? 0 : bucket_new(g, g->rates[key->family], &name, ret);
}

int gate_new(sd_event *event, const double rates[static GATE_FAMILY_COUNT], Gate **ret) {
        _cleanup_(gate_freep) Gate *g = alloc_one(Gate);

        if (!g)
                return -ENOMEM;
        g->event = sd_event_ref(event);
        for (size_t i = 0; i < GATE_FAMILY_COUNT; i++)
                g->rates[i] = rates[i];
        g->buckets = map_new();
        if (!g->buckets)
                return -ENOMEM;
        *ret = TAKE_PTR(g);
        return 0;
}

Gate *gate_free(Gate *g) {
        size_t cursor = 0;
        const char *name;
        void *value;

        if (!g)
                return NULL;
        while (g->buckets && map_next(g->buckets, &cursor, &name, &value)) {
                GateBucket *b = value;

                assert(!b->is_dispatching && !bucket_first(b, RATE_LANE_COUNT - 1));
                (void) bucket_free(b);
        }
        (void) map_free(g->buckets);
        (void) sd_event_unref(g->event);
        free(g);
        return NULL;
}

/* Who is at the head of all lanes and finds no token decides when to look again. */
static int bucket_enter(GateBucket *b, RateLane lane, GateDone done, void *userdata, GateWait **ret) {
        bool is_first = !bucket_first(b, lane);
        usec_t now = clock_mono(), span = 0;
        GateWait *w;
        int r;

        if (is_first) {
                span = rate_take(&b->rate, lane, now);
                if (span == 0)
                        return 1;
        }
        w = alloc_one(GateWait);
        if (!w)
                return -ENOMEM;
        if (is_first) {
                r = bucket_arm(b, usec_add(now, span));
                if (r < 0) {
                        free(w);
                        return r;
                }
        }
        *w = (GateWait){ .bucket = b, .lane = lane, .done = done, .userdata = userdata };
        wait_link(b, w);
        *ret = w;
        return 0;
}

int gate_enter(Gate *g, const GateKey *key, RateLane lane, GateDone done, void *userdata, GateWait **ret) {
        GateBucket *b = NULL;
        int r;

        r = bucket_get(g, key, &b);
        if (r >= 0)
                r = bucket_enter(b, lane, done, userdata, ret);
        return r < 0 && lane == RATE_ROLLBACK ? 1 : r;
}

void gate_cancel(GateWait *w) {
        if (!w)
                return;
        wait_unlink(w);
        /* The next one may need fewer tokens than this one waited for, or be nobody. */
        bucket_wake(w->bucket);
        free(w);
}

void gate_give_back(Gate *g, const GateKey *key) {
        GateBucket *b = bucket_find(g, key);

        if (!b)
                return;
        rate_give_back(&b->rate, clock_mono());
        bucket_wake(b);
}

void gate_note(Gate *g, const GateKey *key, bool throttled) {
        GateBucket *b = bucket_find(g, key);

        /* A new one is as fast as can be; only bad news has to be remembered. */
        if (!b && (!throttled || bucket_get(g, key, &b) < 0))
                return;
        rate_note(&b->rate, throttled, clock_mono());
}
