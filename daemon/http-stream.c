#include "daemon/http-internal.h"

/* All of these fail for lack of memory only; true: all set. */
#define SET(option, value) (curl_easy_setopt(c->easy, (option), (value)) == CURLE_OK)

static size_t on_read(char *dst, size_t size, size_t n, void *userdata) {
        HttpCall *c = userdata;
        const HttpStream *s = &c->stream;
        uint64_t left = s->upload_size - c->n_up;
        ssize_t done;

        if (left == 0)
                return 0;
        done = s->read(s->userdata, c->n_up, dst, (size_t) MIN(left, (uint64_t) (size * n)));
        if (done <= 0) {
                c->has_bad_stream = true;
                return CURL_READFUNC_ABORT;
        }
        c->n_up += (uint64_t) done;
        return (size_t) done;
}

/* libcurl may want to begin again before anything has left. */
static int on_seek(void *userdata, curl_off_t offset, int origin) {
        HttpCall *c = userdata;

        if (origin != SEEK_SET || offset < 0 || (uint64_t) offset > c->stream.upload_size)
                return CURL_SEEKFUNC_FAIL;
        c->n_up = (uint64_t) offset;
        return CURL_SEEKFUNC_OK;
}

static bool set_upload(HttpCall *c) {
        return SET(CURLOPT_UPLOAD, 1L) &&
                        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t) c->stream.upload_size) &&
                        SET(CURLOPT_READFUNCTION, on_read) && SET(CURLOPT_READDATA, c) &&
                        SET(CURLOPT_SEEKFUNCTION, on_seek) && SET(CURLOPT_SEEKDATA, c);
}

/* On a connection that others share, they would stand behind the megabytes; and an idle one may be kept warm
 * for a rollback. */
bool http_stream_prepare(HttpCall *c) {
        if (!c->stream.read && !c->stream.write)
                return true;
        if (c->stream.read && !set_upload(c))
                return false;
        return SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1) && SET(CURLOPT_PIPEWAIT, 0L) &&
                        SET(CURLOPT_FRESH_CONNECT, 1L) && SET(CURLOPT_FORBID_REUSE, 1L);
}

int http_stream_take(HttpCall *c, const void *data, size_t size) {
        const HttpStream *s = &c->stream;
        long status = 0;

        if (!s->write)
                return 0;
        (void) curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200)
                return 0;
        if (size > s->download_max - c->n_down) {
                c->outcome.is_too_large = true;
                return -ENOBUFS;
        }
        c->has_bad_stream = s->write(s->userdata, data, size) < 0;
        if (c->has_bad_stream)
                return -EIO;
        c->n_down += size;
        return 1;
}

bool http_call_is_partial(const HttpCall *c) {
        return c->stream.read && c->n_up < c->stream.upload_size;
}
