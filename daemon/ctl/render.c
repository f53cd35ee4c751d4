#include "daemon/ctl/render.h"

#include <string.h>

#include "base/utf8.h"

static void put_spaces(Buf *out, size_t n) {
        (void) buf_printf(out, "%*s", (int) n, "");
}

void render_inherit(Buf *out, const Buf *part) {
        out->failed = out->failed || part->failed;
}

void render_text(Buf *out, const Style *style, const char *s) {
        size_t left = strlen(s);

        while (left > 0 && !out->failed) {
                uint32_t c = 0xfffd;
                int n = utf8_decode(s, left, &c);

                if (c == '\n' || c == '\t')
                        (void) buf_putc(out, ' ');
                else if (n == 1 && c >= 0x20 && c < 0x7f)
                        (void) buf_putc(out, (char) c);
                else if (n < 0)
                        (void) buf_printf(out, "\\x%02x", (unsigned char) *s);
                else if (!utf8_is_printable(c))
                        (void) buf_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
                else if (!style->utf8)
                        (void) buf_putc(out, '?');
                else
                        (void) buf_append(out, s, (size_t) n);
                s += MAX(n, 1);
                left -= (size_t) MAX(n, 1);
        }
}

void render_toned(Buf *out, const Style *style, Tone tone, const char *s) {
        static const char *const codes[] = {
                [TONE_PLAIN] = "",
                [TONE_GOOD] = "\x1b[32m",
                [TONE_BAD] = "\x1b[1;31m",
                [TONE_UNSURE] = "\x1b[33m",
                [TONE_STRONG] = "\x1b[1m",
        };
        bool colored = style->color && tone != TONE_PLAIN;

        if (colored)
                (void) buf_puts(out, codes[tone]);
        render_text(out, style, s);
        if (colored)
                (void) buf_puts(out, "\x1b[0m");
}

/* Bytes and cells of the next character of a printable text. */
static size_t next_cell(const char *s, size_t *ret_cells) {
        uint32_t c = 0;
        int n = utf8_decode(s, strlen(s), &c);

        *ret_cells = n < 0 ? 1 : utf8_width(c);
        return n < 0 ? 1 : (size_t) n;
}

size_t render_cells(const char *s) {
        size_t cells, total = 0;

        while (*s) {
                s += next_cell(s, &cells);
                total += cells;
        }
        return total;
}

size_t render_prefix(const char *s, size_t room) {
        size_t cells, used = 0, n = 0;

        while (s[n]) {
                size_t bytes = next_cell(s + n, &cells);

                if (used + cells > room)
                        break;
                used += cells;
                n += bytes;
        }
        return n;
}

/* How much of s goes on a line with room for "room" cells: all, or up to the last space, or what fits. 0:
 * the first word does not fit and the line is not empty. */
static size_t line_length(const char *s, size_t room, bool line_is_empty) {
        size_t n = render_prefix(s, room), at;

        if (s[n] == '\0' || s[n] == ' ')
                return n;
        for (at = n; at > 0 && s[at - 1] != ' '; at--)
                ;
        if (at > 0)
                return at;
        return line_is_empty ? MAX(n, (size_t) 1) : 0;
}

void render_folded(Buf *out, const Style *style, size_t column, size_t indent, const char *s) {
        _cleanup_(buf_done) Buf printable = BUF_INIT(RENDER_BYTES_MAX);
        size_t width = MAX((size_t) style->width, indent + 8);
        const char *rest;

        render_text(&printable, style, s);
        render_inherit(out, &printable);
        rest = buf_text(&printable);
        if (style->width == 0) {
                (void) buf_printf(out, "%s\n", rest);
                return;
        }
        while (*rest && !out->failed) {
                size_t room = width > column ? width - column : 0;
                size_t n = line_length(rest, room, column <= indent), shown = n;

                while (shown > 0 && rest[shown - 1] == ' ')
                        shown--;
                (void) buf_append(out, rest, shown);
                rest += n;
                rest += strspn(rest, " ");
                if (*rest) {
                        (void) buf_putc(out, '\n');
                        put_spaces(out, indent);
                        column = indent;
                }
        }
        (void) buf_putc(out, '\n');
}
