#pragma once

/* A test program: TEST(name) { EXPECT_...; } functions that register themselves, run in order of the file,
 * and report in TAP. An EXPECT that fails prints both sides and ends that test; the others still run. A test
 * may call test_skip("why"). "./test-x NAME…" runs the named tests only. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

typedef void (*TestFunction)(void);

void test_register(const char *name, TestFunction function);
_Noreturn void test_fail(const char *file, int line, const char *format, ...) _printf_(3, 4);
_Noreturn void test_skip(const char *why);

/* The folder tests/data of the source tree (from the environment variable TEST_DATA that the build sets). */
const char *test_data(void);
/* Reads tests/data/NAME whole, NUL-terminated, owned by the caller; fails the test when it cannot. */
char *test_read(const char *name, size_t *ret_size);

#define TEST(name)                                                       \
        static void test_##name(void);                                   \
        __attribute__((constructor)) static void register_##name(void) { \
                test_register(#name, test_##name);                       \
        }                                                                \
        static void test_##name(void)

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define EXPECT(cond)                       \
        do {                               \
                if (!(cond))               \
                        FAIL("%s", #cond); \
        } while (0)

#define EXPECT_INT(a, b)                                                       \
        do {                                                                   \
                long long _x = (long long) (a), _y = (long long) (b);          \
                if (_x != _y)                                                  \
                        FAIL("%s = %lld, expected %s = %lld", #a, _x, #b, _y); \
        } while (0)

#define EXPECT_OK(a)                                                                           \
        do {                                                                                   \
                long long _x = (long long) (a);                                                \
                if (_x < 0)                                                                    \
                        FAIL("%s = %lld (%s), expected success", #a, _x, strerror((int) -_x)); \
        } while (0)

#define EXPECT_STR(a, b)                                                                   \
        do {                                                                               \
                const char *_x = (a), *_y = (b);                                           \
                if (!_x || !_y || strcmp(_x, _y) != 0)                                     \
                        FAIL("%s =\n  \"%s\", expected\n  \"%s\"", #a, _x ? _x : "(null)", \
                                        _y ? _y : "(null)");                               \
        } while (0)

#define EXPECT_CONTAINS(a, b)                                                                            \
        do {                                                                                             \
                const char *_x = (a), *_y = (b);                                                         \
                if (!_x || !strstr(_x, _y))                                                              \
                        FAIL("%s =\n  \"%s\", expected it to contain\n  \"%s\"", #a, _x ? _x : "(null)", \
                                        _y);                                                             \
        } while (0)

#define EXPECT_NEAR(a, b, tolerance)                                                                \
        do {                                                                                        \
                double _x = (a), _y = (b);                                                          \
                if (!(fabs(_x - _y) <= (tolerance)))                                                \
                        FAIL("%s = %.17g, expected %.17g +- %g", #a, _x, _y, (double) (tolerance)); \
        } while (0)
