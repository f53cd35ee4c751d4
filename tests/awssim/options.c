#include "awssim/options.h"

#include <getopt.h>
#include <stdio.h>

void options_print_help(void) {
        (void) puts("awssim --scenario FILE [OPTION...]\n"
                    "\n"
                    "Plays AWS Lambda and CloudWatch over HTTP, for tests.\n"
                    "\n"
                    "  --listen ADDRESS:PORT   where (127.0.0.1:0; port 0 takes any free one)\n"
                    "  --scenario FILE         what to play (YAML)\n"
                    "  --request-log FILE      write every request as a line of JSON\n"
                    "  --port-file FILE        write the port there as soon as it listens\n"
                    "  --tls-cert FILE --tls-key FILE   speak HTTPS\n"
                    "  --help                  this text");
}

int options_parse(int argc, char **argv, Options *ret) {
        static const struct option table[] = {
                { "listen", required_argument, NULL, 'l' },
                { "scenario", required_argument, NULL, 's' },
                { "request-log", required_argument, NULL, 'r' },
                { "port-file", required_argument, NULL, 'p' },
                { "tls-cert", required_argument, NULL, 'c' },
                { "tls-key", required_argument, NULL, 'k' },
                { "help", no_argument, NULL, 'h' },
                {},
        };
        Options o = { .listen = "127.0.0.1:0" };
        int c;

        while ((c = getopt_long(argc, argv, "h", table, NULL)) >= 0) {
                if (c == 'l')
                        o.listen = optarg;
                else if (c == 's')
                        o.scenario = optarg;
                else if (c == 'r')
                        o.request_log = optarg;
                else if (c == 'p')
                        o.port_file = optarg;
                else if (c == 'c')
                        o.tls_cert = optarg;
                else if (c == 'k')
                        o.tls_key = optarg;
                else if (c == 'h')
                        o.help = true;
                else
                        return -EINVAL;
        }
        if (!o.help && (optind < argc || !o.scenario || !o.tls_cert != !o.tls_key)) {
                (void) fprintf(stderr, "awssim: %s, see --help\n",
                                optind < argc                ? "takes no further arguments"
                                                : o.scenario ? "--tls-cert and --tls-key go together"
                                                             : "--scenario is missing");
                return -EINVAL;
        }
        *ret = o;
        return 0;
}
