#include "awssim/sts.h"

#include <stdio.h>

#include "awssim/session.h"
#include "awssim/xml-text.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define SECONDS_MIN 900
#define SECONDS_MAX 43200
#define SECONDS_DEFAULT 3600
#define SECONDS_CHAINED 3600
#define WEB_TOKEN_MIN 4

bool sts_is_unsigned(const Request *request) {
        return request->service == SERVICE_STS && streq(request->operation, "AssumeRoleWithWebIdentity");
}

static int refuse_member(Reply *reply, const char *value, const char *member, const char *constraint) {
        return reply_refuse(reply, 400, "ValidationException",
                        "1 validation error detected: Value '%.200s' at '%s' failed to satisfy constraint: "
                        "Member must %s",
                        value ? value : "null", member, constraint);
}

static int check_session_name(const char *name, Reply *reply) {
        static const char letters[] =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-";

        if (!name)
                return refuse_member(reply, NULL, "roleSessionName", "not be null");
        if (strlen(name) < 2 || strlen(name) > 64)
                return refuse_member(reply, name, "roleSessionName",
                                "have length greater than or equal to 2 and less than or equal to 64");
        if (strspn(name, letters) != strlen(name))
                return refuse_member(reply, name, "roleSessionName",
                                "satisfy regular expression pattern: [\\w+=,.@-]*");
        return 0;
}

/* What every way to a role has in common. *ret_role may be NULL: no such role, which only those learn who
 * may assume it: nobody. */
static int parse_common(const World *w, const Request *request, const RoleSpec **ret_role,
                uint64_t *ret_seconds, Reply *reply) {
        const char *arn = form_get(&request->query, "RoleArn");
        const char *duration = form_get(&request->query, "DurationSeconds");
        uint64_t seconds = SECONDS_DEFAULT;
        int r;

        if (!arn || strlen(arn) < 20)
                return refuse_member(reply, arn, "roleArn", "have length greater than or equal to 20");
        r = check_session_name(form_get(&request->query, "RoleSessionName"), reply);
        if (r < 0)
                return r;
        if (duration &&
                        (str_parse_u64(duration, UINT32_MAX, &seconds) < 0 || seconds < SECONDS_MIN ||
                                        seconds > SECONDS_MAX))
                return refuse_member(reply, duration, "durationSeconds", "have value between 900 and 43200");
        *ret_role = scenario_find_role(w->scenario, arn);
        *ret_seconds = seconds;
        return 0;
}

/* A whole account stands for everybody in it. */
static bool trusts_account(const RoleSpec *role, const char *account) {
        char arn[64];

        (void) snprintf(arn, sizeof(arn), "arn:%s:iam::%.12s:root", role->partition, account);
        return text_list_has(&role->trusts, arn);
}

static bool role_trusts(const RoleSpec *role, const Request *request) {
        return role->trusts.n == 0 || text_list_has(&role->trusts, request->signed_by) ||
                        text_list_has(&role->trusts, request->caller) ||
                        (request->role && text_list_has(&role->trusts, request->role->arn)) ||
                        trusts_account(role, request->account);
}

static bool external_id_matches(const RoleSpec *role, const Request *request) {
        const char *given = form_get(&request->query, "ExternalId");

        return !role->external_id || (given && streq(given, role->external_id));
}

static void render_credentials(const Session *s, Buf *out) {
        char expires[TIME_TEXT_MAX];

        time_format_rfc3339(s->expires, expires);
        (void) buf_puts(out, "<Credentials>");
        xml_text_element(out, "AccessKeyId", s->access_key);
        xml_text_element(out, "SecretAccessKey", secret_text(s->secret_key));
        xml_text_element(out, "SessionToken", s->token);
        xml_text_element(out, "Expiration", expires);
        (void) buf_puts(out, "</Credentials>");
}

static int give_session(World *w, const RoleSpec *role, uint64_t seconds, Request *request, usec_t now,
                Reply *reply) {
        const char *name = form_get(&request->query, "RoleSessionName");
        usec_t lifetime = role->lifetime > 0 ? role->lifetime : seconds * USEC_PER_SEC;
        Buf *out = &reply->body;
        const Session *session;
        int r;

        r = session_mint(w, role, name, lifetime, now, &session);
        if (r < 0)
                return r;
        request->gave = session->access_key;
        xml_text_open_response(out, request->operation, STS_XML_NAMESPACE);
        (void) buf_puts(out, "<AssumedRoleUser>");
        (void) buf_printf(out, "<AssumedRoleId>%s:%s</AssumedRoleId>", session->id, name);
        xml_text_element(out, "Arn", session->arn);
        (void) buf_puts(out, "</AssumedRoleUser>");
        render_credentials(session, out);
        if (sts_is_unsigned(request))
                xml_text_element(out, "Provider", "arn:aws:iam::123456789012:oidc-provider/example.com");
        xml_text_close_response(out, request->operation, request->request_id);
        return 0;
}

static int assume_role(World *w, Request *request, usec_t now, Reply *reply) {
        const RoleSpec *role;
        uint64_t seconds;
        int r;

        r = parse_common(w, request, &role, &seconds, reply);
        if (r < 0)
                return r;
        if (request->role && seconds > SECONDS_CHAINED)
                return reply_refuse(reply, 400, "ValidationException",
                                "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                                "assumed by role chaining");
        if (!role || !role_trusts(role, request) || !external_id_matches(role, request))
                return reply_refuse(reply, 403, "AccessDeniedException",
                                "User: %s is not authorized to perform: sts:AssumeRole on resource: %.2000s",
                                request->caller, form_get(&request->query, "RoleArn"));
        return give_session(w, role, seconds, request, now, reply);
}

static int assume_role_with_web_identity(World *w, Request *request, usec_t now, Reply *reply) {
        const char *token = form_get(&request->query, "WebIdentityToken");
        const WebIdentitySpec *spec = &w->scenario->web_identity;
        const RoleSpec *role;
        uint64_t seconds;
        int r;

        r = parse_common(w, request, &role, &seconds, reply);
        if (r < 0)
                return r;
        if (!token || strlen(token) < WEB_TOKEN_MIN)
                return refuse_member(
                                reply, NULL, "webIdentityToken", "have length greater than or equal to 4");
        if (text_list_has(&spec->expired, token))
                return reply_refuse(reply, 400, "ExpiredTokenException",
                                "Token expired: current date/time "
                                "must be before the expiration date/time");
        if (!text_list_has(&spec->tokens, token))
                return reply_refuse(reply, 400, "InvalidIdentityToken",
                                "Couldn't retrieve verification key from your identity provider,  please "
                                "reference AssumeRoleWithWebIdentity documentation for requirements");
        if (!role || (role->trusts.n > 0 && !text_list_has(&role->trusts, "web_identity")))
                return reply_refuse(reply, 403, "AccessDeniedException",
                                "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        return give_session(w, role, seconds, request, now, reply);
}

static int get_caller_identity(const World *w, const Request *request, Reply *reply) {
        const Session *session = session_find(w, request->signed_by);
        const char *name = strrchr(request->caller, '/');
        Buf *out = &reply->body;

        xml_text_open_response(out, request->operation, STS_XML_NAMESPACE);
        xml_text_element(out, "Arn", request->caller);
        if (session && name)
                (void) buf_printf(out, "<UserId>%s:%s</UserId>", session->id, name + 1);
        else
                xml_text_element(out, "UserId", "AIDACKCEVSQ6C2EXAMPLE");
        xml_text_element(out, "Account", request->account);
        xml_text_close_response(out, request->operation, request->request_id);
        return 0;
}

int sts_handle(World *w, Request *request, usec_t now, Reply *reply) {
        if (streq(request->operation, "AssumeRole"))
                return assume_role(w, request, now, reply);
        if (streq(request->operation, "AssumeRoleWithWebIdentity"))
                return assume_role_with_web_identity(w, request, now, reply);
        if (streq(request->operation, "GetCallerIdentity"))
                return get_caller_identity(w, request, reply);
        return reply_refuse(reply, 400, "UnknownOperationException",
                        "Could not find operation %s for version 2011-06-15", request->operation);
}
