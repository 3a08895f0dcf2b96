#include "base/heap.h"

#include <stdlib.h>

void heap_free(struct heap *h)
{
    for (size_t i = 0; i < h->count; i++) {
        h->nodes[i]->place = 0;
    }
    free(h->nodes);
    *h = (struct heap){ 0 };
}

static void heap_set(struct heap *h, size_t place, struct heap_node *n)
{
    h->nodes[place - 1] = n;
    n->place = place;
}

static void heap_up(struct heap *h, struct heap_node *n, size_t at)
{
    while (at > 1 && h->nodes[at / 2 - 1]->key > n->key) {
        heap_set(h, at, h->nodes[at / 2 - 1]);
        at /= 2;
    }
    heap_set(h, at, n);
}

static void heap_down(struct heap *h, struct heap_node *n, size_t at)
{
    for (size_t child; (child = at * 2) <= h->count; at = child) {
        if (child < h->count && h->nodes[child]->key < h->nodes[child - 1]->key) {
            child++;
        }
        if (h->nodes[child - 1]->key >= n->key) {
            break;
        }
        heap_set(h, at, h->nodes[child - 1]);
    }
    heap_set(h, at, n);
}

/* Puts n at a place whose neighbours are in order among themselves. */
static void heap_settle(struct heap *h, struct heap_node *n, size_t at)
{
    if (at > 1 && h->nodes[at / 2 - 1]->key > n->key) {
        heap_up(h, n, at);
    } else {
        heap_down(h, n, at);
    }
}

bool heap_push(struct heap *h, struct heap_node *n, int64_t key)
{
    if (n->place) {
        n->key = key;
        heap_settle(h, n, n->place);
        return true;
    }
    if (h->count == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 16;
        struct heap_node **nodes = reallocarray(h->nodes, cap, sizeof *nodes);
        if (!nodes) {
            return false;
        }
        h->nodes = nodes;
        h->cap = cap;
    }
    n->key = key;
    heap_up(h, n, ++h->count);
    return true;
}

struct heap_node *heap_min(const struct heap *h)
{
    return h->count ? h->nodes[0] : NULL;
}

struct heap_node *heap_pop(struct heap *h)
{
    struct heap_node *n = heap_min(h);
    if (n) {
        heap_remove(h, n);
    }
    return n;
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    size_t at = n->place;
    if (!at) {
        return;
    }
    n->place = 0;
    struct heap_node *last = h->nodes[--h->count];
    if (last != n) {
        heap_settle(h, last, at);
    }
}
