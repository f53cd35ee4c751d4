#include "aws/base64.h"

#include "lib/test.h"

TEST(vectors_of_rfc_4648) {
        static const struct {
                const char *data, *text;
        } vectors[] = {
                { "", "" },
                { "f", "Zg==" },
                { "fo", "Zm8=" },
                { "foo", "Zm9v" },
                { "foob", "Zm9vYg==" },
                { "fooba", "Zm9vYmE=" },
                { "foobar", "Zm9vYmFy" },
        };

        for (size_t i = 0; i < ELEMENTSOF(vectors); i++) {
                char text[16] = "";
                size_t n = strlen(vectors[i].data);

                base64_encode(vectors[i].data, n, text);
                EXPECT_STR(text, vectors[i].text);
                EXPECT_INT(BASE64_SIZE(n), strlen(vectors[i].text));
        }
}

TEST(every_digit) {
        uint8_t data[48];
        char text[65] = "";

        for (unsigned i = 0; i < 16; i++) {
                unsigned a = 4 * i, group = a << 18 | (a + 1) << 12 | (a + 2) << 6 | (a + 3);

                data[3 * i] = (uint8_t) (group >> 16);
                data[3 * i + 1] = (uint8_t) (group >> 8);
                data[3 * i + 2] = (uint8_t) group;
        }
        base64_encode(data, sizeof(data), text);
        EXPECT_STR(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}
