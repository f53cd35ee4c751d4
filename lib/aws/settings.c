#include "aws/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/profile.h"
#include "base/alloc.h"
#include "base/str.h"

#define GLOBAL_STS_REGION "us-east-1"

/* The regions that were there before STS had regional endpoints. */
static const char *const legacy_sts_regions[] = {
        "ap-northeast-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "aws-global",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
};

typedef struct Resolver {
        const AwsOverrides *overrides;
        const AwsEnv *env;
        ProfileFiles files;
        AwsSettings s;
        char *error; /* DIAG_MESSAGE_MAX */
} Resolver;

void aws_settings_done(AwsSettings *s) {
        free(s->profile);
        free(s->region);
        free(s->ca_bundle);
        for (size_t i = 0; i < AWS_SERVICE_COUNT; i++)
                free(s->endpoint_urls[i]);
        *s = (AwsSettings){ 0 };
}

static void resolver_done(Resolver *r) {
        aws_settings_done(&r->s);
}

static int refuse(Resolver *r, const char *format, ...) _printf_(2, 3);

static int refuse(Resolver *r, const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(r->error, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

int aws_flag_parse(const char *s, bool *ret) {
        if (s && !strcaseeq(s, "true") && !strcaseeq(s, "false"))
                return -EINVAL;
        *ret = s && strcaseeq(s, "true");
        return 0;
}

/* A value and where it came from, for messages. */
typedef struct Setting {
        const char *value; /* NULL: nobody says */
        const char *name;
        const char *profile; /* NULL: not from a profile */
} Setting;

static int refuse_setting(Resolver *r, const Setting *s, const char *expected) {
        return refuse(r, "%s%s%s%s is no good: expected %s", s->profile ? "profile \"" : "",
                        s->profile ? s->profile : "", s->profile ? "\": " : "", s->name, expected);
}

/* The same for a word, which is no place for a secret. */
static int refuse_word(Resolver *r, const Setting *s, const char *expected) {
        return refuse(r, "%s%s%s%s is \"%.40s\": expected %s", s->profile ? "profile \"" : "",
                        s->profile ? s->profile : "", s->profile ? "\": " : "", s->name, s->value, expected);
}

static const char *non_empty(const char *s) {
        return str_is_empty(s) ? NULL : s;
}

/* The first that says something: the daemon's configuration, the environment, the profile. */
static Setting pick(const Resolver *r, const char *override, const char *override_name, const char *variable,
                const char *variable_name, const char *key) {
        if (override)
                return (Setting){ override, override_name, NULL };
        if (variable)
                return (Setting){ variable, variable_name, NULL };
        return (Setting){ profile_get(&r->files, r->s.profile, key), key, r->s.profile };
}

static int copy_to(char **dst, const char *src) {
        if (!src)
                return 0;
        *dst = alloc_copy_string(src);
        return *dst ? 0 : -ENOMEM;
}

static int resolve_region(Resolver *r) {
        Setting s = pick(r, non_empty(r->overrides->region), "the configured region",
                        non_empty(r->env->region), "AWS_REGION", "region");

        s.value = non_empty(s.value);
        if (s.value && !aws_region_is_valid(s.value))
                return refuse_word(r, &s, "the name of a region such as eu-west-1");
        return copy_to(&r->s.region, s.value);
}

static int resolve_ca_bundle(Resolver *r) {
        Setting s = pick(r, r->overrides->ca_bundle, "the configured CA bundle", r->env->ca_bundle,
                        "AWS_CA_BUNDLE", "ca_bundle");

        if (s.value && s.value[strspn(s.value, " \t\r\n")] == '\0')
                return refuse_setting(r, &s, "the path of a PEM file, but it is blank");
        return copy_to(&r->s.ca_bundle, s.value);
}

static int resolve_flag(Resolver *r, bool override, const char *variable, const char *variable_name,
                const char *key, bool *ret) {
        Setting s = pick(r, NULL, NULL, non_empty(variable), variable_name, key);

        if (aws_flag_parse(non_empty(s.value), ret) < 0)
                return refuse_word(r, &s, "true or false");
        *ret = *ret || override;
        return 0;
}

static int resolve_flags(Resolver *r) {
        const AwsEnv *env = r->env;
        bool no_correction = false;
        int k;

        k = resolve_flag(r, r->overrides->use_fips, env->use_fips, "AWS_USE_FIPS_ENDPOINT",
                        "use_fips_endpoint", &r->s.use_fips);
        if (k < 0)
                return k;
        k = resolve_flag(r, r->overrides->use_dual_stack, env->use_dual_stack, "AWS_USE_DUALSTACK_ENDPOINT",
                        "use_dualstack_endpoint", &r->s.use_dual_stack);
        if (k < 0)
                return k;
        k = resolve_flag(r, false, env->disable_skew_correction, "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
                        "disable_clock_skew_correction", &no_correction);
        if (k < 0)
                return k;
        r->s.corrects_skew = !no_correction;
        return 0;
}

static int resolve_sts(Resolver *r) {
        Setting s = pick(r, NULL, NULL, non_empty(r->env->sts_regional_endpoints),
                        "AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");

        s.value = non_empty(s.value);
        if (s.value && !strcaseeq(s.value, "legacy") && !strcaseeq(s.value, "regional"))
                return refuse_word(r, &s, "regional or legacy");
        r->s.sts_global = s.value && strcaseeq(s.value, "legacy");
        return 0;
}

/* The entry of the service in the section that the profile's "services" names. */
static int find_service_entry(Resolver *r, const char *service_key, char section[static PROFILE_SECTION_MAX],
                Setting *ret) {
        const char *services = non_empty(profile_get(&r->files, r->s.profile, "services"));
        int n;

        *ret = (Setting){ NULL, section, r->s.profile };
        if (!services)
                return 0;
        n = snprintf(section, PROFILE_SECTION_MAX, "services %s", services);
        if (n < 0 || n >= PROFILE_SECTION_MAX || !r->files.config ||
                        !ini_has_section(r->files.config, section))
                return refuse(r,
                                "profile \"%s\": services is \"%.80s\", but the config file has no section [services %.80s]",
                                r->s.profile, services, services);
        ret->value = non_empty(ini_get_nested(r->files.config, section, service_key, "endpoint_url"));
        return 0;
}

static int find_configured_url(
                Resolver *r, AwsService service, char section[static PROFILE_SECTION_MAX], Setting *ret) {
        static const char *const keys[] = {
                [AWS_LAMBDA] = "lambda",
                [AWS_CLOUDWATCH] = "cloudwatch",
                [AWS_STS] = "sts",
        };
        static const char *const names[] = {
                [AWS_LAMBDA] = "AWS_ENDPOINT_URL_LAMBDA",
                [AWS_CLOUDWATCH] = "AWS_ENDPOINT_URL_CLOUDWATCH",
                [AWS_STS] = "AWS_ENDPOINT_URL_STS",
        };
        const char *const variables[] = {
                [AWS_LAMBDA] = r->env->endpoint_url_lambda,
                [AWS_CLOUDWATCH] = r->env->endpoint_url_cloudwatch,
                [AWS_STS] = r->env->endpoint_url_sts,
        };
        int k;

        *ret = (Setting){ non_empty(variables[service]), names[service], NULL };
        if (ret->value)
                return 0;
        *ret = (Setting){ non_empty(r->env->endpoint_url), "AWS_ENDPOINT_URL", NULL };
        if (ret->value)
                return 0;
        k = find_service_entry(r, keys[service], section, ret);
        if (k < 0 || ret->value)
                return k;
        *ret = (Setting){ non_empty(profile_get(&r->files, r->s.profile, "endpoint_url")), "endpoint_url",
                r->s.profile };
        return 0;
}

static int resolve_url(Resolver *r, AwsService service, bool ignores) {
        const char *override = non_empty(r->overrides->endpoint_urls[service]);
        Setting s = { override ? override : non_empty(r->overrides->endpoint_url), "the configured endpoint",
                NULL };
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        char section[PROFILE_SECTION_MAX];
        int k;

        if (!s.value && !ignores) {
                k = find_configured_url(r, service, section, &s);
                if (k < 0)
                        return k;
        }
        if (!s.value)
                return 0;
        k = aws_endpoint_from_url(s.value, &endpoint);
        if (k == -EINVAL)
                return refuse_setting(r, &s,
                                "https://HOST[:PORT][/PATH] or http://..., without user, query and fragment");
        return k < 0 ? k : copy_to(&r->s.endpoint_urls[service], s.value);
}

static int resolve_urls(Resolver *r) {
        bool ignores;
        int k;

        k = resolve_flag(r, false, r->env->ignore_endpoint_urls, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                        "ignore_configured_endpoint_urls", &ignores);
        for (AwsService service = 0; service < AWS_SERVICE_COUNT && k >= 0; service++)
                k = resolve_url(r, service, ignores);
        return k;
}

int aws_settings_resolve(const AwsOverrides *overrides, const AwsEnv *env, const Ini *config,
                const Ini *credentials, AwsSettings *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        static int (*const steps[])(Resolver * r) = {
                resolve_region,
                resolve_ca_bundle,
                resolve_flags,
                resolve_sts,
                resolve_urls,
        };
        _cleanup_(resolver_done) Resolver r = { overrides, env, { config, credentials }, { 0 }, reterr };
        const char *profile = non_empty(overrides->profile);
        int k;

        r.s.profile_is_explicit = profile != NULL;
        if (!profile)
                profile = non_empty(env->profile);
        k = copy_to(&r.s.profile, profile ? profile : "default");
        for (size_t i = 0; i < ELEMENTSOF(steps) && k >= 0; i++)
                k = steps[i](&r);
        if (k < 0)
                return k;
        *ret = r.s;
        r.s = (AwsSettings){ 0 };
        return 0;
}

static bool is_global_sts(const AwsSettings *s, AwsService service, const char *region) {
        if (service != AWS_STS || s->endpoint_urls[AWS_STS] || s->use_fips || s->use_dual_stack)
                return false;
        if (!s->sts_global)
                return streq(region, "aws-global");
        for (size_t i = 0; i < ELEMENTSOF(legacy_sts_regions); i++)
                if (streq(region, legacy_sts_regions[i]))
                        return true;
        return false;
}

int aws_settings_endpoint(const AwsSettings *s, AwsService service, const char *region, AwsEndpoint *ret) {
        const char *name = is_global_sts(s, service, region) ? "aws-global" : region;
        _cleanup_(aws_endpoint_done) AwsEndpoint own = { 0 };
        int r;

        /* Wherever a request goes, it is signed for a region: that must be one. */
        r = aws_endpoint_from_variant(service, name, (AwsVariant){ s->use_fips, s->use_dual_stack }, &own);
        if (r < 0)
                return r;
        if (s->endpoint_urls[service])
                return aws_endpoint_from_url(s->endpoint_urls[service], ret);
        *ret = own;
        own = (AwsEndpoint){ 0 };
        return 0;
}

const char *aws_settings_signing_region(const AwsSettings *s, AwsService service, const char *region) {
        return is_global_sts(s, service, region) ? GLOBAL_STS_REGION : region;
}
