/* One LMDB environment: opening with its named tables, the check that it is ours and whole, transactions with
 * a sticky error that is looked at once, at commit. Both stores (spool and audience) are built on it, and
 * nothing else includes <lmdb.h>.
 *
 * Errors: env_get and the cursors answer false for "not there" and for "failed" alike; a failure is
 * remembered in the transaction (`t->code`), later calls do nothing, and env_commit() refuses. So a writer
 * need not check every call, but must not take "not there" as the truth for anything that outlives the
 * transaction before the commit has succeeded; a reader looks at env_ok() when it matters.
 *
 * Threads: one write transaction at a time (LMDB serialises); a transaction, its cursors and the views it
 * gave belong to one thread at a time (MDB_NOTLS). Views (struct strv) point into the map: valid until the
 * transaction ends or, in a write transaction, until its next write. Never fork with an environment open.
 *
 * Values: at most 2 KB or so share a page; a larger one takes whole pages of its own, 4,096 k - 16 octets
 * fill k of them exactly (ENV_PAGE_PAYLOAD). Keys: 1..511 octets, byte order; numbers in keys are big-endian.
 */
#ifndef TESSERA_STORE_ENV_H
#define TESSERA_STORE_ENV_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct env;
struct MDB_txn;
struct MDB_cursor;

#define ENV_PAGE_PAYLOAD 4080 /* largest value that takes one page of its own */
#define ENV_KEY_MAX      511

struct env_options {
    const char *dir;  /* created with mode 0700 when missing (its parent must exist) */
    const char *name; /* files: dir/NAME.mdb, dir/NAME.mdb-lock (LMDB's), dir/NAME.lock (ours: one process) */
    const char *format; /* who owns the content, such as "tessera-spool"; another one is refused */
    uint32_t version;   /* of the content; another one is refused (ERR_VERSION) */
    uint32_t oldest;    /* that is read as well, until env_version_raise; 0: none but `version` */
    size_t map_size;    /* octets, rounded up to whole pages; an existing larger store keeps what it needs */
    const char *const *tables; /* created when missing; the table number is the index in this list */
    size_t n_tables;           /* at most 64 */
    unsigned max_readers;      /* read transactions open at once; 0 = 126 */
    bool nosync;               /* tests only */
};

/* Errors: ERR_EXISTS held by another process (or another open in this one), its pid named; ERR_VERSION;
 * ERR_CORRUPT not a store, somebody else's store, or shorter than its own account of itself; ERR_FULL,
 * ERR_IO, ERR_NOMEM. */
struct env *env_open(const struct env_options *o, struct err *e);
void env_close(struct env *env); /* NULL is fine; every transaction must have ended */

/* --- transactions; on the caller's stack --- */
struct env_txn {
    struct env *env;
    struct MDB_txn *txn; /* NULL when not open */
    enum err_code code;  /* sticky: the first failure */
    int rc;              /* LMDB's or the system's code of it */
    bool write;
};

bool env_begin(struct env *env, struct env_txn *t, bool write);
bool env_ok(const struct env_txn *t);
uint64_t env_snapshot(const struct env_txn *t); /* equal for two read transactions that see the same */
/* Syncs a write transaction, ends a reading one. False: nothing was written; `e` says why. */
bool env_commit(struct env_txn *t, struct err *e);
void env_abort(struct env_txn *t); /* also after a failed env_begin, and twice: harmless */
/* A read transaction that is put aside without giving up its reader slot, and taken up again with a fresh
 * snapshot. */
void env_pause(struct env_txn *t);
bool env_resume(struct env_txn *t);
void env_fail(struct env_txn *t, enum err_code code); /* the caller's own reason not to commit */
/* A sentence for the failure. */
const char *env_error_text(const struct env_txn *t);

/* --- single records; `table` is the index in env_options.tables --- */
bool env_get(struct env_txn *t, unsigned table, struct strv key, struct strv *value);
bool env_put(struct env_txn *t, unsigned table, struct strv key, struct strv value); /* inserts or replaces */
/* For a key above all that are in the table: cheaper, and the pages are filled. Falls back to env_put when it
 * is not. */
bool env_append(struct env_txn *t, unsigned table, struct strv key, struct strv value);
/* Room for n octets to be filled in before the next call; NULL on failure. */
void *env_put_reserve(struct env_txn *t, unsigned table, struct strv key, size_t n);
bool env_del(struct env_txn *t, unsigned table, struct strv key); /* whether it was there */
bool env_clear(struct env_txn *t, unsigned table);                /* empties the table */
uint64_t env_count(struct env_txn *t, unsigned table);

/* --- cursors --- */
struct env_cursor {
    struct env_txn *t;
    struct MDB_cursor *cur; /* NULL when it could not be opened */
    struct strv key, value; /* of the place it stands at, after a call that gave true */
};
/* Ends with env_cursor_close, before its transaction ends. */
bool env_cursor_open(struct env_cursor *c, struct env_txn *t, unsigned table);
void env_cursor_close(struct env_cursor *c);
bool env_cursor_first(struct env_cursor *c);
bool env_cursor_last(struct env_cursor *c);
bool env_cursor_next(struct env_cursor *c);
bool env_cursor_prev(struct env_cursor *c);
bool env_cursor_seek(struct env_cursor *c, struct strv key);    /* exactly there */
bool env_cursor_seek_ge(struct env_cursor *c, struct strv key); /* there or the next above */
bool env_cursor_seek_le(struct env_cursor *c, struct strv key); /* there or the next below */
/* The cursor stands there after. */
bool env_cursor_put(struct env_cursor *c, struct strv key, struct strv value);
/* Deletes where it stands; go on with env_cursor_next(), which gives the record after the deleted one. */
bool env_cursor_del(struct env_cursor *c);

/* --- keys of numbers: struct env_key k; ... env_key2(&k, a, b) gives 16 octets --- */
struct env_key {
    uint8_t b[32];
    uint8_t n;
};
static inline struct strv env_key_view(const struct env_key *k)
{
    return (struct strv){ (const char *)k->b, k->n };
}
static inline struct strv env_key1(struct env_key *k, uint64_t a)
{
    be_put64(k->b, a);
    k->n = 8;
    return env_key_view(k);
}
static inline struct strv env_key2(struct env_key *k, uint64_t a, uint64_t b)
{
    be_put64(k->b, a);
    be_put64(k->b + 8, b);
    k->n = 16;
    return env_key_view(k);
}
static inline uint64_t env_key_u64(struct strv key, size_t at) /* 0 when the key is too short */
{
    return key.n >= at + 8 ? be_get64((const uint8_t *)key.p + at) : 0;
}
static inline struct strv env_view(const void *p, size_t n)
{
    return (struct strv){ (const char *)p, n };
}

/* Before the first octet is written that only programs of the present version understand. */
bool env_version_raise(struct env_txn *t);

/* --- the meta table: small named values of the store itself, in the same transactions --- */
uint64_t env_meta_get(struct env_txn *t, const char *name); /* 0 when missing */
bool env_meta_put(struct env_txn *t, const char *name, uint64_t value);
/* Every value of it, until fn returns false. False: the store failed. */
bool env_meta_each(struct env_txn *t, bool (*fn)(void *ctx, const char *name, uint64_t value), void *ctx);

/* --- space --- */
struct env_usage {
    uint64_t map_size;  /* octets */
    uint64_t page_size; /* octets */
    uint64_t high_page; /* pages ever used at once */
    uint64_t free_pages;
    uint64_t used; /* octets in use: (high_page - free_pages) * page_size */
    uint64_t readers;
};
/* Walks the list of free pages: milliseconds when it is very long. */
bool env_get_usage(struct env_txn *t, struct env_usage *u);
/* Octets of the map that have ever been in use: costs nothing, never below `used`. Any thread. */
uint64_t env_high_water(const struct env *env);
uint64_t env_map_size(const struct env *env);
/* Lets go of the pages of the map that this process has touched: they stay in the system's cache, but are no
 * longer counted as its memory, which else grows to the size of the store. Cheap enough for once a second;
 * any thread. */
void env_relax(struct env *env);
bool env_sync(struct env *env, struct err *e); /* of an environment without sync: now */

/* Whether the pages of the file hang together: every page in its place and in use once, the records of each
 * within it and in order, counts as they are told. Says nothing of what is in the values. Reads every page
 * but the insides of large values; LMDB itself may end the process on a file that fails here, so ask before
 * what reads all of a store that is in doubt. While others write, too. ERR_CORRUPT names the page. */
bool env_check(struct env *env, struct err *e);
/* The same of a store that is not open; none is fine. */
bool env_check_file(const char *dir, const char *name, struct err *e);

/* Writes the store anew, record by record, and puts the new file in the place of the old one: nothing that
 * was deleted is in it, neither in free pages nor in the unused ends of others. The store must not be open;
 * it needs as much free space on the disk as it has content. Killed at any instant it leaves the old file or
 * the new one. A store that is not there: true, and nothing is made. */
struct env_compacted {
    uint64_t before, after; /* octets of the file */
    uint64_t records;
};
bool env_compact(const struct env_options *o, struct env_compacted *out, struct err *e);

#endif
