#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "awssim/options.h"
#include "awssim/server.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/str.h"

#define PEM_SIZE_MAX (256 * 1024)

static int complain(const char *what, int error) {
        (void) fprintf(stderr, "awssim: %s: %s\n", what, strerror(-error));
        return error;
}

static int load_scenario(const char *path, Scenario *scenario) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(64 * 1024);
        DiagList diags = {};
        size_t size;
        int r;

        r = fs_read(AT_FDCWD, path, true, SCENARIO_SIZE_MAX, &text, &size, NULL);
        if (r < 0)
                return complain(path, r);
        r = scenario_parse(text, size, scenario, &diags);
        for (size_t i = 0; i < diags.n; i++)
                (void) diag_render(diags.entries + i, path, text, size, &out);
        (void) fputs(buf_text(&out), stderr);
        return r;
}

static int write_port(const char *path, unsigned port) {
        const char *slash = strrchr(path, '/');
        _cleanup_(freep) char *directory = NULL;
        _cleanup_(fd_closep) int fd = -EBADF;
        char text[16];
        int n;

        directory = slash ? alloc_copy_bytes(path, (size_t) (slash - path) + 1) : alloc_copy_string(".");
        if (!directory)
                return -ENOMEM;
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = snprintf(text, sizeof(text), "%u\n", port);
        return fs_replace(fd, slash ? slash + 1 : path, text, (size_t) n, 0644);
}

static int serve(const Options *o, Scenario *scenario) {
        _cleanup_(request_log_freep) RequestLog *log = NULL;
        _cleanup_(server_freep) Server *server = NULL;
        _cleanup_(freep) char *cert = NULL, *key = NULL;
        ServerOptions so = { .listen = o->listen };
        size_t size;
        int r;

        if (o->tls_cert) {
                r = fs_read(AT_FDCWD, o->tls_cert, true, PEM_SIZE_MAX, &cert, &size, NULL);
                if (r < 0)
                        return complain(o->tls_cert, r);
                r = fs_read(AT_FDCWD, o->tls_key, true, PEM_SIZE_MAX, &key, &size, NULL);
                if (r < 0)
                        return complain(o->tls_key, r);
                so.tls_cert = cert;
                so.tls_key = key;
        }
        r = request_log_new(o->request_log, &log);
        if (r < 0)
                return complain(o->request_log, r);
        r = server_new(&so, scenario, log, &server);
        if (r < 0)
                return complain(o->listen, r);
        (void) fprintf(stderr, "awssim: listening on port %u\n", server_port(server));
        if (o->port_file) {
                r = write_port(o->port_file, server_port(server));
                if (r < 0)
                        return complain(o->port_file, r);
        }
        r = server_run(server);
        return r < 0 ? complain("failed while serving", r) : 0;
}

static int block_signals(void) {
        sigset_t set;

        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 || sigaddset(&set, SIGINT) < 0 ||
                        sigaddset(&set, SIGPIPE) < 0)
                return -errno;
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

int main(int argc, char **argv) {
        _cleanup_(scenario_done) Scenario scenario = {};
        Options o;

        if (options_parse(argc, argv, &o) < 0)
                return EX_USAGE;
        if (o.help) {
                options_print_help();
                return 0;
        }
        if (block_signals() < 0)
                return EX_OSERR;
        if (load_scenario(o.scenario, &scenario) < 0)
                return EX_CONFIG;
        return serve(&o, &scenario) < 0 ? 1 : 0;
}
