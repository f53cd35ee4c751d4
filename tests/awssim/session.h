#pragma once

/* Temporary keys that a role gave out. */

#include "awssim/world.h"

#define SESSION_ARN_MAX 192

typedef struct Session {
        const RoleSpec *role; /* borrowed */
        char *access_key, *token;
        Secret *secret_key;
        char id[24];               /* AROA... */
        char arn[SESSION_ARN_MAX]; /* arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME */
        usec_t issued, expires;    /* the server's wall clock */
} Session;

Session *session_free(Session *s);
DEFINE_TRIVIAL_CLEANUP(Session *, session_free);

/* The session is the world's and stays at least until it has expired. -ENOBUFS: too many are alive. */
int session_mint(World *w, const RoleSpec *role, const char *name, usec_t lifetime, usec_t now,
                const Session **ret);
const Session *session_find(const World *w, const char *access_key); /* NULL: none */
