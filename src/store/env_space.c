/* What an environment takes of the disk and of the memory, and its copies. */
#include "store/env_internal.h"

#include <string.h>
#include <sys/mman.h>

uint64_t env_high_water(const struct env *env)
{
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    return ((uint64_t)info.me_last_pgno + 1) * env->page_size;
}

void env_relax(struct env *env)
{
    if (env->map)
        madvise(env->map, env->map_len, MADV_DONTNEED); /* a shared map of a file: nothing is lost */
}

uint64_t env_map_size(const struct env *env)
{
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    return info.me_mapsize;
}

bool env_get_usage(struct env_txn *t, struct env_usage *u)
{
    MDB_envinfo info;
    MDB_cursor *c = NULL;
    MDB_val k, v;
    *u = (struct env_usage){ .page_size = t->env->page_size };
    if (!env_ok(t))
        return false;
    mdb_env_info(t->env->mdb, &info);
    u->map_size = info.me_mapsize;
    u->high_page = (uint64_t)info.me_last_pgno + 1;
    u->readers = info.me_numreaders;
    int rc = mdb_cursor_open(t->txn, ENV_FREE_TABLE, &c);
    if (rc != 0)
        return env_set_failed(t, rc);
    for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        size_t n = 0;
        if (v.mv_size >= sizeof(n))
            memcpy(&n, v.mv_data, sizeof(n));
        u->free_pages += n;
    }
    mdb_cursor_close(c);
    if (rc != MDB_NOTFOUND)
        return env_set_failed(t, rc);
    u->used = u->free_pages < u->high_page ? (u->high_page - u->free_pages) * u->page_size : 0;
    return true;
}

bool env_sync(struct env *env, struct err *e)
{
    int rc = mdb_env_sync(env->mdb, 1);
    return rc == 0 || err_set(e, env_code_from(rc), "cannot sync the store: %s", mdb_strerror(rc));
}
