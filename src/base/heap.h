/* Binary min-heap of (int64 key, pointer) with removal by handle: the node remembers its place. */
#ifndef TESSERA_BASE_HEAP_H
#define TESSERA_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node { /* embed this; zero it before first use */
    int64_t key;
    size_t place; /* 1-based; 0 = not in a heap */
};

struct heap {
    struct heap_node **nodes;
    size_t count, cap;
};

void heap_free(struct heap *h); /* the nodes are the caller's */
bool heap_push(struct heap *h, struct heap_node *n,
               int64_t key);                      /* moves it when already in; false: no memory */
struct heap_node *heap_min(const struct heap *h); /* NULL when empty */
struct heap_node *heap_pop(struct heap *h);
void heap_remove(struct heap *h, struct heap_node *n); /* nothing when not in */

#endif
