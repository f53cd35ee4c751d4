#include "awssim/json-body.h"
#include "awssim/json-member.h"
#include "awssim/json-text.h"
#include "awssim/lambda-internal.h"
#include "awssim/world-code.h"
#include "base/str.h"

/* Alias or version that the request names, which is there. */
static int find_qualifier(const Function *f, const Request *request, const char **ret, Reply *reply) {
        const char *qualifier = form_get(&request->query, "Qualifier");
        uint64_t version;

        if (str_is_empty(qualifier))
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value null at 'qualifier' failed to satisfy "
                                "constraint: Member must not be null");
        if (streq(qualifier, "$LATEST"))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Provisioned Concurrency Configs cannot be applied to unpublished function "
                                "versions.");
        *ret = qualifier;
        if (function_find_alias(f, qualifier))
                return 0;
        if (version_parse(qualifier, &version) >= 0 && function_find_version(f, version))
                return 0;
        return lambda_refuse_missing_function(function_place(f), f->spec->name, qualifier, reply);
}

static void render(const Provisioned *p, usec_t now, Reply *reply) {
        bool is_ready = now >= p->ready_at;

        json_text_open(&reply->body, NULL, '{');
        json_text_unsigned(&reply->body, "RequestedProvisionedConcurrentExecutions", p->executions);
        json_text_unsigned(&reply->body, "AvailableProvisionedConcurrentExecutions",
                        is_ready ? p->executions : 0);
        json_text_unsigned(&reply->body, "AllocatedProvisionedConcurrentExecutions",
                        is_ready ? p->executions : 0);
        json_text_string(&reply->body, "Status", is_ready ? "READY" : "IN_PROGRESS");
        json_text_string(&reply->body, "LastModified", "2026-01-01T00:00:00+0000");
        json_text_close(&reply->body, '}');
}

int lambda_get_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const char *qualifier;
        const Provisioned *p;
        int r;

        r = find_qualifier(f, request, &qualifier, reply);
        if (r < 0)
                return r;
        p = function_find_provisioned(f, qualifier);
        if (!p)
                return reply_refuse(reply, 404, "ProvisionedConcurrencyConfigNotFoundException",
                                "No Provisioned Concurrency Config found for this function");
        render(p, now, reply);
        return 0;
}

/* Not both on an alias and on the version behind it, and not while an alias has weights. */
static int check_place(const Function *f, const char *qualifier, Reply *reply) {
        const Alias *a = function_find_alias(f, qualifier);
        char version[VERSION_TEXT_MAX];

        if (a && alias_routing(a)->extra_version != 0)
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "Alias with weights can not be used with Provisioned Concurrency");
        if (a) {
                version_format(alias_routing(a)->version, version);
                if (function_find_provisioned(f, version))
                        return reply_refuse(reply, 409, "ResourceConflictException",
                                        "Alias can't be used for Provisioned Concurrency configuration on an "
                                        "already Provisioned version");
        }
        for (size_t i = 0; !a && i < f->n_aliases; i++) {
                version_format(alias_routing(f->aliases[i])->version, version);
                if (streq(version, qualifier) && function_find_provisioned(f, f->aliases[i]->name))
                        return reply_refuse(reply, 409, "ResourceConflictException",
                                        "Version is pointed by a Provisioned Concurrency alias");
        }
        return 0;
}

static int put(Function *f, const Request *request, usec_t now, uint64_t executions, Reply *reply) {
        const char *qualifier;
        int r;

        r = find_qualifier(f, request, &qualifier, reply);
        if (r >= 0)
                r = check_place(f, qualifier, reply);
        if (r < 0)
                return r;
        if (executions == 0)
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' "
                                "failed to satisfy constraint: Member must have value greater than or equal to "
                                "1");
        r = function_set_provisioned(f, qualifier, executions, now);
        if (r < 0)
                return r;
        reply->status = 202;
        render(function_find_provisioned(f, qualifier), now, reply);
        return 0;
}

int lambda_put_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        uint64_t executions = 0;
        int r;

        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = json_member_unsigned(root, "ProvisionedConcurrentExecutions", &executions, reply);
        if (r >= 0)
                r = put(f, request, now, executions, reply);
        (void) json_object_put(root);
        return r;
}

int lambda_delete_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply) {
        const char *qualifier;
        int r;

        r = find_qualifier(f, request, &qualifier, reply);
        if (r < 0)
                return r;
        function_drop_provisioned(f, qualifier);
        reply->status = 204;
        return 0;
}
