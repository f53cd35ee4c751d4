#include "awssim/auth.h"

#include <stdio.h>

#include "aws/sigv4.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define CLOCK_TOLERANCE (5 * USEC_PER_MINUTE)

/* The Authorization header, taken apart in a copy of its own. */
struct authorization {
        char *access_key, *date, *region, *service, *terminator; /* of Credential */
        char *signed_headers, *signature;
};

static int refuse_incomplete(Reply *reply, const char *what) {
        return reply_refuse(reply, 403, "IncompleteSignatureException",
                        "Authorization header requires '%s' parameter.", what);
}

static int authorization_parse(char *text, struct authorization *ret, Reply *reply) {
        struct authorization a = {};
        char *rest = text + strlen("AWS4-HMAC-SHA256"), *part, *credential = NULL;

        while ((part = strsep(&rest, ", "))) {
                const char *v;

                if ((v = str_after(part, "Credential=")))
                        credential = part + (v - part);
                else if ((v = str_after(part, "SignedHeaders=")))
                        a.signed_headers = part + (v - part);
                else if ((v = str_after(part, "Signature=")))
                        a.signature = part + (v - part);
        }
        if (!credential)
                return refuse_incomplete(reply, "Credential");
        if (!a.signature)
                return refuse_incomplete(reply, "Signature");
        if (!a.signed_headers)
                return refuse_incomplete(reply, "SignedHeaders");
        a.access_key = strsep(&credential, "/");
        a.date = strsep(&credential, "/");
        a.region = strsep(&credential, "/");
        a.service = strsep(&credential, "/");
        a.terminator = strsep(&credential, "/");
        if (!a.terminator || credential)
                return reply_refuse(reply, 403, "IncompleteSignatureException",
                                "Credential must have exactly 5 slash-delimited elements, e.g. "
                                "keyid/date/region/service/term, got '%s'",
                                a.access_key);
        *ret = a;
        return 0;
}

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

static int check_time(usec_t signed_at, usec_t now, Reply *reply) {
        char at[TIME_TEXT_MAX], border[TIME_TEXT_MAX], here[TIME_TEXT_MAX];

        time_format_amz(signed_at, at);
        time_format_amz(now, here);
        if (usec_add(signed_at, CLOCK_TOLERANCE) < now) {
                time_format_amz(now - CLOCK_TOLERANCE, border);
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Signature expired: %s is now earlier than %s (%s - 5 min.)", at, border,
                                here);
        }
        if (signed_at > usec_add(now, CLOCK_TOLERANCE)) {
                time_format_amz(now + CLOCK_TOLERANCE, border);
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Signature not yet current: %s is still later than %s (%s + 5 min.)", at,
                                border, here);
        }
        return 0;
}

static int check_scope(const struct authorization *a, const Scenario *scenario, const Request *request,
                usec_t signed_at, Reply *reply) {
        const char *service = request->service == SERVICE_LAMBDA ? "lambda" : "monitoring";
        char at[TIME_TEXT_MAX];

        time_format_amz(signed_at, at);
        at[8] = '\0';
        if (!streq(a->terminator, "aws4_request"))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.",
                                a->terminator);
        if (!streq(a->region, scenario->region))
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

static bool is_listed(const char *signed_headers, const char *name) {
        size_t n = strlen(name);

        for (const char *p = signed_headers; *p;) {
                size_t length = strcspn(p, ";");

                if (length == n && strncmp(p, name, n) == 0)
                        return true;
                p += length;
                if (*p == ';')
                        p++;
        }
        return false;
}

/* Host, and every x-amz- header that came: what AWS wants to be signed at least. */
static int check_signed_headers(const struct authorization *a, const Request *request, Reply *reply) {
        if (!is_listed(a->signed_headers, "host"))
                return reply_refuse(reply, 403, "InvalidSignatureException",
                                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
        for (size_t i = 0; i < request->http.n_headers; i++) {
                const char *name = request->http.headers[i].name;

                if (str_after(name, "x-amz-") && !is_listed(a->signed_headers, name))
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

static int check_credential(const CredentialSpec *c, const Request *request, usec_t age, Reply *reply) {
        const char *token = http_request_header(&request->http, "x-amz-security-token");

        if (!c || (c->session_token && (!token || !streq(token, c->session_token))) ||
                        (!c->session_token && token))
                return reply_refuse(reply, 403, "UnrecognizedClientException",
                                "The security token included in the request is invalid.");
        if (c->expires_after > 0 && age >= c->expires_after)
                return reply_refuse(reply, 403, "ExpiredTokenException",
                                "The security token included in the request is expired");
        return 0;
}

static int check_signature(const struct authorization *a, const CredentialSpec *c, const Request *request,
                usec_t signed_at, Reply *reply) {
        const SigV4Scope scope = { .region = a->region, .service = a->service, .time = signed_at };
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *to_sign = NULL;
        char hex[65];
        int r;

        r = sigv4_canonical_request(&request->http, a->signed_headers, &canonical, &names);
        if (r >= 0)
                r = sigv4_string_to_sign(canonical, &scope, &to_sign);
        if (r >= 0)
                r = sigv4_signature(to_sign, c->secret_key, &scope, hex);
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

int auth_check(const Scenario *scenario, Request *request, usec_t now, usec_t age, Reply *reply) {
        const char *header = http_request_header(&request->http, "authorization");
        _cleanup_(freep) char *text = NULL;
        const CredentialSpec *credential;
        struct authorization a = {};
        usec_t signed_at = 0;
        int r;

        if (scenario->n_credentials == 0)
                return 0;
        if (!header || !str_after(header, "AWS4-HMAC-SHA256 "))
                return reply_refuse(reply, 403, "MissingAuthenticationTokenException",
                                "Missing Authentication Token");
        text = alloc_copy_string(header);
        if (!text)
                return -ENOMEM;
        r = authorization_parse(text, &a, reply);
        if (r < 0)
                return r;
        credential = credential_find(scenario, a.access_key);
        r = check_credential(credential, request, age, reply);
        if (r >= 0)
                r = request_time(request, &signed_at, reply);
        if (r >= 0)
                r = check_scope(&a, scenario, request, signed_at, reply);
        if (r >= 0)
                r = check_signed_headers(&a, request, reply);
        if (r >= 0)
                r = check_time(signed_at, now, reply);
        if (r >= 0)
                r = check_signature(&a, credential, request, signed_at, reply);
        if (r >= 0)
                (void) snprintf(request->signed_by, sizeof(request->signed_by), "%s",
                                credential->access_key);
        return r;
}
