#pragma once

/* Stands in for daemon/store.c: a commit waits here until the test answers it. Linked before the daemon's
 * archive. Leaves "commit(PHASE,SEQ,SEQ...)" and "answer(ERROR)" on the trail. */

#include "daemon/store.h"

void fake_store_reset(void);
void fake_store_refuse(int error); /* what store_commit() returns from now on */
bool fake_store_is_waiting(void);
void fake_store_answer(int error); /* the oldest commit that waits */
