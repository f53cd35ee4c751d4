#include "daemon/aws-config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "aws/metadata.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "daemon/creds-files.h"

/* Larger ones are believed to be what they are said to be. */
#define BUNDLE_LOOK_MAX ((size_t) 8 * 1024 * 1024)
/* The end of the line that a certificate of any kind begins with. */
#define BUNDLE_MARK "CERTIFICATE-----"

static AwsOverrides overrides_of(const Conf *conf) {
        return (AwsOverrides){
                .profile = conf->aws_profile,
                .region = conf->aws_region,
                .ca_bundle = conf->aws_ca_bundle,
                .endpoint_url = conf->aws_endpoint_url,
                .endpoint_urls =
                                {
                                                [AWS_LAMBDA] = conf->aws_endpoint_url_lambda,
                                                [AWS_CLOUDWATCH] = conf->aws_endpoint_url_cloudwatch,
                                                [AWS_STS] = conf->aws_endpoint_url_sts,
                                },
                .use_fips = conf->aws_use_fips_endpoint,
                .use_dual_stack = conf->aws_use_dualstack_endpoint,
        };
}

static int look_at_files(const Conf *conf, const AwsEnv *env, CredsFiles **ret) {
        _cleanup_(creds_files_freep) CredsFiles *files = NULL;
        int r;

        r = creds_files_new(env, conf->aws_config_file, conf->aws_shared_credentials_file, &files);
        if (r >= 0)
                r = creds_files_look(files, 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(files);
        return 0;
}

static const char *bundle_fault(const char *path) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;
        int r = fs_read(AT_FDCWD, path, true, BUNDLE_LOOK_MAX, &text, &size, NULL);

        if (r == -EFBIG || r == -ENOMEM)
                return NULL;
        if (r == -ENOTSUP)
                return "is not a regular file";
        if (r < 0)
                return strerror(-r);
        return memmem(text, size, BUNDLE_MARK, strlen(BUNDLE_MARK)) ? NULL : "holds no certificate";
}

static int check_bundle(const Conf *conf, const AwsEnv *env, const AwsSettings *settings,
                char reterr[static DIAG_MESSAGE_MAX]) {
        const char *fault = settings->ca_bundle ? bundle_fault(settings->ca_bundle) : NULL;
        const char *key = conf->aws_ca_bundle ? "ca_bundle under \"aws\" in the configuration"
                        : env->ca_bundle      ? "AWS_CA_BUNDLE"
                                              : "ca_bundle in the AWS profile";

        if (!fault)
                return 0;
        (void) snprintf(reterr, DIAG_MESSAGE_MAX,
                        "%s is %.120s: %s; expected a PEM file of certificates that the daemon may read",
                        key, settings->ca_bundle, fault);
        return -ENOKEY;
}

static int check_metadata(const Conf *conf, const AwsEnv *env, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(imds_config_done) ImdsConfig imds = { 0 };

        return imds_config_from_env(env, conf->aws_imds_v1, &imds, reterr);
}

static int resolve(const Conf *conf, const AwsEnv *env, const CredsTexts *texts, AwsSettings *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        AwsOverrides overrides = overrides_of(conf);
        int r;

        r = aws_settings_resolve(&overrides, env, texts->config, texts->credentials, &settings, reterr);
        if (r >= 0)
                r = check_bundle(conf, env, &settings, reterr);
        if (r >= 0)
                r = check_metadata(conf, env, reterr);
        if (r < 0)
                return r;
        *ret = settings;
        settings = (AwsSettings){ 0 };
        return 0;
}

int aws_config_resolve(const Conf *conf, const AwsEnv *env, AwsSettings *ret,
                char retbroken[static DIAG_MESSAGE_MAX], char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(creds_files_freep) CredsFiles *files = NULL;
        CredsTexts texts = { 0 };
        int r;

        retbroken[0] = '\0';
        r = look_at_files(conf, env, &files);
        if (r < 0)
                return r;
        (void) creds_files_texts(files, &texts, retbroken);
        return resolve(conf, env, &texts, ret, reterr);
}

static void say(FILE *err, const char *level, const char *message) {
        (void) fprintf(err, "canaryd: %s: %s\n", level, message);
}

/* Keys may come by ways that whoever checks a configuration does not have: a service's credentials, its
 * container, its instance. */
static void warn_of_credentials(
                const AwsEnv *env, const AwsSettings *settings, const CredsTexts *texts, FILE *err) {
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        char error[DIAG_MESSAGE_MAX];

        if (creds_recipe_make(texts, env, settings->profile, settings->profile_is_explicit, &recipe,
                            error) == -ENOKEY)
                (void) fprintf(err, "canaryd: warning: no AWS credentials: %s\n", error);
}

int aws_config_check(const Conf *conf, const AwsEnv *env, FILE *err) {
        _cleanup_(creds_files_freep) CredsFiles *files = NULL;
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        char error[DIAG_MESSAGE_MAX];
        CredsTexts texts = { 0 };
        bool is_bad;
        int r;

        r = look_at_files(conf, env, &files);
        if (r < 0)
                return r;
        is_bad = creds_files_texts(files, &texts, error) < 0;
        if (is_bad)
                say(err, "error", error);
        if (creds_files_problem(files)) {
                say(err, "error", creds_files_problem(files));
                is_bad = true;
        }
        r = resolve(conf, env, &texts, &settings, error);
        if (r == -EINVAL || r == -ENOKEY) {
                say(err, "error", error);
                is_bad = true;
        }
        if (is_bad)
                return -EINVAL;
        if (r < 0)
                return r;
        if (!settings.region)
                say(err, "warning", "no region is known, so that plans must name theirs");
        warn_of_credentials(env, &settings, &texts, err);
        return 0;
}
