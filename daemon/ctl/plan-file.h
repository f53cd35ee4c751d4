#pragma once

/* A plan file that somebody names on the command line, read and parsed as the daemon would. */

#include "codec/plan-yaml.h"

typedef struct PlanFile {
        const char *path; /* borrowed */
        char *text;       /* owned; NULL: it could not be read */
        size_t size;
        uint8_t sha256[PLAN_HASH_SIZE];
        DiagList diags;
        PlanDoc *doc; /* owned; NULL: refused, diags says why */
} PlanFile;

/* Findings go to err as people read them. -ENOMEM. */
int plan_file_read(const char *path, usec_t now, Buf *err, PlanFile **ret);
PlanFile *plan_file_free(PlanFile *f);
DEFINE_TRIVIAL_CLEANUP(PlanFile *, plan_file_free);

/* "plans/checkout.yaml" -> "checkout.yaml"; borrowed. */
const char *plan_file_base_name(const char *path);

/* The members "ok" and "findings" do without the plan. */
void plan_file_write_findings(Buf *out, const PlanFile *f);
