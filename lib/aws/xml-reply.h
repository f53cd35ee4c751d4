#pragma once

/* XML that came over the network, as a tree of elements and their text. No document type, so no entities but
 * the five that every document has; attributes and namespaces are passed over. Depth and the number of
 * elements are limited before the tree is built. All of it is wiped when freed: it may hold credentials. */

#include "base/macro.h"

typedef struct XmlNode XmlNode;

struct XmlNode {
        const char *name;     /* without the prefix of its namespace */
        const char *text;     /* of an element that holds text only; else "" */
        const XmlNode *child; /* the first; NULL: none */
        const XmlNode *next;  /* of the same parent; NULL: this is the last */
};

typedef struct XmlReply {
        XmlNode *nodes; /* in the order of the document: nodes[0] is the root; owned */
        size_t n_nodes, n_room;
        char *text; /* what the nodes point to; owned */
        size_t size, room;
} XmlReply;

void xml_reply_done(XmlReply *x);

/* "text" must be one well-formed document in UTF-8 and nothing else. -EBADMSG: it is not, it has a document
 * type, or is over a limit. */
int xml_reply_parse(const char *text, size_t size, XmlReply *ret);

/* The first child of that name; NULL: none, or no parent. */
const XmlNode *xml_node_child(const XmlNode *parent, const char *name);

/* Its text. NULL: no such child, or it holds elements. */
const char *xml_node_text(const XmlNode *parent, const char *name);

/* A number as XML Schema writes a double, but for NaN and INF. May be infinite: too large. -EBADMSG. */
int xml_text_number(const char *s, double *ret);
