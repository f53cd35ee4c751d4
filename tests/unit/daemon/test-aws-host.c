#include "daemon/aws-host.h"

#include <stdio.h>

#include "lib/fault.h"
#include "lib/test.h"

TEST(one_for_each_name) {
        AwsHosts *h = aws_hosts_new();
        AwsHost *a, *b;

        EXPECT(h);
        a = aws_hosts_get(h, "lambda.eu-west-1.amazonaws.com");
        b = aws_hosts_get(h, "127.0.0.1:4566");
        EXPECT(a && b && a != b);
        EXPECT_INT(a->quota.left, RETRY_QUOTA_FULL);
        EXPECT_INT(a->skew.offset, 0);
        a->skew.offset = -7;
        EXPECT_INT(aws_hosts_get(h, "lambda.eu-west-1.amazonaws.com")->skew.offset, -7);
        EXPECT_INT(b->skew.offset, 0);
        (void) aws_hosts_free(h);
}

TEST(names_at_the_limit_and_beyond) {
        AwsHosts *h = aws_hosts_new();
        AwsHost *last = NULL, *beyond;
        char name[32];

        EXPECT(h);
        for (unsigned i = 0; i < AWS_HOSTS_MAX; i++) {
                AwsHost *host;

                (void) snprintf(name, sizeof(name), "host-%u.example.com", i);
                host = aws_hosts_get(h, name);
                EXPECT(host && host != last);
                last = host;
        }
        beyond = aws_hosts_get(h, "one.example.com");
        EXPECT(beyond && beyond != last);
        EXPECT(beyond == aws_hosts_get(h, "two.example.com"));
        EXPECT(last == aws_hosts_get(h, name));
        (void) aws_hosts_free(h);
}

TEST(out_of_memory_anywhere) {
        FAULT_LOOP {
                AwsHosts *h = aws_hosts_new();
                AwsHost *host = h ? aws_hosts_get(h, "a.example.com") : NULL;
                bool struck = fault_struck();

                EXPECT(struck || host);
                (void) aws_hosts_free(h);
                if (!struck)
                        break;
        }
}
