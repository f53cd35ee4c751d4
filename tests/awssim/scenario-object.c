#include "awssim/scenario-internal.h"

static int parse_object(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "bucket", offsetof(ObjectSpec, bucket), node_text, true },
                { "key", offsetof(ObjectSpec, key), node_text, true },
                { "version", offsetof(ObjectSpec, version), node_text, false },
                { "text", offsetof(ObjectSpec, text), node_text, false },
                { "file", offsetof(ObjectSpec, file), node_text, false },
        };
        const ObjectSpec *o = out;
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
        if (r < 0)
                return r;
        return !o->text == !o->file ? node_error(reader, node, "expected \"text\" or \"file\"") : 0;
}

int scenario_parse_objects(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;

        return node_sequence(reader, node, SCENARIO_OBJECTS_MAX, sizeof(ObjectSpec), parse_object,
                        &s->objects, &s->n_objects);
}

void scenario_objects_done(Scenario *s) {
        for (size_t i = 0; i < s->n_objects; i++) {
                free(s->objects[i].bucket);
                free(s->objects[i].key);
                free(s->objects[i].version);
                free(s->objects[i].text);
                free(s->objects[i].file);
        }
        free(s->objects);
}
