#include "unit/daemon/trail.h"

#include <stdarg.h>

#include "lib/test.h"

static char text[8192];

void trail_add(const char *format, ...) {
        size_t used = strlen(text);
        va_list args;

        if (used + 256 > sizeof(text))
                FAIL("the trail is too long");
        va_start(args, format);
        (void) vsnprintf(text + used, 255, format, args);
        va_end(args);
        used = strlen(text);
        text[used] = ' ';
        text[used + 1] = '\0';
}

const char *trail(void) {
        return text;
}

void trail_reset(void) {
        text[0] = '\0';
}
