#pragma once

/* Stands in for the journal; a program that links it is linked with -Wl,--wrap=sd_journal_sendv. */

#include "base/forward.h"

/* The records so far: each field on a line, an empty line behind each record. */
const char *journal_text(void);
void journal_reset(int answer); /* what sd_journal_sendv() returns from now on */
/* Makes log_open() believe that stderr is the journal. */
void journal_claim(void);
