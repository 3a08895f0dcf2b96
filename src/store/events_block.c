#include "store/events_block.h"

#include <stdlib.h>
#include <string.h>

/* Stored form: version (1), columns (1), columns with lists (1), 0 (1), rows (4), attribute ids (2 each)
 * padded to 8 octets, then the headers of the packed columns (customer, second, attributes), then the lists
 * (events_lists.c), then the columns' rows, each padded to 8 octets. Little-endian. So a column that is not
 * asked for is not touched: its rows are in other pages. */
#define BLOCK_PLAIN  2 /* the version of a block without lists */
#define BLOCK_LISTS  3
#define BLOCK_HEADER 8

void events_rows_free(struct events_rows *r)
{
    free(r->storage);
    *r = (struct events_rows){ 0 };
}

bool events_rows_alloc(struct events_rows *r, uint32_t n, const uint16_t *attributes, size_t n_attributes)
{
    *r = (struct events_rows){ .n = n, .n_columns = n_attributes };
    r->storage = malloc((n_attributes + 2) * (size_t)(n ? n : 1) * sizeof(int64_t));
    if (!r->storage) {
        return false;
    }
    r->customer = r->storage;
    r->second = r->storage + n;
    for (size_t i = 0; i < n_attributes; i++) {
        r->attribute[i] = attributes[i];
        r->column[i] = r->storage + (i + 2) * (size_t)n;
    }
    return true;
}

bool events_rows_unpack(struct events_rows *r, const struct events_block *b)
{
    if (!events_rows_alloc(r, b->rows, b->attribute, b->n_columns)) {
        return false;
    }
    for (size_t i = 0; i < b->n_lists; i++) {
        r->coded |= UINT64_C(1) << b->lists[i * LISTS_ENTRY];
    }
    packed_unpack(&b->customer, 0, b->rows, r->customer);
    packed_unpack(&b->second, 0, b->rows, r->second);
    for (size_t i = 0; i < b->n_columns; i++) {
        packed_unpack(&b->column[i], 0, b->rows, r->column[i]);
    }
    return true;
}

static size_t rows_union(const struct events_rows *a, const struct events_rows *b, uint16_t *out)
{
    size_t i = 0, j = 0, n = 0;
    while (i < a->n_columns || j < b->n_columns) {
        uint32_t x = i < a->n_columns ? a->attribute[i] : UINT32_MAX;
        uint32_t y = j < b->n_columns ? b->attribute[j] : UINT32_MAX;
        out[n++] = (uint16_t)(x < y ? x : y);
        i += x <= y;
        j += y <= x;
    }
    return n;
}

bool events_rows_mergeable(const struct events_rows *a, const struct events_rows *b)
{
    uint16_t both[2 * EVENTS_MAX_COLUMNS];
    return rows_union(a, b, both) <= EVENTS_MAX_COLUMNS;
}

static const int64_t *rows_column(const struct events_rows *r, uint16_t attribute, bool *coded)
{
    for (size_t i = 0; i < r->n_columns; i++) {
        if (r->attribute[i] == attribute) {
            *coded |= r->coded >> i & 1;
            return r->column[i];
        }
    }
    return NULL;
}

/* Fills one column of the merge: order[i] is a row of `older`, or, past its end, one of `newer`. */
static void rows_merge_column(int64_t *out, const uint32_t *order, uint32_t n, uint32_t n_older,
                              const int64_t *older, const int64_t *newer)
{
    for (uint32_t i = 0; i < n; i++) {
        const int64_t *from = order[i] < n_older ? older : newer;
        out[i] = from ? from[order[i] < n_older ? order[i] : order[i] - n_older] : PACKED_UNSET;
    }
}

bool events_rows_merge(struct events_rows *out, const struct events_rows *older,
                       const struct events_rows *newer)
{
    uint16_t both[2 * EVENTS_MAX_COLUMNS];
    size_t n_both = rows_union(older, newer, both);
    uint32_t n = older->n + newer->n;
    uint32_t *order = malloc((size_t)n * sizeof(*order));
    if (!order || !events_rows_alloc(out, n, both, n_both)) {
        free(order);
        return false;
    }
    for (uint32_t i = 0, j = 0; i + j < n;) {
        bool take_newer = i == older->n || (j < newer->n && (newer->customer[j] < older->customer[i] ||
                                                             (newer->customer[j] == older->customer[i] &&
                                                              newer->second[j] < older->second[i])));
        uint32_t at = i + j;
        order[at] = take_newer ? older->n + j++ : i++;
    }
    rows_merge_column(out->customer, order, n, older->n, older->customer, newer->customer);
    rows_merge_column(out->second, order, n, older->n, older->second, newer->second);
    for (size_t c = 0; c < n_both; c++) {
        bool coded = false;
        const int64_t *x = rows_column(older, both[c], &coded), *y = rows_column(newer, both[c], &coded);
        rows_merge_column(out->column[c], order, n, older->n, x, y);
        out->coded |= (uint64_t)coded << c;
    }
    free(order);
    return true;
}

/* --- stored form --- */

static bool buf_pad8(struct buf *b, size_t start)
{
    static const uint8_t zeros[8];
    return buf_put(b, zeros, (8 - (b->len - start) % 8) % 8);
}

static bool any_set(const int64_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (values[i] != PACKED_UNSET) {
            return true;
        }
    }
    return false;
}

/* One column behind all there is, its header moved to its place in the table. */
static void encode_column(struct buf *out, size_t start, size_t header, const int64_t *values, uint32_t n)
{
    size_t at = out->len;
    if (packed_encode(out, values, n)) {
        uint8_t *p = out->data + at;
        memcpy(out->data + header, p, PACKED_HEADER);
        memmove(p, p + PACKED_HEADER, out->len - at - PACKED_HEADER);
        out->len -= PACKED_HEADER;
        buf_pad8(out, start);
    }
}

bool events_block_encode(struct buf *out, const struct events_rows *r, uint32_t from, uint32_t n)
{
    static const uint8_t no_header[PACKED_HEADER];
    size_t start = out->len;
    uint8_t header[BLOCK_HEADER] = { BLOCK_PLAIN };
    uint8_t kept[EVENTS_MAX_COLUMNS], listed[EVENTS_MAX_COLUMNS];
    struct events_lists_plan plans[EVENTS_MAX_COLUMNS];
    for (size_t i = 0; i < r->n_columns; i++) {
        if (!any_set(r->column[i] + from, n)) {
            continue;
        }
        if (r->coded >> i & 1 &&
            events_lists_plan(r->column[i] + from, r->second + from, n, &plans[header[2]])) {
            header[0] = BLOCK_LISTS;
            listed[header[2]++] = header[1];
        }
        kept[header[1]++] = (uint8_t)i;
    }
    memcpy(header + 4, &n, 4);
    buf_put(out, header, sizeof(header));
    for (size_t i = 0; i < header[1]; i++) {
        buf_put(out, &r->attribute[kept[i]], 2);
    }
    buf_pad8(out, start);
    size_t table = out->len;
    for (size_t i = 0; i < 2 + (size_t)header[1]; i++) {
        buf_put(out, no_header, sizeof(no_header));
    }
    for (size_t i = 0; i < header[2]; i++) {
        events_lists_put_entry(out, listed[i], &plans[i]);
    }
    for (size_t i = 0; i < header[2]; i++) {
        events_lists_encode(out, &plans[i], r->column[kept[listed[i]]] + from, r->customer + from,
                            r->second + from, n);
    }
    encode_column(out, start, table, r->customer + from, n);
    encode_column(out, start, table + PACKED_HEADER, r->second + from, n);
    for (size_t i = 0; i < header[1]; i++) {
        encode_column(out, start, table + (i + 2) * PACKED_HEADER, r->column[kept[i]] + from, n);
    }
    return !out->failed;
}

struct block_reading {
    const uint8_t *octets;
    size_t n, header, at; /* the next column's */
    uint32_t rows;
};

static bool block_column(struct block_reading *r, struct packed *p)
{
    size_t used;
    if (r->at > r->n ||
        !packed_open_apart(p, r->octets + r->header, r->octets + r->at, r->n - r->at, &used) ||
        p->rows != r->rows) {
        return false;
    }
    r->header += PACKED_HEADER;
    r->at += (used + 7) / 8 * 8;
    return true;
}

/* Their place in the block, and that they are whole. */
static bool block_lists(struct events_block *b, struct block_reading *r)
{
    size_t size;
    b->lists = r->octets + r->at;
    r->at += b->n_lists * LISTS_ENTRY;
    for (size_t i = 0; i < b->n_lists; i++) {
        if (r->at > r->n || !events_lists_skip(b->lists + i * LISTS_ENTRY, b->rows, b->n_columns, &size)) {
            return false;
        }
        r->at += size;
    }
    return r->at <= r->n;
}

bool events_block_decode(struct events_block *b, const void *octets, size_t n)
{
    const uint8_t *p = octets;
    if (n < BLOCK_HEADER || (p[0] != BLOCK_PLAIN && p[0] != BLOCK_LISTS) || p[1] > EVENTS_MAX_COLUMNS ||
        p[2] > p[1] || (p[0] == BLOCK_PLAIN && p[2]) || p[3]) {
        return false;
    }
    b->n_columns = p[1];
    b->n_lists = p[2];
    memcpy(&b->rows, p + 4, 4);
    struct block_reading r = { .octets = p, .n = n, .rows = b->rows };
    r.header = (BLOCK_HEADER + 2 * b->n_columns + 7) / 8 * 8;
    r.at = r.header + (2 + b->n_columns) * PACKED_HEADER;
    if (b->rows == 0 || b->rows > EVENTS_BLOCK_ROWS || r.at > n) {
        return false;
    }
    memcpy(b->attribute, p + BLOCK_HEADER, 2 * b->n_columns);
    bool ok = block_lists(b, &r) && block_column(&r, &b->customer) && block_column(&r, &b->second);
    for (size_t i = 0; ok && i < b->n_columns; i++) {
        ok = block_column(&r, &b->column[i]);
    }
    return ok && r.at >= n;
}
