#include "lib/test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/zone.h"
#include "lib/fault.h"

#define NOW (UINT64_C(1768478400) * USEC_PER_SEC) /* 2026-01-15T12:00:00Z */
#define BYTES_MAX 4096u

typedef struct Change {
        int64_t at;
        uint8_t type;
} Change;

static void put_number(Buf *out, uint64_t value, unsigned bytes) {
        while (bytes-- > 0)
                (void) buf_putc(out, (char) (value >> 8 * bytes & 0xff));
}

static void put_part(Buf *out, char version, unsigned time_size, const Change *changes, uint32_t n,
                const int32_t *types, uint32_t n_types, uint32_t n_leaps) {
        (void) buf_append(out, "TZif", 4);
        (void) buf_putc(out, version);
        for (unsigned i = 0; i < 15; i++)
                (void) buf_putc(out, 0);
        put_number(out, 0, 4);
        put_number(out, 0, 4);
        put_number(out, n_leaps, 4);
        put_number(out, n, 4);
        put_number(out, n_types, 4);
        put_number(out, 4, 4);
        for (uint32_t i = 0; i < n; i++)
                put_number(out, (uint64_t) changes[i].at, time_size);
        for (uint32_t i = 0; i < n; i++)
                put_number(out, changes[i].type, 1);
        for (uint32_t i = 0; i < n_types; i++) {
                put_number(out, (uint32_t) types[i], 4);
                put_number(out, 0, 2);
        }
        (void) buf_append(out, "XXX", 4);
}

/* A file as today's zic writes it: nothing in its first part. */
static Buf make(const Change *changes, uint32_t n, const int32_t *types, uint32_t n_types,
                const char *rule) {
        static const int32_t none[] = { 0 };
        Buf out = BUF_INIT(BYTES_MAX);

        put_part(&out, '2', 4, NULL, 0, none, 1, 0);
        put_part(&out, '2', 8, changes, n, types, n_types, 0);
        (void) buf_printf(&out, "\n%s\n", rule);
        return out;
}

static int parse(const Buf *file, usec_t since, WindowOffset *ret, uint32_t *ret_n) {
        return zone_parse(file->data, file->size, since, ret, ret_n);
}

TEST(a_rule_alone) {
        static const int32_t types[] = { 3600 };
        _cleanup_(buf_done) Buf file = make(NULL, 0, types, 1, "CET-1CEST,M3.5.0,M10.5.0/3");
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        EXPECT_OK(parse(&file, NOW, o, &n));
        EXPECT_INT(n, WINDOW_OFFSETS_MAX);
        EXPECT_INT(o[0].since, NOW);
        EXPECT_INT(o[0].seconds, 3600);
        EXPECT_INT(o[1].since, UINT64_C(1774746000) * USEC_PER_SEC);
        EXPECT_INT(o[1].seconds, 7200);
        EXPECT_INT(o[2].since, UINT64_C(1792890000) * USEC_PER_SEC);
        EXPECT_INT(o[2].seconds, 3600);
        for (uint32_t i = 1; i < n; i++)
                EXPECT(o[i].since > o[i - 1].since && o[i].seconds != o[i - 1].seconds);
        /* In summer, and at the very second of a change. */
        EXPECT_OK(parse(&file, NOW + 180 * USEC_PER_DAY, o, &n));
        EXPECT_INT(o[0].seconds, 7200);
        EXPECT_OK(parse(&file, UINT64_C(1792890000) * USEC_PER_SEC, o, &n));
        EXPECT_INT(o[0].seconds, 3600);
}

TEST(a_table_and_then_its_rule) {
        static const int32_t types[] = { 60, 3600, 7200 };
        static const Change changes[] = { { -1000, 1 }, { 1774746000, 2 }, { 1792890000, 1 } };
        _cleanup_(buf_done) Buf file = make(changes, 3, types, 3, "CET-1CEST,M3.5.0,M10.5.0/3");
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        EXPECT_OK(parse(&file, NOW, o, &n));
        EXPECT_INT(n, WINDOW_OFFSETS_MAX);
        EXPECT_INT(o[0].seconds, 3600);
        EXPECT_INT(o[1].since, UINT64_C(1774746000) * USEC_PER_SEC);
        EXPECT_INT(o[2].since, UINT64_C(1792890000) * USEC_PER_SEC);
        EXPECT_INT(o[3].since, UINT64_C(1806195600) * USEC_PER_SEC); /* 2027-03-28T01:00Z */
        EXPECT_INT(o[3].seconds, 7200);
        /* Before all of it: the first type. */
        EXPECT_OK(parse(&file, 0, o, &n));
        EXPECT_INT(o[0].seconds, 3600);
}

TEST(a_table_without_a_rule) {
        static const int32_t types[] = { 60, 3600 };
        static const Change changes[] = { { 1774746000, 1 } };
        _cleanup_(buf_done) Buf file = make(changes, 1, types, 2, "");
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        EXPECT_OK(parse(&file, NOW, o, &n));
        EXPECT_INT(n, 2);
        EXPECT_INT(o[0].seconds, 60);
        EXPECT_INT(o[1].seconds, 3600);
}

TEST(times_without_end) {
        static const int32_t types[] = { 3600 };
        _cleanup_(buf_done) Buf file = make(NULL, 0, types, 1, "CET-1CEST,M3.5.0,M10.5.0/3");
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        EXPECT_OK(parse(&file, USEC_INFINITY, o, &n));
        EXPECT(n >= 1);
}

static void expect_bad(const Buf *file) {
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 77;

        EXPECT_INT(parse(file, NOW, o, &n), -EBADMSG);
        EXPECT_INT(n, 77);
}

TEST(refused) {
        static const int32_t types[] = { 3600 }, far[] = { 100 * 3600 };
        static const Change backwards[] = { { 5, 0 }, { 4, 0 } }, unknown[] = { { 5, 1 } };
        _cleanup_(buf_done) Buf order = make(backwards, 2, types, 1, "UTC0");
        _cleanup_(buf_done) Buf type = make(unknown, 1, types, 1, "UTC0");
        _cleanup_(buf_done) Buf offset = make(NULL, 0, far, 1, "UTC0");
        _cleanup_(buf_done) Buf none = make(NULL, 0, types, 0, "UTC0");
        _cleanup_(buf_done) Buf rule = make(NULL, 0, types, 1, "no rule");
        _cleanup_(buf_done) Buf leaps = BUF_INIT(BYTES_MAX), old = BUF_INIT(BYTES_MAX);

        expect_bad(&order);
        expect_bad(&type);
        expect_bad(&offset);
        expect_bad(&none);
        expect_bad(&rule);
        put_part(&leaps, '2', 4, NULL, 0, types, 1, 1);
        expect_bad(&leaps);
        put_part(&old, '\0', 4, NULL, 0, types, 1, 0);
        expect_bad(&old);
}

/* However much of a file is there: no more than that is read. */
TEST(cut_anywhere) {
        static const int32_t types[] = { 60, 3600 };
        static const Change changes[] = { { 1774746000, 1 } };
        _cleanup_(buf_done) Buf file = make(changes, 1, types, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        for (size_t size = 0; size < file.size; size++) {
                _cleanup_(freep) char *part = alloc_copy_bytes(file.data, size);

                EXPECT_INT(zone_parse(part, size, NOW, o, &n), -EBADMSG);
        }
        EXPECT_OK(parse(&file, NOW, o, &n));
}

TEST(names) {
        static const char *const good[] = { "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                "Etc/GMT+5", "Etc/GMT-14" };
        static const char *const bad[] = { "", "/UTC", "UTC/", "a//b", "..", "../UTC", "Europe/../UTC",
                "tzdata.zi", "Europe Berlin", "Europe\\Berlin", "\xc3\xa4" };
        char name[ZONE_NAME_MAX + 2] = "";

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                EXPECT(zone_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                EXPECT(!zone_name_is_valid(bad[i]));
        memset(name, 'a', ZONE_NAME_MAX);
        EXPECT(zone_name_is_valid(name));
        name[ZONE_NAME_MAX] = 'a';
        EXPECT(!zone_name_is_valid(name));
}

TEST(files) {
        WindowOffset o[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;

        EXPECT_OK(zone_read(ZONE_FOLDER, "Europe/Berlin", NOW, o, &n));
        EXPECT_INT(o[0].seconds, 3600);
        EXPECT_INT(o[1].since, UINT64_C(1774746000) * USEC_PER_SEC);
        EXPECT_INT(zone_read(ZONE_FOLDER, "../zoneinfo/UTC", NOW, o, &n), -EINVAL);
        EXPECT_INT(zone_read(ZONE_FOLDER, "Europe/Atlantis", NOW, o, &n), -ENOENT);
        EXPECT(zone_read(ZONE_FOLDER, "Europe", NOW, o, &n) < 0);
        EXPECT(zone_read("/nowhere", "UTC", NOW, o, &n) < 0);
}

TEST(out_of_memory) {
        FAULT_LOOP {
                WindowOffset o[WINDOW_OFFSETS_MAX];
                uint32_t n = 0;
                int r = zone_read(ZONE_FOLDER, "Europe/Berlin", NOW, o, &n);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
}
