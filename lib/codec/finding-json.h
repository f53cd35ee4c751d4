#pragma once

/* What preflight found, as members of the object that is open. */

#include "base/buf.h"
#include "core/finding.h"

void finding_write_json(Buf *out, const Finding *f, const Plan *plan);
