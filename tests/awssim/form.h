#pragma once

/* "name=value&..." as in query strings and in bodies of the Query protocol. */

#include "base/map.h"

typedef struct Form {
        Map *values; /* name -> value */
        char **texts;
        size_t n_texts;
} Form;

#define FORM_PAIRS_MAX 50000

/* Of repeated names the first one counts. -EINVAL: a broken escape. -E2BIG: too many pairs. ret must be
 * zeroed, and freed in any case. */
int form_parse(const char *text, size_t size, Form *ret);
void form_done(Form *f);

const char *form_get(const Form *f, const char *name); /* NULL: absent */
/* With a name made up from a format. */
const char *form_getf(const Form *f, const char *format, ...) _printf_(2, 3);
