#include "aws/digest.h"

#include "lib/test.h"

TEST(sha256_of_known_texts) {
        char hex[DIGEST_HEX_MAX];

        EXPECT_OK(digest_sha256_hex("", 0, hex));
        EXPECT_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        EXPECT_OK(digest_sha256_hex(NULL, 0, hex));
        EXPECT_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        EXPECT_OK(digest_sha256_hex("abc", 3, hex));
        EXPECT_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        EXPECT_OK(digest_sha256_hex("a\0b", 3, hex));
        EXPECT_STR(hex, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
}

/* RFC 4231, test cases 1, 2 and 6. */
TEST(hmac_of_rfc_4231) {
        uint8_t digest[DIGEST_SIZE], key[131];
        char hex[DIGEST_HEX_MAX];
        static const char long_key_data[] = "Test Using Larger Than Block-Size Key - Hash Key First";

        memset(key, 0x0b, sizeof(key));
        EXPECT_OK(digest_hmac(key, 20, "Hi There", 8, digest));
        digest_to_hex(digest, hex);
        EXPECT_STR(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        EXPECT_OK(digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, digest));
        digest_to_hex(digest, hex);
        EXPECT_STR(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        memset(key, 0xaa, sizeof(key));
        EXPECT_OK(digest_hmac(key, sizeof(key), long_key_data, strlen(long_key_data), digest));
        digest_to_hex(digest, hex);
        EXPECT_STR(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(hmac_with_an_empty_key) {
        uint8_t digest[DIGEST_SIZE];
        char hex[DIGEST_HEX_MAX];

        EXPECT_OK(digest_hmac(NULL, 0, "", 0, digest));
        digest_to_hex(digest, hex);
        EXPECT_STR(hex, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* derive_key() of the signer feeds one result into the next. */
TEST(hmac_may_write_over_its_key) {
        uint8_t key[DIGEST_SIZE] = { 1, 2, 3 }, expected[DIGEST_SIZE];

        EXPECT_OK(digest_hmac(key, sizeof(key), "x", 1, expected));
        EXPECT_OK(digest_hmac(key, sizeof(key), "x", 1, key));
        EXPECT(memcmp(key, expected, sizeof(key)) == 0);
}
