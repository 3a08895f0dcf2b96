/* Packed integers: the rows of one column as unsigned offsets of 0, 1, 2, 4 or 8 octets from a base, so that
 * a scan reads as little as the values allow. Used for blocks of customer columns and of events.
 *
 * Stored number u of a row: 0 = unset, else the value is base + (u - 1). Width 0: every row is unset. A test
 * `low <= value <= high` is therefore a test `ulow <= u <= uhigh` on the stored numbers (packed_bounds), free
 * of branches and the same for dates, scaled numbers, dictionary codes, yes/no and places.
 *
 * What a value is: dictionary code (1..; unset is PACKED_UNSET here too, a code is never 0 inside a block),
 * days since 1970, number scaled by its field, yes/no 2/1 (PACKED_YES, PACKED_NO), place (packed_place).
 *
 * Octets: base (8), rows (4), width (1), version (1), 0, 0, then rows * width octets, little-endian. Data
 * that LMDB keeps in a leaf page is aligned to 2 octets only: read through the packed_uN types below. Pure;
 * nothing to free; views live as long as the octets they were opened on. */
#ifndef TESSERA_STORE_PACKED_H
#define TESSERA_STORE_PACKED_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKED_UNSET  INT64_MIN
#define PACKED_HEADER 16
#define PACKED_NO     1
#define PACKED_YES    2

typedef uint16_t packed_u16 __attribute__((aligned(1), may_alias));
typedef uint32_t packed_u32 __attribute__((aligned(1), may_alias));
typedef uint64_t packed_u64 __attribute__((aligned(1), may_alias));

struct packed {
    int64_t base;
    uint32_t rows;
    uint8_t width;       /* 0, 1, 2, 4, 8 */
    const uint8_t *data; /* rows * width octets, perhaps unaligned */
};

/* Reads the header and checks that the rows are there; *used (may be NULL) is how many octets the block
 * takes. False: torn or foreign. */
bool packed_open(struct packed *p, const void *octets, size_t n, size_t *used);
/* The same when header (PACKED_HEADER octets) and rows (at most n octets from `data` on) lie apart; *used is
 * of the rows. */
bool packed_open_apart(struct packed *p, const void *header, const void *data, size_t n, size_t *used);
/* Appends a block of n rows, as narrow as the values allow. False: out of memory. */
bool packed_encode(struct buf *out, const int64_t *values, uint32_t n);
/* Rows from..from+n-1 as values. The range must lie inside. */
void packed_unpack(const struct packed *p, uint32_t from, uint32_t n, int64_t *values);
/* The stored numbers of the values low..high (both included; unset never is). False: no row can be in it. */
bool packed_bounds(const struct packed *p, int64_t low, int64_t high, uint64_t *ulow, uint64_t *uhigh);

/* The stored number of a row. */
static inline uint64_t packed_raw(const struct packed *p, uint32_t i)
{
    switch (p->width) {
    case 1: return p->data[i];
    case 2: return ((const packed_u16 *)(const void *)p->data)[i];
    case 4: return ((const packed_u32 *)(const void *)p->data)[i];
    case 8: return ((const packed_u64 *)(const void *)p->data)[i];
    default: return 0;
    }
}
static inline int64_t packed_value(const struct packed *p, uint64_t raw)
{
    return raw ? (int64_t)((uint64_t)p->base + (raw - 1)) : PACKED_UNSET;
}
static inline int64_t packed_get(const struct packed *p, uint32_t i)
{
    return packed_value(p, packed_raw(p, i));
}

/* A place in one value: degrees scaled by 10^7, latitude in the upper half. */
static inline int64_t packed_place(int32_t latitude_e7, int32_t longitude_e7)
{
    return (int64_t)((uint64_t)(uint32_t)latitude_e7 << 32 | (uint32_t)longitude_e7);
}
static inline int32_t packed_latitude_e7(int64_t place)
{
    return (int32_t)(uint32_t)((uint64_t)place >> 32);
}
static inline int32_t packed_longitude_e7(int64_t place)
{
    return (int32_t)(uint32_t)(uint64_t)place;
}

#endif
