#include "awssim/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/uri.h"
#include "base/alloc.h"

static int form_decode(const char *s, size_t n, char **ret) {
        _cleanup_(freep) char *spaced = alloc_copy_bytes(s, n);

        if (!spaced)
                return -ENOMEM;
        for (char *p = spaced; (p = strchr(p, '+'));)
                *p = ' ';
        return uri_decode(spaced, n, ret);
}

static int form_add(Form *f, const char *pair, size_t n) {
        const char *equals = memchr(pair, '=', n);
        size_t n_name = equals ? (size_t) (equals - pair) : n;
        _cleanup_(freep) char *name = NULL, *value = NULL;
        int r;

        r = form_decode(pair, n_name, &name);
        if (r < 0)
                return r;
        r = form_decode(equals ? equals + 1 : "", equals ? n - n_name - 1 : 0, &value);
        if (r < 0)
                return r;
        r = map_put(f->values, name, value);
        if (r == -EEXIST)
                return 0;
        if (r < 0)
                return r;
        f->texts[f->n_texts++] = TAKE_PTR(value);
        return 0;
}

int form_parse(const char *text, size_t size, Form *ret) {
        size_t n_pairs = 1;

        for (size_t i = 0; i < size; i++)
                n_pairs += text[i] == '&';
        if (n_pairs > FORM_PAIRS_MAX)
                return -E2BIG;
        ret->values = map_new();
        ret->texts = alloc_array(n_pairs, sizeof(char *));
        if (!ret->values || !ret->texts)
                return -ENOMEM;
        for (size_t at = 0; at < size;) {
                const char *end = memchr(text + at, '&', size - at);
                size_t n = end ? (size_t) (end - text) - at : size - at;

                if (n > 0) {
                        int r = form_add(ret, text + at, n);

                        if (r < 0)
                                return r;
                }
                at += n + 1;
        }
        return 0;
}

void form_done(Form *f) {
        for (size_t i = 0; i < f->n_texts; i++)
                free(f->texts[i]);
        free(f->texts);
        (void) map_free(f->values);
        *f = (Form){};
}

const char *form_get(const Form *f, const char *name) {
        return f->values ? map_get(f->values, name) : NULL;
}

const char *form_getf(const Form *f, const char *format, ...) {
        char name[256];
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(name, sizeof(name), format, ap);
        va_end(ap);
        return n < 0 || (size_t) n >= sizeof(name) ? NULL : form_get(f, name);
}
