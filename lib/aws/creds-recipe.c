#include "aws/creds-recipe.h"

#include <stdarg.h>
#include <stdio.h>

#include "aws/creds-role.h"
#include "aws/endpoint.h"
#include "aws/profile.h"
#include "aws/settings.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"

/* What is known while a recipe is looked for. The steps below return 1: found, 0: not here, -ENOKEY: it is
 * here but no good, error says why, -ENOMEM. */
typedef struct Search {
        const CredsTexts *texts;
        ProfileFiles files;
        const AwsEnv *env;
        bool uses_env; /* the environment's keys and web identity count */
        CredsRecipe recipe;
        const char *visited[CREDS_CHAIN_MAX + 1]; /* profiles whose roles were taken */
        size_t n_visited;
        char *error; /* DIAG_MESSAGE_MAX */
} Search;

void creds_recipe_done(CredsRecipe *r) {
        free(r->source);
        aws_creds_done(&r->keys);
        creds_free_argv(r->argv);
        free(r->token_file);
        for (size_t i = 0; i < r->n_roles; i++)
                creds_role_done(&r->roles[i]);
        free(r->region);
        *r = (CredsRecipe){ 0 };
}

static void search_done(Search *s) {
        creds_recipe_done(&s->recipe);
}

static int refuse(Search *s, const char *format, ...) _printf_(2, 3);

static int refuse(Search *s, const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(s->error, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
        return -ENOKEY;
}

static const char *config_path(const Search *s) {
        return s->texts->config_path ? s->texts->config_path : "the config file";
}

static const char *credentials_path(const Search *s) {
        return s->texts->credentials_path ? s->texts->credentials_path : "the credentials file";
}

/* The file that has the last word on a key of a profile. */
static const char *path_of(const Search *s, const char *name, const char *key) {
        const Ini *credentials = s->files.credentials;

        return credentials && ini_get(credentials, name, key) ? credentials_path(s) : config_path(s);
}

/* NULL: absent or empty, which is the same to everybody. */
static const char *get(const Search *s, const char *name, const char *key) {
        const char *value = profile_get(&s->files, name, key);

        return str_is_empty(value) ? NULL : value;
}

static int found(Search *s, CredsOrigin origin, char *take_source) {
        if (!take_source)
                return -ENOMEM;
        s->recipe.origin = origin;
        s->recipe.source = take_source;
        return 1;
}

static int copy_to(char **dst, const char *src) {
        *dst = alloc_copy_string(src);
        return *dst ? 0 : -ENOMEM;
}

static int from_section(Search *s, const Ini *ini, const char *path, const char *section) {
        char error[DIAG_MESSAGE_MAX];
        int r = aws_creds_from_section(ini, section, &s->recipe.keys, error);

        if (r == -EINVAL)
                return refuse(s, "%s: [%s]: %s", path, section, error);
        return r <= 0 ? r : found(s, CREDS_STATIC, alloc_printf("[%s] of %s", section, path));
}

static int from_systemd(Search *s, const char *section) {
        const char *path = s->texts->systemd_path;

        if (!s->texts->systemd)
                return 0;
        return from_section(s, s->texts->systemd, path ? path : "systemd's credential \"aws\"", section);
}

static int from_env_keys(Search *s) {
        const AwsEnv *env = s->env;
        char error[DIAG_MESSAGE_MAX];
        int r = aws_creds_from_values(env->access_key_id, env->secret_access_key, env->session_token,
                        &s->recipe.keys, error);

        if (r == -EINVAL)
                return refuse(s, "the environment: %s", error);
        if (r <= 0)
                return r;
        if (env->credential_expiration &&
                        time_parse_rfc3339(env->credential_expiration, &s->recipe.keys.expires) < 0)
                return refuse(s,
                                "the environment: AWS_CREDENTIAL_EXPIRATION is \"%.40s\", expected a time "
                                "such as 2026-01-15T12:34:56Z",
                                env->credential_expiration);
        return found(s, CREDS_STATIC, alloc_copy_string("the environment (AWS_ACCESS_KEY_ID)"));
}

static int from_container(Search *s) {
        if (!s->env->container_relative_uri && !s->env->container_full_uri)
                return 0;
        return found(s, CREDS_CONTAINER, alloc_copy_string("the container's credentials endpoint"));
}

static int from_imds(Search *s) {
        bool disabled = false;

        if (aws_flag_parse(s->env->ec2_metadata_disabled, &disabled) < 0)
                return refuse(s,
                                "the environment: AWS_EC2_METADATA_DISABLED is \"%.40s\", expected true or false",
                                s->env->ec2_metadata_disabled);
        return disabled ? 0 : found(s, CREDS_IMDS, alloc_copy_string("the EC2 instance metadata service"));
}

static int add_role(Search *s, const char *name, const CredsRoleTexts *texts) {
        char error[DIAG_MESSAGE_MAX];
        int r;

        if (s->recipe.n_roles == CREDS_CHAIN_MAX)
                return refuse(s,
                                "profile \"%s\" is reached over more than %d roles, each the source of the next",
                                name, CREDS_CHAIN_MAX);
        r = creds_role_read(texts, &s->recipe.roles[s->recipe.n_roles], error);
        if (r == -EINVAL)
                return refuse(s, "profile \"%s\": %s", name, error);
        if (r < 0)
                return r;
        s->recipe.n_roles++;
        return 1;
}

static int from_web_identity(Search *s, const char *name) {
        bool uses_env = s->uses_env && s->n_visited == 0;
        const char *env_arn = uses_env ? s->env->role_arn : NULL,
                   *env_token = uses_env ? s->env->web_identity_token_file : NULL,
                   *token = env_token ? env_token : get(s, name, "web_identity_token_file");
        CredsRoleTexts role = {
                .arn = env_arn ? env_arn : get(s, name, "role_arn"),
                .session_name = uses_env ? s->env->role_session_name : NULL,
                /* An arn of the environment is another role than the profile's. */
                .duration_seconds = env_arn ? NULL : get(s, name, "duration_seconds"),
        };
        int r;

        if (!token)
                return 0;
        if (!role.arn)
                return env_token
                                ? refuse(s, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not")
                                : refuse(s, "%s: profile \"%s\": web_identity_token_file stands without role_arn",
                                                  path_of(s, name, "web_identity_token_file"), name);
        if (!role.session_name)
                role.session_name = get(s, name, "role_session_name");
        r = add_role(s, name, &role);
        if (r < 0)
                return r;
        r = copy_to(&s->recipe.token_file, token);
        if (r < 0)
                return r;
        return found(s, CREDS_WEB_IDENTITY,
                        env_token ? alloc_copy_string("the environment (AWS_WEB_IDENTITY_TOKEN_FILE)")
                                  : alloc_printf("the web identity of profile \"%s\" of %s", name,
                                                    path_of(s, name, "web_identity_token_file")));
}

/* Sessions that a person keeps alive in a browser. */
static int refuse_interactive(Search *s, const char *name, const char *key, const char *what) {
        return refuse(s,
                        "%s: profile \"%s\" signs in through %s (%s), which a daemon cannot do: use a profile with "
                        "credential_process = aws configure export-credentials --profile %s --format process",
                        path_of(s, name, key), name, what, key, name);
}

static int from_sso(Search *s, const char *name) {
        static const char *const keys[] = { "sso_account_id", "sso_role_name" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (get(s, name, keys[i]))
                        return refuse_interactive(s, name, keys[i], "IAM Identity Center");
        return 0;
}

static int from_login(Search *s, const char *name) {
        return get(s, name, "login_session") ? refuse_interactive(s, name, "login_session", "\"aws login\"")
                                             : 0;
}

static int from_credentials(Search *s, const char *name) {
        return s->files.credentials ? from_section(s, s->files.credentials, credentials_path(s), name) : 0;
}

static int from_config(Search *s, const char *name) {
        char buffer[PROFILE_SECTION_MAX];
        const char *section = profile_config_section(&s->files, name, buffer);

        return section ? from_section(s, s->files.config, config_path(s), section) : 0;
}

static int from_process(Search *s, const char *name) {
        const char *command = get(s, name, "credential_process"),
                   *path = path_of(s, name, "credential_process");
        int r;

        if (!command)
                return 0;
        r = creds_split_command(command, &s->recipe.argv);
        if (r == -EINVAL)
                return refuse(s,
                                "%s: profile \"%s\": credential_process is no command of 1 to %d words (is a quote "
                                "left open?)",
                                path, name, CREDS_ARGV_MAX);
        if (r < 0)
                return r;
        return found(s, CREDS_PROCESS,
                        alloc_printf("the credential_process of profile \"%s\" of %s", name, path));
}

/* What a profile holds beside a role to be assumed. */
static int from_profile(Search *s, const char *name) {
        static int (*const sources[])(Search * s, const char *name) = {
                from_web_identity,
                from_sso,
                from_credentials,
                from_login,
                from_process,
                from_config,
        };
        int r = 0;

        if (s->n_visited > 0)
                r = from_systemd(s, name);
        for (size_t i = 0; i < ELEMENTSOF(sources) && r == 0; i++)
                r = sources[i](s, name);
        return r;
}

static bool has_keys(const Search *s, const char *name) {
        static const char *const keys[] = { "aws_access_key_id", "aws_secret_access_key" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (get(s, name, keys[i]) ||
                                (s->texts->systemd &&
                                                !str_is_empty(ini_get(s->texts->systemd, name, keys[i]))))
                        return true;
        return false;
}

static bool exists(const Search *s, const char *name) {
        return profile_exists(&s->files, name) ||
                        (s->texts->systemd && ini_has_section(s->texts->systemd, name));
}

static bool wants_role(const Search *s, const char *name) {
        return get(s, name, "role_arn") && !get(s, name, "web_identity_token_file");
}

static int from_credential_source(Search *s, const char *name, const char *source) {
        const char *path = path_of(s, name, "credential_source"), *missing;
        int r;

        if (streq(source, "Environment")) {
                r = from_env_keys(s);
                missing = "AWS_ACCESS_KEY_ID is not set";
        } else if (streq(source, "EcsContainer")) {
                r = from_container(s);
                missing = "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor ..._FULL_URI is set";
        } else if (streq(source, "Ec2InstanceMetadata")) {
                r = from_imds(s);
                missing = "AWS_EC2_METADATA_DISABLED is true";
        } else
                return refuse(s,
                                "%s: profile \"%s\": credential_source is \"%.40s\", expected Environment, "
                                "EcsContainer or Ec2InstanceMetadata",
                                path, name, source);
        return r != 0 ? r
                      : refuse(s, "%s: profile \"%s\": credential_source is %s, but %s", path, name, source,
                                        missing);
}

/* Is "source" fit to be asked for the keys that assume the role of "name"? */
static int check_source(Search *s, const char *name, const char *source) {
        const char *path = path_of(s, name, "source_profile");
        char hint[DIAG_MESSAGE_MAX / 2];

        if (!exists(s, source)) {
                profile_suggest(&s->files, source, hint, sizeof(hint));
                return refuse(s, "%s: profile \"%s\": there is no source_profile \"%s\"; %s", path, name,
                                source, hint);
        }
        /* A profile may assume its own role with its own keys. */
        if (streq(source, name) && has_keys(s, source))
                return 0;
        for (size_t i = 0; i < s->n_visited; i++)
                if (streq(s->visited[i], source))
                        return refuse(s,
                                        "%s: profile \"%s\": source_profile \"%s\" leads back to itself: a chain "
                                        "of roles must end in a profile with keys",
                                        path, name, source);
        return 0;
}

static int take_role(
                Search *s, const char *name, const char *source_profile, const char *credential_source) {
        const CredsRoleTexts role = {
                .arn = get(s, name, "role_arn"),
                .external_id = get(s, name, "external_id"),
                .session_name = get(s, name, "role_session_name"),
                .duration_seconds = get(s, name, "duration_seconds"),
        };
        const char *path = path_of(s, name, "role_arn");

        if (!source_profile == !credential_source)
                return refuse(s,
                                "%s: profile \"%s\": role_arn wants %s source_profile or credential_source, to "
                                "say whose keys assume the role",
                                path, name, source_profile ? "either" : "a");
        if (get(s, name, "mfa_serial"))
                return refuse(s,
                                "%s: profile \"%s\": mfa_serial wants somebody who types a code, and a daemon has "
                                "nobody: use a role that can be assumed without",
                                path, name);
        return add_role(s, name, &role);
}

/* From the role that is wanted down to the keys that start with. */
static int from_chain(Search *s, const char *profile) {
        const char *name = profile;
        int r;

        /* Each turn takes a role, of which there may be so many. */
        while (wants_role(s, name) && (s->n_visited == 0 || !has_keys(s, name))) {
                const char *source_profile = get(s, name, "source_profile"),
                           *credential_source = get(s, name, "credential_source");

                r = take_role(s, name, source_profile, credential_source);
                if (r < 0)
                        return r;
                s->visited[s->n_visited++] = name;
                if (credential_source)
                        return from_credential_source(s, name, credential_source);
                r = check_source(s, name, source_profile);
                if (r < 0)
                        return r;
                name = source_profile;
        }
        r = from_profile(s, name);
        if (r == 0 && s->n_visited > 0)
                return refuse(s,
                                "profile \"%s\" is the source_profile of \"%s\", but has no credentials in %s or "
                                "%s",
                                name, s->visited[s->n_visited - 1], config_path(s), credentials_path(s));
        return r;
}

static int take_region(Search *s, const char *profile) {
        const char *region = get(s, profile, "region");

        if (!region)
                return 0;
        if (!aws_region_is_valid(region))
                return refuse(s,
                                "%s: profile \"%s\": region is no region, expected a name such as eu-west-1",
                                path_of(s, profile, "region"), profile);
        return copy_to(&s->recipe.region, region);
}

static int refuse_missing_profile(Search *s, const char *profile) {
        char hint[DIAG_MESSAGE_MAX / 2];

        profile_suggest(&s->files, profile, hint, sizeof(hint));
        return refuse(s, "there is no profile \"%s\" in %s or %s; %s", profile, config_path(s),
                        credentials_path(s), hint);
}

/* Whoever hands us keys does not mean those of the container or the instance. An empty text hands none. */
static int check_systemd(Search *s, const char *profile) {
        const char *path = s->texts->systemd_path, *section;
        char hint[DIAG_MESSAGE_MAX / 2];
        size_t cursor = 0;

        section = s->texts->systemd ? ini_section(s->texts->systemd, &cursor) : NULL;
        if (!section)
                return 0;
        profile_suggest(&(const ProfileFiles){ .credentials = s->texts->systemd }, profile, hint,
                        sizeof(hint));
        return refuse(s,
                        "%s has no keys in a section [%s], and profile \"%s\" has none elsewhere: give them that "
                        "section; %s",
                        path ? path : "systemd's credential \"aws\"", profile, profile, hint);
}

static int search(Search *s, const char *profile, bool is_explicit) {
        int r = from_systemd(s, profile);

        /* A profile that the other files describe is not to be had with somebody else's keys. */
        if (r == 0 && !profile_exists(&s->files, profile))
                r = from_systemd(s, "default");
        if (r == 0 && s->uses_env)
                r = from_env_keys(s);
        if (r != 0)
                return r;
        if (!exists(s, profile) && (is_explicit || !streq(profile, "default")))
                return refuse_missing_profile(s, profile);
        r = from_chain(s, profile);
        if (r == 0)
                r = check_systemd(s, profile);
        if (r == 0)
                r = from_container(s);
        if (r == 0)
                r = from_imds(s);
        if (r == 0)
                return refuse(s,
                                "%sprofile \"%s\" has none in %s or %s, this is no container, and "
                                "AWS_EC2_METADATA_DISABLED is true; provide any of them",
                                s->uses_env ? "AWS_ACCESS_KEY_ID is not set, " : "", profile, config_path(s),
                                credentials_path(s));
        return r < 0 ? r : take_region(s, profile);
}

int creds_recipe_make(const CredsTexts *texts, const AwsEnv *env, const char *profile, bool is_explicit,
                CredsRecipe *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(search_done) Search s = {
                .texts = texts,
                .files = { texts->config, texts->credentials },
                .env = env,
                .uses_env = !is_explicit,
                .error = reterr,
        };
        int r = search(&s, profile, is_explicit);

        if (r < 0)
                return r;
        /* Found from the last one to the first. */
        for (size_t i = 0, j = s.recipe.n_roles; i + 1 < j; i++) {
                CredsRole first = s.recipe.roles[i];

                s.recipe.roles[i] = s.recipe.roles[--j];
                s.recipe.roles[j] = first;
        }
        *ret = s.recipe;
        s.recipe = (CredsRecipe){ 0 };
        return 0;
}
