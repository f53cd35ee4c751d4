#include "lib/test.h"

#include "codec/crc32.h"

TEST(the_check_value_of_the_standard) {
        EXPECT_INT(crc32_of("123456789", 9), 0xcbf43926);
}

TEST(nothing_is_zero) {
        EXPECT_INT(crc32_of("", 0), 0);
}

TEST(all_bytes) {
        unsigned char bytes[256];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char) i;
        EXPECT_INT(crc32_of(bytes, sizeof(bytes)), 0x29058c73);
}

TEST(each_single_bit_matters) {
        unsigned char bytes[64] = { 0 };
        uint32_t clean = crc32_of(bytes, sizeof(bytes));

        for (size_t i = 0; i < 8 * sizeof(bytes); i++) {
                bytes[i / 8] ^= (unsigned char) (1u << i % 8);
                EXPECT(crc32_of(bytes, sizeof(bytes)) != clean);
                bytes[i / 8] ^= (unsigned char) (1u << i % 8);
        }
}
