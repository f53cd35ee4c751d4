#pragma once

/* What time it is at AWS: that is the time of metrics, and so that of the brain (Now.wall).
 *
 * It is kept as a distance to CLOCK_BOOTTIME, not to the host's wall clock: the host may be minutes off and
 * be set right in the middle of a step, and the brain's time goes on evenly all the same. The Date of
 * replies says how large the distance is. Two replies in a row have to agree before it changes by more than
 * noise; what the first of them says must not be judged, as it was asked for by the wrong time. CloudWatch's
 * clock is that of the metrics: once it was heard, that of others counts no more. */

#include "core/types.h"

typedef struct AwsClock {
        int64_t ahead;   /* of CLOCK_BOOTTIME */
        bool is_set;     /* otherwise nobody has said anything yet: the host's clock it is */
        bool is_heard;   /* from AWS, not from what was remembered */
        bool is_metrics; /* from CloudWatch */
        bool is_doubted; /* the last reply said that it lies within: */
        int64_t doubt[2];
        usec_t heard_mono; /* when what was remembered was true */
        int64_t told_off;  /* by how much the host's clock was said to be wrong; 0: it is right */
} AwsClock;

/* The moment as AWS sees it. */
void aws_clock_read(const AwsClock *c, Now *ret);

/* What the brain took for the time in an earlier life of the daemon; of several calls the latest moment
 * counts. Of use in the same boot only, and until AWS itself is heard. */
void aws_clock_remember(AwsClock *c, const Now *then);

/* A reply that AWS gave to an accepted request. */
typedef struct AwsClockWord {
        usec_t date;      /* 0: none */
        bool has_age;     /* it comes from a cache */
        bool is_metrics;  /* of CloudWatch */
        usec_t elapsed;   /* from the request to the reply */
        const char *host; /* named to people when the host's clock is wrong */
} AwsClockWord;

/* False: it contradicts what is known; nothing may be concluded from that reply. */
bool aws_clock_hear(AwsClock *c, const AwsClockWord *word);
