/* Config, credentials and systemd's file, with lines "%%" between them: the recipe for two profiles, named
 * by the configuration or not, and the settings. */

#include <stdlib.h>

#include "aws/creds-recipe.h"
#include "aws/creds-role.h"
#include "aws/settings.h"
#include "base/str.h"
#include "base/usec.h"
#include "fuzz/fuzz.h"

#define TEXTS 3

static const AwsEnv environments[] = {
        { 0 },
        { .access_key_id = "AKIDENV", .secret_access_key = "secret", .ec2_metadata_disabled = "true" },
        { .role_arn = "arn:aws:iam::123456789012:role/x",
                        .web_identity_token_file = "/t",
                        .ec2_metadata_disabled = "true" },
};

static Ini *parse(const char *text, size_t size) {
        char error[DIAG_MESSAGE_MAX] = "";
        Ini *ini = NULL;
        int r = ini_parse(text, size, &ini, error);

        FUZZ_CHECK(r == 0 ? ini != NULL : r == -EINVAL && error[0] != '\0');
        return ini;
}

static void check_keys(const AwsCreds *keys) {
        _cleanup_(aws_creds_done) AwsCreds again = { 0 };
        char error[DIAG_MESSAGE_MAX];

        FUZZ_CHECK(keys->secret_key);
        FUZZ_CHECK(keys->expires == USEC_INFINITY);
        /* What a file may hold, the environment may hold too. */
        FUZZ_CHECK(aws_creds_from_values(keys->access_key, secret_text(keys->secret_key),
                                   keys->session_token ? secret_text(keys->session_token) : NULL, &again,
                                   error) == 1);
        FUZZ_CHECK(streq(keys->access_key, again.access_key));
}

static void check_recipe(const CredsRecipe *r) {
        size_t words = 0;

        FUZZ_CHECK(r->source && r->n_roles <= CREDS_CHAIN_MAX);
        for (size_t i = 0; i < r->n_roles; i++) {
                const CredsRole *role = &r->roles[i];

                FUZZ_CHECK(role_arn_is_valid(role->arn));
                FUZZ_CHECK(!role->external_id || role_external_id_is_valid(role->external_id));
                FUZZ_CHECK(!role->session_name || role_session_name_is_valid(role->session_name));
                FUZZ_CHECK(role->duration_seconds == 0 ||
                                (role->duration_seconds >= CREDS_TTL_MIN &&
                                                role->duration_seconds <= CREDS_TTL_MAX));
        }
        FUZZ_CHECK((r->origin == CREDS_PROCESS) == (r->argv != NULL));
        FUZZ_CHECK((r->origin == CREDS_WEB_IDENTITY) == (r->token_file != NULL));
        FUZZ_CHECK(r->origin != CREDS_WEB_IDENTITY || r->n_roles > 0);
        if (r->origin == CREDS_STATIC)
                check_keys(&r->keys);
        if (r->argv) {
                while (r->argv[words])
                        words++;
                FUZZ_CHECK(words > 0 && words <= CREDS_ARGV_MAX && r->argv[0][0] != '\0');
        }
}

static void check_settings(const CredsTexts *texts, const AwsEnv *env) {
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        const AwsOverrides overrides = { .profile = "p" };
        char error[DIAG_MESSAGE_MAX] = "";
        int r = aws_settings_resolve(&overrides, env, texts->config, texts->credentials, &settings, error);

        FUZZ_CHECK(r == 0 || (r == -EINVAL && error[0] != '\0' && !settings.profile));
        for (AwsService service = 0; r == 0 && service < AWS_SERVICE_COUNT; service++) {
                _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };
                const char *region = settings.region ? settings.region : "eu-west-1";

                FUZZ_CHECK(aws_settings_endpoint(&settings, service, region, &e) == 0);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char separator[] = "\n%%\n";
        const char *text = (const char *) data;
        Ini *inis[TEXTS] = { NULL };
        CredsTexts texts;

        for (size_t i = 0; i < TEXTS && text; i++) {
                size_t left = size - (size_t) (text - (const char *) data);
                const char *end = memmem(text, left, separator, strlen(separator));

                inis[i] = parse(text, end ? (size_t) (end - text) + 1 : left);
                text = end ? end + strlen(separator) : NULL;
        }
        texts = (CredsTexts){ .config = inis[0], .credentials = inis[1], .systemd = inis[2] };
        for (size_t i = 0; i < ELEMENTSOF(environments) * 4; i++) {
                _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
                const AwsEnv *env = &environments[i / 4];
                char error[DIAG_MESSAGE_MAX] = "";
                int r = creds_recipe_make(&texts, env, i % 2 ? "default" : "p", i % 4 >= 2, &recipe, error);

                if (r == 0)
                        check_recipe(&recipe);
                else
                        FUZZ_CHECK(r == -ENOKEY && error[0] != '\0' && !recipe.source);
                if (i % 4 == 0)
                        check_settings(&texts, env);
        }
        for (size_t i = 0; i < TEXTS; i++)
                (void) ini_free(inis[i]);
        return 0;
}
