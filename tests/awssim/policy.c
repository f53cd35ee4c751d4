#include "awssim/policy.h"

#include "base/str.h"

static const char *service_prefix(const Request *request) {
        return request->service == SERVICE_LAMBDA         ? "lambda"
                        : request->service == SERVICE_STS ? "sts"
                                                          : "cloudwatch";
}

int policy_check(const Request *request, Reply *reply) {
        const char *operation = request->operation;
        const TextList *denies;

        /* Everybody may ask who they are. */
        if (!request->role || streq(operation, "GetCallerIdentity"))
                return 0;
        denies = &request->role->denies;
        if (!text_list_has(denies, operation) && !text_list_has(denies, "*"))
                return 0;
        if (request->service != SERVICE_LAMBDA)
                return reply_refuse(reply, 403, "AccessDeniedException",
                                "User: %s is not authorized to perform: %s:%s because no identity-based policy "
                                "allows the %s:%s action",
                                request->caller, service_prefix(request), operation, service_prefix(request),
                                operation);
        return reply_refuse(reply, 403, "AccessDeniedException",
                        "User: %s is not authorized to perform: lambda:%s on resource: "
                        "arn:aws:lambda:%s:%s:function:%s because no identity-based policy allows the lambda:%s "
                        "action",
                        request->caller, operation, request->region, request->account,
                        request->function.name, operation);
}
