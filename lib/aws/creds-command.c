#include <string.h>

#include "aws/creds-recipe.h"
#include "base/alloc.h"
#include "base/secret.h"

/* The words are built in the place of the command's copy, behind which the reader never falls. */
typedef struct Splitter {
        const char *in;
        char *out;
} Splitter;

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A quoted part, behind its first quote. Inside of "..." a backslash only takes itself and the quote as they
 * are: with nothing expanded, there is no "$" to protect. */
static int copy_quoted(Splitter *s, char quote) {
        while (*s->in != quote) {
                if (*s->in == '\\' && quote == '"' && (s->in[1] == '"' || s->in[1] == '\\'))
                        s->in++;
                if (*s->in == '\0')
                        return -EINVAL;
                *s->out++ = *s->in++;
        }
        s->in++;
        return 0;
}

static int copy_word(Splitter *s) {
        int r;

        while (*s->in != '\0' && !is_blank(*s->in)) {
                char c = *s->in++;

                if (c == '"' || c == '\'') {
                        r = copy_quoted(s, c);
                        if (r < 0)
                                return r;
                        continue;
                }
                if (c == '\\')
                        c = *s->in++;
                if (c == '\0')
                        return -EINVAL;
                *s->out++ = c;
        }
        return 0;
}

void creds_free_argv(char **argv) {
        for (char **word = argv; word && *word; word++)
                *word = secret_erase_string(*word);
        free(argv);
}

static void creds_free_argvp(char ***argv) {
        creds_free_argv(*argv);
}

int creds_split_command(const char *command, char ***ret) {
        _cleanup_(secret_erase_stringp) char *word = NULL;
        _cleanup_(creds_free_argvp) char **argv = alloc_array(CREDS_ARGV_MAX + 1, sizeof(char *));
        Splitter s = { .in = command };
        size_t n = 0;

        if (!argv)
                return -ENOMEM;
        word = alloc_zero(strlen(command) + 1);
        if (!word)
                return -ENOMEM;
        for (;;) {
                int r;

                while (is_blank(*s.in))
                        s.in++;
                if (*s.in == '\0')
                        break;
                if (n == CREDS_ARGV_MAX)
                        return -EINVAL;
                s.out = word;
                r = copy_word(&s);
                if (r < 0)
                        return r;
                argv[n] = alloc_copy_bytes(word, (size_t) (s.out - word));
                if (!argv[n])
                        return -ENOMEM;
                n++;
        }
        if (n == 0 || argv[0][0] == '\0')
                return -EINVAL;
        *ret = TAKE_PTR(argv);
        return 0;
}
