#pragma once

/* The values of a plan: scalar nodes -> numbers, each refused with place, reason and advice. All return
 * false, with a finding in diags and *ret untouched, when the value is not good. */

#include "codec/yaml-node.h"

#define PLAN_REQUESTS_MAX UINT64_C(1000000000)

/* "30s", "1h30m"; min <= *ret <= max. */
bool plan_value_duration(const YamlNode *node, DiagList *diags, usec_t min, usec_t max, usec_t *ret);

/* "5%", "0.05" -> 500; 0.01 % to 100 %. Warns of what is no whole per cent. */
bool plan_value_weight(const YamlNode *node, DiagList *diags, uint32_t *ret);

/* "5%", "0.05" -> 0.05; 0 to 1. */
bool plan_value_share(const YamlNode *node, DiagList *diags, double *ret);

/* 800, "800ms", "1s500ms" -> milliseconds, more than 0. */
bool plan_value_milliseconds(const YamlNode *node, DiagList *diags, double *ret);

/* A whole number; "what" says of what: "a number of requests". */
bool plan_value_count(const YamlNode *node, DiagList *diags, const char *what, uint64_t min, uint64_t max,
                uint64_t *ret);

/* "true" or "false". */
bool plan_value_bool(const YamlNode *node, DiagList *diags, bool *ret);

/* One of n words, *ret its index. "wants" names them. */
bool plan_value_choice(const YamlNode *node, DiagList *diags, const char *wants, const char *const *words,
                size_t n, size_t *ret);

/* yaml_refuse() with "did you mean" for the nearest of n words, if one is near. */
void plan_refuse_word(const YamlNode *node, DiagList *diags, const char *wants, const char *const *words,
                size_t n);

/* The number of a published version. */
bool plan_value_version(const YamlNode *node, DiagList *diags, uint64_t *ret);
