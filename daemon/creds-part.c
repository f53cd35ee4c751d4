#include "daemon/creds-part.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"
#include "base/utf8.h"

#define TOKEN_FILE_MAX (64u * 1024)

int creds_failure_set(CredsFailure *f, AwsFault fault, const char *format, ...) {
        va_list args;

        f->fault = fault;
        va_start(args, format);
        (void) vsnprintf(f->message, sizeof(f->message), format, args);
        va_end(args);
        return -EIO;
}

void creds_quote(const char *text, size_t size, char ret[static CREDS_QUOTE_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < size && text[i] != '\n' && text[i] != '\0';) {
                uint32_t c;
                int length = utf8_decode(text + i, size - i, &c);
                bool is_fit = length > 0 && utf8_is_printable(c);
                size_t step = length > 0 ? (size_t) length : 1, wanted = is_fit ? step : 1;

                if (n + wanted >= CREDS_QUOTE_MAX)
                        break;
                if (is_fit)
                        memcpy(ret + n, text + i, step);
                else
                        ret[n] = ' ';
                n += wanted;
                i += step;
        }
        while (n > 0 && ret[n - 1] == ' ')
                n--;
        ret[n] = '\0';
}

int creds_read_token(
                const char *path, const char *what, char **ret, size_t *ret_size, CredsFailure *failure) {
        int r = fs_read(AT_FDCWD, path, true, TOKEN_FILE_MAX, ret, ret_size, NULL);

        if (r >= 0 || r == -ENOMEM)
                return r;
        return creds_failure_set(failure, AWS_EXPIRED, "%s %s cannot be read: %s", what, path,
                        r == -EFBIG                     ? "larger than 64 KiB"
                                        : r == -ENOTSUP ? "not a regular file"
                                                        : strerror(-r));
}

usec_t creds_local_time(const Skew *skew, usec_t time) {
        if (time == USEC_INFINITY)
                return time;
        return skew->offset < 0 ? usec_add(time, (usec_t) -skew->offset)
                                : usec_sub(time, (usec_t) skew->offset);
}

static bool secret_equal(const Secret *a, const Secret *b) {
        if (!a || !b)
                return a == b;
        return secret_size(a) == secret_size(b) &&
                        memcmp(secret_text(a), secret_text(b), secret_size(a)) == 0;
}

bool creds_is_same(const AwsCreds *a, const AwsCreds *b) {
        return streq(a->access_key, b->access_key) && secret_equal(a->secret_key, b->secret_key) &&
                        secret_equal(a->session_token, b->session_token);
}
