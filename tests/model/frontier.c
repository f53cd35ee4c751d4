#include "model/frontier.h"

#include <string.h>

#include "base/alloc.h"

#define NODE_WORDS (sizeof(ModelNode) / sizeof(uint64_t))
#define MASKS ((NODE_WORDS + 63) / 64)
#define RECORD_MAX (MASKS + NODE_WORDS)
#define BLOCK_WORDS (128u * 1024)

STATIC_ASSERT(sizeof(ModelNode) % sizeof(uint64_t) == 0);

/* Records one after the other: a bit per word of the node that differs, then these words. */
typedef struct Block {
        struct Block *next;
        size_t n;
        uint64_t words[BLOCK_WORDS];
} Block;

struct Frontier {
        const ModelNode *root;
        Block *head, *tail;
        size_t read; /* words of head that are used up */
};

Frontier *frontier_new(const ModelNode *root) {
        Frontier *f = alloc_one(Frontier);

        if (!f)
                return NULL;
        f->root = root;
        f->head = f->tail = alloc_one(Block);
        if (!f->head)
                return frontier_free(f);
        return f;
}

Frontier *frontier_free(Frontier *f) {
        if (!f)
                return NULL;
        while (f->head) {
                Block *next = f->head->next;

                free(f->head);
                f->head = next;
        }
        free(f);
        return NULL;
}

static uint64_t word_at(const ModelNode *node, size_t i) {
        uint64_t word;

        memcpy(&word, (const unsigned char *) node + i * sizeof(word), sizeof(word));
        return word;
}

static void set_word_at(ModelNode *node, size_t i, uint64_t word) {
        memcpy((unsigned char *) node + i * sizeof(word), &word, sizeof(word));
}

int frontier_push(Frontier *f, const ModelNode *node) {
        uint64_t *masks, *at;

        if (BLOCK_WORDS - f->tail->n < RECORD_MAX) {
                f->tail->next = alloc_one(Block);
                if (!f->tail->next)
                        return -ENOMEM;
                f->tail = f->tail->next;
        }
        masks = f->tail->words + f->tail->n;
        at = masks + MASKS;
        for (size_t i = 0; i < NODE_WORDS; i++) {
                uint64_t word = word_at(node, i);

                if (word == word_at(f->root, i))
                        continue;
                masks[i / 64] |= (uint64_t) 1 << (i % 64);
                *at++ = word;
        }
        f->tail->n = (size_t) (at - f->tail->words);
        return 0;
}

bool frontier_pop(Frontier *f, ModelNode *ret) {
        const uint64_t *masks, *at;

        if (f->read == f->head->n && f->head->next) {
                Block *used = f->head;

                f->head = used->next;
                f->read = 0;
                free(used);
        }
        if (f->read == f->head->n)
                return false;
        memcpy(ret, f->root, sizeof(*ret));
        masks = f->head->words + f->read;
        at = masks + MASKS;
        for (size_t i = 0; i < NODE_WORDS; i++)
                if (masks[i / 64] >> (i % 64) & 1)
                        set_word_at(ret, i, *at++);
        f->read = (size_t) (at - f->head->words);
        return true;
}
