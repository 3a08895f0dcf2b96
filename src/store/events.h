/* The event log in columns: partitions by (type, UTC day), each a few blocks of at most 4,096 rows; a block
 * is packed columns (packed.h) of customer, second of the day, and the attributes that are set in it. Rows of
 * a block are ordered by (customer, second, arrival), so that one customer is found by bisection.
 *
 * Appending merges with the newest blocks while they are not larger than what is merged so far (like a binary
 * counter), so that a partition has few blocks and a row is rewritten a logarithmic number of times, whether
 * events come one by one or by the million. Late events are like others. Happenings of one second keep no
 * order finer than arrival.
 *
 * Truth: there is no index over it; counts and last times of a customer are read from it. */
#ifndef TESSERA_STORE_EVENTS_H
#define TESSERA_STORE_EVENTS_H

#include "base/clock.h"
#include "base/err.h"
#include "store/catalog.h"
#include "store/packed.h"

#define EVENTS_BLOCK_ROWS  4096u
#define EVENTS_MAX_COLUMNS 64u /* attributes set in one block */

struct events_block {
    uint16_t type;
    int32_t day; /* UTC, since 1970-01-01; an event's instant is (day * 86400 + second) seconds */
    uint32_t rows;
    struct packed customer; /* never unset, ascending */
    struct packed second;   /* 0..86399 */
    size_t n_columns;
    uint16_t attribute[EVENTS_MAX_COLUMNS]; /* ids, ascending */
    struct packed column[EVENTS_MAX_COLUMNS];
};

/* The attribute's column; NULL when it is unset in every row. */
const struct packed *events_column(const struct events_block *b, uint16_t attribute);

/* Blocks of one type with from_day <= day <= to_day, by day, until fn returns false. False: torn
 * (catalog_ok). */
typedef bool events_fn(void *ctx, const struct events_block *b);
bool events_each(struct catalog_txn *t, uint16_t type, int32_t from_day, int32_t to_day, events_fn *fn,
                 void *ctx);
/* As above, the newest day first. */
bool events_each_back(struct catalog_txn *t, uint16_t type, int32_t to_day, int32_t from_day, events_fn *fn,
                      void *ctx);
/* Rows of one customer in a block: [*first, *end); false when there are none. */
bool events_rows_of(const struct events_block *b, uint32_t customer, uint32_t *first, uint32_t *end);
/* First and last day there is; false: no event of the type. */
bool events_span(struct catalog_txn *t, uint16_t type, int32_t *first_day, int32_t *last_day);

/* Count, first and last instant of one customer's events of one type. */
struct events_summary {
    uint64_t count;
    usec_t first, last; /* 0 when count is 0 */
};
bool events_summarize(struct catalog_txn *t, uint16_t type, uint32_t customer, struct events_summary *out);

/* Events of one type on their way in, in columns: value of attribute a of row r is values[a][r], PACKED_UNSET
 * where it has none. */
struct events_batch {
    uint16_t type;
    size_t n;
    const uint32_t *customer;
    const usec_t *at;
    size_t n_attributes;
    const uint16_t *attribute; /* ids, in any order, none twice */
    const int64_t *const *values;
};
bool events_append(struct catalog_txn *t, const struct events_batch *b, struct err *e);

/* Takes the customer's events of every type out. */
bool events_erase(struct catalog_txn *t, uint32_t customer, struct err *e);

/* Ids of events that were seen, for those that come with one: repeated imports change nothing. Ids that are
 * small integers are kept as bitmaps by audience/, others by their hash here. */
bool events_id_seen(struct catalog_txn *t, uint16_t type, uint64_t hash);
bool events_id_put(struct catalog_txn *t, uint16_t type, uint64_t hash);
bool events_ids_get(struct catalog_txn *t, uint16_t type, uint64_t container, struct strv *out);
bool events_ids_put(struct catalog_txn *t, uint16_t type, uint64_t container, struct strv octets);

#endif
