/* Transactions, records, cursors, the meta table: thin over LMDB, with the error kept in the transaction. */
#include "store/env_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum err_code env_code_from(int rc)
{
    switch (rc) {
    case 0: return ERR_NONE;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EFBIG:
    case EDQUOT: return ERR_FULL;
    case MDB_TXN_FULL:
    case MDB_READERS_FULL: return ERR_LIMIT;
    case MDB_BAD_VALSIZE: return ERR_INVALID;
    case MDB_VERSION_MISMATCH: return ERR_VERSION;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_INCOMPATIBLE: return ERR_CORRUPT;
    case ENOMEM: return ERR_NOMEM;
    default: return rc > 0 ? ERR_IO : ERR_INTERNAL;
    }
}

bool env_set_failed(struct env_txn *t, int rc)
{
    if (t->code == ERR_NONE) {
        t->code = env_code_from(rc);
        t->rc = rc;
    }
    return false;
}

/* --- transactions --- */

bool env_begin(struct env *env, struct env_txn *t, bool write)
{
    *t = (struct env_txn){ .env = env, .write = write };
    int rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &t->txn);
    if (rc == 0)
        return true;
    t->txn = NULL;
    return env_set_failed(t, rc);
}

bool env_ok(const struct env_txn *t)
{
    return t->code == ERR_NONE && t->txn;
}

uint64_t env_snapshot(const struct env_txn *t)
{
    return t->txn ? mdb_txn_id(t->txn) : 0;
}

void env_abort(struct env_txn *t)
{
    if (t->txn)
        mdb_txn_abort(t->txn);
    t->txn = NULL;
}

/* LMDB reports a short write, which is what a full disk gives first, as EIO. */
static bool disk_is_full(const struct env *env)
{
    const uint64_t near = UINT64_C(16) << 20;
    struct statvfs fs;
    struct rlimit limit;
    struct stat st;
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &st) != 0)
        return false;
    if (fstatvfs(fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < near)
        return true;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           (uint64_t)st.st_size + near > limit.rlim_cur;
}

bool env_commit(struct env_txn *t, struct err *e)
{
    if (t->code == ERR_NONE && t->txn) {
        int rc = mdb_txn_commit(t->txn); /* frees it whatever the outcome */
        t->txn = NULL;
        if (rc == 0)
            return true;
        env_set_failed(t, rc == EIO && disk_is_full(t->env) ? ENOSPC : rc);
    }
    env_abort(t);
    return err_set(e, t->code, "%s", env_error_text(t));
}

void env_pause(struct env_txn *t)
{
    if (t->txn)
        mdb_txn_reset(t->txn);
}

bool env_resume(struct env_txn *t)
{
    if (!t->txn)
        return false;
    t->code = ERR_NONE;
    t->rc = 0;
    int rc = mdb_txn_renew(t->txn);
    return rc == 0 || env_set_failed(t, rc);
}

void env_fail(struct env_txn *t, enum err_code code)
{
    if (t->code == ERR_NONE)
        t->code = code;
}

const char *env_error_text(const struct env_txn *t)
{
    if (t->code == ERR_NONE)
        return t->txn ? "" : "no transaction";
    if (t->rc == MDB_MAP_FULL)
        return "the store is full (its map size is reached)";
    if (t->rc != 0)
        return mdb_strerror(t->rc);
    return err_code_name(t->code);
}

/* --- records --- */

bool env_get(struct env_txn *t, unsigned table, struct strv key, struct strv *value)
{
    MDB_val k = env_val(key), v;
    if (value)
        *value = (struct strv){ NULL, 0 };
    if (!env_ok(t))
        return false;
    int rc = mdb_get(t->txn, t->env->tables[table], &k, &v);
    if (rc == MDB_NOTFOUND)
        return false;
    if (rc != 0)
        return env_set_failed(t, rc);
    if (value)
        *value = env_val_view(v);
    return true;
}

static bool put(struct env_txn *t, MDB_dbi dbi, struct strv key, MDB_val *v, unsigned flags)
{
    MDB_val k = env_val(key);
    if (!env_ok(t))
        return false;
    int rc = mdb_put(t->txn, dbi, &k, v, flags);
    return rc == 0 || env_set_failed(t, rc);
}

bool env_put(struct env_txn *t, unsigned table, struct strv key, struct strv value)
{
    MDB_val v = env_val(value);
    return put(t, t->env->tables[table], key, &v, 0);
}

bool env_append(struct env_txn *t, unsigned table, struct strv key, struct strv value)
{
    MDB_val k = env_val(key), v = env_val(value);
    if (!env_ok(t))
        return false;
    int rc = mdb_put(t->txn, t->env->tables[table], &k, &v, MDB_APPEND);
    if (rc == MDB_KEYEXIST)
        return env_put(t, table, key, value);
    return rc == 0 || env_set_failed(t, rc);
}

void *env_put_reserve(struct env_txn *t, unsigned table, struct strv key, size_t n)
{
    MDB_val v = { n, NULL };
    return put(t, t->env->tables[table], key, &v, MDB_RESERVE) ? v.mv_data : NULL;
}

bool env_del(struct env_txn *t, unsigned table, struct strv key)
{
    MDB_val k = env_val(key);
    if (!env_ok(t))
        return false;
    int rc = mdb_del(t->txn, t->env->tables[table], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return false;
    return rc == 0 || env_set_failed(t, rc);
}

bool env_clear(struct env_txn *t, unsigned table)
{
    if (!env_ok(t))
        return false;
    int rc = mdb_drop(t->txn, t->env->tables[table], 0);
    return rc == 0 || env_set_failed(t, rc);
}

uint64_t env_count(struct env_txn *t, unsigned table)
{
    MDB_stat st;
    if (!env_ok(t))
        return 0;
    int rc = mdb_stat(t->txn, t->env->tables[table], &st);
    if (rc != 0)
        env_set_failed(t, rc);
    return rc == 0 ? st.ms_entries : 0;
}

/* --- cursors --- */

bool env_cursor_open(struct env_cursor *c, struct env_txn *t, unsigned table)
{
    *c = (struct env_cursor){ .t = t };
    if (!env_ok(t))
        return false;
    int rc = mdb_cursor_open(t->txn, t->env->tables[table], &c->cur);
    if (rc == 0)
        return true;
    c->cur = NULL;
    return env_set_failed(t, rc);
}

void env_cursor_close(struct env_cursor *c)
{
    if (c->cur)
        mdb_cursor_close(c->cur);
    c->cur = NULL;
}

static bool move(struct env_cursor *c, struct strv key, MDB_cursor_op op)
{
    MDB_val k = env_val(key), v;
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_get(c->cur, &k, &v, op);
    if (rc == MDB_NOTFOUND)
        return false;
    if (rc != 0)
        return env_set_failed(c->t, rc);
    c->key = env_val_view(k);
    c->value = env_val_view(v);
    return true;
}

bool env_cursor_first(struct env_cursor *c)
{
    return move(c, (struct strv){ NULL, 0 }, MDB_FIRST);
}

bool env_cursor_last(struct env_cursor *c)
{
    return move(c, (struct strv){ NULL, 0 }, MDB_LAST);
}

bool env_cursor_next(struct env_cursor *c)
{
    return move(c, (struct strv){ NULL, 0 }, MDB_NEXT);
}

bool env_cursor_prev(struct env_cursor *c)
{
    return move(c, (struct strv){ NULL, 0 }, MDB_PREV);
}

bool env_cursor_seek(struct env_cursor *c, struct strv key)
{
    return move(c, key, MDB_SET_KEY);
}

bool env_cursor_seek_ge(struct env_cursor *c, struct strv key)
{
    return move(c, key, MDB_SET_RANGE);
}

bool env_cursor_seek_le(struct env_cursor *c, struct strv key)
{
    if (!env_cursor_seek_ge(c, key))
        return env_cursor_last(c);
    return strv_eq(c->key, key) || env_cursor_prev(c);
}

bool env_cursor_put(struct env_cursor *c, struct strv key, struct strv value)
{
    MDB_val k = env_val(key), v = env_val(value);
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_put(c->cur, &k, &v, 0);
    return rc == 0 || env_set_failed(c->t, rc);
}

bool env_cursor_del(struct env_cursor *c)
{
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_del(c->cur, 0);
    return rc == 0 || env_set_failed(c->t, rc);
}

/* --- the meta table --- */

uint64_t env_meta_get(struct env_txn *t, const char *name)
{
    MDB_val k = env_val(strv_from(name)), v;
    if (!env_ok(t))
        return 0;
    int rc = mdb_get(t->txn, t->env->meta, &k, &v);
    if (rc != 0 && rc != MDB_NOTFOUND)
        env_set_failed(t, rc);
    return rc == 0 && v.mv_size == 8 ? be_get64(v.mv_data) : 0;
}

bool env_meta_put(struct env_txn *t, const char *name, uint64_t value)
{
    uint8_t b[8];
    MDB_val v = { sizeof(b), b };
    be_put64(b, value);
    return put(t, t->env->meta, strv_from(name), &v, 0);
}

bool env_meta_each(struct env_txn *t, bool (*fn)(void *ctx, const char *name, uint64_t value), void *ctx)
{
    char name[ENV_KEY_MAX + 1];
    MDB_cursor *c = NULL;
    MDB_val k, v;
    if (!env_ok(t))
        return false;
    int rc = mdb_cursor_open(t->txn, t->env->meta, &c);
    if (rc != 0)
        return env_set_failed(t, rc);
    for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        if (v.mv_size == 8 && k.mv_size <= ENV_KEY_MAX && !strv_eq_c(env_val_view(k), "format")) {
            memcpy(name, k.mv_data, k.mv_size);
            name[k.mv_size] = '\0';
            if (!fn(ctx, name, be_get64(v.mv_data)))
                break;
        }
    }
    mdb_cursor_close(c);
    return rc == 0 || rc == MDB_NOTFOUND || env_set_failed(t, rc);
}

bool env_version_raise(struct env_txn *t)
{
    return env_meta_get(t, "version") == t->env->version || env_meta_put(t, "version", t->env->version);
}
