#include "base/timefmt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/usec.h"

#define DURATION_MAX (3653 * USEC_PER_DAY)
#define YEAR_9999_END ((usec_t) 253402300799) /* its last second */

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
        "Nov", "Dec" };

static struct tm break_down(usec_t t) {
        time_t seconds = (time_t) MIN(t / USEC_PER_SEC, YEAR_9999_END);
        struct tm tm = { 0 };

        (void) gmtime_r(&seconds, &tm);
        return tm;
}

void time_format_rfc3339(usec_t t, char ret[static TIME_TEXT_MAX]) {
        struct tm tm = break_down(t);

        (void) strftime(ret, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void time_format_clock(usec_t t, char ret[static TIME_TEXT_MAX]) {
        struct tm tm = break_down(t);

        (void) strftime(ret, TIME_TEXT_MAX, "%H:%M:%S", &tm);
}

void time_format_amz(usec_t t, char ret[static TIME_TEXT_MAX]) {
        struct tm tm = break_down(t);

        (void) strftime(ret, TIME_TEXT_MAX, "%Y%m%dT%H%M%SZ", &tm);
}

/* Reads exactly n digits at *s and moves on. */
static bool take_digits(const char **s, unsigned n, int *ret) {
        int value = 0;

        for (unsigned i = 0; i < n; i++) {
                char c = (*s)[i];

                if (c < '0' || c > '9')
                        return false;
                value = value * 10 + (c - '0');
        }
        *s += n;
        *ret = value;
        return true;
}

static bool take_char(const char **s, char c) {
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

static int days_of_month(int year, int month) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return days[month - 1] + (month == 2 && is_leap);
}

static int assemble(struct tm *tm, int64_t offset_seconds, usec_t fraction, usec_t *ret) {
        int64_t seconds;

        if (tm->tm_year < 1970 || tm->tm_mon < 1 || tm->tm_mon > 12 || tm->tm_mday < 1 ||
                        tm->tm_mday > days_of_month(tm->tm_year, tm->tm_mon) || tm->tm_hour > 23 ||
                        tm->tm_min > 59 || tm->tm_sec > 60)
                return -EINVAL;
        tm->tm_year -= 1900;
        tm->tm_mon -= 1;
        seconds = (int64_t) timegm(tm) - offset_seconds;
        if (seconds < 0)
                return -EINVAL;
        *ret = (usec_t) seconds * USEC_PER_SEC + fraction;
        return 0;
}

static bool take_fraction(const char **s, usec_t *ret) {
        usec_t unit = USEC_PER_SEC / 10, value = 0;

        if (**s < '0' || **s > '9')
                return false;
        for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
                value += (usec_t) (**s - '0') * unit;
        *ret = value;
        return true;
}

static bool take_zone(const char **s, int64_t *ret_seconds) {
        int sign, hours, minutes;

        *ret_seconds = 0;
        if (take_char(s, 'Z') || take_char(s, 'z'))
                return true;
        if (take_char(s, '+'))
                sign = 1;
        else if (take_char(s, '-'))
                sign = -1;
        else
                return false;
        if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes) || hours > 23 ||
                        minutes > 59)
                return false;
        *ret_seconds = sign * (hours * 3600 + minutes * 60);
        return true;
}

int time_parse_rfc3339(const char *s, usec_t *ret) {
        struct tm tm = { 0 };
        usec_t fraction = 0;
        int64_t offset;

        if (!take_digits(&s, 4, &tm.tm_year) || !take_char(&s, '-') || !take_digits(&s, 2, &tm.tm_mon) ||
                        !take_char(&s, '-') || !take_digits(&s, 2, &tm.tm_mday))
                return -EINVAL;
        if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
                return -EINVAL;
        if (!take_digits(&s, 2, &tm.tm_hour) || !take_char(&s, ':') || !take_digits(&s, 2, &tm.tm_min) ||
                        !take_char(&s, ':') || !take_digits(&s, 2, &tm.tm_sec))
                return -EINVAL;
        if (take_char(&s, '.') && !take_fraction(&s, &fraction))
                return -EINVAL;
        if (!take_zone(&s, &offset) || *s != '\0')
                return -EINVAL;
        return assemble(&tm, offset, fraction, ret);
}

int time_parse_http(const char *s, usec_t *ret) {
        struct tm tm = { 0 };

        s = strchr(s, ',');
        if (!s)
                return -EINVAL;
        s++;
        if (!take_char(&s, ' ') || !take_digits(&s, 2, &tm.tm_mday) || !take_char(&s, ' '))
                return -EINVAL;
        for (int i = 0; i < (int) ELEMENTSOF(months); i++)
                if (strncmp(s, months[i], 3) == 0)
                        tm.tm_mon = i + 1;
        if (tm.tm_mon == 0)
                return -EINVAL;
        s += 3;
        if (!take_char(&s, ' ') || !take_digits(&s, 4, &tm.tm_year) || !take_char(&s, ' ') ||
                        !take_digits(&s, 2, &tm.tm_hour) || !take_char(&s, ':') ||
                        !take_digits(&s, 2, &tm.tm_min) || !take_char(&s, ':') ||
                        !take_digits(&s, 2, &tm.tm_sec))
                return -EINVAL;
        if (!streq(s, " GMT"))
                return -EINVAL;
        return assemble(&tm, 0, 0, ret);
}

static const struct {
        const char *name;
        usec_t unit;
} duration_units[] = {
        { "d", USEC_PER_DAY },
        { "h", USEC_PER_HOUR },
        { "m", USEC_PER_MINUTE },
        { "s", USEC_PER_SEC },
        { "ms", USEC_PER_MSEC },
};

int duration_parse(const char *s, usec_t *ret) {
        usec_t total = 0;
        size_t next_unit = 0;

        if (str_is_empty(s))
                return -EINVAL;
        while (*s) {
                uint64_t value = 0;
                size_t digits = 0, letters = 0, unit;

                for (; s[digits] >= '0' && s[digits] <= '9'; digits++) {
                        if (value > DURATION_MAX)
                                return -ERANGE;
                        value = value * 10 + (uint64_t) (s[digits] - '0');
                }
                if (digits == 0)
                        return -EINVAL;
                s += digits;
                while (s[letters] >= 'a' && s[letters] <= 'z')
                        letters++;
                for (unit = next_unit; unit < ELEMENTSOF(duration_units); unit++)
                        if (strlen(duration_units[unit].name) == letters &&
                                        strncmp(s, duration_units[unit].name, letters) == 0)
                                break;
                if (unit == ELEMENTSOF(duration_units))
                        return -EINVAL;
                if (value > DURATION_MAX / duration_units[unit].unit)
                        return -ERANGE;
                total += value * duration_units[unit].unit;
                s += letters;
                next_unit = unit + 1;
        }
        if (total > DURATION_MAX)
                return -ERANGE;
        *ret = total;
        return 0;
}

void duration_format(usec_t d, char ret[static TIME_TEXT_MAX]) {
        size_t used = 0, shown = 0;

        for (size_t i = 0; i < ELEMENTSOF(duration_units) && shown < 2; i++) {
                usec_t unit = duration_units[i].unit;
                int n;

                if (d < unit) {
                        if (shown > 0)
                                shown++; /* "1h" and some seconds is "1h": two units are always neighbours */
                        continue;
                }
                n = snprintf(ret + used, TIME_TEXT_MAX - used, "%llu%s", (unsigned long long) (d / unit),
                                duration_units[i].name);
                used += (size_t) MAX(n, 0);
                d %= unit;
                shown++;
        }
        if (used == 0)
                (void) str_copy(ret, TIME_TEXT_MAX, "0s");
}
