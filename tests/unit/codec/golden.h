#pragma once

/* What a parser made of a text, as a text: findings as people see them, then the value it read. Compared
 * with NAME.expected beside each NAME.yaml of a folder under tests/data. */

#include "lib/test.h"

#include "base/usec.h"
#include "codec/conf.h"
#include "codec/plan-yaml.h"

/* The same for all tests: their bytes count up from 0. */
extern const uint8_t golden_sha256[PLAN_HASH_SIZE];

/* 2026-01-15T12:00:00Z: when all of them are read. */
#define GOLDEN_NOW (UINT64_C(1768478400) * USEC_PER_SEC)

/* Owned by the caller. "file" stands in the findings; its stem is the plan's default name. */
char *golden_plan(const char *text, size_t size, const char *file);
char *golden_conf(const char *text, size_t size, const char *file);

/* Fails the test unless "folder" has at least "least" NAME.yaml, each has its NAME.expected, and for each
 * "render" gives just that. Findings are wanted in each (want_errors) or in none. */
void golden_check_folder(const char *folder, size_t least, bool want_errors,
                char *(*render)(const char *text, size_t size, const char *file));

/* The findings of a plan that is made of "head" and the lines that the test is about. */
char *golden_plan_with(const char *lines);
