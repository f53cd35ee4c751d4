#include "unit/daemon/manager-rig.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/trace.h"
#include "daemon/bus.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/trail.h"

static char text[4096];
static char the_bus;
static char region[] = "eu-west-1";

int bus_new(sd_event *event, Manager *manager, const char *run_directory, Bus **ret,
                char reterr[static 320]) {
        *ret = (Bus *) (void *) &the_bus;
        return 0;
}

Bus *bus_free(Bus *b) {
        return NULL;
}

ManagerRig *manager_rig_new(void) {
        ManagerRig *g = alloc_one(ManagerRig);

        EXPECT(g);
        trail_reset();
        fake_exec_reset();
        g->rig = rig_new();
        g->conf = (Conf){
                .plans = g->rig->plans, .state = g->rig->state, .run = g->rig->run, .aws_region = region
        };
        return g;
}

ManagerRig *manager_rig_free(ManagerRig *g) {
        if (!g)
                return NULL;
        manager_rig_stop(g);
        g->rig = rig_free(g->rig);
        free(g);
        return NULL;
}

void manager_rig_start(ManagerRig *g) {
        EXPECT(!g->manager);
        EXPECT_OK(manager_new(g->rig->event, &g->conf, &g->manager));
        EXPECT_OK(manager_start(g->manager));
        rig_settle(g->rig);
}

void manager_rig_stop(ManagerRig *g) {
        g->manager = manager_free(g->manager);
}

void manager_rig_drop(
                const ManagerRig *g, const char *file, const char *name, const char *function, unsigned to) {
        char plan[512], path[128];

        (void) snprintf(plan, sizeof(plan),
                        "format: 1\nname: %.40s\nfunction: %.100s\nalias: live\nto: %u\nsteps:\n"
                        "  - {weight: 5%%, hold: 10m}\n"
                        "health:\n  checks:\n    - {name: errors, metric: error_rate, max: 5%%}\n",
                        name, function, to);
        (void) snprintf(path, sizeof(path), "plans/%.100s", file);
        rig_write(g->rig, path, plan);
}

typedef struct Wish {
        ManagerRig *rig;
        const char *id, *phase;
        size_t n;
} Wish;

static bool has_calls(void *userdata) {
        return fake_exec_count() >= ((const Wish *) userdata)->n;
}

void manager_rig_wait_calls(ManagerRig *g, size_t n) {
        rig_run_until(g->rig, has_calls, &(Wish){ .n = n });
}

static int find_phase(const ManagerRollout *rollout, void *userdata) {
        *(const char **) userdata = phase_to_string((Phase) rollout->state->phase);
        return 0;
}

static bool has_phase(void *userdata) {
        const Wish *wish = userdata;
        const char *phase = "";
        int r = manager_find_rollout(wish->rig->manager, wish->id, find_phase, &phase);

        EXPECT(r >= 0 || r == -ENOENT);
        return strcmp(phase, wish->phase) == 0;
}

void manager_rig_wait_phase(ManagerRig *g, const char *id, const char *phase) {
        rig_run_until(g->rig, has_phase, &(Wish){ .rig = g, .id = id, .phase = phase });
}

static int count_refusal(const ManagerRefusal *refusal, void *userdata) {
        (*(size_t *) userdata)++;
        return 0;
}

static bool has_refusals(void *userdata) {
        const Wish *wish = userdata;
        size_t n = 0;

        EXPECT_OK(manager_each_refusal(wish->rig->manager, count_refusal, &n));
        return n == wish->n;
}

void manager_rig_wait_refusals(ManagerRig *g, size_t n) {
        rig_run_until(g->rig, has_refusals, &(Wish){ .rig = g, .n = n });
}

static int add_rollout(const ManagerRollout *rollout, void *userdata) {
        size_t used = strlen(text);

        if (used > sizeof(text) - 256)
                return -ENOBUFS;
        (void) snprintf(text + used, sizeof(text) - used, "%s:%s%s ", rollout->id,
                        phase_to_string((Phase) rollout->state->phase), rollout->trouble ? ":frozen" : "");
        return 0;
}

const char *manager_rig_list(ManagerRig *g) {
        text[0] = '\0';
        EXPECT_OK(manager_each_rollout(g->manager, 100, add_rollout, NULL));
        return text;
}

static int add_refusal(const ManagerRefusal *refusal, void *userdata) {
        size_t used = strlen(text);

        if (used > sizeof(text) - 512)
                return -ENOBUFS;
        (void) snprintf(text + used, sizeof(text) - used, "%s: %s\n", strrchr(refusal->path, '/') + 1,
                        refusal->message);
        return 0;
}

const char *manager_rig_refusals(ManagerRig *g) {
        text[0] = '\0';
        EXPECT_OK(manager_each_refusal(g->manager, add_refusal, NULL));
        return text;
}
