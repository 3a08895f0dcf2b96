/* For net/ only: names to addresses without blocking the loop. getaddrinfo(3), and so the system's own idea
 * of names, in a few threads of their own. */
#ifndef TESSERA_NET_RESOLVE_H
#define TESSERA_NET_RESOLVE_H

#include "net/addr.h"
#include "net/loop.h"

#define RESOLVE_MAX 8 /* addresses of a name that are tried */

struct resolve_job;

/* cb in a later turn, with count 0 and a text when there is no address. `addrs` is valid in the call. */
typedef void resolve_fn(void *arg, const struct addr *addrs, size_t count, const char *error);

struct resolve_job *resolve_start(struct loop *l, const char *host, uint16_t port, resolve_fn *cb, void *arg,
                                  struct err *err);
/* No callback after this; before the callback only; NULL is fine. */
void resolve_cancel(struct resolve_job *j);

#endif
