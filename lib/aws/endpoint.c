#include "aws/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#define REGION_MAX 32u
#define URL_MAX 2048u
#define HOST_MAX 255u /* and a port behind it */
#define PATH_MAX_BYTES (256u * 1024)

/* What begins a region's name, behind which "word-number" follows; the first one that fits counts. */
static const struct {
        const char *region_prefix, *global_region, *dns_suffix, *dual_stack_suffix;
} partitions[] = {
        { "cn-", "aws-cn-global", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
        { "us-gov-", "aws-us-gov-global", "amazonaws.com", "api.aws" },
        { "eusc-de-", "aws-eusc-global", "amazonaws.eu", "api.amazonwebservices.eu" },
        { "us-iso-", "aws-iso-global", "c2s.ic.gov", "api.aws.ic.gov" },
        { "us-isob-", "aws-iso-b-global", "sc2s.sgov.gov", "api.aws.scloud" },
        { "eu-isoe-", "aws-iso-e-global", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
        { "us-isof-", "aws-iso-f-global", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
        { "", "aws-global", "amazonaws.com", "api.aws" },
};
#define PARTITION_GOV 1u

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

bool aws_region_is_valid(const char *region) {
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

static bool is_of_partition(const char *region, const char *prefix) {
        const char *word = str_after(region, prefix), *number;
        size_t n;

        if (!word)
                return false;
        n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (n == 0 || word[n] != '-')
                return false;
        number = word + n + 1;
        n = strspn(number, "0123456789");
        return n > 0 && number[n] == '\0';
}

static size_t partition_of(const char *region) {
        for (size_t i = 0; i < ELEMENTSOF(partitions) - 1; i++)
                if (is_of_partition(region, partitions[i].region_prefix) ||
                                streq(region, partitions[i].global_region))
                        return i;
        return ELEMENTSOF(partitions) - 1;
}

/* In GovCloud the plain hosts of some services are the FIPS ones. */
static bool has_fips_host(AwsService service, size_t partition, bool is_dual_stack) {
        if (partition != PARTITION_GOV)
                return true;
        switch (service) {
        case AWS_LAMBDA:
                return true;
        case AWS_CLOUDWATCH:
                return false;
        case AWS_STS:
                return is_dual_stack;
        }
        ASSERT_NEVER();
        return true;
}

int aws_endpoint_from_variant(AwsService service, const char *region, AwsVariant variant, AwsEndpoint *ret) {
        /* The host's first label is the signing name for all services so far. */
        const char *prefix = aws_service_signing_name(service), *fips = "";
        size_t partition;

        if (!aws_region_is_valid(region))
                return -EINVAL;
        if (service == AWS_STS && streq(region, "aws-global") && !variant.fips && !variant.dual_stack)
                return endpoint_fill(true, alloc_copy_string("sts.amazonaws.com"), "", 0, ret);
        partition = partition_of(region);
        if (variant.fips && has_fips_host(service, partition, variant.dual_stack))
                fips = "-fips";
        return endpoint_fill(true,
                        alloc_printf("%s%s.%s.%s", prefix, fips, region,
                                        variant.dual_stack ? partitions[partition].dual_stack_suffix
                                                           : partitions[partition].dns_suffix),
                        "", 0, ret);
}

int aws_endpoint_from_region(AwsService service, const char *region, AwsEndpoint *ret) {
        return aws_endpoint_from_variant(service, region, (AwsVariant){ 0 }, ret);
}

/* The length of the host at the start of s, with its brackets when it is an IPv6 address; 0: none. */
static size_t measure_host(const char *s) {
        size_t n;

        if (*s == '[') {
                struct in6_addr a;
                char text[INET6_ADDRSTRLEN] = { 0 };

                n = strcspn(s + 1, "]");
                if (n >= sizeof(text) || s[n + 1] != ']')
                        return 0;
                memcpy(text, s + 1, n);
                return inet_pton(AF_INET6, text, &a) == 1 ? n + 2 : 0;
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
