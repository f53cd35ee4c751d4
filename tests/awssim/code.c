#include "awssim/code.h"

#include <string.h>

#include "aws/base64.h"
#include "aws/digest.h"
#include "base/alloc.h"

int code_new_zip(char *take_data, size_t size, Code **ret) {
        _cleanup_(freep) char *data = take_data;
        _cleanup_(code_unrefp) Code *c = alloc_one(Code);
        uint8_t digest[DIGEST_SIZE];
        int r;

        if (!c || !data)
                return -ENOMEM;
        c->n_refs = 1;
        r = digest_sha256(data, size, digest);
        if (r < 0)
                return r;
        base64_encode(digest, sizeof(digest), c->sha);
        c->data = TAKE_PTR(data);
        c->size = size;
        *ret = TAKE_PTR(c);
        return 0;
}

/* NULL: the address names no digest. */
static const char *digest_in(const char *image) {
        static const char mark[] = "@sha256:";
        const char *at = strstr(image, mark);

        at = at ? at + strlen(mark) : NULL;
        return at && strlen(at) == DIGEST_HEX_MAX - 1 && strspn(at, "0123456789abcdef") == strlen(at) ? at
                                                                                                      : NULL;
}

/* Up to the tag or digest, not up to the port of a registry. */
static int repository_size(const char *image) {
        const char *name = strrchr(image, '/');
        size_t before = name ? (size_t) (name - image) : 0;

        return (int) (before + strcspn(image + before, ":@"));
}

/* A tag stands for the same image for ever: its digest is made up from the address. */
int code_new_image(char *take_image, Code **ret) {
        _cleanup_(freep) char *image = take_image;
        _cleanup_(code_unrefp) Code *c = alloc_one(Code);
        const char *digest;
        int r;

        if (!c || !image)
                return -ENOMEM;
        c->n_refs = 1;
        digest = digest_in(image);
        if (digest)
                memcpy(c->sha, digest, DIGEST_HEX_MAX);
        r = digest ? 0 : digest_sha256_hex(image, strlen(image), c->sha);
        if (r < 0)
                return r;
        c->resolved = alloc_printf("%.*s@sha256:%s", repository_size(image), image, c->sha);
        if (!c->resolved)
                return -ENOMEM;
        c->image = TAKE_PTR(image);
        *ret = TAKE_PTR(c);
        return 0;
}

Code *code_ref(Code *c) {
        if (c)
                c->n_refs++;
        return c;
}

Code *code_unref(Code *c) {
        if (!c || --c->n_refs > 0)
                return NULL;
        free(c->data);
        free(c->image);
        free(c->resolved);
        free(c);
        return NULL;
}

static int digit_value(char c) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const char *at = c == '\0' ? NULL : strchr(digits, c);

        return at ? (int) (at - digits) : -EINVAL;
}

int code_decode_base64(const char *text, char **ret, size_t *ret_size) {
        size_t n = strlen(text), size = n / 4 * 3;
        _cleanup_(freep) char *out = NULL;

        if (n == 0 || n % 4 != 0)
                return -EINVAL;
        for (unsigned padding = 0; padding < 2 && text[n - 1] == '='; padding++, size--)
                n--;
        out = alloc_zero(size + 3);
        if (!out)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                int value = digit_value(text[i]);
                size_t at = i / 4 * 3;
                unsigned bits;

                if (value < 0)
                        return value;
                bits = (unsigned) value << (18 - 6 * (i % 4));
                out[at] = (char) (out[at] | (char) (bits >> 16));
                out[at + 1] = (char) (out[at + 1] | (char) (bits >> 8 & 0xff));
                out[at + 2] = (char) (out[at + 2] | (char) (bits & 0xff));
        }
        *ret = TAKE_PTR(out);
        *ret_size = size;
        return 0;
}
