#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/notify.h"
#include "daemon/options.h"

static int main_on_exit(sd_event_source *source, void *userdata) {
        notify_stopping();
        log_message(LOG_INFO, "stopping; rollouts go on at the next start");
        return 0;
}

/* Before anything starts a thread of its own, so that all of them inherit it. A pipe without a reader and a
 * file at its limit are to be errors where they happen, not the end. */
static int prepare_signals(void) {
        sigset_t mask;

        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR ||
                        sigemptyset(&mask) < 0 || sigaddset(&mask, SIGTERM) < 0 ||
                        sigaddset(&mask, SIGINT) < 0 || sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        return 0;
}

static int make_loop(sd_event **ret) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = sd_event_default(&event);
        if (r < 0)
                return r;
        r = sd_event_set_signal_exit(event, true);
        if (r < 0)
                return r;
        r = sd_event_add_exit(event, NULL, main_on_exit, NULL);
        if (r < 0)
                return r;
        r = sd_event_set_watchdog(event, true);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(event);
        return 0;
}

static int run(const Conf *conf) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        r = make_loop(&event);
        if (r >= 0)
                r = manager_new(event, conf, &manager);
        if (r < 0) {
                log_message(LOG_ERR, "cannot start: %s", strerror(-r));
                return r;
        }
        r = manager_start(manager);
        if (r < 0)
                return r;
        r = sd_event_loop(event);
        if (r < 0)
                log_message(LOG_ERR, "the event loop failed: %s", strerror(-r));
        return r;
}

int main(int argc, char *argv[]) {
        _cleanup_(conf_freep) Conf *conf = NULL;
        Options options;
        int code;

        if (prepare_signals() < 0)
                return EXIT_FAILURE;
        if (options_parse(argc, argv, stdout, stderr, &options, &code) == 0)
                return code;
        if (options_load(&options, stdout, stderr, &conf, &code) == 0)
                return code;
        log_open(LOG_INFO, options.journal_stream);
        return run(conf) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
