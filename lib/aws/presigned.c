#include "aws/presigned.h"

#include <string.h>

#include "aws/endpoint.h"
#include "base/alloc.h"
#include "base/str.h"

/* Path and query of an address go out as they came: printable, without what would end them early. */
static bool is_sendable(const char *s) {
        for (; *s; s++)
                if (*s <= ' ' || *s > '~' || strchr("\"<>\\^`{|}#", *s))
                        return false;
        return true;
}

int presigned_request(const char *url, bool allows_http, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { .method = HTTP_GET };
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        _cleanup_(freep) char *authority = NULL;
        const char *host, *path, *query;
        int r;

        if (strnlen(url, PRESIGNED_URL_MAX + 1) > PRESIGNED_URL_MAX)
                return -EINVAL;
        host = strstr(url, "://");
        if (!host)
                return -EINVAL;
        host += strlen("://");
        path = host + strcspn(host, "/?#");
        if (*path != '/' || !is_sendable(path))
                return -EINVAL;
        authority = alloc_copy_bytes(url, (size_t) (path - url));
        if (!authority)
                return -ENOMEM;
        r = aws_endpoint_from_url(authority, &endpoint);
        if (r < 0)
                return r;
        if (!endpoint.tls && !allows_http)
                return -EINVAL;
        query = path + strcspn(path, "?");
        request.tls = endpoint.tls;
        request.host = TAKE_PTR(endpoint.host);
        request.path = alloc_copy_bytes(path, (size_t) (query - path));
        if (!request.path)
                return -ENOMEM;
        if (*query == '?' && alloc_copy_optional(query + 1, &request.query) < 0)
                return -ENOMEM;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}
