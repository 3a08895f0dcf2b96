#include "base/ring.h"

#include <stdlib.h>
#include <string.h>

#define RING_MIN 8

void ring_init(struct ring *r, size_t elem_size, size_t limit)
{
    *r = (struct ring){ .elem = elem_size, .limit = limit };
}

void ring_free(struct ring *r)
{
    free(r->data);
    ring_init(r, r->elem, r->limit);
}

static uint8_t *ring_slot(const struct ring *r, size_t i)
{
    return r->data + ((r->head + i) & (r->cap - 1)) * r->elem;
}

static bool ring_room(struct ring *r)
{
    if (r->limit && r->count >= r->limit) {
        return false;
    }
    if (r->count < r->cap) {
        return true;
    }
    size_t cap = r->cap ? r->cap * 2 : RING_MIN;
    uint8_t *data = reallocarray(NULL, cap, r->elem);
    if (!data) {
        return false;
    }
    if (r->count) { /* full: the head's run to the end, then what had wrapped */
        size_t first = r->cap - r->head;
        memcpy(data, r->data + r->head * r->elem, first * r->elem);
        memcpy(data + first * r->elem, r->data, r->head * r->elem);
    }
    free(r->data);
    r->data = data;
    r->cap = cap;
    r->head = 0;
    return true;
}

bool ring_push(struct ring *r, const void *elem)
{
    if (!ring_room(r)) {
        return false;
    }
    memcpy(ring_slot(r, r->count), elem, r->elem);
    r->count++;
    return true;
}

bool ring_push_front(struct ring *r, const void *elem)
{
    if (!ring_room(r)) {
        return false;
    }
    r->head = (r->head - 1) & (r->cap - 1);
    memcpy(ring_slot(r, 0), elem, r->elem);
    r->count++;
    return true;
}

bool ring_pop(struct ring *r, void *elem)
{
    if (!r->count) {
        return false;
    }
    if (elem) {
        memcpy(elem, ring_slot(r, 0), r->elem);
    }
    r->head = (r->head + 1) & (r->cap - 1);
    r->count--;
    return true;
}

void *ring_peek(const struct ring *r)
{
    return ring_at(r, 0);
}

void *ring_at(const struct ring *r, size_t i)
{
    return i < r->count ? ring_slot(r, i) : NULL;
}

size_t ring_count(const struct ring *r)
{
    return r->count;
}
