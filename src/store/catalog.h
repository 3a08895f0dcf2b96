/* The audience environment: its tables, its transactions, and the few numbers that belong to the whole. The
 * tables' meaning is in their own modules (schema, dict, customers, columns, members, events, documents); all
 * of them take a `struct catalog_txn`.
 *
 * One writer at a time (the audience writer's thread); readers on any thread, each transaction used by the
 * thread that began it. A read transaction is a snapshot and keeps old pages alive: begin, evaluate, end.
 * A write transaction is durable when catalog_commit returns true. Views handed out by a transaction live
 * until it ends, in a write transaction until its next write.
 *
 * Errors inside a write transaction stick: later writes do nothing and the commit fails with the first. */
#ifndef TESSERA_STORE_CATALOG_H
#define TESSERA_STORE_CATALOG_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct catalog;
struct catalog_txn;

struct catalog_options {
    const char *dir; /* created with mode 0700 when missing; holds audience.mdb and its lock */
    size_t map_size; /* octets; 0 = 64 GiB */
    bool nosync;     /* tests and benchmarks only */
};

/* Refuses a store of another version or a torn one (ERR_VERSION, ERR_CORRUPT), and one that another process
 * writes (ERR_EXISTS). */
struct catalog *catalog_open(const struct catalog_options *o, struct err *e);
/* Whether the pages of a store that is not open, or of one that is, hang together: see env_check
 * (store/env.h). */
bool catalog_check_file(const char *dir, struct err *e);
bool catalog_check(struct catalog_txn *t, struct err *e);
/* Writes it anew, without what was deleted; it must not be open. See env_compact (store/env.h). */
struct env_compacted;
bool catalog_compact(const struct catalog_options *o, struct env_compacted *out, struct err *e);
void catalog_close(struct catalog *c); /* no transaction may be open; NULL is fine */

struct catalog_txn *catalog_begin_read(struct catalog *c, struct err *e);
struct catalog_txn *catalog_begin_write(struct catalog *c, struct err *e);
bool catalog_commit(struct catalog_txn *t, struct err *e); /* ends it, whatever the outcome */
void catalog_end(struct catalog_txn *t); /* ends a read transaction, aborts a write one; NULL is fine */
/* Equal for two read transactions that see the same. */
uint64_t catalog_snapshot(const struct catalog_txn *t);
/* The first error of a write transaction (torn data found by a read counts too); false when there is one. */
bool catalog_ok(const struct catalog_txn *t, struct err *e);

/* Numbers that belong to the whole; 0 until set. */
enum catalog_number {
    CATALOG_NEXT_CUSTOMER = 1, /* ids below it have been given out */
    CATALOG_CUSTOMERS,         /* that exist */
    CATALOG_FEED_SEQ,          /* activity feed applied up to here */
    CATALOG_FEED_UNKNOWN,      /* activity of numbers that are no customers */
    CATALOG_CHANGE,            /* grows by one with every committed change of customers or events */
    CATALOG_NEXT_FIELD,        /* schema ids given out */
    CATALOG_NEXT_EVENT,
    CATALOG_NUMBERS /* how many */
};
uint64_t catalog_number(struct catalog_txn *t, enum catalog_number which);
void catalog_set_number(struct catalog_txn *t, enum catalog_number which, uint64_t value);

struct catalog_usage {
    uint64_t map_size, used; /* octets */
};
void catalog_get_usage(struct catalog_txn *t, struct catalog_usage *out);

#endif
