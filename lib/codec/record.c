#include "codec/record.h"

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/crc32.h"
#include "codec/field.h"
#include "codec/json-write.h"
#include "core/trace.h"

/* 2: alarms, checks that are blind by themselves. 3: code that is deployed and restored, aliases that are
 * made, provisioned concurrency, waves, windows. Older records have none of that; what a version does not
 * know, it refuses. */
#define RECORD_VERSION 3u
#define HEADER_WORD "canaryd-record "
#define HEADER_SIZE_MAX 64
#define CRC_DIGITS 8
#define JSON_DEPTH_MAX 8

#define DEFINE_WORD(name, Type)                          \
        static const char *name##_word(uint32_t value) { \
                return name##_to_string((Type) value);   \
        }                                                \
        struct trailing_semicolon_after_##name

DEFINE_WORD(phase, Phase);
DEFINE_WORD(stage, Stage);
DEFINE_WORD(verdict, Verdict);
DEFINE_WORD(cause, Cause);
DEFINE_WORD(fault, Fault);
DEFINE_WORD(reason, Reason);
DEFINE_WORD(gated, Gated);

#define AT(Type, member) .offset = offsetof(Type, member), .size = sizeof(((Type *) NULL)->member)
#define U32(Type, member, most) \
        { #member, FIELD_U32, AT(Type, member), .max = (most) }
#define U64(Type, member) \
        { #member, FIELD_U64, AT(Type, member) }
#define REAL(Type, member) \
        { #member, FIELD_DOUBLE, AT(Type, member) }
#define TEXT(Type, member) \
        { #member, FIELD_TEXT, AT(Type, member) }
#define BYTES(Type, member) \
        { #member, FIELD_BYTES, AT(Type, member) }
#define WORD(Type, member, word) \
        { #member, FIELD_WORD, AT(Type, member), .to_word = word##_word, .from_word = word##_from_string }
#define STRUCT(Type, member, table) \
        { #member, FIELD_STRUCT, AT(Type, member), .inner = &(table) }
#define LIST(Type, member, table)                                                                \
        {                                                                                        \
#                member, FIELD_LIST, .offset = offsetof(Type, member),                           \
                                     .size = sizeof(((Type *) NULL)->member[0]),                 \
                                     .n = ELEMENTSOF(((Type *) NULL)->member), .inner = &(table) \
        }

static const Field prng_fields[] = { U64(Prng, state) };
static const FieldTable prng_table = { prng_fields, ELEMENTSOF(prng_fields) };

static const Field now_fields[] = { U64(Now, wall), U64(Now, mono), U64(Now, boot) };
static const FieldTable now_table = { now_fields, ELEMENTSOF(now_fields) };

static const Field route_fields[] = {
        U64(Route, primary),
        U64(Route, extra),
        U32(Route, weight, WEIGHT_FULL),
        U32(Route, is_odd, 1),
};
static const FieldTable route_table = { route_fields, ELEMENTSOF(route_fields) };

static const Field op_fields[] = {
        U64(Op, id),
        U64(Op, retry_at),
        U32(Op, attempt, UINT32_MAX),
        WORD(Op, fault, fault),
};
static const FieldTable op_table = { op_fields, ELEMENTSOF(op_fields) };

static const Field counts_fields[] = { REAL(Counts, invocations), REAL(Counts, errors) };
static const FieldTable counts_table = { counts_fields, ELEMENTSOF(counts_fields) };

static const Field check_fields[] = {
        WORD(CheckState, verdict, verdict),
        WORD(CheckState, cause, cause),
        REAL(CheckState, value),
        REAL(CheckState, samples),
        U64(CheckState, window_start),
        U64(CheckState, window_end),
        U64(CheckState, blind_since),
};
static const FieldTable check_table = { check_fields, ELEMENTSOF(check_fields) };

static const Field judge_fields[] = {
        U64(JudgeState, exposed_since),
        U64(JudgeState, folded_until),
        U64(JudgeState, step_from),
        STRUCT(JudgeState, step_new, counts_table),
        STRUCT(JudgeState, step_old, counts_table),
        STRUCT(JudgeState, all_new, counts_table),
        STRUCT(JudgeState, all_old, counts_table),
        U64(JudgeState, buckets),
        U64(JudgeState, buckets_with_data),
        U64(JudgeState, asked_from),
        U64(JudgeState, asked_until),
        U64(JudgeState, asked_age),
        U64(JudgeState, read_age),
        U64(JudgeState, data_age),
        U64(JudgeState, last_data),
        U64(JudgeState, blind_since),
        WORD(JudgeState, blind_cause, cause),
        U32(JudgeState, asked_all, 1),
        U32(JudgeState, caught_up, 1),
        U32(JudgeState, steady, 1),
        STRUCT(JudgeState, seen_new, counts_table),
        STRUCT(JudgeState, seen_old, counts_table),
        U64(JudgeState, alarms_asked),
        U64(JudgeState, alarms_age),
        U64(JudgeState, missed),
        LIST(JudgeState, checks, check_table),
};
static const FieldTable judge_table = { judge_fields, ELEMENTSOF(judge_fields) };

static const Field past_fields[] = { U64(PastRevision, fingerprint) };
static const FieldTable past_table = { past_fields, ELEMENTSOF(past_fields) };

static const Field code_fields[] = {
        TEXT(CodeState, revision),
        TEXT(CodeState, sha),
        TEXT(CodeState, old_sha),
        TEXT(CodeState, planned),
        U64(CodeState, since),
        U64(CodeState, version_restored),
        U32(CodeState, known, 1),
        U32(CodeState, touched, 7),
        U32(CodeState, unsure, 7),
        U32(CodeState, missing, 1),
        U32(CodeState, restore_done, 1),
        U32(CodeState, restore_asked, 1),
};
static const FieldTable code_table = { code_fields, ELEMENTSOF(code_fields) };

static const Field target_fields[] = {
        WORD(TargetState, stage, stage),
        U32(TargetState, touched, 1),
        U32(TargetState, unsure, 1),
        U32(TargetState, told_weight, WEIGHT_FULL),
        U64(TargetState, place),
        U64(TargetState, version_old),
        U64(TargetState, version_new),
        STRUCT(TargetState, route, route_table),
        STRUCT(TargetState, want, route_table),
        STRUCT(TargetState, lost, route_table),
        TEXT(TargetState, revision),
        LIST(TargetState, past, past_table),
        U64(TargetState, strange),
        U64(TargetState, role),
        U64(TargetState, dead_letter),
        TEXT(TargetState, role_arn),
        TEXT(TargetState, dead_letter_arn),
        STRUCT(TargetState, alias_op, op_table),
        STRUCT(TargetState, code, code_table),
        U32(TargetState, concurrency, UINT32_MAX),
        U32(TargetState, moved, 1),
        U64(TargetState, moving_since),
        STRUCT(TargetState, poll_op, op_table),
        STRUCT(TargetState, alarm_op, op_table),
        U64(TargetState, next_poll),
        U64(TargetState, next_alarms),
        U64(TargetState, seen_wall),
        U64(TargetState, failing_since),
        TEXT(TargetState, error),
        STRUCT(TargetState, judge, judge_table),
};
static const FieldTable target_table = { target_fields, ELEMENTSOF(target_fields) };

/* All but the targets, which are as many as the plan says. */
static const Field state_fields[] = {
        WORD(RolloutState, phase, phase),
        U32(RolloutState, step, PLAN_STEPS_MAX),
        U64(RolloutState, next_op),
        U64(RolloutState, next_seq),
        STRUCT(RolloutState, prng, prng_table),
        BYTES(RolloutState, plan_sha256),
        U64(RolloutState, age),
        STRUCT(RolloutState, last, now_table),
        U64(RolloutState, step_age),
        U64(RolloutState, step_wall),
        U64(RolloutState, started_wall),
        U64(RolloutState, ended_wall),
        U64(RolloutState, persisted_age),
        WORD(RolloutState, reason, reason),
        U32(RolloutState, reason_target, PLAN_TARGETS_MAX - 1),
        U32(RolloutState, reason_check, PLAN_CHECKS_MAX),
        U32(RolloutState, reason_step, PLAN_STEPS_MAX),
        U64(RolloutState, reason_version),
        U32(RolloutState, wave, PLAN_WAVES_MAX - 1),
        WORD(RolloutState, gated, gated),
        U64(RolloutState, due_since),
        U32(RolloutState, n_targets, PLAN_TARGETS_MAX),
        U32(RolloutState, holding, UINT32_MAX),
};
static const FieldTable state_table = { state_fields, ELEMENTSOF(state_fields) };

static void json_object_putp(json_object **o) {
        if (*o)
                (void) json_object_put(*o);
}

static void json_tokener_freep(json_tokener **t) {
        if (*t)
                json_tokener_free(*t);
}

/* One flipped bit makes a 2 of a 3: since then the version counts, too. */
static uint32_t checksum_of(uint64_t version, const void *body, size_t size) {
        uint32_t crc = crc32_of(body, size);

        return version < 3 ? crc : crc ^ (uint32_t) version;
}

int record_encode(const RolloutState *state, char **ret) {
        _cleanup_(buf_done) Buf body = BUF_INIT(RECORD_BYTES_MAX - HEADER_SIZE_MAX);
        _cleanup_(buf_done) Buf out = BUF_INIT(RECORD_BYTES_MAX);
        int r;

        json_write_open(&body, NULL, '{');
        field_write_object(&body, "rollout", &state_table, state);
        json_write_open(&body, "targets", '[');
        for (uint32_t i = 0; i < state->n_targets; i++)
                field_write_object(&body, NULL, &target_table, &state->targets[i]);
        json_write_close(&body, ']');
        json_write_close(&body, '}');
        if (body.failed)
                return -ENOMEM;
        (void) buf_printf(&out, HEADER_WORD "%u %08x\n", RECORD_VERSION,
                        checksum_of(RECORD_VERSION, body.data, body.size));
        (void) buf_append(&out, body.data, body.size);
        r = buf_take(&out, ret);
        return r < 0 ? -ENOMEM : 0;
}

static int refuse(char reterr[static 160], int error, const char *format, ...) _printf_(3, 4);

static int refuse(char reterr[static 160], int error, const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, 160, format, args);
        va_end(args);
        return error;
}

/* Checks the first line; *ret_body is what follows. */
static int read_header(const char *text, size_t size, uint64_t *ret_version, const char **ret_body,
                size_t *ret_size, char reterr[static 160]) {
        const char *newline = memchr(text, '\n', MIN(size, (size_t) HEADER_SIZE_MAX)), *word, *space;
        char header[HEADER_SIZE_MAX], version[HEADER_SIZE_MAX] = "", crc[CRC_DIGITS + 1];
        uint64_t number;
        size_t body_size;

        if (size > RECORD_BYTES_MAX || !newline || memchr(text, '\0', (size_t) (newline - text)))
                return refuse(reterr, -EBADMSG, "not a record");
        memcpy(header, text, (size_t) (newline - text));
        header[newline - text] = '\0';
        word = str_after(header, HEADER_WORD);
        space = word ? strchr(word, ' ') : NULL;
        if (!space)
                return refuse(reterr, -EBADMSG, "not a record");
        memcpy(version, word, (size_t) (space - word));
        if (str_parse_u64(version, UINT64_MAX, &number) < 0 || number == 0)
                return refuse(reterr, -EBADMSG, "not a record");
        if (number > RECORD_VERSION)
                return refuse(reterr, -EPROTONOSUPPORT,
                                "a record of version %llu, and this canaryd reads up to %u",
                                (unsigned long long) number, RECORD_VERSION);
        body_size = size - (size_t) (newline + 1 - text);
        (void) snprintf(crc, sizeof(crc), "%08x", checksum_of(number, newline + 1, body_size));
        if (!streq(space + 1, crc))
                return refuse(reterr, -EBADMSG, "damaged: its checksum is %s, not %s", crc, space + 1);
        *ret_version = number;
        *ret_body = newline + 1;
        *ret_size = body_size;
        return 0;
}

static int parse_json(const char *text, size_t size, json_object **ret, char reterr[static 160]) {
        _cleanup_(json_tokener_freep) json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        json_object *o;

        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        o = json_tokener_parse_ex(tokener, text, (int) size);
        if (!o)
                return refuse(reterr, -EBADMSG, "not JSON: %s",
                                json_tokener_error_desc(json_tokener_get_error(tokener)));
        *ret = o;
        return 0;
}

static int read_targets(
                json_object *list, RolloutState *state, uint32_t n_targets, char reterr[static 160]) {
        const char *name = "?";

        if (!json_object_is_type(list, json_type_array) || json_object_array_length(list) != n_targets ||
                        state->n_targets != n_targets)
                return refuse(reterr, -EBADMSG, "its targets are not the %u of its plan", n_targets);
        if (state->reason_target >= n_targets)
                return refuse(reterr, -EBADMSG, "\"reason_target\" is none of its targets");
        for (uint32_t i = 0; i < n_targets; i++)
                if (field_read_object(json_object_array_get_idx(list, i), &target_table, &state->targets[i],
                                    &name) < 0)
                        return refuse(reterr, -EBADMSG, "\"%s\" of target %u makes no sense", name, i);
        return 0;
}

/* In version 1 blindness was always that of all metrics, and named no check. Before version 3 a promotion
 * was not noted, after which Lambda itself may move traffic. */
static void upgrade(RolloutState *state, uint64_t version) {
        if (version < 2 && state->reason == REASON_BLIND)
                state->reason_check = PLAN_CHECKS_MAX;
        for (uint32_t i = 0; i < state->n_targets && version < 3; i++) {
                TargetState *t = &state->targets[i];

                t->moved |= t->version_new != 0 &&
                                (t->want.primary == t->version_new || t->lost.primary == t->version_new ||
                                                t->route.primary == t->version_new);
        }
}

int record_decode(const char *text, size_t size, uint32_t n_targets, RolloutState **ret,
                char reterr[static 160]) {
        _cleanup_(json_object_putp) json_object *root = NULL;
        _cleanup_(freep) RolloutState *state = NULL;
        json_object *rollout, *targets;
        const char *body, *name = "?";
        uint64_t version;
        size_t body_size;
        int r;

        if (n_targets == 0 || n_targets > PLAN_TARGETS_MAX)
                return refuse(reterr, -EBADMSG, "a plan with %u targets has no record", n_targets);
        r = read_header(text, size, &version, &body, &body_size, reterr);
        if (r < 0)
                return r;
        r = parse_json(body, body_size, &root, reterr);
        if (r < 0)
                return r;
        if (!json_object_is_type(root, json_type_object) || json_object_object_length(root) != 2 ||
                        !json_object_object_get_ex(root, "rollout", &rollout) ||
                        !json_object_object_get_ex(root, "targets", &targets))
                return refuse(reterr, -EBADMSG, "not \"rollout\" and \"targets\"");
        state = alloc_zero(rollout_state_size(n_targets));
        if (!state)
                return -ENOMEM;
        if (field_read_object(rollout, &state_table, state, &name) < 0)
                return refuse(reterr, -EBADMSG, "\"%s\" makes no sense", name);
        r = read_targets(targets, state, n_targets, reterr);
        if (r < 0)
                return r;
        upgrade(state, version);
        *ret = TAKE_PTR(state);
        return 0;
}
