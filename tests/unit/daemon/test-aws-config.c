#include "daemon/aws-config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

#define PEM "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

typedef struct Fixture {
        Rig *rig;
        Conf conf;
        AwsEnv env;
        char *config, *credentials, *bundle; /* paths; nothing is there yet */
} Fixture;

static Fixture *fixture_new(void) {
        Fixture *f = alloc_one(Fixture);

        EXPECT(f);
        f->rig = rig_new();
        f->config = rig_path(f->rig, "config");
        f->credentials = rig_path(f->rig, "credentials");
        f->bundle = rig_path(f->rig, "bundle.pem");
        f->env = (AwsEnv){
                .config_file = f->config,
                .shared_credentials_file = f->credentials,
                .access_key_id = "AKIDEXAMPLE",
                .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                .region = "eu-west-1",
        };
        return f;
}

static Fixture *fixture_free(Fixture *f) {
        if (!f)
                return NULL;
        f->rig = rig_free(f->rig);
        free(f->config);
        free(f->credentials);
        free(f->bundle);
        free(f);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Fixture *, fixture_free);

/* Both ways to look say the same. */
static void expect_refusal(const Fixture *f, int result, const char *const *words) {
        char error[DIAG_MESSAGE_MAX] = "", broken[DIAG_MESSAGE_MAX];
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        _cleanup_(freep) char *said = NULL;
        size_t size = 0;
        FILE *err = open_memstream(&said, &size);

        EXPECT_INT(aws_config_resolve(&f->conf, &f->env, &settings, broken, error), result);
        EXPECT_INT(aws_config_check(&f->conf, &f->env, err), -EINVAL);
        EXPECT_INT(fclose(err), 0);
        EXPECT_CONTAINS(said, "canaryd: error: ");
        for (; *words; words++) {
                EXPECT_CONTAINS(error, *words);
                EXPECT_CONTAINS(said, *words);
        }
}
#define EXPECT_REFUSAL(f, ...) expect_refusal((f), -EINVAL, (const char *const[]){ __VA_ARGS__, NULL })
#define EXPECT_ABSENCE(f, ...) expect_refusal((f), -ENOKEY, (const char *const[]){ __VA_ARGS__, NULL })

static void expect_said(const Fixture *f, int result, const char *expected) {
        _cleanup_(freep) char *said = NULL;
        size_t size = 0;
        FILE *err = open_memstream(&said, &size);

        EXPECT_INT(aws_config_check(&f->conf, &f->env, err), result);
        EXPECT_INT(fclose(err), 0);
        if (expected[0] == '\0')
                EXPECT_STR(said, "");
        else
                EXPECT_CONTAINS(said, expected);
}

TEST(nothing_to_say) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();

        rig_write(f->rig, "bundle.pem", PEM);
        f->env.ca_bundle = f->bundle;
        expect_said(f, 0, "");
}

TEST(variables_that_are_no_good) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();

        f->env.use_fips = "maybe";
        EXPECT_REFUSAL(f, "AWS_USE_FIPS_ENDPOINT is \"maybe\": expected true or false");
        f->env.use_fips = NULL;
        f->env.endpoint_url = "ftp://example.com";
        EXPECT_REFUSAL(f, "AWS_ENDPOINT_URL", "expected https://HOST[:PORT][/PATH]");
        f->env.endpoint_url = NULL;
        f->env.ec2_metadata_endpoint_mode = "IPv5";
        EXPECT_REFUSAL(f, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        f->env.ec2_metadata_endpoint_mode = NULL;
        rig_write(f->rig, "config", "[default]\nuse_dualstack_endpoint = maybe\n");
        EXPECT_REFUSAL(f,
                        "profile \"default\": use_dualstack_endpoint is \"maybe\": expected true or false");
}

TEST(bundles_that_are_no_good_and_who_named_them) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();
        _cleanup_(freep) char *line = alloc_printf("[default]\nca_bundle = %s\n", f->bundle);
        char directory[] = "/";

        rig_write(f->rig, "config", line);
        EXPECT_ABSENCE(f, "ca_bundle in the AWS profile is ", f->bundle,
                        ": No such file or directory; expected");
        f->env.ca_bundle = f->bundle;
        EXPECT_ABSENCE(f, "AWS_CA_BUNDLE is ", f->bundle, "No such file");
        f->conf.aws_ca_bundle = f->bundle;
        EXPECT_ABSENCE(f, "ca_bundle under \"aws\" in the configuration is ", f->bundle, "No such file");
        rig_write(f->rig, "bundle.pem", "-----BEGIN PRIVATE KEY-----\n");
        EXPECT_ABSENCE(f, "holds no certificate; expected a PEM file of certificates");
        rig_write(f->rig, "bundle.pem", "");
        EXPECT_ABSENCE(f, "holds no certificate");
        f->conf.aws_ca_bundle = directory;
        EXPECT_ABSENCE(f, "is not a regular file");
        f->conf.aws_ca_bundle = f->bundle;
        rig_write(f->rig, "bundle.pem", "# made today\n" PEM);
        expect_said(f, 0, "");
}

/* They do not keep a daemon down: somebody who asks hears of them nevertheless. */
TEST(files_with_profiles_that_are_no_use) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        char error[DIAG_MESSAGE_MAX] = "", broken[DIAG_MESSAGE_MAX] = "";

        rig_write(f->rig, "credentials", "[default\n");
        expect_said(f, -EINVAL, f->credentials);
        EXPECT_OK(aws_config_resolve(&f->conf, &f->env, &settings, broken, error));
        EXPECT_CONTAINS(broken, f->credentials);
        rig_write(f->rig, "credentials", "");
        f->conf.aws_config_file = f->config;
        expect_said(f, -EINVAL, "config cannot be read: No such file or directory\n");
}

TEST(what_may_be_meant_so_is_a_warning) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();

        f->env.region = NULL;
        expect_said(f, 0, "canaryd: warning: no region is known");
        f->env.region = "eu-west-1";
        f->env.profile = "deploy";
        f->env.access_key_id = NULL;
        f->env.secret_access_key = NULL;
        expect_said(f, 0, "canaryd: warning: no AWS credentials: there is no profile \"deploy\"");
}

TEST(out_of_memory) {
        _cleanup_(fixture_freep) Fixture *f = fixture_new();

        rig_write(f->rig, "bundle.pem", PEM);
        f->conf.aws_ca_bundle = f->bundle;
        FAULT_LOOP {
                char error[DIAG_MESSAGE_MAX] = "", broken[DIAG_MESSAGE_MAX];
                _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
                int r = aws_config_resolve(&f->conf, &f->env, &settings, broken, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT(r == -ENOMEM || r >= 0);
        }
}
