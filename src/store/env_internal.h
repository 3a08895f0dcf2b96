/* What an open environment is, and how LMDB's values and errors become ours. Internal to the files of the
 * environment (env.c, env_open.c, env_space.c): nobody else sees inside, and nobody else includes <lmdb.h>.
 *
 * The lock of the kernel and the map end with env_close(). Nothing changes here after env_open(): any thread
 * may read it. */
#ifndef TESSERA_STORE_ENV_INTERNAL_H
#define TESSERA_STORE_ENV_INTERNAL_H

#include "store/env.h"

#include <lmdb.h>

#define ENV_TABLES_MAX 64
#define ENV_FREE_TABLE 0 /* LMDB keeps its free pages in dbi 0 */

struct env {
    MDB_env *mdb;
    MDB_dbi meta;
    MDB_dbi tables[ENV_TABLES_MAX];
    size_t n_tables;
    uint64_t page_size;
    uint32_t version;
    int lock_fd;
    void *map; /* NULL: not found */
    size_t map_len;
};

enum err_code env_code_from(int rc); /* LMDB's or the system's */

/* Remembers the first failure of the transaction; always false. */
bool env_set_failed(struct env_txn *t, int rc);

static inline MDB_val env_val(struct strv s)
{
    return (MDB_val){ s.n, (void *)(uintptr_t)s.p };
}

static inline struct strv env_val_view(MDB_val v)
{
    return (struct strv){ v.mv_data, v.mv_size };
}

#endif
