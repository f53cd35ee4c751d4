#include "daemon/code-fetch.h"

#include "base/alloc.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"

static struct {
        size_t n_done;
        CodeFile *file;
        Fault fault;
        char words[CODE_FILE_WORDS_MAX];
        char head[2048];
        const char *reply;
        PeerEnd end;
} got;

static PeerEnd answer(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT_OK(str_copy(got.head, sizeof(got.head), request->head));
        EXPECT_OK(buf_puts(out, got.reply));
        return got.end;
}

static void on_done(CodeFile *file, Fault fault, const char *words, void *userdata) {
        got.n_done++;
        got.file = file;
        got.fault = fault;
        EXPECT_OK(str_copy(got.words, sizeof(got.words), words));
}

static uint64_t spare;

static void fetch(const char *reply, PeerEnd end) {
        Fixture *f = fixture_new(answer, NULL);
        _cleanup_(freep) char *url = alloc_printf("http://%s/code/a?token=hush", peer_host(f->peer));
        char words[CODE_FILE_WORDS_MAX];
        CodeFetch *call = NULL;

        memset(&got, 0, sizeof(got));
        got.reply = reply;
        got.end = end;
        EXPECT_OK(code_fetch_start(f->http, &(const CodeFetchSpec){ url, "/tmp", spare, true }, on_done,
                        NULL, &call, words));
        peer_run(f->event, &got.n_done, 1);
        fixture_free(f);
}

TEST(code_comes_into_a_file) {
        char text[8] = "";

        fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nPK123", PEER_KEEP);
        EXPECT_INT(got.fault, FAULT_NONE);
        EXPECT(got.file);
        EXPECT_INT(code_file_size(got.file), 5);
        EXPECT_OK(code_file_read(got.file, 0, text, 5));
        EXPECT_STR(text, "PK123");
        got.file = code_file_free(got.file);
        EXPECT(strncmp(got.head, "GET /code/a?token=hush HTTP/1.1\r\n", 33) == 0);
        EXPECT(!strcasestr(got.head, "authorization") && !strcasestr(got.head, "x-amz"));
}

static void expect_failure(const char *reply, PeerEnd end, Fault fault, const char *words) {
        fetch(reply, end);
        EXPECT(!got.file);
        EXPECT_INT(got.fault, fault);
        EXPECT_CONTAINS(got.words, words);
        EXPECT(!strstr(got.words, "hush") && !strstr(got.words, "/code/a"));
}

TEST(says_why_there_is_none) {
        expect_failure("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", PEER_KEEP, FAULT_UNREACHABLE,
                        "status 403");
        expect_failure("HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n",
                        PEER_KEEP, FAULT_UNREACHABLE, "status 302");
        expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nPK", PEER_CLOSE, FAULT_UNREACHABLE,
                        "cannot be fetched");
        expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 52428801\r\n\r\n", PEER_CLOSE, FAULT_UNREACHABLE,
                        "cannot be fetched");
        expect_failure("", PEER_RESET, FAULT_UNREACHABLE, "cannot be fetched");
}

/* However much is said of why not, it is not the code that is too large. */
TEST(a_long_refusal) {
        _cleanup_(buf_done) Buf reply = BUF_INIT(256 * 1024);

        EXPECT_OK(buf_puts(&reply, "HTTP/1.1 503 Slow Down\r\nContent-Length: 200000\r\n\r\n"));
        for (unsigned i = 0; i < 20000; i++)
                EXPECT_OK(buf_puts(&reply, "0123456789"));
        expect_failure(buf_text(&reply), PEER_KEEP, FAULT_UNREACHABLE, "larger than 65536 bytes");
}

TEST(disk_is_nearly_full) {
        spare = UINT64_MAX;
        expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nPK123", PEER_KEEP, FAULT_UNREACHABLE,
                        "the room that the store");
        spare = 0;
}

TEST(refuses_at_once) {
        Fixture *f = fixture_new(answer, NULL);
        char words[CODE_FILE_WORDS_MAX] = "";
        CodeFetch *call = NULL;

        EXPECT_INT(code_fetch_start(f->http, &(const CodeFetchSpec){ "http://a/hush", "/tmp", 0, false },
                                   on_done, NULL, &call, words),
                        -EINVAL);
        EXPECT_CONTAINS(words, "no address to fetch from");
        EXPECT(!strstr(words, "hush"));
        EXPECT_INT(code_fetch_start(f->http,
                                   &(const CodeFetchSpec){ "http://a/hush", "/nonexistent", 0, true },
                                   on_done, NULL, &call, words),
                        -ENOENT);
        EXPECT_CONTAINS(words, "/nonexistent");
        EXPECT(!call);
        fixture_free(f);
}

TEST(cancelled) {
        Fixture *f = fixture_new(answer, NULL);
        _cleanup_(freep) char *url = alloc_printf("http://%s/code/a", peer_host(f->peer));
        char words[CODE_FILE_WORDS_MAX];
        CodeFetch *call = NULL;

        memset(&got, 0, sizeof(got));
        got.reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nPK";
        got.end = PEER_HANG;
        EXPECT_OK(code_fetch_start(f->http, &(const CodeFetchSpec){ url, "/tmp", 0, true }, on_done, NULL,
                        &call, words));
        for (unsigned i = 0; i < 1000 && got.head[0] == '\0'; i++)
                EXPECT_OK(sd_event_run(f->event, USEC_PER_MSEC));
        EXPECT(got.head[0] != '\0');
        (void) code_fetch_free(call);
        peer_settle(f->event);
        EXPECT_INT(got.n_done, 0);
        fixture_free(f);
}

TEST(without_memory) {
        Fixture *f = fixture_new(answer, NULL);
        _cleanup_(freep) char *url = alloc_printf("http://%s/code/a", peer_host(f->peer));

        FAULT_LOOP {
                char words[CODE_FILE_WORDS_MAX];
                CodeFetch *call = NULL;
                int r = code_fetch_start(f->http, &(const CodeFetchSpec){ url, "/tmp", 0, true }, on_done,
                                NULL, &call, words);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        (void) code_fetch_free(call);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT_STR(words, "out of memory");
                EXPECT(!call);
        }
        fixture_free(f);
}
