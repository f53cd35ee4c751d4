#pragma once

/* A plan file's bytes -> Plan, with every mistake found and placed.
 *
 * Where the plan is silent, core/plan.h's defaults hold. "settled_after: auto" (or none) is three periods,
 * and at least 180 s. A last step of 100 % is the promotion, not a step: its hold is the bake. */

#include "base/diag.h"
#include "core/plan.h"

/* A plan and the one block of memory that its strings and arrays live in. */
typedef struct PlanDoc {
        Plan plan;
        void *memory;   /* owned */
        void *defaults; /* owned; what was filled in later */
} PlanDoc;

/* What a daemon knows of targets whose plan does not say it; each may be NULL. */
typedef struct PlanDefaults {
        const char *region, *role_arn, *external_id;
} PlanDefaults;

PlanDoc *plan_doc_free(PlanDoc *d);
DEFINE_TRIVIAL_CLEANUP(PlanDoc *, plan_doc_free);

/* now: wall; a plan's window is told in times from here on. default_name: used when the file names none (the
 * file's name without ".yaml"/".yml"). sha256: of the bytes, stored in the plan. Findings are added to
 * diags; *ret is set only when none of them is an error. 0: fine (maybe with warnings). -EBADMSG: errors in
 * diags. -ENOMEM. */
int plan_parse(const char *text, size_t size, const char *default_name,
                const uint8_t sha256[static PLAN_HASH_SIZE], usec_t now, DiagList *diags, PlanDoc **ret);

/* The same for a plan that was accepted before and is carried out: one whose time zone is not there any more
 * is not refused, as nobody would be left to roll it back. Its window does not open then, and a warning in
 * diags says so. */
int plan_parse_stored(const char *text, size_t size, const char *default_name,
                const uint8_t sha256[static PLAN_HASH_SIZE], usec_t now, DiagList *diags, PlanDoc **ret);

/* Of a plan that is not accepted, the targets that it names all the same: which aliases somebody has to look
 * after. Neither steps nor checks. name: of the rollout. -ENOENT: it names none. */
int plan_parse_targets(const char *text, size_t size, const char *name,
                const uint8_t sha256[static PLAN_HASH_SIZE], PlanDoc **ret);

/* A plan's name: [a-z0-9] then [a-z0-9._-], at most PLAN_NAME_MAX; upper case is allowed too. */
bool plan_name_is_valid(const char *name);

/* Fills them into every target that names no region, or no role; once. -EBADMSG: that makes two targets the
 * same alias, diags has it. -ENOMEM. */
int plan_doc_fill(PlanDoc *doc, const PlanDefaults *defaults, DiagList *diags);
