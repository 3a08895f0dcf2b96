/* FIFO of fixed-size elements in a power-of-two array that grows up to a limit. Elements are copied in and
 * out. */
#ifndef TESSERA_BASE_RING_H
#define TESSERA_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *data;
    size_t elem, cap, head, count;
    size_t limit; /* most elements ever held; 0 = no limit */
};

void ring_init(struct ring *r, size_t elem_size, size_t limit);
void ring_free(struct ring *r);
bool ring_push(struct ring *r, const void *elem);       /* false: at the limit or out of memory */
bool ring_push_front(struct ring *r, const void *elem); /* back to the head of the line */
bool ring_pop(struct ring *r, void *elem);              /* elem may be NULL; false when empty */
void *ring_peek(const struct ring *r);                  /* first element, or NULL */
void *ring_at(const struct ring *r, size_t i);          /* i-th from the head, or NULL */
size_t ring_count(const struct ring *r);

#endif
