#pragma once

/* The body of UpdateFunctionCode that carries a zip: JSON with base64 in it. It is some 70 MB for the
 * largest zip, so it is never whole in memory: any part of it is made from the part of the zip that is in
 * it. */

#include "base/macro.h"

/* By the quotas of Lambda; what is larger has to come from S3. */
#define CODE_ZIP_MAX (50u * 1024 * 1024)

/* Reads exactly size bytes of the zip. <0: it cannot. */
typedef int (*CodeBodyRead)(void *userdata, uint64_t offset, void *dst, size_t size);

typedef struct CodeBody {
        char *head; /* everything before the base64; owned */
        const char *tail;
        uint64_t zip_size;
        CodeBodyRead read;
        void *userdata;
} CodeBody;

/* revision: to compare with; NULL or "": none. */
int code_body_init(CodeBody *b, const char *revision, uint64_t zip_size, CodeBodyRead read, void *userdata);
void code_body_done(CodeBody *b);

uint64_t code_body_size(const CodeBody *b);

/* Bytes from "offset" on, at most size: how many, which is fewer than asked for also in the middle. 0: at
 * the end. <0: of CodeBodyRead. */
ssize_t code_body_read(const CodeBody *b, uint64_t offset, void *dst, size_t size);
