#include "core/window.h"

#include "base/usec.h"

#define DAY ((int64_t) USEC_PER_DAY)
#define MINUTE ((int64_t) USEC_PER_MINUTE)
#define DAYS_AROUND 2            /* a zone may jump over the date line */
#define DAYS_AHEAD 16            /* two weeks: the clocks may have swallowed the next span */
#define SPANS_IN_A_ROW 9         /* more than a week without a gap has none at all */
#define WALL_MAX (INT64_MAX / 4) /* 73,000 years: room for all sums below */
#define MONDAY 3                 /* the epoch was a Thursday */

typedef struct Span {
        int64_t begin, end;
} Span;

static int64_t clamp(usec_t wall) {
        return wall < (usec_t) WALL_MAX ? (int64_t) wall : WALL_MAX;
}

static int64_t offset_of(const PlanWindow *w, uint32_t i) {
        return i < w->n_offsets ? (int64_t) w->offsets[i].seconds * (int64_t) USEC_PER_SEC : 0;
}

/* A fraction of a day before the epoch is none of the day after it. */
static int64_t day_of(int64_t local) {
        return local >= 0 ? local / DAY : -((-local + DAY - 1) / DAY);
}

static int64_t to_local(const PlanWindow *w, int64_t wall) {
        uint32_t i = 0;

        while (i + 1 < w->n_offsets && clamp(w->offsets[i + 1].since) <= wall)
                i++;
        return wall + offset_of(w, i);
}

/* The first moment at which the clocks of the zone show "local", or more where they skip it. */
static int64_t from_local(const PlanWindow *w, int64_t local) {
        for (uint32_t i = 0;; i++) {
                int64_t wall = local - offset_of(w, i);

                if (i + 1 < w->n_offsets && wall >= clamp(w->offsets[i + 1].since))
                        continue;
                return i > 0 && wall < clamp(w->offsets[i].since) ? clamp(w->offsets[i].since) : wall;
        }
}

/* The span that begins on that day; false: none does. */
static bool span_of(const PlanWindow *w, int64_t day, Span *ret) {
        int64_t weekday = (((day + MONDAY) % 7) + 7) % 7;
        int64_t ends = w->until <= w->from ? day + 1 : day;

        if ((w->days & 1u << weekday) == 0)
                return false;
        ret->begin = from_local(w, day * DAY + w->from * MINUTE);
        ret->end = from_local(w, ends * DAY + w->until * MINUTE);
        return ret->begin < ret->end;
}

/* The latest end of the spans that hold this moment; false: none does. */
static bool find_end(const PlanWindow *w, int64_t wall, int64_t *ret) {
        int64_t today = day_of(to_local(w, wall));
        bool found = false;

        for (int64_t day = today - DAYS_AROUND; day <= today + DAYS_AROUND; day++) {
                Span span;

                if (!span_of(w, day, &span) || wall < span.begin || wall >= span.end)
                        continue;
                if (!found || span.end > *ret)
                        *ret = span.end;
                found = true;
        }
        return found;
}

bool window_is_open(const PlanWindow *w, usec_t wall) {
        int64_t end;

        return w->days == 0 || find_end(w, clamp(wall), &end);
}

usec_t window_opens(const PlanWindow *w, usec_t wall) {
        int64_t now = clamp(wall), today = day_of(to_local(w, now)), first = INT64_MAX;

        if (window_is_open(w, wall))
                return wall;
        for (int64_t day = today - DAYS_AROUND; day <= today + DAYS_AHEAD; day++) {
                Span span;

                if (span_of(w, day, &span) && span.begin > now && span.begin < first)
                        first = span.begin;
        }
        return first == INT64_MAX ? USEC_INFINITY : (usec_t) first;
}

usec_t window_closes(const PlanWindow *w, usec_t wall) {
        int64_t end = clamp(wall);

        if (!window_is_open(w, wall))
                return wall;
        for (unsigned i = 0; i < SPANS_IN_A_ROW && w->days != 0; i++)
                if (!find_end(w, end, &end))
                        return (usec_t) end;
        return USEC_INFINITY;
}

usec_t plan_opens(const Plan *plan, usec_t wall) {
        return window_opens(&plan->window, usec_max(wall, plan->not_before));
}

LocalTime window_local(const PlanWindow *w, usec_t wall) {
        int64_t local = to_local(w, clamp(wall)), day = day_of(local);

        return (LocalTime){
                .weekday = (uint32_t) ((((day + MONDAY) % 7) + 7) % 7),
                .minute = (uint32_t) ((local - day * DAY) / MINUTE),
        };
}
