#include "codec/yaml-text.h"

#include <string.h>

#include "base/utf8.h"

/* Why a character is refused, or NULL. The bytes behind it are at most "left", itself included. */
static const char *character_fault(uint32_t c, const char *s, size_t left) {
        if (c == '\t' || c == '\n' || (c == '\r' && left > 1 && s[1] == '\n'))
                return NULL;
        if (c == '\r')
                return "a carriage return without a line feed: end lines with LF (or CR LF)";
        if (c == 0)
                return "a NUL byte: this is not a text file, or it was damaged";
        if (c < 0x20 || (c >= 0x7f && c < 0xa0 && c != 0x85))
                return "a control character: remove it";
        if (c == 0x85 || c == 0x2028 || c == 0x2029)
                return "a Unicode line separator: use an ordinary line end";
        if (c == 0xfeff)
                return "an invisible byte order mark inside of the text: remove it";
        if (c == 0xfffe || c == 0xffff)
                return "a code that is no character: remove it";
        return NULL;
}

static bool begin_is_clean(const char *text, size_t size, DiagList *diags) {
        if (size >= 2 &&
                        (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 ||
                                        (text[0] == '\0' && text[1] != '\0') ||
                                        (text[0] != '\0' && text[1] == '\0'))) {
                diag_add(diags, DIAG_ERROR, 1, 1, "the file is UTF-16 or UTF-32: save it as UTF-8");
                return false;
        }
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
                diag_add(diags, DIAG_ERROR, 1, 1,
                                "the file begins with a byte order mark: save it as UTF-8 without one (\"BOM\")");
                return false;
        }
        return true;
}

bool yaml_text_is_clean(const char *text, size_t size, size_t max, DiagList *diags) {
        unsigned line = 1;
        size_t line_start = 0;

        if (size > max) {
                diag_add(diags, DIAG_ERROR, 1, 1,
                                "the file has %zu bytes, more than the %zu that are allowed", size, max);
                return false;
        }
        if (!begin_is_clean(text, size, diags))
                return false;
        for (size_t i = 0; i < size;) {
                uint32_t c = 0;
                int n = utf8_decode(text + i, size - i, &c);
                const char *fault = n > 0 ? character_fault(c, text + i, size - i) : NULL;
                unsigned column = (unsigned) (i - line_start + 1);

                if (n < 0) {
                        diag_add(diags, DIAG_ERROR, line, column,
                                        "byte 0x%02x is not UTF-8: save the file as UTF-8",
                                        (unsigned char) text[i]);
                        return false;
                }
                if (fault) {
                        diag_add(diags, DIAG_ERROR, line, column, "found U+%04X, %s", c, fault);
                        return false;
                }
                i += (size_t) n;
                if (c == '\n') {
                        line++;
                        line_start = i;
                }
        }
        return true;
}
