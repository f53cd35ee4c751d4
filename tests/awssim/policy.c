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

/* What an action is checked against. Aliases, versions and code belong to the unqualified function,
 * provisioned concurrency to the qualified one. */
static void resource_of(const Request *request, char ret[static TEXT_MAX]) {
        const char *role = request->service == SERVICE_STS ? form_get(&request->query, "RoleArn") : NULL;
        const char *qualifier = streq(request->operation, "GetProvisionedConcurrencyConfig")
                        ? form_get(&request->query, "Qualifier")
                        : NULL;

        if (request->service == SERVICE_LAMBDA)
                (void) snprintf(ret, TEXT_MAX, "arn:aws:lambda:%s:%s:function:%s%s%s", request->region,
                                request->account, request->function.name, qualifier ? ":" : "",
                                qualifier ? qualifier : "");
        else
                (void) snprintf(ret, TEXT_MAX, "%s", role ? role : "*");
}

static bool is_allowed(
                const Request *request, const char *prefix, const char *operation, const char *resource) {
        const TextList *allows = request->allows;
        char action[TEXT_MAX];

        if (!allows || allows->n == 0)
                return true;
        (void) snprintf(action, sizeof(action), "%s:%s ", prefix, operation);
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
        if (!is_denied(request) && is_allowed(request, prefix, operation, resource))
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

int policy_check_object(const Request *request, const char *bucket, const char *key, bool has_version,
                Reply *reply) {
        char resource[TEXT_MAX + 1024];

        (void) snprintf(resource, sizeof(resource), "arn:aws:s3:::%s/%s", bucket, key);
        if (is_allowed(request, "s3", has_version ? "GetObjectVersion" : "GetObject", resource))
                return 0;
        return reply_refuse(reply, 403, "AccessDeniedException",
                        "Your access has been denied by S3, please make sure your request credentials have "
                        "permission to GetObject for %s/%s. S3 Error Code: AccessDenied. S3 Error Message: Access "
                        "Denied",
                        bucket, key);
}

int policy_check_image(const Request *request, const char *uri, Reply *reply) {
        static const char *const actions[] = { "BatchGetImage", "GetDownloadUrlForLayer" };
        char account[16], region[32], name[256], resource[TEXT_MAX];

        /* A repository of one's own account lets Lambda pull by itself. */
        if (sscanf(uri, "%15[0-9].dkr.ecr.%31[a-z0-9-].amazonaws.com/%255[^:@]", account, region, name) !=
                                        3 ||
                        streq(account, request->account))
                return 0;
        (void) snprintf(resource, sizeof(resource), "arn:aws:ecr:%s:%s:repository/%s", region, account,
                        name);
        for (size_t i = 0; i < ELEMENTSOF(actions); i++)
                if (!is_allowed(request, "ecr", actions[i], resource))
                        return reply_refuse(reply, 403, "AccessDeniedException",
                                        "Lambda does not have permission to access the ECR image. Check the ECR "
                                        "permissions.");
        return 0;
}
