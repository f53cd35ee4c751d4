#include "aws/ini.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"

/* A section (no key), a key of a section, or a key nested below one. All strings are in the arena. */
typedef struct IniItem {
        const char *section, *key, *inner, *value;
        unsigned line;
} IniItem;

struct Ini {
        char *arena; /* all strings, so that one wipe gets them all */
        size_t size, used;
        IniItem *items;
        size_t n_items, n_allocated;
};

/* A piece of the text that is parsed. */
typedef struct Span {
        const char *text;
        size_t n;
} Span;

typedef struct Parser {
        Ini *ini;
        const char *rest, *end;
        unsigned line;
        size_t indent;       /* of the last section or key */
        const char *section; /* NULL: before the first */
        char *value;         /* of the key whose value may go on, not terminated yet; NULL: there is none */
} Parser;

static int refuse(const Parser *p, char reterr[static DIAG_MESSAGE_MAX], const char *format, ...)
                _printf_(3, 4);

static int refuse(const Parser *p, char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) {
        char what[DIAG_MESSAGE_MAX / 2];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        (void) snprintf(reterr, DIAG_MESSAGE_MAX, "line %u: %s", p->line, what);
        return -EINVAL;
}

Ini *ini_free(Ini *i) {
        if (!i)
                return NULL;
        if (i->arena)
                explicit_bzero(i->arena, i->size);
        free(i->arena);
        free(i->items);
        free(i);
        return NULL;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static Span trim(Span s) {
        while (s.n > 0 && is_blank(s.text[0])) {
                s.text++;
                s.n--;
        }
        while (s.n > 0 && is_blank(s.text[s.n - 1]))
                s.n--;
        return s;
}

/* The arena is made so large that everything a text can yield fits. */
static char *put(Ini *i, const char *text, size_t n) {
        char *at = i->arena + i->used;

        assert(n <= i->size - i->used);
        memcpy(at, text, n);
        i->used += n;
        return at;
}

static char *put_string(Ini *i, Span s) {
        char *at = put(i, s.text, s.n);

        (void) put(i, "", 1);
        return at;
}

static char *put_key(Ini *i, Span s) {
        char *at = put_string(i, s);

        for (char *c = at; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char) (*c - 'A' + 'a');
        return at;
}

static int add_item(Parser *p, const char *key, const char *inner, const char *value) {
        Ini *i = p->ini;

        if (i->n_items == i->n_allocated) {
                size_t n = i->n_allocated == 0 ? 32 : i->n_allocated * 2;
                IniItem *items = alloc_resize(i->items, n, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                i->items = items;
                i->n_allocated = n;
        }
        i->items[i->n_items++] = (IniItem){ p->section, key, inner, value, p->line };
        return 0;
}

/* Quotes are removed and blanks outside of them collapsed, as a shell would; when a quote is left open, it
 * is a character like any other. */
static const char *put_section(Ini *i, Span name) {
        size_t start = i->used;
        char quote = '\0';

        for (size_t n = 0; n < name.n; n++) {
                char c = name.text[n];

                if (quote != '\0' ? c == quote : c == '"' || c == '\'')
                        quote = quote != '\0' ? '\0' : c;
                else if (quote != '\0' || !is_blank(c))
                        (void) put(i, &c, 1);
                else if (!is_blank(name.text[n - 1])) /* the name is trimmed: there is one before */
                        (void) put(i, " ", 1);
        }
        if (quote != '\0') {
                i->used = start;
                return put_string(i, name);
        }
        (void) put(i, "", 1);
        return i->arena + start;
}

/* The lines of a value that began with an empty one, each "key = value"; others among them have no meaning
 * for anybody. */
static int split_nested(Parser *p, const char *key, const char *value) {
        while (*value == '\n') {
                Span line = { value + 1, strcspn(value + 1, "\n") };
                const char *equals = memchr(line.text, '=', line.n);
                size_t n = equals ? (size_t) (equals - line.text) : 0;
                const char *inner;
                int r;

                value = line.text + line.n;
                if (!equals)
                        continue;
                inner = put_key(p->ini, trim((Span){ line.text, n }));
                r = add_item(p, key, inner, put_string(p->ini, trim((Span){ equals + 1, line.n - n - 1 })));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Ends the value that may have gone on up to here. */
static int finish_value(Parser *p) {
        const char *key;
        char *value = TAKE_PTR(p->value);
        Ini *i = p->ini;

        if (!value)
                return 0;
        while (i->arena + i->used > value && i->arena[i->used - 1] == '\n')
                i->used--;
        (void) put(i, "", 1);
        key = i->items[i->n_items - 1].key;
        return *value == '\n' ? split_nested(p, key, value) : 0;
}

static int read_section(Parser *p, Span name) {
        p->section = put_section(p->ini, trim(name));
        return add_item(p, NULL, NULL, NULL);
}

static int read_key(Parser *p, Span content, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *key;
        size_t n = 0;
        Span value;

        while (n < content.n && content.text[n] != '=' && content.text[n] != ':')
                n++;
        if (n == content.n && content.text[0] == '[')
                return refuse(p, reterr, "a section is written [name], this one has no end");
        if (!p->section)
                return refuse(p, reterr, "text before the first [name]");
        if (n == 0 || n == content.n)
                return refuse(p, reterr, "expected \"key = value\"");
        key = put_key(p->ini, trim((Span){ content.text, n }));
        value = trim((Span){ content.text + n + 1, content.n - n - 1 });
        p->value = put(p->ini, value.text, value.n);
        return add_item(p, key, NULL, p->value);
}

/* The end of the name of a section that starts at s ("[" and at least a character); what is behind the
 * bracket counts for nothing. NULL: it is none. */
static const char *section_end(Span s) {
        const char *end;

        if (s.text[0] != '[')
                return NULL;
        end = memrchr(s.text, ']', s.n);
        return end && end > s.text + 1 ? end : NULL;
}

static Span next_line(Parser *p) {
        Span line = { p->rest, 0 };

        while (p->rest < p->end && *p->rest != '\n' && *p->rest != '\r')
                p->rest++;
        line.n = (size_t) (p->rest - line.text);
        if (p->end - p->rest >= 2 && memcmp(p->rest, "\r\n", 2) == 0)
                p->rest++;
        if (p->rest < p->end)
                p->rest++;
        p->line++;
        return line;
}

static int read_line(Parser *p, char reterr[static DIAG_MESSAGE_MAX]) {
        Span line = next_line(p), content = trim(line);
        size_t indent = (size_t) (content.text - line.text);
        const char *end;
        int r;

        if (memchr(line.text, '\0', line.n))
                return refuse(p, reterr, "a NUL byte, this is no text");
        if (content.n > 0 && (content.text[0] == '#' || content.text[0] == ';'))
                return 0;
        if (p->value && (content.n == 0 || indent > p->indent)) {
                (void) put(p->ini, "\n", 1);
                (void) put(p->ini, content.text, content.n);
                return 0;
        }
        if (content.n == 0)
                return 0;
        r = finish_value(p);
        if (r < 0)
                return r;
        p->indent = indent;
        end = section_end(content);
        if (end)
                return read_section(p, (Span){ content.text + 1, (size_t) (end - content.text) - 1 });
        return read_key(p, content, reterr);
}

int ini_parse(const char *text, size_t size, Ini **ret, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(ini_freep) Ini *ini = NULL;
        Parser p = { .rest = text, .end = text + size };
        int r;

        if (size > INI_TEXT_MAX) {
                (void) snprintf(reterr, DIAG_MESSAGE_MAX, "the file is larger than %u bytes", INI_TEXT_MAX);
                return -EINVAL;
        }
        ini = alloc_one(Ini);
        if (!ini)
                return -ENOMEM;
        /* Keys and values are never longer than their lines, but for the last one's end; and then nested
         * ones once more. */
        ini->size = 2 * (size + 2);
        ini->arena = alloc_zero(ini->size);
        if (!ini->arena)
                return -ENOMEM;
        p.ini = ini;
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                p.rest += 3; /* a byte order mark, as some editors write it */
        while (p.rest < p.end) {
                r = read_line(&p, reterr);
                if (r < 0)
                        return r;
        }
        r = finish_value(&p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(ini);
        return 0;
}

const char *ini_section(const Ini *i, size_t *cursor) {
        while (*cursor < i->n_items) {
                const IniItem *item = &i->items[(*cursor)++];

                if (!item->key)
                        return item->section;
        }
        return NULL;
}

bool ini_has_section(const Ini *i, const char *section) {
        const char *name;

        for (size_t cursor = 0; (name = ini_section(i, &cursor));)
                if (streq(name, section))
                        return true;
        return false;
}

/* What stands last, counts. */
static const IniItem *find(const Ini *i, const char *section, const char *key, const char *inner) {
        for (size_t n = i->n_items; n-- > 0;) {
                const IniItem *item = &i->items[n];

                if (item->key && streq(item->key, key) && !item->inner == !inner &&
                                (!inner || streq(item->inner, inner)) && streq(item->section, section))
                        return item;
        }
        return NULL;
}

const char *ini_get(const Ini *i, const char *section, const char *key) {
        const IniItem *item = find(i, section, key, NULL);

        return item ? item->value : NULL;
}

const char *ini_get_nested(const Ini *i, const char *section, const char *key, const char *inner) {
        const IniItem *item = find(i, section, key, inner);

        return item ? item->value : NULL;
}

unsigned ini_line(const Ini *i, const char *section, const char *key) {
        const IniItem *item = find(i, section, key, NULL);

        return item ? item->line : 0;
}
