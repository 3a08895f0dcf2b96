/* What the spool and the facts say of messages, numbers and clocks, as JSON. On a worker thread. */
#ifndef TESSERA_API_VIEW_H
#define TESSERA_API_VIEW_H

#include "audience/audience.h"
#include "engine/engine.h"
#include "store/customers.h"
#include "store/spool.h"

#include <jansson.h>

/* The clock a number lives by, of the thread's dictionary: its customer's when it is one (`view` may be
 * NULL), else the number's. */
uint32_t view_clock(const struct engine_view *v, struct audience_view *view, uint64_t number);

/* A message as doc/api.md shows it; "carrier" and "campaign" are numbers until call_put_names. */
json_t *view_message(const struct engine_view *v, struct audience_view *view, const struct spool_view *m);

/* Its history, oldest first: what kept it, each attempt that did not succeed, and its ends. */
json_t *view_history(const struct spool_view *m);

/* {"open","until","detail"} for promotional and transactional. */
json_t *view_quiet(const struct engine_view *v, uint32_t clock);

/* A set's members, as a list. */
json_t *view_members(struct catalog_txn *t, const struct customer_value *set);

json_t *view_inbound(const struct spool_inbound_view *m);

#endif
