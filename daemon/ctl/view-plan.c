#include "daemon/ctl/view-plan.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "core/trace.h"
#include "core/window.h"

#define CLOCK_TEXT_MAX (TIME_TEXT_MAX + 8)

/* One rung of the ladder of one wave. */
typedef struct Rung {
        uint32_t wave;
        uint32_t weight; /* WEIGHT_FULL: the promotion */
        uint32_t min_requests;
        usec_t hold;
        usec_t at; /* the earliest, wall */
} Rung;

typedef void (*EachRung)(const Rung *rung, void *userdata);

/* When the window closes on a split alias, and the plan says that it goes back then; USEC_INFINITY: never.
 */
static usec_t turns_at(const Plan *plan, const Rung *rung) {
        usec_t closes;

        if (plan->window.at_end != WINDOW_ROLL_BACK || rung->weight == WEIGHT_FULL ||
                        rung->at == USEC_INFINITY)
                return USEC_INFINITY;
        closes = window_closes(&plan->window, rung->at);
        return closes <= usec_add(rung->at, rung->hold) ? closes : USEC_INFINITY;
}

/* How the walk below ends. */
typedef struct Walk {
        usec_t end;   /* USEC_INFINITY: never */
        usec_t turns; /* its window closes too early, and it is rolled back then; USEC_INFINITY: no */
} Walk;

/* Walks the plan as a rollout would that nothing holds up. Forward moves wait for the window. */
static Walk walk(const Plan *plan, usec_t now, EachRung each, void *userdata) {
        usec_t at = now, turns;

        for (uint32_t w = 0; w < plan_n_waves(plan); w++) {
                for (uint32_t i = 0; i <= plan->n_steps && at != USEC_INFINITY; i++) {
                        bool is_last = i == plan->n_steps;
                        Rung rung = {
                                .wave = w,
                                .weight = is_last ? WEIGHT_FULL : plan->steps[i].weight,
                                .min_requests = is_last ? 0 : plan->steps[i].min_requests,
                                .hold = is_last ? plan_wave(plan, w).bake : plan->steps[i].hold,
                                .at = plan_opens(plan, at),
                        };

                        at = usec_add(rung.at, rung.hold);
                        each(&rung, userdata);
                        turns = turns_at(plan, &rung);
                        if (turns != USEC_INFINITY)
                                return (Walk){ .end = USEC_INFINITY, .turns = turns };
                }
        }
        return (Walk){ .end = at, .turns = USEC_INFINITY };
}

/* "10:32", with the date where it is another day than "now", "10:32:05" where seconds matter. */
static void clock_format(usec_t t, usec_t now, bool seconds, char ret[static CLOCK_TEXT_MAX]) {
        char text[TIME_TEXT_MAX];
        bool same_day = t / USEC_PER_DAY == now / USEC_PER_DAY;

        if (t == USEC_INFINITY) {
                (void) snprintf(ret, CLOCK_TEXT_MAX, "never");
                return;
        }
        time_format_rfc3339(t, text);
        (void) snprintf(ret, CLOCK_TEXT_MAX, "%.*s%s%.*s", same_day ? 0 : 10, text, same_day ? "" : " ",
                        seconds ? 8 : 5, text + strlen("2026-01-15T"));
}

/* The clock of the deadline stands while a rollout waits for its beginning. */
static usec_t deadline_of(const Plan *plan, usec_t now) {
        return usec_add(plan_opens(plan, now), plan->deadline);
}

static bool wants_seconds(const Plan *plan) {
        bool wants = false;

        for (uint32_t w = 0; w < plan_n_waves(plan); w++)
                wants = wants || plan_wave(plan, w).bake % USEC_PER_MINUTE != 0;
        for (uint32_t i = 0; i < plan->n_steps; i++)
                wants = wants || plan->steps[i].hold % USEC_PER_MINUTE != 0;
        return wants;
}

typedef struct Text {
        const Plan *plan;
        usec_t now;
        const Style *style;
        Buf *out;
        uint32_t wave; /* last one named */
} Text;

/* Where the code of a new version comes from. */
static void publish_format(const PlanPublish *publish, Buf *line) {
        switch (publish->kind) {
        case PUBLISH_NOTHING:
                return;
        case PUBLISH_ZIP:
                (void) buf_printf(line, ", from %s", publish->path);
                return;
        case PUBLISH_S3:
                (void) buf_printf(line, ", from s3://%s/%s", publish->bucket, publish->key);
                return;
        case PUBLISH_IMAGE:
                (void) buf_printf(line, ", from %s", publish->image);
                return;
        case PUBLISH_LATEST:
                (void) buf_puts(line, ", from $LATEST");
                return;
        }
}

static void put_target(const Text *t, const PlanTarget *target) {
        _cleanup_(buf_done) Buf line = BUF_INIT(8192);

        (void) buf_printf(&line, "%s:%s in %s: ", target->function, target->alias,
                        target->region ? target->region : "the daemon's region");
        if (target->from > 0)
                (void) buf_printf(&line, "%ju", (uintmax_t) target->from);
        else
                (void) buf_puts(&line, "what it has then");
        if (target->to > 0)
                (void) buf_printf(&line, " -> %ju", (uintmax_t) target->to);
        else
                (void) buf_puts(&line, " -> what is published first");
        publish_format(&target->publish, &line);
        if (target->create_alias)
                (void) buf_puts(&line, ", the alias created if it is missing");
        if (target->role_arn)
                (void) buf_printf(&line, ", as %s", target->role_arn);
        render_inherit(t->out, &line);
        (void) buf_puts(t->out, "    ");
        render_folded(t->out, t->style, 4, 8, buf_text(&line));
}

static void put_wave(Text *t, uint32_t w) {
        PlanWave wave = plan_wave(t->plan, w);

        if (t->plan->n_waves > 0) {
                (void) buf_printf(t->out, "  wave %u of %u: ", w + 1, t->plan->n_waves);
                render_text(t->out, t->style, wave.name);
                (void) buf_putc(t->out, '\n');
        }
        for (uint32_t i = 0; i < wave.n_targets; i++)
                put_target(t, &t->plan->targets[wave.first_target + i]);
        t->wave = w;
}

static void put_rung(const Rung *rung, void *userdata) {
        Text *t = userdata;
        char at[CLOCK_TEXT_MAX], weight[16], hold[TIME_TEXT_MAX];

        if (rung->wave != t->wave)
                put_wave(t, rung->wave);
        clock_format(rung->at, t->now, wants_seconds(t->plan), at);
        weight_format(rung->weight, weight);
        duration_format(rung->hold, hold);
        (void) buf_printf(t->out, "    %s%s  %5s  %s %s", at, rung->at == USEC_INFINITY ? "" : " UTC",
                        weight, rung->weight == WEIGHT_FULL ? "bake" : "hold", hold);
        if (rung->min_requests > 0)
                (void) buf_printf(t->out, " and %u requests", rung->min_requests);
        (void) buf_putc(t->out, '\n');
}

static void check_format(const PlanCheck *check, Buf *line) {
        char limit[32];

        if (check->kind == CHECK_ALARM) {
                (void) buf_printf(line, "alarm %s is not in ALARM", check->alarm);
                return;
        }
        check_value_format(check, check->max, limit);
        (void) buf_printf(line, "%s: %s%s%s at most %s", check->name, check_kind_to_string(check->kind),
                        check->stat ? " " : "", check->stat ? check->stat : "", limit);
        if (check->min_requests > 1)
                (void) buf_printf(line, ", from %u requests on", check->min_requests);
}

static void put_checks(const Text *t) {
        char every[TIME_TEXT_MAX];

        if (t->plan->n_checks == 0) {
                (void) buf_puts(t->out, "  no checks: time alone decides\n");
                return;
        }
        duration_format(t->plan->every, every);
        (void) buf_printf(t->out, "  checked every %s\n", every);
        for (uint32_t i = 0; i < t->plan->n_checks; i++) {
                _cleanup_(buf_done) Buf line = BUF_INIT(8192);

                check_format(&t->plan->checks[i], &line);
                render_inherit(t->out, &line);
                (void) buf_puts(t->out, "    ");
                render_folded(t->out, t->style, 4, 8, buf_text(&line));
        }
}

/* "mon, tue, wed 09:00-17:00 Europe/Berlin" */
static void window_format(const PlanWindow *window, Buf *line) {
        static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
        const char *comma = "";

        if (window->days == 0x7f)
                (void) buf_puts(line, "any day");
        for (size_t i = 0; window->days != 0x7f && i < ELEMENTSOF(names); i++)
                if (window->days & 1u << i) {
                        (void) buf_printf(line, "%s%s", comma, names[i]);
                        comma = ", ";
                }
        (void) buf_printf(line, " %02u:%02u-%02u:%02u", window->from / 60u, window->from % 60u,
                        window->until / 60u, window->until % 60u);
        if (window->zone)
                (void) buf_printf(line, " %s", window->zone);
}

/* What holds it up or takes it back, besides the checks; nothing of that is the default. */
static void put_rules(const Text *t) {
        char at[CLOCK_TEXT_MAX];

        if (t->plan->not_before > 0) {
                clock_format(t->plan->not_before, t->now, true, at);
                (void) buf_printf(t->out, "  not before %s UTC\n", at);
        }
        if (t->plan->window.days != 0) {
                _cleanup_(buf_done) Buf line = BUF_INIT(1024);

                window_format(&t->plan->window, &line);
                (void) buf_printf(&line, "; when it closes, the rollout %s",
                                t->plan->window.at_end == WINDOW_ROLL_BACK ? "goes back"
                                                                           : "stays where it is");
                render_inherit(t->out, &line);
                (void) buf_puts(t->out, "  window: ");
                render_folded(t->out, t->style, 10, 4, buf_text(&line));
        }
        if (t->plan->wave_failure_all)
                (void) buf_puts(t->out, "  a breach rolls back the waves before, too\n");
        if (t->plan->restore_code)
                (void) buf_puts(t->out, "  after a rollback the old version's code is published again\n");
        if (t->plan->on_newer_plan == NEWER_SUPERSEDES)
                (void) buf_puts(t->out, "  a newer plan for one of its aliases rolls it back\n");
}

/* The end as a range: evidence may keep a step waiting, and the deadline ends the waiting. */
static void put_end(const Text *t, const Walk *walked) {
        bool seconds = wants_seconds(t->plan);
        char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], shortest[TIME_TEXT_MAX];
        usec_t latest = deadline_of(t->plan, t->now), end = walked->end;
        usec_t span = usec_sub(end, t->now);

        clock_format(walked->turns != USEC_INFINITY ? walked->turns : end, t->now, seconds, from);
        clock_format(latest, t->now, seconds, until);
        duration_format(span < USEC_PER_SEC ? span : usec_floor(span, USEC_PER_SEC), shortest);
        if (walked->turns != USEC_INFINITY)
                (void) buf_printf(t->out,
                                "  its window closes at %s UTC with traffic split, and \"at_end\" is roll_back: it would be "
                                "rolled back\n",
                                from);
        else if (end == USEC_INFINITY)
                (void) buf_puts(t->out, "  done: never, as its window does not open often enough\n");
        else if (end > latest)
                (void) buf_printf(t->out,
                                "  done at %s UTC, but the deadline is %s: it would be rolled back\n", from,
                                until);
        else
                (void) buf_printf(t->out,
                                "  done between %s and %s UTC: %s at the earliest, then the deadline\n",
                                from, until, shortest);
}

void view_plan(const Plan *plan, const Style *style, usec_t now, Buf *out) {
        Text text = { .plan = plan, .now = now, .style = style, .out = out, .wave = UINT32_MAX };

        Walk walked = walk(plan, now, put_rung, &text);

        put_end(&text, &walked);
        put_rules(&text);
        put_checks(&text);
}

static void put_json_target(const PlanTarget *target, uint32_t wave, Buf *out) {
        json_write_open(out, NULL, '{');
        json_write_text(out, "function", target->function);
        json_write_text(out, "alias", target->alias);
        json_write_text(out, "region", target->region);
        json_write_text(out, "role_arn", target->role_arn);
        json_write_u64(out, "wave", wave + 1);
        if (target->from > 0)
                json_write_u64(out, "from", target->from);
        else
                json_write_null(out, "from");
        if (target->to > 0)
                json_write_u64(out, "to", target->to);
        else
                json_write_null(out, "to");
        json_write_bool(out, "publish", target->publish.kind != PUBLISH_NOTHING);
        json_write_bool(out, "create_alias", target->create_alias);
        json_write_close(out, '}');
}

static void put_json_moment(Buf *out, const char *key, usec_t t) {
        if (t == USEC_INFINITY)
                json_write_null(out, key);
        else
                json_write_u64(out, key, t);
}

static void put_json_rung(const Rung *rung, void *userdata) {
        Buf *out = userdata;

        json_write_open(out, NULL, '{');
        json_write_u64(out, "wave", rung->wave + 1);
        json_write_number(out, "weight", (double) rung->weight / WEIGHT_PERCENT);
        json_write_u64(out, "hold_usec", rung->hold);
        put_json_moment(out, "at_usec", rung->at);
        json_write_close(out, '}');
}

static void put_json_check(const PlanCheck *check, Buf *out) {
        json_write_open(out, NULL, '{');
        json_write_text(out, "name", check->name);
        json_write_text(out, "kind", check_kind_to_string(check->kind));
        json_write_text(out, "stat", check->stat);
        json_write_text(out, "alarm", check->alarm);
        if (check->kind == CHECK_ALARM)
                json_write_null(out, "max");
        else
                json_write_number(out, "max", check->max);
        json_write_close(out, '}');
}

void view_plan_json(const Plan *plan, usec_t now, Buf *out) {
        StepInfo ladder[PLAN_STEPS_MAX + 1];
        const PlanTarget *first = &plan->targets[0];
        size_t n = rollout_info_ladder(plan, ladder);
        Walk walked;

        json_write_text(out, "name", plan->name);
        json_write_text(out, "function", first->function);
        json_write_text(out, "alias", first->alias);
        json_write_text(out, "region", first->region);
        if (first->from > 0)
                json_write_u64(out, "from", first->from);
        else
                json_write_null(out, "from");
        if (first->to > 0)
                json_write_u64(out, "to", first->to);
        else
                json_write_null(out, "to");
        info_write_ladder(out, ladder, n);
        json_write_u64(out, "shortest_usec", plan_shortest(plan));
        json_write_open(out, "targets", '[');
        for (uint32_t i = 0; i < plan->n_targets; i++)
                put_json_target(&plan->targets[i], plan_wave_of(plan, i), out);
        json_write_close(out, ']');
        json_write_open(out, "schedule", '[');
        walked = walk(plan, now, put_json_rung, out);
        json_write_close(out, ']');
        put_json_moment(out, "end_usec", walked.end);
        if (walked.turns != USEC_INFINITY)
                put_json_moment(out, "rolled_back_usec", walked.turns);
        put_json_moment(out, "deadline_usec", deadline_of(plan, now));
        json_write_open(out, "checks", '[');
        for (uint32_t i = 0; i < plan->n_checks; i++)
                put_json_check(&plan->checks[i], out);
        json_write_close(out, ']');
}
