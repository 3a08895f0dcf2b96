/* The requests that wait for their response, as an array indexed by sequence number: adding, answering and
 * expiring are O(1) and allocate nothing.
 *
 * The array has at least four places for each request the window allows, so that a place is found again by
 * the low bits of its sequence number, remembers for a while what happened to it (late and duplicate
 * responses are told apart from unknown ones), and only a response that stays out for long makes a sequence
 * number be skipped (3.4 §5.1.4 asks for increasing numbers, not for each of them). Waiting requests are also
 * linked in the order of sending, which is the order of their timeouts. */
#ifndef TESSERA_SESSION_WINDOW_H
#define TESSERA_SESSION_WINDOW_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_MAX          UINT32_C(65536)
#define WINDOW_SEQUENCE_MAX UINT32_C(0x7fffffff)

enum window_place { WINDOW_FREE, WINDOW_WAITING, WINDOW_EXPIRED, WINDOW_ANSWERED };

struct window_slot {
    uint64_t token;
    usec_t sent;
    uint32_t sequence, command;
    uint32_t older, newer; /* 1 + index in the order of sending; 0 = none */
    uint8_t place;         /* enum window_place */
};

struct window {
    struct window_slot *slots;
    uint32_t mask;           /* slots - 1 */
    uint32_t limit, max;     /* requests waiting at once: now, ever */
    uint32_t waiting;        /* how many wait */
    uint32_t oldest, newest; /* 1 + index; 0 = none waits */
    uint32_t next;           /* next sequence number to try */
};

enum window_answer { WINDOW_OK, WINDOW_LATE, WINDOW_DUPLICATE, WINDOW_UNKNOWN, WINDOW_MISMATCH };

/* Max 1..WINDOW_MAX; false: memory. */
bool window_init(struct window *w, uint32_t max, uint32_t first_sequence);
void window_free(struct window *w);
uint32_t window_room(const struct window *w);
/* Draws the next sequence number without remembering it, for requests that are not of the window. */
uint32_t window_draw(struct window *w);
/* Draws one and waits for its response. Precondition: window_room(). */
uint32_t window_add(struct window *w, uint32_t command, uint64_t token, usec_t now);
/* A response came. OK and LATE give the request; `command` is that of the request, 0 takes any
 * (generic_nack). */
enum window_answer window_answer(struct window *w, uint32_t sequence, uint32_t command, uint64_t *token,
                                 usec_t *sent);
usec_t window_oldest_sent(const struct window *w); /* USEC_NEVER when none waits */
/* Gives up the oldest if it was sent at or before `before`; a response is LATE from now on. */
bool window_expire(struct window *w, usec_t before, uint64_t *token);

#endif
