#include "daemon/watch-entry.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

#define START ((usec_t) 1700000000 * USEC_PER_SEC)

static struct stat sample(void) {
        return (struct stat){
                .st_dev = 1,
                .st_ino = 2,
                .st_size = 3,
                .st_mode = S_IFREG | 0644,
                .st_uid = geteuid(),
                .st_mtim = { 1700000000, 0 },
                .st_ctim = { 1700000000, 0 },
        };
}

static bool is_complete(const WatchEntry *e, usec_t later, usec_t *ret_wait) {
        return watch_entry_is_complete(e, &(Now){ .mono = later, .wall = START + later }, ret_wait);
}

TEST(names_of_plans) {
        EXPECT(watch_name_is_plan("a.yaml"));
        EXPECT(watch_name_is_plan("a.yml"));
        EXPECT(!watch_name_is_plan(".a.yaml"));
        EXPECT(!watch_name_is_plan("a.yaml~"));
        EXPECT(!watch_name_is_plan("a.yaml.swp"));
        EXPECT(!watch_name_is_plan("yaml"));
        EXPECT(!watch_name_is_plan(""));
}

TEST(the_path_is_made_of_directory_and_name) {
        _cleanup_(watch_entry_freep) WatchEntry *e = watch_entry_new("/plans", "a.yaml");

        EXPECT(e);
        EXPECT_STR(e->path, "/plans/a.yaml");
        EXPECT_STR(e->name, "a.yaml");
}

TEST(whoever_may_change_a_plan_must_be_trusted) {
        struct stat directory = { .st_uid = 77 }, st = sample();

        EXPECT(!watch_reason_not_to_read(&st, &directory));
        st.st_uid = 77;
        EXPECT(!watch_reason_not_to_read(&st, &directory));
        st.st_uid = 0;
        EXPECT(!watch_reason_not_to_read(&st, &directory));
        st.st_uid = 78;
        EXPECT_CONTAINS(watch_reason_not_to_read(&st, &directory), "belongs to another user");
        for (mode_t bit = S_IWOTH; bit <= S_IWGRP; bit <<= 3) {
                st = sample();
                st.st_mode |= bit;
                EXPECT_CONTAINS(watch_reason_not_to_read(&st, &directory), "written by others");
        }
        st = sample();
        st.st_size = PLAN_BYTES_MAX;
        EXPECT(!watch_reason_not_to_read(&st, &directory));
        st.st_size++;
        EXPECT_CONTAINS(watch_reason_not_to_read(&st, &directory), "256 KiB");
        st.st_mode = S_IFLNK | 0777;
        EXPECT_CONTAINS(watch_reason_not_to_read(&st, &directory), "symbolic link");
        st.st_mode = S_IFIFO | 0644;
        EXPECT_CONTAINS(watch_reason_not_to_read(&st, &directory), "not a regular file");
}

TEST(it_is_complete_when_it_is_closed_or_has_not_changed_for_two_seconds) {
        _cleanup_(watch_entry_freep) WatchEntry *e = watch_entry_new("/plans", "a.yaml");
        struct stat st = sample();
        usec_t wait = 0;

        EXPECT(e);
        watch_entry_look(e, &st, 0);
        EXPECT(!is_complete(e, USEC_PER_SEC, &wait));
        EXPECT_INT(wait, USEC_PER_SEC);
        EXPECT(is_complete(e, 2 * USEC_PER_SEC, &wait));
        watch_entry_note(e, IN_MODIFY);
        EXPECT(!is_complete(e, USEC_PER_HOUR, &wait));
        EXPECT(wait == USEC_INFINITY);
        watch_entry_note(e, IN_CLOSE_WRITE);
        EXPECT(is_complete(e, 0, &wait));
        /* Another file by that name: nothing is known about its writer. */
        watch_entry_note(e, IN_CREATE);
        EXPECT(!is_complete(e, 0, &wait));
        watch_entry_note(e, IN_MOVED_TO);
        EXPECT(is_complete(e, 0, &wait));
}

TEST(closed_again_means_looked_at_again) {
        _cleanup_(watch_entry_freep) WatchEntry *e = watch_entry_new("/plans", "a.yaml");
        struct stat st = sample();

        EXPECT(e);
        watch_entry_look(e, &st, 0);
        watch_entry_answer(e);
        EXPECT(e->taken);
        watch_entry_look(e, &st, 1);
        EXPECT(e->taken);
        /* Written twice within a tick: all times are the same, only the event tells. */
        watch_entry_note(e, IN_CLOSE_WRITE);
        watch_entry_look(e, &st, 1);
        EXPECT(!e->taken);
        EXPECT(!watch_entry_is_dropped(e));
}

TEST(it_is_dropped_when_it_is_another_file_or_written_anew) {
        _cleanup_(watch_entry_freep) WatchEntry *e = watch_entry_new("/plans", "a.yaml");
        struct stat st = sample();

        EXPECT(e);
        watch_entry_look(e, &st, 0);
        EXPECT(watch_entry_is_dropped(e));
        watch_entry_answer(e);
        EXPECT(!watch_entry_is_dropped(e));
        st.st_ctim.tv_sec++; /* chmod, or a second link */
        watch_entry_look(e, &st, 1);
        EXPECT(!e->taken);
        EXPECT(!watch_entry_is_dropped(e));
        st.st_mtim.tv_sec++; /* as long as somebody writes, nothing is dropped */
        watch_entry_look(e, &st, 2);
        EXPECT(!watch_entry_is_dropped(e));
        watch_entry_note(e, IN_CLOSE_WRITE);
        EXPECT(watch_entry_is_dropped(e));
        watch_entry_answer(e);
        st.st_ino++;
        watch_entry_look(e, &st, 3);
        EXPECT(watch_entry_is_dropped(e));
}

TEST(the_oldest_comes_first_and_names_decide_between_equals) {
        _cleanup_(watch_entry_freep) WatchEntry *a = watch_entry_new("/plans", "a.yaml");
        _cleanup_(watch_entry_freep) WatchEntry *b = watch_entry_new("/plans", "b.yaml");
        struct stat st = sample();

        EXPECT(a && b);
        watch_entry_look(a, &st, 0);
        watch_entry_look(b, &st, 0);
        EXPECT(watch_entry_compare_age(&a, &b) < 0);
        st.st_mtim.tv_nsec++;
        watch_entry_look(a, &st, 0);
        EXPECT(watch_entry_compare_age(&a, &b) > 0);
        st.st_mtim.tv_sec -= 10;
        watch_entry_look(a, &st, 0);
        EXPECT(watch_entry_compare_age(&a, &b) < 0);
}

TEST(out_of_memory_makes_no_entry) {
        FAULT_LOOP {
                WatchEntry *e = watch_entry_new("/plans", "a.yaml");
                bool struck = fault_struck();

                EXPECT(struck == !e);
                (void) watch_entry_free(e);
                if (!struck)
                        break;
        }
}
