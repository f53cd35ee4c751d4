#pragma once

/* The environment as aws/env.h wants it. */

#include "aws/env.h"

/* Everything is borrowed from the environment, which nobody changes. */
void aws_env_read(AwsEnv *ret);
