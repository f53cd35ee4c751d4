#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/manager-internal.h"
#include "lib/test.h"

TEST(one_alias_has_one_key_however_it_is_spelled) {
        static const struct {
                PlanTarget target;
                const char *key;
        } cases[] = {
                { { .function = "checkout", .alias = "live", .region = "eu-north-1" },
                                "/eu-north-1/checkout/live" },
                { { .function = "checkout", .alias = "live" }, "//checkout/live" },
                { { .function = "arn:aws:lambda:us-east-1:123456789012:function:checkout",
                                  .alias = "live",
                                  .region = "eu-west-1" },
                                "/us-east-1/checkout/live" },
                { { .function = "123456789012:function:checkout", .alias = "live", .region = "eu-west-1" },
                                "/eu-west-1/checkout/live" },
                { { .function = "arn:aws:lambda", .alias = "live", .region = "eu-west-1" },
                                "/eu-west-1/arn:aws:lambda/live" },
                { { .function = "checkout",
                                  .alias = "live",
                                  .region = "eu-west-1",
                                  .role_arn = "arn:aws:iam::123456789012:role/x" },
                                "123456789012/eu-west-1/checkout/live" },
                { { .function = "arn:aws:lambda:us-east-1:123456789012:function:checkout",
                                  .alias = "live",
                                  .region = "eu-west-1",
                                  .role_arn = "arn:aws:iam::42:role/x" },
                                "123456789012/us-east-1/checkout/live" },
                { { .function = "checkout", .alias = "live", .region = "eu-west-1", .role_arn = "nonsense" },
                                "/eu-west-1/checkout/live" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *key = target_key(&cases[i].target);

                EXPECT_STR(key, cases[i].key);
        }
}
