#include "codec/info-json.h"

#include "base/usec.h"
#include "codec/json-write.h"

static void write_field(Buf *out, const void *info, const InfoField *field) {
        const void *p = info_get(info, field);
        const char *const *text = p;
        const uint64_t *count = p;
        const double *number = p;

        switch (field->type) {
        case INFO_TEXT:
                json_write_text(out, field->name, **text ? *text : NULL);
                return;
        case INFO_COUNT:
                json_write_u64(out, field->name, *count);
                return;
        case INFO_NUMBER:
                json_write_number(out, field->name, *number);
                return;
        case INFO_KNOWN:
        case INFO_SPAN:
                if (*count == (field->type == INFO_SPAN ? USEC_INFINITY : 0))
                        json_write_null(out, field->name);
                else
                        json_write_u64(out, field->name, *count);
                return;
        }
}

void info_write_fields(Buf *out, const void *info, const InfoTable *table) {
        for (size_t i = 0; i < table->n; i++)
                write_field(out, info, &table->fields[i]);
}

void info_write_ladder(Buf *out, const StepInfo *ladder, size_t n) {
        json_write_open(out, "ladder", '[');
        for (size_t i = 0; i < n; i++) {
                json_write_open(out, NULL, '{');
                info_write_fields(out, &ladder[i], step_info_table());
                json_write_close(out, '}');
        }
        json_write_close(out, ']');
}

static void write_targets(Buf *out, const RolloutInfo *info) {
        if (info->n_targets == 0)
                return;
        json_write_open(out, "targets", '[');
        for (size_t i = 0; i < info->n_targets; i++) {
                json_write_open(out, NULL, '{');
                info_write_fields(out, &info->targets[i], target_info_table());
                json_write_close(out, '}');
        }
        json_write_close(out, ']');
}

void info_write_rollout(Buf *out, const char *key, const RolloutInfo *info) {
        json_write_open(out, key, '{');
        info_write_fields(out, info, rollout_info_table());
        if (info->n_ladder > 0) {
                json_write_open(out, "checks", '[');
                for (size_t i = 0; i < info->n_checks; i++) {
                        json_write_open(out, NULL, '{');
                        info_write_fields(out, &info->checks[i], check_info_table());
                        json_write_close(out, '}');
                }
                json_write_close(out, ']');
                info_write_ladder(out, info->ladder, info->n_ladder);
        }
        write_targets(out, info);
        json_write_close(out, '}');
}

const char *diag_level_to_string(DiagLevel level) {
        return level == DIAG_WARNING ? "warning" : "error";
}

void info_write_finding(Buf *out, const char *level, unsigned line, unsigned column, const char *message) {
        json_write_open(out, NULL, '{');
        json_write_text(out, "level", level);
        json_write_u64(out, "line", line);
        json_write_u64(out, "column", column);
        json_write_text(out, "message", message);
        json_write_close(out, '}');
}
