#pragma once

/* A version's code, from the address that Lambda gave for it. No credentials go there, and no redirect is
 * followed. */

#include "core/types.h"
#include "daemon/code-file.h"
#include "daemon/http.h"

typedef struct CodeFetch CodeFetch;

/* file: taken over by the callback; NULL: fault and words say why there is none. FAULT_INVALID: another try
 * is of no use; FAULT_UNREACHABLE: it may be. */
typedef void (*CodeFetchDone)(CodeFile *file, Fault fault, const char *words, void *userdata);

typedef struct CodeFetchSpec {
        const char *url;       /* a secret; borrowed for the call */
        const char *directory; /* where the copy is made, without a name; borrowed for the call */
        uint64_t spare;        /* as code_file_temp()'s */
        bool allows_http;
} CodeFetchSpec;

/* -EINVAL: not an address to fetch from. Others: with words. Then "done" is not called. */
int code_fetch_start(Http *http, const CodeFetchSpec *spec, CodeFetchDone done, void *userdata,
                CodeFetch **ret, char reterr[static CODE_FILE_WORDS_MAX]);
CodeFetch *code_fetch_free(CodeFetch *f); /* cancels */
DEFINE_TRIVIAL_CLEANUP(CodeFetch *, code_fetch_free);
