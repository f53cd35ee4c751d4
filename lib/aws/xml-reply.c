#include "aws/xml-reply.h"

#include <expat.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* A full reply of GetMetricData is 500 results of up to ten elements each, and 2 * 100800 data points. */
#define DEPTH_MAX 32
#define ELEMENTS_MAX 300000u
/* Each may be an attribute, which costs the parser 40 times its text; base64 and labels have a few too. */
#define EQUAL_SIGNS_MAX 16384u

typedef struct Reader {
        XML_Parser parser;
        XmlReply reply;
        XmlNode *open[DEPTH_MAX]; /* the elements that we are in */
        XmlNode *last[DEPTH_MAX]; /* the last child of each so far */
        size_t depth;
        size_t text_start; /* of the text that is being read: from here to reply.size */
        bool refused;
} Reader;

/* What the parser allocates holds pieces of the document: its size stands in front so that it can be wiped.
 */
typedef union Block {
        size_t size;
        max_align_t align;
} Block;

static void *wiping_alloc(size_t size) {
        Block *b;

        if (size > SIZE_MAX - sizeof(Block))
                return NULL;
        b = alloc_zero(sizeof(Block) + size);
        if (!b)
                return NULL;
        b->size = size;
        return b + 1;
}

static void wiping_free(void *p) {
        Block *b = p;

        if (!b)
                return;
        b--;
        explicit_bzero(b + 1, b->size);
        free(b);
}

static void *wiping_realloc(void *p, size_t size) {
        const Block *old = p;
        void *fresh;

        fresh = wiping_alloc(size);
        if (!fresh || !old)
                return fresh;
        memcpy(fresh, p, MIN(size, old[-1].size));
        wiping_free(p);
        return fresh;
}

static void parser_freep(XML_Parser *p) {
        if (*p)
                XML_ParserFree(*p);
}

void xml_reply_done(XmlReply *x) {
        if (x->text)
                explicit_bzero(x->text, x->room);
        free(x->text);
        free(x->nodes);
        *x = (XmlReply){ 0 };
}

static void refuse(Reader *reader) {
        reader->refused = true;
        (void) XML_StopParser(reader->parser, XML_FALSE);
}

/* Ends what was written since "start" as a string of its own. */
static const char *end_text(Reader *reader, size_t start) {
        XmlReply *x = &reader->reply;

        assert(x->size < x->room);
        x->text[x->size++] = '\0';
        return x->text + start;
}

static bool append_text(Reader *reader, const char *s, size_t n) {
        XmlReply *x = &reader->reply;

        /* One byte stays free for the NUL. */
        if (n >= x->room - x->size) {
                refuse(reader);
                return false;
        }
        memcpy(x->text + x->size, s, n);
        x->size += n;
        return true;
}

static void link_node(Reader *reader, XmlNode *node) {
        size_t depth = reader->depth;

        if (depth > 0) {
                if (reader->last[depth - 1])
                        reader->last[depth - 1]->next = node;
                else
                        reader->open[depth - 1]->child = node;
                reader->last[depth - 1] = node;
        }
        reader->open[depth] = node;
        reader->last[depth] = NULL;
        reader->depth++;
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes) {
        const char *colon = strrchr(name, ':'), *local = colon ? colon + 1 : name;
        Reader *reader = data;
        XmlReply *x = &reader->reply;
        XmlNode *node;
        size_t start;

        (void) attributes;
        if (reader->refused)
                return;
        if (reader->depth == DEPTH_MAX || x->n_nodes == x->n_room) {
                refuse(reader);
                return;
        }
        /* Text around elements is white space and nothing that we look for. */
        x->size = start = reader->text_start;
        if (!append_text(reader, local, strlen(local)))
                return;
        node = &x->nodes[x->n_nodes++];
        *node = (XmlNode){ .name = end_text(reader, start), .text = "" };
        link_node(reader, node);
        reader->text_start = x->size;
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
        Reader *reader = data;
        XmlNode *node;

        (void) name;
        if (reader->refused)
                return;
        assert(reader->depth > 0);
        node = reader->open[--reader->depth];
        if (node->child)
                reader->reply.size = reader->text_start;
        else if (append_text(reader, "", 0))
                node->text = end_text(reader, reader->text_start);
        reader->text_start = reader->reply.size;
}

static void XMLCALL on_text(void *data, const XML_Char *s, int n) {
        Reader *reader = data;

        if (!reader->refused)
                (void) append_text(reader, s, (size_t) n);
}

static void XMLCALL on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                const XML_Char *public_id, int has_internal_subset) {
        (void) name;
        (void) system_id;
        (void) public_id;
        (void) has_internal_subset;
        refuse(data);
}

static void XMLCALL on_declaration(
                void *data, const XML_Char *version, const XML_Char *encoding, int standalone) {
        (void) version;
        (void) standalone;
        if (encoding && !strcaseeq(encoding, "UTF-8"))
                refuse(data);
}

/* Counts what will cost memory: start tags, among them some that are none, and attributes. NUL and the byte
 * order marks of UTF-16 would make the parser read another encoding. */
static bool is_within_limits(const char *text, size_t size, size_t *ret_elements) {
        size_t elements = 0, equal_signs = 0;

        if ((unsigned char) text[0] >= 0xfe || memchr(text, '\0', size))
                return false;
        for (const char *p = text; (p = memchr(p, '<', size - (size_t) (p - text))); p++)
                elements += (size_t) (p - text) + 1 < size && p[1] != '/';
        for (const char *p = text; (p = memchr(p, '=', size - (size_t) (p - text))); p++)
                equal_signs++;
        *ret_elements = elements;
        return elements > 0 && elements <= ELEMENTS_MAX && equal_signs <= EQUAL_SIGNS_MAX;
}

static int run(Reader *reader, const char *text, size_t size) {
        XML_SetUserData(reader->parser, reader);
        XML_SetElementHandler(reader->parser, on_start, on_end);
        XML_SetCharacterDataHandler(reader->parser, on_text);
        XML_SetDoctypeDeclHandler(reader->parser, on_doctype, NULL);
        XML_SetXmlDeclHandler(reader->parser, on_declaration);
        /* In one piece: a long token that comes in parts is read from its start each time. */
        if (XML_Parse(reader->parser, text, (int) size, 1) == XML_STATUS_OK && !reader->refused)
                return 0;
        return XML_GetErrorCode(reader->parser) == XML_ERROR_NO_MEMORY ? -ENOMEM : -EBADMSG;
}

int xml_reply_parse(const char *text, size_t size, XmlReply *ret) {
        static const XML_Memory_Handling_Suite memory = { wiping_alloc, wiping_realloc, wiping_free };
        _cleanup_(parser_freep) XML_Parser parser = NULL;
        Reader reader = { 0 };
        size_t elements = 0;
        int r;

        if (!text || size == 0 || size > INT_MAX || !is_within_limits(text, size, &elements))
                return -EBADMSG;
        parser = XML_ParserCreate_MM("UTF-8", &memory, NULL);
        if (!parser)
                return -ENOMEM;
        /* Names and text of the tree take less than the tags and references that they come from. */
        reader = (Reader){ .parser = parser,
                .reply = { .nodes = alloc_array(elements, sizeof(XmlNode)),
                                .n_room = elements,
                                .text = alloc_zero(size + 1),
                                .room = size + 1 } };
        r = reader.reply.nodes && reader.reply.text ? run(&reader, text, size) : -ENOMEM;
        if (r < 0) {
                xml_reply_done(&reader.reply);
                return r;
        }
        *ret = reader.reply;
        return 0;
}

const XmlNode *xml_node_child(const XmlNode *parent, const char *name) {
        for (const XmlNode *n = parent ? parent->child : NULL; n; n = n->next)
                if (streq(n->name, name))
                        return n;
        return NULL;
}

const char *xml_node_text(const XmlNode *parent, const char *name) {
        const XmlNode *n = xml_node_child(parent, name);

        return n && !n->child ? n->text : NULL;
}

static bool skip_digits(const char **s) {
        size_t n = strspn(*s, "0123456789");

        *s += n;
        return n > 0;
}

/* [+-]digits[.digits][e[+-]digits]: strtod() takes more than that. */
static bool is_number(const char *s) {
        s += *s == '+' || *s == '-';
        if (!skip_digits(&s))
                return false;
        if (*s == '.') {
                s++;
                if (!skip_digits(&s))
                        return false;
        }
        if (*s == 'e' || *s == 'E') {
                s++;
                s += *s == '+' || *s == '-';
                if (!skip_digits(&s))
                        return false;
        }
        return *s == '\0';
}

int xml_text_number(const char *s, double *ret) {
        locale_t locale;

        if (!is_number(s))
                return -EBADMSG;
        /* A constant of the C library: nothing to free, nothing that can fail. */
        locale = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
        assert(locale);
        *ret = strtod_l(s, NULL, locale);
        return 0;
}
