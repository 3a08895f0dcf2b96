/* Inside of the audience environment: its tables and what a transaction carries along. For the .c files that
 * own the tables; everybody else uses their headers. Numbers in keys are big-endian. */
#ifndef TESSERA_STORE_TABLES_H
#define TESSERA_STORE_TABLES_H

#include "base/hmap.h"
#include "store/catalog.h"
#include "store/env.h"

enum table {
    TABLE_SCHEMA,   /* 'F' | 'E' | 'A', id u16 -> version, what it is */
    TABLE_DICT,     /* space u16, folded text (long ones cut, with a hash) -> code u32 */
    TABLE_TEXT,     /* space u16, code u32 -> original spelling */
    TABLE_CUSTOMER, /* id u32 -> record */
    TABLE_NUMBER,   /* msisdn u64 -> id u32 */
    TABLE_COLUMN,   /* field u16, block u32 -> packed rows */
    TABLE_MEMBER,   /* field u16, code u32, container u16 -> bitmap */
    TABLE_EVENT,    /* type u16, customer / 32,768 u32, day / 32 i32 (biased by 2^31), block u32 -> columns */
    TABLE_EVENT_ID, /* type u16, 0, hash u64 -> nothing; type u16, 1, id / 65536 -> bitmap */
    TABLE_DOCUMENT, /* kind, name -> octets */
    TABLE_COUNT
};

struct catalog {
    struct env *env;
};

struct catalog_txn {
    struct env_txn env;
    struct catalog *catalog;
    uint64_t numbers[CATALOG_NUMBERS]; /* read on demand, written at commit */
    bool loaded[CATALOG_NUMBERS], dirty[CATALOG_NUMBERS];
    struct hmap dict_counts; /* space -> codes given out; write transactions only */
    struct buf scratch;      /* of one call at a time */
};

/* Stored octets that cannot be: sticks, and lets the caller return what it returns for "not there". */
bool catalog_torn(struct catalog_txn *t);

/* A key of at most 32 octets, put together from numbers. */
static inline void key_u8(struct env_key *k, uint8_t v)
{
    k->b[k->n++] = v;
}
static inline void key_u16(struct env_key *k, uint16_t v)
{
    be_put16(k->b + k->n, v);
    k->n += 2;
}
static inline void key_u32(struct env_key *k, uint32_t v)
{
    be_put32(k->b + k->n, v);
    k->n += 4;
}
static inline void key_u64(struct env_key *k, uint64_t v)
{
    be_put64(k->b + k->n, v);
    k->n += 8;
}

#endif
