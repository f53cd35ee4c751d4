#include "codec/zone-rule.h"

#include "base/macro.h"
#include "base/str.h"

#define DAY_SECONDS 86400
#define HOUR_SECONDS 3600
#define CHANGE_DEFAULT (2 * HOUR_SECONDS)
#define HOURS_MAX 167
#define OFFSET_HOURS_MAX 24
#define WEEK_DAYS 7
#define EPOCH_WEEKDAY 4 /* a Thursday */
#define NAME_MIN 3

/* Days since the epoch, in the Gregorian calendar, counted in eras of 400 years that begin in March. */
static int64_t days_from_date(int year, int month, int day) {
        int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
        int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_leap(int year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return days[month - 1] + (month == 2 && is_leap(year));
}

static bool take_number(const char **s, int min, int max, int *ret) {
        const char *at = *s;
        int value = 0;

        while (*at >= '0' && *at <= '9' && value <= max)
                value = value * 10 + (*at++ - '0');
        if (at == *s || value < min || value > max)
                return false;
        *s = at;
        *ret = value;
        return true;
}

static bool take_char(const char **s, char c) {
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

/* "[+-]HH[:MM[:SS]]" */
static bool take_time(const char **s, int hours_max, int *ret) {
        int sign = take_char(s, '-') ? -1 : 1, hours, minutes = 0, seconds = 0;

        if (sign > 0)
                (void) take_char(s, '+');
        if (!take_number(s, 0, hours_max, &hours))
                return false;
        if (take_char(s, ':') && !take_number(s, 0, 59, &minutes))
                return false;
        if (minutes >= 0 && take_char(s, ':') && !take_number(s, 0, 59, &seconds))
                return false;
        *ret = sign * (hours * HOUR_SECONDS + minutes * 60 + seconds);
        return true;
}

/* "CET" or "<+03>"; nobody needs it. */
static bool skip_name(const char **s) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        bool is_quoted = take_char(s, '<');
        size_t n = is_quoted ? strcspn(*s, ">") : strspn(*s, letters);

        if (n < NAME_MIN)
                return false;
        *s += n;
        return !is_quoted || take_char(s, '>');
}

static bool take_day(const char **s, ZoneDay *ret) {
        *ret = (ZoneDay){ .seconds = CHANGE_DEFAULT };
        if (take_char(s, 'M')) {
                ret->kind = 'M';
                if (!take_number(s, 1, 12, &ret->month) || !take_char(s, '.') ||
                                !take_number(s, 1, 5, &ret->week) || !take_char(s, '.') ||
                                !take_number(s, 0, WEEK_DAYS - 1, &ret->day))
                        return false;
        } else {
                ret->kind = take_char(s, 'J') ? 'J' : '0';
                if (!take_number(s, ret->kind == 'J', 365, &ret->day))
                        return false;
        }
        return !take_char(s, '/') || take_time(s, HOURS_MAX, &ret->seconds);
}

int zone_rule_parse(const char *s, ZoneRule *ret) {
        ZoneRule rule = { 0 };
        int offset = 0;

        /* POSIX counts west of UTC. */
        if (!skip_name(&s) || !take_time(&s, OFFSET_HOURS_MAX, &offset))
                return -EINVAL;
        rule.standard = -offset;
        if (*s != '\0') {
                rule.has_summer = true;
                rule.summer = rule.standard + HOUR_SECONDS;
                if (!skip_name(&s))
                        return -EINVAL;
                if (*s != ',') {
                        if (!take_time(&s, OFFSET_HOURS_MAX, &offset))
                                return -EINVAL;
                        rule.summer = -offset;
                }
                if (!take_char(&s, ',') || !take_day(&s, &rule.begin) || !take_char(&s, ',') ||
                                !take_day(&s, &rule.end) || *s != '\0')
                        return -EINVAL;
        }
        *ret = rule;
        return 0;
}

static int64_t day_in_year(const ZoneDay *d, int year) {
        int64_t first;
        int weekday, day;

        if (d->kind == '0')
                return days_from_date(year, 1, 1) + d->day;
        if (d->kind == 'J')
                return days_from_date(year, 1, 1) + d->day - 1 + (is_leap(year) && d->day > 31 + 28);
        first = days_from_date(year, d->month, 1);
        weekday = (int) ((first + EPOCH_WEEKDAY) % WEEK_DAYS);
        day = (d->day - weekday + WEEK_DAYS) % WEEK_DAYS + (d->week - 1) * WEEK_DAYS;
        if (day >= days_of_month(year, d->month))
                day -= WEEK_DAYS;
        return first + day;
}

void zone_rule_year(const ZoneRule *rule, int year, int64_t *ret_begin, int64_t *ret_end) {
        *ret_begin = day_in_year(&rule->begin, year) * DAY_SECONDS + rule->begin.seconds - rule->standard;
        *ret_end = day_in_year(&rule->end, year) * DAY_SECONDS + rule->end.seconds - rule->summer;
}
