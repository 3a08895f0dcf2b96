/* Rows of events by the lists of their blocks (store/events_lists.h): of some codes of an attribute, inside a
 * window. Pure. What the lists say is used within bounds; where it cannot be, false is returned: torn. */
#ifndef TESSERA_AUDIENCE_EVAL_LISTS_H
#define TESSERA_AUDIENCE_EVAL_LISTS_H

#include "store/events_lists.h"

struct lists_want {
    struct events_lists lists;
    struct packed second; /* of the block */
    uint32_t rows;
    uint32_t cell;        /* where the partition's first customer is counted */
    uint32_t from, to;    /* the window, in seconds of the block, both included */
    uint32_t first, last; /* the spans of days that it touches */
    bool first_cut, last_cut;
};

/* Fills in *out. False: the block has no lists of the attribute, or none of it lies in from..to. */
bool lists_want(const struct events_block *b, uint16_t attribute, int64_t from, int64_t to,
                struct lists_want *out, bool *none);
/* Brings what will be read on its way: first where the entries are told, then the entries, which are added to
 * *entries. */
void lists_ahead(const struct lists_want *w, const uint8_t *codes, size_t n);
bool lists_ahead_entries(const struct lists_want *w, const uint8_t *codes, size_t n, size_t *entries);

/* One more for each row's customer; the octets stay at 255. */
bool lists_count(const struct lists_want *w, const uint8_t *codes, size_t n, int64_t *v);
bool lists_count_small(const struct lists_want *w, const uint8_t *codes, size_t n, uint8_t *v);
/* As fold_reached. */
bool lists_reached(const struct lists_want *w, const uint8_t *codes, size_t n, unsigned k, uint64_t *reached);
/* How many rows there are in the spans that the window touches. */
bool lists_number(const struct lists_want *w, const uint8_t *codes, size_t n, uint32_t *out);
/* words[0 .. SCAN_WORDS(rows)): their bits, and no other. */
bool lists_words(const struct lists_want *w, const uint8_t *codes, size_t n, uint64_t *words);

#endif
