/* Networks as people write them, "192.0.2.0/24", "2001:db8::/32", "192.0.2.7", and lists of them, "a,b": who
 * may connect. Pure. */
#ifndef TESSERA_NET_NETWORK_H
#define TESSERA_NET_NETWORK_H

#include "base/strv.h"

#include <stdbool.h>

struct conn;

/* False: one of the list is none; *bad (may be NULL) is which. The empty list is fine, and has nobody in it.
 */
bool network_list_check(struct strv list, struct strv *bad);
/* Whether a connection's peer is in one of the list. An IPv4 peer of an IPv6 socket is an IPv4 peer; a Unix
 * socket is in none. */
bool network_list_has(struct strv list, const struct conn *c);
bool network_list_has_address(struct strv list, const char *address); /* numeric, without port */

#endif
