#include "aws/base64.h"

static void encode_group(const uint8_t *in, size_t n, char *out) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        uint32_t group = (uint32_t) in[0] << 16 | (n > 1 ? (uint32_t) in[1] << 8 : 0) | (n > 2 ? in[2] : 0);

        out[0] = digits[group >> 18];
        out[1] = digits[group >> 12 & 0x3f];
        out[2] = n > 1 ? digits[group >> 6 & 0x3f] : '=';
        out[3] = n > 2 ? digits[group & 0x3f] : '=';
}

void base64_encode(const void *data, size_t size, char *dst) {
        const uint8_t *in = data;

        for (size_t i = 0; i < size; i += 3, dst += 4)
                encode_group(in + i, size - i, dst);
}
