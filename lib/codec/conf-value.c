#include "codec/conf-value.h"

#include <string.h>

#include "base/str.h"

#define PATH_BYTES_MAX 4095
#define WORD_BYTES_MAX 128
#define URL_BYTES_MAX 2048

static bool has_control(const char *s) {
        for (; *s; s++)
                if ((unsigned char) *s < 0x20 || *s == 0x7f)
                        return true;
        return false;
}

const char *conf_path_fault(const char *s) {
        if (s[0] == '~')
                return "\"~\" is not expanded here: write the path out";
        if (strchr(s, '$') || strchr(s, '%'))
                return "variables are not expanded here: write the path out";
        if (s[0] != '/')
                return "a daemon has no directory of its own: begin with \"/\"";
        if (has_control(s))
                return "it has control characters";
        if (strlen(s) > PATH_BYTES_MAX)
                return "it is too long";
        return NULL;
}

const char *conf_profile_fault(const char *s) {
        if (has_control(s) || strpbrk(s, "[]"))
                return "it has characters that no profile has";
        return strlen(s) > WORD_BYTES_MAX ? "it is too long" : NULL;
}

static bool port_is_valid(const char *s, size_t n) {
        unsigned port = 0;

        if (n == 0 || n > 5)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return false;
                port = port * 10 + (unsigned) (s[i] - '0');
        }
        return port > 0 && port <= UINT16_MAX;
}

/* "host", "host:8443", "[::1]:8443" */
static bool authority_is_valid(const char *s, size_t n) {
        const char *host_end = n > 0 && s[0] == '[' ? memchr(s, ']', n) : s + strcspn(s, ":/");
        size_t host, used;

        if (!host_end)
                return false;
        host = (size_t) (host_end - s);
        used = s[0] == '[' ? host + 1 : host;
        if (used == 0 || used > n ||
                        strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[:]") <
                                        used)
                return false;
        return used == n || (s[used] == ':' && port_is_valid(s + used + 1, n - used - 1));
}

const char *conf_url_fault(const char *s) {
        const char *rest = str_after(s, "https://");

        if (!rest)
                rest = str_after(s, "http://");
        if (!rest)
                return "begin with https:// or http://";
        if (strchr(s, '@'))
                return "credentials do not belong into a URL";
        if (strpbrk(s, "?#"))
                return "leave out \"?\" and \"#\" and what follows";
        if (strlen(s) > URL_BYTES_MAX || has_control(s) || strpbrk(s, " \\\"<>"))
                return "it has characters that no URL has, or too many";
        if (!authority_is_valid(rest, strcspn(rest, "/")))
                return "between // and / stands a host name, and maybe \":\" and a port from 1 to 65535";
        return NULL;
}

const char *conf_flag_fault(const char *s, bool *ret) {
        if (!streq(s, "true") && !streq(s, "false"))
                return "no other words are taken";
        *ret = streq(s, "true");
        return NULL;
}

const char *conf_rate_fault(const char *s, double *ret) {
        double rate;

        if (str_parse_decimal(s, &rate) < 0)
                return "write calls per second, such as 10";
        if (rate < CONF_RATE_MIN || rate > CONF_RATE_MAX)
                return "from 0.5 to 10000 calls per second are possible";
        *ret = rate;
        return NULL;
}
