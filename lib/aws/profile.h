#pragma once

/* A profile, as the two shared files have it together: "[profile x]" (or "[default]") of the config file and
 * "[x]" of the credentials file, which wins. */

#include "aws/ini.h"

#define PROFILE_SECTION_MAX 256

typedef struct ProfileFiles {
        const Ini *config, *credentials; /* either may be NULL */
} ProfileFiles;

/* The section that a profile has in the config file; NULL: it has none there. The result is "ret" or
 * constant. */
const char *profile_config_section(
                const ProfileFiles *files, const char *name, char ret[static PROFILE_SECTION_MAX]);
bool profile_exists(const ProfileFiles *files, const char *name);

/* Borrowed; NULL: absent. key in lower case. */
const char *profile_get(const ProfileFiles *files, const char *name, const char *key);

/* The names of all profiles in both files, in their order. NULL: no more. start with a zeroed cursor. */
typedef struct ProfileCursor {
        bool in_credentials;
        size_t at;
} ProfileCursor;
const char *profile_next(const ProfileFiles *files, ProfileCursor *cursor);

/* What to say behind "there is no profile X": the nearest name, or some of those that there are. Fit for
 * people: what cannot be printed is left out. */
void profile_suggest(const ProfileFiles *files, const char *name, char *ret, size_t size);
