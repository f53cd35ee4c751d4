#include "aws/metadata.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/settings.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"

#define IMDS_IPV4 "http://169.254.169.254"
#define IMDS_IPV6 "http://[fd00:ec2::254]"
#define IMDS_TOKEN_PATH "/latest/api/token"
#define IMDS_ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define IMDS_PATH_MAX 512u
#define IMDS_TIMEOUT_MAX_SECONDS 60u
#define IMDS_ATTEMPTS_MAX 10u

#define ECS_ENDPOINT "http://169.254.170.2"
#define CONTAINER_URL_MAX 2048u
#define CONTAINER_TOKEN_MAX (32u * 1024)

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) _printf_(2, 3);

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

/* The address in a host of a request: brackets and port removed. */
static int bare_host(const char *host, char ret[static INET6_ADDRSTRLEN]) {
        size_t n;

        if (*host == '[') {
                host++;
                n = strcspn(host, "]");
                if (host[n] != ']')
                        return -EINVAL;
        } else
                n = strcspn(host, ":");
        if (n >= INET6_ADDRSTRLEN)
                return -EINVAL;
        memcpy(ret, host, n);
        ret[n] = '\0';
        return 0;
}

static bool is_loopback4(uint32_t a) {
        return a >> 24 == 127;
}

static bool is_link_local4(uint32_t a) {
        return a >> 16 == (169u << 8 | 254u);
}

/* Both families as one: IPv4 addresses are mapped into ::ffff:0:0/96. */
static bool read_address(const char *host, struct in6_addr *ret) {
        char bare[INET6_ADDRSTRLEN];
        struct in_addr v4;

        if (bare_host(host, bare) < 0)
                return false;
        if (*host == '[')
                return inet_pton(AF_INET6, bare, ret) == 1;
        if (inet_pton(AF_INET, bare, &v4) != 1)
                return false;
        *ret = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
        memcpy(&ret->s6_addr[12], &v4, sizeof(v4));
        return true;
}

static bool is_localhost(const char *host) {
        char bare[INET6_ADDRSTRLEN];

        return bare_host(host, bare) >= 0 && strcaseeq(bare, "localhost");
}

static uint32_t mapped_ipv4(const struct in6_addr *a) {
        const uint8_t *b = &a->s6_addr[12];

        return (uint32_t) b[0] << 24 | (uint32_t) b[1] << 16 | (uint32_t) b[2] << 8 | b[3];
}

static bool is_address(const struct in6_addr *a, const char *text) {
        struct in6_addr other;

        return inet_pton(AF_INET6, text, &other) == 1 && memcmp(a, &other, sizeof(other)) == 0;
}

bool host_is_local(const char *host) {
        struct in6_addr a;

        if (is_localhost(host))
                return true;
        if (!read_address(host, &a))
                return false;
        if (IN6_IS_ADDR_V4MAPPED(&a))
                return is_loopback4(mapped_ipv4(&a)) || is_link_local4(mapped_ipv4(&a));
        return IN6_IS_ADDR_LOOPBACK(&a) || IN6_IS_ADDR_LINKLOCAL(&a) || is_address(&a, "fd00:ec2::254") ||
                        is_address(&a, "fd00:ec2::23");
}

/* May the container's token go there without TLS? */
static bool is_container_host(const char *host) {
        struct in6_addr a;

        if (is_localhost(host))
                return true;
        if (!read_address(host, &a))
                return false;
        if (IN6_IS_ADDR_V4MAPPED(&a))
                return is_loopback4(mapped_ipv4(&a)) || is_address(&a, "::ffff:169.254.170.2") ||
                                is_address(&a, "::ffff:169.254.170.23");
        return IN6_IS_ADDR_LOOPBACK(&a) || is_address(&a, "fd00:ec2::23");
}

void imds_config_done(ImdsConfig *c) {
        aws_endpoint_done(&c->endpoint);
        *c = (ImdsConfig){ 0 };
}

static int read_flag(const char *name, const char *value, bool *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        if (aws_flag_parse(value, ret) < 0)
                return refuse(reterr, "%s is \"%.40s\", expected true or false", name, value);
        return 0;
}

static int read_number(const char *name, const char *value, uint64_t max, uint64_t *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        *ret = 1;
        if (!value)
                return 0;
        if (str_parse_u64(value, max, ret) < 0 || *ret == 0)
                return refuse(reterr, "%s is \"%.40s\", expected a number from 1 to %u", name, value,
                                (unsigned) max);
        return 0;
}

static int read_endpoint(const AwsEnv *env, AwsEndpoint *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *mode = env->ec2_metadata_endpoint_mode;
        int r;

        if (env->ec2_metadata_endpoint) {
                r = aws_endpoint_from_url(env->ec2_metadata_endpoint, ret);
                if (r == -EINVAL)
                        return refuse(reterr, "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL such as %s or %s",
                                        IMDS_IPV4, IMDS_IPV6);
                return r;
        }
        if (mode && !strcaseeq(mode, "IPv4") && !strcaseeq(mode, "IPv6"))
                return refuse(reterr,
                                "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is \"%.40s\", expected IPv4 or IPv6",
                                mode);
        return aws_endpoint_from_url(mode && strcaseeq(mode, "IPv6") ? IMDS_IPV6 : IMDS_IPV4, ret);
}

int imds_config_from_env(
                const AwsEnv *env, bool allows_v1, ImdsConfig *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(imds_config_done) ImdsConfig c = { 0 };
        bool disabled, v1_disabled;
        uint64_t seconds, attempts;
        int r;

        r = read_flag("AWS_EC2_METADATA_DISABLED", env->ec2_metadata_disabled, &disabled, reterr);
        if (r < 0)
                return r;
        r = read_flag("AWS_EC2_METADATA_V1_DISABLED", env->ec2_metadata_v1_disabled, &v1_disabled, reterr);
        if (r < 0)
                return r;
        r = read_number("AWS_METADATA_SERVICE_TIMEOUT", env->metadata_timeout, IMDS_TIMEOUT_MAX_SECONDS,
                        &seconds, reterr);
        if (r < 0)
                return r;
        r = read_number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", env->metadata_attempts, IMDS_ATTEMPTS_MAX,
                        &attempts, reterr);
        if (r < 0)
                return r;
        r = read_endpoint(env, &c.endpoint, reterr);
        if (r < 0)
                return r;
        c.enabled = !disabled;
        c.allows_v1 = allows_v1 && !v1_disabled;
        c.timeout = seconds * USEC_PER_SEC;
        c.attempts = (unsigned) attempts;
        *ret = c;
        c = (ImdsConfig){ 0 };
        return 0;
}

static int with_header(HttpRequest *take_request, const char *name, const char *value, HttpRequest *ret) {
        int r = value ? http_request_add_header(take_request, name, value) : 0;

        if (r < 0) {
                http_request_done(take_request);
                return r;
        }
        *ret = *take_request;
        return 0;
}

int imds_token_request(const ImdsConfig *c, HttpRequest *ret) {
        HttpRequest request = { 0 };
        char seconds[16];
        int r;

        r = aws_endpoint_request(&c->endpoint, HTTP_PUT, IMDS_TOKEN_PATH, &request);
        if (r < 0)
                return r;
        (void) snprintf(seconds, sizeof(seconds), "%u", IMDS_TOKEN_TTL_SECONDS);
        return with_header(&request, "x-aws-ec2-metadata-token-ttl-seconds", seconds, ret);
}

static int imds_get(const ImdsConfig *c, const char *path, const char *token, HttpRequest *ret) {
        HttpRequest request = { 0 };
        int r;

        r = aws_endpoint_request(&c->endpoint, HTTP_GET, path, &request);
        if (r < 0)
                return r;
        return with_header(&request, "x-aws-ec2-metadata-token", token, ret);
}

int imds_role_request(const ImdsConfig *c, const char *token, HttpRequest *ret) {
        return imds_get(c, IMDS_ROLE_PATH, token, ret);
}

int imds_creds_request(const ImdsConfig *c, const char *token, const char *role, HttpRequest *ret) {
        _cleanup_(buf_done) Buf path = BUF_INIT(IMDS_PATH_MAX);
        int r;

        r = buf_puts(&path, IMDS_ROLE_PATH);
        if (r >= 0)
                r = uri_encode(&path, role, strlen(role), false);
        if (r < 0)
                return r;
        return imds_get(c, buf_text(&path), token, ret);
}

static bool is_token_char(char c) {
        return c > ' ' && c <= '~';
}

/* As IAM names instance profiles and roles. */
static bool is_role_char(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                        (c != '\0' && strchr("_+=,.@-", c));
}

static int first_line(const HttpResponse *response, bool (*is_char)(char c), char *ret, size_t size) {
        const char *line = response->body;
        size_t n;

        if (!line)
                return -EBADMSG;
        line += strspn(line, " \t\r\n");
        n = strcspn(line, "\r\n");
        while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
                n--;
        if (n == 0 || n >= size)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                if (!is_char(line[i]))
                        return -EBADMSG;
        memcpy(ret, line, n);
        ret[n] = '\0';
        return 0;
}

int imds_parse_token(const HttpResponse *response, char ret[static IMDS_TOKEN_MAX]) {
        return first_line(response, is_token_char, ret, IMDS_TOKEN_MAX);
}

int imds_parse_role(const HttpResponse *response, char ret[static IMDS_ROLE_MAX]) {
        return first_line(response, is_role_char, ret, IMDS_ROLE_MAX);
}

/* The address in the environment, cut in its parts: "scheme://host", and path with query as they are to be
 * sent. */
static int container_url(const AwsEnv *env, char **ret_origin, const char **ret_rest,
                char reterr[static DIAG_MESSAGE_MAX]) {
        const char *url = env->container_full_uri, *host;

        if (env->container_relative_uri) {
                if (env->container_relative_uri[0] != '/')
                        return refuse(reterr,
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
                *ret_rest = env->container_relative_uri;
                *ret_origin = alloc_copy_string(ECS_ENDPOINT);
                return *ret_origin ? 0 : -ENOMEM;
        }
        host = url ? strstr(url, "://") : NULL;
        if (!host)
                return refuse(reterr, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL");
        *ret_rest = host + 3 + strcspn(host + 3, "/?#");
        *ret_origin = alloc_copy_bytes(url, (size_t) (*ret_rest - url));
        return *ret_origin ? 0 : -ENOMEM;
}

static bool is_sendable(const char *s) {
        size_t n = strnlen(s, CONTAINER_URL_MAX + 1);

        for (size_t i = 0; i < n; i++)
                if (s[i] <= ' ' || s[i] > '~' || strchr("\"#<>\\^`{|}", s[i]))
                        return false;
        return n <= CONTAINER_URL_MAX;
}

static int container_target(const AwsEnv *env, HttpRequest *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *name = env->container_relative_uri ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
                                                       : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        _cleanup_(freep) char *origin = NULL, *path = NULL;
        const char *rest = NULL, *query;
        int r;

        r = container_url(env, &origin, &rest, reterr);
        if (r < 0)
                return r;
        if (!is_sendable(rest))
                return refuse(reterr, "%s holds what no URL can, or a fragment", name);
        r = aws_endpoint_from_url(origin, &endpoint);
        if (r == -EINVAL)
                return refuse(reterr, "%s is no URL such as http://localhost:8080/credentials", name);
        if (r < 0)
                return r;
        if (!endpoint.tls && !is_container_host(endpoint.host))
                return refuse(reterr,
                                "%s goes to %.80s without TLS: that is only for loopback, 169.254.170.2, "
                                "169.254.170.23 and [fd00:ec2::23]",
                                name, endpoint.host);
        query = strchr(rest, '?');
        path = alloc_printf("%s%.*s", *rest == '/' ? "" : "/",
                        (int) (query ? (size_t) (query - rest) : strlen(rest)), rest);
        if (!path)
                return -ENOMEM;
        r = aws_endpoint_request(&endpoint, HTTP_GET, path, ret);
        if (r < 0 || !query)
                return r;
        ret->query = alloc_copy_string(query + 1);
        return ret->query ? 0 : -ENOMEM;
}

int container_request(const AwsEnv *env, const char *token, size_t token_size, HttpRequest *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(secret_erase_stringp) char *value = NULL;
        int r;

        r = container_target(env, &request, reterr);
        if (r < 0)
                return r;
        if (token) {
                if (token_size > CONTAINER_TOKEN_MAX || memchr(token, '\r', token_size) ||
                                memchr(token, '\n', token_size) || memchr(token, '\0', token_size))
                        return refuse(reterr,
                                        "the container's authorization token is longer than %u bytes, or has "
                                        "a line break in or behind it: it is sent as it is",
                                        CONTAINER_TOKEN_MAX);
                value = alloc_copy_bytes(token, token_size);
                if (!value)
                        return -ENOMEM;
                r = http_request_add_header(&request, "authorization", value);
                if (r < 0)
                        return r;
        }
        r = http_request_add_header(&request, "accept", "application/json");
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}
