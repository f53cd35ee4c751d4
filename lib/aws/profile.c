#include "aws/profile.h"

#include <stdio.h>

#include "base/str.h"
#include "base/utf8.h"

#define SUGGESTED_MAX 5u   /* names that are listed */
#define NAME_SHOWN_MAX 40u /* longer ones are not */
/* Names that are looked at: each costs a walk over the other file. */
#define EXAMINED_MAX 1000u

const char *profile_config_section(
                const ProfileFiles *files, const char *name, char ret[static PROFILE_SECTION_MAX]) {
        int n = snprintf(ret, PROFILE_SECTION_MAX, "profile %s", name);

        if (!files->config || n < 0 || n >= PROFILE_SECTION_MAX)
                return NULL;
        if (ini_has_section(files->config, ret))
                return ret;
        return streq(name, "default") && ini_has_section(files->config, "default") ? "default" : NULL;
}

bool profile_exists(const ProfileFiles *files, const char *name) {
        char buffer[PROFILE_SECTION_MAX];

        return (files->credentials && ini_has_section(files->credentials, name)) ||
                        profile_config_section(files, name, buffer);
}

const char *profile_get(const ProfileFiles *files, const char *name, const char *key) {
        char buffer[PROFILE_SECTION_MAX];
        const char *value = files->credentials ? ini_get(files->credentials, name, key) : NULL, *section;

        if (value)
                return value;
        section = profile_config_section(files, name, buffer);
        return section ? ini_get(files->config, section, key) : NULL;
}

const char *profile_next(const ProfileFiles *files, ProfileCursor *cursor) {
        char buffer[PROFILE_SECTION_MAX];
        const char *section, *name;

        while (!cursor->in_credentials) {
                section = files->config ? ini_section(files->config, &cursor->at) : NULL;
                if (!section) {
                        *cursor = (ProfileCursor){ .in_credentials = true };
                        break;
                }
                name = str_after(section, "profile ");
                if (name || streq(section, "default"))
                        return name ? name : section;
        }
        do
                name = files->credentials ? ini_section(files->credentials, &cursor->at) : NULL;
        while (name && profile_config_section(files, name, buffer)); /* had that one */
        return name;
}

static bool is_showable(const char *name) {
        size_t left = strlen(name);

        if (left == 0 || left > NAME_SHOWN_MAX)
                return false;
        while (left > 0) {
                uint32_t c;
                int n = utf8_decode(name, left, &c);

                if (n < 0 || !utf8_is_printable(c))
                        return false;
                name += n;
                left -= (size_t) n;
        }
        return true;
}

static void list_names(const ProfileFiles *files, char *ret, size_t size) {
        ProfileCursor cursor = { 0 };
        const char *name;
        size_t used, n = 0;

        used = (size_t) snprintf(ret, size, "there is");
        for (unsigned i = 0; i < EXAMINED_MAX && n < SUGGESTED_MAX; i++) {
                name = profile_next(files, &cursor);
                if (!name)
                        break;
                if (!is_showable(name) || used + strlen(name) + sizeof(", \"\"") > size)
                        continue;
                used += (size_t) snprintf(ret + used, size - used, "%s \"%s\"", n > 0 ? "," : "", name);
                n++;
        }
        if (n == 0)
                (void) snprintf(ret, size, "there is none at all");
}

void profile_suggest(const ProfileFiles *files, const char *name, char *ret, size_t size) {
        unsigned nearest = UINT32_MAX;
        ProfileCursor cursor = { 0 };
        const char *other, *best = NULL;

        for (unsigned i = 0; i < EXAMINED_MAX && (other = profile_next(files, &cursor)); i++) {
                unsigned distance = str_distance(name, other);

                if (distance < nearest && is_showable(other)) {
                        nearest = distance;
                        best = other;
                }
        }
        if (best && nearest <= 1 + strlen(best) / 3)
                (void) snprintf(ret, size, "did you mean \"%s\"?", best);
        else
                list_names(files, ret, size);
}
