#include "aws/uri.h"

#include "base/alloc.h"
#include "base/buf.h"

static bool is_unreserved(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                        c == '.' || c == '_' || c == '~';
}

int uri_encode(Buf *out, const char *s, size_t n, bool keep_slash) {
        static const char digits[] = "0123456789ABCDEF";
        size_t plain = 0; /* start of the run that is copied as it is */
        int r;

        for (size_t i = 0; i < n; i++) {
                unsigned char byte = (unsigned char) s[i];
                char escaped[3] = { '%', digits[byte >> 4], digits[byte & 0xf] };

                if (is_unreserved(s[i]) || (keep_slash && s[i] == '/'))
                        continue;
                r = buf_append(out, s + plain, i - plain);
                if (r < 0)
                        return r;
                r = buf_append(out, escaped, sizeof(escaped));
                if (r < 0)
                        return r;
                plain = i + 1;
        }
        return buf_append(out, s + plain, n - plain);
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -EINVAL;
}

int uri_unescape(const char *s, size_t n, char *ret) {
        int high, low;

        if (n < 3 || s[0] != '%')
                return -EINVAL;
        high = hex_value(s[1]);
        low = hex_value(s[2]);
        if (high < 0 || low < 0)
                return -EINVAL;
        *ret = (char) (high << 4 | low);
        return 0;
}

int uri_decode(const char *s, size_t n, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t size = 0;

        text = alloc_zero(n + 1);
        if (!text)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                char c = s[i];

                if (c == '%') {
                        int r = uri_unescape(s + i, n - i, &c);

                        if (r < 0)
                                return r;
                        i += 2;
                }
                if (c == '\0')
                        return -EINVAL;
                text[size++] = c;
        }
        *ret = TAKE_PTR(text);
        return 0;
}
