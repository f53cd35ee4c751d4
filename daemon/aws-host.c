#include "daemon/aws-host.h"

#include "base/alloc.h"
#include "base/map.h"

struct AwsHosts {
        Map *by_name;
        AwsHost others;
};

AwsHosts *aws_hosts_new(void) {
        _cleanup_(aws_hosts_freep) AwsHosts *h = alloc_one(AwsHosts);

        if (!h)
                return NULL;
        retry_quota_init(&h->others.quota);
        h->by_name = map_new();
        return h->by_name ? TAKE_PTR(h) : NULL;
}

AwsHosts *aws_hosts_free(AwsHosts *h) {
        size_t cursor = 0;
        const char *name;
        void *host;

        if (!h)
                return NULL;
        while (h->by_name && map_next(h->by_name, &cursor, &name, &host))
                free(host);
        (void) map_free(h->by_name);
        free(h);
        return NULL;
}

AwsHost *aws_hosts_get(AwsHosts *h, const char *name) {
        AwsHost *host = map_get(h->by_name, name);

        if (host)
                return host;
        if (map_size(h->by_name) >= AWS_HOSTS_MAX)
                return &h->others;
        host = alloc_one(AwsHost);
        if (!host)
                return NULL;
        retry_quota_init(&host->quota);
        if (map_put(h->by_name, name, host) < 0) {
                free(host);
                return NULL;
        }
        return host;
}
