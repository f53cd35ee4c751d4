#include "daemon/code-fetch.h"

#include <stdio.h>

#include "aws/code-body.h"
#include "aws/presigned.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define CONNECT_TIMEOUT (5 * USEC_PER_SEC)
#define TOTAL_TIMEOUT (15 * USEC_PER_MINUTE) /* the largest one at some 60 KiB/s */
#define SILENCE (45 * USEC_PER_SEC)
#define REFUSAL_MAX (64u * 1024)

struct CodeFetch {
        CodeFile *file;
        HttpCall *call;
        CodeFetchDone done;
        void *userdata;
};

CodeFetch *code_fetch_free(CodeFetch *f) {
        if (!f)
                return NULL;
        http_cancel(f->call);
        (void) code_file_free(f->file);
        free(f);
        return NULL;
}

static int on_data(void *userdata, const void *data, size_t size) {
        return code_file_append(userdata, data, size);
}

/* What the address is, is not in the words. */
static Fault judge(CodeFetch *f, const HttpOutcome *outcome, char words[static CODE_FILE_WORDS_MAX]) {
        unsigned status = outcome->response.status;
        int r;

        if (outcome->is_too_large) {
                (void) snprintf(words, CODE_FILE_WORDS_MAX,
                                "the code is larger than the %u bytes that Lambda takes back in a request: put "
                                "it back by way of S3",
                                CODE_ZIP_MAX);
                return FAULT_INVALID;
        }
        if (code_file_trouble(f->file)) {
                (void) snprintf(words, CODE_FILE_WORDS_MAX, "%s", code_file_trouble(f->file));
                return FAULT_UNREACHABLE;
        }
        if (outcome->fault != AWS_OK) {
                (void) snprintf(words, CODE_FILE_WORDS_MAX, "the code cannot be fetched: %.200s",
                                outcome->message);
                return FAULT_UNREACHABLE;
        }
        if (status != 200) {
                (void) snprintf(words, CODE_FILE_WORDS_MAX,
                                "the code cannot be fetched: its store answers with status %u", status);
                return FAULT_UNREACHABLE;
        }
        r = code_file_seal(f->file);
        if (r < 0)
                (void) snprintf(words, CODE_FILE_WORDS_MAX, "%s", code_file_trouble(f->file));
        return r < 0 ? FAULT_UNREACHABLE : FAULT_NONE;
}

static void on_http_done(const HttpOutcome *outcome, void *userdata) {
        _cleanup_(code_fetch_freep) CodeFetch *f = userdata;
        char words[CODE_FILE_WORDS_MAX] = "";
        Fault fault;

        f->call = NULL;
        fault = judge(f, outcome, words);
        f->done(fault == FAULT_NONE ? TAKE_PTR(f->file) : NULL, fault, words, f->userdata);
}

int code_fetch_start(Http *http, const CodeFetchSpec *spec, CodeFetchDone done, void *userdata,
                CodeFetch **ret, char reterr[static CODE_FILE_WORDS_MAX]) {
        static const HttpLimits limits = { CONNECT_TIMEOUT, TOTAL_TIMEOUT, REFUSAL_MAX, SILENCE };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(code_fetch_freep) CodeFetch *f = alloc_one(CodeFetch);
        HttpStream stream = { .download_max = CODE_ZIP_MAX, .write = on_data };
        int r;

        (void) str_copy(reterr, CODE_FILE_WORDS_MAX, "out of memory");
        if (!f)
                return -ENOMEM;
        f->done = done;
        f->userdata = userdata;
        r = presigned_request(spec->url, spec->allows_http, &request);
        if (r == -EINVAL)
                (void) str_copy(reterr, CODE_FILE_WORDS_MAX,
                                "the place of the code that Lambda names is no address to fetch from");
        if (r >= 0)
                r = code_file_temp(spec->directory, spec->spare, &f->file, reterr);
        if (r < 0)
                return r;
        stream.userdata = f->file;
        r = http_start_stream(http, &request, &stream, &limits, on_http_done, f, &f->call);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}
