/* Lists of a block of events: beside a column of texts with few codes, for each code the rows that have it,
 * with their customers, in the order of the partition's days (or of so many of them, where the codes are many
 * for the rows). A question for one code in a window reads what it counts and no more: a twentieth of a
 * column, none of the others, and instants only of the days that the window cuts.
 *
 * Derived from the columns with each block that is written; a block without lists is read by its columns.
 * What is stored is not believed: numbers of rows and customers are within bounds wherever they are used, and
 * audience/verify.c holds every list against the columns. Pure; views live as long as the block. */
#ifndef TESSERA_STORE_EVENTS_LISTS_H
#define TESSERA_STORE_EVENTS_LISTS_H

#include "store/events.h"

#define EVENTS_LISTS_CODES 255u /* codes 1..255 have lists, in blocks that have no other */
#define EVENTS_LISTS_ROWS  128u /* smaller blocks have none: they are read as quickly */

struct events_lists { /* of one column */
    uint16_t attribute;
    uint8_t codes;              /* the greatest there is */
    uint8_t cells;              /* spans of days that a code's rows are told apart by: 1, 2 .. EVENTS_DAYS */
    uint32_t span_s;            /* seconds of one */
    uint32_t n;                 /* rows that are set */
    uint32_t least, greatest;   /* seconds of them */
    const packed_u16 *start;    /* of each code's each cell, in what follows; then the end */
    const packed_u16 *customer; /* of the partition, 0 .. EVENTS_CUSTOMERS - 1 */
    const packed_u16 *row;
};

/* Number i of b->n_lists. */
void events_lists_at(const struct events_block *b, size_t i, struct events_lists *out);
/* The attribute's; false when it has none. */
bool events_lists_of(const struct events_block *b, uint16_t attribute, struct events_lists *out);
/* Entries [*from, *end) of a code (1 .. codes) in cells first..last. False: torn. */
static inline bool events_lists_range(const struct events_lists *l, uint32_t code, uint32_t first,
                                      uint32_t last, uint32_t *from, uint32_t *end)
{
    const uint32_t at = (code - 1) * l->cells;
    *from = l->start[at + first];
    *end = l->start[at + last + 1];
    return *from <= *end && *end <= l->n;
}
/* Whether all of them say what the columns do. For audience/verify.c. */
bool events_lists_true(const struct events_block *b);
/* Makes those anew that do not, and those that are missing of attributes that `coded` says yes to, in the
 * partitions number `part` (customer / EVENTS_CUSTOMERS) of every type. */
typedef bool events_coded_fn(const void *ctx, uint16_t attribute);
bool events_lists_renew(struct catalog_txn *t, uint32_t part, events_coded_fn *coded, const void *ctx,
                        struct err *e);

#endif
