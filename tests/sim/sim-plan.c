#include "base/usec.h"
#include "sim/sim-internal.h"

static void make_window(Sim *s, PlanWindow *w) {
        uint64_t longest = prng_below(&s->prng, 2) == 0 ? 60 : 12 * 60;

        w->days = (uint8_t) (1 + prng_below(&s->prng, 127));
        w->from = (uint16_t) prng_below(&s->prng, 24 * 60);
        w->until = (uint16_t) ((w->from + 5 + prng_below(&s->prng, longest)) % (24 * 60));
        w->at_end = prng_below(&s->prng, 2) == 0 ? WINDOW_HOLD : WINDOW_ROLL_BACK;
        w->n_offsets = 2;
        w->offsets[0].seconds = 3600;
        w->offsets[1] = (WindowOffset){ .since = SIM_WALL_START + prng_below(&s->prng, 2 * USEC_PER_DAY),
                .seconds = prng_below(&s->prng, 2) == 0 ? 0 : 7200 };
}

void sim_make_group(Sim *s, SimRollout *r) {
        Plan *plan = &r->plan;

        plan->targets = r->targets;
        plan->n_targets = prng_below(&s->prng, 2) == 0
                        ? 1
                        : (uint32_t) (1 + prng_below(&s->prng, SIM_TARGETS_MAX));
        for (uint32_t i = 0; i < plan->n_targets; i++)
                r->targets[i] = (PlanTarget){ .function = "f", .alias = "live", .from = 41, .to = 42 };
        plan->waves = r->waves;
        for (uint32_t first = 0; first < plan->n_targets && prng_below(&s->prng, 4) > 0;) {
                uint32_t left = plan->n_targets - first;
                bool is_last = plan->n_waves + 1 == SIM_WAVES_MAX;
                uint32_t n = is_last ? left : (uint32_t) (1 + prng_below(&s->prng, left));

                r->waves[plan->n_waves++] = (PlanWave){ .name = "wave",
                        .first_target = first,
                        .n_targets = n,
                        .bake = prng_below(&s->prng, 3) * 5 * USEC_PER_MINUTE };
                first += n;
        }
        /* The last one takes what is left. */
        if (plan->n_waves > 0) {
                PlanWave *last = &r->waves[plan->n_waves - 1];

                last->n_targets = plan->n_targets - last->first_target;
        }
        plan->wave_failure_all = prng_below(&s->prng, 2) == 0;
        plan->on_newer_plan = prng_below(&s->prng, 8) == 0 ? NEWER_SUPERSEDES : NEWER_WAITS;
        if (prng_below(&s->prng, 4) == 0)
                make_window(s, &plan->window);
        if (prng_below(&s->prng, 8) == 0)
                plan->not_before = SIM_WALL_START + prng_below(&s->prng, 12 * USEC_PER_HOUR);
}

void sim_make_code(Sim *s, SimRollout *r) {
        static const PlanPublish zip = { .kind = PUBLISH_ZIP, .path = "/srv/f.zip" };
        static const PlanPublish object = { .kind = PUBLISH_S3, .bucket = "b", .key = "k" };
        const PlanPublish *artifact = prng_below(&s->prng, 2) == 0 ? &zip : &object;
        bool publishes = prng_below(&s->prng, 3) == 0, creates = prng_below(&s->prng, 6) == 0;

        fake_function_init(&r->function, 42);
        r->function.concurrency = prng_below(&s->prng, 4) == 0 ? 5 : 0;
        r->plan.restore_code = prng_below(&s->prng, 2) == 0;
        for (uint32_t i = 0; i < r->plan.n_targets; i++) {
                if (publishes) {
                        r->targets[i].to = 0;
                        r->targets[i].publish = *artifact;
                }
                r->targets[i].create_alias = creates;
                r->alias[i].is_deleted = creates;
        }
        if (!publishes) {
                r->function.code = r->function.codes[1] = 42;
                r->function.n_versions = 2;
        }
}
