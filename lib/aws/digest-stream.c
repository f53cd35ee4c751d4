#include "aws/digest-stream.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"

struct DigestStream {
        EVP_MD_CTX *context;
};

int digest_stream_new(DigestStream **ret) {
        _cleanup_(digest_stream_freep) DigestStream *d = alloc_one(DigestStream);

        if (!d)
                return -ENOMEM;
        d->context = EVP_MD_CTX_new();
        if (!d->context)
                return -ENOMEM;
        if (EVP_DigestInit_ex2(d->context, EVP_sha256(), NULL) != 1)
                return -EIO;
        *ret = TAKE_PTR(d);
        return 0;
}

DigestStream *digest_stream_free(DigestStream *d) {
        if (!d)
                return NULL;
        EVP_MD_CTX_free(d->context);
        free(d);
        return NULL;
}

int digest_stream_add(DigestStream *d, const void *data, size_t size) {
        return EVP_DigestUpdate(d->context, data, size) == 1 ? 0 : -EIO;
}

int digest_stream_finish(DigestStream *d, uint8_t ret[static DIGEST_SIZE]) {
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (EVP_DigestFinal_ex(d->context, digest, &n) != 1 || n != DIGEST_SIZE)
                return -EIO;
        memcpy(ret, digest, DIGEST_SIZE);
        return 0;
}
