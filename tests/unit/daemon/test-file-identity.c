#include "daemon/file-identity.h"

#include "base/usec.h"
#include "lib/test.h"

static struct stat sample(void) {
        return (struct stat){
                .st_dev = 1, .st_ino = 2, .st_size = 3, .st_mtim = { 4, 5000 }, .st_ctim = { 6, 7000 }
        };
}

TEST(any_difference_counts) {
        struct stat st = sample();
        FileIdentity before = file_identity_of(&st), same = file_identity_of(&st);

        EXPECT(file_identity_equal(&before, &same));
        for (unsigned i = 0; i < 7; i++) {
                FileIdentity other;

                st = sample();
                st.st_dev += i == 0;
                st.st_ino += i == 1;
                st.st_size += i == 2;
                st.st_mtim.tv_sec += i == 3;
                st.st_mtim.tv_nsec += i == 4;
                st.st_ctim.tv_sec += i == 5;
                st.st_ctim.tv_nsec += i == 6;
                other = file_identity_of(&st);
                EXPECT(!file_identity_equal(&before, &other));
        }
}

TEST(the_later_of_both_times_counts) {
        struct stat st = sample();
        FileIdentity f = file_identity_of(&st);

        EXPECT_INT(file_identity_touched(&f), 6 * USEC_PER_SEC + 7);
        st.st_mtim.tv_sec = 100; /* a time from elsewhere, as cp -p sets it */
        f = file_identity_of(&st);
        EXPECT_INT(file_identity_touched(&f), 100 * USEC_PER_SEC + 5);
        st.st_mtim.tv_sec = st.st_ctim.tv_sec = -1;
        f = file_identity_of(&st);
        EXPECT_INT(file_identity_touched(&f), 0);
}

TEST(what_is_the_same_file_and_what_the_same_data) {
        struct stat st = sample();
        FileIdentity before = file_identity_of(&st), after;

        st.st_ctim.tv_sec++; /* chmod */
        after = file_identity_of(&st);
        EXPECT(file_identity_same_file(&before, &after));
        EXPECT(file_identity_same_data(&before, &after));
        st.st_mtim.tv_nsec++; /* written */
        after = file_identity_of(&st);
        EXPECT(file_identity_same_file(&before, &after));
        EXPECT(!file_identity_same_data(&before, &after));
        st = sample();
        st.st_ino++; /* replaced */
        after = file_identity_of(&st);
        EXPECT(!file_identity_same_file(&before, &after));
        EXPECT(!file_identity_same_data(&before, &after));
}
