#pragma once

/* What a plan has to be allowed, as IAM policies: one per principal, and not an action more than the rollout
 * and its rollback use. */

#include "base/buf.h"
#include "core/plan.h"

/* What a policy cannot know, or says nothing about. */
typedef enum IamNote {
        IAM_NOTE_ACCOUNT = 1 << 0,   /* "*" stands for an account that the plan does not name */
        IAM_NOTE_REGION = 1 << 1,    /* "*" stands for a region that the plan does not name */
        IAM_NOTE_PARTITION = 1 << 2, /* "aws" is taken for the partition, as nothing tells */
        IAM_NOTE_IMAGE = 1 << 3,     /* Lambda itself must be allowed to pull the image */
        IAM_NOTE_KEY = 1 << 4,       /* an object may be encrypted with a key that the plan does not name */
} IamNote;
#define IAM_NOTE_LAST IAM_NOTE_KEY

/* Who acts: the role of each target that names one, each once, in the order of targets, then NULL for the
 * daemon's own principal, which acts for the other targets and assumes those roles. */
#define IAM_PRINCIPALS_MAX (PLAN_TARGETS_MAX + 1)
size_t iam_policy_principals(const Plan *plan, const char *ret[static IAM_PRINCIPALS_MAX]);

/* The policy document of one of them. Adds to *notes. */
void iam_policy_write(Buf *out, const char *key, const Plan *plan, const char *principal, unsigned *notes);

/* What a note says, for people. */
const char *iam_note_text(IamNote note);
