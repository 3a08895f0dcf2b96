/* Opening and closing an environment: the lock, the file and whether it is whole and ours, its tables. */
#include "store/env_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
    bool ok = env_begin(env, &t, false) && mdb_cursor_open(t.txn, ENV_FREE_TABLE, &c) == 0;
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
        return err_set(e, env_code_from(rc), "cannot open %s: %s", path, mdb_strerror(rc));
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

/* Ours and of our version, or new and empty: then it is marked as ours. */
static bool check_format(struct env *env, struct env_txn *t, const struct env_options *o, const char *path,
                         struct err *e)
{
    MDB_dbi root;
    MDB_stat st;
    MDB_val v, k = env_val(STRV("format"));
    int rc = mdb_dbi_open(t->txn, NULL, 0, &root);
    if (rc == 0)
        rc = mdb_stat(t->txn, root, &st);
    bool empty = rc == 0 && st.ms_entries == 0;
    if (rc == 0)
        rc = mdb_dbi_open(t->txn, "meta", empty ? MDB_CREATE : 0, &env->meta);
    if (rc == 0 && empty) {
        v = env_val(strv_from(o->format));
        rc = mdb_put(t->txn, env->meta, &k, &v, 0);
        if (rc == 0)
            env_meta_put(t, "version", o->version);
    }
    if (rc == 0)
        rc = mdb_get(t->txn, env->meta, &k, &v);
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
        return err_set(e, ERR_CORRUPT, "%s is an LMDB file of another program", path);
    if (rc != 0)
        return err_set(e, env_code_from(rc), "cannot read %s: %s", path, mdb_strerror(rc));
    if (!strv_eq_c(env_val_view(v), o->format))
        return err_set(e, ERR_CORRUPT, "%s is no %s store", path, o->format);
    uint64_t version = env_meta_get(t, "version");
    env->version = o->version;
    if (version != o->version && (o->oldest == 0 || version < o->oldest || version > o->version))
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
            ok = err_set(e, env_code_from(rc), "cannot open table %s of %s: %s", o->tables[i], path,
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
    if (o->n_tables > ENV_TABLES_MAX) {
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
