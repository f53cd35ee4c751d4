#pragma once

/* Allocations that fail on purpose. A program that links fault_dep has its malloc(), calloc() and realloc()
 * calls (not those inside of shared libraries) go through here.
 *
 *   FAULT_LOOP {
 *           r = thing_new(&t);
 *           if (!fault_struck())
 *                   break;                  // it needs fewer allocations than this: done
 *           EXPECT_INT(r, -ENOMEM);
 *   }
 */

#include <stdbool.h>
#include <stddef.h>

#define FAULT_LOOP_MAX 100000u

/* The n-th allocation from now fails, once; n = 1 is the next one. */
void fault_arm(unsigned n);
/* Allocations work again. True when the armed one had failed. */
bool fault_struck(void);

/* What was asked for since the last call, in all: how often, and how many bytes. */
void fault_tally(size_t *ret_n, size_t *ret_bytes);

#define FAULT_LOOP for (unsigned _fault = 1; fault_arm(_fault), _fault < FAULT_LOOP_MAX; _fault++)
