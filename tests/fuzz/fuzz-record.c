/* A stored record. The input is the part behind the checksum, so that the fuzzer gets past it; as a whole it
 * is decoded, too. What decodes must encode and decode to the same bytes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "codec/crc32.h"
#include "codec/record.h"
#include "fuzz/fuzz.h"

static void check_round_trip(const RolloutState *state) {
        _cleanup_(freep) RolloutState *back = NULL;
        _cleanup_(freep) char *text = NULL;
        char error[160];

        FUZZ_CHECK(record_encode(state, &text) == 0);
        FUZZ_CHECK(record_decode(text, strlen(text), state->n_targets, &back, error) == 0);
        FUZZ_CHECK(memcmp(state, back, rollout_state_size(state->n_targets)) == 0);
}

static void decode(const char *text, size_t size, uint32_t n_targets) {
        _cleanup_(freep) RolloutState *state = NULL;
        char error[160] = "";
        int r = record_decode(text, size, n_targets, &state, error);

        FUZZ_CHECK(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
        FUZZ_CHECK((r == 0) == (state != NULL) && (r == 0) == (error[0] == '\0'));
        if (state)
                check_round_trip(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(buf_done) Buf text = BUF_INIT(RECORD_BYTES_MAX);

        decode((const char *) data, size, 1);
        (void) buf_printf(&text, "canaryd-record 3 %08x\n", crc32_of(data, size) ^ 3);
        (void) buf_append(&text, data, size);
        if (text.failed)
                return 0;
        decode(text.data, text.size, 1);
        decode(text.data, text.size, 2);
        return 0;
}
