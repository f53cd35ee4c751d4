#include "lib/test.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"

#define TESTS_MAX 512
#define DATA_FILE_MAX (4u * 1024 * 1024)

enum { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };

static struct {
        const char *name;
        TestFunction function;
} tests[TESTS_MAX];

static size_t n_tests;
static jmp_buf leave_test;
static char skip_reason[256];

void test_register(const char *name, TestFunction function) {
        if (n_tests == TESTS_MAX)
                abort();
        tests[n_tests].name = name;
        tests[n_tests++].function = function;
}

void test_fail(const char *file, int line, const char *format, ...) {
        va_list args;
        char text[4096];

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        printf("# %s:%d: ", file, line);
        for (const char *p = text; *p; p++) {
                (void) putchar(*p);
                if (*p == '\n')
                        printf("# ");
        }
        printf("\n");
        longjmp(leave_test, TEST_FAILED);
}

void test_skip(const char *why) {
        (void) snprintf(skip_reason, sizeof(skip_reason), "%s", why);
        longjmp(leave_test, TEST_SKIPPED);
}

const char *test_data(void) {
        const char *path = getenv("TEST_DATA");

        if (!path) {
                fprintf(stderr, "TEST_DATA is not set: run this through \"meson test\", or set it to tests/data\n");
                exit(EXIT_FAILURE);
        }
        return path;
}

char *test_read(const char *name, size_t *ret_size) {
        _cleanup_(freep) char *path = NULL;
        char *data = NULL;
        size_t size = 0;
        int r;

        path = alloc_printf("%s/%s", test_data(), name);
        if (!path)
                FAIL("out of memory");
        r = fs_read(AT_FDCWD, path, true, DATA_FILE_MAX, &data, &size, NULL);
        if (r < 0)
                FAIL("cannot read %s: %s", path, strerror(-r));
        if (ret_size)
                *ret_size = size;
        return data;
}

static bool is_wanted(const char *name, int argc, char **argv) {
        for (int i = 1; i < argc; i++)
                if (streq(argv[i], name))
                        return true;
        return argc < 2;
}

static int run_one(TestFunction function) {
        int outcome = setjmp(leave_test);

        if (outcome == TEST_PASSED)
                function();
        return outcome;
}

int main(int argc, char **argv) {
        size_t n_wanted = 0, number = 0, failed = 0;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        for (size_t i = 0; i < n_tests; i++)
                n_wanted += is_wanted(tests[i].name, argc, argv);
        printf("1..%zu\n", n_wanted);
        for (size_t i = 0; i < n_tests; i++) {
                int outcome;

                if (!is_wanted(tests[i].name, argc, argv))
                        continue;
                outcome = run_one(tests[i].function);
                failed += outcome == TEST_FAILED;
                printf("%sok %zu - %s%s%s\n", outcome == TEST_FAILED ? "not " : "", ++number, tests[i].name,
                                outcome == TEST_SKIPPED ? " # SKIP " : "",
                                outcome == TEST_SKIPPED ? skip_reason : "");
        }
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
