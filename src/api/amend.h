/* PATCH /v1/customers/NUMBER: requests that come while others are being made durable wait here, and are then
 * one transaction together. On the loop. */
#ifndef TESSERA_API_AMEND_H
#define TESSERA_API_AMEND_H

#include <stdbool.h>
#include <stddef.h>

#define AMEND_WAITING 1024 /* more are told to come again */
#define AMEND_BATCH   128  /* of one transaction */

struct call;

struct amend_queue { /* zero-initialise; nothing to free: what waits is answered when what runs has ended */
    struct call *waiting[AMEND_WAITING];
    size_t n;
    bool running;
};

#endif
