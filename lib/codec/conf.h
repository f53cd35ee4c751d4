#pragma once

/* The daemon's configuration file -> Conf. */

#include "base/diag.h"

#define CONF_BYTES_MAX (64u * 1024)

/* All strings owned; NULL where the file says nothing. */
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
};

Conf *conf_free(Conf *c);
DEFINE_TRIVIAL_CLEANUP(Conf *, conf_free);

/* As plan_parse(). An empty file is a configuration of defaults. */
int conf_parse(const char *text, size_t size, DiagList *diags, Conf **ret);
