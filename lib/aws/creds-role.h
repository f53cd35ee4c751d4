#pragma once

/* A role to be assumed, as texts say it, held against what STS takes. */

#include "aws/creds-recipe.h"

/* NULL: absent. Borrowed. */
typedef struct CredsRoleTexts {
        const char *arn, *external_id, *session_name, *duration_seconds;
} CredsRoleTexts;

bool role_arn_is_valid(const char *s);
bool role_session_name_is_valid(const char *s);
bool role_external_id_is_valid(const char *s);

/* -EINVAL: reterr names the key and what is expected; never the external id, which some keep to themselves.
 */
int creds_role_read(const CredsRoleTexts *texts, CredsRole *ret, char reterr[static DIAG_MESSAGE_MAX]);
void creds_role_done(CredsRole *r);
