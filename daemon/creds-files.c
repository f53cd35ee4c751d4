#include "daemon/creds-files.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/file-identity.h"

#define LOOK_AGAIN_AFTER USEC_PER_SEC

typedef enum FileKind {
        FILE_SYSTEMD,
        FILE_CONFIG,
        FILE_CREDENTIALS,
} FileKind;
#define FILE_COUNT (FILE_CREDENTIALS + 1)

typedef enum FileState {
        FILE_ABSENT,     /* nobody misses it */
        FILE_UNREADABLE, /* somebody named it */
        FILE_BROKEN,     /* there, but no use */
        FILE_GOOD,
} FileState;

typedef struct File {
        char *path;      /* NULL: there is no home to look in */
        bool is_named;   /* by the configuration, not found out */
        bool is_chosen;  /* by the configuration or a variable */
        bool is_missing; /* or empty, since the last look: not believed before the next one */
        FileState state;
        int seen; /* what stat() said: 0, or a negative errno; 1: it was not asked yet */
        FileIdentity identity;
        Ini *ini;
        char error[DIAG_MESSAGE_MAX];
} File;

struct CredsFiles {
        File files[FILE_COUNT];
        bool is_looked_at;
        usec_t looked_at;
};

/* Cut when long: paths have no limit that matters here. */
static void file_fail(File *f, FileState state, const char *format, ...) _printf_(3, 4);

static void file_fail(File *f, FileState state, const char *format, ...) {
        va_list args;

        f->state = state;
        va_start(args, format);
        (void) vsnprintf(f->error, sizeof(f->error), format, args);
        va_end(args);
}

/* No home: no path, and that of a file which nobody named is not missed. */
static int file_set_path(File *f, const AwsEnv *env, const char *path) {
        const char *rest = str_after(path, "~/");

        if (rest && !env->home) {
                if (f->is_named)
                        file_fail(f, FILE_UNREADABLE, "%s cannot be read: no home directory is known", path);
                return 0;
        }
        f->path = rest ? alloc_printf("%s/%s", env->home, rest) : alloc_copy_string(path);
        return f->path ? 0 : -ENOMEM;
}

static int set_paths(
                CredsFiles *f, const AwsEnv *env, const char *config_path, const char *credentials_path) {
        const struct {
                const char *configured, *variable, *usual;
        } places[] = {
                [FILE_CONFIG] = { config_path, env->config_file, "~/.aws/config" },
                [FILE_CREDENTIALS] = { credentials_path, env->shared_credentials_file,
                                "~/.aws/credentials" },
        };

        for (FileKind k = FILE_CONFIG; k < FILE_COUNT; k++) {
                const char *path = places[k].configured;
                int r;

                f->files[k].is_named = !str_is_empty(path);
                f->files[k].is_chosen = f->files[k].is_named || places[k].variable;
                if (str_is_empty(path))
                        path = places[k].variable ? places[k].variable : places[k].usual;
                r = file_set_path(&f->files[k], env, path);
                if (r < 0)
                        return r;
        }
        if (!env->credentials_directory)
                return 0;
        f->files[FILE_SYSTEMD].path = alloc_printf("%s/aws", env->credentials_directory);
        return f->files[FILE_SYSTEMD].path ? 0 : -ENOMEM;
}

int creds_files_new(
                const AwsEnv *env, const char *config_path, const char *credentials_path, CredsFiles **ret) {
        _cleanup_(creds_files_freep) CredsFiles *f = alloc_one(CredsFiles);
        int r;

        if (!f)
                return -ENOMEM;
        for (FileKind k = 0; k < FILE_COUNT; k++)
                f->files[k].seen = 1;
        r = set_paths(f, env, config_path, credentials_path);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

CredsFiles *creds_files_free(CredsFiles *f) {
        if (!f)
                return NULL;
        for (FileKind k = 0; k < FILE_COUNT; k++) {
                (void) ini_free(f->files[k].ini);
                free(f->files[k].path);
        }
        free(f);
        return NULL;
}

static void file_forget(File *f) {
        f->ini = ini_free(f->ini);
        f->error[0] = '\0';
        f->state = FILE_ABSENT;
}

/* Not there, or behind a door that is closed to daemons (ProtectHome=): no file for us. Unless somebody said
 * that it is one. One that is seen, or chosen, but closed to us is no reason to take other keys instead. */
static void file_miss(File *f, FileKind kind, bool is_seen, int error) {
        bool is_closed = kind != FILE_SYSTEMD && (error == -EACCES || error == -EPERM),
             is_absent = error == -ENOENT || error == -ENOTDIR;

        if (is_absent && !f->is_named)
                return;
        if (is_closed && !is_seen && !f->is_chosen)
                return;
        file_fail(f, is_absent || is_closed ? FILE_UNREADABLE : FILE_BROKEN, "%s cannot be read: %s",
                        f->path,
                        error == -EFBIG                     ? "larger than 1 MiB"
                                        : error == -ENOTSUP ? "not a regular file"
                                                            : strerror(-error));
}

static int file_read(File *f, FileKind kind, bool is_seen) {
        char error[DIAG_MESSAGE_MAX] = "";
        char *text = NULL;
        size_t size = 0;
        struct stat st;
        int r;

        file_forget(f);
        f->seen = 1;
        r = fs_read(AT_FDCWD, f->path, true, INI_TEXT_MAX, &text, &size, &st);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                file_miss(f, kind, is_seen, r);
                return 0;
        }
        r = ini_parse(text, size, &f->ini, error);
        explicit_bzero(text, size);
        free(text);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                file_fail(f, FILE_BROKEN, "%s: %s", f->path, error);
        else
                f->state = FILE_GOOD;
        f->seen = 0;
        f->identity = file_identity_of(&st);
        return 0;
}

/* Who replaces a file in place empties or removes it first. What was good is not given up in that moment:
 * the next in line might be the keys of somebody else. */
static bool file_is_in_the_making(File *f, int seen, const struct stat *st) {
        bool was_missing = f->is_missing;

        f->is_missing = f->state == FILE_GOOD && (seen == -ENOENT || (seen == 0 && st->st_size == 0));
        return f->is_missing && !was_missing;
}

/* 1: it is another file now, or was not looked at yet. */
static int file_look(File *f, FileKind kind) {
        FileIdentity identity = { 0 };
        struct stat st;
        int r, seen;

        if (!f->path)
                return 0;
        seen = stat(f->path, &st) < 0 ? -errno : 0;
        /* /dev/null is how people say that there is none. */
        if (seen == 0 && S_ISCHR(st.st_mode)) {
                file_forget(f);
                return 0;
        }
        if (seen == 0)
                identity = file_identity_of(&st);
        if (seen == f->seen && (seen < 0 || file_identity_equal(&identity, &f->identity)))
                return 0;
        if (file_is_in_the_making(f, seen, &st))
                return 0;
        r = file_read(f, kind, seen == 0);
        if (r < 0)
                return r;
        if (f->seen == 0)
                return 1;
        /* It could not be opened: told apart from other states by what stat() had to say. */
        f->seen = seen;
        f->identity = identity;
        return 1;
}

int creds_files_look(CredsFiles *f, usec_t now_mono) {
        bool has_changed = !f->is_looked_at;

        if (f->is_looked_at && usec_sub(now_mono, f->looked_at) < LOOK_AGAIN_AFTER)
                return 0;
        for (FileKind k = 0; k < FILE_COUNT; k++) {
                int r = file_look(&f->files[k], k);

                if (r < 0) {
                        f->is_looked_at = false;
                        return r;
                }
                has_changed = has_changed || r > 0;
        }
        f->is_looked_at = true;
        f->looked_at = now_mono;
        return has_changed;
}

int creds_files_texts(const CredsFiles *f, CredsTexts *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        const File *files = f->files;

        for (FileKind k = 0; k < FILE_COUNT; k++)
                if (files[k].state == FILE_BROKEN) {
                        (void) str_copy(reterr, DIAG_MESSAGE_MAX, files[k].error);
                        return -EINVAL;
                }
        *ret = (CredsTexts){
                .systemd = files[FILE_SYSTEMD].ini,
                .config = files[FILE_CONFIG].ini,
                .credentials = files[FILE_CREDENTIALS].ini,
                .systemd_path = files[FILE_SYSTEMD].path,
                .config_path = files[FILE_CONFIG].path,
                .credentials_path = files[FILE_CREDENTIALS].path,
        };
        return 0;
}

const char *creds_files_problem(const CredsFiles *f) {
        for (FileKind k = 0; k < FILE_COUNT; k++)
                if (f->files[k].state == FILE_UNREADABLE)
                        return f->files[k].error;
        return NULL;
}

void creds_files_explain(const CredsFiles *f, const char *profile, char *ret, size_t size) {
        size_t used = 0;

        ret[0] = '\0';
        for (FileKind k = 0; k < FILE_COUNT && used < size; k++) {
                const File *file = &f->files[k];
                const char *separator = used > 0 ? "; " : "";
                int n;

                if (!file->path)
                        continue;
                if (file->state == FILE_GOOD)
                        n = snprintf(ret + used, size - used, "%s%s has none for profile \"%s\"", separator,
                                        file->path, profile);
                else
                        n = snprintf(ret + used, size - used, "%s%s: %s", separator, file->path,
                                        file->seen < 0 ? strerror(-file->seen) : "nothing to read");
                used += n > 0 ? (size_t) n : 0;
        }
}
