#include "awssim/alias-input.h"

#include <math.h>
#include <stdio.h>

#include "awssim/json-text.h"
#include "base/str.h"

static int input_text(json_object *root, const char *key, const char **ret, Reply *reply) {
        json_object *value;

        if (!json_object_object_get_ex(root, key, &value) || !value)
                return 0;
        if (!json_object_is_type(value, json_type_string))
                return reply_refuse(reply, 400, "SerializationException",
                                "class com.amazonaws.lang.String can not be converted from member %s", key);
        *ret = json_object_get_string(value);
        return 0;
}

static int refuse_value(Reply *reply, const char *value, const char *member, const char *constraint) {
        return reply_refuse(reply, 400, "ValidationException",
                        "1 validation error detected: Value '%.200s' at '%s' failed to satisfy constraint: %s",
                        value, member, constraint);
}

static int refuse_weight(Reply *reply, const char *key, double weight, const char *constraint) {
        char number[JSON_DOUBLE_MAX], text[256];

        json_double_format(weight, number);
        (void) snprintf(text, sizeof(text), "{%.128s=%s}", key, number);
        return refuse_value(reply, text, "routingConfig.additionalVersionWeights", constraint);
}

static int check_weight(const char *key, json_object *value, double *ret, Reply *reply) {
        double weight;

        if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
                return reply_refuse(reply, 400, "SerializationException",
                                "Weights of AdditionalVersionWeights must be numbers");
        weight = json_object_get_double(value);
        if (!isfinite(weight))
                return reply_refuse(reply, 400, "SerializationException", "A weight is not finite");
        if (*key == '\0' || strspn(key, "0123456789") != strlen(key))
                return refuse_weight(reply, key, weight,
                                "Map keys must satisfy constraint: [Member must have length less than or equal "
                                "to 1024, Member must have length greater than or equal to 1, Member must "
                                "satisfy regular expression pattern: [0-9]+, Member must not be null]");
        if (weight < 0 || weight > 1)
                return refuse_weight(reply, key, weight,
                                "Map value must satisfy constraint: [Member must have value less than or equal "
                                "to 1.0, Member must have value greater than or equal to 0.0, Member must not "
                                "be null]");
        *ret = weight;
        return 0;
}

static int input_routing(json_object *root, AliasInput *input, Reply *reply) {
        json_object *routing, *weights;

        if (!json_object_object_get_ex(root, "RoutingConfig", &routing) || !routing)
                return 0;
        if (!json_object_is_type(routing, json_type_object))
                return reply_refuse(reply, 400, "SerializationException", "RoutingConfig must be an object");
        input->has_routing = true;
        if (!json_object_object_get_ex(routing, "AdditionalVersionWeights", &weights) || !weights)
                return 0;
        if (!json_object_is_type(weights, json_type_object))
                return reply_refuse(reply, 400, "SerializationException",
                                "AdditionalVersionWeights must be an object");
        json_object_object_foreach(weights, key, value) {
                double weight = 0;
                int r;

                r = check_weight(key, value, &weight, reply);
                if (r < 0)
                        return r;
                if (input->n_weights++ == 0) {
                        input->weight_key = key;
                        input->weight = weight;
                }
        }
        return 0;
}

static bool is_version(const char *s) {
        return streq(s, "$LATEST") || (*s != '\0' && strspn(s, "0123456789") == strlen(s));
}

static bool is_alias_name(const char *s) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        size_t n = strlen(s);

        return n >= 1 && n <= 128 && strspn(s, letters) == n && strspn(s, "0123456789") != n;
}

int alias_input_parse(json_object *root, AliasInput *ret, Reply *reply) {
        AliasInput input = {};
        int r;

        r = input_text(root, "Name", &input.name, reply);
        if (r >= 0)
                r = input_text(root, "FunctionVersion", &input.version, reply);
        if (r >= 0)
                r = input_text(root, "Description", &input.description, reply);
        if (r >= 0)
                r = input_text(root, "RevisionId", &input.revision, reply);
        if (r >= 0)
                r = input_routing(root, &input, reply);
        if (r < 0)
                return r;
        if (input.name && !is_alias_name(input.name))
                return refuse_value(reply, input.name, "name",
                                "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)");
        if (input.version && !is_version(input.version))
                return refuse_value(reply, input.version, "functionVersion",
                                "Member must satisfy regular expression pattern: (\\$LATEST(\\.PUBLISHED)?|[0-9]+)");
        if (input.description && strlen(input.description) > 256)
                return refuse_value(reply, input.description, "description",
                                "Member must have length less than or equal to 256");
        *ret = input;
        return 0;
}
