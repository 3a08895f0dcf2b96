#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAX_TABLES 64
#define FREE_TABLE 0 /* LMDB keeps its free pages in dbi 0 */

struct env {
    MDB_env *mdb;
    MDB_dbi meta;
    MDB_dbi tables[MAX_TABLES];
    size_t n_tables;
    uint64_t page_size;
    int lock_fd;
    void *map; /* NULL: not found */
    size_t map_len;
};

static enum err_code code_from(int rc)
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

static bool fail(struct env_txn *t, int rc)
{
    if (t->code == ERR_NONE) {
        t->code = code_from(rc);
        t->rc = rc;
    }
    return false;
}

static MDB_val val(struct strv s)
{
    return (MDB_val){ s.n, (void *)(uintptr_t)s.p };
}

static struct strv view(MDB_val v)
{
    return (struct strv){ v.mv_data, v.mv_size };
}

/* --- opening --- */

static bool set_path(char path[PATH_MAX], const struct env_options *o, const char *suffix, struct err *e)
{
    int n = snprintf(path, PATH_MAX, "%s/%s%s", o->dir, o->name, suffix);
    if (n < 0 || n >= PATH_MAX)
        return err_set(e, ERR_INVALID, "%s: path too long", o->dir);
    return true;
}

/* One process a store. The lock is the kernel's and ends with the process; the pid in the file is for people.
 */
static bool take_lock(struct env *env, const struct env_options *o, struct err *e)
{
    char path[PATH_MAX], pid[32] = { 0 };
    if (!set_path(path, o, ".lock", e))
        return false;
    env->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (env->lock_fd < 0)
        return err_set_errno(e, errno, "cannot open %s", path);
    if (flock(env->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return err_set_errno(e, errno, "cannot lock %s", path);
        ssize_t n = pread(env->lock_fd, pid, sizeof(pid) - 1, 0);
        long other = n > 0 ? strtol(pid, NULL, 10) : 0;
        return err_set(e, ERR_EXISTS, "%s/%s.mdb is in use by process %ld", o->dir, o->name, other);
    }
    int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(env->lock_fd, 0) != 0 || pwrite(env->lock_fd, pid, (size_t)n, 0) != n)
        return err_set_errno(e, errno, "cannot write %s", path);
    return true;
}

/* Counts the free pages at or above `from`; false when the list itself cannot be read. */
static bool count_free_above(struct env *env, uint64_t from, uint64_t *count)
{
    struct env_txn t;
    MDB_cursor *c = NULL;
    MDB_val k, v;
    *count = 0;
    bool ok = env_begin(env, &t, false) && mdb_cursor_open(t.txn, FREE_TABLE, &c) == 0;
    int rc = ok ? mdb_cursor_get(c, &k, &v, MDB_FIRST) : MDB_CORRUPTED;
    for (; rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        const size_t *ids = v.mv_data;
        if (v.mv_size < sizeof(size_t) || ids[0] > v.mv_size / sizeof(size_t) - 1) {
            rc = MDB_CORRUPTED;
            break;
        }
        for (size_t i = 1; i <= ids[0]; i++)
            *count += ids[i] >= from;
    }
    if (c)
        mdb_cursor_close(c);
    env_abort(&t);
    return rc == MDB_NOTFOUND;
}

/* A file shorter than the pages its root counts is torn, and reading behind its end would be a SIGBUS. One
 * exception: pages taken and given back in one transaction at the end of the file are never written; they are
 * all on the list of free pages. To read that list safely the file is stretched first, and cut back when it
 * was torn. */
static bool check_length(struct env *env, const char *path, struct err *e)
{
    MDB_envinfo info;
    struct stat st;
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &st) != 0)
        return err_set_errno(e, errno, "cannot examine %s", path);
    mdb_env_info(env->mdb, &info);
    uint64_t need = ((uint64_t)info.me_last_pgno + 1) * env->page_size;
    if ((uint64_t)st.st_size >= need)
        return true;
    uint64_t whole = (uint64_t)st.st_size / env->page_size, free_there = 0;
    if (ftruncate(fd, (off_t)need) != 0)
        return err_set_errno(e, errno, "cannot examine %s", path);
    if (count_free_above(env, whole, &free_there) && free_there == info.me_last_pgno + 1 - whole)
        return true;
    if (ftruncate(fd, st.st_size) != 0)
        return err_set_errno(e, errno, "cannot restore %s", path);
    return err_set(e, ERR_CORRUPT, "%s is torn: %llu octets are there, %llu are needed", path,
                   (unsigned long long)st.st_size, (unsigned long long)need);
}

static bool open_mdb(struct env *env, const struct env_options *o, const char *path, struct err *e)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (o->nosync ? MDB_NOSYNC : 0);
    int rc = mdb_env_create(&env->mdb), dead;
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env->mdb, (MDB_dbi)(o->n_tables + 1));
    if (rc == 0 && o->max_readers)
        rc = mdb_env_set_maxreaders(env->mdb, o->max_readers);
    if (rc == 0)
        rc = mdb_env_set_mapsize(env->mdb, (o->map_size + 4095) & ~(size_t)4095);
    if (rc == 0)
        rc = mdb_env_open(env->mdb, path, flags, 0600);
    if (rc == 0)
        rc = mdb_reader_check(env->mdb, &dead);
    if (rc == MDB_VERSION_MISMATCH)
        return err_set(e, ERR_VERSION, "%s was written by another version of LMDB", path);
    if (rc == MDB_INVALID)
        return err_set(e, ERR_CORRUPT, "%s is not a store", path);
    if (rc != 0)
        return err_set(e, code_from(rc), "cannot open %s: %s", path, mdb_strerror(rc));
    MDB_stat st;
    mdb_env_stat(env->mdb, &st);
    env->page_size = st.ms_psize;
    return true;
}

/* LMDB does not tell where its map is; the system does. Without an answer env_relax() does nothing. */
static void find_map(struct env *env)
{
    mdb_filehandle_t fd;
    struct stat st;
    char line[PATH_MAX + 128];
    FILE *maps =
        mdb_env_get_fd(env->mdb, &fd) == 0 && fstat(fd, &st) == 0 ? fopen("/proc/self/maps", "re") : NULL;
    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long from, to, inode;
        if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &from, &to, &inode) == 3 && inode == st.st_ino &&
            strstr(line, ".mdb\n")) {
            env->map = (void *)from;
            env->map_len = to - from;
            break;
        }
    }
    if (maps)
        fclose(maps);
}

void env_relax(struct env *env)
{
    if (env->map)
        madvise(env->map, env->map_len, MADV_DONTNEED); /* a shared map of a file: nothing is lost */
}

/* Ours and of our version, or new and empty: then it is marked as ours. */
static bool check_format(struct env *env, struct env_txn *t, const struct env_options *o, const char *path,
                         struct err *e)
{
    MDB_dbi root;
    MDB_stat st;
    MDB_val v, k = val(STRV("format"));
    int rc = mdb_dbi_open(t->txn, NULL, 0, &root);
    if (rc == 0)
        rc = mdb_stat(t->txn, root, &st);
    bool empty = rc == 0 && st.ms_entries == 0;
    if (rc == 0)
        rc = mdb_dbi_open(t->txn, "meta", empty ? MDB_CREATE : 0, &env->meta);
    if (rc == 0 && empty) {
        v = val(strv_from(o->format));
        rc = mdb_put(t->txn, env->meta, &k, &v, 0);
        if (rc == 0)
            env_meta_put(t, "version", o->version);
    }
    if (rc == 0)
        rc = mdb_get(t->txn, env->meta, &k, &v);
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
        return err_set(e, ERR_CORRUPT, "%s is an LMDB file of another program", path);
    if (rc != 0)
        return err_set(e, code_from(rc), "cannot read %s: %s", path, mdb_strerror(rc));
    if (!strv_eq_c(view(v), o->format))
        return err_set(e, ERR_CORRUPT, "%s is no %s store", path, o->format);
    uint64_t version = env_meta_get(t, "version");
    if (version != o->version)
        return err_set(e, ERR_VERSION, "%s has format version %llu; this program reads version %u", path,
                       (unsigned long long)version, o->version);
    return true;
}

static bool open_tables(struct env *env, const struct env_options *o, const char *path, struct err *e)
{
    struct env_txn t;
    bool ok = env_begin(env, &t, true);
    if (!ok)
        return err_set(e, t.code, "cannot open %s: %s", path, env_error_text(&t));
    ok = check_format(env, &t, o, path, e);
    for (size_t i = 0; ok && i < o->n_tables; i++) {
        int rc = mdb_dbi_open(t.txn, o->tables[i], MDB_CREATE, &env->tables[i]);
        if (rc != 0)
            ok = err_set(e, code_from(rc), "cannot open table %s of %s: %s", o->tables[i], path,
                         mdb_strerror(rc));
    }
    env->n_tables = o->n_tables;
    if (ok && env_commit(&t, e))
        return true;
    env_abort(&t);
    return false;
}

struct env *env_open(const struct env_options *o, struct err *e)
{
    char path[PATH_MAX];
    struct env *env = calloc(1, sizeof(*env));
    if (!env) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    env->lock_fd = -1;
    if (mkdir(o->dir, 0700) != 0 && errno != EEXIST) {
        err_set_errno(e, errno, "cannot create %s", o->dir);
        goto fail;
    }
    if (o->n_tables > MAX_TABLES) {
        err_set(e, ERR_INVALID, "too many tables");
        goto fail;
    }
    if (!set_path(path, o, ".mdb", e) || !take_lock(env, o, e) || !open_mdb(env, o, path, e) ||
        !check_length(env, path, e) || !open_tables(env, o, path, e))
        goto fail;
    find_map(env);
    return env;
fail:
    env_close(env);
    return NULL;
}

void env_close(struct env *env)
{
    if (!env)
        return;
    if (env->mdb)
        mdb_env_close(env->mdb);
    if (env->lock_fd >= 0)
        close(env->lock_fd); /* the lock goes with it; the file stays, so that nobody locks a deleted one */
    free(env);
}

/* --- transactions --- */

bool env_begin(struct env *env, struct env_txn *t, bool write)
{
    *t = (struct env_txn){ .env = env, .write = write };
    int rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &t->txn);
    if (rc == 0)
        return true;
    t->txn = NULL;
    return fail(t, rc);
}

bool env_ok(const struct env_txn *t)
{
    return t->code == ERR_NONE && t->txn;
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
        fail(t, rc == EIO && disk_is_full(t->env) ? ENOSPC : rc);
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
    return rc == 0 || fail(t, rc);
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
    MDB_val k = val(key), v;
    if (value)
        *value = (struct strv){ NULL, 0 };
    if (!env_ok(t))
        return false;
    int rc = mdb_get(t->txn, t->env->tables[table], &k, &v);
    if (rc == MDB_NOTFOUND)
        return false;
    if (rc != 0)
        return fail(t, rc);
    if (value)
        *value = view(v);
    return true;
}

static bool put(struct env_txn *t, MDB_dbi dbi, struct strv key, MDB_val *v, unsigned flags)
{
    MDB_val k = val(key);
    if (!env_ok(t))
        return false;
    int rc = mdb_put(t->txn, dbi, &k, v, flags);
    return rc == 0 || fail(t, rc);
}

bool env_put(struct env_txn *t, unsigned table, struct strv key, struct strv value)
{
    MDB_val v = val(value);
    return put(t, t->env->tables[table], key, &v, 0);
}

bool env_append(struct env_txn *t, unsigned table, struct strv key, struct strv value)
{
    MDB_val k = val(key), v = val(value);
    if (!env_ok(t))
        return false;
    int rc = mdb_put(t->txn, t->env->tables[table], &k, &v, MDB_APPEND);
    if (rc == MDB_KEYEXIST)
        return env_put(t, table, key, value);
    return rc == 0 || fail(t, rc);
}

void *env_put_reserve(struct env_txn *t, unsigned table, struct strv key, size_t n)
{
    MDB_val v = { n, NULL };
    return put(t, t->env->tables[table], key, &v, MDB_RESERVE) ? v.mv_data : NULL;
}

bool env_del(struct env_txn *t, unsigned table, struct strv key)
{
    MDB_val k = val(key);
    if (!env_ok(t))
        return false;
    int rc = mdb_del(t->txn, t->env->tables[table], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return false;
    return rc == 0 || fail(t, rc);
}

bool env_clear(struct env_txn *t, unsigned table)
{
    if (!env_ok(t))
        return false;
    int rc = mdb_drop(t->txn, t->env->tables[table], 0);
    return rc == 0 || fail(t, rc);
}

uint64_t env_count(struct env_txn *t, unsigned table)
{
    MDB_stat st;
    if (!env_ok(t))
        return 0;
    int rc = mdb_stat(t->txn, t->env->tables[table], &st);
    if (rc != 0)
        fail(t, rc);
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
    return fail(t, rc);
}

void env_cursor_close(struct env_cursor *c)
{
    if (c->cur)
        mdb_cursor_close(c->cur);
    c->cur = NULL;
}

static bool move(struct env_cursor *c, struct strv key, MDB_cursor_op op)
{
    MDB_val k = val(key), v;
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_get(c->cur, &k, &v, op);
    if (rc == MDB_NOTFOUND)
        return false;
    if (rc != 0)
        return fail(c->t, rc);
    c->key = view(k);
    c->value = view(v);
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
    MDB_val k = val(key), v = val(value);
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_put(c->cur, &k, &v, 0);
    return rc == 0 || fail(c->t, rc);
}

bool env_cursor_del(struct env_cursor *c)
{
    if (!c->cur || !env_ok(c->t))
        return false;
    int rc = mdb_cursor_del(c->cur, 0);
    return rc == 0 || fail(c->t, rc);
}

/* --- the meta table --- */

uint64_t env_meta_get(struct env_txn *t, const char *name)
{
    MDB_val k = val(strv_from(name)), v;
    if (!env_ok(t))
        return 0;
    int rc = mdb_get(t->txn, t->env->meta, &k, &v);
    if (rc != 0 && rc != MDB_NOTFOUND)
        fail(t, rc);
    return rc == 0 && v.mv_size == 8 ? be_get64(v.mv_data) : 0;
}

bool env_meta_put(struct env_txn *t, const char *name, uint64_t value)
{
    uint8_t b[8];
    MDB_val v = { sizeof(b), b };
    be_put64(b, value);
    return put(t, t->env->meta, strv_from(name), &v, 0);
}

bool env_meta_del(struct env_txn *t, const char *name)
{
    MDB_val k = val(strv_from(name));
    if (!env_ok(t))
        return false;
    int rc = mdb_del(t->txn, t->env->meta, &k, NULL);
    return rc == 0 || (rc != MDB_NOTFOUND && fail(t, rc));
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
        return fail(t, rc);
    for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        if (v.mv_size == 8 && k.mv_size <= ENV_KEY_MAX && !strv_eq_c(view(k), "format")) {
            memcpy(name, k.mv_data, k.mv_size);
            name[k.mv_size] = '\0';
            if (!fn(ctx, name, be_get64(v.mv_data)))
                break;
        }
    }
    mdb_cursor_close(c);
    return rc == 0 || rc == MDB_NOTFOUND || fail(t, rc);
}

/* --- space --- */

uint64_t env_high_water(const struct env *env)
{
    MDB_envinfo info;
    mdb_env_info(env->mdb, &info);
    return ((uint64_t)info.me_last_pgno + 1) * env->page_size;
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
    int rc = mdb_cursor_open(t->txn, FREE_TABLE, &c);
    if (rc != 0)
        return fail(t, rc);
    for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0; rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        size_t n = 0;
        if (v.mv_size >= sizeof(n))
            memcpy(&n, v.mv_data, sizeof(n));
        u->free_pages += n;
    }
    mdb_cursor_close(c);
    if (rc != MDB_NOTFOUND)
        return fail(t, rc);
    u->used = u->free_pages < u->high_page ? (u->high_page - u->free_pages) * u->page_size : 0;
    return true;
}

bool env_copy(struct env *env, int fd, struct err *e)
{
    int rc = mdb_env_copyfd2(env->mdb, fd, MDB_CP_COMPACT);
    return rc == 0 || err_set(e, code_from(rc), "cannot copy the store: %s", mdb_strerror(rc));
}

bool env_sync(struct env *env, struct err *e)
{
    int rc = mdb_env_sync(env->mdb, 1);
    return rc == 0 || err_set(e, code_from(rc), "cannot sync the store: %s", mdb_strerror(rc));
}
