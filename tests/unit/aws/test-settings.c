#include "aws/settings.h"

#include <stdlib.h>

#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"

typedef struct Given {
        AwsOverrides overrides;
        AwsEnv env;
        const char *config, *credentials;
} Given;

static Ini *parse(const char *text) {
        char error[DIAG_MESSAGE_MAX] = "";
        Ini *ini = NULL;

        if (text && ini_parse(text, strlen(text), &ini, error) < 0)
                FAIL("%s", error);
        return ini;
}

static int resolve(const Given *g, AwsSettings *ret, char error[static DIAG_MESSAGE_MAX]) {
        _cleanup_(ini_freep) Ini *config = parse(g->config), *credentials = parse(g->credentials);

        error[0] = '\0';
        return aws_settings_resolve(&g->overrides, &g->env, config, credentials, ret, error);
}

static void settle(const Given *g, AwsSettings *ret) {
        char error[DIAG_MESSAGE_MAX];

        if (resolve(g, ret, error) < 0)
                FAIL("%s", error);
}

TEST(nothing_said) {
        _cleanup_(aws_settings_done) AwsSettings s = { 0 };

        settle(&(Given){ 0 }, &s);
        EXPECT_STR(s.profile, "default");
        EXPECT(!s.profile_is_explicit && !s.region && !s.ca_bundle && !s.endpoint_urls[AWS_LAMBDA]);
        EXPECT(!s.use_fips && !s.use_dual_stack && !s.sts_global && s.corrects_skew);
}

TEST(profile_and_region) {
        static const char config[] = "[default]\nregion = eu-west-1\n[profile p]\nregion = eu-west-2\n";
        static const struct {
                Given given;
                const char *profile, *region;
                bool is_explicit;
        } rows[] = {
                { { .config = config }, "default", "eu-west-1", false },
                { { .config = config, .env = { .profile = "p" } }, "p", "eu-west-2", false },
                { { .config = config, .env = { .profile = "q" }, .overrides = { .profile = "p" } }, "p",
                                "eu-west-2", true },
                { { .config = config, .env = { .region = "eu-west-3" } }, "default", "eu-west-3", false },
                { { .config = config,
                                  .env = { .region = "eu-west-3" },
                                  .overrides = { .region = "eu-west-4" } },
                                "default", "eu-west-4", false },
                { { .config = config, .credentials = "[default]\nregion = eu-west-5\n" }, "default",
                                "eu-west-5", false },
                { { .config = config, .overrides = { .profile = "", .region = "" } }, "default", "eu-west-1",
                                false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(aws_settings_done) AwsSettings s = { 0 };

                settle(&rows[i].given, &s);
                EXPECT_STR(s.profile, rows[i].profile);
                EXPECT_STR(s.region, rows[i].region);
                EXPECT_INT(s.profile_is_explicit, rows[i].is_explicit);
        }
}

/* Each one beats those below it. */
TEST(endpoint_precedence) {
        static const char config[] = "[default]\nservices = s\nendpoint_url = http://profile\n"
                                     "[services s]\nlambda =\n  endpoint_url = http://section\n";
        Given g = { .config = config,
                .env = { .endpoint_url = "http://all", .endpoint_url_lambda = "http://one" },
                .overrides = { .endpoint_url = "http://conf",
                                .endpoint_urls = { [AWS_LAMBDA] = "http://conf-one" } } };
        const char **const levels[] = { &g.overrides.endpoint_urls[AWS_LAMBDA], &g.overrides.endpoint_url,
                &g.env.endpoint_url_lambda, &g.env.endpoint_url };
        static const char *const lambda[] = { "http://conf-one", "http://conf", "http://one", "http://all",
                "http://section" },
                                 *const sts[] = { "http://conf", "http://conf", "http://all", "http://all",
                                         "http://profile" };

        for (size_t i = 0; i < ELEMENTSOF(lambda); i++) {
                _cleanup_(aws_settings_done) AwsSettings s = { 0 };

                settle(&g, &s);
                EXPECT_STR(s.endpoint_urls[AWS_LAMBDA], lambda[i]);
                EXPECT_STR(s.endpoint_urls[AWS_STS], sts[i]);
                if (i < ELEMENTSOF(levels))
                        *levels[i] = NULL;
        }
}

TEST(endpoints_by_service) {
        const Given g = { .env = { .endpoint_url_lambda = "http://l",
                                          .endpoint_url_cloudwatch = "http://c",
                                          .endpoint_url_sts = "http://s" } },
                    section = {
                            .config = "[default]\nservices = x\n[services x]\ncloudwatch =\n endpoint_url = http://c\n"
                                      "sts =\n endpoint_url = http://s\n"
                    };
        _cleanup_(aws_settings_done) AwsSettings a = { 0 }, b = { 0 };

        settle(&g, &a);
        EXPECT_STR(a.endpoint_urls[AWS_LAMBDA], "http://l");
        EXPECT_STR(a.endpoint_urls[AWS_CLOUDWATCH], "http://c");
        EXPECT_STR(a.endpoint_urls[AWS_STS], "http://s");
        settle(&section, &b);
        EXPECT(!b.endpoint_urls[AWS_LAMBDA]);
        EXPECT_STR(b.endpoint_urls[AWS_CLOUDWATCH], "http://c");
        EXPECT_STR(b.endpoint_urls[AWS_STS], "http://s");
}

TEST(endpoints_may_be_ignored) {
        const Given by_env = { .env = { .endpoint_url = "http://e", .ignore_endpoint_urls = "true" } },
                    by_profile = { .config = "[default]\nignore_configured_endpoint_urls = True\n"
                                             "endpoint_url = http://e\nservices = absent\n" },
                    conf = { .env = { .ignore_endpoint_urls = "true" },
                            .overrides = { .endpoint_url = "http://c" } };
        _cleanup_(aws_settings_done) AwsSettings a = { 0 }, b = { 0 }, c = { 0 };

        settle(&by_env, &a);
        EXPECT(!a.endpoint_urls[AWS_LAMBDA]);
        settle(&by_profile, &b);
        EXPECT(!b.endpoint_urls[AWS_LAMBDA]);
        settle(&conf, &c);
        EXPECT_STR(c.endpoint_urls[AWS_LAMBDA], "http://c");
}

TEST(flags_and_bundle) {
        const Given g = { .config = "[default]\nuse_fips_endpoint = TRUE\nuse_dualstack_endpoint = true\n"
                                    "disable_clock_skew_correction = true\nca_bundle = /etc/p.pem\n"
                                    "sts_regional_endpoints = Legacy\n" },
                    env = { .config = g.config,
                            .env = { .use_fips = "false",
                                            .use_dual_stack = "false",
                                            .disable_skew_correction = "false",
                                            .ca_bundle = "/etc/e.pem",
                                            .sts_regional_endpoints = "regional" } },
                    conf = { .config = g.config,
                            .env = env.env,
                            .overrides = { .use_fips = true,
                                            .use_dual_stack = true,
                                            .ca_bundle = "/etc/c.pem" } };
        _cleanup_(aws_settings_done) AwsSettings a = { 0 }, b = { 0 }, c = { 0 };

        settle(&g, &a);
        EXPECT(a.use_fips && a.use_dual_stack && !a.corrects_skew && a.sts_global);
        EXPECT_STR(a.ca_bundle, "/etc/p.pem");
        settle(&env, &b);
        EXPECT(!b.use_fips && !b.use_dual_stack && b.corrects_skew && !b.sts_global);
        EXPECT_STR(b.ca_bundle, "/etc/e.pem");
        settle(&conf, &c);
        EXPECT(c.use_fips && c.use_dual_stack);
        EXPECT_STR(c.ca_bundle, "/etc/c.pem");
}

TEST(values_that_are_refused) {
        static const struct {
                Given given;
                const char *messages[2];
        } rows[] = {
                { { .overrides = { .region = "Ireland" } },
                                { "the configured region", "such as eu-west-1" } },
                { { .env = { .region = "eu_west_1" } }, { "AWS_REGION", "" } },
                { { .config = "[default]\nregion = x y\n" }, { "profile \"default\": region", "" } },
                { { .config = "[default]\nca_bundle =\n" },
                                { "profile \"default\": ca_bundle", "it is blank" } },
                { { .env = { .ca_bundle = " " } }, { "AWS_CA_BUNDLE", "it is blank" } },
                { { .env = { .use_fips = "1" } }, { "AWS_USE_FIPS_ENDPOINT", "true or false" } },
                { { .env = { .use_dual_stack = "on" } }, { "AWS_USE_DUALSTACK_ENDPOINT", "true or false" } },
                { { .config = "[default]\nuse_fips_endpoint = maybe\n" },
                                { "use_fips_endpoint", "true or false" } },
                { { .env = { .disable_skew_correction = "x" } },
                                { "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "" } },
                { { .env = { .ignore_endpoint_urls = "x" } },
                                { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "" } },
                { { .env = { .sts_regional_endpoints = "global" } },
                                { "AWS_STS_REGIONAL_ENDPOINTS", "regional or legacy" } },
                { { .env = { .endpoint_url = "http://u:hunter2@x" } },
                                { "AWS_ENDPOINT_URL is no good", "https://HOST" } },
                { { .env = { .endpoint_url_sts = "x" } }, { "AWS_ENDPOINT_URL_STS", "" } },
                { { .overrides = { .endpoint_url = "x" } }, { "the configured endpoint", "" } },
                { { .config = "[default]\nservices = s\n" }, { "no section [services s]", "\"default\"" } },
                { { .config = "[default]\nservices = s\n[services s]\nlambda =\n endpoint_url = x\n" },
                                { "services s", "https://HOST" } },
                { { .config = "[default]\nendpoint_url = x\n" },
                                { "profile \"default\": endpoint_url", "" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                AwsSettings s = { 0 };
                char error[DIAG_MESSAGE_MAX];

                EXPECT_INT(resolve(&rows[i].given, &s, error), -EINVAL);
                EXPECT_CONTAINS(error, rows[i].messages[0]);
                EXPECT_CONTAINS(error, rows[i].messages[1]);
                EXPECT(!strstr(error, "hunter2"));
                EXPECT(!s.profile);
        }
}

static void expect_host(const AwsSettings *s, AwsService service, const char *region, const char *host,
                const char *signed_for) {
        _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };

        EXPECT_OK(aws_settings_endpoint(s, service, region, &e));
        EXPECT_STR(e.host, host);
        EXPECT_STR(aws_settings_signing_region(s, service, region), signed_for);
}

TEST(endpoints) {
        const AwsSettings plain = { 0 }, legacy = { .sts_global = true },
                          fips = { .sts_global = true, .use_fips = true },
                          both = { .use_fips = true, .use_dual_stack = true },
                          url = { .sts_global = true,
                                  .use_fips = true,
                                  .endpoint_urls = { [AWS_STS] = (char[]){ "http://127.0.0.1:9/base" } } };
        AwsEndpoint e = { 0 };

        expect_host(&plain, AWS_STS, "eu-west-1", "sts.eu-west-1.amazonaws.com", "eu-west-1");
        expect_host(&plain, AWS_STS, "aws-global", "sts.amazonaws.com", "us-east-1");
        expect_host(&legacy, AWS_STS, "eu-west-1", "sts.amazonaws.com", "us-east-1");
        expect_host(&legacy, AWS_STS, "eu-south-1", "sts.eu-south-1.amazonaws.com", "eu-south-1");
        expect_host(&legacy, AWS_STS, "cn-north-1", "sts.cn-north-1.amazonaws.com.cn", "cn-north-1");
        expect_host(&legacy, AWS_LAMBDA, "eu-west-1", "lambda.eu-west-1.amazonaws.com", "eu-west-1");
        expect_host(&fips, AWS_STS, "us-east-1", "sts-fips.us-east-1.amazonaws.com", "us-east-1");
        expect_host(&both, AWS_LAMBDA, "us-east-1", "lambda-fips.us-east-1.api.aws", "us-east-1");
        expect_host(&url, AWS_STS, "eu-west-1", "127.0.0.1:9", "eu-west-1");
        expect_host(&url, AWS_CLOUDWATCH, "eu-west-1", "monitoring-fips.eu-west-1.amazonaws.com",
                        "eu-west-1");
        EXPECT_INT(aws_settings_endpoint(&plain, AWS_LAMBDA, "x.y", &e), -EINVAL);
}

TEST(flags) {
        static const char *const bad[] = { "", "1", "0", "yes", "truee", " true" };
        bool flag = true;

        EXPECT_OK(aws_flag_parse(NULL, &flag));
        EXPECT(!flag);
        EXPECT_OK(aws_flag_parse("TrUe", &flag));
        EXPECT(flag);
        EXPECT_OK(aws_flag_parse("FALSE", &flag));
        EXPECT(!flag);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                EXPECT_INT(aws_flag_parse(bad[i], &flag), -EINVAL);
}

TEST(out_of_memory) {
        static const AwsOverrides overrides = {
                .profile = "p", .region = "eu-west-1", .ca_bundle = "/x", .endpoint_url = "http://localhost"
        };

        FAULT_LOOP {
                _cleanup_(aws_settings_done) AwsSettings s = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = aws_settings_resolve(&overrides, &(AwsEnv){ 0 }, NULL, NULL, &s, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!s.profile);
        }
}
