#include "daemon/ctl/table.h"

#include <string.h>

#include "base/alloc.h"

#define COLUMNS_MAX 16
#define CELL_BYTES_MAX 4096
#define GAP 2

typedef struct Cell {
        char *text; /* owned, printable */
        Tone tone;
} Cell;

struct Table {
        const Style *style;
        const TableColumn *columns;
        size_t n_columns;
        Cell *cells; /* row by row, the titles first */
        size_t n_cells, room;
        bool failed;
};

static void table_put(Table *t, Tone tone, const char *text) {
        _cleanup_(buf_done) Buf printable = BUF_INIT(CELL_BYTES_MAX);
        Cell cell = { .tone = tone };

        if (t->n_cells == t->room) {
                size_t room = MAX(t->room * 2, (size_t) 64);
                Cell *cells = alloc_resize(t->cells, room, sizeof(Cell));

                if (!cells) {
                        t->failed = true;
                        return;
                }
                t->cells = cells;
                t->room = room;
        }
        render_text(&printable, t->style, text);
        if (buf_take(&printable, &cell.text) < 0) {
                t->failed = true;
                return;
        }
        t->cells[t->n_cells++] = cell;
}

int table_new(const TableColumn *columns, size_t n_columns, const Style *style, Table **ret) {
        _cleanup_(table_freep) Table *t = alloc_one(Table);

        assert(n_columns > 0 && n_columns <= COLUMNS_MAX);
        if (!t)
                return -ENOMEM;
        t->style = style;
        t->columns = columns;
        t->n_columns = n_columns;
        for (size_t i = 0; i < n_columns; i++)
                table_put(t, TONE_STRONG, columns[i].title);
        if (t->failed)
                return -ENOMEM;
        *ret = TAKE_PTR(t);
        return 0;
}

Table *table_free(Table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n_cells; i++)
                free(t->cells[i].text);
        free(t->cells);
        free(t);
        return NULL;
}

void table_add(Table *t, Tone tone, const char *text) {
        if (!t->failed)
                table_put(t, tone, text);
}

/* Widths of all columns; 0: left out. */
static void table_measure(const Table *t, size_t widths[static COLUMNS_MAX]) {
        memset(widths, 0, COLUMNS_MAX * sizeof(widths[0]));
        for (size_t i = 0; i < t->n_cells; i++)
                widths[i % t->n_columns] = MAX(widths[i % t->n_columns], render_cells(t->cells[i].text));
}

/* Cells of a line; "least": with everything shrunk that can be. */
static size_t line_width(const Table *t, const size_t widths[static COLUMNS_MAX], bool least) {
        size_t total = 0;

        for (size_t i = 0; i < t->n_columns; i++) {
                unsigned enough = t->columns[i].shrinks_to;

                if (widths[i] == 0)
                        continue;
                total += (total > 0 ? GAP : 0) +
                                (least && enough > 0 ? MIN(widths[i], (size_t) enough) : widths[i]);
        }
        return total;
}

static size_t most_dispensable(const Table *t, const size_t widths[static COLUMNS_MAX]) {
        size_t found = 0;

        for (size_t i = 1; i < t->n_columns; i++)
                if (widths[i] > 0 &&
                                (widths[found] == 0 ||
                                                t->columns[i].dispensable > t->columns[found].dispensable))
                        found = i;
        return found;
}

static void table_fit(const Table *t, size_t widths[static COLUMNS_MAX]) {
        size_t width = t->style->width, total;

        if (width == 0)
                return;
        while (line_width(t, widths, true) > width) {
                size_t i = most_dispensable(t, widths);

                if (t->columns[i].dispensable == 0)
                        break;
                widths[i] = 0;
        }
        for (size_t i = t->n_columns; i > 0 && (total = line_width(t, widths, false)) > width; i--) {
                size_t enough = MIN((size_t) t->columns[i - 1].shrinks_to, widths[i - 1]);

                if (enough > 0)
                        widths[i - 1] -= MIN(total - width, widths[i - 1] - enough);
        }
}

/* Returns the cells that are missing up to the next column; they are written only when something follows. */
static size_t put_cell(const Table *t, const Cell *cell, size_t width, size_t missing, Buf *out) {
        const char *ellipsis = t->style->utf8 ? "\xe2\x80\xa6" : "...";
        size_t cells = render_cells(cell->text);
        _cleanup_(buf_done) Buf cut = BUF_INIT(CELL_BYTES_MAX);

        if (cells == 0)
                return missing + width + GAP;
        if (cells > width) {
                size_t mark = render_cells(ellipsis);

                (void) buf_append(&cut, cell->text,
                                render_prefix(cell->text, width > mark ? width - mark : 0));
                (void) buf_puts(&cut, ellipsis);
                render_inherit(out, &cut);
                cells = render_cells(buf_text(&cut));
        }
        (void) buf_printf(out, "%*s", (int) missing, "");
        render_toned(out, t->style, cell->tone, cut.size > 0 ? buf_text(&cut) : cell->text);
        return (width > cells ? width - cells : 0) + GAP;
}

int table_render(Table *t, Buf *out) {
        size_t widths[COLUMNS_MAX], missing = 0;

        if (t->failed)
                return -ENOMEM;
        assert(t->n_cells % t->n_columns == 0);
        table_measure(t, widths);
        table_fit(t, widths);
        for (size_t i = 0; i < t->n_cells; i++) {
                size_t column = i % t->n_columns;

                if (widths[column] > 0)
                        missing = put_cell(t, &t->cells[i], widths[column], missing, out);
                if (column + 1 == t->n_columns) {
                        (void) buf_putc(out, '\n');
                        missing = 0;
                }
        }
        return out->failed ? -ENOMEM : 0;
}
