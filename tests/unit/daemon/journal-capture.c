#include "unit/daemon/journal-capture.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/test.h"

static char text[64 * 1024];
static size_t used;
static int result;

int __wrap_sd_journal_sendv(const struct iovec *iov, int n);

static void put(const void *bytes, size_t n) {
        if (n < sizeof(text) - used) {
                memcpy(text + used, bytes, n);
                used += n;
                text[used] = '\0';
        }
}

int __wrap_sd_journal_sendv(const struct iovec *iov, int n) {
        if (result < 0)
                return result;
        for (int i = 0; i < n; i++) {
                put(iov[i].iov_base, iov[i].iov_len);
                put("\n", 1);
        }
        put("\n", 1);
        return 0;
}

const char *journal_text(void) {
        return text;
}

void journal_reset(int answer) {
        used = 0;
        text[0] = '\0';
        result = answer;
}

void journal_claim(void) {
        char stream[64];
        struct stat st;

        EXPECT_OK(fstat(STDERR_FILENO, &st));
        (void) snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        log_open(LOG_INFO, stream);
}
