#include "aws/creds-role.h"

#include <stdlib.h>

#include "lib/fault.h"
#include "lib/test.h"

#define ARN "arn:aws:iam::123456789012:role/deploy"

static int read_role(const CredsRoleTexts *texts, CredsRole *ret, char error[static DIAG_MESSAGE_MAX]) {
        error[0] = '\0';
        return creds_role_read(texts, ret, error);
}

TEST(all_there_is) {
        const CredsRoleTexts texts = { ARN, "team/a:1=2", "canary@host,1.+-_=", "900" },
                             bare = { .arn = ARN };
        _cleanup_(creds_role_done) CredsRole role = { 0 }, plain = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_OK(read_role(&texts, &role, error));
        EXPECT_STR(role.arn, ARN);
        EXPECT_STR(role.external_id, "team/a:1=2");
        EXPECT_STR(role.session_name, "canary@host,1.+-_=");
        EXPECT_INT(role.duration_seconds, 900);
        EXPECT_OK(read_role(&bare, &plain, error));
        EXPECT(!plain.external_id && !plain.session_name);
        EXPECT_INT(plain.duration_seconds, 0);
}

TEST(what_sts_refuses) {
        static const struct {
                CredsRoleTexts texts;
                const char *message;
        } rows[] = {
                { { .arn = NULL }, "the role's ARN is none" },
                { { .arn = "arn:aws:iam::1:role" }, "the role's ARN is none" },
                { { .arn = "deploy-role-without-prefix" }, "the role's ARN is none" },
                { { .arn = ARN " x" }, "the role's ARN is none" },
                { { .arn = ARN "\n" }, "the role's ARN is none" },
                { { .arn = ARN, .session_name = "a" }, "role_session_name" },
                { { .arn = ARN, .session_name = "a b" }, "role_session_name" },
                { { .arn = ARN, .session_name = "a/b" }, "role_session_name" },
                { { .arn = ARN, .external_id = "s" }, "external_id" },
                { { .arn = ARN, .external_id = "sesame open" }, "external_id" },
                { { .arn = ARN, .duration_seconds = "899" }, "duration_seconds" },
                { { .arn = ARN, .duration_seconds = "43201" }, "duration_seconds" },
                { { .arn = ARN, .duration_seconds = "1h" }, "duration_seconds" },
                { { .arn = ARN, .duration_seconds = "-900" }, "duration_seconds" },
                { { .arn = ARN, .duration_seconds = "99999999999999999999" }, "duration_seconds" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                CredsRole role = { 0 };
                char error[DIAG_MESSAGE_MAX];

                EXPECT_INT(read_role(&rows[i].texts, &role, error), -EINVAL);
                EXPECT_CONTAINS(error, rows[i].message);
                EXPECT(!strstr(error, "sesame"));
                EXPECT(!role.arn);
        }
}

static bool takes(bool (*is_valid)(const char *s), const char *start, size_t n) {
        char text[2100] = "";

        memset(text, 'a', n);
        memcpy(text, start, strlen(start));
        return is_valid(text);
}

TEST(lengths) {
        static const struct {
                bool (*is_valid)(const char *s);
                const char *start;
                size_t min, max;
        } rows[] = {
                { role_arn_is_valid, "arn:", 20, 2048 },
                { role_session_name_is_valid, "", 2, 64 },
                { role_external_id_is_valid, "", 2, 1224 },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                EXPECT(!takes(rows[i].is_valid, rows[i].start, rows[i].min - 1));
                EXPECT(takes(rows[i].is_valid, rows[i].start, rows[i].min));
                EXPECT(takes(rows[i].is_valid, rows[i].start, rows[i].max));
                EXPECT(!takes(rows[i].is_valid, rows[i].start, rows[i].max + 1));
        }
}

TEST(out_of_memory) {
        const CredsRoleTexts texts = { ARN, "external", "session", "3600" };

        FAULT_LOOP {
                _cleanup_(creds_role_done) CredsRole role = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = creds_role_read(&texts, &role, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!role.arn);
        }
}
