#include "codec/yaml-map.h"

#include "base/buf.h"
#include "base/str.h"

#define KEYS_MAX 64
#define KEY_LIST_MAX 240

static const KeyRule *find_rule(const MapRule *rule, const char *name) {
        for (size_t i = 0; i < rule->n_keys; i++)
                if (streq(rule->keys[i].name, name))
                        return &rule->keys[i];
        return NULL;
}

static const MapRule *find_home(const MapRule *rule, const char *name) {
        for (size_t i = 0; rule->relatives && rule->relatives[i]; i++)
                if (rule->relatives[i] != rule && find_rule(rule->relatives[i], name))
                        return rule->relatives[i];
        return NULL;
}

static const char *find_nearest(const MapRule *rule, const char *name) {
        const char *names[KEYS_MAX] = { NULL };
        size_t n = MIN(rule->n_keys, (size_t) KEYS_MAX);

        for (size_t i = 0; i < n; i++)
                names[i] = rule->keys[i].name;
        return str_nearest(name, names, n);
}

/* "format, name, function" into text. */
static void list_keys(const MapRule *rule, char text[static KEY_LIST_MAX]) {
        size_t used = 0;

        text[0] = '\0';
        for (size_t i = 0; i < rule->n_keys; i++) {
                const char *name = rule->keys[i].name;
                size_t n = strlen(name);

                if (rule->keys[i].unsupported || used + n + sizeof(", ") > KEY_LIST_MAX)
                        continue;
                if (used > 0) {
                        memcpy(text + used, ", ", 2);
                        used += 2;
                }
                memcpy(text + used, name, n + 1);
                used += n;
        }
}

static void report_unknown(const YamlNode *key, const MapRule *rule, DiagList *diags) {
        const MapRule *home = find_home(rule, key->text);
        const char *nearest = find_nearest(rule, key->text);
        char found[YAML_DESCRIPTION_MAX], keys[KEY_LIST_MAX];

        if (home) {
                diag_add(diags, DIAG_ERROR, key->line, key->column, "key \"%s\" belongs %s, not %s",
                                key->text, home->place, rule->place);
                return;
        }
        list_keys(rule, keys);
        (void) yaml_node_describe(key, found);
        diag_add(diags, DIAG_ERROR, key->line, key->column, "unknown key %s, expected one of: %s%s%s%s",
                        yaml_node_is_null(key) ? "\"\"" : found, keys, nearest ? "; did you mean \"" : "",
                        nearest ? nearest : "", nearest ? "\"?" : "");
}

/* One entry whose key is a clean word. */
static void check_entry(const YamlNode *value, const MapRule *rule, DiagList *diags) {
        const YamlNode *key = value->key;
        const KeyRule *k = find_rule(rule, key->text);

        if (!k)
                report_unknown(key, rule, diags);
        else if (k->unsupported)
                diag_add(diags, DIAG_ERROR, key->line, key->column,
                                "\"%s\" is not supported by this version of canaryd; %s", k->name,
                                k->unsupported);
        else if (!k->may_be_empty && yaml_node_is_null(value))
                diag_add(diags, DIAG_ERROR, key->line, key->column, "\"%s\" has no value", k->name);
}

static bool is_instead_of(const KeyRule *k, const char *name) {
        for (size_t i = 0; i < KEY_INSTEAD_MAX && k->instead_of[i]; i++)
                if (streq(k->instead_of[i], name))
                        return true;
        return false;
}

/* The key is there, or misspelt, or another one (maybe misspelt) does its work: one finding about that is
 * enough. */
static bool is_covered(const YamlNode *map, const MapRule *rule, const char *name) {
        for (const YamlNode *value = map->first; value; value = value->next) {
                const char *key = value->key->text, *nearest;
                const KeyRule *k = find_rule(rule, key);

                if (value->key->kind != NODE_SCALAR)
                        continue;
                nearest = k || find_home(rule, key) ? NULL : find_nearest(rule, key);
                if (nearest)
                        k = find_rule(rule, nearest);
                if (k && (streq(k->name, name) || is_instead_of(k, name)))
                        return true;
        }
        return false;
}

bool yaml_map_check(const YamlNode *node, const MapRule *rule, DiagList *diags) {
        char found[YAML_DESCRIPTION_MAX];

        if (node->kind == NODE_REFUSED)
                return false;
        if (node->kind != NODE_MAP) {
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "%s must be a map of keys and values, found %s; write it like \"%s\"",
                                rule->what, yaml_node_describe(node, found), rule->like);
                return false;
        }
        for (const YamlNode *value = node->first; value; value = value->next)
                if (value->key->kind == NODE_SCALAR)
                        check_entry(value, rule, diags);
        for (size_t i = 0; i < rule->n_keys; i++)
                if (rule->keys[i].missing && !is_covered(node, rule, rule->keys[i].name))
                        diag_add(diags, DIAG_ERROR, node->line, node->column, "%s needs \"%s\"; %s",
                                        rule->what, rule->keys[i].name, rule->keys[i].missing);
        return true;
}

static const YamlNode *find_value(const YamlNode *map, const char *name) {
        for (const YamlNode *value = map->first; value; value = value->next)
                if (value->key->kind == NODE_SCALAR && streq(value->key->text, name))
                        return value;
        return NULL;
}

const YamlNode *yaml_map_get(const YamlNode *map, const char *name) {
        const YamlNode *value = find_value(map, name);

        return !value || value->kind == NODE_REFUSED || yaml_node_is_null(value) ? NULL : value;
}

bool yaml_map_has(const YamlNode *map, const char *name) {
        return find_value(map, name);
}

static bool is_before(const Diag *a, const Diag *b) {
        return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void yaml_findings_sort(DiagList *diags, size_t first) {
        for (size_t i = first + 1; i < diags->n; i++) {
                Diag d = diags->entries[i];
                size_t at = i;

                for (; at > first && is_before(&d, &diags->entries[at - 1]); at--)
                        diags->entries[at] = diags->entries[at - 1];
                diags->entries[at] = d;
        }
}

void yaml_refuse(const YamlNode *node, DiagList *diags, const char *wants, const char *advice) {
        char found[YAML_DESCRIPTION_MAX];
        const char *key = node->key ? node->key->text : "the entry";
        const char *quote = node->key ? "\"" : "";

        diag_add(diags, DIAG_ERROR, node->line, node->column, "%s%s%s must be %s, found %s%s%s", quote, key,
                        quote, wants, yaml_node_describe(node, found), advice ? "; " : "",
                        advice ? advice : "");
}

const char *yaml_text_of(const YamlNode *node, DiagList *diags, const char *wants) {
        if (node->kind == NODE_SCALAR)
                return node->text;
        if (node->kind != NODE_REFUSED)
                yaml_refuse(node, diags, wants, NULL);
        return NULL;
}
