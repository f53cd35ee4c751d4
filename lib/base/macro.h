#pragma once

#include <assert.h>
#include <errno.h>

#include "base/forward.h"

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define STATIC_ASSERT(expr) _Static_assert(expr, #expr)

/* Unique names, so that MIN(a, MAX(b, c)) shadows nothing. */
#define UNIQUE_(x, n) x##n
#define UNIQUE(x, n) UNIQUE_(x, n)
#define PICK(op, a, b, n)                                                       \
        ({                                                                      \
                __typeof__(a) UNIQUE(_a, n) = (a);                              \
                __typeof__(b) UNIQUE(_b, n) = (b);                              \
                UNIQUE(_a, n) op UNIQUE(_b, n) ? UNIQUE(_a, n) : UNIQUE(_b, n); \
        })
#define MIN(a, b) PICK(<, a, b, __COUNTER__)
#define MAX(a, b) PICK(>, a, b, __COUNTER__)

/* Hands ownership over: yields the value and leaves the "nothing" value behind. */
#define TAKE_PTR(p)                         \
        ({                                  \
                __typeof__(p) _taken = (p); \
                (p) = NULL;                 \
                _taken;                     \
        })
#define TAKE_FD(fd)                \
        ({                         \
                int _taken = (fd); \
                (fd) = -EBADF;     \
                _taken;            \
        })

/* Declares FUNCp(), the form that _cleanup_() wants, beside every destructor "Type *FUNC(Type *)". */
/* NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in parentheses. */
#define DEFINE_TRIVIAL_CLEANUP(type, func)    \
        static inline void func##p(type *p) { \
                if (*p)                       \
                        (void) func(*p);      \
        }                                     \
        struct trailing_semicolon_after_##func
/* NOLINTEND(bugprone-macro-parentheses) */

/* A branch that only a bug of ours can reach. Kept in release builds. */
#define ASSERT_NEVER() assert(false && "cannot happen")
