#include "daemon/options.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

/* What a run of main() up to the event loop says and returns. */
typedef struct Said {
        char *out, *err;
        size_t out_size, err_size;
        int go_on, exit_code;
        Options options;
        Conf *conf;
} Said;

static void said_done(Said *s) {
        free(s->out);
        free(s->err);
        s->conf = conf_free(s->conf);
}

static void say(Said *s, char *const *words) {
        FILE *out = open_memstream(&s->out, &s->out_size), *err = open_memstream(&s->err, &s->err_size);
        char *argv[8] = { (char *) (uintptr_t) "canaryd" };
        int argc = 1;

        for (; *words; words++)
                argv[argc++] = *words;
        s->exit_code = -1;
        s->go_on = options_parse(argc, argv, out, err, &s->options, &s->exit_code);
        if (s->go_on)
                s->go_on = options_load(&s->options, out, err, &s->conf, &s->exit_code);
        EXPECT_INT(fclose(out), 0);
        EXPECT_INT(fclose(err), 0);
}
#define SAY(s, ...) say((s), (char *const[]){ __VA_ARGS__, NULL })

static char *word(const char *text) {
        return (char *) (uintptr_t) text;
}

static void forget_environment(void) {
        static const char *const names[] = { "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE",
                "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT",
                "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_ENDPOINT_URL_CLOUDWATCH",
                "JOURNAL_STREAM" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                EXPECT_OK(unsetenv(names[i]));
        EXPECT_OK(setenv("HOME", "/nonexistent", 1));
}

TEST(version_and_help_end_well) {
        _cleanup_(said_done) Said version = {}, help = {};

        SAY(&version, word("--version"));
        EXPECT_INT(version.go_on, 0);
        EXPECT_INT(version.exit_code, 0);
        EXPECT_CONTAINS(version.out, "canaryd 0.");
        EXPECT_STR(version.err, "");
        SAY(&help, word("--help"));
        EXPECT_INT(help.exit_code, 0);
        EXPECT_CONTAINS(help.out, "--config FILE");
        EXPECT_CONTAINS(help.out, "--check-config");
        EXPECT_STR(help.err, "");
}

TEST(bad_usage_ends_64_with_a_hint) {
        static const struct {
                const char *words[2], *err;
        } cases[] = {
                { { "--bogus", NULL },
                                "canaryd: unknown or misused option --bogus\nTry \"canaryd --help\".\n" },
                { { "-x", NULL }, "canaryd: unknown or misused option -x\nTry \"canaryd --help\".\n" },
                { { "plan.yaml", NULL },
                                "canaryd: unexpected argument plan.yaml\nTry \"canaryd --help\".\n" },
                { { "--config", NULL }, "canaryd: missing argument of --config\nTry \"canaryd --help\".\n" },
                { { "--config", "" }, "canaryd: empty file name for --config\nTry \"canaryd --help\".\n" },
                { { "--version=1", NULL },
                                "canaryd: unknown or misused option --version=1\nTry \"canaryd --help\".\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(said_done) Said s = {};

                SAY(&s, word(cases[i].words[0]), word(cases[i].words[1]));
                EXPECT_INT(s.go_on, 0);
                EXPECT_INT(s.exit_code, 64);
                EXPECT_STR(s.err, cases[i].err);
                EXPECT_STR(s.out, "");
        }
}

TEST(a_bad_configuration_ends_78_and_says_where) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "canaryd.yaml"), *missing = rig_path(g, "missing.yaml");
        _cleanup_(said_done) Said bad = {}, none = {}, large = {};
        _cleanup_(freep) char *text = alloc_zero(CONF_BYTES_MAX + 2);

        forget_environment();
        rig_write(g, "canaryd.yaml", "state: /var/lib/canaryd\nplanz: /etc/canaryd/plans\n");
        SAY(&bad, word("--config"), path);
        EXPECT_INT(bad.go_on, 0);
        EXPECT_INT(bad.exit_code, 78);
        EXPECT_CONTAINS(bad.err, "canaryd.yaml:2:1: error: ");
        EXPECT_CONTAINS(bad.err, "planz");
        SAY(&none, word("--config"), missing);
        EXPECT_INT(none.exit_code, 78);
        EXPECT_CONTAINS(none.err, "missing.yaml: error: No such file or directory\n");

        EXPECT(text);
        memset(text, '#', CONF_BYTES_MAX + 1);
        rig_write(g, "canaryd.yaml", text);
        SAY(&large, word("--config"), path);
        EXPECT_INT(large.exit_code, 78);
        EXPECT_CONTAINS(large.err, "canaryd.yaml: error: larger than 64 KiB\n");
}

TEST(check_config_says_ok_and_ends) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "canaryd.yaml");
        _cleanup_(said_done) Said good = {}, bad = {};
        char expected[128];

        forget_environment();
        rig_write(g, "canaryd.yaml", "plans: /srv/plans\n");
        SAY(&good, word("--check-config"), word("--config"), path);
        EXPECT_INT(good.go_on, 0);
        EXPECT_INT(good.exit_code, 0);
        (void) snprintf(expected, sizeof(expected), "%.100s: ok\n", path);
        EXPECT_STR(good.out, expected);
        rig_write(g, "canaryd.yaml", "plans: [\n");
        SAY(&bad, word("--check-config"), word("--config"), path);
        EXPECT_INT(bad.exit_code, 78);
        EXPECT_STR(bad.out, "");
}

/* How AWS is reached is for whoever reaches it to find out: the environment does not get into the values
 * here. */
TEST(the_environment_is_not_mixed_in) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "canaryd.yaml");
        _cleanup_(said_done) Said s = {};

        forget_environment();
        rig_write(g, "canaryd.yaml", "aws:\n  profile: from-the-file\n");
        EXPECT_OK(setenv("AWS_PROFILE", "from-the-environment", 1));
        EXPECT_OK(setenv("AWS_REGION", "eu-north-1", 1));
        EXPECT_OK(setenv("JOURNAL_STREAM", "8:9", 1));
        SAY(&s, word("--config"), path);
        forget_environment();
        EXPECT_INT(s.go_on, 1);
        EXPECT_STR(s.conf->aws_profile, "from-the-file");
        EXPECT(!s.conf->aws_region);
        EXPECT(s.options.journal_stream);
}

/* Another start would not help, and systemd is told so. */
TEST(a_bad_environment_ends_78_and_names_the_variable) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "canaryd.yaml"), *bundle = rig_path(g, "bundle.pem");
        _cleanup_(said_done) Said flag = {}, file = {}, checked = {}, absent = {};

        forget_environment();
        rig_write(g, "canaryd.yaml", "aws:\n  region: eu-west-1\n");
        EXPECT_OK(setenv("AWS_USE_FIPS_ENDPOINT", "maybe", 1));
        SAY(&flag, word("--config"), path);
        SAY(&checked, word("--check-config"), word("--config"), path);
        forget_environment();
        EXPECT_INT(flag.go_on, 0);
        EXPECT_INT(flag.exit_code, 78);
        EXPECT_STR(flag.err, "canaryd: error: AWS_USE_FIPS_ENDPOINT is \"maybe\": expected true or false\n");
        EXPECT_INT(checked.exit_code, 78);
        EXPECT_STR(checked.err, flag.err);
        EXPECT_STR(checked.out, "");
        EXPECT_OK(setenv("AWS_CA_BUNDLE", bundle, 1));
        SAY(&file, word("--config"), path);
        SAY(&absent, word("--check-config"), word("--config"), path);
        forget_environment();
        /* It may be there a moment later: systemd is to try again. */
        EXPECT_INT(file.exit_code, 66);
        EXPECT_INT(absent.exit_code, 78);
        EXPECT_STR(absent.err, file.err);
        EXPECT_CONTAINS(file.err, "canaryd: error: AWS_CA_BUNDLE is ");
        EXPECT_CONTAINS(file.err, "bundle.pem: No such file or directory; expected a PEM file");
}
