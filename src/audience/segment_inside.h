/* Inside of audience/: segments as they are stored, and who refers to whom. */
#ifndef TESSERA_AUDIENCE_SEGMENT_INSIDE_H
#define TESSERA_AUDIENCE_SEGMENT_INSIDE_H

#include "audience/segment.h"

#define SEGMENT_VERSION 1

/* Views into the octets. False: torn. */
bool segment_decode(struct strv name, struct strv octets, struct segment *s);
bool segment_find(struct catalog_txn *t, struct strv name, struct segment *s);

/* Another change of the name's history; before: the segment as it was (NULL: there was none). */
bool segment_history_add(struct catalog_txn *t, const struct segment *before, struct strv name,
                         const struct segment_version *v, struct err *e);
uint32_t segment_history_last(struct catalog_txn *t, struct strv name); /* the last version; 0: none */

/* Whether the query refers, directly or through stored segments, to `wanted`. *failed: could not be told. */
bool segment_leads_to(struct catalog_txn *t, const struct query *q, struct strv wanted, bool *failed);
/* False with ERR_STATE when a segment (with active_only: an active one) refers to the name. */
bool segment_unused(struct catalog_txn *t, struct strv name, bool active_only, struct err *e);

#endif
