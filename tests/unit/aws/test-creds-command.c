#include <stdlib.h>
#include <string.h>

#include "aws/creds-recipe.h"
#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

#define WORDS_MAX 4

TEST(splits_as_a_shell_does) {
        static const struct {
                const char *command, *words[WORDS_MAX + 1];
        } rows[] = {
                { "a", { "a" } },
                { " a  b\tc\nd ", { "a", "b", "c", "d" } },
                { "/opt/x --name 'a b' \"c d\"", { "/opt/x", "--name", "a b", "c d" } },
                { "a'b'\"c\"d", { "abcd" } },
                { "a '' \"\"", { "a", "", "" } },
                { "a\\ b c\\\\d", { "a b", "c\\d" } },
                { "'a\\b' \"a\\b\" \"\\\"\\\\\"", { "a\\b", "a\\b", "\"\\" } },
                { "\"it's\" 'say \"x\"'", { "it's", "say \"x\"" } },
                /* Nothing is expanded, and nothing ends a command. */
                { "$HOME ~/x `id` *;|&#", { "$HOME", "~/x", "`id`", "*;|&#" } },
                { "x \"$(id)\" \"\\$y\"", { "x", "$(id)", "\\$y" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char **argv = NULL;

                EXPECT_OK(creds_split_command(rows[i].command, &argv));
                for (size_t n = 0; n <= WORDS_MAX && rows[i].words[n]; n++)
                        EXPECT_STR(argv[n], rows[i].words[n]);
                for (size_t n = 0; n <= WORDS_MAX; n++)
                        if (!rows[i].words[n]) {
                                EXPECT(!argv[n]);
                                break;
                        }
                creds_free_argv(argv);
        }
}

TEST(what_is_no_command) {
        static const char *const bad[] = { "", " \t\n", "'a", "\"a", "a \\", "\"a\\", "\"a\\\"", "'",
                "'' a" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                char **argv = NULL;

                if (creds_split_command(bad[i], &argv) != -EINVAL || argv)
                        FAIL("accepted: %s", bad[i]);
        }
}

TEST(words_have_a_maximum) {
        char command[2 * CREDS_ARGV_MAX + 3];
        char **argv = NULL;

        for (size_t i = 0; i < CREDS_ARGV_MAX + 1; i++)
                memcpy(command + 2 * i, "a ", 2);
        command[2 * CREDS_ARGV_MAX + 2] = '\0';
        EXPECT_INT(creds_split_command(command, &argv), -EINVAL);
        command[2 * CREDS_ARGV_MAX] = '\0';
        EXPECT_OK(creds_split_command(command, &argv));
        EXPECT_STR(argv[CREDS_ARGV_MAX - 1], "a");
        EXPECT(!argv[CREDS_ARGV_MAX]);
        creds_free_argv(argv);
        creds_free_argv(NULL);
}

TEST(out_of_memory) {
        FAULT_LOOP {
                char **argv = NULL;
                int r = creds_split_command("a 'b c' d", &argv);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        creds_free_argv(argv);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!argv);
        }
}
