#include "golden.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "codec/plan-yaml.h"
#include "core/window.h"

static void expect(const char *lines, const char *words) {
        _cleanup_(freep) char *all = alloc_printf(
                        "%s\nsteps: [{weight: 1%%, hold: 1h}]\nhealth: {checks: none}\n", lines);
        _cleanup_(freep) char *found = golden_plan_with(all);

        EXPECT_CONTAINS(found, words);
}

TEST(days) {
        expect("window: {days: mon-sun, zone: UTC}", "window mon tue wed thu fri sat sun 00:00-00:00");
        expect("window: {days: sat-mon, zone: UTC}", "window mon sat sun 00:00");
        expect("window: {days: [tue], zone: UTC}", "window tue 00:00");
        expect("window: {days: mon-, zone: UTC}", "\"days\" must be");
        expect("window: {days: -mon, zone: UTC}", "\"days\" must be");
        expect("window: {days: mon-tue-wed, zone: UTC}", "\"days\" must be");
        expect("window: {days: mo, zone: UTC}", "\"days\" must be");
        expect("window: {days: '', zone: UTC}", "\"days\" must be");
        expect("window: {days: [[mon]], zone: UTC}", "found a list");
}

TEST(hours) {
        expect("window: {hours: 00:00-23:59, zone: UTC}", " 00:00-23:59 at_end hold");
        expect("window: {hours: 23:59-00:00, zone: UTC}", " 23:59-00:00 at_end hold");
        expect("window: {hours: 23:59-24:00, zone: UTC}", " 23:59-00:00 at_end hold");
        expect("window: {hours: 0900-1700, zone: UTC}", "\"hours\" must be");
        expect("window: {hours: 09:00+17:00, zone: UTC}", "\"hours\" must be");
        expect("window: {hours: 09:00-17:0a, zone: UTC}", "\"hours\" must be");
        expect("window: {hours: 09:00-17:60, zone: UTC}", "\"hours\" must be");
        expect("window: {hours: 09:00-24:01, zone: UTC}", "\"hours\" must be");
}

/* The steps take an hour. */
TEST(long_enough) {
        expect("window: {hours: 09:00-10:01, zone: UTC, at_end: roll_back}", "at_end roll_back");
        expect("window: {hours: 09:00-10:00, zone: UTC, at_end: roll_back}", "the steps take 1h");
        expect("window: {hours: 09:00-09:59, zone: UTC}", "at_end hold");
        expect("window: {hours: 23:30-00:31, zone: UTC, at_end: roll_back}", "at_end roll_back");
        expect("window: {days: mon, zone: UTC, at_end: roll_back}", "at_end roll_back");
}

TEST(zones) {
        expect("window: {days: mon, zone: Europe/Berlin}",
                        "offset +3600 since 2026-01-15T12:00:00Z\noffset +7200 since 2026-03-29T01:00:00Z\n");
        expect("window: {days: mon, zone: Etc/GMT+5}", "offset -18000");
        expect("window: {days: mon, zone: right/Europe/Berlin}", "none of the zones");
        expect("window: {days: mon, zone: europe/berlin}", "none of the zones");
        expect("window: {days: mon, zone: ''}", "none of the zones");
        expect("window: {days: mon, zone: Europe/../UTC}", "none of the zones");
        expect("window: {days: mon, zone: [UTC]}", "found a list");
}

TEST(not_before) {
        expect("not_before: 2026-02-01T08:00:00+01:00", "not_before 2026-02-01T07:00:00Z");
        expect("not_before: 1970-01-01T00:00:00Z", "there is no such time");
        expect("not_before: 2026-02-01 08:00:00", "date, time and zone");
        expect("not_before: [2026-02-01]", "found a list");
}

/* A zone may go with an upgrade of the host: what is being carried out is not given up for that. */
TEST(a_stored_plan_outlives_its_zone) {
        static const char text[] =
                        "format: 1\nfunction: a\nalias: live\nto: 2\nsteps: [{weight: 5%, hold: 1h}]\n"
                        "health: {checks: none}\nnot_before: 2026-02-01T08:00:00Z\n"
                        "window: {hours: 09:00-17:00, zone: Atlantis/Port, at_end: roll_back}\n";
        static const uint8_t sha256[PLAN_HASH_SIZE];
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;

        EXPECT(diags);
        EXPECT_INT(plan_parse(text, sizeof(text) - 1, "a", sha256, 1, diags, &doc), -EBADMSG);
        *diags = (DiagList){ 0 };
        EXPECT_OK(plan_parse_stored(text, sizeof(text) - 1, "a", sha256, 1, diags, &doc));
        EXPECT_INT(diags->n, 1);
        EXPECT_CONTAINS(diags->entries[0].message,
                        "time zone Atlantis/Port of its window cannot be read any more");
        EXPECT(plan_opens(&doc->plan, USEC_PER_DAY * 365 * 100) == USEC_INFINITY);
        EXPECT_INT(doc->plan.window.at_end, WINDOW_HOLD);
}
