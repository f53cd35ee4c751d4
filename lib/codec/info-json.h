#pragma once

/* What canaryctl --json prints. The members are those of the field tables in rollout-info.h, in that order;
 * spans and times in microseconds, times since the epoch, weights in per cent; null where there is nothing
 * to say. Members may be added under the same schema number; their meaning never changes under it.
 *
 *   list      {"schema":1,"rollouts":[ROLLOUT…],"refused":[{"path":…,"time_usec":…,"message":…,
 *                                                           "findings":[FINDING…]}…]}
 *   status    {"schema":1,"rollout":ROLLOUT} with the further members "checks" and "ladder"
 *   validate
 * {"schema":1,"files":[{"file":…,"ok":…,"name":…,"function":…,"alias":…,"region":…,"from":…,"to":…,
 *                                   "ladder":[STEP…],"shortest_usec":…,
 *             "targets":[{"function":…,"alias":…,"region":…,"role_arn":…,"wave":…,"from":…,"to":…,"publish":…,
 *             "create_alias":…}…],"schedule":[{"wave":…,"weight":…,"hold_usec":…,"at_usec":…}…],"end_usec":…,
 *             "deadline_usec":…,"checks":[{"name":…,"kind":…,"stat":…,"alarm":…,"max":…}…],
 *             "findings":[FINDING…]}…]}
 *             (name… checks only when ok; function, alias, region, from and to of the first target)
 *   submit    {"schema":1,"file":…,"placed":…,"plan_sha256":…,"answer":"accepted"|"known"|"refused"|"none",
 *             "rollout":…,"reason":…,"findings":[FINDING…]}
 *   iam-policy {"schema":1,"policies":[{"principal":…,"document":{…}}…],"notes":[…]}; principal null: the
 *             daemon's own
 *   FINDING   {"level":"error"|"warning","line":…,"column":…,"message":…}
 */

#include "base/buf.h"
#include "base/diag.h"
#include "codec/rollout-info.h"

#define INFO_SCHEMA 1u

/* All the members that a table names, into the object that is open. */
void info_write_fields(Buf *out, const void *info, const InfoTable *table);
void info_write_rollout(Buf *out, const char *key, const RolloutInfo *info);
void info_write_ladder(Buf *out, const StepInfo *ladder, size_t n);
void info_write_finding(Buf *out, const char *level, unsigned line, unsigned column, const char *message);

const char *diag_level_to_string(DiagLevel level);
