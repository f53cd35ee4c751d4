#include "awssim/metadata.h"

#include <stdio.h>

#include "awssim/json-text.h"
#include "awssim/session.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define TOKEN_SECONDS_MAX 21600
#define IMDS_LIFETIME (6 * USEC_PER_HOUR)
#define CONTAINER_LIFETIME USEC_PER_HOUR
#define TOKEN_MAX 64

/* A token says by itself until when it is good. */
static void imds_token_format(const World *w, usec_t expires, char ret[static TOKEN_MAX]) {
        const uint64_t key[] = { w->scenario->seed, w->start, expires };

        (void) snprintf(ret, TOKEN_MAX, "AQAEA%016llx%016llx==", (unsigned long long) expires,
                        (unsigned long long) str_fingerprint(key, sizeof(key)));
}

static bool imds_token_is_good(const World *w, const char *token, usec_t now) {
        unsigned long long expires;
        char expected[TOKEN_MAX];

        if (sscanf(token, "AQAEA%16llx", &expires) != 1)
                return false;
        imds_token_format(w, expires, expected);
        return streq(token, expected) && now < expires;
}

static int imds_refuse(Reply *reply, unsigned status, const char *words) {
        return reply_refuse(reply, status, words, "%s", words);
}

static int imds_give_token(const World *w, const Request *request, usec_t now, Reply *reply) {
        const char *ttl = http_request_header(&request->http, IMDS_TTL_HEADER);
        usec_t limit = w->scenario->imds.token_lifetime, lifetime;
        char token[TOKEN_MAX];
        uint64_t seconds;

        if (!streq(request->method, "PUT"))
                return imds_refuse(reply, 405, "Method Not Allowed");
        /* Somebody in between passes on requests of others. */
        if (http_request_header(&request->http, "x-forwarded-for"))
                return imds_refuse(reply, 403, "Forbidden");
        if (!ttl || str_parse_u64(ttl, TOKEN_SECONDS_MAX, &seconds) < 0 || seconds == 0)
                return imds_refuse(reply, 400, "Bad Request");
        lifetime = seconds * USEC_PER_SEC;
        if (limit > 0)
                lifetime = usec_min(lifetime, limit);
        imds_token_format(w, usec_add(now, lifetime), token);
        reply->imds_ttl = seconds;
        (void) buf_puts(&reply->body, token);
        return 0;
}

static int imds_check(const World *w, const Request *request, usec_t now, Reply *reply) {
        const char *token = http_request_header(&request->http, "x-aws-ec2-metadata-token");

        if (!streq(request->method, "GET"))
                return imds_refuse(reply, 405, "Method Not Allowed");
        if (token ? imds_token_is_good(w, token, now) : w->scenario->imds.v1)
                return 0;
        return imds_refuse(reply, 401, "Unauthorized");
}

/* The set given out before, as long as at least half of its life is left (or for ever). */
static int machine_session(World *w, const RoleSpec *role, const char *name, usec_t lifetime, bool stale,
                usec_t now, const Session **session) {
        const Session *s = *session;

        if (s && (stale || usec_add(now, (s->expires - s->issued) / 2) < s->expires))
                return 0;
        return session_mint(w, role, name, role->lifetime > 0 ? role->lifetime : lifetime, now, session);
}

static void render_keys(const Session *s, Buf *out) {
        char expires[TIME_TEXT_MAX];

        time_format_rfc3339(s->expires, expires);
        json_text_string(out, "AccessKeyId", s->access_key);
        json_text_string(out, "SecretAccessKey", secret_text(s->secret_key));
        json_text_string(out, "Token", s->token);
        json_text_string(out, "Expiration", expires);
}

static int imds_give_credentials(
                World *w, const RoleSpec *role, Request *request, usec_t now, Reply *reply) {
        const ImdsSpec *spec = &w->scenario->imds;
        Buf *out = &reply->body;
        char updated[TIME_TEXT_MAX];
        int r;

        if (!streq(request->instance_role, role->name))
                return imds_refuse(reply, 404, "Not Found");
        r = machine_session(
                        w, role, "i-1234567890abcdef0", IMDS_LIFETIME, spec->stale, now, &w->imds_session);
        if (r < 0)
                return r;
        time_format_rfc3339(w->imds_session->issued, updated);
        json_text_open(out, NULL, '{');
        json_text_string(out, "Code", spec->error ? spec->error : "Success");
        json_text_string(out, "LastUpdated", updated);
        if (spec->error)
                json_text_string(out, "Message", "EC2 cannot assume the role of this instance.");
        else {
                json_text_string(out, "Type", "AWS-HMAC");
                render_keys(w->imds_session, out);
                request->gave = w->imds_session->access_key;
        }
        json_text_close(out, '}');
        return 0;
}

int imds_handle(World *w, Request *request, usec_t now, Reply *reply) {
        const RoleSpec *role = scenario_find_role(w->scenario, w->scenario->imds.role);
        int r;

        if (streq(request->operation, "ImdsToken"))
                return imds_give_token(w, request, now, reply);
        r = imds_check(w, request, now, reply);
        if (r < 0)
                return r;
        if (streq(request->operation, "ImdsRole"))
                return buf_puts(&reply->body, role->name);
        if (streq(request->operation, "ImdsCredentials"))
                return imds_give_credentials(w, role, request, now, reply);
        return imds_refuse(reply, 404, "Not Found");
}

int container_handle(World *w, Request *request, usec_t now, Reply *reply) {
        const ContainerSpec *spec = &w->scenario->container;
        const char *token = http_request_header(&request->http, "authorization");
        const RoleSpec *role = scenario_find_role(w->scenario, spec->role);
        Buf *out = &reply->body;
        int r;

        if (!streq(request->method, "GET"))
                return reply_refuse(reply, 405, "MethodNotAllowed", "Method Not Allowed");
        if (spec->token && (!token || !streq(token, spec->token)))
                return reply_refuse(reply, 401, "InvalidAuthorization",
                                "The Authorization header does not carry the token of this container");
        r = machine_session(w, role, "0123456789abcdef", CONTAINER_LIFETIME, spec->stale, now,
                        &w->container_session);
        if (r < 0)
                return r;
        json_text_open(out, NULL, '{');
        json_text_string(out, "RoleArn", role->arn);
        render_keys(w->container_session, out);
        json_text_close(out, '}');
        request->gave = w->container_session->access_key;
        return 0;
}
