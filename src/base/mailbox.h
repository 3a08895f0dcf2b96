/* Bounded queue of pointers between threads, announced through an eventfd: any thread posts, one thread
 * takes. */
#ifndef TESSERA_BASE_MAILBOX_H
#define TESSERA_BASE_MAILBOX_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct mailbox;

struct mailbox *mailbox_new(size_t capacity); /* NULL: out of memory or descriptors */
void mailbox_free(struct mailbox *m);         /* what is still inside is the caller's loss: take it first */
int mailbox_fd(const struct mailbox *m);      /* readable while something is inside; owned by the mailbox */
/* False when full (the message stays the caller's) or closed. */
bool mailbox_post(struct mailbox *m, void *message);
/* The oldest, or NULL when empty. Clears the readiness of the descriptor when it took the last. */
void *mailbox_take(struct mailbox *m);
/* Waits until something is inside, the mailbox is closed (NULL) or `timeout` microseconds passed (NULL). */
void *mailbox_wait(struct mailbox *m, usec_t timeout);
/* Posts fail from now on; waiters wake; what is inside can still be taken. */
void mailbox_close(struct mailbox *m);
bool mailbox_closed(struct mailbox *m);
size_t mailbox_count(struct mailbox *m);
size_t mailbox_room(struct mailbox *m);

#endif
