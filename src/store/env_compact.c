/* Writing a store anew. A copy of the pages (mdb_env_copy2) would do for the space, but not for what was
 * deleted: LMDB leaves it in the unused ends of pages that are still in use. */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMIT_EVERY ((size_t)64 << 20) /* octets */

struct copying {
    const struct env_options *o;
    struct env *from, *to;
    struct env_txn r, w;
    size_t gathered;
    struct env_compacted *out;
};

static bool file_path(char path[PATH_MAX], const char *dir, const char *name, const char *suffix)
{
    int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);
    return n > 0 && n < PATH_MAX;
}

static uint64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* What an earlier attempt has left. */
static void remove_files(const char *dir, const char *name, bool store)
{
    static const char *const suffixes[] = { ".mdb", ".mdb-lock", ".lock" };
    char path[PATH_MAX];
    for (size_t i = store ? 0 : 1; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (file_path(path, dir, name, suffixes[i]))
            unlink(path);
    }
}

static bool copy_meta(void *ctx, const char *name, uint64_t value)
{
    struct copying *c = ctx;
    return env_meta_put(&c->w, name, value);
}

static bool copy_record(struct copying *c, unsigned table, const struct env_cursor *at, struct err *e)
{
    env_append(&c->w, table, at->key, at->value);
    c->out->records++;
    c->gathered += at->key.n + at->value.n;
    if (c->gathered < COMMIT_EVERY)
        return true;
    c->gathered = 0;
    if (env_commit(&c->w, e) && env_begin(c->to, &c->w, true))
        return true;
    env_abort(&c->w);
    return false;
}

static bool copy_table(struct copying *c, unsigned table, struct err *e)
{
    struct env_cursor at;
    env_cursor_open(&at, &c->r, table);
    bool ok = true;
    for (bool more = env_cursor_first(&at); ok && more; more = env_cursor_next(&at))
        ok = copy_record(c, table, &at, e);
    env_cursor_close(&at);
    return ok;
}

static bool copy_all(struct copying *c, struct err *e)
{
    bool ok = env_begin(c->from, &c->r, false) && env_begin(c->to, &c->w, true);
    if (!ok)
        return err_set(e, ERR_IO, "cannot begin to copy the store");
    for (unsigned i = 0; ok && i < c->o->n_tables; i++)
        ok = copy_table(c, i, e);
    ok = ok && env_meta_each(&c->r, copy_meta, c);
    if (ok && !env_ok(&c->r))
        ok = err_set(e, c->r.code, "cannot read the store: %s", env_error_text(&c->r));
    env_abort(&c->r);
    ok = ok && env_commit(&c->w, e) && env_sync(c->to, e);
    env_abort(&c->w);
    return ok || (e->code == ERR_NONE && err_set(e, ERR_IO, "cannot copy the store"));
}

static bool sync_dir(const char *dir, struct err *e)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        err_set_errno(e, errno, "cannot sync %s", dir);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool env_compact(const struct env_options *o, struct env_compacted *out, struct err *e)
{
    char name[64], old[PATH_MAX], fresh[PATH_MAX];
    struct env_options to = *o, from = *o;
    struct copying c = { .o = o, .out = out };
    *out = (struct env_compacted){ 0 };
    snprintf(name, sizeof(name), "%s.compact", o->name);
    if (!file_path(old, o->dir, o->name, ".mdb") || !file_path(fresh, o->dir, name, ".mdb"))
        return err_set(e, ERR_INVALID, "%s: path too long", o->dir);
    if (access(old, F_OK) != 0)
        return errno == ENOENT || err_set_errno(e, errno, "cannot examine %s", old);
    c.from = env_check_file(o->dir, o->name, e) ? env_open(&from, e) : NULL;
    if (!c.from)
        return false;
    out->before = file_size(old);
    remove_files(o->dir, name, true);
    to.name = name;
    to.nosync = true; /* synced once, at the end */
    to.map_size = env_map_size(c.from) > o->map_size ? (size_t)env_map_size(c.from) : o->map_size;
    c.to = env_open(&to, e);
    bool ok = c.to && copy_all(&c, e);
    env_close(c.to);
    out->after = file_size(fresh);
    if (ok && rename(fresh, old) != 0)
        ok = err_set_errno(e, errno, "cannot put the new store in the place of %s", old);
    remove_files(o->dir, name, true);
    ok = ok && sync_dir(o->dir, e);
    env_close(c.from);
    return ok;
}
