#include "daemon/creds-source.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"

#define CREDS_FILE_MAX (256u * 1024)
#define LOOK_AGAIN_AFTER USEC_PER_SEC

struct CredsSource {
        char *path;    /* NULL: neither configured nor is there a home */
        char *profile; /* never NULL */

        /* From the environment, which does not change. */
        AwsCreds fixed;
        char fixed_error[DIAG_MESSAGE_MAX]; /* "" unless the variables are there but no good */

        /* From the file, as it was at "seen". */
        AwsCreds held;
        char held_error[DIAG_MESSAGE_MAX]; /* why nothing is held */
        struct stat seen;
        bool is_seen;
        usec_t looked_at;
};

/* Cut when long: paths have no limit that matters here. */
static void say(char dst[static DIAG_MESSAGE_MAX], const char *format, ...) _printf_(2, 3);

static void say(char dst[static DIAG_MESSAGE_MAX], const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(dst, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
}

static const char *first_of(const char *a, const char *b, const char *c) {
        if (!str_is_empty(a))
                return a;
        return !str_is_empty(b) ? b : c;
}

/* "~/x" as people write it in variables and configuration files. NULL without *ret: no home. */
static int make_path(const char *given, char **ret) {
        const char *home = getenv("HOME"), *rest = str_after(given, "~/");

        if (!rest) {
                *ret = alloc_copy_string(given);
                return *ret ? 0 : -ENOMEM;
        }
        if (str_is_empty(home))
                return 0;
        *ret = alloc_printf("%s/%s", home, rest);
        return *ret ? 0 : -ENOMEM;
}

int creds_source_new(const Conf *conf, CredsSource **ret) {
        _cleanup_(creds_source_freep) CredsSource *s = alloc_one(CredsSource);
        int r;

        if (!s)
                return -ENOMEM;
        r = make_path(first_of(conf->aws_shared_credentials_file, getenv("AWS_SHARED_CREDENTIALS_FILE"),
                                      "~/.aws/credentials"),
                        &s->path);
        if (r < 0)
                return r;
        s->profile = alloc_copy_string(first_of(conf->aws_profile, getenv("AWS_PROFILE"), "default"));
        if (!s->profile)
                return -ENOMEM;
        r = aws_creds_from_values(getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"),
                        getenv("AWS_SESSION_TOKEN"), &s->fixed, s->fixed_error);
        if (r < 0 && r != -EINVAL)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

CredsSource *creds_source_free(CredsSource *s) {
        if (!s)
                return NULL;
        aws_creds_done(&s->fixed);
        aws_creds_done(&s->held);
        free(s->path);
        free(s->profile);
        free(s);
        return NULL;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
                        a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
                        a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Parses into held or held_error. -ENOMEM is the only failure. */
static int take_text(CredsSource *s, const char *text, size_t size) {
        char error[DIAG_MESSAGE_MAX];
        int r;

        r = aws_creds_from_file(text, size, s->profile, &s->held, error);
        if (r == -EINVAL) {
                say(s->held_error, "%s: %s", s->path, error);
                return 0;
        }
        if (r == 0)
                say(s->held_error, "%s has no keys in its section [%s]", s->path, s->profile);
        return r < 0 ? r : 0;
}

static int read_file(CredsSource *s) {
        char *text = NULL;
        struct stat st;
        size_t size = 0;
        int r;

        aws_creds_done(&s->held);
        s->held_error[0] = '\0';
        s->is_seen = false;
        r = fs_read(AT_FDCWD, s->path, true, CREDS_FILE_MAX, &text, &size, &st);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                say(s->held_error, "%s cannot be read (%s)", s->path,
                                r == -EFBIG ? "larger than 256 KiB" : strerror(-r));
                return 0;
        }
        r = take_text(s, text, size);
        explicit_bzero(text, size);
        free(text);
        if (r < 0)
                return r;
        s->seen = st;
        s->is_seen = true;
        return 0;
}

static int look_at_file(CredsSource *s, usec_t now_mono) {
        struct stat st;
        int r;

        if (!s->path) {
                say(s->held_error, "there is no home directory to look for .aws/credentials in");
                return 0;
        }
        if (s->looked_at != 0 && usec_sub(now_mono, s->looked_at) < LOOK_AGAIN_AFTER)
                return 0;
        if (!s->is_seen || stat(s->path, &st) < 0 || !is_same_file(&st, &s->seen)) {
                r = read_file(s);
                if (r < 0)
                        return r;
        }
        s->looked_at = usec_max(now_mono, 1);
        return 0;
}

int creds_source_get(CredsSource *s, usec_t now_mono, AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        int r;

        if (s->fixed.secret_key)
                return aws_creds_copy(ret, &s->fixed);
        if (s->fixed_error[0] != '\0') {
                say(reterr, "AWS credentials in the environment: %s", s->fixed_error);
                return -ENOKEY;
        }
        r = look_at_file(s, now_mono);
        if (r < 0)
                return r;
        if (s->held.secret_key)
                return aws_creds_copy(ret, &s->held);
        say(reterr, "no AWS credentials: AWS_ACCESS_KEY_ID is not set, and %s; provide either",
                        s->held_error);
        return -ENOKEY;
}
