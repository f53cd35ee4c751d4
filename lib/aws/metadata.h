#pragma once

/* The two metadata services that hand out credentials: IMDS of EC2, and the container endpoint of ECS and
 * EKS Pod Identity. */

#include "aws/creds.h"
#include "aws/endpoint.h"
#include "aws/env.h"

#define IMDS_TOKEN_TTL_SECONDS 21600u
#define IMDS_TOKEN_MAX 1024
#define IMDS_ROLE_MAX 128

typedef struct ImdsConfig {
        bool enabled, allows_v1;
        AwsEndpoint endpoint;
        usec_t timeout; /* per attempt; 1-60 s */
        unsigned attempts;
} ImdsConfig;

void imds_config_done(ImdsConfig *c);
/* -EINVAL: a variable is no good. Version 1 of the protocol is off unless allows_v1. */
int imds_config_from_env(
                const AwsEnv *env, bool allows_v1, ImdsConfig *ret, char reterr[static DIAG_MESSAGE_MAX]);

int imds_token_request(const ImdsConfig *c, HttpRequest *ret);
/* token: NULL for version 1 */
int imds_role_request(const ImdsConfig *c, const char *token, HttpRequest *ret);
int imds_creds_request(const ImdsConfig *c, const char *token, const char *role, HttpRequest *ret);
/* Copies the first line, trimmed. -EBADMSG: empty, too long, or characters none of the two can have. */
int imds_parse_token(const HttpResponse *response, char ret[static IMDS_TOKEN_MAX]);
int imds_parse_role(const HttpResponse *response, char ret[static IMDS_ROLE_MAX]);

/* token: contents of the token file or variable, sent as it is in Authorization; NULL: none. -EINVAL: an
 * address that must not be asked (plain http to anywhere but loopback and the link-local ones), or CR/LF in
 * the token. */
int container_request(const AwsEnv *env, const char *token, size_t token_size, HttpRequest *ret,
                char reterr[static DIAG_MESSAGE_MAX]);

/* Is this (a host as in a request, with or without port) a link-local or loopback address? Such requests
 * never go through a proxy. */
bool host_is_local(const char *host);
