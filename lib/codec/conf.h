#pragma once

/* The daemon's configuration file -> Conf. */

#include "base/diag.h"

#define CONF_BYTES_MAX (64u * 1024)

/* All strings owned; NULL, or false, where the file says nothing. */
struct Conf {
        char *plans; /* absolute path; default /etc/canaryd/plans */
        char *state; /* default /var/lib/canaryd */
        char *run;   /* default /run/canaryd */
        char *aws_region;
        char *aws_profile;
        char *aws_shared_credentials_file;
        char *aws_ca_bundle;
        char *aws_endpoint_url;
        char *aws_endpoint_url_lambda;
        char *aws_endpoint_url_cloudwatch;
        char *aws_endpoint_url_sts;
        char *aws_config_file;
        char *aws_role_arn, *aws_external_id; /* for targets whose plan names no role */
        bool aws_use_fips_endpoint, aws_use_dualstack_endpoint;
        bool aws_imds_v1; /* IMDS may be asked in its first version */
        /* Calls per second that an account's region is asked at most. */
        double aws_lambda_rate, aws_metrics_rate, aws_alarms_rate;
};

Conf *conf_free(Conf *c);
DEFINE_TRIVIAL_CLEANUP(Conf *, conf_free);

/* As plan_parse(). An empty file is a configuration of defaults. */
int conf_parse(const char *text, size_t size, DiagList *diags, Conf **ret);
