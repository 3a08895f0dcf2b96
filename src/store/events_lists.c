#include "store/events_lists.h"

#include "store/events_block.h"

#include <string.h>

/* Stored form: a directory behind the headers of the block's columns, LISTS_ENTRY octets a column that has
 * lists: column (1), cells (1), codes (1), 0 (1), entries (4), least and greatest second (4 each). Then,
 * before the columns' rows and in the same order, for each: codes * cells + 1 starts, the entries' customers,
 * the entries' rows, 2 octets each and every one of the three padded to 8. */
#define DAY_S      86400u
#define SECONDS    (EVENTS_DAYS * DAY_S)   /* of a partition */
#define CELLS_MOST (EVENTS_BLOCK_ROWS / 2) /* codes * cells: starts take at most an octet a row */
#define NO_CELL    UINT16_MAX

static size_t pad8(size_t n)
{
    return (n + 7) / 8 * 8;
}

static size_t starts_size(size_t codes, size_t cells)
{
    return pad8((codes * cells + 1) * 2);
}

/* --- writing --- */

/* False: a value that is set is none that has lists, or its second is none of the partition (rows that come
 * from a torn block). */
static bool plan_values(const int64_t *values, const int64_t *second, uint32_t n,
                        struct events_lists_plan *out)
{
    int64_t codes = 0, least = INT64_MAX, greatest = 0;
    bool fit = true;
    for (uint32_t i = 0; i < n; i++) {
        const int64_t v = values[i], at = second[i];
        const bool set = v != PACKED_UNSET;
        out->n += set;
        fit &= !set || (v >= 1 && v <= EVENTS_LISTS_CODES && at >= 0 && at < (int64_t)SECONDS);
        codes = set && v > codes ? v : codes;
        least = set && at < least ? at : least;
        greatest = set && at > greatest ? at : greatest;
    }
    out->codes = (uint32_t)codes;
    out->least = (uint32_t)least;
    out->greatest = (uint32_t)greatest;
    return fit;
}

bool events_lists_plan(const int64_t *values, const int64_t *second, uint32_t n,
                       struct events_lists_plan *out)
{
    *out = (struct events_lists_plan){ .cells = EVENTS_DAYS };
    if (n < EVENTS_LISTS_ROWS || !plan_values(values, second, n, out)) {
        return false;
    }
    while (out->cells > 1 && 2 * out->codes * out->cells > n) {
        out->cells /= 2;
    }
    return out->codes > 1; /* of one code, the column says as much */
}

bool events_lists_put_entry(struct buf *out, uint8_t column, const struct events_lists_plan *p)
{
    const uint8_t head[4] = { column, (uint8_t)p->cells, (uint8_t)p->codes, 0 };
    const uint32_t numbers[3] = { p->n, p->least, p->greatest };
    return buf_put(out, head, sizeof(head)) && buf_put(out, numbers, sizeof(numbers));
}

bool events_lists_encode(struct buf *out, const struct events_lists_plan *p, const int64_t *values,
                         const int64_t *customer, const int64_t *second, uint32_t n)
{
    const uint32_t span = EVENTS_DAYS / p->cells * DAY_S, all = p->codes * p->cells;
    const size_t starts = starts_size(p->codes, p->cells), entries = pad8((size_t)p->n * 2);
    uint16_t at[CELLS_MOST + 1] = { 0 }, cell[EVENTS_BLOCK_ROWS];
    if (n > EVENTS_BLOCK_ROWS || all > CELLS_MOST || !buf_reserve(out, starts + 2 * entries)) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        cell[i] = NO_CELL;
        if (values[i] != PACKED_UNSET) {
            cell[i] = (uint16_t)(((uint32_t)values[i] - 1) * p->cells + (uint32_t)second[i] / span);
            at[cell[i] + 1]++;
        }
    }
    for (uint32_t i = 0; i < all; i++) {
        at[i + 1] = (uint16_t)(at[i + 1] + at[i]);
    }
    uint8_t *d = out->data + out->len;
    memset(d, 0, starts + 2 * entries);
    memcpy(d, at, (all + 1) * sizeof(*at));
    packed_u16 *who = (void *)(d + starts), *row = (void *)(d + starts + entries);
    for (uint32_t i = 0; i < n; i++) {
        if (cell[i] != NO_CELL) {
            uint16_t k = at[cell[i]]++;
            who[k] = (uint16_t)((uint32_t)customer[i] % EVENTS_CUSTOMERS);
            row[k] = (uint16_t)i;
        }
    }
    out->len += starts + 2 * entries;
    return true;
}

/* --- reading --- */

bool events_lists_skip(const uint8_t *entry, uint32_t rows, size_t n_columns, size_t *size)
{
    const uint32_t cells = entry[1], codes = entry[2];
    uint32_t n, least, greatest;
    memcpy(&n, entry + 4, 4);
    memcpy(&least, entry + 8, 4);
    memcpy(&greatest, entry + 12, 4);
    *size = starts_size(codes, cells) + 2 * pad8((size_t)n * 2);
    return entry[0] < n_columns && entry[3] == 0 && cells >= 1 && cells <= EVENTS_DAYS &&
           (cells & (cells - 1)) == 0 && codes >= 1 && codes * cells <= CELLS_MOST && n <= rows &&
           least <= greatest && greatest < SECONDS;
}

static const uint8_t *lists_open(const struct events_block *b, const uint8_t *entry, const uint8_t *data,
                                 struct events_lists *out)
{
    memcpy(&out->n, entry + 4, 4);
    memcpy(&out->least, entry + 8, 4);
    memcpy(&out->greatest, entry + 12, 4);
    out->attribute = b->attribute[entry[0]];
    out->cells = entry[1];
    out->codes = entry[2];
    out->span_s = EVENTS_DAYS / entry[1] * DAY_S;
    const uint8_t *who = data + starts_size(out->codes, out->cells), *row = who + pad8((size_t)out->n * 2);
    out->start = (const void *)data;
    out->customer = (const void *)who;
    out->row = (const void *)row;
    return row + pad8((size_t)out->n * 2);
}

void events_lists_at(const struct events_block *b, size_t i, struct events_lists *out)
{
    const uint8_t *data = b->lists + b->n_lists * LISTS_ENTRY;
    for (size_t k = 0; k <= i; k++) {
        data = lists_open(b, b->lists + k * LISTS_ENTRY, data, out);
    }
}

bool events_lists_of(const struct events_block *b, uint16_t attribute, struct events_lists *out)
{
    const uint8_t *data = b->lists + b->n_lists * LISTS_ENTRY;
    for (size_t i = 0; i < b->n_lists; i++) {
        data = lists_open(b, b->lists + i * LISTS_ENTRY, data, out);
        if (out->attribute == attribute) {
            return true;
        }
    }
    return false;
}

/* One cell's entries: rows in order, each with the code, in the cell's days, and of the customer. */
static bool cell_true(const struct events_block *b, const struct events_lists *l, uint32_t code,
                      uint32_t cell, const struct packed *column)
{
    uint32_t from, end;
    if (!events_lists_range(l, code, cell, cell, &from, &end)) {
        return false;
    }
    for (uint32_t i = from; i < end; i++) {
        const uint32_t row = l->row[i];
        if (row >= b->rows || (i > from && row <= l->row[i - 1]) || packed_get(column, row) != code ||
            packed_get(&b->second, row) / l->span_s != cell ||
            packed_get(&b->customer, row) != (int64_t)b->first_customer + l->customer[i]) {
            return false;
        }
    }
    return true;
}

bool events_lists_true(const struct events_block *b)
{
    for (size_t i = 0; i < b->n_lists; i++) {
        struct events_lists l;
        uint32_t set = 0;
        int64_t least = INT64_MAX, greatest = 0;
        events_lists_at(b, i, &l);
        const struct packed *column = events_column(b, l.attribute);
        for (uint32_t row = 0; row < b->rows; row++) {
            const int64_t at = packed_get(&b->second, row);
            if (packed_raw(column, row) != 0) {
                set++;
                least = at < least ? at : least;
                greatest = at > greatest ? at : greatest;
            }
        }
        bool ok = set == l.n && least == l.least && greatest == l.greatest && l.start[0] == 0 &&
                  l.start[(size_t)l.codes * l.cells] == l.n;
        for (uint32_t k = 0; ok && k < (uint32_t)l.codes * l.cells; k++) {
            ok = cell_true(b, &l, k / l.cells + 1, k % l.cells, column);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}
