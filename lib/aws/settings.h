#pragma once

/* How AWS is reached, resolved from the daemon's own configuration, the environment and the profile, in this
 * order, as the AWS CLI does it. */

#include "aws/endpoint.h"
#include "aws/env.h"
#include "aws/ini.h"

/* What the daemon's configuration says; NULL or 0: nothing. Borrowed. */
typedef struct AwsOverrides {
        const char *profile, *region, *ca_bundle;
        const char *endpoint_url, *endpoint_urls[AWS_SERVICE_COUNT];
        bool use_fips, use_dual_stack;
} AwsOverrides;

typedef struct AwsSettings {
        char *profile;            /* never NULL; "default" */
        bool profile_is_explicit; /* named by the configuration: the environment's keys do not count then */
        char *region;             /* NULL: nobody says */
        char *ca_bundle;          /* NULL: the system's */
        char *endpoint_urls[AWS_SERVICE_COUNT]; /* NULL: the region's; checked */
        bool use_fips, use_dual_stack;
        bool sts_global; /* sts_regional_endpoints = legacy: the old regions ask sts.amazonaws.com */
        bool corrects_skew;
} AwsSettings;

void aws_settings_done(AwsSettings *s);

/* config: the parsed config file; credentials: the parsed shared credentials file, whose profiles may hold
 * the same keys; either may be NULL. -EINVAL: a value is no good; reterr says which, where and what is
 * expected. */
int aws_settings_resolve(const AwsOverrides *overrides, const AwsEnv *env, const Ini *config,
                const Ini *credentials, AwsSettings *ret, char reterr[static DIAG_MESSAGE_MAX]);

/* The endpoint of a service: an override, or that of the region with FIPS and dual-stack. -EINVAL as
 * aws_endpoint_from_region(). */
int aws_settings_endpoint(const AwsSettings *s, AwsService service, const char *region, AwsEndpoint *ret);

/* The region to sign for at that endpoint: the region itself, but for the global STS. Borrowed. */
const char *aws_settings_signing_region(const AwsSettings *s, AwsService service, const char *region);

/* "true"/"false" in any case. -EINVAL: neither. NULL counts as false. */
int aws_flag_parse(const char *s, bool *ret);
