#include "aws/endpoint.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"

TEST(services_have_names) {
        EXPECT_STR(aws_service_signing_name(AWS_LAMBDA), "lambda");
        EXPECT_STR(aws_service_signing_name(AWS_CLOUDWATCH), "monitoring");
        EXPECT_STR(aws_service_signing_name(AWS_STS), "sts");
        EXPECT_STR(aws_service_id(AWS_LAMBDA), "LAMBDA");
        EXPECT_STR(aws_service_id(AWS_CLOUDWATCH), "CLOUDWATCH");
        EXPECT_STR(aws_service_id(AWS_STS), "STS");
}

TEST(regions_of_every_partition) {
        static const struct {
                const char *region, *host;
        } rows[] = {
                { "eu-west-1", "monitoring.eu-west-1.amazonaws.com" },
                { "ap-southeast-7", "monitoring.ap-southeast-7.amazonaws.com" },
                { "mx-central-1", "monitoring.mx-central-1.amazonaws.com" },
                { "cn-north-1", "monitoring.cn-north-1.amazonaws.com.cn" },
                { "cn-northwest-1", "monitoring.cn-northwest-1.amazonaws.com.cn" },
                { "us-gov-east-1", "monitoring.us-gov-east-1.amazonaws.com" },
                { "eusc-de-east-1", "monitoring.eusc-de-east-1.amazonaws.eu" },
                { "us-iso-east-1", "monitoring.us-iso-east-1.c2s.ic.gov" },
                { "us-isob-east-1", "monitoring.us-isob-east-1.sc2s.sgov.gov" },
                { "eu-isoe-west-1", "monitoring.eu-isoe-west-1.cloud.adc-e.uk" },
                { "us-isof-south-1", "monitoring.us-isof-south-1.csp.hci.ic.gov" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };

                EXPECT_OK(aws_endpoint_from_region(AWS_CLOUDWATCH, rows[i].region, &e));
                EXPECT_STR(e.host, rows[i].host);
                EXPECT(e.tls);
                EXPECT_STR(e.base_path, "");
        }
}

TEST(what_is_no_region) {
        static const char *const bad[] = { "", "-", "eu-west-1.", "EU-WEST-1", "eu_west_1", "eu-west-1/x",
                "eu-west-1@example.com", "-eu-west-1", "eu-west-", "a#", " eu-west-1", "eu-west-1\n",
                "a23456789012345678901234567890123" };
        AwsEndpoint e = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (aws_endpoint_from_region(AWS_LAMBDA, bad[i], &e) != -EINVAL)
                        FAIL("accepted: %s", bad[i]);
        EXPECT_OK(aws_endpoint_from_region(AWS_LAMBDA, "a2345678901234567890123456789012", &e));
        EXPECT_STR(e.host, "lambda.a2345678901234567890123456789012.amazonaws.com");
        aws_endpoint_done(&e);
}

TEST(urls) {
        static const struct {
                const char *url, *host, *base_path;
                bool tls;
        } rows[] = {
                { "http://127.0.0.1:8080/base", "127.0.0.1:8080", "/base", false },
                { "http://127.0.0.1:8080/base/two///", "127.0.0.1:8080", "/base/two", false },
                { "https://[::1]", "[::1]", "", true },
                { "https://[FD00::1]:8443/", "[fd00::1]:8443", "", true },
                { "HTTPS://Example.COM:443/X", "example.com", "/X", true },
                { "http://example.com:80", "example.com", "", false },
                { "http://example.com:443", "example.com:443", "", false },
                { "https://example.com:080", "example.com:80", "", true },
                { "http://local_host:65535/%41", "local_host:65535", "/%41", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };

                EXPECT_OK(aws_endpoint_from_url(rows[i].url, &e));
                EXPECT_STR(e.host, rows[i].host);
                EXPECT_STR(e.base_path, rows[i].base_path);
                EXPECT_INT(e.tls, rows[i].tls);
        }
}

TEST(urls_that_are_refused) {
        static const char *const bad[] = { "", "http", "http:", "http://", "https://", "ftp://example.com",
                "//example.com", "example.com", "http:///x", "http://:80", "http://u@example.com",
                "http://u:p@example.com/", "http://example.com?x", "http://example.com/?x",
                "http://example.com#f", "http://example.com/#f",
                "http://example.com:", "http://example.com:/", "http://example.com:0",
                "http://example.com:65536", "http://example.com:999999", "http://example.com:+80",
                "http://example.com:80x", "http://exa mple.com", "http://example.com/a b",
                "http://example.com/\x01", "http://example.com/\xc3\xa9", "http://[::1", "http://[]",
                "http://[::1]x", "http://[::g]", "http://[1.2.3.4]", "http://[::1::2]",
                "http://[fe80::1%25eth0]", "http://example.com\\x", " http://example.com", "unix:/run/x" };
        AwsEndpoint e = { 0 };
        char url[2100];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (aws_endpoint_from_url(bad[i], &e) != -EINVAL)
                        FAIL("accepted: %s", bad[i]);
        memset(url, 'a', sizeof(url));
        memcpy(url, "http://a/", 9);
        url[2049] = '\0';
        EXPECT_INT(aws_endpoint_from_url(url, &e), -EINVAL);
        url[2048] = '\0';
        EXPECT_OK(aws_endpoint_from_url(url, &e));
        aws_endpoint_done(&e);
        memcpy(url, "http://aa", 9);
        url[7 + 256] = '\0';
        EXPECT_INT(aws_endpoint_from_url(url, &e), -EINVAL);
        url[7 + 255] = '\0';
        EXPECT_OK(aws_endpoint_from_url(url, &e));
        aws_endpoint_done(&e);
}

TEST(requests_go_below_the_base_path) {
        _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        HttpRequest refused = { 0 };

        EXPECT_OK(aws_endpoint_from_url("http://127.0.0.1:8080/base/", &e));
        EXPECT_OK(aws_endpoint_request(&e, HTTP_PUT, "/x/y", &request));
        EXPECT_STR(request.path, "/base/x/y");
        EXPECT_STR(request.host, "127.0.0.1:8080");
        EXPECT_INT(request.method, HTTP_PUT);
        EXPECT(!request.tls);
        EXPECT_INT(aws_endpoint_request(&e, HTTP_PUT, "x", &refused), -EINVAL);
        EXPECT_INT(aws_endpoint_request(&e, HTTP_PUT, "", &refused), -EINVAL);
}

/* A line of endpoints.txt: "LAMBDA eu-west-1 fd host". */
static void check_line(char *line) {
        _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };
        char *words[4] = { line };
        AwsVariant variant;

        for (size_t i = 1; i < ELEMENTSOF(words); i++) {
                words[i] = strchr(words[i - 1], ' ');
                EXPECT(words[i]);
                *words[i]++ = '\0';
        }
        variant = (AwsVariant){ words[2][0] == 'f', words[2][1] == 'd' };
        for (AwsService service = 0; service < AWS_SERVICE_COUNT; service++)
                if (streq(aws_service_id(service), words[0]))
                        EXPECT_OK(aws_endpoint_from_variant(service, words[1], variant, &e));
        EXPECT_STR(e.host, words[3]);
}

TEST(every_region_in_every_variant) {
        _cleanup_(freep) char *text = test_read("endpoints.txt", NULL);
        char *line = strchr(text, '\n') + 1; /* the first one is a comment */
        unsigned n = 0;

        for (char *end; (end = strchr(line, '\n')); line = end + 1) {
                *end = '\0';
                check_line(line);
                n++;
        }
        EXPECT_INT(n, 626);
}

TEST(regions_of_the_future) {
        static const struct {
                const char *region, *host;
        } rows[] = {
                { "cn-south-12", "sts-fips.cn-south-12.api.amazonwebservices.com.cn" },
                { "us-gov-north-1", "sts-fips.us-gov-north-1.api.aws" },
                { "eusc-de-west-9", "sts-fips.eusc-de-west-9.api.amazonwebservices.eu" },
                { "us-isob-north-2", "sts-fips.us-isob-north-2.api.aws.scloud" },
                { "zz-north-1", "sts-fips.zz-north-1.api.aws" },
                /* No region of these partitions looks so. */
                { "cn-north", "sts-fips.cn-north.api.aws" },
                { "us-iso-1", "sts-fips.us-iso-1.api.aws" },
                { "us-isob-north-x", "sts-fips.us-isob-north-x.api.aws" },
                { "eusc-fr-west-1", "sts-fips.eusc-fr-west-1.api.aws" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 };

                EXPECT_OK(aws_endpoint_from_variant(
                                AWS_STS, rows[i].region, (AwsVariant){ true, true }, &e));
                EXPECT_STR(e.host, rows[i].host);
        }
}

TEST(out_of_memory) {
        FAULT_LOOP {
                _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 }, url = { 0 };
                int r = aws_endpoint_from_region(AWS_STS, "eu-west-1", &e);

                if (r >= 0)
                        r = aws_endpoint_from_url("https://[::1]:81/base", &url);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!url.host);
        }
}
