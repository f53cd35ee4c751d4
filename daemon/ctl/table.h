#pragma once

/* Tables for people that fit the width of the terminal. */

#include "daemon/ctl/render.h"

/* A column that is too much for the width goes: first those with the greatest "dispensable"; 0 stays. */
typedef struct TableColumn {
        const char *title;
        unsigned dispensable;
        unsigned shrinks_to; /* cells that are enough; what is longer is cut with an ellipsis. 0: never cut
                              */
} TableColumn;

typedef struct Table Table;

int table_new(const TableColumn *columns, size_t n_columns, const Style *style, Table **ret);
Table *table_free(Table *t);
DEFINE_TRIVIAL_CLEANUP(Table *, table_free);

/* Fills the rows cell by cell. Failures stick until table_render(). */
void table_add(Table *t, Tone tone, const char *text);
/* Titles and rows, each with a line end. -ENOMEM. */
int table_render(Table *t, Buf *out);
