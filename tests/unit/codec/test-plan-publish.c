#include "golden.h"

#include "base/alloc.h"

#define SHA "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define ECR "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

static void expect(const char *publish, const char *words) {
        _cleanup_(freep) char *text = alloc_printf(
                        "format: 1\nfunction: f\nalias: live\npublish: %s\nstrategy: all-at-once\nhealth: {checks: "
                        "none}\n",
                        publish);
        _cleanup_(freep) char *found = golden_plan(text, strlen(text), "x.yaml");

        EXPECT_CONTAINS(found, words);
}

TEST(a_zip_file) {
        expect("{zip: /srv/a.zip}", "publish zip /srv/a.zip\n");
        expect("{zip: /srv/a..b/...zip}", "publish zip /srv/a..b/...zip\n");
        expect("{zip: /srv/.., sha256: " SHA "}", "without \"..\"");
        expect("{zip: ''}", "begin with \"/\"");
        expect("{zip: /}", "that is a directory");
        expect("{zip: [/srv/a.zip]}", "found a list");
        expect("{zip: }", "\"zip\" has no value");
}

TEST(paths_at_the_limit_and_beyond) {
        for (int n = 4094; n <= 4095; n++) {
                _cleanup_(freep) char *text = alloc_zero((size_t) n + 16);
                size_t at = strlen("{zip: /");

                EXPECT(text);
                memcpy(text, "{zip: /", at);
                memset(text + at, 'a', (size_t) n);
                text[at + (size_t) n] = '}';
                expect(text, n == 4094 ? "publish zip /aaa" : "no path is that long");
        }
}

TEST(a_hash) {
        expect("{zip: /a, sha256: " SHA "}", " sha256 " SHA "\n");
        expect("{zip: /a, sha256: }", "\"sha256\" has no value");
        expect("{zip: /a, sha256: " SHA "0}", "64 hexadecimal digits");
        expect("{latest: true, sha256: " SHA "}", "publish latest sha256 " SHA "\n");
        expect("{image: '" ECR "/f:1', sha256: " SHA "}", "belongs into its URI");
}

TEST(an_object) {
        expect("{s3: {bucket: abc, key: k}}", "publish s3 bucket abc key k version (the latest)\n");
        expect("{s3: {bucket: abc, key: k, version: v}, sha256: " SHA "}", "version v sha256 9f86");
        expect("{s3: {bucket: abc.}}", "buckets have letters");
        expect("{s3: {key: s3://abc/k, bucket: abc}}", "what is behind the bucket's name");
        expect("{s3: abc/k}", "\"s3\" must be a map");
}

TEST(an_image) {
        expect("{image: '" ECR "/f:1'}", "publish image " ECR "/f:1\n");
        expect("{image: '" ECR "/f@sha256:" SHA "'}", "publish image " ECR "/f@sha256:" SHA "\n");
        expect("{image: '" ECR "/f'}", "say which one");
        expect("{image: '" ECR "/:1'}", "repositories have");
}

TEST(what_is_there_already) {
        expect("latest", "publish latest\n");
        expect("{latest: true}", "publish latest\n");
        expect("{latest: false}", "must be the word true");
        expect("{latest: maybe}", "must be true or false");
        expect("Latest", "did you mean \"latest\"?");
}

TEST(just_one) {
        expect("{zip: /a, s3: {bucket: abc, key: k}}", "\"zip\" is there already");
        expect("{sha256: " SHA "}", "needs one of zip, s3, image or latest");
        expect("{zap: /a}", "did you mean \"zip\"?");
}
