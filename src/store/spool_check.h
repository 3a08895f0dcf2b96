/* Whether the spool agrees with itself: every message has its text, is in the queue, the held list or the set
 * in flight that its state says and in no other, is found by its number, and is counted; what came in, votes
 * and consent likewise. Reads one snapshot; any thread; time and not memory grows with the store. */
#ifndef TESSERA_STORE_SPOOL_CHECK_H
#define TESSERA_STORE_SPOOL_CHECK_H

#include "store/spool.h"

struct spool_checked {
    uint64_t messages, inbound, votes, consents;
};
/* False: the first difference is *e with ERR_CORRUPT. */
bool spool_check(struct spool_reader *r, struct spool_checked *out, struct err *e);
/* The same for a spool that is not open; nothing is changed. A spool that is not there is fine. */
bool spool_check_dir(const struct spool_options *o, struct spool_checked *out, struct err *e);

#endif
