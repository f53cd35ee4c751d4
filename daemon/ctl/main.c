#include "daemon/ctl/options.h"

int main(int argc, char **argv) {
        Options options;
        int r;

        r = options_parse(argc, argv, stdout, stderr, &options);
        if (r < 0)
                return EXIT_USAGE;
        if (r == 0)
                return fflush(stdout) == 0 ? 0 : EXIT_BAD;
        return options.verb->run(&options.ctl, options.args, options.n_args);
}
