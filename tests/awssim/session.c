#include "awssim/session.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"

#define SESSIONS_MAX 50000u
/* Expired ones are told so for a while, then they are as good as never issued. */
#define SESSION_KEPT USEC_PER_MINUTE
#define ACCESS_KEY_SIZE 20
#define SECRET_SIZE 40
/* AWS promises no size; real ones are about this long. */
#define TOKEN_SIZE 900

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Session *session_free(Session *s) {
        if (!s)
                return NULL;
        free(s->access_key);
        free(s->token);
        (void) secret_unref(s->secret_key);
        free(s);
        return NULL;
}

/* "size" characters, the first of them "prefix". */
static char *random_text(Prng *p, const char *prefix, const char *digits, size_t size) {
        char *text = alloc_zero(size + 1);

        if (!text)
                return NULL;
        memcpy(text, prefix, strlen(prefix));
        for (size_t i = strlen(prefix); i < size; i++)
                text[i] = digits[prng_below(p, strlen(digits))];
        return text;
}

/* Always the same for a role. */
static void role_id(const RoleSpec *role, char ret[static 24]) {
        Prng p = { .state = str_fingerprint(role->arn, strlen(role->arn)) };
        size_t i = 4;

        memcpy(ret, "AROA", 4);
        for (; i < ACCESS_KEY_SIZE; i++)
                ret[i] = base32[prng_below(&p, 32)];
        ret[i] = '\0';
}

static void drop_expired(World *w, usec_t now) {
        const char *key;
        size_t cursor = 0;
        void *value;

        while (map_next(w->sessions, &cursor, &key, &value)) {
                Session *s = value;

                if (usec_add(s->expires, SESSION_KEPT) < now && s != w->imds_session &&
                                s != w->container_session) {
                        (void) map_remove(w->sessions, s->access_key);
                        (void) session_free(s);
                }
        }
}

int session_mint(World *w, const RoleSpec *role, const char *name, usec_t lifetime, usec_t now,
                const Session **ret) {
        _cleanup_(session_freep) Session *s = alloc_one(Session);
        _cleanup_(secret_erase_stringp) char *secret = NULL;
        int r;

        if (!s)
                return -ENOMEM;
        if (map_size(w->sessions) >= SESSIONS_MAX)
                drop_expired(w, now);
        if (map_size(w->sessions) >= SESSIONS_MAX)
                return -ENOBUFS;
        s->role = role;
        s->issued = now;
        s->expires = usec_add(now, lifetime);
        role_id(role, s->id);
        (void) snprintf(s->arn, sizeof(s->arn), "arn:%s:sts::%s:assumed-role/%s/%.64s", role->partition,
                        role->account, role->name, name);
        s->access_key = random_text(&w->prng, "ASIA", base32, ACCESS_KEY_SIZE);
        s->token = random_text(&w->prng, "IQoJb3JpZ2luX2Vj", base64, TOKEN_SIZE);
        secret = random_text(&w->prng, "", base64, SECRET_SIZE);
        if (!s->access_key || !s->token || !secret)
                return -ENOMEM;
        s->secret_key = secret_new(secret, SECRET_SIZE);
        if (!s->secret_key)
                return -ENOMEM;
        r = map_put(w->sessions, s->access_key, s);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

const Session *session_find(const World *w, const char *access_key) {
        return map_get(w->sessions, access_key);
}
