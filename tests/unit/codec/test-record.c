#include "lib/test.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/crc32.h"
#include "codec/record.h"
#include "lib/fault.h"

static RolloutState *state_new(uint32_t n_targets) {
        RolloutState *state = alloc_zero(rollout_state_size(n_targets));

        EXPECT(state);
        state->n_targets = n_targets;
        return state;
}

static void expect_same(const RolloutState *state) {
        _cleanup_(freep) RolloutState *back = NULL;
        _cleanup_(freep) char *text = NULL;
        char error[160] = "";

        EXPECT_OK(record_encode(state, &text));
        if (record_decode(text, strlen(text), state->n_targets, &back, error) < 0)
                FAIL("%s: %s", error, text);
        if (memcmp(state, back, rollout_state_size(state->n_targets)) != 0)
                FAIL("comes back changed: %s", text);
}

TEST(as_a_person_sees_it) {
        _cleanup_(freep) RolloutState *state = state_new(1);
        _cleanup_(freep) char *text = NULL;

        state->phase = PHASE_SHIFTING;
        state->step = 1;
        state->age = 1500000;
        state->targets[0].stage = STAGE_WRITE;
        state->targets[0].version_new = 42;
        state->targets[0].judge.step_new = (Counts){ .invocations = 41, .errors = 0.5 };
        state->targets[0].judge.checks[1] = (CheckState){ .verdict = VERDICT_BREACH, .value = 0.08 };
        EXPECT_OK(record_encode(state, &text));
        EXPECT_STR(strchr(text, '\n') + 1,
                        "{\"rollout\":{\"phase\":\"shifting\",\"step\":1,\"age\":1500000,\"n_targets\":1},"
                        "\"targets\":[{\"stage\":\"write\",\"version_new\":42,\"judge\":{\"step_new\":"
                        "{\"invocations\":41.0,\"errors\":0.5},\"checks\":[{},{\"verdict\":\"breach\","
                        "\"value\":0.080000000000000002}]}}]}");
        EXPECT_CONTAINS(text, "canaryd-record 3 ");
        EXPECT_INT(strchr(text, '\n') - text, strlen("canaryd-record 3 01234567"));
        expect_same(state);
}

static bool in_member(size_t at, size_t offset, size_t size) {
        return at >= offset && at < offset + size;
}

/* Bytes that cannot be set alone: the inside of texts, whose bytes stand before the NUL or are zero,, and
 * the number of targets. */
static bool is_bound(size_t at) {
        size_t in_target = at - sizeof(RolloutState);

        if (at < sizeof(RolloutState))
                return in_member(at, offsetof(RolloutState, n_targets), 4);
        return in_member(in_target, offsetof(TargetState, revision), REVISION_SIZE) ||
                        in_member(in_target, offsetof(TargetState, code.revision), REVISION_SIZE) ||
                        in_member(in_target, offsetof(TargetState, code.sha), CODE_SHA_SIZE) ||
                        in_member(in_target, offsetof(TargetState, code.old_sha), CODE_SHA_SIZE) ||
                        in_member(in_target, offsetof(TargetState, code.planned), CODE_SHA_SIZE) ||
                        in_member(in_target, offsetof(TargetState, role_arn), ARN_TEXT_SIZE) ||
                        in_member(in_target, offsetof(TargetState, dead_letter_arn), ARN_TEXT_SIZE) ||
                        in_member(in_target, offsetof(TargetState, error), ERROR_TEXT_SIZE);
}

/* A member that the tables have forgotten would come back as zero: so each 32-bit word of the state is set
 * once. 1 is good for every number and every enumeration, and as a half of something larger. */
TEST(no_member_is_forgotten) {
        size_t size = rollout_state_size(1);
        uint32_t one = 1;

        for (size_t at = 0; at < size; at += sizeof(one)) {
                _cleanup_(freep) RolloutState *state = state_new(1);

                if (is_bound(at) || at == offsetof(RolloutState, reason_target))
                        continue;
                memcpy((char *) state + at, &one, sizeof(one));
                expect_same(state);
        }
}

TEST(texts) {
        _cleanup_(freep) RolloutState *state = state_new(1);
        TargetState *t = &state->targets[0];

        memset(t->revision, '\xff', REVISION_SIZE - 1);
        memset(t->error, '\x01', ERROR_TEXT_SIZE - 1);
        expect_same(state);
        /* Cut in the middle of a character, as a bounded copy may do. */
        memset(t->error, 0, ERROR_TEXT_SIZE);
        memcpy(t->error, "fehlgeschlagen: \"Pr\xc3", 20);
        expect_same(state);
}

TEST(extreme_numbers) {
        _cleanup_(freep) RolloutState *state = state_new(1);

        state->age = UINT64_MAX;
        state->prng.state = UINT64_C(0x8000000000000001);
        state->last = (Now){ .wall = INT64_MAX, .mono = (uint64_t) INT64_MAX + 1, .boot = UINT64_MAX - 1 };
        state->holding = UINT32_MAX;
        state->targets[0].judge.step_new = (Counts){ .invocations = 1.7976931348623157e308, .errors = -0.0 };
        state->targets[0].judge.all_new = (Counts){ .invocations = 1.0 / 3, .errors = 5e-324 };
        for (size_t i = 0; i < PLAN_HASH_SIZE; i++)
                state->plan_sha256[i] = (uint8_t) (0xff - i);
        expect_same(state);
}

static void fill_target(TargetState *t) {
        double worst = -1.7976931348623157e308;

        memset(t->revision, '\x02', REVISION_SIZE - 1);
        for (size_t i = 0; i < PAST_REVISIONS_MAX; i++)
                t->past[i].fingerprint = UINT64_MAX;
        memset(t->error, '\x02', ERROR_TEXT_SIZE - 1);
        memset(t->code.revision, '\x02', REVISION_SIZE - 1);
        memset(t->code.sha, '\x02', CODE_SHA_SIZE - 1);
        memset(t->code.old_sha, '\x02', CODE_SHA_SIZE - 1);
        t->code.since = t->code.version_restored = t->moving_since = UINT64_MAX;
        t->code.missing = 1;
        memset(t->role_arn, '\x02', ARN_TEXT_SIZE - 1);
        memset(t->dead_letter_arn, '\x02', ARN_TEXT_SIZE - 1);
        t->concurrency = UINT32_MAX;
        t->stage = STAGE_READ_ALIAS;
        t->version_old = t->version_new = t->role = t->dead_letter = UINT64_MAX;
        t->route = t->want = t->lost = (Route){ UINT64_MAX, UINT64_MAX, WEIGHT_FULL, 1 };
        t->next_poll = t->next_alarms = t->seen_wall = t->failing_since = UINT64_MAX;
        t->judge.alarms_asked = t->judge.alarms_age = t->judge.missed = UINT64_MAX;
        t->alias_op = t->poll_op = t->alarm_op =
                        (Op){ UINT64_MAX, UINT64_MAX, UINT32_MAX, FAULT_PRECONDITION };
        t->judge.step_new = t->judge.step_old = t->judge.all_new = t->judge.all_old =
                        (Counts){ worst, worst };
        t->judge.seen_new = t->judge.seen_old = (Counts){ worst, worst };
        for (size_t i = 0; i < PLAN_CHECKS_MAX; i++)
                t->judge.checks[i] = (CheckState){ VERDICT_HEALTHY, CAUSE_ALARM_INSUFFICIENT, worst, worst,
                        UINT64_MAX, UINT64_MAX, UINT64_MAX };
}

TEST(the_largest_state_fits) {
        _cleanup_(freep) RolloutState *state = state_new(PLAN_TARGETS_MAX);

        for (size_t i = 0; i < PLAN_TARGETS_MAX; i++)
                fill_target(&state->targets[i]);
        state->reason_target = PLAN_TARGETS_MAX - 1;
        expect_same(state);
}

/* A record with this body and a fitting checksum. */
static int decode(const char *body, uint32_t n_targets, char error[static 160]) {
        _cleanup_(freep) char *text =
                        alloc_printf("canaryd-record 3 %08x\n%s", crc32_of(body, strlen(body)) ^ 3, body);
        _cleanup_(freep) RolloutState *state = NULL;
        int r;

        EXPECT(text);
        error[0] = '\0';
        r = record_decode(text, strlen(text), n_targets, &state, error);
        EXPECT((r < 0) == !state);
        return r;
}

TEST(bodies_that_make_no_sense) {
        static const struct {
                const char *body, *words;
        } cases[] = {
                { "", "not JSON" },
                { "{", "not JSON" },
                { "{}", "\"rollout\" and \"targets\"" },
                { "[]", "\"rollout\" and \"targets\"" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[{}]} x", "not JSON" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[{}],\"more\":1}",
                                "\"rollout\" and \"targets\"" },
                { "{\"rollout\":{},\"targets\":[{}]}", "not the 1 of its plan" },
                { "{\"rollout\":{\"n_targets\":2},\"targets\":[{},{}]}", "not the 1 of its plan" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[]}", "not the 1 of its plan" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":{}}", "not the 1 of its plan" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[5]}", "of target 0" },
                { "{\"rollout\":5,\"targets\":[{}]}", "makes no sense" },
                { "{\"rollout\":{\"n_targets\":1,\"phase\":\"flying\"},\"targets\":[{}]}", "\"phase\"" },
                { "{\"rollout\":{\"n_targets\":1,\"step\":101},\"targets\":[{}]}", "\"step\"" },
                { "{\"rollout\":{\"n_targets\":1,\"reason_target\":1},\"targets\":[{}]}",
                                "\"reason_target\"" },
                { "{\"rollout\":{\"n_targets\":1,\"reason_check\":33},\"targets\":[{}]}",
                                "\"reason_check\"" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[{\"stage\":\"on\"}]}",
                                "\"stage\" of target 0" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[{\"route\":{\"weight\":10001}}]}",
                                "\"weight\"" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[{\"judge\":{\"caught_up\":2}}]}",
                                "\"caught_up\"" },
                { "{\"rollout\":{\"n_targets\":1},\"targets\":[[[[[[[[[[[[[]]]]]]]]]]]]]}", "not JSON" },
        };
        char error[160];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                EXPECT_INT(decode(cases[i].body, 1, error), -EBADMSG);
                EXPECT_CONTAINS(error, cases[i].words);
        }
        EXPECT_OK(decode("{\"rollout\":{\"n_targets\":1},\"targets\":[{}]}", 1, error));
        EXPECT_INT(decode("{\"rollout\":{\"n_targets\":1},\"targets\":[{}]}", 0, error), -EBADMSG);
        EXPECT_INT(decode("{\"rollout\":{\"n_targets\":1},\"targets\":[{}]}", PLAN_TARGETS_MAX + 1, error),
                        -EBADMSG);
}

static void expect_header(const char *text, int expected, const char *words) {
        RolloutState *state = NULL;
        char error[160] = "";

        EXPECT_INT(record_decode(text, strlen(text), 1, &state, error), expected);
        EXPECT(!state);
        EXPECT_CONTAINS(error, words);
}

TEST(headers) {
        expect_header("", -EBADMSG, "not a record");
        expect_header("{}", -EBADMSG, "not a record");
        expect_header("canaryd-record 1 00000000", -EBADMSG, "not a record");
        expect_header("canaryd-record 1\n{}", -EBADMSG, "not a record");
        expect_header("canaryd-record x 00000000\n{}", -EBADMSG, "not a record");
        expect_header("canaryd-record 0 00000000\n{}", -EBADMSG, "not a record");
        expect_header("canaryd-record 1 00000000\n{}", -EBADMSG, "checksum");
        expect_header("canaryd-record 1 \n{}", -EBADMSG, "checksum");
        expect_header("canaryd-record 4 whatever comes then\n{}", -EPROTONOSUPPORT, "version 4");
        expect_header("canaryd-record 99999999999999999999999999999999999999999999999999999999999999 0\n",
                        -EBADMSG, "not a record");
}

static RolloutState *decode_version(unsigned version, const char *body) {
        _cleanup_(freep) char *text = alloc_printf(
                        "canaryd-record %u %08x\n%s", version, crc32_of(body, strlen(body)), body);
        RolloutState *state;
        char error[160];

        EXPECT(text);
        EXPECT_OK(record_decode(text, strlen(text), 1, &state, error));
        return state;
}

/* What the release before has written has nothing of alarms in it. */
TEST(records_of_the_version_before) {
        _cleanup_(freep) RolloutState *state = decode_version(
                        1, "{\"rollout\":{\"phase\":\"baking\",\"n_targets\":1},\"targets\":[{}]}");

        EXPECT_INT(state->phase, PHASE_BAKING);
        EXPECT_INT(state->targets[0].alarm_op.id, 0);
        EXPECT_INT(state->reason_check, 0);
}

/* Nor has the one after it anything of code. */
TEST(records_of_version_2) {
        _cleanup_(freep) RolloutState *state = decode_version(2,
                        "{\"rollout\":{\"phase\":\"shifting\",\"n_targets\":1},\"targets\":[{\"stage\":"
                        "\"write\",\"touched\":1}]}");

        EXPECT_INT(state->targets[0].stage, STAGE_WRITE);
        EXPECT_INT(state->targets[0].touched, 1);
        EXPECT_INT(state->targets[0].code.missing, 0);
        EXPECT_INT(state->targets[0].concurrency, 0);
}

static uint32_t moved_of_version_2(const char *want, const char *lost) {
        _cleanup_(freep) char *body = alloc_printf(
                        "{\"rollout\":{\"phase\":\"baking\",\"n_targets\":1},\"targets\":[{\"version_old\":41,"
                        "\"version_new\":42,\"want\":{%s},\"lost\":{%s}}]}",
                        want, lost);
        _cleanup_(freep) RolloutState *state = NULL;

        EXPECT(body);
        state = decode_version(2, body);
        return state->targets[0].moved;
}

/* There nobody noted that Lambda may move the traffic of what was promoted. */
TEST(a_promotion_of_version_2) {
        EXPECT_INT(moved_of_version_2("\"primary\":42", ""), 1);
        EXPECT_INT(moved_of_version_2("\"primary\":41", "\"primary\":42"), 1);
        EXPECT_INT(moved_of_version_2("\"primary\":41,\"extra\":42,\"weight\":500", ""), 0);
        EXPECT_INT(moved_of_version_2("\"primary\":41", ""), 0);
}

/* There blindness named no check; to name the first one now would accuse it. */
TEST(blindness_of_the_version_before) {
        static const char body[] =
                        "{\"rollout\":{\"phase\":\"rolled-back\",\"reason\":\"blind\",\"n_targets\":"
                        "1},\"targets\":[{}]}";
        _cleanup_(freep) RolloutState *before = decode_version(1, body), *now = decode_version(2, body);

        EXPECT_INT(before->reason_check, PLAN_CHECKS_MAX);
        EXPECT_INT(now->reason_check, 0);
}

/* One flipped bit anywhere is noticed. */
TEST(damage) {
        _cleanup_(freep) RolloutState *state = state_new(1);
        _cleanup_(freep) char *text = NULL;
        size_t size;

        state->phase = PHASE_BAKING;
        state->targets[0].version_old = 41;
        EXPECT_OK(record_encode(state, &text));
        size = strlen(text);
        for (size_t i = 0; i < 8 * size; i++) {
                RolloutState *back = NULL;
                char error[160];

                text[i / 8] = (char) (text[i / 8] ^ (1 << i % 8));
                EXPECT(record_decode(text, size, 1, &back, error) < 0);
                text[i / 8] = (char) (text[i / 8] ^ (1 << i % 8));
        }
        for (size_t n = 0; n < size; n++) {
                RolloutState *back = NULL;
                char error[160];

                EXPECT_INT(record_decode(text, n, 1, &back, error), -EBADMSG);
        }
}

TEST(bytes_beyond_the_limit) {
        _cleanup_(freep) char *text = alloc_zero(RECORD_BYTES_MAX + 2);
        RolloutState *state = NULL;
        char error[160];

        EXPECT(text);
        memset(text, '\n', RECORD_BYTES_MAX + 1);
        EXPECT_INT(record_decode(text, RECORD_BYTES_MAX + 1, 1, &state, error), -EBADMSG);
}

TEST(out_of_memory_anywhere) {
        _cleanup_(freep) RolloutState *state = state_new(2);

        fill_target(&state->targets[0]);
        FAULT_LOOP {
                _cleanup_(freep) RolloutState *back = NULL;
                _cleanup_(freep) char *text = NULL;
                char error[160];
                int r = record_encode(state, &text);

                if (r >= 0)
                        r = record_decode(text, strlen(text), 2, &back, error);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!back);
        }
}
