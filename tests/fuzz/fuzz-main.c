/* Runs a fuzz target as an ordinary test: every file of the corpus directory, as it is, cut off at every
 * byte, and with bytes changed by a seeded generator. libFuzzer brings its own main() instead of this one.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/prng.h"
#include "fuzz/fuzz.h"

#define INPUT_MAX (1024u * 1024)
#define CUT_MAX 4096u    /* longer inputs are not tried at every length */
#define MUTATIONS 200u   /* per file */
#define MUTATED_BYTES 4u /* at most, per mutation */

/* In memory of exactly this size, so that a sanitizer sees one byte too many. */
static void run(const char *data, size_t size) {
        uint8_t *copy = alloc_zero(size);

        if (!copy)
                abort();
        memcpy(copy, data, size);
        (void) LLVMFuzzerTestOneInput(copy, size);
        free(copy);
}

static void run_variants(char *data, size_t size, uint64_t seed) {
        Prng prng = { seed };

        run(data, size);
        for (size_t n = 0; n < size && n < CUT_MAX; n++)
                run(data, n);
        for (unsigned i = 0; i < MUTATIONS && size > 0; i++) {
                char saved[MUTATED_BYTES];
                size_t at[MUTATED_BYTES], n = 1 + prng_below(&prng, MUTATED_BYTES);

                for (size_t j = 0; j < n; j++) {
                        at[j] = prng_below(&prng, size);
                        saved[j] = data[at[j]];
                        /* Half of them with a byte that the input has elsewhere: that keeps it nearly valid.
                         */
                        data[at[j]] = prng_below(&prng, 2) == 0 ? data[prng_below(&prng, size)]
                                                                : (char) prng_below(&prng, 256);
                }
                run(data, size);
                for (size_t j = n; j-- > 0;)
                        data[at[j]] = saved[j];
        }
}

static int is_input(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

int main(int argc, char **argv) {
        struct dirent **entries = NULL;
        int n;

        if (argc != 2) {
                fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
                return EXIT_FAILURE;
        }
        n = scandir(argv[1], &entries, is_input, alphasort);
        if (n <= 0) {
                fprintf(stderr, "no inputs in %s\n", argv[1]);
                return EXIT_FAILURE;
        }
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        printf("1..%d\n", n);
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *path = alloc_printf("%s/%s", argv[1], entries[i]->d_name);
                _cleanup_(freep) char *data = NULL;
                size_t size = 0;
                int r = path ? fs_read(AT_FDCWD, path, true, INPUT_MAX, &data, &size, NULL) : -ENOMEM;

                if (r < 0) {
                        printf("Bail out! cannot read %s: %s\n", entries[i]->d_name, strerror(-r));
                        return EXIT_FAILURE;
                }
                run_variants(data, size, (uint64_t) i);
                printf("ok %d - %s\n", i + 1, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return EXIT_SUCCESS;
}
