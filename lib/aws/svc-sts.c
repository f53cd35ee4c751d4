#include "aws/svc-sts.h"

#include <string.h>

#include "aws/form-request.h"
#include "aws/xml-reply.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/utf8.h"

#define API_VERSION "2011-06-15"
#define REPLY_MAX (1024u * 1024)
#define ARN_MIN 20u
#define ARN_MAX 2048u
#define SESSION_NAME_MIN 2u
#define SESSION_NAME_MAX 64u
#define EXTERNAL_ID_MIN 2u
#define EXTERNAL_ID_MAX 1224u
#define TOKEN_MIN 4u
#define TOKEN_MAX 20000u
#define DURATION_MIN 900u
#define DURATION_MAX 43200u
/* Every byte of every member encoded, and the names. */
#define BODY_MAX (3 * (ARN_MAX + SESSION_NAME_MAX + EXTERNAL_ID_MAX + TOKEN_MAX) + 512)

#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static bool is_text_of(const char *s, const char *characters, size_t min, size_t max) {
        size_t n = strnlen(s, max + 1);

        return n >= min && n <= max && strspn(s, characters) == n;
}

static bool has_control(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) s[i] < ' ' || s[i] == 0x7f)
                        return true;
        return false;
}

static bool is_arn(const char *s) {
        size_t n = strnlen(s, ARN_MAX + 1);

        return n >= ARN_MIN && n <= ARN_MAX && !has_control(s, n) && utf8_is_valid(s);
}

static bool is_role(const StsRole *role) {
        if (!role->arn || !is_arn(role->arn))
                return false;
        if (!role->session_name ||
                        !is_text_of(role->session_name, WORD_CHARACTERS "+=,.@-", SESSION_NAME_MIN,
                                        SESSION_NAME_MAX))
                return false;
        if (role->external_id &&
                        !is_text_of(role->external_id, WORD_CHARACTERS "+=,.@:/-", EXTERNAL_ID_MIN,
                                        EXTERNAL_ID_MAX))
                return false;
        return role->duration_seconds == 0 ||
                        (role->duration_seconds >= DURATION_MIN && role->duration_seconds <= DURATION_MAX);
}

static void add_role(FormRequest *f, const char *action, const StsRole *role) {
        form_request_string(f, "Action", action);
        form_request_string(f, "Version", API_VERSION);
        form_request_string(f, "RoleArn", role->arn);
        form_request_string(f, "RoleSessionName", role->session_name);
        if (role->duration_seconds > 0)
                form_request_integer(f, "DurationSeconds", role->duration_seconds);
}

static int finish(const AwsEndpoint *e, FormRequest *f, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = aws_endpoint_request(e, HTTP_POST, "/", &request);
        if (r < 0)
                return r;
        r = form_request_finish(f, &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

int sts_assume_role(const AwsEndpoint *e, const StsRole *role, HttpRequest *ret) {
        _cleanup_(form_request_done) FormRequest f = { 0 };

        if (!is_role(role))
                return -EINVAL;
        form_request_init(&f, BODY_MAX, false);
        add_role(&f, "AssumeRole", role);
        if (role->external_id)
                form_request_string(&f, "ExternalId", role->external_id);
        return finish(e, &f, ret);
}

int sts_assume_role_with_web_identity(const AwsEndpoint *e, const StsRole *role, const char *token,
                size_t token_size, HttpRequest *ret) {
        _cleanup_(form_request_done) FormRequest f = { 0 };

        /* A file with a token may end in a newline; a token does not. */
        while (token_size > 0 && (token[token_size - 1] == '\n' || token[token_size - 1] == '\r'))
                token_size--;
        if (!is_role(role) || token_size < TOKEN_MIN || token_size > TOKEN_MAX ||
                        has_control(token, token_size))
                return -EINVAL;
        form_request_init(&f, BODY_MAX, true);
        add_role(&f, "AssumeRoleWithWebIdentity", role);
        form_request_add(&f, token, token_size, "WebIdentityToken");
        return finish(e, &f, ret);
}

static int bad_reply(char reterr[static 160], const char *what) {
        (void) str_copy(reterr, 160, what);
        return -EBADMSG;
}

/* <AssumeRoleResponse><AssumeRoleResult><Credentials>, or the same with the other call's name. */
static const XmlNode *find_credentials(const XmlNode *root) {
        static const char *const names[][2] = {
                { "AssumeRoleResponse", "AssumeRoleResult" },
                { "AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResult" },
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(root->name, names[i][0]))
                        return xml_node_child(xml_node_child(root, names[i][1]), "Credentials");
        return NULL;
}

static int read_credentials(const XmlNode *node, AwsCreds *ret, char reterr[static 160]) {
        const char *access_key = xml_node_text(node, "AccessKeyId"),
                   *secret_key = xml_node_text(node, "SecretAccessKey"),
                   *token = xml_node_text(node, "SessionToken"),
                   *expiration = xml_node_text(node, "Expiration");
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char unused[DIAG_MESSAGE_MAX];
        usec_t expires;
        int r;

        if (str_is_empty(access_key) || str_is_empty(secret_key) || str_is_empty(token))
                return bad_reply(reterr,
                                "the reply of STS lacks AccessKeyId, SecretAccessKey or SessionToken");
        if (!expiration || time_parse_rfc3339(expiration, &expires) < 0)
                return bad_reply(reterr, "the reply of STS has no Expiration that is a time");
        r = aws_creds_from_values(access_key, secret_key, token, &creds, unused);
        if (r == -ENOMEM)
                return r;
        if (r <= 0)
                return bad_reply(reterr,
                                "the reply of STS has a key with characters that no key has, "
                                "or longer than any key is");
        creds.expires = expires;
        *ret = creds;
        creds = (AwsCreds){ 0 };
        return 0;
}

int sts_parse_credentials(const HttpResponse *response, AwsCreds *ret, char reterr[static 160]) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *node;
        int r;

        if (response->body_size > REPLY_MAX)
                return bad_reply(reterr, "the reply of STS is larger than 1 MiB");
        r = xml_reply_parse(response->body, response->body_size, &x);
        if (r == -EBADMSG)
                return bad_reply(reterr, "the reply of STS is not an XML document, or is cut off");
        if (r < 0)
                return r;
        node = find_credentials(&x.nodes[0]);
        if (!node)
                return bad_reply(reterr, "the reply of STS has no Credentials");
        return read_credentials(node, ret, reterr);
}
