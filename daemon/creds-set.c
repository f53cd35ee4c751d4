#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/creds-fetch.h"
#include "daemon/creds-internal.h"
#include "daemon/log.h"

/* A set is refreshed from a quarter of an hour before its end, so that many attempts fit in; each at its own
 * moment within the first five minutes. From a minute or two before its end it is waited for. */
#define REFRESH_LEAD (15 * USEC_PER_MINUTE)
#define WAIT_LEAD USEC_PER_MINUTE

/* The pace of attempts: after a success, after failures (while there is nothing, and while the old set is
 * still good), for a rollback, and when AWS refuses what came. */
#define PACE USEC_PER_SEC
#define PACE_EMPTY_MAX (30 * USEC_PER_SEC)
#define PACE_GOOD (15 * USEC_PER_SEC)
#define PACE_GOOD_MAX (2 * USEC_PER_MINUTE)
#define PACE_REFUSED (5 * USEC_PER_SEC)

/* IMDS that goes on handing out an expired set is out of order; AWS lets such sets live longer. */
#define EXTENSION (15 * USEC_PER_MINUTE)
#define ASK_AGAIN (5 * USEC_PER_MINUTE)

/* Nobody has asked for so long: not refreshed before somebody does. */
#define IDLE_AFTER (90 * USEC_PER_MINUTE)

struct CredsWait {
        CredsSet *set; /* NULL while "done" runs: nothing is left to cancel */
        CredsWait *previous, *next;
        bool has_failed; /* what it waited for has: to be told so */
        bool is_rollback;
        CredsDone done;
        void *userdata;
};

struct CredsSet {
        Creds *creds;
        char *role_arn, *external_id; /* NULL: the daemon's own set */
        char *source;                 /* for people: where it was last asked for */
        bool asks_imds;               /* that is IMDS, and nothing behind it */
        bool is_announced;            /* the source is in the log */

        AwsCreds held;                  /* without secret_key: none */
        usec_t end;                     /* mono; held.expires, as it looked when the set came */
        usec_t refresh_lead, wait_lead; /* so long before the end */
        unsigned files_seen;            /* of Creds, when "held" was asked for */
        bool is_imds;                   /* it came from there */
        bool is_extended;

        bool is_doubted; /* AWS refused "held" somewhere: its source is to be asked for another */

        CredsFetch *fetch;
        unsigned fetch_files_seen;
        usec_t ended;         /* mono: the last attempt */
        usec_t next_try;      /* mono */
        unsigned n_failures;  /* in a row */
        unsigned paced_by;    /* files_seen when next_try was set */
        CredsFailure failure; /* the last one */

        usec_t used; /* mono */
        sd_event_source *timer, *defer;
        CredsWait *first_wait, *last_wait;
};

typedef enum Look {
        LOOK_GOOD,    /* "held" may be given out */
        LOOK_PENDING, /* one is under way, wait */
        LOOK_FAILED,  /* "failure" says why there is none */
} Look;

/* The clock on the wall may be set, back or forth, and by years. */
static bool set_is_good(const CredsSet *s, const Now *now) {
        return s->held.secret_key && now->mono < s->end;
}

/* It may also have been wrong when the set came: whichever clock ends sooner says when to ask for more. */
static usec_t set_left(const CredsSet *s, const Now *now) {
        return usec_min(usec_sub(s->end, now->mono), usec_sub(s->held.expires, now->wall));
}

static void set_arm(CredsSet *s) {
        (void) sd_event_source_set_enabled(s->defer, SD_EVENT_ONESHOT);
}

/* Due when it is both time for it and no longer too soon. */
static void set_arm_timer(CredsSet *s, const Now *now) {
        usec_t span = usec_max(
                        usec_sub(set_left(s, now), s->refresh_lead), usec_sub(s->next_try, now->mono));

        if (!s->held.secret_key || span == USEC_INFINITY) {
                (void) sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
                return;
        }
        if (sd_event_source_set_time_relative(s->timer, span) >= 0)
                (void) sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static void set_pace(CredsSet *s, usec_t until) {
        s->next_try = until;
        s->paced_by = s->creds->files_seen;
}

/* Short-lived sets have less time for everything. */
static void set_plan(CredsSet *s, const Now *now) {
        Prng *prng = &s->creds->prng;
        usec_t life = usec_sub(s->held.expires, now->wall), lead = usec_min(REFRESH_LEAD, life / 3);

        s->end = usec_add(now->mono, life);
        s->refresh_lead = lead - prng_below(prng, lead / 3 + 1);
        s->wait_lead = usec_min(WAIT_LEAD + prng_below(prng, WAIT_LEAD), life / 10);
}

/* again: how soon it is asked for once more. */
static void set_extend(CredsSet *s, usec_t again, const Now *now) {
        Prng *prng = &s->creds->prng;

        s->held.expires = usec_add(now->wall, EXTENSION + (2 + prng_below(prng, 8)) * USEC_PER_MINUTE);
        set_plan(s, now);
        s->refresh_lead = usec_sub(set_left(s, now), again);
        if (!s->is_extended)
                log_message(LOG_WARNING,
                                "AWS credentials from %s should have been replaced by now; going on with them",
                                s->source);
        s->is_extended = true;
}

static usec_t set_backoff(CredsSet *s, bool is_good) {
        usec_t base = is_good ? PACE_GOOD : PACE, max = is_good ? PACE_GOOD_MAX : PACE_EMPTY_MAX;
        usec_t span = usec_min(base << MIN(s->n_failures - 1, 6u), max);

        return span / 2 + prng_below(&s->creds->prng, span / 2);
}

static void set_fail(CredsSet *s, const CredsFailure *failure) {
        bool is_good;
        Now now;

        clock_read(&now);
        if (s->is_imds && s->held.secret_key && set_left(s, &now) <= s->wait_lead)
                set_extend(s, 0, &now);
        is_good = set_is_good(s, &now);
        if (is_good && !s->role_arn && s->files_seen != s->fetch_files_seen && s->n_failures == 0)
                log_message(LOG_WARNING,
                                "AWS credentials: going on with the present ones, those from the "
                                "changed files cannot be had: %s",
                                failure->message);
        if (failure != &s->failure)
                s->failure = *failure;
        s->n_failures++;
        s->ended = now.mono;
        set_pace(s, usec_add(now.mono, set_backoff(s, is_good)));
        set_arm_timer(s, &now);
        for (CredsWait *w = s->first_wait; w; w = w->next)
                w->has_failed = true;
        set_arm(s);
}

static bool set_is_expired(CredsSet *s, const AwsCreds *creds, const Now *now) {
        char end[TIME_TEXT_MAX], today[TIME_TEXT_MAX];
        CredsFailure failure;

        if (now->wall < creds->expires || s->asks_imds)
                return false;
        time_format_rfc3339(creds->expires, end);
        time_format_rfc3339(now->wall, today);
        (void) creds_failure_set(&failure, AWS_EXPIRED,
                        "the keys from %s have expired: they were good until %s, and it is %s", s->source,
                        end, today);
        set_fail(s, &failure);
        return true;
}

/* One that is over, or the old one once more shortly before its end. */
static bool is_overdue(const CredsSet *s, const AwsCreds *creds, const Now *now) {
        usec_t left = usec_sub(creds->expires, now->wall);

        if (!s->asks_imds || left > 2 * WAIT_LEAD)
                return false;
        return left == 0 || (s->held.secret_key && creds_is_same(&s->held, creds));
}

static void set_take(CredsSet *s, AwsCreds *take_creds) {
        bool is_extended;
        Now now;

        clock_read(&now);
        if (set_is_expired(s, take_creds, &now))
                return;
        is_extended = is_overdue(s, take_creds, &now);
        aws_creds_done(&s->held);
        s->held = *take_creds;
        *take_creds = (AwsCreds){ 0 };
        s->is_imds = s->asks_imds;
        s->files_seen = s->fetch_files_seen;
        s->n_failures = 0;
        s->ended = now.mono;
        set_pace(s, usec_add(now.mono, s->is_doubted ? PACE_REFUSED : PACE));
        s->is_doubted = false;
        (void) creds_failure_set(&s->failure, AWS_EXPIRED, "the keys from %s have expired", s->source);
        if (is_extended)
                set_extend(s, ASK_AGAIN + prng_below(&s->creds->prng, ASK_AGAIN), &now);
        else {
                s->is_extended = false;
                set_plan(s, &now);
        }
        if (!s->is_announced)
                log_message(s->role_arn ? LOG_DEBUG : LOG_INFO, "AWS credentials from %s", s->source);
        s->is_announced = true;
        set_arm_timer(s, &now);
        set_arm(s);
}

static void on_fetch(AwsCreds *take_creds, const CredsFailure *failure, void *userdata) {
        CredsSet *s = userdata;

        s->fetch = NULL;
        if (failure)
                set_fail(s, failure);
        else
                set_take(s, take_creds);
}

static int set_name_source(CredsSet *s, const char *source) {
        char *copy;

        if (s->source && streq(s->source, source))
                return 0;
        copy = alloc_copy_string(source);
        if (!copy)
                return -ENOMEM;
        free(s->source);
        s->source = copy;
        s->is_announced = false;
        return 0;
}

/* 1: taken at once, they stand in a file. 0: under way. */
static int refresh_own(CredsSet *s, bool is_rollback, CredsFailure *failure) {
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        int r;

        r = creds_make_recipe(s->creds, &recipe, failure);
        if (r < 0)
                return r;
        r = set_name_source(s, recipe.source);
        if (r < 0)
                return r;
        s->asks_imds = recipe.origin == CREDS_IMDS && recipe.n_roles == 0;
        if (recipe.origin == CREDS_STATIC && recipe.n_roles == 0) {
                set_take(s, &recipe.keys);
                return 1;
        }
        return creds_fetch_own(s->creds, &recipe, is_rollback, on_fetch, s, &s->fetch, failure);
}

static void set_refresh(CredsSet *s, bool is_rollback, const Now *now) {
        const CredsKey key = { s->role_arn, s->external_id };
        CredsFailure failure = { 0 };
        int r;

        s->fetch_files_seen = s->creds->files_seen;
        if (s->role_arn)
                r = creds_fetch_role(s->creds, &key, is_rollback, on_fetch, s, &s->fetch, &failure);
        else
                r = refresh_own(s, is_rollback, &failure);
        if (r >= 0)
                return;
        if (r != -EIO)
                (void) creds_failure_set(&failure, AWS_TRANSIENT, "AWS credentials: %s", strerror(-r));
        set_fail(s, &failure);
}

/* New files are a new chance, whatever the pace is. */
static bool set_may_try(CredsSet *s, bool is_rollback, const Now *now) {
        if (s->paced_by != s->creds->files_seen || now->mono >= s->next_try)
                return true;
        return is_rollback && usec_sub(now->mono, s->ended) >= (s->is_doubted ? PACE_REFUSED : PACE);
}

/* Sees to it that the set is fresh, as far as it can be. */
static Look set_look(CredsSet *s, bool is_rollback) {
        Creds *c = s->creds;
        bool is_due;
        Now now;

        clock_read(&now);
        creds_look_at_files(c, now.mono);
        is_due = !set_is_good(s, &now) || s->is_doubted || set_left(s, &now) <= s->refresh_lead ||
                        (!s->role_arn && s->files_seen != c->files_seen);
        if (is_due && !s->fetch && set_may_try(s, is_rollback, &now))
                set_refresh(s, is_rollback, &now);
        if (is_rollback && s->fetch)
                creds_fetch_hurry(s->fetch);
        clock_read(&now);
        if (set_is_good(s, &now))
                return !is_rollback && s->fetch && (s->is_doubted || set_left(s, &now) <= s->wait_lead)
                                ? LOOK_PENDING
                                : LOOK_GOOD;
        return s->fetch ? LOOK_PENDING : LOOK_FAILED;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        CredsSet *s = userdata;
        Now now;

        clock_read(&now);
        if (usec_sub(now.mono, s->used) >= IDLE_AFTER)
                return 0;
        (void) set_look(s, false);
        /* Too early after all, or too soon after the last attempt: again later. */
        if (!s->fetch)
                set_arm_timer(s, &now);
        return 0;
}

/* Rollbacks first, but for those who are only to be told. */
static void wait_link(CredsWait *w, CredsSet *s) {
        CredsWait *next = w->is_rollback ? s->first_wait : NULL;

        while (next && (next->is_rollback || next->has_failed))
                next = next->next;
        w->set = s;
        w->next = next;
        w->previous = next ? next->previous : s->last_wait;
        *(w->previous ? &w->previous->next : &s->first_wait) = w;
        *(next ? &next->previous : &s->last_wait) = w;
}

static void wait_unlink(CredsWait *w) {
        CredsSet *s = TAKE_PTR(w->set);

        *(w->previous ? &w->previous->next : &s->first_wait) = w->next;
        *(w->next ? &w->next->previous : &s->last_wait) = w->previous;
}

/* Delivers to one of those who wait, as its last act: whatever "done" does, even creds_free(), nothing is
 * touched afterwards. */
static int on_defer(sd_event_source *source, void *userdata) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        _cleanup_(freep) CredsWait *w = NULL;
        CredsSet *s = userdata;
        CredsFailure failure;
        Now now;

        if (!s->first_wait ||
                        (!s->first_wait->has_failed &&
                                        set_look(s, s->first_wait->is_rollback) == LOOK_PENDING))
                return 0;
        w = s->first_wait;
        clock_read(&now);
        failure = s->failure;
        if (set_is_good(s, &now))
                (void) aws_creds_copy(&creds, &s->held);
        wait_unlink(w);
        if (s->first_wait)
                set_arm(s);
        w->done(creds.secret_key ? &creds : NULL, creds.secret_key ? AWS_OK : failure.fault,
                        creds.secret_key ? NULL : failure.message, w->userdata);
        return 0;
}

static int set_add_sources(CredsSet *s) {
        sd_event *event = s->creds->event;
        int r;

        r = sd_event_add_time_relative(event, &s->timer, CLOCK_BOOTTIME, 0, USEC_PER_SEC, on_timer, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s->timer, "creds-refresh");
        r = sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_defer(event, &s->defer, on_defer, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s->defer, "creds-deliver");
        return sd_event_source_set_enabled(s->defer, SD_EVENT_OFF);
}

int creds_set_new(Creds *c, const CredsKey *key, CredsSet **ret) {
        _cleanup_(creds_set_freep) CredsSet *s = alloc_one(CredsSet);
        int r;

        if (!s)
                return -ENOMEM;
        s->creds = c;
        if (key->role_arn) {
                s->role_arn = alloc_copy_string(key->role_arn);
                s->source = alloc_printf("role %s", key->role_arn);
        } else
                s->source = alloc_copy_string("nowhere yet");
        if (!s->source || (key->role_arn && !s->role_arn))
                return -ENOMEM;
        if (key->external_id) {
                s->external_id = alloc_copy_string(key->external_id);
                if (!s->external_id)
                        return -ENOMEM;
        }
        r = set_add_sources(s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

CredsSet *creds_set_free(CredsSet *s) {
        if (!s)
                return NULL;
        assert(!s->first_wait);
        (void) creds_fetch_free(s->fetch);
        (void) sd_event_source_disable_unref(s->timer);
        (void) sd_event_source_disable_unref(s->defer);
        aws_creds_done(&s->held);
        free(s->role_arn);
        free(s->external_id);
        free(s->source);
        free(s);
        return NULL;
}

int creds_set_get(CredsSet *s, bool is_rollback, AwsCreds *ret, CredsDone done, void *userdata,
                CredsWait **ret_wait) {
        CredsWait *w;
        Look look;
        Now now;

        clock_read(&now);
        s->used = now.mono;
        look = set_look(s, is_rollback);
        if (look == LOOK_GOOD) {
                (void) aws_creds_copy(ret, &s->held);
                return 1;
        }
        w = alloc_one(CredsWait);
        if (!w)
                return -ENOMEM;
        *w = (CredsWait){
                .has_failed = look == LOOK_FAILED,
                .is_rollback = is_rollback,
                .done = done,
                .userdata = userdata,
        };
        wait_link(w, s);
        if (look == LOOK_FAILED)
                set_arm(s);
        if (ret_wait)
                *ret_wait = w;
        return 0;
}

void creds_cancel(CredsWait *w) {
        if (!w || !w->set)
                return;
        wait_unlink(w);
        free(w);
}

/* What one service of one region refuses may be good everywhere else, where somebody rolls back: so it is
 * given out until there is another. */
void creds_set_distrust(CredsSet *s, const char *access_key) {
        if (s->held.secret_key && streq(s->held.access_key, access_key))
                s->is_doubted = true;
}

void creds_set_hurry(CredsSet *s) {
        if (s->fetch)
                creds_fetch_hurry(s->fetch);
}

void creds_wait_hurry(CredsWait *w) {
        CredsSet *s = w->set;

        wait_unlink(w);
        w->is_rollback = true;
        wait_link(w, s);
        set_arm(s);
}

bool creds_set_is_idle(const CredsSet *s) {
        return !s->first_wait;
}

bool creds_set_is_for(const CredsSet *s, const CredsKey *key) {
        return str_equal(s->role_arn, key->role_arn) && str_equal(s->external_id, key->external_id);
}
