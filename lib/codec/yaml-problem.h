#pragma once

/* libyaml's complaints in words that help: what is wrong, and what to do. */

#include "base/forward.h"

/* problem and context: as in yaml_parser_t, either may be NULL. at: the character at the place. Never NULL.
 */
const char *yaml_problem_explain(const char *problem, const char *context, char at);
