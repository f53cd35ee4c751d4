#include "golden.h"

#include "base/alloc.h"
#include "base/buf.h"

static void expect(const char *lines, const char *words) {
        _cleanup_(freep) char *text = alloc_printf(
                        "format: 1\n%s\nstrategy: all-at-once\nhealth: {checks: none}\n", lines);
        _cleanup_(freep) char *found = golden_plan(text, strlen(text), "x.yaml");

        EXPECT_CONTAINS(found, words);
}

TEST(each_takes_what_it_does_not_say_from_the_top) {
        expect("alias: live\nto: 2\ntargets: [{function: f}, {function: g, alias: main, to: 3}]",
                        "target f live region (the daemon's) from 0 to 2\n"
                        "target g main region (the daemon's) from 0 to 3\n");
        expect("alias: live\nto: 2\ntargets: [{function: f, publish: latest}, {function: g}]",
                        "target f live region (the daemon's) from 0 to 0\npublish latest\n"
                        "target g live region (the daemon's) from 0 to 2\n");
        expect("alias: live\npublish: latest\ntargets: [{function: f, to: 2}, {function: g}]",
                        "target f live region (the daemon's) from 0 to 2\n"
                        "target g live region (the daemon's) from 0 to 0\npublish latest\n");
}

/* A role of its own, without the external id of another. */
TEST(roles) {
        expect("alias: live\nto: 2\nrole_arn: arn:aws:iam::123456789012:role/a\nexternal_id: id\n"
               "targets: [{function: f, role_arn: 'arn:aws:iam::123456789012:role/b'}, {function: g}]",
                        "role arn:aws:iam::123456789012:role/b external_id (none)\ntarget g");
        expect("alias: live\nto: 2\nrole_arn: arn:aws:iam::123456789012:role/a\n"
               "targets: [{function: f, external_id: mine}, {function: g}]",
                        "role arn:aws:iam::123456789012:role/a external_id mine\ntarget g");
}

TEST(what_the_top_says_in_vain) {
        expect("function: f\nalias: live\nto: 2\ntargets: [{function: g}]",
                        "\"function\" holds for no target");
        expect("function: f\nalias: live\nto: 2\ntargets: [{publish: latest}]",
                        "\"to\" holds for no target");
        expect("function: f\nalias: live\nto: 2\ntargets: []", "found an empty list");
}

TEST(waves) {
        expect("function: f\nto: 2\nbake: 9m\nwaves: [{name: a, targets: [{alias: x}, {alias: y}], bake: 0s}, "
               "{name: b, targets: [{alias: z}]}]",
                        "wave a: 2 targets from 0 bake 0s\nwave b: 1 targets from 2 bake 9m\n"
                        "on_wave_failure wave\n");
        expect("function: f\nto: 2\nwaves: [{name: a, targets: [{alias: x}]}]\non_wave_failure: all",
                        "on_wave_failure all\n");
        expect("function: f\nto: 2\nwaves: [{name: a, targets: [{alias: x}]}]\ntargets: [{alias: y}]",
                        "\"targets\" or \"waves\", not both");
}

TEST(waves_at_the_limit_and_beyond) {
        for (unsigned n = PLAN_WAVES_MAX; n <= PLAN_WAVES_MAX + 1; n++) {
                _cleanup_(buf_done) Buf text = BUF_INIT(64u * 1024);

                (void) buf_puts(&text, "to: 2\nfunction: f\nwaves:\n");
                for (unsigned i = 0; i < n; i++)
                        (void) buf_printf(&text, "  - {name: w%u, targets: [{alias: x%u}]}\n", i, i);
                expect(buf_text(&text),
                                n == PLAN_WAVES_MAX ? "wave w63: 1 targets from 63" : "at most 64 waves");
        }
}

TEST(targets_at_the_limit_and_beyond) {
        for (unsigned n = PLAN_TARGETS_MAX; n <= PLAN_TARGETS_MAX + 1; n++) {
                _cleanup_(buf_done) Buf text = BUF_INIT(64u * 1024);

                (void) buf_puts(&text, "to: 2\nfunction: f\ntargets:\n");
                for (unsigned i = 0; i < n; i++)
                        (void) buf_printf(&text, "  - {alias: x%u}\n", i);
                expect(buf_text(&text), n == PLAN_TARGETS_MAX ? "target f x63" : "at most 64 targets");
        }
}
