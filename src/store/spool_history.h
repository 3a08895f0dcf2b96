/* What became of a message on its way: why it was held, refused, tried again, each with its instant (struct
 * spool_event). A row a message in the table `history`, written only when something did not go at once, so
 * that a message that goes and arrives has none. Bounded: what is alike and follows each other is one event
 * that is counted, and of more than SPOOL_EVENTS the oldest are forgotten, and counted too. While space is
 * short nothing is added. */
#ifndef TESSERA_STORE_SPOOL_HISTORY_H
#define TESSERA_STORE_SPOOL_HISTORY_H

#include "store/spool_table.h"

/* Appends, in the write transaction. */
void spool_history_add(struct env_txn *t, uint64_t id, const struct spool_event *e);
/* Decodes a row: up to SPOOL_EVENTS events, oldest first; views are into it. *dropped: how many were
 * forgotten before them. */
size_t spool_history_read(struct strv row, struct spool_event out[SPOOL_EVENTS], uint64_t *dropped);
/* Those of the messages first..last. */
void spool_history_drop(struct env_txn *t, uint64_t first, uint64_t last);

#endif
