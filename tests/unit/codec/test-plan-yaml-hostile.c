#include "golden.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/fault.h"

/* Texts that somebody wrote to hurt: each is refused, with words, and for each there is an end to what it
 * costs. */

/* All values of a file, and the draft of a plan. */
#define ALLOCATIONS_MAX 22000u
#define BYTES_MAX (2u * 1024 * 1024)

/* For all texts together, however slow the machine; each takes a few milliseconds. */
#define CPU_SECONDS_MAX 30
#define RESIDENT_KIB_MAX (16 * 1024)

/* "head", "unit" again and again until the file is as large as it may be, "tail". */
typedef struct Hostile {
        const char *name, *head, *unit, *tail;
} Hostile;

#define HEAD "format: 1\nfunction: f\nalias: a\nto: 2\nhealth: {checks: none}\n"

static const Hostile hostile[] = {
        { "lists in lists", "", "[", "" },
        { "lists in lists, closed", "[", "[],", "]" },
        { "maps in maps", "", "{", "" },
        { "maps in maps by key", "", "{a: ", "" },
        { "lists in lists by dashes", "", "- ", "x" },
        { "keys of keys", "", "? ", "x" },
        { "deep below a known key", HEAD "steps: ", "[{weight: ", "" },
        { "closing what is not open", "", "]", "" },
        { "a word", HEAD "name: ", "x", "\n" },
        { "words", HEAD "name: ", "x ", "\n" },
        { "a word over many lines", HEAD "name: ", "x\n  ", "\n" },
        { "a word in quotes", HEAD "name: \"", "x", "\"\n" },
        { "a quote without end", HEAD "name: \"", "x", "" },
        { "escapes", HEAD "name: \"", "\\x41", "\"\n" },
        { "escapes of NUL", HEAD "name: \"", "\\0", "\"\n" },
        { "quotes in quotes", HEAD "name: '", "''", "'\n" },
        { "empty lines in quotes", HEAD "name: \"", "\n", "\"\n" },
        { "a block", HEAD "name: |\n", "  x\n", "" },
        { "a block of empty lines", HEAD "name: >\n", "\n", "  x\n" },
        { "a key", HEAD, "k", ": 1\n" },
        { "the same key", HEAD, "k: 1\n", "" },
        { "the same key in one line", "{", "k: 1, ", "}" },
        { "keys without values", "{", "k,", "}" },
        { "colons", "", ":", "" },
        { "colons and spaces", "", ": ", "" },
        { "commas", "[", ",", "]" },
        { "steps", HEAD "steps:\n", "- {}\n", "" },
        { "steps in one line", HEAD "steps: [", "{weight: 5},", "]\n" },
        { "checks", "health: {checks: [", "{metric: x},", "]}\n" },
        { "targets", HEAD "targets: [", "{alias: x},", "]\n" },
        { "waves", HEAD "waves: [", "{name: x, targets: [{}]},", "]\n" },
        { "days", HEAD "window: {zone: UTC, days: [", "mon,", "]}\n" },
        { "a strategy", HEAD "strategy: linear-", "1", "-every-1m\n" },
        { "a factor", HEAD "strategy: {exponential: {from: 1%, every: 1m, factor: 1.", "0", "}}\n" },
        { "a zone", HEAD "window: {days: mon, zone: ", "a/", "}\n" },
        { "a path", HEAD "publish: {zip: ", "/..", "}\n" },
        { "an image", HEAD "publish: {image: ", "1", "}\n" },
        { "a duration", HEAD "bake: ", "1", "s\n" },
        { "an ARN", "function: arn", ":", "\n" },
        { "anchors", "[", "&a x,", "]" },
        { "aliases", "[&a x,", "*a,", "]" },
        { "laughs", "a: &a [x]\nb: &b [", "*a,", "]\nc: [*b,*b]\n" },
        { "an anchor", "&", "a", " x" },
        { "tags", "[", "!t x,", "]" },
        { "a tag", "!", "t", " x" },
        { "exclamation marks", "", "!", "" },
        { "directives", "", "%YAML 1.1\n", "---\nx\n" },
        { "documents", "", "---\nx\n", "" },
        { "ends of documents", "", "...\n", "" },
        { "merge keys", "", "<<: {a: b}\n", "" },
        { "comments", "", "#\n", "" },
        { "a comment", "#", "#", "" },
        { "spaces", "", " ", "x: [" },
        { "tabs", "", "\t", "x" },
        { "empty lines", "", "\n", "x" },
        { "line feeds and returns", "", "\r\n", "x" },
        { "returns", "", "\r", "x" },
        { "byte order marks", "", "\xef\xbb\xbf", "" },
        { "a byte order mark in front", "\xef\xbb\xbf" HEAD, "#\n", "" },
        { "bytes of no text", "", "\xff", "" },
        { "half characters", HEAD "name: ", "\xc3", "\n" },
        { "surrogates", HEAD "name: ", "\xed\xa0\x80", "\n" },
        { "long zeros", HEAD "name: ", "\xc0\x80", "\n" },
        { "wide characters in one line", "{", "\xf0\x9f\x90\xa4: x,", "}" },
        { "line separators", HEAD "name: ", "\xe2\x80\xa8", "\n" },
        { "control characters", HEAD "name: ", "\x01", "\n" },
        { "question marks", "", "?", "" },
        { "pipes", "", "|", "" },
        { "at signs", "", "@", "" },
        { "backslashes in quotes", "\"", "\\", "" },
};

static char *make(const Hostile *h, size_t *ret_size) {
        size_t head = strlen(h->head), unit = strlen(h->unit), tail = strlen(h->tail);
        size_t n = (PLAN_BYTES_MAX - head - tail) / unit;
        char *text = alloc_zero(PLAN_BYTES_MAX + 1);

        EXPECT(text);
        memcpy(text, h->head, head);
        for (size_t i = 0; i < n; i++)
                memcpy(text + head + i * unit, h->unit, unit);
        memcpy(text + head + n * unit, h->tail, tail);
        *ret_size = head + n * unit + tail;
        return text;
}

static void check(const char *name, const char *text, size_t size) {
        DiagList diags = { 0 };
        PlanDoc *doc = NULL;
        size_t n, bytes;
        int r;

        fault_tally(&n, &bytes);
        r = plan_parse(text, size, "x", golden_sha256, GOLDEN_NOW, &diags, &doc);
        fault_tally(&n, &bytes);
        if (r != -EBADMSG || doc || diags.n_errors == 0 || diags.n > DIAG_LIST_MAX)
                FAIL("%s: %d with %zu errors", name, r, diags.n_errors);
        if (n > ALLOCATIONS_MAX || bytes > BYTES_MAX)
                FAIL("%s takes %zu allocations of %zu bytes", name, n, bytes);
        for (size_t i = 0; i < diags.n; i++)
                EXPECT(diags.entries[i].message[0] != '\0' && diags.entries[i].line > 0);
}

static void check_all(void) {
        for (size_t i = 0; i < ELEMENTSOF(hostile); i++) {
                size_t size;
                _cleanup_(freep) char *text = make(&hostile[i], &size);

                EXPECT(size > PLAN_BYTES_MAX - 64 && size <= PLAN_BYTES_MAX);
                check(hostile[i].name, text, size);
        }
}

TEST(our_own_share_has_an_end) {
        check_all();
}

TEST(distinct_keys) {
        _cleanup_(freep) char *text = alloc_zero(PLAN_BYTES_MAX + 1);
        size_t size = 0;

        EXPECT(text);
        for (unsigned i = 0; size + 16 < PLAN_BYTES_MAX; i++)
                size += (size_t) snprintf(text + size, 16, "k%u: 1\n", i);
        check("distinct keys", text, size);
}

TEST(nuls) {
        _cleanup_(freep) char *text = alloc_zero(PLAN_BYTES_MAX);

        EXPECT(text);
        check("nothing but NUL", text, PLAN_BYTES_MAX);
        memcpy(text, HEAD, strlen(HEAD));
        check("NUL behind a plan", text, strlen(HEAD) + 1);
        check("NUL to the end", text, PLAN_BYTES_MAX);
}

/* Every beginning of a plan of many words. Only whole ones may be good. */
TEST(cut_anywhere) {
        size_t size;
        _cleanup_(freep) char *text = test_read("plans/good/everything-in-waves.yaml", &size);

        for (size_t n = 0; n <= size; n++) {
                _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
                _cleanup_(freep) char *part = alloc_copy_bytes(text, n);
                DiagList diags = { 0 };
                int r = plan_parse(part, n, "x", golden_sha256, GOLDEN_NOW, &diags, &doc);

                EXPECT(r == 0 || r == -EBADMSG);
                EXPECT((r == 0) == (doc != NULL) && (r == 0) == (diags.n_errors == 0));
                EXPECT(n < size || r == 0);
        }
}

/* The YAML library's share is not ours to count, so a child that has a limit does it all. What a sanitizer
 * takes is no business of the plan's. */
TEST(with_the_library_there_is_an_end_too) {
        struct rusage usage = { 0 };
        int status = 0;
        pid_t pid;

        (void) fflush(NULL);
        pid = fork();
        EXPECT(pid >= 0);
        if (pid == 0) {
                const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX };

                (void) setrlimit(RLIMIT_CPU, &cpu);
                check_all();
                _exit(0);
        }
        EXPECT_INT(wait4(pid, &status, 0, &usage), pid);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#if !defined(__SANITIZE_ADDRESS__)
        EXPECT(usage.ru_maxrss <= RESIDENT_KIB_MAX);
#endif
}
