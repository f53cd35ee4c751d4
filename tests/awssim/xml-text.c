#include "awssim/xml-text.h"

void xml_text_element(Buf *out, const char *name, const char *value) {
        (void) buf_printf(out, "<%s>", name);
        for (const char *p = value; *p; p++) {
                if (*p == '<')
                        (void) buf_puts(out, "&lt;");
                else if (*p == '>')
                        (void) buf_puts(out, "&gt;");
                else if (*p == '&')
                        (void) buf_puts(out, "&amp;");
                else if ((unsigned char) *p >= 0x20 || *p == '\n')
                        (void) buf_putc(out, *p);
        }
        (void) buf_printf(out, "</%s>", name);
}
