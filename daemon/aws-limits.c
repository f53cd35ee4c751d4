#include "daemon/aws-limits.h"

#include "base/usec.h"

#define CONNECT_TIMEOUT (3 * USEC_PER_SEC)
#define TOTAL_TIMEOUT (10 * USEC_PER_SEC)
#define BODY_MAX ((size_t) 1024 * 1024)
#define METRICS_BODY_MAX (16 * BODY_MAX)
/* As patient as AWS's own tools: who gives up before Lambda has copied a quarter of a gigabyte only does so
 * again the next time. */
#define PATIENCE (60 * USEC_PER_SEC)
#define SLACK (5 * USEC_PER_SEC)
#define TRANSFER_CONNECT_TIMEOUT (5 * USEC_PER_SEC)
#define TRANSFER_RATE_MIN (64u * 1024) /* bytes in a second */

HttpLimits aws_limits(AwsService service, bool is_slow) {
        return (HttpLimits){
                .connect_timeout = CONNECT_TIMEOUT,
                .total_timeout = is_slow ? PATIENCE + SLACK : TOTAL_TIMEOUT,
                .body_max = service == AWS_CLOUDWATCH ? METRICS_BODY_MAX : BODY_MAX,
                .silence = is_slow ? PATIENCE : 0,
        };
}

HttpLimits aws_limits_transfer(uint64_t size) {
        return (HttpLimits){
                .connect_timeout = TRANSFER_CONNECT_TIMEOUT,
                .total_timeout = PATIENCE + SLACK + size * USEC_PER_SEC / TRANSFER_RATE_MIN,
                .body_max = BODY_MAX,
                .silence = PATIENCE,
        };
}
