#include "codec/yaml-node.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/alloc.h"
#include "base/str.h"
#include "codec/yaml-problem.h"
#include "codec/yaml-text.h"

/* Nodes live in chunks: few allocations, stable addresses. */
#define CHUNK_NODES 64

typedef struct NodeChunk NodeChunk;
struct NodeChunk {
        NodeChunk *next;
        size_t used;
        YamlNode nodes[CHUNK_NODES];
};

/* One string of the tree; all are freed with it. */
typedef struct NodeText NodeText;
struct NodeText {
        NodeText *next;
        char text[];
};

struct YamlTree {
        NodeChunk *chunks;
        NodeText *texts;
        size_t n_nodes;
        YamlNode *root;
};

/* Turns libyaml's columns, which count characters, into bytes. Places ascend nearly always, so it remembers
 * where it was. */
typedef struct Cursor {
        const char *text;
        size_t size;
        size_t line, column; /* from 0, characters */
        size_t line_start, offset;
} Cursor;

typedef struct Builder {
        yaml_parser_t parser;
        DiagList *diags;
        YamlTree *tree;
        Cursor cursor;
        YamlNode *open[YAML_DEPTH_MAX]; /* lists and maps being filled */
        YamlNode *last[YAML_DEPTH_MAX]; /* of each: the last entry's value */
        YamlNode *key[YAML_DEPTH_MAX];  /* of a map: the key that waits for its value */
        size_t depth;
        size_t n_documents;
} Builder;

YamlTree *yaml_tree_free(YamlTree *t) {
        if (!t)
                return NULL;
        while (t->chunks) {
                NodeChunk *next = t->chunks->next;

                free(t->chunks);
                t->chunks = next;
        }
        while (t->texts) {
                NodeText *next = t->texts->next;

                free(t->texts);
                t->texts = next;
        }
        free(t);
        return NULL;
}

const YamlNode *yaml_tree_root(const YamlTree *t) {
        return t->root;
}

bool yaml_node_is_null(const YamlNode *node) {
        return node->kind == NODE_SCALAR && !node->is_quoted &&
                        (node->text[0] == '\0' || streq(node->text, "~") || strcaseeq(node->text, "null"));
}

const char *yaml_node_describe(const YamlNode *node, char buffer[static YAML_DESCRIPTION_MAX]) {
        size_t n = strlen(node->text), room = YAML_DESCRIPTION_MAX - sizeof("\"...\"");

        if (node->kind == NODE_LIST)
                return node->n > 0 ? "a list" : "an empty list";
        if (node->kind == NODE_MAP)
                return node->n > 0 ? "a map" : "an empty map";
        if (yaml_node_is_null(node))
                return "nothing";
        if (n > room)
                for (n = room; n > 0 && ((unsigned char) node->text[n] & 0xc0) == 0x80;)
                        n--;
        (void) snprintf(buffer, YAML_DESCRIPTION_MAX, "\"%.*s%s\"", (int) n, node->text,
                        node->text[n] == '\0' ? "" : "...");
        return buffer;
}

/* The byte's offset in its line, from 0. */
static size_t cursor_column(Cursor *c, const yaml_mark_t *mark) {
        if (mark->line < c->line)
                c->line = c->line_start = c->offset = c->column = 0;
        while (c->line < mark->line) {
                const char *newline = memchr(c->text + c->line_start, '\n', c->size - c->line_start);

                if (!newline)
                        break;
                c->line++;
                c->line_start = c->offset = (size_t) (newline - c->text) + 1;
                c->column = 0;
        }
        if (mark->column < c->column) {
                c->offset = c->line_start;
                c->column = 0;
        }
        while (c->column < mark->column && c->offset < c->size && c->text[c->offset] != '\n') {
                c->offset++;
                while (c->offset < c->size && ((unsigned char) c->text[c->offset] & 0xc0) == 0x80)
                        c->offset++;
                c->column++;
        }
        return c->offset - c->line_start;
}

static void place_of(Builder *b, const yaml_mark_t *mark, unsigned *ret_line, unsigned *ret_column) {
        *ret_column = (unsigned) cursor_column(&b->cursor, mark) + 1;
        *ret_line = (unsigned) b->cursor.line + 1;
}

static int refuse(Builder *b, const yaml_mark_t *mark, const char *message) {
        unsigned line, column;

        place_of(b, mark, &line, &column);
        diag_add(b->diags, DIAG_ERROR, line, column, "%s", message);
        return -EBADMSG;
}

static int node_new(Builder *b, NodeKind kind, const yaml_mark_t *mark, YamlNode **ret) {
        NodeChunk *chunk = b->tree->chunks;
        YamlNode *node;

        if (b->tree->n_nodes == YAML_NODES_MAX)
                return refuse(b, mark, "the file has too many values");
        if (!chunk || chunk->used == CHUNK_NODES) {
                chunk = alloc_one(NodeChunk);
                if (!chunk)
                        return -ENOMEM;
                chunk->next = b->tree->chunks;
                b->tree->chunks = chunk;
        }
        node = &chunk->nodes[chunk->used++];
        b->tree->n_nodes++;
        node->kind = kind;
        node->text = "";
        place_of(b, mark, &node->line, &node->column);
        *ret = node;
        return 0;
}

static const YamlNode *find_key(const YamlNode *map, const char *name) {
        for (const YamlNode *entry = map->first; entry; entry = entry->next)
                if (entry->key->kind == NODE_SCALAR && streq(entry->key->text, name))
                        return entry->key;
        return NULL;
}

/* Judges a key that has just been read. One that is refused stays in the tree as NODE_REFUSED. */
static void check_key(Builder *b, const YamlNode *map, YamlNode *key) {
        const YamlNode *other;
        char buffer[YAML_DESCRIPTION_MAX];

        if (key->kind == NODE_LIST || key->kind == NODE_MAP)
                diag_add(b->diags, DIAG_ERROR, key->line, key->column, "a key must be a word, found %s",
                                yaml_node_describe(key, buffer));
        else if (key->kind == NODE_SCALAR && !key->is_quoted && streq(key->text, "<<"))
                diag_add(b->diags, DIAG_ERROR, key->line, key->column,
                                "merge keys (\"<<\") are not understood; write the keys out");
        else if (key->kind == NODE_SCALAR && (other = find_key(map, key->text)))
                diag_add(b->diags, DIAG_ERROR, key->line, key->column,
                                "duplicate key %s, it is on line %u already; remove one of them",
                                yaml_node_describe(key, buffer), other->line);
        else
                return;
        key->kind = NODE_REFUSED;
}

/* Puts a node into the list or map that is open: as entry, key or value. */
static int attach(Builder *b, YamlNode *node) {
        YamlNode *parent;

        if (b->depth == 0) {
                b->tree->root = node;
                return 0;
        }
        parent = b->open[b->depth - 1];
        node->parent = parent;
        if (parent->kind == NODE_MAP && !b->key[b->depth - 1]) {
                if (parent->n == YAML_KEYS_MAX) {
                        diag_add(b->diags, DIAG_ERROR, node->line, node->column,
                                        "a map with more than %d keys is not understood", YAML_KEYS_MAX);
                        return -EBADMSG;
                }
                b->key[b->depth - 1] = node;
                return 0;
        }
        if (parent->kind == NODE_MAP) {
                node->key = b->key[b->depth - 1];
                b->key[b->depth - 1] = NULL;
                check_key(b, parent, node->key);
        }
        if (b->last[b->depth - 1])
                b->last[b->depth - 1]->next = node;
        else
                parent->first = node;
        b->last[b->depth - 1] = node;
        parent->n++;
        return 0;
}

static void refuse_decoration(Builder *b, const yaml_mark_t *mark, const void *anchor, const void *tag) {
        if (anchor)
                (void) refuse(b, mark,
                                "anchors (\"&name\") are not understood; write the value out where it is needed");
        if (tag)
                (void) refuse(b, mark,
                                "tags (\"!name\") are not understood; remove it, or put the value in quotes");
}

static int open_collection(
                Builder *b, const yaml_mark_t *mark, NodeKind kind, const void *anchor, const void *tag) {
        YamlNode *node = NULL;
        int r;

        refuse_decoration(b, mark, anchor, tag);
        if (b->depth == YAML_DEPTH_MAX)
                return refuse(b, mark, "lists and maps are nested deeper than 16 levels");
        r = node_new(b, kind, mark, &node);
        if (r < 0)
                return r;
        r = attach(b, node);
        if (r < 0)
                return r;
        b->open[b->depth] = node;
        b->last[b->depth] = b->key[b->depth] = NULL;
        b->depth++;
        return 0;
}

static int add_scalar(Builder *b, const yaml_event_t *event) {
        const char *value = (const char *) event->data.scalar.value;
        size_t n = event->data.scalar.length;
        YamlNode *node = NULL;
        NodeText *text;
        int r;

        refuse_decoration(b, &event->start_mark, event->data.scalar.anchor, event->data.scalar.tag);
        /* "\0" in double quotes is the one way to write one. */
        if (memchr(value, '\0', n))
                return refuse(b, &event->start_mark, "this text has a NUL character; remove the \"\\0\"");
        r = node_new(b, NODE_SCALAR, &event->start_mark, &node);
        if (r < 0)
                return r;
        node->is_quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        text = alloc_zero(sizeof(*text) + n + 1);
        if (!text)
                return -ENOMEM;
        memcpy(text->text, value, n);
        text->next = b->tree->texts;
        b->tree->texts = text;
        node->text = text->text;
        return attach(b, node);
}

static int add_alias(Builder *b, const yaml_mark_t *mark) {
        YamlNode *node = NULL;
        int r;

        (void) refuse(b, mark,
                        "aliases (\"*name\") are not understood; write the value out, or put it in quotes");
        r = node_new(b, NODE_REFUSED, mark, &node);
        if (r < 0)
                return r;
        return attach(b, node);
}

static int take_event(Builder *b, const yaml_event_t *event) {
        const yaml_mark_t *mark = &event->start_mark;

        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return add_scalar(b, event);
        case YAML_ALIAS_EVENT:
                return add_alias(b, mark);
        case YAML_SEQUENCE_START_EVENT:
                return open_collection(b, mark, NODE_LIST, event->data.sequence_start.anchor,
                                event->data.sequence_start.tag);
        case YAML_MAPPING_START_EVENT:
                return open_collection(b, mark, NODE_MAP, event->data.mapping_start.anchor,
                                event->data.mapping_start.tag);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                b->depth--;
                return 0;
        case YAML_DOCUMENT_START_EVENT:
                if (b->n_documents++ > 0)
                        return refuse(b, mark, "a second document begins here; a file holds one only");
                return 0;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT:
                return 0;
        }
        return 0;
}

/* libyaml points at where it gave up. For an unclosed quote or bracket, where it began says more. */
static int report_problem(Builder *b) {
        const yaml_parser_t *p = &b->parser;
        bool is_unclosed = p->context &&
                        (strstr(p->context, "quoted scalar") || strstr(p->context, "flow ") ||
                                        strstr(p->context, "simple key"));
        const yaml_mark_t *mark = is_unclosed && p->context_mark.line < p->problem_mark.line
                        ? &p->context_mark
                        : &p->problem_mark;
        size_t offset;

        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        (void) cursor_column(&b->cursor, mark);
        offset = b->cursor.offset;
        return refuse(b, mark,
                        yaml_problem_explain(p->problem, p->context,
                                        offset < b->cursor.size ? b->cursor.text[offset] : '\0'));
}

static int build(Builder *b) {
        bool at_end = false;

        while (!at_end) {
                yaml_event_t event;
                int r;

                if (!yaml_parser_parse(&b->parser, &event))
                        return report_problem(b);
                at_end = event.type == YAML_STREAM_END_EVENT;
                r = take_event(b, &event);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
        }
        /* An empty document is one scalar of nothing. */
        if (b->tree->root && yaml_node_is_null(b->tree->root))
                b->tree->root = NULL;
        return 0;
}

int yaml_tree_parse(const char *text, size_t size, size_t max, DiagList *diags, YamlTree **ret) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        Builder b = { .diags = diags, .cursor = { .text = text, .size = size } };
        int r;

        if (!yaml_text_is_clean(text, size, max, diags))
                return -EBADMSG;
        tree = alloc_one(YamlTree);
        if (!tree || !yaml_parser_initialize(&b.parser))
                return -ENOMEM;
        b.tree = tree;
        yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&b.parser, (const unsigned char *) text, size);
        r = build(&b);
        yaml_parser_delete(&b.parser);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(tree);
        return 0;
}
