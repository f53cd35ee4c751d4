#pragma once

/* The AWS_... variables and what else of the environment decides how AWS is reached, as a value: read once
 * by the program, never here. "" and unset are both NULL. All borrowed. */

#include "base/macro.h"

typedef struct AwsEnv {
        const char *home;                  /* for "~/" */
        const char *credentials_directory; /* systemd's, $CREDENTIALS_DIRECTORY */

        /* AWS_... of the same name */
        const char *access_key_id, *secret_access_key, *session_token; /* or AWS_SECURITY_TOKEN */
        const char *credential_expiration;
        const char *profile; /* or AWS_DEFAULT_PROFILE */
        const char *config_file, *shared_credentials_file;
        const char *role_arn, *role_session_name, *web_identity_token_file;
        const char *container_relative_uri, *container_full_uri; /* AWS_CONTAINER_CREDENTIALS_..._URI */
        const char *container_token_file, *container_token; /* AWS_CONTAINER_AUTHORIZATION_TOKEN[_FILE] */
        const char *ec2_metadata_disabled, *ec2_metadata_v1_disabled;
        const char *ec2_metadata_endpoint, *ec2_metadata_endpoint_mode; /* AWS_EC2_METADATA_SERVICE_... */
        const char *metadata_timeout,
                        *metadata_attempts;    /* AWS_METADATA_SERVICE_TIMEOUT, ..._NUM_ATTEMPTS */
        const char *region;                    /* or AWS_DEFAULT_REGION */
        const char *use_fips, *use_dual_stack; /* AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT */
        const char *sts_regional_endpoints;
        const char *endpoint_url, *endpoint_url_lambda, *endpoint_url_cloudwatch, *endpoint_url_sts;
        const char *ignore_endpoint_urls; /* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS */
        const char *ca_bundle;
        const char *disable_skew_correction; /* AWS_DISABLE_CLOCK_SKEW_CORRECTION */
} AwsEnv;
