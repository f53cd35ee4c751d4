#pragma once

/* What is known of each endpoint: how its clock differs from ours, and how much it may still be retried. */

#include "aws/retry.h"
#include "aws/skew.h"

#define AWS_HOSTS_MAX 4096u

typedef struct AwsHosts AwsHosts;

typedef struct AwsHost {
        Skew skew;
        RetryQuota quota;
} AwsHost;

AwsHosts *aws_hosts_new(void); /* NULL: out of memory */
AwsHosts *aws_hosts_free(AwsHosts *h);
DEFINE_TRIVIAL_CLEANUP(AwsHosts *, aws_hosts_free);

/* Borrowed for as long as h lives. Beyond AWS_HOSTS_MAX names, the rest share one. NULL: out of memory. */
AwsHost *aws_hosts_get(AwsHosts *h, const char *name);
