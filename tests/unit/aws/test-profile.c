#include "aws/profile.h"

#include "base/str.h"
#include "lib/test.h"

static const char config_text[] = "[default]\nregion = eu-west-1\n"
                                  "[profile prod]\nregion = eu-west-2\noutput = json\n"
                                  "[profile staging]\n"
                                  "[prod-of-nobody]\nregion = eu-west-9\n"
                                  "[services x]\n[sso-session y]\n";
static const char credentials_text[] = "[prod]\nregion = eu-west-3\n[bare]\nregion = eu-west-4\n";

typedef struct Files {
        Ini *config, *credentials;
} Files;

static void files_done(Files *f) {
        f->config = ini_free(f->config);
        f->credentials = ini_free(f->credentials);
}

static ProfileFiles open_files(Files *f, const char *config, const char *credentials) {
        char error[DIAG_MESSAGE_MAX];

        EXPECT_OK(ini_parse(config, strlen(config), &f->config, error));
        EXPECT_OK(ini_parse(credentials, strlen(credentials), &f->credentials, error));
        return (ProfileFiles){ f->config, f->credentials };
}

TEST(lookup) {
        _cleanup_(files_done) Files f = { 0 };
        ProfileFiles files = open_files(&f, config_text, credentials_text), none = { 0 };

        EXPECT_STR(profile_get(&files, "default", "region"), "eu-west-1");
        EXPECT_STR(profile_get(&files, "prod", "region"), "eu-west-3"); /* the credentials file wins */
        EXPECT_STR(profile_get(&files, "prod", "output"), "json");
        EXPECT_STR(profile_get(&files, "bare", "region"), "eu-west-4");
        EXPECT(!profile_get(&files, "prod-of-nobody", "region"));
        EXPECT(!profile_get(&files, "absent", "region"));
        EXPECT(!profile_get(&none, "default", "region"));
        EXPECT(profile_exists(&files, "staging") && profile_exists(&files, "bare"));
        EXPECT(!profile_exists(&files, "x") && !profile_exists(&files, "services x"));
        EXPECT(!profile_exists(&none, "default"));
}

TEST(default_has_two_names) {
        _cleanup_(files_done) Files f = { 0 };
        ProfileFiles files = open_files(&f, "[default]\na = 1\n[profile default]\na = 2\n", "");

        EXPECT_STR(profile_get(&files, "default", "a"), "2");
}

TEST(walk) {
        static const char *const expected[] = { "default", "prod", "staging", "bare" };
        _cleanup_(files_done) Files f = { 0 };
        ProfileFiles files = open_files(&f, config_text, credentials_text);
        ProfileCursor cursor = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                EXPECT_STR(profile_next(&files, &cursor), expected[i]);
        EXPECT(!profile_next(&files, &cursor));
        EXPECT(!profile_next(&files, &cursor));
}

TEST(suggestions) {
        _cleanup_(files_done) Files f = { 0 }, g = { 0 };
        ProfileFiles files = open_files(&f, config_text, credentials_text),
                     odd = open_files(&g, "[profile a\x1b[2J]\n[profile \xff]\n", "[\xe2\x80\xae]\n"),
                     none = { 0 };
        char text[160], small[20];

        profile_suggest(&files, "prdo", text, sizeof(text));
        EXPECT_STR(text, "did you mean \"prod\"?");
        profile_suggest(&files, "something-else", text, sizeof(text));
        EXPECT_STR(text, "there is \"default\", \"prod\", \"staging\", \"bare\"");
        profile_suggest(&files, "something-else", small, sizeof(small));
        EXPECT_STR(small, "there is \"default\"");
        /* What could harm a terminal is not shown. */
        profile_suggest(&odd, "a", text, sizeof(text));
        EXPECT_STR(text, "there is none at all");
        profile_suggest(&none, "a", text, sizeof(text));
        EXPECT_STR(text, "there is none at all");
}

TEST(names_have_a_maximum) {
        _cleanup_(files_done) Files f = { 0 };
        ProfileFiles files = open_files(&f, config_text, credentials_text);
        char name[2 * PROFILE_SECTION_MAX];

        memset(name, 'a', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        EXPECT(!profile_exists(&files, name));
        EXPECT(!profile_get(&files, name, "region"));
}
