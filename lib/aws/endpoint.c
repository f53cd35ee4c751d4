#include "aws/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#define REGION_MAX 32u
#define URL_MAX 2048u
#define HOST_MAX 255u /* and a port behind it */
#define PATH_MAX_BYTES (256u * 1024)

/* The partitions that have a DNS suffix of their own; every other region is under amazonaws.com. */
static const struct {
        const char *region_prefix, *dns_suffix;
} partitions[] = {
        { "cn-", "amazonaws.com.cn" },
        { "eusc-", "amazonaws.eu" },
        { "us-iso-", "c2s.ic.gov" },
        { "us-isob-", "sc2s.sgov.gov" },
        { "us-isof-", "csp.hci.ic.gov" },
        { "eu-isoe-", "cloud.adc-e.uk" },
};

void aws_endpoint_done(AwsEndpoint *e) {
        free(e->host);
        free(e->base_path);
        *e = (AwsEndpoint){ 0 };
}

const char *aws_service_signing_name(AwsService s) {
        switch (s) {
        case AWS_LAMBDA:
                return "lambda";
        case AWS_CLOUDWATCH:
                return "monitoring";
        case AWS_STS:
                return "sts";
        }
        ASSERT_NEVER();
        return NULL;
}

const char *aws_service_id(AwsService s) {
        switch (s) {
        case AWS_LAMBDA:
                return "LAMBDA";
        case AWS_CLOUDWATCH:
                return "CLOUDWATCH";
        case AWS_STS:
                return "STS";
        }
        ASSERT_NEVER();
        return NULL;
}

static bool is_region(const char *region) {
        size_t n = strnlen(region, REGION_MAX + 1);

        if (n == 0 || n > REGION_MAX || region[0] == '-' || region[n - 1] == '-')
                return false;
        return strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Takes ownership of host, also on failure. */
static int endpoint_fill(bool tls, char *take_host, const char *base_path, size_t n, AwsEndpoint *ret) {
        _cleanup_(freep) char *host = take_host;
        char *path;

        if (!host)
                return -ENOMEM;
        path = alloc_copy_bytes(base_path, n);
        if (!path)
                return -ENOMEM;
        *ret = (AwsEndpoint){ .tls = tls, .host = TAKE_PTR(host), .base_path = path };
        return 0;
}

int aws_endpoint_from_region(AwsService service, const char *region, AwsEndpoint *ret) {
        /* The host's first label is the signing name for all services so far. */
        const char *prefix = aws_service_signing_name(service), *suffix = "amazonaws.com";

        if (!is_region(region))
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(partitions); i++)
                if (str_after(region, partitions[i].region_prefix))
                        suffix = partitions[i].dns_suffix;
        return endpoint_fill(true, alloc_printf("%s.%s.%s", prefix, region, suffix), "", 0, ret);
}

/* The length of the host at the start of s, with its brackets when it is an IPv6 address; 0: none. */
static size_t measure_host(const char *s) {
        size_t n;

        if (*s == '[') {
                n = 1 + strspn(s + 1, "0123456789abcdefABCDEF:.");
                return n > 2 && s[n] == ']' ? n + 1 : 0;
        }
        n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
        return n <= HOST_MAX ? n : 0;
}

/* ":8080" at *s, moved past; ":" alone is no port. Fills in the scheme's own when there is none. */
static int take_port(const char **s, bool tls, uint64_t *ret) {
        char digits[6] = { 0 };
        size_t n;

        *ret = tls ? 443 : 80;
        if (**s != ':')
                return 0;
        n = strspn(*s + 1, "0123456789");
        if (n == 0 || n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, *s + 1, n);
        if (str_parse_u64(digits, UINT16_MAX, ret) < 0 || *ret == 0)
                return -EINVAL;
        *s += 1 + n;
        return 0;
}

/* Lower case, and the port only when it is not the scheme's: as it goes into the Host header. */
static char *format_host(const char *host, size_t n, uint64_t port, bool tls) {
        char *text;

        if (port == (tls ? 443 : 80))
                text = alloc_copy_bytes(host, n);
        else
                text = alloc_printf("%.*s:%u", (int) n, host, (unsigned) port);
        for (char *p = text; p && *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p - 'A' + 'a');
        return text;
}

static bool is_path(const char *s) {
        if (*s != '\0' && *s != '/')
                return false;
        for (; *s; s++)
                if (*s <= ' ' || *s > '~' || strchr("\"#<>?\\^`{|}", *s))
                        return false;
        return true;
}

int aws_endpoint_from_url(const char *url, AwsEndpoint *ret) {
        bool tls = strncasecmp(url, "https://", strlen("https://")) == 0;
        const char *host, *rest;
        size_t n, path_size;
        uint64_t port;
        int r;

        if (strnlen(url, URL_MAX + 1) > URL_MAX)
                return -EINVAL;
        if (!tls && strncasecmp(url, "http://", strlen("http://")) != 0)
                return -EINVAL;
        host = url + (tls ? strlen("https://") : strlen("http://"));
        n = measure_host(host);
        if (n == 0)
                return -EINVAL;
        rest = host + n;
        r = take_port(&rest, tls, &port);
        if (r < 0)
                return r;
        if (!is_path(rest))
                return -EINVAL;
        path_size = strlen(rest);
        while (path_size > 0 && rest[path_size - 1] == '/')
                path_size--;
        return endpoint_fill(tls, format_host(host, n, port, tls), rest, path_size, ret);
}

int aws_endpoint_request(const AwsEndpoint *e, HttpMethod method, const char *path, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { .method = method, .tls = e->tls };
        _cleanup_(buf_done) Buf full = BUF_INIT(PATH_MAX_BYTES);
        int r;

        if (path[0] != '/')
                return -EINVAL;
        (void) buf_puts(&full, e->base_path);
        (void) buf_puts(&full, path);
        r = buf_take(&full, &request.path);
        if (r < 0)
                return r;
        request.host = alloc_copy_string(e->host);
        if (!request.host)
                return -ENOMEM;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}
