#include "codec/zone.h"

#include <fcntl.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/zone-rule.h"

#define ZONE_BYTES_MAX (64u * 1024) /* the largest has less than 4 KiB */
#define RULE_MAX 128
#define HEADER_SIZE 44
#define TYPE_SIZE 6
#define OFFSET_MAX (26 * 3600) /* RFC 8536: -25 h to 26 h */
#define YEARS_AHEAD 20
#define YEAR_SECONDS INT64_C(31556952) /* on average */

/* Bytes that are left to read. */
typedef struct View {
        const unsigned char *data;
        size_t size;
} View;

/* What a file says, in its second part, where times have 64 bits. */
typedef struct Table {
        uint32_t n_times, n_types;
        View times, indices, types;
} Table;

typedef struct Offsets {
        WindowOffset list[WINDOW_OFFSETS_MAX];
        uint32_t n;
} Offsets;

bool zone_name_is_valid(const char *name) {
        static const char characters[] =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
        size_t n = strlen(name);

        return n > 0 && n <= ZONE_NAME_MAX && strspn(name, characters) == n && name[0] != '/' &&
                        name[n - 1] != '/' && !strstr(name, "//");
}

static bool take(View *v, size_t n, View *ret) {
        if (v->size < n)
                return false;
        *ret = (View){ v->data, n };
        v->data += n;
        v->size -= n;
        return true;
}

static uint64_t number_at(const View *v, size_t at, unsigned bytes) {
        uint64_t value = 0;

        for (unsigned i = 0; i < bytes; i++)
                value = value << 8 | v->data[at + i];
        return value;
}

static int64_t time_at(const Table *t, uint32_t i) {
        return (int64_t) number_at(&t->times, (size_t) i * 8, 8);
}

static int32_t offset_of_type(const Table *t, size_t type) {
        return (int32_t) (uint32_t) number_at(&t->types, type * TYPE_SIZE, 4);
}

static int32_t offset_at(const Table *t, uint32_t i) {
        return offset_of_type(t, t->indices.data[i]);
}

/* One of a file's two parts: the first, for programs of old, has times of 4 bytes. */
static bool take_part(View *v, unsigned time_size, Table *ret) {
        uint64_t counts[6];
        View header, rest;

        if (!take(v, HEADER_SIZE, &header) || memcmp(header.data, "TZif", 4) != 0 || header.data[4] < '2')
                return false;
        for (size_t i = 0; i < ELEMENTSOF(counts); i++) {
                counts[i] = number_at(&header, 20 + 4 * i, 4);
                if (counts[i] > ZONE_BYTES_MAX)
                        return false;
        }
        /* Zones of "right/" count leap seconds, which no other clock here does. */
        if (counts[2] != 0)
                return false;
        ret->n_times = (uint32_t) counts[3];
        ret->n_types = (uint32_t) counts[4];
        return take(v, counts[3] * time_size, &ret->times) && take(v, counts[3], &ret->indices) &&
                        take(v, counts[4] * TYPE_SIZE, &ret->types) &&
                        take(v, counts[5] + counts[1] + counts[0], &rest);
}

static bool table_is_sane(const Table *t) {
        if (t->n_types == 0)
                return false;
        for (uint32_t i = 0; i < t->n_types; i++)
                if (offset_of_type(t, i) > OFFSET_MAX || offset_of_type(t, i) < -OFFSET_MAX)
                        return false;
        for (uint32_t i = 0; i < t->n_times; i++)
                if (t->indices.data[i] >= t->n_types || (i > 0 && time_at(t, i) <= time_at(t, i - 1)))
                        return false;
        return true;
}

/* Behind both parts, between two line feeds; may be empty. */
static bool take_rule(View *v, ZoneRule *ret, bool *ret_has) {
        char text[RULE_MAX];
        View feed;
        size_t n;

        if (!take(v, 1, &feed) || feed.data[0] != '\n')
                return false;
        for (n = 0; n < v->size && v->data[n] != '\n' && v->data[n] != '\0'; n++)
                if (n + 1 == RULE_MAX)
                        return false;
        if (n == v->size || v->data[n] != '\n')
                return false;
        memcpy(text, v->data, n);
        text[n] = '\0';
        *ret_has = n > 0;
        return n == 0 || zone_rule_parse(text, ret) >= 0;
}

/* Later than all that is there; one that changes nothing is left out. */
static void add_offset(Offsets *o, int64_t since, int32_t seconds) {
        if (o->n == WINDOW_OFFSETS_MAX || (o->n > 0 && o->list[o->n - 1].seconds == seconds))
                return;
        o->list[o->n++] = (WindowOffset){ .since = since < 0 ? 0 : (usec_t) since * USEC_PER_SEC,
                .seconds = seconds };
}

/* The rule's changes after "since", year by year. The year before may reach into the first. */
static void add_rule(Offsets *o, const ZoneRule *rule, int64_t since) {
        int year = (int) (1970 + since / YEAR_SECONDS) - 1;

        if (!rule->has_summer) {
                add_offset(o, since, rule->standard);
                return;
        }
        for (int i = 0; i < YEARS_AHEAD; i++, year++) {
                int64_t begin, end;
                bool begins_first;

                zone_rule_year(rule, year, &begin, &end);
                begins_first = begin < end;
                for (int k = 0; k < 2; k++) {
                        bool is_begin = begins_first == (k == 0);
                        int64_t at = is_begin ? begin : end;

                        if (at > since)
                                add_offset(o, at, is_begin ? rule->summer : rule->standard);
                }
        }
}

static int32_t rule_offset_at(const ZoneRule *rule, int64_t at) {
        int year = (int) (1970 + at / YEAR_SECONDS) - 1;
        int32_t offset = rule->standard;
        int64_t latest = INT64_MIN;

        for (int i = 0; rule->has_summer && i < 3; i++) {
                int64_t begin, end;

                zone_rule_year(rule, year + i, &begin, &end);
                if (begin <= at && begin > latest) {
                        latest = begin;
                        offset = rule->summer;
                }
                if (end <= at && end > latest) {
                        latest = end;
                        offset = rule->standard;
                }
        }
        return offset;
}

int zone_parse(const char *data, size_t size, usec_t since, WindowOffset ret[static WINDOW_OFFSETS_MAX],
                uint32_t *ret_n) {
        View v = { (const unsigned char *) data, size };
        int64_t from = (int64_t) MIN(since / USEC_PER_SEC, (usec_t) UINT32_MAX), last;
        Offsets offsets = { 0 };
        Table table = { 0 };
        ZoneRule rule = { 0 };
        bool has_rule = false;
        uint32_t i = 0;

        if (!take_part(&v, 4, &table) || !take_part(&v, 8, &table) || !table_is_sane(&table) ||
                        !take_rule(&v, &rule, &has_rule))
                return -EBADMSG;
        while (i < table.n_times && time_at(&table, i) <= from)
                i++;
        if (has_rule && i == table.n_times)
                add_offset(&offsets, from, rule_offset_at(&rule, from));
        else
                add_offset(&offsets, from, i > 0 ? offset_at(&table, i - 1) : offset_of_type(&table, 0));
        for (; i < table.n_times; i++)
                add_offset(&offsets, time_at(&table, i), offset_at(&table, i));
        last = table.n_times > 0 ? MAX(from, time_at(&table, table.n_times - 1)) : from;
        if (has_rule && last <= (int64_t) UINT32_MAX)
                add_rule(&offsets, &rule, last);
        memcpy(ret, offsets.list, sizeof(offsets.list));
        *ret_n = offsets.n;
        return 0;
}

int zone_read(const char *folder, const char *name, usec_t since,
                WindowOffset ret[static WINDOW_OFFSETS_MAX], uint32_t *ret_n) {
        _cleanup_(freep) char *path = NULL, *data = NULL;
        size_t size = 0;
        int r;

        if (!zone_name_is_valid(name))
                return -EINVAL;
        path = alloc_printf("%s/%s", folder, name);
        if (!path)
                return -ENOMEM;
        r = fs_read(AT_FDCWD, path, true, ZONE_BYTES_MAX, &data, &size, NULL);
        if (r < 0)
                return r;
        return zone_parse(data, size, since, ret, ret_n);
}
