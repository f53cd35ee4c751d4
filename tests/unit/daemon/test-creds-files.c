#include "daemon/creds-files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

static CredsFiles *open_files(const CredsRig *g, const char *config, const char *credentials) {
        CredsFiles *f = NULL;

        EXPECT_OK(creds_files_new(&g->env, config, credentials, &f));
        return f;
}

static const char *key_of(const CredsFiles *f) {
        char error[DIAG_MESSAGE_MAX] = "";
        CredsTexts texts;

        if (creds_files_texts(f, &texts, error) < 0)
                FAIL("%s", error);
        return texts.credentials ? ini_get(texts.credentials, "default", "aws_access_key_id") : NULL;
}

static void expect_broken(const CredsFiles *f, const char *words) {
        char error[DIAG_MESSAGE_MAX] = "";
        CredsTexts texts;

        EXPECT_INT(creds_files_texts(f, &texts, error), -EINVAL);
        EXPECT_CONTAINS(error, words);
}

TEST(found_where_the_tools_look) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = NULL;
        char error[DIAG_MESSAGE_MAX] = "";
        CredsTexts texts;

        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
        creds_rig_write(g, ".aws/config", "[profile x]\nregion = B\n");
        creds_rig_write(g, "aws", "[default]\naws_access_key_id = C\n");
        g->env.credentials_directory = g->directory;
        f = open_files(g, NULL, NULL);
        EXPECT_INT(creds_files_look(f, 0), 1);
        EXPECT_OK(creds_files_texts(f, &texts, error));
        EXPECT_STR(ini_get(texts.credentials, "default", "aws_access_key_id"), "A");
        EXPECT_STR(ini_get(texts.config, "profile x", "region"), "B");
        EXPECT_STR(ini_get(texts.systemd, "default", "aws_access_key_id"), "C");
        EXPECT_CONTAINS(texts.config_path, "/.aws/config");
        EXPECT(!creds_files_problem(f));
}

TEST(configured_then_variable_then_usual) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(freep) char *path = alloc_printf("%s/config", g->directory);
        CredsFiles *f;

        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = USUAL\n");
        creds_rig_write(g, "config", "[default]\naws_access_key_id = VARIABLE\n");
        creds_rig_write(g, "credentials", "[default]\naws_access_key_id = CONFIGURED\n");
        g->env.shared_credentials_file = path;
        f = open_files(g, NULL, "~/credentials");
        EXPECT_OK(creds_files_look(f, 0));
        EXPECT_STR(key_of(f), "CONFIGURED");
        creds_files_free(f);
        f = open_files(g, NULL, NULL);
        EXPECT_OK(creds_files_look(f, 0));
        EXPECT_STR(key_of(f), "VARIABLE");
        creds_files_free(f);
        g->env.shared_credentials_file = NULL;
        f = open_files(g, NULL, "");
        EXPECT_OK(creds_files_look(f, 0));
        EXPECT_STR(key_of(f), "USUAL");
        creds_files_free(f);
}

TEST(read_again_when_changed_but_not_all_the_time) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = open_files(g, NULL, NULL);
        usec_t now = 100 * USEC_PER_SEC;

        EXPECT_INT(creds_files_look(f, now), 1); /* that there is none */
        EXPECT(!key_of(f));
        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
        EXPECT_INT(creds_files_look(f, now + USEC_PER_SEC - 1), 0);
        EXPECT(!key_of(f));
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
        EXPECT_STR(key_of(f), "A");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = B\n");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
        EXPECT_STR(key_of(f), "B");
        creds_rig_write(g, ".aws/credentials", "[default\n");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
        expect_broken(f, "/.aws/credentials: ");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
        creds_rig_remove(g, ".aws/credentials");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
        EXPECT(!key_of(f));
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
}

/* Written anew in place, or removed and made again: there is a moment without any keys. */
TEST(a_file_that_is_being_replaced_is_still_there) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = open_files(g, NULL, NULL);
        usec_t now = 100 * USEC_PER_SEC;

        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
        EXPECT_INT(creds_files_look(f, now), 1);
        for (unsigned i = 0; i < 2; i++) {
                if (i == 0)
                        creds_rig_write(g, ".aws/credentials", "");
                else
                        creds_rig_remove(g, ".aws/credentials");
                EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
                EXPECT_STR(key_of(f), "A");
                creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
                EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
                EXPECT_STR(key_of(f), "A");
        }
        /* Gone for good. */
        creds_rig_remove(g, ".aws/credentials");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
        EXPECT_STR(key_of(f), "A");
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 1);
        EXPECT(!key_of(f));
        EXPECT_INT(creds_files_look(f, now += USEC_PER_SEC), 0);
}

TEST(a_file_that_is_closed_to_us_is_no_reason_for_other_keys) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(freep) char *path = alloc_printf("%s/.aws/credentials", g->directory),
                              *folder = alloc_printf("%s/.aws", g->directory);
        bool is_root = geteuid() == 0;
        CredsFiles *f;

        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
        EXPECT_OK(chmod(path, 0));
        EXPECT_OK(chmod(g->directory, 0755));
        EXPECT_OK(chmod(folder, 0755));
        if (is_root)
                EXPECT_OK(seteuid(65534));
        f = open_files(g, NULL, NULL);
        EXPECT_INT(creds_files_look(f, 0), 1);
        EXPECT_CONTAINS(creds_files_problem(f), "/.aws/credentials cannot be read: Permission denied");
        creds_files_free(f);
        /* Behind a closed door nobody knows of any file; unless a variable does. */
        if (is_root) {
                EXPECT_OK(seteuid(0));
                EXPECT_OK(chmod(folder, 0));
                EXPECT_OK(seteuid(65534));
                f = open_files(g, NULL, NULL);
                EXPECT_INT(creds_files_look(f, 0), 1);
                EXPECT(!creds_files_problem(f));
                creds_files_free(f);
                g->env.shared_credentials_file = path;
                f = open_files(g, NULL, NULL);
                EXPECT_INT(creds_files_look(f, 0), 1);
                EXPECT_CONTAINS(creds_files_problem(f), "cannot be read: Permission denied");
                creds_files_free(f);
                EXPECT_OK(seteuid(0));
        }
}

TEST(a_file_that_somebody_named_is_missed) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = open_files(g, "~/config", NULL);
        _cleanup_(creds_files_freep) CredsFiles *homeless = NULL;

        EXPECT_INT(creds_files_look(f, 0), 1);
        EXPECT_CONTAINS(creds_files_problem(f), "/config cannot be read: No such file");
        creds_rig_write(g, "config", "");
        EXPECT_INT(creds_files_look(f, 5 * USEC_PER_SEC), 1);
        EXPECT(!creds_files_problem(f));
        g->env.home = NULL;
        homeless = open_files(g, "~/config", NULL);
        EXPECT_INT(creds_files_look(homeless, 0), 1);
        EXPECT_CONTAINS(creds_files_problem(homeless), "no home directory");
}

TEST(only_regular_files_of_a_reasonable_size) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = open_files(g, NULL, "~/credentials");
        _cleanup_(freep) char *path = alloc_printf("%s/credentials", g->directory);
        _cleanup_(freep) char *big = alloc_zero(INI_TEXT_MAX + 2);

        EXPECT_OK(mkfifo(path, 0600));
        EXPECT_INT(creds_files_look(f, 0), 1); /* does not block */
        expect_broken(f, "not a regular file");
        memset(big, '\n', INI_TEXT_MAX + 1);
        creds_rig_write(g, "credentials", big);
        EXPECT_INT(creds_files_look(f, 2 * USEC_PER_SEC), 1);
        expect_broken(f, "larger than 1 MiB");
        big[INI_TEXT_MAX] = '\0';
        creds_rig_write(g, "credentials", big);
        EXPECT_INT(creds_files_look(f, 4 * USEC_PER_SEC), 1);
        EXPECT(!key_of(f));
}

/* The way in which people say that there is no such file. */
TEST(the_null_device_is_no_file) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(creds_files_freep) CredsFiles *f = open_files(g, "/dev/null", "/dev/null");

        EXPECT_INT(creds_files_look(f, USEC_PER_DAY), 1);
        EXPECT(!key_of(f));
        EXPECT(!creds_files_problem(f));
}

TEST(out_of_memory) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/credentials", "[default]\naws_access_key_id = A\n");
        FAULT_LOOP {
                _cleanup_(creds_files_freep) CredsFiles *f = NULL;
                int r = creds_files_new(&g->env, NULL, NULL, &f);

                if (r >= 0)
                        r = creds_files_look(f, 0);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 4);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                if (f) {
                        EXPECT_INT(creds_files_look(f, 0), 1);
                        EXPECT_STR(key_of(f), "A");
                }
        }
}
