#include "daemon/aws-env.h"

#include <stdlib.h>

#include "lib/test.h"

TEST(empty_and_unset_are_the_same) {
        AwsEnv env;

        EXPECT_OK(unsetenv("AWS_PROFILE"));
        EXPECT_OK(setenv("AWS_DEFAULT_PROFILE", "", 1));
        EXPECT_OK(setenv("AWS_ROLE_ARN", "", 1));
        aws_env_read(&env);
        EXPECT(!env.profile);
        EXPECT(!env.role_arn);
}

TEST(the_second_name_counts_without_the_first) {
        AwsEnv env;

        EXPECT_OK(setenv("AWS_REGION", "", 1));
        EXPECT_OK(setenv("AWS_DEFAULT_REGION", "eu-west-2", 1));
        EXPECT_OK(setenv("AWS_PROFILE", "one", 1));
        EXPECT_OK(setenv("AWS_DEFAULT_PROFILE", "two", 1));
        EXPECT_OK(setenv("AWS_SECURITY_TOKEN", "old", 1));
        EXPECT_OK(unsetenv("AWS_SESSION_TOKEN"));
        aws_env_read(&env);
        EXPECT_STR(env.region, "eu-west-2");
        EXPECT_STR(env.profile, "one");
        EXPECT_STR(env.session_token, "old");
}

TEST(every_variable_goes_where_it_belongs) {
        AwsEnv env;

        EXPECT_OK(setenv("HOME", "/srv/x", 1));
        EXPECT_OK(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1));
        EXPECT_OK(setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a", 1));
        EXPECT_OK(setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "b", 1));
        EXPECT_OK(setenv("AWS_ENDPOINT_URL_STS", "c", 1));
        EXPECT_OK(setenv("AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true", 1));
        aws_env_read(&env);
        EXPECT_STR(env.home, "/srv/x");
        EXPECT_STR(env.credentials_directory, "/run/credentials/x");
        EXPECT_STR(env.container_token, "a");
        EXPECT_STR(env.container_token_file, "b");
        EXPECT_STR(env.endpoint_url_sts, "c");
        EXPECT_STR(env.disable_skew_correction, "true");
}
