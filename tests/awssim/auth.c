#include "awssim/auth.h"

#include <stdio.h>

#include "aws/sigv4.h"
#include "awssim/authorization.h"
#include "awssim/session.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

/* The keys of a signature: those of the scenario, or of a session that a role gave out. */
struct signer {
        const char *access_key, *session_token; /* NULL: long-lived keys */
        const Secret *secret_key;
        usec_t expires; /* 0: never */
};

/* "20260115T123456Z" */
static int amz_date_parse(const char *s, usec_t *ret) {
        char text[TIME_TEXT_MAX];

        if (strlen(s) != 16)
                return -EINVAL;
        (void) snprintf(text, sizeof(text), "%.4s-%.2s-%.2s%c%.2s:%.2s:%.2s%c", s, s + 4, s + 6, s[8], s + 9,
                        s + 11, s + 13, s[15]);
        return time_parse_rfc3339(text, ret);
}

static int request_time(const Request *request, usec_t *ret, Reply *reply) {
        const char *amz = http_request_header(&request->http, "x-amz-date");
        const char *date = http_request_header(&request->http, "date");

        if ((amz && amz_date_parse(amz, ret) >= 0) || (!amz && date && time_parse_http(date, ret) >= 0))
                return 0;
        return reply_refuse(reply, 403, "IncompleteSignatureException",
                        "Date must be in ISO-8601 'basic format'. Got '%s'.", amz ? amz : "");
}

/* Services of the Query protocol allow for more, and print it. */
static usec_t clock_tolerance(const Request *request) {
        return (request->protocol == PROTOCOL_QUERY ? 15 : 5) * USEC_PER_MINUTE;
}

static int check_time(const Request *request, usec_t signed_at, usec_t now, Reply *reply) {
        char at[TIME_TEXT_MAX], border[TIME_TEXT_MAX], here[TIME_TEXT_MAX];
        usec_t tolerance = clock_tolerance(request);
        unsigned minutes = (unsigned) (tolerance / USEC_PER_MINUTE);

        time_format_amz(signed_at, at);
        time_format_amz(now, here);
        if (usec_add(signed_at, tolerance) < now) {
                time_format_amz(now - tolerance, border);
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Signature expired: %s is now earlier than %s (%s - %u min.)", at, border,
                                here, minutes);
        }
        if (signed_at > usec_add(now, tolerance)) {
                time_format_amz(now + tolerance, border);
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Signature not yet current: %s is still later than %s (%s + %u min.)", at,
                                border, here, minutes);
        }
        return 0;
}

static const char *signing_name(const Request *request) {
        return request->service == SERVICE_LAMBDA         ? "lambda"
                        : request->service == SERVICE_STS ? "sts"
                                                          : "monitoring";
}

static int check_scope(const Authorization *a, const Scenario *scenario, const Request *request,
                usec_t signed_at, Reply *reply) {
        const char *service = signing_name(request);
        char at[TIME_TEXT_MAX];

        time_format_amz(signed_at, at);
        at[8] = '\0';
        if (!streq(a->terminator, "aws4_request"))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.",
                                a->terminator);
        if (!scenario_has_region(scenario, a->region))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Credential should be scoped to a valid region, not '%s'.", a->region);
        if (!streq(a->service, service))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Credential should be scoped to correct service: '%s'.", service);
        if (!streq(a->date, at))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                                "from HTTP: '%s' != '%s'.",
                                a->date, at);
        return 0;
}

/* Host, and every x-amz- header that came: what AWS wants to be signed at least. */
static int check_signed_headers(const Authorization *a, const Request *request, Reply *reply) {
        if (!authorization_covers(a, "host"))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
        for (size_t i = 0; i < request->http.n_headers; i++) {
                const char *name = request->http.headers[i].name;

                if (str_after(name, "x-amz-") && !authorization_covers(a, name))
                        return reply_refuse(reply, 403, "InvalidSignatureException",
                                        "The request signature does not cover the header '%s'.", name);
        }
        return 0;
}

static const CredentialSpec *credential_find(const Scenario *scenario, const char *access_key) {
        for (size_t i = 0; i < scenario->n_credentials; i++)
                if (streq(scenario->credentials[i].access_key, access_key))
                        return scenario->credentials + i;
        return NULL;
}

static bool signer_find(const World *w, const char *access_key, struct signer *ret) {
        const CredentialSpec *c = credential_find(w->scenario, access_key);
        const Session *session = session_find(w, access_key);

        if (c)
                *ret = (struct signer){ .access_key = c->access_key,
                        .session_token = c->session_token,
                        .secret_key = c->secret_key,
                        .expires = c->expires_after > 0 ? usec_add(w->start, c->expires_after) : 0 };
        else if (session)
                *ret = (struct signer){ .access_key = session->access_key,
                        .session_token = session->token,
                        .secret_key = session->secret_key,
                        .expires = session->expires };
        return c || session;
}

static int check_signer(
                const struct signer *s, bool known, const Request *request, usec_t now, Reply *reply) {
        const char *token = http_request_header(&request->http, "x-amz-security-token");

        if (!known || (s->session_token && (!token || !streq(token, s->session_token))) ||
                        (!s->session_token && token))
                return reply_refuse(reply, 403, "UnrecognizedClientException",
                                "The security token included in the request is invalid.");
        if (s->expires > 0 && now >= s->expires)
                return reply_refuse(reply, 403, "ExpiredTokenException",
                                "The security token included in the request is expired");
        return 0;
}

static int check_signature(const Authorization *a, const struct signer *s, const Request *request,
                usec_t signed_at, Reply *reply) {
        const SigV4Scope scope = { .region = a->region, .service = a->service, .time = signed_at };
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *to_sign = NULL;
        char hex[65];
        int r;

        r = sigv4_canonical_request(&request->http, a->signed_headers, &canonical, &names);
        if (r >= 0)
                r = sigv4_string_to_sign(canonical, &scope, &to_sign);
        if (r >= 0)
                r = sigv4_signature(to_sign, s->secret_key, &scope, hex);
        if (r == -ENOMEM || r == -EIO)
                return r;
        if (r >= 0 && streq(hex, a->signature))
                return 0;
        return reply_refuse(reply, 403, "InvalidSignatureException",
                        "The request signature we calculated does not match the signature you provided. Check "
                        "your AWS Secret Access Key and signing method. Consult the service documentation for "
                        "details.\n\nThe Canonical String for this request should have been\n'%s'\n\n"
                        "The String-to-Sign should have been\n'%s'\n",
                        canonical ? canonical : "", to_sign ? to_sign : "");
}

int auth_identify(const World *w, Request *request) {
        _cleanup_(reply_done) Reply nowhere = REPLY_INIT;
        _cleanup_(authorization_done) Authorization a = {};
        const Scenario *scenario = w->scenario;
        const CredentialSpec *c;
        const Session *session;
        int r;

        (void) str_copy(request->account, sizeof(request->account), scenario->account);
        (void) str_copy(request->region, sizeof(request->region), scenario->region);
        r = authorization_parse(request, &a, &nowhere);
        if (r < 0)
                return r == -EREMOTEIO ? 0 : r;
        if (scenario_has_region(scenario, a.region))
                (void) str_copy(request->region, sizeof(request->region), a.region);
        c = credential_find(scenario, a.access_key);
        session = session_find(w, a.access_key);
        if (c)
                request->allows = &c->allows;
        if (session) {
                request->role = session->role;
                request->allows = &session->role->allows;
                (void) str_copy(request->account, sizeof(request->account), session->role->account);
                (void) str_copy(request->caller, sizeof(request->caller), session->arn);
        } else if (c && c->arn) {
                (void) arn_account(c->arn, request->account);
                (void) str_copy(request->caller, sizeof(request->caller), c->arn);
        } else
                (void) snprintf(request->caller, sizeof(request->caller), "arn:aws:iam::%s:user/%.64s",
                                scenario->account, a.access_key);
        return 0;
}

int auth_check(const World *w, Request *request, usec_t now, int64_t offset, Reply *reply) {
        _cleanup_(authorization_done) Authorization a = {};
        const Scenario *scenario = w->scenario;
        struct signer signer = {};
        usec_t signed_at = 0;
        bool known;
        int r;

        if (scenario->n_credentials == 0 && scenario->n_roles == 0)
                return 0;
        r = authorization_parse(request, &a, reply);
        if (r < 0)
                return r;
        known = signer_find(w, a.access_key, &signer);
        r = check_signer(&signer, known, request, now, reply);
        if (r >= 0)
                r = request_time(request, &signed_at, reply);
        if (r >= 0)
                r = check_scope(&a, scenario, request, signed_at, reply);
        if (r >= 0)
                r = check_signed_headers(&a, request, reply);
        if (r >= 0)
                r = check_time(request, signed_at, now + (usec_t) offset, reply);
        if (r >= 0)
                r = check_signature(&a, &signer, request, signed_at, reply);
        if (r >= 0)
                (void) snprintf(request->signed_by, sizeof(request->signed_by), "%s", signer.access_key);
        return r;
}
