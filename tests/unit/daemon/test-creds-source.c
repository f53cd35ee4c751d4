#include "daemon/creds-source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

#define ENTRY(name, n) \
        "[" name "]\naws_access_key_id = AKIDEXAMPLE" n "\naws_secret_access_key = secret/" n "/xyz\n"

static char folder[64], file[96];

static void forget_environment(void) {
        static const char *const names[] = { "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                EXPECT_OK(unsetenv(names[i]));
}

static void write_file(const char *text) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        EXPECT_OK(fd);
        EXPECT_OK(fs_replace(fd, "credentials", text, strlen(text), 0600));
        EXPECT_OK(close(fd));
}

static void begin(const char *text) {
        forget_environment();
        (void) snprintf(folder, sizeof(folder), "/tmp/canaryd-creds-XXXXXX");
        EXPECT(mkdtemp(folder));
        (void) snprintf(file, sizeof(file), "%s/credentials", folder);
        if (text)
                write_file(text);
}

static void end(void) {
        (void) unlink(file);
        EXPECT_OK(rmdir(folder));
}

static void expect_key(CredsSource *s, usec_t now, const char *key) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";

        EXPECT_OK(creds_source_get(s, now, &creds, error));
        EXPECT_STR(creds.access_key, key);
        EXPECT(creds.secret_key);
}

static void expect_none(CredsSource *s, usec_t now, const char *words) {
        AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";

        EXPECT_INT(creds_source_get(s, now, &creds, error), -ENOKEY);
        EXPECT_CONTAINS(error, words);
        EXPECT(!creds.secret_key);
        EXPECT(!strstr(error, "secret/"));
}

static CredsSource *open_file(const char *profile) {
        char name[64] = "";
        CredsSource *s = NULL;
        Conf conf = { .aws_shared_credentials_file = file };

        if (profile) {
                EXPECT_OK(str_copy(name, sizeof(name), profile));
                conf.aws_profile = name;
        }
        EXPECT_OK(creds_source_new(&conf, &s));
        return s;
}

TEST(environment_comes_first) {
        CredsSource *s;

        begin(ENTRY("default", "1"));
        EXPECT_OK(setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRON", 1));
        EXPECT_OK(setenv("AWS_SECRET_ACCESS_KEY", "secret/env/x", 1));
        EXPECT_OK(setenv("AWS_SESSION_TOKEN", "token", 1));
        s = open_file(NULL);
        forget_environment(); /* read once */
        for (usec_t i = 0; i < 3; i++) {
                _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                char error[DIAG_MESSAGE_MAX];

                EXPECT_OK(creds_source_get(s, i * USEC_PER_SEC, &creds, error));
                EXPECT_STR(creds.access_key, "AKIDENVIRON");
                EXPECT_STR(secret_text(creds.session_token), "token");
        }
        creds_source_free(s);
        end();
}

TEST(half_a_pair_in_the_environment_is_no_fall_through) {
        CredsSource *s;

        begin(ENTRY("default", "1"));
        EXPECT_OK(setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRON", 1));
        EXPECT_OK(setenv("AWS_SECRET_ACCESS_KEY", "", 1));
        s = open_file(NULL);
        expect_none(s, 0, "AWS_SECRET_ACCESS_KEY is not");
        creds_source_free(s);
        end();
}

TEST(profile_from_configuration_then_environment_then_default) {
        CredsSource *s;

        begin(ENTRY("default", "1") ENTRY("ops", "2") ENTRY("other", "3"));
        s = open_file(NULL);
        expect_key(s, 0, "AKIDEXAMPLE1");
        creds_source_free(s);
        EXPECT_OK(setenv("AWS_PROFILE", "ops", 1));
        s = open_file(NULL);
        expect_key(s, 0, "AKIDEXAMPLE2");
        creds_source_free(s);
        s = open_file("other");
        expect_key(s, 0, "AKIDEXAMPLE3");
        creds_source_free(s);
        s = open_file("absent");
        expect_none(s, 0, "[absent]");
        creds_source_free(s);
        end();
}

TEST(path_from_configuration_then_environment_then_home) {
        static char by_home[] = "~/credentials";
        Conf conf = { 0 };
        CredsSource *s = NULL;
        _cleanup_(freep) char *home = alloc_copy_string(getenv("HOME") ? getenv("HOME") : "/");

        begin(ENTRY("default", "1"));
        EXPECT_OK(setenv("AWS_SHARED_CREDENTIALS_FILE", file, 1));
        EXPECT_OK(creds_source_new(&conf, &s));
        expect_key(s, 0, "AKIDEXAMPLE1");
        s = creds_source_free(s);
        EXPECT_OK(setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/x", 1));
        EXPECT_OK(setenv("HOME", folder, 1));
        conf.aws_shared_credentials_file = by_home;
        EXPECT_OK(creds_source_new(&conf, &s));
        expect_key(s, 0, "AKIDEXAMPLE1");
        s = creds_source_free(s);
        conf.aws_shared_credentials_file = NULL;
        EXPECT_OK(unsetenv("AWS_SHARED_CREDENTIALS_FILE"));
        EXPECT_OK(creds_source_new(&conf, &s));
        expect_none(s, 0, "/.aws/credentials cannot be read");
        s = creds_source_free(s);
        EXPECT_OK(unsetenv("HOME"));
        EXPECT_OK(creds_source_new(&conf, &s));
        expect_none(s, 0, "no home directory");
        s = creds_source_free(s);
        EXPECT_OK(setenv("HOME", home, 1));
        end();
}

TEST(changes_are_picked_up_after_a_second) {
        usec_t now = 100 * USEC_PER_SEC;
        CredsSource *s;

        begin(NULL);
        s = open_file(NULL);
        expect_none(s, now, "No such file");
        write_file(ENTRY("default", "1"));
        expect_none(s, now + USEC_PER_SEC - 1, "No such file"); /* not looked at again so soon */
        expect_key(s, now += USEC_PER_SEC, "AKIDEXAMPLE1");
        write_file(ENTRY("default", "2")); /* same size */
        expect_key(s, now + USEC_PER_SEC - 1, "AKIDEXAMPLE1");
        expect_key(s, now += USEC_PER_SEC, "AKIDEXAMPLE2");
        expect_key(s, now += USEC_PER_SEC, "AKIDEXAMPLE2");
        write_file("[default]\naws_access_key_id = AKIDEXAMPLE3\n");
        expect_none(s, now += USEC_PER_SEC, "line 2");
        expect_none(s, now += USEC_PER_SEC, "line 2");
        write_file(ENTRY("default", "4"));
        expect_key(s, now += USEC_PER_SEC, "AKIDEXAMPLE4");
        EXPECT_OK(unlink(file));
        expect_none(s, now += USEC_PER_SEC, "No such file");
        creds_source_free(s);
        end();
}

TEST(file_has_a_limit_and_must_be_one) {
        static char big[256 * 1024 + 2];
        const char *entry = ENTRY("default", "1");
        CredsSource *s;

        begin(NULL);
        memset(big, '\n', sizeof(big) - 1);
        memcpy(big, entry, strlen(entry));
        write_file(big);
        s = open_file(NULL);
        expect_none(s, 0, "256 KiB");
        big[256 * 1024] = '\0';
        write_file(big);
        expect_key(s, 2 * USEC_PER_SEC, "AKIDEXAMPLE1");
        EXPECT_OK(unlink(file));
        EXPECT_OK(mkfifo(file, 0600)); /* must not block */
        expect_none(s, 4 * USEC_PER_SEC, "cannot be read");
        creds_source_free(s);
        end();
}

TEST(out_of_memory) {
        Conf conf = { .aws_shared_credentials_file = file };

        begin(ENTRY("default", "1"));
        FAULT_LOOP {
                _cleanup_(creds_source_freep) CredsSource *s = NULL;
                _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = creds_source_new(&conf, &s);

                if (r >= 0)
                        r = creds_source_get(s, 0, &creds, error);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 4);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
        end();
}
