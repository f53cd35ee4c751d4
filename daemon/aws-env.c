#include "daemon/aws-env.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/str.h"

#define MEMBER(name) offsetof(AwsEnv, name)

/* The second name is the older or the general one. */
static const struct {
        size_t member;
        const char *name, *second_name;
} variables[] = {
        { MEMBER(home), "HOME", NULL },
        { MEMBER(credentials_directory), "CREDENTIALS_DIRECTORY", NULL },
        { MEMBER(access_key_id), "AWS_ACCESS_KEY_ID", NULL },
        { MEMBER(secret_access_key), "AWS_SECRET_ACCESS_KEY", NULL },
        { MEMBER(session_token), "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN" },
        { MEMBER(credential_expiration), "AWS_CREDENTIAL_EXPIRATION", NULL },
        { MEMBER(profile), "AWS_PROFILE", "AWS_DEFAULT_PROFILE" },
        { MEMBER(config_file), "AWS_CONFIG_FILE", NULL },
        { MEMBER(shared_credentials_file), "AWS_SHARED_CREDENTIALS_FILE", NULL },
        { MEMBER(role_arn), "AWS_ROLE_ARN", NULL },
        { MEMBER(role_session_name), "AWS_ROLE_SESSION_NAME", NULL },
        { MEMBER(web_identity_token_file), "AWS_WEB_IDENTITY_TOKEN_FILE", NULL },
        { MEMBER(container_relative_uri), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL },
        { MEMBER(container_full_uri), "AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL },
        { MEMBER(container_token_file), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL },
        { MEMBER(container_token), "AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL },
        { MEMBER(ec2_metadata_disabled), "AWS_EC2_METADATA_DISABLED", NULL },
        { MEMBER(ec2_metadata_v1_disabled), "AWS_EC2_METADATA_V1_DISABLED", NULL },
        { MEMBER(ec2_metadata_endpoint), "AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL },
        { MEMBER(ec2_metadata_endpoint_mode), "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", NULL },
        { MEMBER(metadata_timeout), "AWS_METADATA_SERVICE_TIMEOUT", NULL },
        { MEMBER(metadata_attempts), "AWS_METADATA_SERVICE_NUM_ATTEMPTS", NULL },
        { MEMBER(region), "AWS_REGION", "AWS_DEFAULT_REGION" },
        { MEMBER(use_fips), "AWS_USE_FIPS_ENDPOINT", NULL },
        { MEMBER(use_dual_stack), "AWS_USE_DUALSTACK_ENDPOINT", NULL },
        { MEMBER(sts_regional_endpoints), "AWS_STS_REGIONAL_ENDPOINTS", NULL },
        { MEMBER(endpoint_url), "AWS_ENDPOINT_URL", NULL },
        { MEMBER(endpoint_url_lambda), "AWS_ENDPOINT_URL_LAMBDA", NULL },
        { MEMBER(endpoint_url_cloudwatch), "AWS_ENDPOINT_URL_CLOUDWATCH", NULL },
        { MEMBER(endpoint_url_sts), "AWS_ENDPOINT_URL_STS", NULL },
        { MEMBER(ignore_endpoint_urls), "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL },
        { MEMBER(ca_bundle), "AWS_CA_BUNDLE", NULL },
        { MEMBER(disable_skew_correction), "AWS_DISABLE_CLOCK_SKEW_CORRECTION", NULL },
};

STATIC_ASSERT(sizeof(AwsEnv) == ELEMENTSOF(variables) * sizeof(const char *));

static const char *read_one(const char *name) {
        const char *value = name ? getenv(name) : NULL;

        return str_is_empty(value) ? NULL : value;
}

void aws_env_read(AwsEnv *ret) {
        AwsEnv env = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(variables); i++) {
                const char *value = read_one(variables[i].name);

                if (!value)
                        value = read_one(variables[i].second_name);
                memcpy((char *) &env + variables[i].member, &value, sizeof(value));
        }
        *ret = env;
}
