#pragma once

/* Where a service of a region lives. */

#include "aws/http-value.h"

typedef enum AwsService {
        AWS_LAMBDA,
        AWS_CLOUDWATCH,
        AWS_STS,
} AwsService;
#define AWS_SERVICE_COUNT (AWS_STS + 1)

typedef struct AwsEndpoint {
        bool tls;
        char *host;      /* as in Host; owned */
        char *base_path; /* "" or "/prefix" without trailing slash; owned */
} AwsEndpoint;

void aws_endpoint_done(AwsEndpoint *e);

const char *aws_service_signing_name(AwsService s);
/* "LAMBDA", "CLOUDWATCH": the suffix of AWS_ENDPOINT_URL_<...> */
const char *aws_service_id(AwsService s);

/* [a-z0-9-], at most 32 characters: also a region that nobody has heard of yet. */
bool aws_region_is_valid(const char *region);

typedef struct AwsVariant {
        bool fips, dual_stack;
} AwsVariant;

/* From a region of any partition; one that no partition's pattern fits is taken for one of "aws". -EINVAL:
 * not a region name. */
int aws_endpoint_from_region(AwsService service, const char *region, AwsEndpoint *ret);
int aws_endpoint_from_variant(AwsService service, const char *region, AwsVariant variant, AwsEndpoint *ret);

/* From an override: "http://127.0.0.1:8080/base", "https://[::1]". -EINVAL: scheme other than http(s), user
 * information, query, fragment, empty host or a port that is none. */
int aws_endpoint_from_url(const char *url, AwsEndpoint *ret);

/* A request for a path below the endpoint; copies host and base path. "path" starts with '/', is encoded. */
int aws_endpoint_request(const AwsEndpoint *e, HttpMethod method, const char *path, HttpRequest *ret);
