#include "aws/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/macro.h"

int digest_sha256(const void *data, size_t size, uint8_t ret[static DIGEST_SIZE]) {
        uint8_t digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (EVP_Digest(data, size, digest, &n, EVP_sha256(), NULL) != 1 || n != DIGEST_SIZE)
                return -EIO;
        memcpy(ret, digest, DIGEST_SIZE);
        return 0;
}

int digest_hmac(const void *key, size_t key_size, const void *data, size_t size,
                uint8_t ret[static DIGEST_SIZE]) {
        uint8_t digest[DIGEST_SIZE];
        size_t n = 0;

        /* A key of NULL would mean "keep the last one" to OpenSSL. */
        if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key ? key : "", key_size, data, size, digest,
                            sizeof(digest), &n) ||
                        n != DIGEST_SIZE)
                return -EIO;
        memcpy(ret, digest, DIGEST_SIZE);
        explicit_bzero(digest, sizeof(digest)); /* on the way to a signature it is a derived key */
        return 0;
}

int digest_sha256_hex(const void *data, size_t size, char ret[static DIGEST_HEX_MAX]) {
        uint8_t digest[DIGEST_SIZE];
        int r = digest_sha256(data, size, digest);

        if (r < 0)
                return r;
        digest_to_hex(digest, ret);
        return 0;
}

void digest_to_hex(const uint8_t digest[static DIGEST_SIZE], char ret[static DIGEST_HEX_MAX]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < DIGEST_SIZE; i++) {
                ret[2 * i] = digits[digest[i] >> 4];
                ret[2 * i + 1] = digits[digest[i] & 0xf];
        }
        ret[2 * DIGEST_SIZE] = '\0';
}
