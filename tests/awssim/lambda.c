#include "awssim/lambda-internal.h"

#include <stdio.h>

#include "base/str.h"

static const char *arn_partition(const char *region) {
        static const struct {
                const char *prefix, *partition;
        } table[] = {
                { "cn-", "aws-cn" },
                { "us-gov-", "aws-us-gov" },
                { "eusc-", "aws-eusc" },
                { "us-iso-", "aws-iso" },
                { "us-isob-", "aws-iso-b" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (str_after(region, table[i].prefix))
                        return table[i].partition;
        return "aws";
}

void lambda_arn(Place place, const char *name, const char *qualifier, char ret[static ARN_MAX]) {
        (void) snprintf(ret, ARN_MAX, "arn:%s:lambda:%.32s:%.12s:function:%.64s%s%.128s",
                        arn_partition(place.region), place.region, place.account, name, qualifier ? ":" : "",
                        qualifier ? qualifier : "");
}

int lambda_refuse_missing_function(Place place, const char *name, const char *qualifier, Reply *reply) {
        char arn[ARN_MAX];

        lambda_arn(place, name, qualifier, arn);
        return reply_refuse(reply, 404, "ResourceNotFoundException", "Function not found: %s", arn);
}

int lambda_page(const Request *request, size_t n, uint64_t default_items, size_t *ret_begin, size_t *ret_end,
                Reply *reply) {
        const char *marker = form_get(&request->query, "Marker"),
                   *items = form_get(&request->query, "MaxItems");
        uint64_t begin = 0, count = default_items;

        if (items && (str_parse_u64(items, 10000, &count) < 0 || count == 0))
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value '%s' at 'maxItems' failed to satisfy "
                                "constraint: Member must have value between 1 and 10000",
                                items);
        if (!str_is_empty(marker) && (str_parse_u64(marker, n, &begin) < 0))
                return reply_refuse(
                                reply, 400, "InvalidParameterValueException", "Invalid pagination token.");
        /* However many are asked for, 50 versions and no more come back. */
        count = MIN(count, default_items);
        *ret_begin = (size_t) begin;
        *ret_end = (size_t) MIN(begin + count, (uint64_t) n);
        return 0;
}

static int refuse_function_name(const Request *request, Reply *reply) {
        return reply_refuse(reply, 400, "ValidationException",
                        "1 validation error detected: Value '%.200s' at 'functionName' failed to satisfy "
                        "constraint: Member must satisfy regular expression pattern: "
                        "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?"
                        "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?",
                        request->function_ref);
}

static const struct operation {
        const char *name;
        int (*handle)(World *w, Function *f, Request *request, usec_t now, Reply *reply);
        bool qualified; /* takes name:qualifier */
} operations[] = {
        { "GetAlias", lambda_get_alias_op, false },
        { "UpdateAlias", lambda_update_alias_op, false },
        { "CreateAlias", lambda_create_alias_op, false },
        { "DeleteAlias", lambda_delete_alias_op, false },
        { "ListAliases", lambda_list_aliases_op, false },
        { "GetFunction", lambda_get_function_op, true },
        { "GetFunctionConfiguration", lambda_get_configuration_op, true },
        { "ListVersionsByFunction", lambda_list_versions_op, false },
        { "UpdateFunctionCode", lambda_update_code_op, false },
        { "PublishVersion", lambda_publish_version_op, false },
        { "GetProvisionedConcurrencyConfig", lambda_get_provisioned_op, false },
        { "PutProvisionedConcurrencyConfig", lambda_put_provisioned_op, false },
        { "DeleteProvisionedConcurrencyConfig", lambda_delete_provisioned_op, false },
};

static const struct operation *operation_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(operations); i++)
                if (streq(operations[i].name, name))
                        return operations + i;
        return NULL;
}

int lambda_handle(World *w, Request *request, usec_t now, Reply *reply) {
        const struct operation *operation = operation_find(request->operation);
        const FunctionRef *ref = &request->function;
        Place place = request_place(request);
        Function *f;

        if (!operation)
                return reply_refuse(reply, 404, "UnknownOperationException", "Unknown operation");
        if (!request->function_valid)
                return refuse_function_name(request, reply);
        if (!operation->qualified && ref->qualifier[0] != '\0')
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "This operation does not support a qualified function name: %s",
                                request->function_ref);
        if (ref->region[0] != '\0' && !streq(ref->region, place.region))
                return reply_refuse(reply, 404, "ResourceNotFoundException",
                                "Functions from '%s' are not reachable in this region ('%s')", ref->region,
                                place.region);
        if (ref->account[0] != '\0' && !streq(ref->account, place.account))
                return reply_refuse(reply, 403, "AccessDeniedException",
                                "User is not authorized to perform: lambda:%s on resource: %s",
                                operation->name, request->function_ref);
        f = world_find_function(w, place, ref->name);
        if (!f)
                return lambda_refuse_missing_function(
                                place, ref->name, ref->qualifier[0] != '\0' ? ref->qualifier : NULL, reply);
        return operation->handle(w, f, request, now, reply);
}
