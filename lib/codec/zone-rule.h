#pragma once

/* The rule at the end of a time zone's file, which holds for all times after its table: POSIX's TZ, like
 * "CET-1CEST,M3.5.0,M10.5.0/3". Pure. */

#include "base/forward.h"

/* A day of each year, in one of three ways of counting, and a time on it. */
typedef struct ZoneDay {
        char kind; /* 'M': month, week, weekday; 'J': 1-365, February 29 not counted; '0': 0-365 */
        int month, week, day; /* "week" 5 is the last; Sunday is 0 */
        int seconds;          /* since midnight, local time; may lie outside of that day */
} ZoneDay;

typedef struct ZoneRule {
        int32_t standard, summer; /* seconds east of UTC */
        bool has_summer;
        ZoneDay begin, end; /* of summer time */
} ZoneRule;

/* -EINVAL. */
int zone_rule_parse(const char *s, ZoneRule *ret);

/* When summer time begins and ends in that year, seconds since the epoch; only for rules that have it. */
void zone_rule_year(const ZoneRule *rule, int year, int64_t *ret_begin, int64_t *ret_end);
