#include "aws/svc-sts.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"

#define ROLE "arn:aws:iam::123456789012:role/canary"
#define BUF_MAX (2u * 1024 * 1024)

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "sts.eu-west-1.example.com" },
        .base_path = (char[]){ "" } };

TEST(assume_role_on_the_wire) {
        const StsRole role = { .arn = ROLE, .session_name = "canaryd-live@1" },
                      full = { .arn = ROLE,
                              .session_name = "ab",
                              .external_id = "team:7/x=",
                              .duration_seconds = 3600 };
        _cleanup_(http_request_done) HttpRequest request = { 0 }, more = { 0 };

        EXPECT_OK(sts_assume_role(&endpoint, &role, &request));
        EXPECT_INT(request.method, HTTP_POST);
        EXPECT_STR(request.host, "sts.eu-west-1.example.com");
        EXPECT_STR(request.path, "/");
        EXPECT_STR(http_request_header(&request, "content-type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
        EXPECT_STR(request.body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012"
                        "%3Arole%2Fcanary&RoleSessionName=canaryd-live%401");
        EXPECT_OK(sts_assume_role(&endpoint, &full, &more));
        EXPECT_STR(more.body,
                        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012"
                        "%3Arole%2Fcanary&RoleSessionName=ab&DurationSeconds=3600&ExternalId=team%3A7%2Fx%3D");
}

TEST(web_identity_on_the_wire) {
        const StsRole role = { .arn = ROLE, .session_name = "canaryd" };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        static const char token[] = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln\r\n";

        EXPECT_OK(sts_assume_role_with_web_identity(&endpoint, &role, token, strlen(token), &request));
        EXPECT_STR(request.body,
                        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                        "123456789012%3Arole%2Fcanary&RoleSessionName=canaryd"
                        "&WebIdentityToken=eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
}

static int try_role(StsRole role) {
        _cleanup_(http_request_done) HttpRequest a = { 0 }, b = { 0 };
        int r = sts_assume_role(&endpoint, &role, &a);

        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, "token", 5, &b), r);
        EXPECT((r >= 0) == (a.body != NULL));
        return r;
}

TEST(what_sts_would_refuse_does_not_leave) {
        static const char *const names[] = { NULL, "", "a", "a b", "a/b", "a:b", "\xc3\xa9t",
                "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklm" };
        static const char *const ids[] = { "", "a", "a b", "a\nb", "a#b" };
        static const char *const arns[] = { NULL, "", "arn:aws:iam::1:r/x", ROLE "\n", ROLE "\x7f",
                ROLE "\xff" };
        static const unsigned durations[] = { 1, 899, 43201, UINT32_MAX };

        EXPECT_OK(try_role((StsRole){ .arn = ROLE, .session_name = "a_b+c=d,e.f@g-h" }));
        EXPECT_OK(try_role((StsRole){ .arn = ROLE, .session_name = "ab", .duration_seconds = 900 }));
        EXPECT_OK(try_role((StsRole){ .arn = ROLE, .session_name = "ab", .duration_seconds = 43200 }));
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                EXPECT_INT(try_role((StsRole){ .arn = ROLE, .session_name = names[i] }), -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                EXPECT_INT(try_role((StsRole){ .arn = ROLE, .session_name = "ab", .external_id = ids[i] }),
                                -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(arns); i++)
                EXPECT_INT(try_role((StsRole){ .arn = arns[i], .session_name = "ab" }), -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(durations); i++)
                EXPECT_INT(try_role((StsRole){ .arn = ROLE,
                                           .session_name = "ab",
                                           .duration_seconds = durations[i] }),
                                -EINVAL);
}

TEST(tokens_have_limits) {
        const StsRole role = { .arn = ROLE, .session_name = "canaryd" };
        _cleanup_(http_request_done) HttpRequest request = { 0 }, refused = { 0 };
        _cleanup_(freep) char *token = alloc_zero(20002);

        EXPECT(token);
        /* The worst case still fits: every byte takes three. */
        memset(token, '/', 20001);
        EXPECT_OK(sts_assume_role_with_web_identity(&endpoint, &role, token, 20000, &request));
        EXPECT(request.body_size > 60000);
        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, token, 20001, &refused), -EINVAL);
        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, "abc\n", 4, &refused), -EINVAL);
        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, "ab\ncd", 5, &refused), -EINVAL);
        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, "ab\0cd", 5, &refused), -EINVAL);
        EXPECT_INT(sts_assume_role_with_web_identity(&endpoint, &role, "", 0, &refused), -EINVAL);
}

#define CREDENTIALS(access, secret, token, expiration)                                    \
        "<Credentials><AccessKeyId>" access "</AccessKeyId><SecretAccessKey>" secret      \
        "</SecretAccessKey><SessionToken>" token "</SessionToken><Expiration>" expiration \
        "</Expiration></Credentials>"
#define RESPONSE(call, inner)                                                              \
        "<" call "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <" call \
        "Result>\n" inner "\n  </" call                                                    \
        "Result>\n  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf89"        \
        "6c7</RequestId></ResponseMetadata>\n</" call "Response>\n"
#define GOOD                                                     \
        CREDENTIALS("ASIAEXAMPLEKEY012345", "wJalr/EXAMPLE+KEY", \
                        "IQoJb3JpZ2luX2VjEXAMPLE//token==", "2026-01-15T13:34:56Z")

static int parse_size(const char *body, size_t size, AwsCreds *ret, char error[static 160]) {
        HttpResponse response = { .status = 200, .body = (char *) (uintptr_t) body, .body_size = size };

        error[0] = '\0';
        return sts_parse_credentials(&response, ret, error);
}

static int parse(const char *body, AwsCreds *ret, char error[static 160]) {
        return parse_size(body, strlen(body), ret, error);
}

static void expect_good(const char *body) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[160];

        EXPECT_OK(parse(body, &creds, error));
        EXPECT_STR(creds.access_key, "ASIAEXAMPLEKEY012345");
        EXPECT_STR(secret_text(creds.secret_key), "wJalr/EXAMPLE+KEY");
        EXPECT_STR(secret_text(creds.session_token), "IQoJb3JpZ2luX2VjEXAMPLE//token==");
        EXPECT(creds.expires == UINT64_C(1768484096) * USEC_PER_SEC);
}

TEST(replies_of_both_calls) {
        expect_good(RESPONSE("AssumeRole",
                        "<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn</Arn>"
                        "</AssumedRoleUser>" GOOD "<PackedPolicySize>6</PackedPolicySize>"));
        expect_good(RESPONSE("AssumeRoleWithWebIdentity",
                        "<SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken>" GOOD
                        "<Provider>p</Provider>"));
        expect_good("<?xml version=\"1.0\"?><AssumeRoleResponse><AssumeRoleResult><Credentials>"
                    "<Expiration>2026-01-15T14:34:56.000+01:00</Expiration>"
                    "<SessionToken>IQoJb3JpZ2luX2VjEXAMPLE//token&#61;=</SessionToken>"
                    "<SecretAccessKey>wJalr/EXAMPLE&#x2B;KEY</SecretAccessKey>"
                    "<AccessKeyId>ASIAEXAMPLEKEY012345</AccessKeyId>"
                    "</Credentials></AssumeRoleResult></AssumeRoleResponse>");
}

/* Words that say what is wrong, and never a value. */
TEST(bad_replies) {
        static const struct {
                const char *body, *words;
        } rows[] = {
                { "", "not an XML document" },
                { "{\"AssumeRoleResponse\":{}}", "not an XML document" },
                { "<AssumeRoleResponse><AssumeRoleResult>", "cut off" },
                { "<html><body>SECRET</body></html>", "no Credentials" },
                { "<ErrorResponse><Error><Code>SECRET</Code></Error></ErrorResponse>", "no Credentials" },
                { RESPONSE("AssumeRole", ""), "no Credentials" },
                { RESPONSE("AssumeRoleWithSAML", GOOD), "no Credentials" },
                { RESPONSE("AssumeRole", "<Credentials/>"), "lacks" },
                { RESPONSE("AssumeRole", CREDENTIALS("", "SECRET", "SECRET", "2026-01-15T13:34:56Z")),
                                "lacks" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "", "SECRET", "2026-01-15T13:34:56Z")),
                                "lacks" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "SECRET", "", "2026-01-15T13:34:56Z")),
                                "lacks" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "<b>SECRET</b>", "t", "2026-01-15T13:34:56Z")),
                                "lacks" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "SECRET", "t", "")), "Expiration" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "SECRET", "t", "1768484096")), "Expiration" },
                { RESPONSE("AssumeRole", CREDENTIALS("AK IA", "SECRET", "t", "2026-01-15T13:34:56Z")),
                                "characters" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "SEC RET", "t", "2026-01-15T13:34:56Z")),
                                "characters" },
                { RESPONSE("AssumeRole", CREDENTIALS("AKIA", "SECRET", "a\nb", "2026-01-15T13:34:56Z")),
                                "characters" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                AwsCreds creds = { 0 };
                char error[160];

                EXPECT_INT(parse(rows[i].body, &creds, error), -EBADMSG);
                EXPECT_CONTAINS(error, rows[i].words);
                EXPECT(!strstr(error, "SEC") && !creds.secret_key);
        }
}

TEST(replies_are_limited) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 }, none = { 0 };
        char error[160];

        (void) buf_puts(&b, RESPONSE("AssumeRole", GOOD));
        while (b.size < 1024 * 1024)
                (void) buf_putc(&b, ' ');
        EXPECT_OK(parse_size(buf_text(&b), b.size, &creds, error));
        EXPECT_OK(buf_putc(&b, ' '));
        EXPECT_INT(parse_size(buf_text(&b), b.size, &none, error), -EBADMSG);
        EXPECT_CONTAINS(error, "1 MiB");
        /* A token as long as we keep them. */
        buf_clear(&b);
        (void) buf_printf(&b,
                        RESPONSE("AssumeRole", CREDENTIALS("AKIA", "s", "%032768d", "2026-01-15T13:34:56Z")),
                        1);
        EXPECT_OK(parse_size(buf_text(&b), b.size, &none, error));
        EXPECT_INT(secret_size(none.session_token), 32768);
}
