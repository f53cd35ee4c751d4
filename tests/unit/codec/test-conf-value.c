#include "codec/conf-value.h"

#include "lib/test.h"

#define LONG_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *(*fault)(const char *s), const char *const *good, const char *const *bad) {
        for (size_t i = 0; good[i]; i++)
                if (fault(good[i]))
                        FAIL("%s is refused: %s", good[i], fault(good[i]));
        for (size_t i = 0; bad[i]; i++)
                if (!fault(bad[i]))
                        FAIL("%s is accepted", bad[i]);
}

TEST(paths) {
        expect(conf_path_fault, (const char *const[]){ "/", "/etc/canaryd", "/with blank", NULL },
                        (const char *const[]){ "", "etc", "~/x", "/a/$HOME", "/a/%h", "/a\nb", NULL });
}

TEST(profiles) {
        expect(conf_profile_fault, (const char *const[]){ "default", "prod admin", NULL },
                        (const char *const[]){ "a]", "[a", "a\tb", LONG_64 LONG_64 "x", NULL });
}

TEST(urls) {
        expect(conf_url_fault,
                        (const char *const[]){ "https://a", "http://[::1]:4566/base",
                                        "https://a.example.com:1/", NULL },
                        (const char *const[]){ "", "a", "https://", "https://u@a", "https://a?b",
                                        "https://a:0", NULL });
}

TEST(flags) {
        bool flag = false;

        EXPECT(!conf_flag_fault("true", &flag));
        EXPECT(flag);
        EXPECT(conf_flag_fault("yes", &flag));
        EXPECT(conf_flag_fault("", &flag));
        EXPECT(flag);
        EXPECT(!conf_flag_fault("false", &flag));
        EXPECT(!flag);
}

TEST(rates_at_their_limits_and_beyond) {
        double rate = 1;

        EXPECT(!conf_rate_fault("0.5", &rate));
        EXPECT(rate < 0.51);
        EXPECT(!conf_rate_fault("10000", &rate));
        EXPECT(conf_rate_fault("0.49", &rate));
        EXPECT(conf_rate_fault("10001", &rate));
        EXPECT(conf_rate_fault("-1", &rate));
        EXPECT(conf_rate_fault("ten", &rate));
        EXPECT(rate > 9999);
}
