#pragma once

#include "base/macro.h"

typedef struct TextList {
        char **items; /* owned */
        size_t n;
} TextList;

void text_list_done(TextList *l);
bool text_list_has(const TextList *l, const char *text);
