/* Tests of the rows of a packed column against one condition: 64 rows to a word of answers, without branches,
 * so that the compiler can vectorise it. Pure; customers' columns and events' columns alike. An unset row
 * never passes. */
#ifndef TESSERA_AUDIENCE_EVAL_SCAN_H
#define TESSERA_AUDIENCE_EVAL_SCAN_H

#include "store/packed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_LOWEST (INT64_MIN + 1) /* INT64_MIN is PACKED_UNSET */

enum scan_kind {
    SCAN_RANGE, /* low <= value <= high; nothing when low > high */
    SCAN_CODES, /* bit `value` of codes is set; codes are below n_codes */
    SCAN_FN,    /* fn says so */
};

struct scan_test {
    enum scan_kind kind;
    bool outside; /* the set rows that do not pass, instead */
    int64_t low, high;
    uint64_t *codes; /* owned by who made the test */
    size_t n_codes;
    bool (*fn)(const void *ctx, int64_t value);
    void *ctx; /* as codes */
};

#define SCAN_WORDS(rows) (((size_t)(rows) + 63) / 64)

/* words[0..SCAN_WORDS(rows)) of the first `rows` rows of p; bits past the last row are 0. */
void scan_rows(const struct packed *p, uint32_t rows, const struct scan_test *t, uint64_t *words);
/* The same of plain values. */
void scan_values(const int64_t *v, uint32_t rows, const struct scan_test *t, uint64_t *words);
bool scan_value(int64_t v, const struct scan_test *t);

/* Keeps of words[0..n), which are the rows from `from` on, those that pass; with `negated` those that do not,
 * unset ones included. */
void scan_filter(const struct packed *p, uint32_t from, const struct scan_test *t, bool negated,
                 uint64_t *words, size_t n);
/* Keeps of words[0..n) the bits whose octets (64 a word) lie in low..high; with `outside`, that do not. */
void scan_octets(const uint8_t *octets, uint8_t low, uint8_t high, bool outside, uint64_t *words, size_t n);

#endif
