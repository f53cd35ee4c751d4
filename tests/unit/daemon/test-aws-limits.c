#include "daemon/aws-limits.h"

#include "base/usec.h"
#include "lib/test.h"

#define MIB ((size_t) 1024 * 1024)

/* The limits of the design, and the patience of AWS's own tools. */
TEST(calls) {
        static const AwsService services[] = { AWS_LAMBDA, AWS_CLOUDWATCH, AWS_STS };

        for (size_t i = 0; i < ELEMENTSOF(services); i++) {
                HttpLimits limits = aws_limits(services[i], false), slow = aws_limits(services[i], true);

                EXPECT_INT(limits.body_max, services[i] == AWS_CLOUDWATCH ? 16 * MIB : MIB);
                EXPECT_INT(slow.body_max, limits.body_max);
                EXPECT_INT(limits.total_timeout, 10 * USEC_PER_SEC);
                EXPECT_INT(slow.silence, USEC_PER_MINUTE);
                EXPECT(slow.total_timeout > slow.silence);
                EXPECT(limits.connect_timeout < limits.total_timeout);
        }
}

TEST(transfers) {
        HttpLimits small = aws_limits_transfer(1), large = aws_limits_transfer(70 * MIB);

        EXPECT(small.total_timeout > USEC_PER_MINUTE && small.total_timeout < 2 * USEC_PER_MINUTE);
        EXPECT(large.total_timeout > 18 * USEC_PER_MINUTE && large.total_timeout < 30 * USEC_PER_MINUTE);
        EXPECT_INT(small.silence, USEC_PER_MINUTE);
        EXPECT_INT(large.silence, USEC_PER_MINUTE);
        EXPECT_INT(large.body_max, MIB);
}
