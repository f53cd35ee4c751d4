#include "unit/daemon/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "lib/test.h"

#define PATIENCE (10 * USEC_PER_SEC)
#define TURNS_MAX 10000

char *rig_path(const Rig *g, const char *name) {
        char *path = alloc_printf("%s/%s", g->directory, name);

        EXPECT(path);
        return path;
}

Rig *rig_new(void) {
        Rig *g = alloc_one(Rig);
        const char *base = getenv("TMPDIR");

        EXPECT(g);
        (void) snprintf(g->directory, sizeof(g->directory), "%.40s/canaryd-XXXXXX", base ? base : "/tmp");
        EXPECT(mkdtemp(g->directory));
        g->plans = rig_path(g, "plans");
        g->state = rig_path(g, "state");
        g->run = rig_path(g, "run");
        EXPECT_OK(sd_event_new(&g->event));
        return g;
}

static void remove_at(int dir_fd, const char *name) {
        DIR *dir;
        struct dirent *d;
        int fd;

        if (unlinkat(dir_fd, name, 0) >= 0)
                return;
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return;
        dir = fdopendir(fd);
        while (dir && (d = readdir(dir)))
                if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
                        remove_at(fd, d->d_name);
        (void) closedir(dir);
        (void) unlinkat(dir_fd, name, AT_REMOVEDIR);
}

Rig *rig_free(Rig *g) {
        if (!g)
                return NULL;
        g->event = sd_event_unref(g->event);
        remove_at(AT_FDCWD, g->directory);
        free(g->plans);
        free(g->state);
        free(g->run);
        free(g);
        return NULL;
}

void rig_write(const Rig *g, const char *name, const char *text) {
        _cleanup_(freep) char *path = rig_path(g, name);
        _cleanup_(fd_closep) int fd = -EBADF;

        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        EXPECT(fd >= 0);
        EXPECT_INT(write(fd, text, strlen(text)), strlen(text));
        EXPECT_OK(fchmod(fd, 0644));
}

usec_t rig_now(void) {
        struct timespec ts;

        EXPECT_OK(clock_gettime(CLOCK_BOOTTIME, &ts));
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

void rig_run_until(Rig *g, RigCondition condition, void *userdata) {
        usec_t end = rig_now() + PATIENCE;

        while (!condition(userdata)) {
                if (rig_now() >= end)
                        FAIL("nothing came of it in ten seconds");
                EXPECT_OK(sd_event_run(g->event, 20 * USEC_PER_MSEC));
        }
}

void rig_settle(Rig *g) {
        for (size_t i = 0; i < TURNS_MAX; i++) {
                int r = sd_event_run(g->event, 0);

                EXPECT_OK(r);
                if (r == 0)
                        return;
        }
        FAIL("the loop does not come to rest");
}

void rig_run_for(Rig *g, usec_t span) {
        usec_t end = rig_now() + span;

        for (usec_t now = rig_now(); now < end; now = rig_now())
                EXPECT_OK(sd_event_run(g->event, end - now));
}
