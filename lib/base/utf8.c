#include "base/utf8.h"

#include <string.h>

#include "base/buf.h"

typedef struct CodeRange {
        uint32_t first, last;
} CodeRange;

static bool in_ranges(uint32_t c, const CodeRange *ranges, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

int utf8_decode(const char *s, size_t size, uint32_t *ret) {
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        unsigned char first = (unsigned char) s[0];
        int n = first < 0x80                            ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : (first & 0xf0) == 0xe0        ? 3
                        : (first & 0xf8) == 0xf0        ? 4
                                                        : 0;
        uint32_t c = n == 1 ? first : n > 0 ? first & (0x7fu >> n) : 0;

        if (n == 0 || (size_t) n > size)
                return -EINVAL;
        for (int i = 1; i < n; i++) {
                if (((unsigned char) s[i] & 0xc0) != 0x80)
                        return -EINVAL;
                c = c << 6 | ((unsigned char) s[i] & 0x3fu);
        }
        if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return -EINVAL;
        *ret = c;
        return n;
}

bool utf8_is_printable(uint32_t c) {
        static const CodeRange hidden[] = {
                { 0x00, 0x1f },
                { 0x7f, 0x9f },
                { 0xad, 0xad },
                { 0x61c, 0x61c },
                { 0x180e, 0x180e },
                { 0x200b, 0x200f },
                { 0x2028, 0x202e },
                { 0x2060, 0x206f },
                { 0xfeff, 0xfeff },
                { 0xfff9, 0xfffb },
                { 0xfffe, 0xffff },
                { 0xe000, 0xf8ff },
                { 0xe0000, 0xe0fff },
                { 0xf0000, 0xfffff },
                { 0x100000, 0x10ffff },
        };

        return !in_ranges(c, hidden, ELEMENTSOF(hidden));
}

unsigned utf8_width(uint32_t c) {
        static const CodeRange combining[] = {
                { 0x300, 0x36f },
                { 0x1ab0, 0x1aff },
                { 0x1dc0, 0x1dff },
                { 0x20d0, 0x20ff },
                { 0xfe00, 0xfe0f },
        };
        static const CodeRange wide[] = {
                { 0x1100, 0x115f },
                { 0x2e80, 0xa4cf },
                { 0xac00, 0xd7a3 },
                { 0xf900, 0xfaff },
                { 0xfe30, 0xfe6f },
                { 0xff00, 0xff60 },
                { 0xffe0, 0xffe6 },
                { 0x1f300, 0x1faff },
                { 0x20000, 0x3fffd },
        };

        if (in_ranges(c, combining, ELEMENTSOF(combining)))
                return 0;
        return in_ranges(c, wide, ELEMENTSOF(wide)) ? 2 : 1;
}

int utf8_append_valid(Buf *out, const char *s) {
        size_t left = strlen(s);
        int r = 0;

        while (left > 0 && r >= 0) {
                uint32_t c;
                int n = utf8_decode(s, left, &c);

                r = n < 0 ? buf_puts(out, "\xef\xbf\xbd") : buf_append(out, s, (size_t) n);
                s += MAX(n, 1);
                left -= (size_t) MAX(n, 1);
        }
        return r;
}

bool utf8_is_valid(const char *s) {
        size_t left = strlen(s);

        while (left > 0) {
                uint32_t c;
                int n = utf8_decode(s, left, &c);

                if (n < 0)
                        return false;
                s += n;
                left -= (size_t) n;
        }
        return true;
}
