#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/manager-internal.h"
#include "lib/fault.h"
#include "lib/test.h"

typedef struct Listed {
        size_t n, n_diags;
        char first[64], last[64], message[64];
} Listed;

static int list_one(const ManagerRefusal *refusal, void *userdata) {
        Listed *l = userdata;

        if (l->n++ == 0)
                (void) snprintf(l->first, sizeof(l->first), "%.60s", refusal->path);
        (void) snprintf(l->last, sizeof(l->last), "%.60s", refusal->path);
        (void) snprintf(l->message, sizeof(l->message), "%.60s", refusal->message);
        l->n_diags = refusal->diags ? refusal->diags->n : 0;
        EXPECT(refusal->wall > 0);
        return 0;
}

static Manager *manager_with_refusals(void) {
        Manager *m = alloc_one(Manager);

        EXPECT(m);
        m->magic = MANAGER_MAGIC;
        m->refusals = map_new();
        EXPECT(m->refusals);
        return m;
}

static void release(Manager *m) {
        manager_drop_refusals(m);
        (void) map_free(m->refusals);
        free(m);
}

TEST(the_last_word_on_a_file_counts) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        Manager *m = manager_with_refusals();
        Listed listed = {};

        EXPECT(diags);
        diag_add(diags, DIAG_ERROR, 3, 1, "x");
        manager_refuse(m, "/plans/a.yaml", NULL, "is not a regular file");
        EXPECT(manager_is_refused_for(m, "/plans/a.yaml", "is not a regular file"));
        EXPECT(!manager_is_refused_for(m, "/plans/a.yaml", "x"));
        EXPECT(!manager_is_refused_for(m, "/plans/b.yaml", "x"));
        manager_refuse(m, "/plans/a.yaml", diags, "x");
        EXPECT_OK(manager_each_refusal(m, list_one, &listed));
        EXPECT_INT(listed.n, 1);
        EXPECT_INT(listed.n_diags, 1);
        EXPECT_STR(listed.message, "x");
        manager_forget_refusal(m, "/plans/a.yaml");
        manager_forget_refusal(m, "/plans/a.yaml");
        EXPECT_INT(map_size(m->refusals), 0);
        release(m);
}

TEST(a_thousand_are_kept_and_then_the_oldest_goes) {
        Manager *m = manager_with_refusals();
        Listed listed = {};

        for (unsigned i = 0; i <= MANAGER_REFUSALS_MAX; i++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "/plans/%u.yaml", i);
                manager_refuse(m, path, NULL, "no");
                EXPECT_INT(map_size(m->refusals), MIN(i + 1, (unsigned) MANAGER_REFUSALS_MAX));
        }
        EXPECT_OK(manager_each_refusal(m, list_one, &listed));
        EXPECT_INT(listed.n, MANAGER_REFUSALS_MAX);
        EXPECT_STR(listed.first, "/plans/1.yaml");
        EXPECT_STR(listed.last, "/plans/1000.yaml");
        release(m);
}

TEST(a_minute_has_a_thousand_lines_and_no_more) {
        Manager *m = manager_with_refusals();

        for (unsigned i = 0; i < MANAGER_REFUSAL_LINES_MAX / 2; i++)
                EXPECT(manager_may_log_refusal(m, 2));
        EXPECT(!manager_may_log_refusal(m, 1));
        EXPECT(!manager_may_log_refusal(m, 32));
        EXPECT_INT(m->n_refusals_unsaid, 2);
        release(m);
}

TEST(what_is_known_of_a_refused_content) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        Manager *m = manager_with_refusals();
        Listed listed = {};

        EXPECT(diags);
        diag_add(diags, DIAG_ERROR, 3, 1, "x");
        EXPECT(!manager_refused_for(m, "/plans/a.yaml"));
        manager_touch_refusal(m, "/plans/a.yaml");
        manager_refuse(m, "/plans/a.yaml", NULL, "is a directory");
        EXPECT(!manager_refused_for(m, "/plans/a.yaml"));
        manager_refuse(m, "/plans/a.yaml", diags, "x");
        manager_touch_refusal(m, "/plans/a.yaml");
        EXPECT_INT(manager_refused_for(m, "/plans/a.yaml")->n, 1);
        EXPECT_OK(manager_each_refusal(m, list_one, &listed));
        EXPECT_INT(listed.n, 1);
        release(m);
}

TEST(out_of_memory_keeps_nothing_and_leaks_nothing) {
        Manager *m = manager_with_refusals();

        FAULT_LOOP {
                bool struck;

                manager_refuse(m, "/plans/a.yaml", NULL, "no");
                struck = fault_struck();
                if (!struck)
                        break;
                EXPECT_INT(map_size(m->refusals), 0);
        }
        EXPECT_INT(map_size(m->refusals), 1);
        release(m);
}
