#pragma once

/* SHA-256 and HMAC-SHA-256 over OpenSSL. -EIO: the library refused (no provider, FIPS policy). */

#include "base/forward.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_MAX 65 /* 64 digits and the NUL */

int digest_sha256(const void *data, size_t size, uint8_t ret[static DIGEST_SIZE]);
int digest_hmac(const void *key, size_t key_size, const void *data, size_t size,
                uint8_t ret[static DIGEST_SIZE]);

/* Lower case. */
int digest_sha256_hex(const void *data, size_t size, char ret[static DIGEST_HEX_MAX]);
void digest_to_hex(const uint8_t digest[static DIGEST_SIZE], char ret[static DIGEST_HEX_MAX]);
