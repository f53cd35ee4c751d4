#include "awssim/request.h"

#include <stdio.h>

#include "aws/uri.h"
#include "base/alloc.h"
#include "base/str.h"

#define SEGMENTS_MAX 6

Request *request_new(const char *target, bool tls) {
        _cleanup_(request_freep) Request *r = alloc_one(Request);
        const char *query = strchr(target, '?');

        if (!r)
                return NULL;
        r->body = BUF_INIT(str_ends_with(target, "/code") ? REQUEST_CODE_MAX : REQUEST_BODY_MAX);
        r->served = BUF_INIT(16 * 1024 * 1024);
        r->http.tls = tls;
        r->http.path = alloc_copy_bytes(target, query ? (size_t) (query - target) : strlen(target));
        r->http.query = alloc_copy_string(query ? query + 1 : "");
        if (!r->http.path || !r->http.query)
                return NULL;
        return TAKE_PTR(r);
}

Request *request_free(Request *r) {
        if (!r)
                return NULL;
        http_request_done(&r->http);
        buf_done(&r->body);
        buf_done(&r->served);
        form_done(&r->query);
        free(r->function_ref);
        free(r->alias);
        free(r->instance_role);
        free(r);
        return NULL;
}

void request_set_method(Request *r, const char *method) {
        static const struct {
                const char *name;
                HttpMethod method;
        } methods[] = { { "GET", HTTP_GET }, { "POST", HTTP_POST }, { "PUT", HTTP_PUT },
                { "DELETE", HTTP_DELETE } };

        if (str_copy(r->method, sizeof(r->method), method) < 0)
                r->odd = true;
        for (size_t i = 0; i < ELEMENTSOF(methods); i++)
                if (streq(method, methods[i].name)) {
                        r->http.method = methods[i].method;
                        return;
                }
        r->odd = true;
}

int request_add_header(Request *r, const char *name, const char *value) {
        int n;

        if (strcaseeq(name, "host")) {
                free(r->http.host);
                r->http.host = alloc_copy_string(value);
                return r->http.host ? 0 : -ENOMEM;
        }
        n = http_request_add_header(&r->http, name, value);
        if (n == -ENOMEM)
                return n;
        if (n < 0)
                r->odd = true;
        return 0;
}

int function_ref_parse(const char *s, FunctionRef *ret) {
        char text[256];
        char *parts[9], *rest = text, *part;
        size_t n = 0, i = 0;
        FunctionRef ref = {};

        if (strlen(s) > 140 || str_copy(text, sizeof(text), s) < 0)
                return -EINVAL;
        while ((part = strsep(&rest, ":"))) {
                if (n == ELEMENTSOF(parts) || *part == '\0')
                        return -EINVAL;
                parts[n++] = part;
        }
        if (n > 6 && streq(parts[0], "arn") && streq(parts[2], "lambda")) {
                if (str_copy(ref.region, sizeof(ref.region), parts[3]) < 0)
                        return -EINVAL;
                i = 4;
        }
        if (i + 1 < n && strlen(parts[i]) == 12 && strspn(parts[i], "0123456789") == 12)
                (void) str_copy(ref.account, sizeof(ref.account), parts[i++]);
        if (i + 1 < n && streq(parts[i], "function"))
                i++;
        if (i >= n || str_copy(ref.name, sizeof(ref.name), parts[i++]) < 0)
                return -EINVAL;
        if (i < n && str_copy(ref.qualifier, sizeof(ref.qualifier), parts[i++]) < 0)
                return -EINVAL;
        if (i != n || strpbrk(ref.name, "$ /."))
                return -EINVAL;
        *ret = ref;
        return 0;
}

/* Decoded path segments; an empty last one does not count. */
static int path_split(const char *path, char *segments[static SEGMENTS_MAX], size_t *ret_n) {
        while (*path == '/' && path[1] != '\0') {
                size_t length = strcspn(++path, "/");
                int r;

                if (*ret_n == SEGMENTS_MAX)
                        return -EINVAL;
                r = uri_decode(path, length, segments + *ret_n);
                if (r < 0)
                        return r;
                (*ret_n)++;
                path += length;
        }
        return 0;
}

static const char *lambda_operation(const char *method, const char *tail, bool named) {
        static const struct {
                const char *method, *tail;
                bool named;
                const char *operation;
        } table[] = {
                { "GET", "aliases", true, "GetAlias" },
                { "PUT", "aliases", true, "UpdateAlias" },
                { "DELETE", "aliases", true, "DeleteAlias" },
                { "GET", "aliases", false, "ListAliases" },
                { "POST", "aliases", false, "CreateAlias" },
                { "GET", "configuration", false, "GetFunctionConfiguration" },
                { "GET", "versions", false, "ListVersionsByFunction" },
                { "POST", "versions", false, "PublishVersion" },
                { "PUT", "code", false, "UpdateFunctionCode" },
                { "GET", "provisioned-concurrency", false, "GetProvisionedConcurrencyConfig" },
                { "PUT", "provisioned-concurrency", false, "PutProvisionedConcurrencyConfig" },
                { "DELETE", "provisioned-concurrency", false, "DeleteProvisionedConcurrencyConfig" },
                { "GET", "", false, "GetFunction" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (streq(table[i].method, method) && streq(table[i].tail, tail) && table[i].named == named)
                        return table[i].operation;
        return NULL;
}

static void route_lambda(Request *r, char **segments, size_t n) {
        const char *operation = lambda_operation(r->method, n > 3 ? segments[3] : "", n == 5);

        if (!operation)
                return;
        r->service = SERVICE_LAMBDA;
        r->protocol = PROTOCOL_REST_JSON;
        (void) str_copy(r->operation, sizeof(r->operation), operation);
        r->function_ref = TAKE_PTR(segments[2]);
        r->function_valid = function_ref_parse(r->function_ref, &r->function) >= 0;
        if (n == 5)
                r->alias = TAKE_PTR(segments[4]);
}

static int route_root(Request *r) {
        const char *target = http_request_header(&r->http, "x-amz-target"), *operation;
        const char *type = http_request_header(&r->http, "content-type");
        const char *mode = http_request_header(&r->http, "x-amzn-query-mode"), *version;
        int n;

        if (target) {
                operation = str_after(target, "GraniteServiceVersion20100801.");
                if (!operation || str_copy(r->operation, sizeof(r->operation), operation) < 0)
                        return 0;
                r->service = SERVICE_CLOUDWATCH;
                r->protocol = PROTOCOL_JSON;
                r->query_mode = mode && streq(mode, "true");
                return 0;
        }
        if (!type || !str_after(type, "application/x-www-form-urlencoded"))
                return 0;
        form_done(&r->query);
        n = form_parse(r->http.body ? r->http.body : "", r->http.body_size, &r->query);
        if (n == -ENOMEM)
                return n;
        operation = form_get(&r->query, "Action");
        if (n < 0 || !operation || str_copy(r->operation, sizeof(r->operation), operation) < 0)
                return 0;
        version = form_get(&r->query, "Version");
        r->service = version && streq(version, "2011-06-15") ? SERVICE_STS : SERVICE_CLOUDWATCH;
        r->protocol = PROTOCOL_QUERY;
        return 0;
}

/* Below /latest: the token, the name of the role, its credentials. */
static void route_imds(Request *r, char **segments, size_t n) {
        static const char *const credentials[] = { "latest", "meta-data", "iam", "security-credentials" };

        r->service = SERVICE_IMDS;
        r->protocol = PROTOCOL_PLAIN;
        if (n == 3 && streq(segments[1], "api") && streq(segments[2], "token")) {
                (void) str_copy(r->operation, sizeof(r->operation), "ImdsToken");
                return;
        }
        (void) str_copy(r->operation, sizeof(r->operation), "ImdsOther");
        for (size_t i = 0; i < ELEMENTSOF(credentials); i++)
                if (n <= i || !streq(segments[i], credentials[i]))
                        return;
        if (n == ELEMENTSOF(credentials))
                (void) str_copy(r->operation, sizeof(r->operation), "ImdsRole");
        else if (n == ELEMENTSOF(credentials) + 1) {
                (void) str_copy(r->operation, sizeof(r->operation), "ImdsCredentials");
                r->instance_role = TAKE_PTR(segments[n - 1]);
        }
}

static void route_container(Request *r) {
        r->service = SERVICE_CONTAINER;
        r->protocol = PROTOCOL_REST_JSON;
        (void) str_copy(r->operation, sizeof(r->operation), "ContainerCredentials");
}

static void route_code(Request *r) {
        r->service = SERVICE_CODE;
        r->protocol = PROTOCOL_PLAIN;
        (void) str_copy(r->operation, sizeof(r->operation), "GetCode");
}

/* Each operation in the API's version that has it. */
static bool is_function_path(char **segments, size_t n) {
        bool is_newer = n == 4 && streq(segments[3], "provisioned-concurrency");

        return n >= 3 && n <= 5 && streq(segments[0], is_newer ? "2019-09-30" : "2015-03-31") &&
                        streq(segments[1], "functions");
}

static void segments_done(char **segments) {
        for (size_t i = 0; i < SEGMENTS_MAX; i++)
                free(segments[i]);
}

int request_route(Request *r, const Scenario *scenario) {
        char *segments[SEGMENTS_MAX] = {};
        size_t n = 0;
        int k;

        k = form_parse(r->http.query, strlen(r->http.query), &r->query);
        if (k >= 0)
                k = path_split(r->http.path, segments, &n);
        if (k < 0 || r->odd)
                r->odd = true;
        else if (scenario->container.role && streq(r->http.path, scenario->container.path))
                route_container(r);
        else if (scenario->imds.role && n > 0 && streq(segments[0], "latest"))
                route_imds(r, segments, n);
        else if (n == 0 && streq(r->method, "POST"))
                k = route_root(r);
        else if (n == 2 && streq(segments[0], "_sim")) {
                r->service = SERVICE_CONTROL;
                k = snprintf(r->operation, sizeof(r->operation), "_sim/%.50s", segments[1]);
        } else if (n == 2 && streq(segments[0], "_code") && streq(r->method, "GET"))
                route_code(r);
        else if (is_function_path(segments, n))
                route_lambda(r, segments, n);
        segments_done(segments);
        return k == -ENOMEM ? k : 0;
}
