#include "golden.h"

#include "base/alloc.h"
#include "lib/fault.h"

TEST(good_files) {
        golden_check_folder("conf/good", 5, false, golden_conf);
}

TEST(bad_files) {
        golden_check_folder("conf/bad", 20, true, golden_conf);
}

TEST(defaults) {
        _cleanup_(conf_freep) Conf *conf = NULL;
        DiagList diags = { 0 };

        EXPECT_OK(conf_parse("", 0, &diags, &conf));
        EXPECT_STR(conf->plans, "/etc/canaryd/plans");
        EXPECT_STR(conf->state, "/var/lib/canaryd");
        EXPECT_STR(conf->run, "/run/canaryd");
        EXPECT(!conf->aws_region && !conf->aws_profile && !conf->aws_endpoint_url);
}

TEST(bytes_at_the_limit_and_beyond) {
        _cleanup_(freep) char *text = alloc_zero(CONF_BYTES_MAX + 1);
        _cleanup_(conf_freep) Conf *conf = NULL, *none = NULL;
        DiagList diags = { 0 };

        EXPECT(text);
        memset(text, '#', CONF_BYTES_MAX + 1);
        EXPECT_OK(conf_parse(text, CONF_BYTES_MAX, &diags, &conf));
        EXPECT_INT(conf_parse(text, CONF_BYTES_MAX + 1, &diags, &none), -EBADMSG);
        EXPECT(!none);
}

static void expect_url(const char *url, bool good) {
        _cleanup_(freep) char *text = alloc_printf("aws: {endpoint_url: '%s'}\n", url);
        _cleanup_(conf_freep) Conf *conf = NULL;
        DiagList diags = { 0 };

        EXPECT(text);
        if (conf_parse(text, strlen(text), &diags, &conf) != (good ? 0 : -EBADMSG))
                FAIL("%s is %s", url, good ? "refused" : "accepted");
}

TEST(urls) {
        static const char *const good[] = { "https://a", "http://127.0.0.1:4566",
                "https://a.example.com:1/x/y", "https://[::1]", "https://[::1]:65535/",
                "https://a.example.com/" };
        static const char *const bad[] = { "", "a", "https://", "https:///", "https://:80",
                "https://a:", "https://a:0", "https://a:65536", "https://a:x", "https://a:999999",
                "https://[::1", "https://[::1]x", "https://a b", "https://a?b", "https://a#b", "https://u@a",
                "HTTPS://a", "ws://a", "https://a_b", "https://a\\b" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                expect_url(good[i], true);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                expect_url(bad[i], false);
}

TEST(passwords_are_not_repeated) {
        static const char text[] = "aws: {endpoint_url: 'https://user:hunter2@example.com'}\n";
        Conf *conf = NULL;
        DiagList diags = { 0 };

        EXPECT_INT(conf_parse(text, strlen(text), &diags, &conf), -EBADMSG);
        EXPECT_INT(diags.n, 1);
        EXPECT(!strstr(diags.entries[0].message, "hunter2"));
}

TEST(out_of_memory_anywhere) {
        size_t size;
        _cleanup_(freep) char *text = test_read("conf/good/everything.yaml", &size);

        FAULT_LOOP {
                _cleanup_(conf_freep) Conf *conf = NULL;
                DiagList diags = { 0 };
                int r = conf_parse(text, size, &diags, &conf);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 10);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!conf);
        }
}
