#pragma once

/* Flat structs <-> JSON objects by tables of their members, so that what is written and what is read can
 * never drift apart. A member that is all zero is not written; one that is absent is zero. */

#include <json-c/json_object.h>

#include "base/buf.h"

#define FIELD_TEXT_MAX 512 /* bytes of the longest FIELD_TEXT, the NUL included */

typedef enum FieldType {
        FIELD_U32,    /* uint32_t, 0..max */
        FIELD_U64,    /* uint64_t */
        FIELD_DOUBLE, /* double; also infinite or no number, bit by bit */
        FIELD_TEXT,   /* char[size], zero behind its end */
        FIELD_BYTES,  /* uint8_t[size], as hex digits */
        FIELD_WORD,   /* uint32_t, written as a word */
        FIELD_STRUCT, /* a struct of size bytes, described by "inner" */
        FIELD_LIST,   /* n structs of size bytes; those at the end that are all zero are left out */
} FieldType;

typedef struct FieldTable FieldTable;

typedef struct Field {
        const char *name;
        FieldType type;
        size_t offset, size, n;
        uint32_t max;
        const char *(*to_word)(uint32_t value); /* FIELD_WORD */
        int (*from_word)(const char *word);     /* FIELD_WORD; negative: no such word */
        const FieldTable *inner;
} Field;

struct FieldTable {
        const Field *fields;
        size_t n;
};

/* Writes one JSON object; failures stick in the Buf. */
void field_write_object(Buf *out, const char *key, const FieldTable *table, const void *value);

/* Fills *ret, which is zeroed, from an object. -EBADMSG: with *ret_name the member at fault, as written in
 * the table, or "?" for one that is not in it. */
int field_read_object(json_object *object, const FieldTable *table, void *ret, const char **ret_name);
