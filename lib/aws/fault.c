#include "aws/fault.h"

#include <stdio.h>
#include <string.h>

#include "aws/json-reply.h"
#include "aws/xml-reply.h"
#include "base/str.h"

#define QUOTED_REQUEST "The Canonical String"
/* Names of aliases and functions come with up to 128 characters, session tokens with hundreds. */
#define UNBROKEN_MAX 128u
#define TOKEN_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.%"
#define ERROR_BODY_MAX (1024u * 1024)

const char *aws_fault_to_string(AwsFault f) {
        switch (f) {
        case AWS_OK:
                return "ok";
        case AWS_THROTTLED:
                return "throttled";
        case AWS_TRANSIENT:
                return "transient";
        case AWS_UNREACHABLE:
                return "unreachable";
        case AWS_EXPIRED:
                return "expired";
        case AWS_CLOCK:
                return "clock";
        case AWS_DENIED:
                return "denied";
        case AWS_CONFLICT:
                return "conflict";
        case AWS_PRECONDITION:
                return "precondition";
        case AWS_MISSING:
                return "missing";
        case AWS_INVALID:
                return "invalid";
        case AWS_PERMANENT:
                return "permanent";
        }
        ASSERT_NEVER();
        return NULL;
}

/* Codes that say more than the status does. Some services append "Exception" and others do not, so the table
 * goes without. */
static const struct {
        const char *code;
        AwsFault fault;
} codes[] = {
        { "AccessDenied", AWS_DENIED },
        { "AuthFailure", AWS_EXPIRED },
        { "AuthorizationError", AWS_DENIED },
        { "BandwidthLimitExceeded", AWS_THROTTLED },
        { "EC2Throttled", AWS_THROTTLED },
        { "ExpiredToken", AWS_EXPIRED },
        { "IDPCommunicationError", AWS_TRANSIENT },
        { "IDPRejectedClaim", AWS_EXPIRED }, /* a web identity token that expired or was revoked */
        { "IncompleteSignature", AWS_DENIED },
        { "InternalFailure", AWS_TRANSIENT },
        { "InternalServiceError", AWS_TRANSIENT },
        { "InternalServiceFault", AWS_TRANSIENT },
        { "InvalidAction", AWS_INVALID },
        { "InvalidClientTokenId", AWS_EXPIRED },
        { "InvalidIdentityToken", AWS_EXPIRED },
        { "InvalidSignature", AWS_EXPIRED },
        { "LimitExceeded", AWS_THROTTLED },
        { "MissingAction", AWS_INVALID },
        { "MissingAuthenticationToken", AWS_DENIED },
        { "NotAuthorized", AWS_DENIED },
        { "OptInRequired", AWS_DENIED },
        { "PreconditionFailed", AWS_PRECONDITION },
        { "PriorRequestNotComplete", AWS_THROTTLED },
        { "ProvisionedThroughputExceeded", AWS_THROTTLED },
        { "RegionDisabled", AWS_DENIED },
        { "RequestExpired", AWS_CLOCK },
        { "RequestInTheFuture", AWS_CLOCK },
        { "RequestLimitExceeded", AWS_THROTTLED },
        { "RequestThrottled", AWS_THROTTLED },
        { "RequestTimeTooSkewed", AWS_CLOCK },
        { "RequestTimeout", AWS_TRANSIENT },
        { "ResourceConflict", AWS_CONFLICT },
        { "ResourceNotFound", AWS_MISSING },
        { "ServiceUnavailable", AWS_TRANSIENT },
        { "SignatureDoesNotMatch", AWS_EXPIRED },
        { "SlowDown", AWS_THROTTLED },
        { "Throttled", AWS_THROTTLED },
        { "Throttling", AWS_THROTTLED },
        { "TooManyRequests", AWS_THROTTLED },
        { "TransactionInProgress", AWS_THROTTLED },
        { "UnauthorizedOperation", AWS_DENIED },
        { "UnknownOperation", AWS_INVALID }, /* comes with 404 */
        { "UnrecognizedClient", AWS_EXPIRED },
};

/* AWS_OK: the code alone says nothing. */
static AwsFault fault_from_code(const char *code) {
        size_t n = strlen(code);

        if (str_ends_with(code, "Exception"))
                n -= strlen("Exception");
        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (strlen(codes[i].code) == n && strncmp(codes[i].code, code, n) == 0)
                        return codes[i].fault;
        return AWS_OK;
}

static AwsFault fault_from_status(unsigned status) {
        if (status == 0 || status == 408 || status >= 500)
                return AWS_TRANSIENT;
        switch (status) {
        case 400:
        case 413:
        case 415:
        case 422:
                return AWS_INVALID;
        case 401:
        case 403:
                return AWS_DENIED;
        case 404:
                return AWS_MISSING;
        case 409:
                return AWS_CONFLICT;
        case 412:
                return AWS_PRECONDITION;
        case 429:
                return AWS_THROTTLED;
        default:
                return AWS_PERMANENT;
        }
}

/* A wrong secret and a wrong clock have the same code; only the words differ. */
static bool speaks_of_time(const char *message) {
        return strstr(message, "Signature expired") || strstr(message, "Signature not yet current");
}

static AwsFault classify(unsigned status, const char *code, const char *query_code, const char *message) {
        AwsFault by_code = fault_from_code(code);

        if (by_code == AWS_OK)
                by_code = fault_from_code(query_code);
        if (by_code == AWS_THROTTLED)
                return by_code;
        if (status >= 500 || by_code == AWS_OK)
                return fault_from_status(status);
        return by_code == AWS_EXPIRED && speaks_of_time(message) ? AWS_CLOCK : by_code;
}

/* "Name", "Name:http://…", "ns#Name", "Name;Sender" -> "Name". What holds anything but a name's characters
 * is not taken. */
static void copy_code(char dst[static AWS_ERROR_CODE_MAX], const char *raw) {
        size_t n = strcspn(raw, ":;,");
        const char *hash = memchr(raw, '#', n);

        if (hash) {
                n -= (size_t) (hash + 1 - raw);
                raw = hash + 1;
        }
        if (n == 0 || n >= AWS_ERROR_CODE_MAX ||
                        strspn(raw, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") < n)
                return;
        memcpy(dst, raw, n);
        dst[n] = '\0';
}

/* What holds anything but printable ASCII, or is too long, is no such Id. */
static void copy_request_id(char dst[static AWS_REQUEST_ID_MAX], const char *s) {
        for (const char *p = s; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return;
        (void) str_copy(dst, AWS_REQUEST_ID_MAX, s);
}

static const char *first_string(struct json_object *o, const char *const *keys, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const char *s = json_reply_string(o, keys[i]);

                if (!str_is_empty(s))
                        return s;
        }
        return "";
}

/* The length of what may be shown: where AWS explains a signature, it quotes the request, session token
 * included, and others on the way may quote the header they did not like. */
static size_t measure_words(const char *s) {
        const char *quoted = strstr(s, QUOTED_REQUEST);
        size_t size = strlen(s), end = quoted ? (size_t) (quoted - s) : size;

        for (size_t i = 0, n; i < end; i += n + 1) {
                n = strspn(s + i, TOKEN_LETTERS);
                if (n > UNBROKEN_MAX)
                        end = i;
        }
        while (end < size && end > 0 && s[end - 1] == ' ')
                end--;
        return end;
}

static void print_words(char dst[static AWS_ERROR_MESSAGE_MAX], const char *s) {
        char words[2 * AWS_ERROR_MESSAGE_MAX]; /* control characters may shrink by half */
        size_t n = MIN(measure_words(s), sizeof(words) - 1);

        memcpy(words, s, n);
        words[n] = '\0';
        json_reply_print(dst, AWS_ERROR_MESSAGE_MAX, words);
}

/* Throttled by what: of the function, or of its callers. */
static void add_reason(AwsError *error, const char *reason) {
        char text[AWS_ERROR_MESSAGE_MAX];
        size_t used = strlen(error->message);

        print_words(text, reason);
        if (text[0] != '\0')
                (void) snprintf(error->message + used, sizeof(error->message) - used, "%s(%s)",
                                used > 0 ? " " : "", text);
}

static int read_json(const HttpResponse *response, AwsError *error) {
        static const char *const code_keys[] = { "code", "Code", "__type" };
        static const char *const message_keys[] = { "message", "Message", "errorMessage" };
        static const char *const reason_keys[] = { "Reason" };
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        int r;

        r = json_reply_parse(response->body, response->body_size, &o);
        if (r < 0)
                return r;
        if (error->code[0] == '\0')
                copy_code(error->code, first_string(o, code_keys, ELEMENTSOF(code_keys)));
        print_words(error->message, first_string(o, message_keys, ELEMENTSOF(message_keys)));
        if (response->status == 429)
                add_reason(error, first_string(o, reason_keys, ELEMENTSOF(reason_keys)));
        return 0;
}

/* <ErrorResponse><Error>, <Response><Errors><Error>, <Error>; or an element that has the code for its name,
 * such as <UnknownOperationException/>. NULL: no error of AWS. */
static const XmlNode *find_error(const XmlNode *root) {
        if (streq(root->name, "ErrorResponse"))
                return xml_node_child(root, "Error");
        if (streq(root->name, "Response"))
                return xml_node_child(xml_node_child(root, "Errors"), "Error");
        return streq(root->name, "Error") || str_ends_with(root->name, "Exception") ? root : NULL;
}

static const char *first_text(const XmlNode *node, const char *a, const char *b) {
        const char *text = xml_node_text(node, a);

        if (!text)
                text = xml_node_text(node, b);
        return text ? text : "";
}

static int read_xml(const HttpResponse *response, AwsError *error) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *root, *node;
        const char *code;
        int r;

        r = xml_reply_parse(response->body, response->body_size, &x);
        if (r < 0)
                return r;
        root = &x.nodes[0];
        node = find_error(root);
        if (!node)
                return -EBADMSG;
        code = xml_node_text(node, "Code");
        if (!code && str_ends_with(node->name, "Exception"))
                code = node->name;
        if (code && error->code[0] == '\0')
                copy_code(error->code, code);
        print_words(error->message, first_text(node, "Message", "message"));
        if (error->request_id[0] == '\0')
                copy_request_id(error->request_id, first_text(root, "RequestId", "RequestID"));
        return 0;
}

/* -EBADMSG: no error body that we know. */
static int read_body(const HttpResponse *response, AwsError *error) {
        if (!response->body || response->body_size > ERROR_BODY_MAX)
                return -EBADMSG;
        if (response->body[strspn(response->body, " \t\r\n")] == '<')
                return read_xml(response, error);
        return read_json(response, error);
}

void aws_error_from_response(const HttpResponse *response, AwsError *ret) {
        char query_code[AWS_ERROR_CODE_MAX] = "";
        AwsError error = { 0 };
        int r;

        if (response->request_id)
                copy_request_id(error.request_id, response->request_id);
        if (response->status >= 200 && response->status < 300) {
                *ret = error;
                return;
        }
        if (response->error_type)
                copy_code(error.code, response->error_type);
        if (response->query_error)
                copy_code(query_code, response->query_error);
        r = read_body(response, &error);
        error.fault = classify(response->status, error.code, query_code, error.message);
        /* What it is has not been read; a throttle must not pass for a refusal. */
        if (r == -ENOMEM)
                error.fault = AWS_TRANSIENT;
        if (error.code[0] == '\0')
                memcpy(error.code, query_code, sizeof(error.code));
        if (error.message[0] == '\0') {
                if (response->status == 0)
                        (void) str_copy(error.message, sizeof(error.message), "no reply");
                else
                        (void) snprintf(error.message, sizeof(error.message),
                                        "HTTP status %u without words that could be read", response->status);
        }
        *ret = error;
}
