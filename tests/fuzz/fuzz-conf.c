/* A configuration: whatever the text, there is either one with all directories, or a reason. */

#include "base/str.h"
#include "codec/conf.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(conf_freep) Conf *conf = NULL;
        DiagList diags = { 0 };
        int r = conf_parse((const char *) data, size, &diags, &conf);

        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        FUZZ_CHECK((r == 0) == (conf != NULL) && (r == 0) == (diags.n_errors == 0));
        if (!conf)
                return 0;
        FUZZ_CHECK(conf->plans[0] == '/' && conf->state[0] == '/' && conf->run[0] == '/');
        FUZZ_CHECK(!streq(conf->plans, conf->state) && !streq(conf->plans, conf->run) &&
                        !streq(conf->state, conf->run));
        return 0;
}
