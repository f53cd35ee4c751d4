#pragma once

/* Text for people: made printable, folded, coloured where that is wanted. Knows no rollouts. */

#include "base/buf.h"

typedef struct Style {
        unsigned width; /* cells of a line; 0: no limit */
        bool color, utf8;
} Style;

typedef enum Tone {
        TONE_PLAIN,
        TONE_GOOD,
        TONE_BAD,
        TONE_UNSURE, /* unknown has a colour of its own: it is neither good nor bad */
        TONE_STRONG,
} Tone;

#define RENDER_BYTES_MAX (32u * 1024 * 1024)

/* A part of out that could not be made is a failure of out. */
void render_inherit(Buf *out, const Buf *part);

/* Appends s with nothing left in it that a terminal could take for a command: control and invisible
 * characters are spelled out, line breaks become spaces; without UTF-8 what is not ASCII becomes "?". */
void render_text(Buf *out, const Style *style, const char *s);
void render_toned(Buf *out, const Style *style, Tone tone, const char *s);

/* Cells that a text takes which render_text() made. */
size_t render_cells(const char *s);

/* Bytes of the longest start of such a text that takes no more than "room" cells. */
size_t render_prefix(const char *s, size_t room);

/* Appends s like render_text(), from cell "column" on, broken at spaces so that no line is wider than the
 * style's width; further lines begin with "indent" spaces. Ends the line. Words wider than a line are broken
 * anywhere. */
void render_folded(Buf *out, const Style *style, size_t column, size_t indent, const char *s);
