#include "awssim/lambda-internal.h"

#include <stdio.h>

#include "awssim/alias-input.h"
#include "awssim/json-text.h"
#include "awssim/world-code.h"
#include "base/str.h"

static void render_alias(const World *w, const Function *f, const Alias *a, const char *key, Buf *out) {
        const Routing *routing = alias_routing(a);
        char arn[ARN_MAX], version[VERSION_TEXT_MAX];

        lambda_arn(function_place(f), f->spec->name, a->name, arn);
        version_format(routing->version, version);
        json_text_open(out, key, '{');
        json_text_string(out, "AliasArn", arn);
        json_text_string(out, "Name", a->name);
        json_text_string(out, "FunctionVersion", version);
        json_text_string(out, "Description", a->description);
        if (routing->extra_version != 0) {
                version_format(routing->extra_version, version);
                json_text_open(out, "RoutingConfig", '{');
                json_text_open(out, "AdditionalVersionWeights", '{');
                json_text_double(out, version, routing->extra_weight);
                json_text_close(out, '}');
                json_text_close(out, '}');
        }
        json_text_string(out, "RevisionId", a->revision);
        json_text_close(out, '}');
}

static int refuse_missing_alias(
                const World *w, const Function *f, const char *words, const char *name, Reply *reply) {
        char arn[ARN_MAX];

        lambda_arn(function_place(f), f->spec->name, name, arn);
        return reply_refuse(reply, 404, "ResourceNotFoundException", "%s: %s", words, arn);
}

/* Only an Active (or sleeping) version may get traffic. */
static int check_state(const Version *v, Reply *reply) {
        const char *state = version_state(v);

        if (streq(state, "Active") || streq(state, "Inactive"))
                return 0;
        return reply_refuse(reply, 409, "ResourceConflictException",
                        "The operation cannot be performed at this time. The function is currently in the "
                        "following state: %s%s",
                        state, streq(state, "Failed") ? " (StateReasonCode: 'FunctionError')" : "");
}

static const char *version_role(const Function *f, const VersionSpec *v) {
        return v->role ? v->role : f->spec->role ? f->spec->role : "";
}

/* Two versions behind one alias must look alike from the outside. */
static int check_pair(const World *w, const Function *f, const Routing *routing, Reply *reply) {
        const Version *extra = function_find_version(f, routing->extra_version);
        const Version *primary = function_find_version(f, routing->version);
        char text[VERSION_TEXT_MAX];

        version_format(routing->extra_version, text);
        if (routing->extra_version == routing->version)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Invalid function version %s. Function version %s is already included in "
                                "routing configuration.",
                                text, text);
        if (routing->version == 0)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "$LATEST is not supported for an alias pointing to more than 1 version");
        if (!extra || !primary)
                return lambda_refuse_missing_function(function_place(f), f->spec->name, text, reply);
        if (!streq(version_role(f, primary->spec), version_role(f, extra->spec)))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Specified versions must be associated with the same execution role");
        /* AWS's words for this one are not on record. */
        if (!streq(primary->spec->dead_letter ? primary->spec->dead_letter : "",
                            extra->spec->dead_letter ? extra->spec->dead_letter : ""))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Specified versions must have the same dead letter queue configuration");
        return check_state(extra, reply);
}

/* Applies the input to *routing, which holds what is there now. */
static int apply_input(
                const World *w, const Function *f, const AliasInput *input, Routing *routing, Reply *reply) {
        int r;

        if (input->version) {
                const Version *v;

                if (version_parse(input->version, &routing->version) < 0)
                        return lambda_refuse_missing_function(
                                        function_place(f), f->spec->name, input->version, reply);
                v = function_find_version(f, routing->version);
                if (!v)
                        return lambda_refuse_missing_function(
                                        function_place(f), f->spec->name, input->version, reply);
                r = check_state(v, reply);
                if (r < 0)
                        return r;
        }
        if (input->n_weights > 1)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Number of items in AdditionalVersionWeights cannot be greater than 1");
        if (input->has_routing) {
                routing->extra_version = 0;
                routing->extra_weight = 0;
        }
        if (input->n_weights == 1) {
                if (version_parse(input->weight_key, &routing->extra_version) < 0)
                        return lambda_refuse_missing_function(
                                        function_place(f), f->spec->name, input->weight_key, reply);
                routing->extra_weight = input->weight;
        }
        return routing->extra_version == 0 ? 0 : check_pair(w, f, routing, reply);
}

int lambda_get_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const Alias *a = function_find_alias(f, request->alias);

        if (!a)
                return refuse_missing_alias(w, f, "Cannot find alias arn", request->alias, reply);
        (void) str_copy(request->revision_seen, sizeof(request->revision_seen), a->revision);
        render_alias(w, f, a, NULL, &reply->body);
        return 0;
}

static int update_alias(
                World *w, Function *f, const AliasInput *input, Request *request, usec_t now, Reply *reply) {
        Alias *a = function_find_alias(f, request->alias);
        Routing routing;
        uint64_t from;
        int r;

        if (input->revision)
                (void) snprintf(request->revision_seen, sizeof(request->revision_seen), "%.120s",
                                input->revision);
        if (!a)
                return refuse_missing_alias(w, f, "Alias not found", request->alias, reply);
        if (input->revision && !streq(input->revision, a->revision))
                return reply_refuse(reply, 412, "PreconditionFailedException",
                                "The Revision Id provided does not match the latest Revision Id. Call the "
                                "GetFunction/GetAlias API to retrieve the latest Revision Id");
        routing = *alias_routing(a);
        from = routing.version;
        r = apply_input(w, f, input, &routing, reply);
        if (r < 0)
                return r;
        r = world_set_alias(w, f, a->name, &routing, input->description, now);
        if (r >= 0)
                r = world_shift_alias(w, f, a, from, now);
        if (r < 0)
                return r;
        (void) str_copy(request->revision_new, sizeof(request->revision_new), a->revision);
        render_alias(w, f, a, NULL, &reply->body);
        return 0;
}

int lambda_update_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        AliasInput input;
        int r;

        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = alias_input_parse(root, &input, reply);
        if (r >= 0)
                r = update_alias(w, f, &input, request, now, reply);
        (void) json_object_put(root);
        return r;
}

static int create_alias(
                World *w, Function *f, const AliasInput *input, Request *request, usec_t now, Reply *reply) {
        Routing routing = { .exists = true };
        const Alias *a;
        int r;

        if (!input->name || !input->version)
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value null at '%s' failed to satisfy constraint: "
                                "Member must not be null",
                                input->name ? "functionVersion" : "name");
        if (function_find_alias(f, input->name)) {
                char arn[ARN_MAX];

                lambda_arn(function_place(f), f->spec->name, input->name, arn);
                return reply_refuse(
                                reply, 409, "ResourceConflictException", "Alias already exists: %s", arn);
        }
        r = apply_input(w, f, input, &routing, reply);
        if (r < 0)
                return r;
        r = world_set_alias(w, f, input->name, &routing, input->description ? input->description : "", now);
        if (r < 0)
                return r;
        a = function_find_alias(f, input->name);
        if (!a)
                return -ENOENT;
        (void) str_copy(request->revision_new, sizeof(request->revision_new), a->revision);
        reply->status = 201;
        render_alias(w, f, a, NULL, &reply->body);
        return 0;
}

int lambda_create_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        AliasInput input;
        int r;

        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = alias_input_parse(root, &input, reply);
        if (r >= 0)
                r = create_alias(w, f, &input, request, now, reply);
        (void) json_object_put(root);
        return r;
}

int lambda_delete_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const Routing gone = {};

        reply->status = 204;
        /* An alias that is not there is as good as deleted. */
        if (!function_find_alias(f, request->alias))
                return 0;
        return world_set_alias(w, f, request->alias, &gone, NULL, now);
}

/* True when the list asks for this one: it exists and, with FunctionVersion, has that version. */
static bool alias_is_wanted(const Alias *a, const char *version) {
        const Routing *routing = alias_routing(a);
        char text[VERSION_TEXT_MAX];

        if (!routing->exists || !version)
                return routing->exists;
        version_format(routing->version, text);
        if (streq(text, version))
                return true;
        version_format(routing->extra_version, text);
        return routing->extra_version != 0 && streq(text, version);
}

int lambda_list_aliases_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const char *version = form_get(&request->query, "FunctionVersion");
        size_t n = 0, begin, end;
        int r;

        for (size_t i = 0; i < f->n_aliases; i++)
                n += alias_is_wanted(f->aliases[i], version);
        r = lambda_page(request, n, 50, &begin, &end, reply);
        if (r < 0)
                return r;
        json_text_open(&reply->body, NULL, '{');
        json_text_open(&reply->body, "Aliases", '[');
        for (size_t i = 0, k = 0; i < f->n_aliases; i++) {
                if (!alias_is_wanted(f->aliases[i], version))
                        continue;
                if (k >= begin && k < end)
                        render_alias(w, f, f->aliases[i], NULL, &reply->body);
                k++;
        }
        json_text_close(&reply->body, ']');
        if (end < n)
                (void) buf_printf(&reply->body, ",\"NextMarker\":\"%zu\"", end);
        json_text_close(&reply->body, '}');
        return 0;
}
