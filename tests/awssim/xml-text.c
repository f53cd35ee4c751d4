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

void xml_text_open_response(Buf *out, const char *operation, const char *name_space) {
        (void) buf_printf(out, "<%sResponse xmlns=\"%s\"><%sResult>", operation, name_space, operation);
}

void xml_text_close_response(Buf *out, const char *operation, const char *request_id) {
        (void) buf_printf(out, "</%sResult><ResponseMetadata>", operation);
        xml_text_element(out, "RequestId", request_id);
        (void) buf_printf(out, "</ResponseMetadata></%sResponse>", operation);
}
