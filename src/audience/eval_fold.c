#include "audience/eval_fold.h"

#include "store/events.h"

#include <math.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

#define STRIP 512u /* rows at a time: their customers and values stay in the first cache */

/* What is added to a stored number of a customer, before what is too much of it is cut off. */
static inline uint32_t cells_shift(const struct fold_rows *r)
{
    return (uint32_t)((uint64_t)r->customer->base - 1 - r->first);
}

/* The cells of rows from..from+n-1. */
static void strip_cells(const struct fold_rows *r, uint32_t from, uint32_t n, uint32_t *cell)
{
    const uint32_t shift = cells_shift(r), first = r->cell;
    const uint8_t *data = r->customer->data;
    switch (r->customer->width) {
    case 1:
        for (uint32_t i = 0; i < n; i++)
            cell[i] = ((data[from + i] + shift) % EVENTS_CUSTOMERS) + first;
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++)
            cell[i] =
                ((((const packed_u16 *)(const void *)data)[from + i] + shift) % EVENTS_CUSTOMERS) + first;
        break;
    default:
        for (uint32_t i = 0; i < n; i++)
            cell[i] = (((uint32_t)packed_raw(r->customer, from + i) + shift) % EVENTS_CUSTOMERS) + first;
    }
}

/* The rows of a strip that count, as places in it; all of them when there are no words. */
static uint32_t strip_places(const struct fold_rows *r, uint32_t from, uint32_t n, uint16_t *place)
{
    uint32_t k = 0;
    for (uint32_t w = from / 64; w * 64 < from + n; w++)
        for (uint64_t left = r->words[w]; left; left &= left - 1)
            place[k++] = (uint16_t)(w * 64 - from + (unsigned)__builtin_ctzll(left));
    return k;
}

static inline uint32_t strip_length(const struct fold_rows *r, uint32_t from)
{
    return r->rows - from < STRIP ? r->rows - from : STRIP;
}

#define FOLD_COUNT(name, type, add)                                                                          \
    void name(const struct fold_rows *r, type *v)                                                            \
    {                                                                                                        \
        uint32_t cell[STRIP];                                                                                \
        if (r->words && r->customer->width == 2) { /* few of many: no use in unpacking them all */           \
            const packed_u16 *who = (const void *)r->customer->data;                                         \
            const uint32_t shift = cells_shift(r);                                                           \
            type *const cells = v + r->cell;                                                                 \
            for (uint32_t w = 0; w * 64 < r->rows; w++)                                                      \
                for (uint64_t left = r->words[w]; left; left &= left - 1) {                                  \
                    type *c =                                                                                \
                        &cells[(who[w * 64 + (unsigned)__builtin_ctzll(left)] + shift) % EVENTS_CUSTOMERS];  \
                    add;                                                                                     \
                }                                                                                            \
            return;                                                                                          \
        }                                                                                                    \
        for (uint32_t from = 0; from < r->rows; from += STRIP) {                                             \
            const uint32_t n = strip_length(r, from);                                                        \
            strip_cells(r, from, n, cell);                                                                   \
            for (uint32_t i = 0; i < n; i++) {                                                               \
                type *c = &v[cell[i]];                                                                       \
                if (!r->words || (r->words[(from + i) / 64] >> ((from + i) % 64) & 1))                       \
                    add;                                                                                     \
            }                                                                                                \
        }                                                                                                    \
    }

/* --- few rows, each looked at by itself --- */

static bool rows_few(const struct fold_rows *r)
{
    uint32_t set = 0;
    for (uint32_t w = 0; r->words && w * 64 < r->rows; w++)
        set += (uint32_t)__builtin_popcountll(r->words[w]);
    return r->words && set < r->rows / 8;
}

static inline uint32_t row_cell(const struct fold_rows *r, uint32_t row)
{
    return ((uint32_t)packed_raw(r->customer, row) + cells_shift(r)) % EVENTS_CUSTOMERS + r->cell;
}

static void few_latest(const struct fold_rows *r, const struct packed *second, int64_t start, int64_t *v)
{
    for (uint32_t w = 0; w * 64 < r->rows; w++)
        for (uint64_t left = r->words[w]; left; left &= left - 1) {
            const uint32_t row = w * 64 + (uint32_t)__builtin_ctzll(left);
            int64_t x = start + packed_get(second, row), *c = &v[row_cell(r, row)];
            *c = x > *c ? x : *c; /* unset is the least there is */
        }
}

static void few_sum(const struct fold_rows *r, const struct packed *value, int64_t factor, int64_t *v,
                    int64_t *counts)
{
    for (uint32_t w = 0; w * 64 < r->rows; w++)
        for (uint64_t left = r->words[w]; left; left &= left - 1) {
            const uint32_t row = w * 64 + (uint32_t)__builtin_ctzll(left);
            const int64_t x = packed_get(value, row);
            const uint32_t cell = row_cell(r, row);
            v[cell] += x == PACKED_UNSET ? 0 : x * factor;
            if (counts)
                counts[cell] += x != PACKED_UNSET;
        }
}

void fold_reached(const struct fold_rows *r, unsigned k, uint64_t *reached)
{
    for (uint32_t w = 0; w * 64 < r->rows; w++)
        for (uint64_t left = r->words[w]; left; left &= left - 1)
            fold_reach(reached, k, row_cell(r, w * 64 + (uint32_t)__builtin_ctzll(left)));
}

/* --- many --- */

FOLD_COUNT(fold_count, int64_t, ++*c)
FOLD_COUNT(fold_count_small, uint8_t, *c = (uint8_t)(*c + (*c != UINT8_MAX)))

void fold_latest(const struct fold_rows *r, const struct packed *second, int64_t start, int64_t *v)
{
    if (rows_few(r)) {
        few_latest(r, second, start, v);
        return;
    }
    uint32_t cell[STRIP];
    int64_t at[STRIP];
    uint16_t place[STRIP];
    for (uint32_t from = 0; from < r->rows; from += STRIP) {
        const uint32_t n = strip_length(r, from);
        strip_cells(r, from, n, cell);
        packed_unpack(second, from, n, at);
        const uint32_t k = r->words ? strip_places(r, from, n, place) : n;
        for (uint32_t i = 0; i < k; i++) {
            const uint32_t p = r->words ? place[i] : i;
            int64_t x = start + at[p], *c = &v[cell[p]];
            *c = x > *c ? x : *c; /* unset is the least there is */
        }
    }
}

/* How large a sum may be after these rows; false: larger than is safe. */
static bool sum_is_safe(const struct fold_rows *r, const struct packed *value, int64_t factor, double *bound)
{
    static const double tops[] = { 0, 0x1p8, 0x1p16, 0, 0x1p32, 0, 0, 0, 0x1p64 };
    *bound += (fabs((double)value->base) + tops[value->width]) * (double)factor * (double)r->rows;
    return *bound <= 0x1p62;
}

/* `counts` counts the rows that are set, unless NULL. */
static inline void sum_rows(const struct fold_rows *r, const struct packed *value, int64_t factor, int64_t *v,
                            int64_t *counts)
{
    if (rows_few(r)) {
        few_sum(r, value, factor, v, counts);
        return;
    }
    uint32_t cell[STRIP];
    int64_t x[STRIP];
    uint16_t place[STRIP];
    for (uint32_t from = 0; from < r->rows; from += STRIP) {
        const uint32_t n = strip_length(r, from);
        strip_cells(r, from, n, cell);
        packed_unpack(value, from, n, x);
        const uint32_t k = r->words ? strip_places(r, from, n, place) : n;
        for (uint32_t i = 0; i < k; i++) {
            const uint32_t p = r->words ? place[i] : i;
            v[cell[p]] += x[p] == PACKED_UNSET ? 0 : x[p] * factor;
            if (counts)
                counts[cell[p]] += x[p] != PACKED_UNSET;
        }
    }
}

bool fold_sum(const struct fold_rows *r, const struct packed *value, int64_t factor, double *bound,
              int64_t *v)
{
    bool safe = sum_is_safe(r, value, factor, bound);
    if (safe)
        sum_rows(r, value, factor, v, NULL);
    return safe;
}

bool fold_avg(const struct fold_rows *r, const struct packed *value, int64_t factor, double *bound,
              int64_t *v, int64_t *counts)
{
    bool safe = sum_is_safe(r, value, factor, bound);
    if (safe)
        sum_rows(r, value, factor, v, counts);
    return safe;
}
