#pragma once

/* Another program, started for what it prints. */

#include <sys/types.h>

/* No shell. Its own session, /dev/null as input, out_fd and err_fd (both beyond the first three numbers) for
 * what it says, no other file of ours, no signal blocked or ignored. It is killed when the calling thread
 * ends, however that comes about; what it starts itself is not. Returns when it runs; the caller reaps it.
 * argv: NULL-terminated; a name without a slash is looked for in $PATH. -ENOENT, -EACCES...: it does not. */
int program_start(char *const *argv, int out_fd, int err_fd, pid_t *ret);
