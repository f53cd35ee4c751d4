#include "awssim/policy.h"

#include <fnmatch.h>
#include <stdio.h>

#include "base/str.h"

#define TEXT_MAX ((size_t) 512)

static const char *service_prefix(const Request *request) {
        return request->service == SERVICE_LAMBDA         ? "lambda"
                        : request->service == SERVICE_STS ? "sts"
                                                          : "cloudwatch";
}

/* What an action is checked against. Aliases, versions and code belong to the unqualified function. */
static void resource_of(const Request *request, char ret[static TEXT_MAX]) {
        const char *role = request->service == SERVICE_STS ? form_get(&request->query, "RoleArn") : NULL;

        if (request->service == SERVICE_LAMBDA)
                (void) snprintf(ret, TEXT_MAX, "arn:aws:lambda:%s:%s:function:%s", request->region,
                                request->account, request->function.name);
        else
                (void) snprintf(ret, TEXT_MAX, "%s", role ? role : "*");
}

static bool is_allowed(const Request *request, const char *resource) {
        const TextList *allows = request->allows;
        char action[TEXT_MAX];

        if (!allows || allows->n == 0)
                return true;
        (void) snprintf(action, sizeof(action), "%s:%s ", service_prefix(request), request->operation);
        for (size_t i = 0; i < allows->n; i++) {
                const char *pattern = str_after(allows->items[i], action);

                if (pattern && fnmatch(pattern, resource, 0) == 0)
                        return true;
        }
        return false;
}

static bool is_denied(const Request *request) {
        return request->role &&
                        (text_list_has(&request->role->denies, request->operation) ||
                                        text_list_has(&request->role->denies, "*"));
}

int policy_check(const Request *request, Reply *reply) {
        const char *operation = request->operation, *prefix = service_prefix(request);
        char resource[TEXT_MAX];

        /* Everybody may ask who they are. */
        if (streq(operation, "GetCallerIdentity"))
                return 0;
        resource_of(request, resource);
        if (!is_denied(request) && is_allowed(request, resource))
                return 0;
        if (request->service != SERVICE_LAMBDA)
                return reply_refuse(reply, 403, "AccessDeniedException",
                                "User: %s is not authorized to perform: %s:%s because no identity-based policy "
                                "allows the %s:%s action",
                                request->caller, prefix, operation, prefix, operation);
        return reply_refuse(reply, 403, "AccessDeniedException",
                        "User: %s is not authorized to perform: lambda:%s on resource: %s because no "
                        "identity-based policy allows the lambda:%s action",
                        request->caller, operation, resource, operation);
}
