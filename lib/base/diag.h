#pragma once

/* What is wrong with a text that somebody wrote, and where: one entry per finding, in the order of the text.
 */

#include "base/macro.h"

#define DIAG_MESSAGE_MAX 320
#define DIAG_LIST_MAX 32

typedef enum DiagLevel {
        DIAG_ERROR,
        DIAG_WARNING,
} DiagLevel;

/* line and column count from 1 (column in bytes); 0 = the file as a whole. "message" says what was found,
 * what is expected and, where there is one, the nearest right word. */
struct Diag {
        DiagLevel level;
        unsigned line, column;
        char message[DIAG_MESSAGE_MAX];
};

struct DiagList {
        size_t n;         /* entries held */
        size_t n_errors;  /* of them and of those dropped: errors */
        size_t n_dropped; /* found when the list was already full */
        Diag entries[DIAG_LIST_MAX];
};

/* Messages longer than DIAG_MESSAGE_MAX end in "...". */
void diag_add(DiagList *list, DiagLevel level, unsigned line, unsigned column, const char *format, ...)
                _printf_(5, 6);

/* Renders one entry as people read it:
 *
 *   FILE:12:9: error: unknown key "wieght", expected one of: weight, hold; did you mean "weight"?
 *      12 |   - {wieght: 5%, hold: 10m}
 *         |      ^
 *
 * "source" (size bytes) is the text that was parsed; NULL leaves the quoted line out. Appends to out. */
int diag_render(const Diag *d, const char *file, const char *source, size_t size, Buf *out);
