#include "daemon/stores.h"

#include "audience/audience.h"
#include "audience/rebuild.h"
#include "store/env.h"
#include "store/spool_check.h"

#include <inttypes.h>
#include <sys/stat.h>

#define SPOOL_MAP ((size_t)64 << 30) /* address space only: a store larger than this keeps its own */

static struct clock wall;

static struct spool_options spool_of(const char *dir)
{
    return (struct spool_options){ .dir = dir, .map_size = SPOOL_MAP, .clock = &wall };
}

static bool dir_is_there(const char *dir, struct err *e)
{
    struct stat st;
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return err_set(e, ERR_NOT_FOUND, "%s is no directory: give the state_dir of the configuration", dir);
    }
    return true;
}

static enum stores_result result_of(bool ok, const struct err *e)
{
    return ok ? STORES_FINE : e->code == ERR_CORRUPT ? STORES_DIFFER : STORES_FAILED;
}

static bool check_audience(const char *dir, uint64_t *customers, struct err *e)
{
    const struct audience_options o = { .dir = dir };
    struct audience *a = catalog_check_file(dir, e) ? audience_open(&o, e) : NULL;
    struct audience_view *v = a ? audience_view_begin(a, e) : NULL;
    bool ok = v && audience_verify(v, e);
    *customers = v ? audience_count(v) : 0;
    audience_view_end(v);
    audience_close(a);
    return ok;
}

enum stores_result stores_check(const char *dir, bool json, struct buf *out, struct err *e)
{
    const struct spool_options so = spool_of(dir);
    struct spool_checked spool = { 0 };
    uint64_t customers = 0;
    if (!dir_is_there(dir, e)) {
        return STORES_FAILED;
    }
    bool ok = check_audience(dir, &customers, e) && spool_check_dir(&so, &spool, e);
    if (json) {
        buf_printf(out,
                   "{\"ok\": %s, \"customers\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"inbound\": %" PRIu64
                   ", \"votes\": %" PRIu64 ", \"consents\": %" PRIu64 "}\n",
                   ok ? "true" : "false", customers, spool.messages, spool.inbound, spool.votes,
                   spool.consents);
    } else if (ok) {
        buf_printf(out,
                   "The index agrees with %" PRIu64 " customers; the spool agrees with itself (%" PRIu64
                   " messages, %" PRIu64 " inbound)\n",
                   customers, spool.messages, spool.inbound);
    }
    return result_of(ok, e);
}

enum stores_result stores_rebuild(const char *dir, bool json, struct buf *out, struct err *e)
{
    const struct audience_options o = { .dir = dir };
    struct audience_rebuild r = { 0 };
    struct audience *a = dir_is_there(dir, e) && catalog_check_file(dir, e) ? audience_open(&o, e) : NULL;
    bool ok = a != NULL;
    while (ok && !r.finished) {
        ok = audience_rebuild_slice(a, &r, e);
    }
    audience_close(a);
    if (ok && json) {
        buf_printf(out, "{\"finished\": true, \"slices\": %" PRIu64 ", \"stray\": %" PRIu64 "}\n", r.done,
                   r.stray);
    } else if (ok) {
        buf_printf(out, "The index was built anew from the customers' records (%" PRIu64 " slices)\n",
                   r.done);
    }
    return result_of(ok, e);
}

static void put_compacted(struct buf *out, bool json, const char *name, const struct env_compacted *c)
{
    buf_printf(out,
               json ? "\"%s\": {\"before\": %" PRIu64 ", \"after\": %" PRIu64 ", \"records\": %" PRIu64 "}"
                    : "%s: %" PRIu64 " octets before, %" PRIu64 " after, %" PRIu64 " records\n",
               name, c->before, c->after, c->records);
}

/* Of a store that is full nothing can be taken out before it is written anew: the next time, then. */
static bool forget_unused(const char *dir, struct err *e)
{
    const struct audience_options o = { .dir = dir };
    struct audience *a = audience_open(&o, e);
    bool ok = a && (audience_forget_unused(a, e) || e->code == ERR_FULL);
    audience_close(a);
    if (ok) {
        *e = (struct err){ 0 };
    }
    return ok;
}

enum stores_result stores_compact(const char *dir, bool json, struct buf *out, struct err *e)
{
    const struct spool_options so = spool_of(dir);
    const struct catalog_options co = { .dir = dir };
    struct env_compacted spool, audience;
    if (!dir_is_there(dir, e)) {
        return STORES_FAILED;
    }
    bool ok = forget_unused(dir, e) && catalog_compact(&co, &audience, e) && spool_compact(&so, &spool, e);
    if (ok) {
        buf_printf(out, "%s", json ? "{" : "");
        put_compacted(out, json, "audience", &audience);
        buf_printf(out, "%s", json ? ", " : "");
        put_compacted(out, json, "spool", &spool);
        buf_printf(out, "%s", json ? "}\n" : "");
    }
    return result_of(ok, e);
}
