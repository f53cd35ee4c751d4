#include "aws/creds-json.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

#define ACCESS "ASIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI\\/K7MDENG"
#define PAIR "\"AccessKeyId\":\"" ACCESS "\",\"SecretAccessKey\":\"" SECRET "\""
#define EXPIRES "\"Expiration\":\"2026-01-15T12:00:00Z\""
#define EXPIRES_AT (1768478400 * USEC_PER_SEC)

static int parse(const char *text, CredsJson kind, AwsCreds *ret, char error[static DIAG_MESSAGE_MAX]) {
        error[0] = '\0';
        return creds_json_parse(text, strlen(text), kind, ret, error);
}

static void expect(const char *text, CredsJson kind, const char *token, usec_t expires) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        if (parse(text, kind, &creds, error) < 0)
                FAIL("%s for %s", error, text);
        EXPECT_STR(creds.access_key, ACCESS);
        EXPECT_STR(secret_text(creds.secret_key), "wJalrXUtnFEMI/K7MDENG");
        if (token)
                EXPECT_STR(secret_text(creds.session_token), token);
        else
                EXPECT(!creds.session_token);
        EXPECT(creds.expires == expires);
}

TEST(documents) {
        expect("{\"Version\":1," PAIR "}", CREDS_JSON_PROCESS, NULL, USEC_INFINITY);
        expect("{\"Version\":1," PAIR ",\"SessionToken\":\"t\"," EXPIRES "}\n", CREDS_JSON_PROCESS, "t",
                        EXPIRES_AT);
        expect(" {\"Version\":1," PAIR ",\"SessionToken\":null,\"Expiration\":null,\"AccountId\":\"x\"}",
                        CREDS_JSON_PROCESS, NULL, USEC_INFINITY);
        expect("{" PAIR ",\"Token\":\"t\"," EXPIRES ",\"RoleArn\":\"x\"}", CREDS_JSON_CONTAINER, "t",
                        EXPIRES_AT);
        expect("{\"Code\":\"Success\",\"LastUpdated\":\"x\",\"Type\":\"AWS-HMAC\"," PAIR
               ",\"Token\":\"t\"," EXPIRES "}",
                        CREDS_JSON_IMDS, "t", EXPIRES_AT);
        expect("{" PAIR ",\"Token\":\"t\"," EXPIRES "}", CREDS_JSON_IMDS, "t", EXPIRES_AT);
}

TEST(documents_that_are_refused) {
        static const struct {
                const char *text;
                CredsJson kind;
                const char *message;
        } rows[] = {
                { "", CREDS_JSON_PROCESS, "no JSON object" },
                { "hunter2", CREDS_JSON_PROCESS, "no JSON object" },
                { "[]", CREDS_JSON_PROCESS, "no JSON object" },
                { "{\"Version\":1," PAIR "} hunter2", CREDS_JSON_PROCESS, "no JSON object" },
                { "{" PAIR "}", CREDS_JSON_PROCESS, "no number \"Version\"" },
                { "{\"Version\":\"1\"," PAIR "}", CREDS_JSON_PROCESS, "no number \"Version\"" },
                { "{\"Version\":2," PAIR "}", CREDS_JSON_PROCESS, "\"Version\" is 2, expected 1" },
                { "{\"Version\":1,\"AccessKeyId\":\"A\"}", CREDS_JSON_PROCESS, "no \"SecretAccessKey\"" },
                { "{\"Version\":1,\"SecretAccessKey\":\"hunter2\"}", CREDS_JSON_PROCESS,
                                "no \"AccessKeyId\"" },
                { "{\"Version\":1,\"AccessKeyId\":1,\"SecretAccessKey\":\"x\"}", CREDS_JSON_PROCESS,
                                "\"AccessKeyId\" is no text" },
                { "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hun ter2\"}",
                                CREDS_JSON_PROCESS, "SecretAccessKey holds a character" },
                { "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\\u0000\"}",
                                CREDS_JSON_PROCESS, "\"SecretAccessKey\" is no text" },
                { "{\"Version\":1," PAIR ",\"Expiration\":\"soon\"}", CREDS_JSON_PROCESS,
                                "\"Expiration\" is no time" },
                { "{\"Version\":1," PAIR ",\"Expiration\":1768478400}", CREDS_JSON_PROCESS,
                                "\"Expiration\" is no text" },
                { "{" PAIR "," EXPIRES "}", CREDS_JSON_CONTAINER, "no \"Token\"" },
                { "{" PAIR ",\"SessionToken\":\"t\"," EXPIRES "}", CREDS_JSON_CONTAINER, "no \"Token\"" },
                { "{" PAIR ",\"Token\":\"t\"}", CREDS_JSON_CONTAINER, "no \"Expiration\"" },
                { "{\"Code\":\"Success\"}", CREDS_JSON_IMDS, "no \"AccessKeyId\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                AwsCreds creds = { 0 };
                char error[DIAG_MESSAGE_MAX];

                EXPECT_INT(parse(rows[i].text, rows[i].kind, &creds, error), -EBADMSG);
                EXPECT_CONTAINS(error, rows[i].message);
                EXPECT(!strstr(error, "hun") && !strstr(error, SECRET));
                EXPECT(!creds.secret_key);
        }
}

TEST(imds_says_that_there_are_none) {
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(parse("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume\"}",
                                   CREDS_JSON_IMDS, &creds, error),
                        -ENODATA);
        EXPECT_CONTAINS(error, "\"AssumeRoleUnauthorizedAccess\"");
        EXPECT_INT(parse("{\"Code\":\"\\u001b[2J\"," PAIR "}", CREDS_JSON_IMDS, &creds, error), -ENODATA);
        EXPECT(!strchr(error, '\x1b'));
}

TEST(documents_have_a_maximum) {
        _cleanup_(freep) char *text = alloc_zero(CREDS_JSON_MAX + 2);
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT(text);
        memset(text, ' ', CREDS_JSON_MAX + 1);
        memcpy(text, "{\"Version\":1," PAIR "}", strlen("{\"Version\":1," PAIR "}"));
        EXPECT_INT(creds_json_parse(text, CREDS_JSON_MAX + 1, CREDS_JSON_PROCESS, &creds, error), -EBADMSG);
        EXPECT_CONTAINS(error, "larger than");
        EXPECT_OK(creds_json_parse(text, CREDS_JSON_MAX, CREDS_JSON_PROCESS, &creds, error));
        aws_creds_done(&creds);
}

TEST(out_of_memory) {
        static const char text[] = "{\"Version\":1," PAIR ",\"SessionToken\":\"t\"}";

        FAULT_LOOP {
                _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = creds_json_parse(text, strlen(text), CREDS_JSON_PROCESS, &creds, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!creds.secret_key);
        }
}
