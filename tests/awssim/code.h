#pragma once

/* What a version runs: the bytes of a zip, or the address of an image. Shared by whoever has the same. */

#include "base/macro.h"

#define CODE_SHA_MAX 72

typedef struct Code {
        unsigned n_refs;
        char *data; /* NULL: an image */
        size_t size;
        char *image;            /* as it was given, NULL: a zip */
        char *resolved;         /* the image by its digest */
        char sha[CODE_SHA_MAX]; /* as Lambda spells it: base64 for a zip, hexadecimal for an image */
} Code;

/* Both take what is given, also on failure. */
int code_new_zip(char *take_data, size_t size, Code **ret);
int code_new_image(char *take_image, Code **ret);
Code *code_ref(Code *c);
Code *code_unref(Code *c);
DEFINE_TRIVIAL_CLEANUP(Code *, code_unref);

/* RFC 4648 with padding and nothing else; owned by the caller. -EINVAL */
int code_decode_base64(const char *text, char **ret, size_t *ret_size);
