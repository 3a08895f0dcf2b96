/* The event log in columns: partitions by (type, 32,768 customers, 32 UTC days), each a few blocks of at most
 * 16,384 rows; a block is packed columns (packed.h) of customer, second since the partition's first day, and
 * the attributes that are set in it. Rows of a block are ordered by (customer, second, arrival), so that one
 * customer is found by bisection, and what is counted for every customer of a partition fits into the first
 * caches.
 *
 * Keys order partitions by customers first: everybody's events of a window are read customers by customers,
 * each with a few neighbours; one customer's events are a handful of blocks.
 *
 * Appending merges with the newest blocks while they are not larger than what is merged so far (like a binary
 * counter), so that a partition has few blocks and a row is rewritten a logarithmic number of times, whether
 * events come one by one or by the million. Late events are like others. Happenings of one second keep no
 * order finer than arrival.
 *
 * Beside a column of texts that few of are in a block, the block has lists: for each text its rows
 * (events_lists.h).
 *
 * Truth: there is no index over it; counts and last times of a customer are read from it. */
#ifndef TESSERA_STORE_EVENTS_H
#define TESSERA_STORE_EVENTS_H

#include "base/clock.h"
#include "base/err.h"
#include "store/catalog.h"
#include "store/packed.h"

#define EVENTS_BLOCK_ROWS  16384u
#define EVENTS_CUSTOMERS   32768u /* of a partition: ids from a multiple of it; they fit two octets */
#define EVENTS_DAYS        32     /* of a partition: from a multiple of it */
#define EVENTS_MAX_COLUMNS 64u    /* attributes set in one block */

struct events_block {
    uint16_t type;
    int32_t
        day; /* the partition's first, UTC, since 1970-01-01; an instant is (day * 86400 + second) seconds */
    uint32_t first_customer; /* of the partition */
    uint32_t rows;
    struct packed customer; /* never unset, ascending */
    struct packed second;   /* 0 .. EVENTS_DAYS * 86400 - 1 */
    size_t n_lists;         /* events_lists.h; of those, this */
    const uint8_t *lists;
    size_t n_columns;
    uint16_t attribute[EVENTS_MAX_COLUMNS]; /* ids, ascending */
    struct packed column[EVENTS_MAX_COLUMNS];
};

/* The attribute's column; NULL when it is unset in every row. */
const struct packed *events_column(const struct events_block *b, uint16_t attribute);

/* Blocks of one type that may hold events of from_day <= day <= to_day (whole partitions: other days as
 * well), by customers, then by day, those of one partition in the order they were written; until fn returns
 * false. False: torn (catalog_ok). */
typedef bool events_fn(void *ctx, const struct events_block *b);
bool events_each(struct catalog_txn *t, uint16_t type, int32_t from_day, int32_t to_day, events_fn *fn,
                 void *ctx);
/* As above, of the partitions of first <= customer <= last. */
bool events_each_of(struct catalog_txn *t, uint16_t type, uint32_t first, uint32_t last, int32_t from_day,
                    int32_t to_day, events_fn *fn, void *ctx);
/* Rows of one customer in a block: [*first, *end); false when there are none. */
bool events_rows_of(const struct events_block *b, uint32_t customer, uint32_t *first, uint32_t *end);
/* First and last day there is, found by looking at every partition; false: no event of the type. */
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
    uint64_t coded; /* bit a: attribute a is asked for by its values, which are codes of texts */
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
