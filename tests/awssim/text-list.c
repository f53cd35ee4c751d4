#include "awssim/text-list.h"

#include "base/alloc.h"
#include "base/str.h"

void text_list_done(TextList *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i]);
        free(l->items);
        *l = (TextList){};
}

bool text_list_has(const TextList *l, const char *text) {
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->items[i], text))
                        return true;
        return false;
}
