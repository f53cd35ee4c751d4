#include "aws/digest-stream.h"

#include "lib/fault.h"
#include "lib/test.h"

TEST(pieces_make_the_whole) {
        static const char text[] = "The quick brown fox jumps over the lazy dog";
        uint8_t whole[DIGEST_SIZE], pieces[DIGEST_SIZE];

        EXPECT_OK(digest_sha256(text, strlen(text), whole));
        for (size_t cut = 0; cut <= strlen(text); cut++) {
                _cleanup_(digest_stream_freep) DigestStream *d = NULL;

                EXPECT_OK(digest_stream_new(&d));
                EXPECT_OK(digest_stream_add(d, text, cut));
                EXPECT_OK(digest_stream_add(d, text + cut, strlen(text) - cut));
                EXPECT_OK(digest_stream_finish(d, pieces));
                EXPECT(memcmp(whole, pieces, DIGEST_SIZE) == 0);
        }
}

TEST(nothing_at_all) {
        _cleanup_(digest_stream_freep) DigestStream *d = NULL;
        uint8_t digest[DIGEST_SIZE];
        char hex[DIGEST_HEX_MAX];

        EXPECT_OK(digest_stream_new(&d));
        EXPECT_OK(digest_stream_finish(d, digest));
        digest_to_hex(digest, hex);
        EXPECT_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(without_memory) {
        DigestStream *d = NULL;

        fault_arm(1);
        EXPECT_INT(digest_stream_new(&d), -ENOMEM);
        EXPECT(fault_struck() && !d);
}
