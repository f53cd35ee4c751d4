#pragma once

/* The INI dialect of AWS's shared files (Python's configparser, as botocore reads it): "[section]", keys in
 * any case, "=" or ":", comments, indented continuation lines, and one level of nesting (a key without a
 * value, followed by indented "key = value" lines). The text may hold secrets: everything is wiped when
 * freed, and no message quotes a value. */

#include "base/diag.h"

#define INI_TEXT_MAX (1024u * 1024)

typedef struct Ini Ini;

/* -EINVAL: reterr names the line. What botocore refuses as a whole but has a plain meaning is taken: a byte
 * order mark, sections and keys that come twice (the last one counts). */
int ini_parse(const char *text, size_t size, Ini **ret, char reterr[static DIAG_MESSAGE_MAX]);
Ini *ini_free(Ini *i);
DEFINE_TRIVIAL_CLEANUP(Ini *, ini_free);

/* Section names as they stand between the brackets ("default", "profile x", "services y"), quotes removed
 * and blanks collapsed. NULL: none. */
bool ini_has_section(const Ini *i, const char *section);
/* Walks over the names in the order of the file, starting with *cursor = 0; NULL: no more. */
const char *ini_section(const Ini *i, size_t *cursor);

/* Borrowed; NULL: absent. key and inner in lower case. The value as it is: quotes and what looks like a
 * comment behind it are part of it; lines are joined by '\n', so a key with nested ones starts with that. */
const char *ini_get(const Ini *i, const char *section, const char *key);
const char *ini_get_nested(const Ini *i, const char *section, const char *key, const char *inner);
/* Where the key stands, for messages; 0: absent. */
unsigned ini_line(const Ini *i, const char *section, const char *key);
