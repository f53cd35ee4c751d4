#include "aws/creds.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"

#define ACCESS "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define TOKEN "IQoJb3JpZ2luX2VjEXAMPLE//token+with=="

static int from_bytes(const char *text, size_t size, const char *profile, AwsCreds *ret,
                char error[static DIAG_MESSAGE_MAX]) {
        _cleanup_(ini_freep) Ini *ini = NULL;
        int r;

        error[0] = '\0';
        r = ini_parse(text, size, &ini, error);
        return r < 0 ? r : aws_creds_from_section(ini, profile, ret, error);
}

static int from_file(
                const char *text, const char *profile, AwsCreds *ret, char error[static DIAG_MESSAGE_MAX]) {
        return from_bytes(text, strlen(text), profile, ret, error);
}

static void expect_keys(const char *text, const char *profile, const char *token) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];
        int r = from_file(text, profile, &creds, error);

        if (r != 1)
                FAIL("%d (%s) for:\n%s", r, error, text);
        EXPECT_STR(creds.access_key, ACCESS);
        EXPECT_STR(secret_text(creds.secret_key), SECRET);
        if (token)
                EXPECT_STR(secret_text(creds.session_token), token);
        else
                EXPECT(!creds.session_token);
        EXPECT(creds.expires == USEC_INFINITY);
}

static void expect_none(const char *text, const char *profile) {
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(from_file(text, profile, &creds, error), 0);
        EXPECT(!creds.secret_key);
}

static void expect_error(const char *text, const char *profile, const char *message) {
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(from_file(text, profile, &creds, error), -EINVAL);
        EXPECT_CONTAINS(error, message);
        EXPECT(!strstr(error, SECRET) && !strstr(error, ACCESS));
        EXPECT(!creds.secret_key);
}

TEST(values) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 }, temporary = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";

        EXPECT_INT(aws_creds_from_values(NULL, NULL, NULL, &creds, error), 0);
        EXPECT_INT(aws_creds_from_values("", "", "", &creds, error), 0);
        EXPECT_INT(aws_creds_from_values(NULL, NULL, TOKEN, &creds, error), 0);
        EXPECT_INT(aws_creds_from_values(ACCESS, SECRET, "", &creds, error), 1);
        EXPECT_STR(creds.access_key, ACCESS);
        EXPECT(!creds.session_token);
        EXPECT_INT(aws_creds_from_values(ACCESS, SECRET, TOKEN, &temporary, error), 1);
        EXPECT_STR(secret_text(temporary.session_token), TOKEN);
}

TEST(values_that_are_refused) {
        static const struct {
                const char *access, *secret, *token, *message;
        } rows[] = {
                { ACCESS, NULL, NULL, "AWS_ACCESS_KEY_ID is set but AWS_SECRET_ACCESS_KEY is not" },
                { "", SECRET, NULL, "AWS_SECRET_ACCESS_KEY is set but AWS_ACCESS_KEY_ID is not" },
                { "AKIA EXAMPLE", SECRET, NULL, "AWS_ACCESS_KEY_ID holds a character" },
                { "\"" ACCESS "\"", SECRET, NULL, "AWS_ACCESS_KEY_ID holds a character" },
                { ACCESS, "se cret", NULL, "AWS_SECRET_ACCESS_KEY holds a character" },
                { ACCESS, "secret\r", NULL, "AWS_SECRET_ACCESS_KEY holds a character" },
                { ACCESS, "secret\n", NULL, "AWS_SECRET_ACCESS_KEY goes on over several lines" },
                { ACCESS, "'secret'", NULL, "AWS_SECRET_ACCESS_KEY holds a character" },
                { ACCESS,
                                "s\xc3\xa9"
                                "cret",
                                NULL, "AWS_SECRET_ACCESS_KEY holds a character" },
                { ACCESS, SECRET, "a b", "AWS_SESSION_TOKEN holds a character" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                AwsCreds creds = { 0 };
                char error[DIAG_MESSAGE_MAX] = "";

                EXPECT_INT(aws_creds_from_values(
                                           rows[i].access, rows[i].secret, rows[i].token, &creds, error),
                                -EINVAL);
                EXPECT_CONTAINS(error, rows[i].message);
        }
}

/* The longest of each is taken, one more is not. */
TEST(values_have_a_maximum) {
        static const size_t max[] = { AWS_ACCESS_KEY_MAX - 1, AWS_SECRET_KEY_MAX, AWS_SESSION_TOKEN_MAX };

        for (size_t i = 0; i < ELEMENTSOF(max); i++)
                for (size_t more = 0; more < 2; more++) {
                        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                        _cleanup_(freep) char *value = alloc_zero(max[i] + 2);
                        char error[DIAG_MESSAGE_MAX] = "";

                        EXPECT(value);
                        memset(value, 'A', max[i] + more);
                        EXPECT_INT(aws_creds_from_values(i == 0 ? value : ACCESS, i == 1 ? value : SECRET,
                                                   i == 2 ? value : TOKEN, &creds, error),
                                        more ? -EINVAL : 1);
                }
}

TEST(copies_share_the_secrets) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 }, copy = { 0 }, plain = { 0 }, plain_copy = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(aws_creds_from_values(ACCESS, SECRET, TOKEN, &creds, error), 1);
        EXPECT_OK(aws_creds_copy(&copy, &creds));
        aws_creds_done(&creds);
        EXPECT(!creds.secret_key && creds.access_key[0] == '\0');
        EXPECT_STR(copy.access_key, ACCESS);
        EXPECT_STR(secret_text(copy.secret_key), SECRET);
        EXPECT_STR(secret_text(copy.session_token), TOKEN);
        EXPECT_INT(aws_creds_from_values(ACCESS, SECRET, NULL, &plain, error), 1);
        EXPECT_OK(aws_creds_copy(&plain_copy, &plain));
        EXPECT(!plain_copy.session_token);
}

TEST(files_in_every_dialect) {
        static const char *const plain[] = {
                "[p]\naws_access_key_id = " ACCESS "\naws_secret_access_key = " SECRET "\n",
                "[p]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET,
                "[p]\r\nAWS_ACCESS_KEY_ID = " ACCESS "\r\nAws_Secret_Access_Key\t=\t" SECRET "\r\n",
                "[p]\naws_access_key_id: " ACCESS "\naws_secret_access_key:" SECRET "\n",
                "\xef\xbb\xbf[p]\naws_access_key_id: " ACCESS "\naws_secret_access_key:" SECRET "\n",
                "# c\n; c\n\n  # c\n[ p ] # c\n#\naws_access_key_id=" ACCESS "\n\n; aws_session_token=x\n"
                "aws_secret_access_key=" SECRET "  ; mine\n",
                "  [p]\n  aws_access_key_id=" ACCESS "\n  aws_secret_access_key=" SECRET "\n",
                "[p]\nregion=eu-west-1\ns3 =\n  aws_access_key_id = NO\n  x = y\n"
                "aws_access_key_id=" ACCESS "\n# c\naws_secret_access_key=" SECRET "\n",
                "[q]\naws_access_key_id=OTHER\n[p]\naws_access_key_id=" ACCESS
                "\naws_secret_access_key=" SECRET "\n[p2]\naws_secret_access_key=x\n",
                "[p]\naws_access_key_id=OLD\naws_secret_access_key=OLD\n[q]\n[p]\naws_access_key_id=" ACCESS
                "\naws_secret_access_key=" SECRET "\n",
                "[p]\naws_access_key_id=" ACCESS "\n[q]\nx=y\n[p]\naws_secret_access_key=" SECRET "\n",
                "[p]\naws_access_key_id=OLD\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET
                "\naws_session_token=\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(plain); i++)
                expect_keys(plain[i], "p", NULL);
}

TEST(files_with_a_token) {
        expect_keys("[default]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET
                    "\naws_session_token = " TOKEN "\n",
                        "default", TOKEN);
        expect_keys("[default]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET
                    "\naws_security_token = " TOKEN "\n",
                        "default", TOKEN);
}

TEST(files_without_the_profile) {
        expect_none("", "p");
        expect_none("\n\n# nothing\n", "p");
        expect_none("[q]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET "\n", "p");
        expect_none("[P]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET "\n", "p");
        expect_none("[profile p]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET "\n", "p");
        expect_none("[p]\nregion = eu-west-1\n", "p");
        expect_none("[p]\naws_session_token = " TOKEN "\n", "p");
        expect_none("[p]\naws_access_key_id =\naws_secret_access_key =\n", "p");
        /* Part of another value, as the AWS CLI sees it too. */
        expect_none("[p]\nx = 1\n  aws_access_key_id=" ACCESS "\n  aws_secret_access_key=" SECRET "\n", "p");
}

TEST(files_with_mistakes) {
        expect_error("[prod]\naws_access_key_id=" ACCESS "\n", "prod",
                        "line 2: aws_access_key_id is set but aws_secret_access_key is not");
        expect_error("[prod]\n\naws_secret_access_key=" SECRET "\n", "prod",
                        "line 3: aws_secret_access_key is set but aws_access_key_id is not");
        expect_error("[prod]\naws_access_key_id=" ACCESS "\naws_secret_access_key=\"" SECRET "\"\n", "prod",
                        "line 3: aws_secret_access_key holds a character that no key has");
        expect_error("[prod]\naws_access_key_id=" ACCESS "\naws_secret_access_key=" SECRET "\n  more\n",
                        "prod", "line 3: aws_secret_access_key goes on over several lines");
        expect_error("[prod]\naws_access_key_id=" ACCESS "\naws_secret_access_key=\n  " SECRET "\n", "prod",
                        "line 3: aws_secret_access_key goes on over several lines");
        expect_error("[prod]\naws_access_key_id " ACCESS "\n", "prod", "line 2: expected \"key = value\"");
        expect_error("[prod]\n= " ACCESS "\n", "prod", "line 2: expected \"key = value\"");
        expect_error("[prod\naws_access_key_id=" ACCESS "\n", "prod", "line 1: a section is written [name]");
        expect_error("[]\n", "prod", "line 1: a section is written [name]");
        expect_error("[other]\n[", "prod", "line 2: a section is written [name]");
        expect_error("aws_access_key_id=" ACCESS "\n", "prod", "line 1: text before the first [name]");
}

TEST(files_with_nul_and_without_end) {
        static const char text[] = "[p]\naws_access_key_id=AKIA\0X\naws_secret_access_key=x\n";
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(from_bytes(text, sizeof(text) - 1, "p", &creds, error), -EINVAL);
        EXPECT_CONTAINS(error, "line 2");
}

TEST(files_have_a_maximum) {
        _cleanup_(freep) char *text = alloc_zero(INI_TEXT_MAX + 2);
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT(text);
        memset(text, '\n', INI_TEXT_MAX + 1);
        EXPECT_INT(from_bytes(text, INI_TEXT_MAX, "p", &creds, error), 0);
        EXPECT_INT(from_bytes(text, INI_TEXT_MAX + 1, "p", &creds, error), -EINVAL);
        EXPECT_CONTAINS(error, "larger than");
}
