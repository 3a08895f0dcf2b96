/* The HTTP and JSON API of doc/api.md over an engine: one table of routes (routes.c), each with the role it
 * needs. Lives on the loop's thread; reading and evaluating happens on the engine's worker threads.
 *
 * Free it before the engine and before the loop: replies that are still being worked out are dropped, and
 * what belongs to them is freed when their jobs come back. */
#ifndef TESSERA_API_API_H
#define TESSERA_API_API_H

#include "base/err.h"
#include "engine/engine.h"
#include "net/loop.h"

#include <stdbool.h>

struct api;

struct api_options {       /* copied */
    const char *version;   /* of the program, for /v1/status; NULL = "" */
    const struct log *log; /* kept by pointer; NULL: nothing is logged */
    struct clock *clock;   /* the engine's, kept by pointer: what PUT /v1/clock sets; never NULL */
    bool clock_settable;   /* tesserad --test-clock */
    size_t max_body;       /* octets of a request; 0 = 4 MiB, a piece of an import */
};

/* NULL with *e. Serves nothing until told where to listen. */
struct api *api_new(struct engine *g, struct loop *l, const struct api_options *o, struct err *e);
/* `mode`: of the socket, such as 0660. Whoever may open it has every role. */
bool api_listen_unix(struct api *a, const char *path, unsigned mode, struct err *e);
/* Takes no more requests; what runs is answered. `stopped` (may be NULL) comes once, in a later turn. */
void api_stop(struct api *a, void (*stopped)(void *ctx), void *ctx);
void api_free(struct api *a); /* NULL is fine */

#endif
