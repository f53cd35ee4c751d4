#include "aws/creds-recipe.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG"
#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = " SECRET "\n"
#define ARN(name) "arn:aws:iam::123456789012:role/" name
#define ROLE(name) "role_arn = " ARN(name) "\n"

typedef struct Files {
        const char *config, *credentials, *systemd;
} Files;

static Ini *parse(const char *text) {
        char error[DIAG_MESSAGE_MAX] = "";
        Ini *ini = NULL;

        if (text && ini_parse(text, strlen(text), &ini, error) < 0)
                FAIL("%s for:\n%s", error, text);
        return ini;
}

static int make(const Files *files, const AwsEnv *env, const char *profile, bool is_explicit,
                CredsRecipe *ret, char error[static DIAG_MESSAGE_MAX]) {
        _cleanup_(ini_freep) Ini *config = parse(files->config), *credentials = parse(files->credentials),
                                 *systemd = parse(files->systemd);
        const CredsTexts texts = { systemd, config, credentials, "/run/aws", "/etc/config",
                "/etc/credentials" };

        error[0] = '\0';
        return creds_recipe_make(&texts, env, profile, is_explicit, ret, error);
}

/* "static AKID", "process WORD", ..., then each role. */
static void describe(const CredsRecipe *r, Buf *out) {
        switch (r->origin) {
        case CREDS_STATIC:
                (void) buf_printf(out, "static %s", r->keys.access_key);
                break;
        case CREDS_PROCESS:
                (void) buf_printf(out, "process %s", r->argv[0]);
                break;
        case CREDS_WEB_IDENTITY:
                (void) buf_printf(out, "web %s", r->token_file);
                break;
        case CREDS_CONTAINER:
                (void) buf_puts(out, "container");
                break;
        case CREDS_IMDS:
                (void) buf_puts(out, "imds");
                break;
        }
        for (size_t i = 0; i < r->n_roles; i++)
                (void) buf_printf(out, " > %s", strrchr(r->roles[i].arn, '/') + 1);
}

static void expect(const Files *files, const AwsEnv *env, const char *profile, bool is_explicit,
                const char *expected) {
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        _cleanup_(buf_done) Buf text = BUF_INIT(1024);
        char error[DIAG_MESSAGE_MAX];

        if (make(files, env, profile, is_explicit, &recipe, error) < 0)
                FAIL("%s, expected %s", error, expected);
        describe(&recipe, &text);
        EXPECT_STR(buf_text(&text), expected);
        EXPECT(recipe.source && !strstr(recipe.source, SECRET));
}

static void expect_error(const Files *files, const AwsEnv *env, const char *profile, bool is_explicit,
                const char *const messages[static 3]) {
        CredsRecipe recipe = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(make(files, env, profile, is_explicit, &recipe, error), -ENOKEY);
        for (size_t i = 0; i < 3 && messages[i]; i++)
                EXPECT_CONTAINS(error, messages[i]);
        EXPECT(!strstr(error, SECRET));
        EXPECT(!recipe.source && recipe.n_roles == 0 && !recipe.keys.secret_key);
}

static const AwsEnv no_env, env_keys = { .access_key_id = "AKIDENV", .secret_access_key = SECRET },
                            env_web = { .role_arn = ARN("web"), .web_identity_token_file = "/run/token" },
                            env_container = { .container_relative_uri = "/x" },
                            env_nothing = { .ec2_metadata_disabled = "True" };

/* One profile that has everything: each source is taken away in turn. */
TEST(order_of_sources) {
        static const char all[] = "[default]\nsource_profile = base\n" ROLE("main") "[profile base]\n" KEYS(
                        "AKIDBASE"),
                          no_role[] = "[default]\n" KEYS("AKIDCONFIG") "credential_process = /bin/x\n",
                          no_process[] = "[default]\n" KEYS("AKIDCONFIG");
        const Files systemd = { all, NULL, "[default]\n" KEYS("AKIDSYSTEMD") }, role = { all, NULL, NULL },
                    web = { "[default]\nweb_identity_token_file = /t\nsso_account_id = 1\n" ROLE("w"),
                            "[default]\n" KEYS("AKIDCREDENTIALS"), NULL },
                    credentials = { no_role, "[default]\n" KEYS("AKIDCREDENTIALS"), NULL },
                    process = { no_role, NULL, NULL }, config = { no_process, NULL, NULL },
                    nothing = { NULL, NULL, NULL };

        expect(&systemd, &env_keys, "default", false, "static AKIDSYSTEMD");
        expect(&role, &env_keys, "default", false, "static AKIDENV");
        expect(&role, &env_web, "default", false, "static AKIDBASE > main");
        expect(&credentials, &env_web, "default", false, "web /run/token > web");
        expect(&web, &no_env, "default", false, "web /t > w");
        expect(&credentials, &env_container, "default", false, "static AKIDCREDENTIALS");
        expect(&process, &env_container, "default", false, "process /bin/x");
        expect(&config, &env_container, "default", false, "static AKIDCONFIG");
        expect(&nothing, &env_container, "default", false, "container");
        expect(&nothing, &no_env, "default", false, "imds");
}

TEST(an_explicit_profile_skips_the_environment) {
        const Files files = { "[profile p]\n" KEYS("AKIDCONFIG"), NULL, NULL };

        expect(&files, &env_keys, "p", false, "static AKIDENV");
        expect(&files, &env_keys, "p", true, "static AKIDCONFIG");
        expect(&files, &env_web, "p", true, "static AKIDCONFIG");
        expect(&files, &env_web, "p", false, "web /run/token > web");
}

TEST(systemd_credentials) {
        static const char config[] = "[profile p]\nsource_profile = base\n" ROLE("main");
        const Files own = { config, NULL, "[default]\n" KEYS("AKIDDEFAULT") "[p]\n" KEYS("AKIDP") },
                    fallback = { "", NULL, "[default]\n" KEYS("AKIDDEFAULT") },
                    source = { config, NULL, "[default]\n" KEYS("AKIDDEFAULT") "[base]\n" KEYS("AKIDBASE") },
                    half = { NULL, NULL, "[default]\naws_secret_access_key = " SECRET "\n" };
        const Files elsewhere = { "[profile p]\nregion = eu-west-1\n", NULL,
                "[default]\n" KEYS("AKIDDEFAULT") },
                    empty = { NULL, NULL, "# none here\n" };
        static const char
                        *const messages[3] = { "/run/aws: [default]: line 2: aws_secret_access_key is set" },
                               *const useless[3] = { "/run/aws has no keys in a section [p]",
                                       "there is \"default\"" };

        expect(&own, &env_keys, "p", false, "static AKIDP");
        expect(&fallback, &env_keys, "p", true, "static AKIDDEFAULT");
        /* The files know the profile: it is not mistaken for the default one. */
        expect(&source, &no_env, "p", true, "static AKIDBASE > main");
        expect_error(&half, &env_keys, "default", false, messages);
        /* Nor are the instance's keys taken while there are others, only with another name. */
        expect_error(&elsewhere, &no_env, "p", false, useless);
        expect_error(&elsewhere, &env_container, "p", true, useless);
        expect(&elsewhere, &env_keys, "p", false, "static AKIDENV");
        expect(&empty, &no_env, "default", false, "imds");
}

TEST(environment) {
        static const Files nothing;
        AwsEnv half = { .access_key_id = "AKID" }, expiring = env_keys, bad = env_keys;
        static const char *const half_messages[3] = { "the environment", "AWS_ACCESS_KEY_ID is set but" },
                                 *const bad_messages[3] = { "AWS_CREDENTIAL_EXPIRATION is \"soon\"" };
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        char error[DIAG_MESSAGE_MAX];

        expiring.credential_expiration = "2026-01-15T12:00:00Z";
        expiring.session_token = "token";
        bad.credential_expiration = "soon";
        expect_error(&nothing, &half, "default", false, half_messages);
        expect_error(&nothing, &bad, "default", false, bad_messages);
        EXPECT_OK(make(&nothing, &expiring, "default", false, &recipe, error));
        EXPECT_INT(recipe.keys.expires, 1768478400 * USEC_PER_SEC);
        EXPECT_STR(secret_text(recipe.keys.session_token), "token");
        EXPECT_STR(recipe.source, "the environment (AWS_ACCESS_KEY_ID)");
}

TEST(web_identity) {
        static const char config[] = "[profile p]\nweb_identity_token_file = /t\nrole_session_name = mine\n"
                                     "duration_seconds = 1800\n" ROLE("w");
        const Files files = { config, NULL, NULL },
                    no_role = { "[profile p]\nweb_identity_token_file = /t\n", NULL, NULL };
        AwsEnv named = env_web, no_arn = { .web_identity_token_file = "/run/token" };
        static const char *const
                        env_messages[3] = { "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not" },
                        *const messages[3] = { "/etc/config: profile \"p\": web_identity_token_file" };
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 }, from_env = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_OK(make(&files, &no_env, "p", true, &recipe, error));
        EXPECT_STR(recipe.roles[0].session_name, "mine");
        EXPECT_INT(recipe.roles[0].duration_seconds, 1800);
        named.role_session_name = "theirs";
        EXPECT_OK(make(&files, &named, "p", false, &from_env, error));
        EXPECT_STR(from_env.token_file, "/run/token");
        EXPECT_STR(from_env.roles[0].session_name, "theirs");
        EXPECT_INT(from_env.roles[0].duration_seconds, 0);
        expect_error(&(Files){ 0 }, &no_arn, "default", false, env_messages);
        expect_error(&no_role, &no_env, "p", true, messages);
}

TEST(chains) {
        static const char config[] =
                        "[profile a]\nsource_profile = b\nregion = eu-west-1\nexternal_id = ext\n"
                        "duration_seconds = 900\n" ROLE("a") "[profile b]\nsource_profile = c\nregion = eu-west-2\n" ROLE(
                                        "b") "[profile c]\nweb_identity_token_file = /t\n" ROLE("c")
                        /* Keys of a source come before its role. */
                        "[profile d]\nsource_profile = e\n" ROLE(
                                        "d") "[profile e]\nsource_profile = c\n" ROLE("e") KEYS("AKIDE")
                        /* A profile may assume its own role with its own keys. */
                        "[profile self]\nsource_profile = self\n" ROLE("self")
                                        KEYS("AKIDSELF") "[profile f]\nsource_profile = g\n" ROLE(
                                                        "f") "[profile g]\ncredential_process = x\n";
        const Files files = { config, NULL, NULL },
                    split = { "[profile p]\nsource_profile = p\n" ROLE("p"), "[p]\n" KEYS("AKIDP"), NULL };
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        char error[DIAG_MESSAGE_MAX];

        expect(&files, &no_env, "a", true, "web /t > c > b > a");
        expect(&files, &no_env, "d", true, "static AKIDE > d");
        expect(&files, &no_env, "self", true, "static AKIDSELF > self");
        expect(&split, &no_env, "p", true, "static AKIDP > p");
        expect(&files, &no_env, "f", true, "process x > f");
        /* The environment's web identity is not a source's. */
        expect(&files, &env_web, "f", false, "process x > f");
        EXPECT_OK(make(&files, &no_env, "a", true, &recipe, error));
        EXPECT_STR(recipe.region, "eu-west-1");
        EXPECT_STR(recipe.roles[2].external_id, "ext");
        EXPECT_INT(recipe.roles[2].duration_seconds, 900);
        EXPECT(!recipe.roles[1].external_id);
}

TEST(credential_sources) {
        static const char config[] = "[profile e]\ncredential_source = Environment\n" ROLE("e") "[profile c]\ncredential_source = EcsContainer\n" ROLE(
                        "c") "[profile i]\ncredential_source = Ec2InstanceMetadata\n" ROLE("i") "[profile x]\ncredential_source = environment\n" ROLE("x");
        const Files files = { config, NULL, NULL };
        static const char *const env[3] = { "credential_source is Environment",
                "AWS_ACCESS_KEY_ID is not set" },
                                 *const container[3] = { "EcsContainer",
                                         "neither AWS_CONTAINER_CREDENTIALS" },
                                 *const imds[3] = { "Ec2InstanceMetadata",
                                         "AWS_EC2_METADATA_DISABLED is true" },
                                 *const unknown[3] = { "is \"environment\"",
                                         "expected Environment, EcsContainer" };

        expect(&files, &env_keys, "e", true, "static AKIDENV > e");
        expect(&files, &env_container, "c", true, "container > c");
        expect(&files, &no_env, "i", true, "imds > i");
        expect_error(&files, &no_env, "e", true, env);
        expect_error(&files, &no_env, "c", true, container);
        expect_error(&files, &env_nothing, "i", true, imds);
        expect_error(&files, &env_keys, "x", true, unknown);
}

TEST(profiles_that_are_refused) {
        static const struct {
                const char *config, *messages[3];
        } rows[] = {
                { "[profile p]\n" ROLE("p"),
                                { "/etc/config: profile \"p\"",
                                                "wants a source_profile or credential_source" } },
                { "[profile p]\nsource_profile = q\ncredential_source = Environment\n" ROLE("p"),
                                { "profile \"p\"", "wants either source_profile or credential_source" } },
                { "[profile p]\nsource_profile = bsae\n" ROLE("p") "[profile base]\n" KEYS("A"),
                                { "no source_profile \"bsae\"", "did you mean \"base\"?" } },
                { "[profile p]\nsource_profile = p\n" ROLE("p"), { "leads back to itself" } },
                { "[profile p]\nsource_profile = q\n" ROLE("p") "[profile q]\nsource_profile = p\n" ROLE(
                                  "q"),
                                { "profile \"q\"", "source_profile \"p\" leads back to itself" } },
                { "[profile p]\nsource_profile = q\n" ROLE("p") "[profile q]\nsource_profile = q\n" ROLE(
                                  "q"),
                                { "source_profile \"q\" leads back to itself" } },
                { "[profile p]\nsource_profile = q\n" ROLE("p") "[profile q]\nregion = x\n",
                                { "profile \"q\" is the source_profile of \"p\", but has no credentials" } },
                { "[profile p]\nsource_profile = q\nmfa_serial = x\n" ROLE("p") "[profile q]\n" KEYS("A"),
                                { "mfa_serial wants somebody who types a code" } },
                { "[profile p]\nsource_profile = q\nduration_seconds = 60\n" ROLE("p") "[profile q]\n" KEYS(
                                  "A"),
                                { "profile \"p\": duration_seconds" } },
                { "[profile p]\nsource_profile = q\nrole_arn = deploy\n[profile q]\n" KEYS("A"),
                                { "profile \"p\": the role's ARN is none" } },
                { "[profile p]\nsso_account_id = 1\n",
                                { "IAM Identity Center", "credential_process = aws", "--profile p" } },
                { "[profile p]\nsso_session = s\nsso_role_name = 1\n",
                                { "(sso_role_name)", "credential_process" } },
                { "[profile p]\nlogin_session = s\n", { "\"aws login\"", "credential_process" } },
                { "[profile p]\ncredential_process = 'x\n", { "credential_process is no command" } },
                { "[profile p]\naws_access_key_id = A\n",
                                { "/etc/config: [profile p]: line 2: aws_access_key_id" } },
                { "[profile p]\nregion = Frankfurt\n" KEYS("A"), { "region is no region" } },
                { "[profile pp]\n",
                                { "no profile \"p\" in /etc/config or /etc/credentials",
                                                "did you mean \"pp\"?" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                expect_error(&(Files){ rows[i].config, NULL, NULL }, &no_env, "p", true, rows[i].messages);
}

TEST(chains_have_a_maximum) {
        _cleanup_(buf_done) Buf config = BUF_INIT(4096);
        static const char *const messages[3] = { "over more than 8 roles" };

        for (unsigned i = 0; i < CREDS_CHAIN_MAX + 1; i++)
                (void) buf_printf(&config,
                                "[profile p%u]\nrole_arn = " ARN("r%u") "\nsource_profile = p%u\n", i, i,
                                i + 1);
        (void) buf_printf(&config, "[profile p%d]\n" KEYS("AKID"), CREDS_CHAIN_MAX + 1);
        expect_error(&(Files){ buf_text(&config), NULL, NULL }, &no_env, "p0", true, messages);
        expect(&(Files){ buf_text(&config), NULL, NULL }, &no_env, "p1", true,
                        "static AKID > r8 > r7 > r6 > r5 > r4 > r3 > r2 > r1");
}

TEST(nothing_anywhere) {
        static const char *const
                        messages[3] = { "AWS_ACCESS_KEY_ID is not set, profile \"default\"",
                                "/etc/config or /etc/credentials", "AWS_EC2_METADATA_DISABLED is true" },
                        *const flag[3] = { "AWS_EC2_METADATA_DISABLED is \"yes\", expected true or false" },
                        *const missing[3] = { "there is no profile \"default\"", "there is none at all" };
        const AwsEnv odd = { .ec2_metadata_disabled = "yes" };

        expect_error(&(Files){ 0 }, &env_nothing, "default", false, messages);
        expect_error(&(Files){ 0 }, &odd, "default", false, flag);
        expect_error(&(Files){ 0 }, &no_env, "default", true, missing);
        expect(&(Files){ .config = "[default]\nregion = eu-west-1\n" }, &no_env, "default", true, "imds");
}

static void make_with_faults(const Files *files, const AwsEnv *env) {
        _cleanup_(ini_freep) Ini *config = parse(files->config);
        const CredsTexts texts = { .config = config };

        FAULT_LOOP {
                _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = creds_recipe_make(&texts, env, "p", false, &recipe, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!recipe.source && recipe.n_roles == 0);
        }
}

TEST(out_of_memory) {
        static const char *const configs[] = {
                "[profile p]\nregion = eu-west-1\nexternal_id = ext\nsource_profile = q\n" ROLE(
                                "p") "[profile q]\nweb_identity_token_file = /t\n" ROLE("q"),
                "[profile p]\nsource_profile = q\n" ROLE("p") "[profile q]\ncredential_process = x y\n",
                "[profile p]\n" KEYS("AKID"),
                "[profile p]\ncredential_source = Ec2InstanceMetadata\n" ROLE("p"),
                "[profile p]\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(configs); i++)
                make_with_faults(&(Files){ configs[i], NULL, NULL }, &no_env);
        make_with_faults(&(Files){ "[profile p]\n", NULL, NULL }, &env_keys);
        make_with_faults(&(Files){ "[profile p]\n", NULL, NULL }, &env_container);
        make_with_faults(&(Files){ "[profile p]\n", NULL, NULL }, &env_web);
}
