/* Every change of a segment's query and state, with who made it and when. Outlives the segment, so that one
 * of the same name that is added later goes on with the next version. */
#include "audience/segment_inside.h"

#include "base/buf.h"
#include "store/documents.h"

#define HISTORY_VERSION 1
#define HISTORY_WHO     64

const char *segment_event_name(enum segment_event what)
{
    static const char *const NAMES[] = { "", "added", "changed", "activated", "deactivated", "removed" };
    return NAMES[what <= SEGMENT_REMOVED ? what : 0];
}

/* Name, NUL, number of the change. */
struct history_key {
    char b[SEGMENT_MAX_NAME + 1 + 4];
};

static struct strv history_prefix(struct history_key *k, struct strv name)
{
    name = strv_sub(name, 0, SEGMENT_MAX_NAME);
    strv_copy(name, k->b, SEGMENT_MAX_NAME + 1);
    return (struct strv){ k->b, name.n + 1 };
}

static bool history_decode(struct strv octets, struct segment_version *out)
{
    struct rd r = rd_from(octets.p, octets.n);
    if (rd_u8(&r) != HISTORY_VERSION) {
        return false;
    }
    out->version = (uint32_t)rd_varint(&r);
    out->what = rd_u8(&r);
    out->at = rd_svarint(&r);
    out->who = rd_lstr(&r);
    out->query = rd_lstr(&r);
    return !r.failed;
}

struct history_each {
    segment_version_fn *fn;
    void *ctx;
    struct strv prefix;
};

static bool history_document(void *ctx, struct strv name, struct strv value)
{
    struct history_each *each = ctx;
    struct segment_version v;
    if (!strv_eq(strv_sub(name, 0, each->prefix.n), each->prefix)) {
        return false;
    }
    return !history_decode(value, &v) || each->fn(each->ctx, &v);
}

static void history_walk(struct catalog_txn *t, struct strv name, segment_version_fn *fn, void *ctx)
{
    struct history_key k;
    struct history_each each = { fn, ctx, history_prefix(&k, name) };
    document_each_from(t, DOCUMENT_SEGMENT_HISTORY, each.prefix, history_document, &each);
}

void segment_history(struct audience_view *v, struct strv name, segment_version_fn *fn, void *ctx)
{
    history_walk(v->txn, name, fn, ctx);
}

struct history_end {
    uint32_t n, version;
};

static bool history_count(void *ctx, const struct segment_version *v)
{
    struct history_end *end = ctx;
    end->n++;
    end->version = v->version;
    return true;
}

static struct history_end history_end(struct catalog_txn *t, struct strv name)
{
    struct history_end end = { 0, 0 };
    history_walk(t, name, history_count, &end);
    return end;
}

uint32_t segment_history_last(struct catalog_txn *t, struct strv name)
{
    return history_end(t, name).version;
}

static bool history_put(struct catalog_txn *t, struct strv name, uint32_t n, const struct segment_version *v,
                        struct err *e)
{
    struct history_key k;
    struct buf b = { 0 };
    struct strv key = history_prefix(&k, name);
    be_put32((uint8_t *)k.b + key.n, n);
    key.n += 4;
    buf_put_u8(&b, HISTORY_VERSION);
    buf_put_varint(&b, v->version);
    buf_put_u8(&b, (uint8_t)v->what);
    buf_put_svarint(&b, v->at);
    buf_put_lstr(&b, strv_sub(v->who, 0, HISTORY_WHO));
    buf_put_lstr(&b, v->query);
    bool ok = !b.failed || err_set(e, ERR_NOMEM, "out of memory");
    if (ok) {
        document_put(t, DOCUMENT_SEGMENT_HISTORY, key, (struct strv){ (const char *)b.data, b.len });
        ok = catalog_ok(t, e);
    }
    buf_free(&b);
    return ok;
}

bool segment_history_add(struct catalog_txn *t, const struct segment *before, struct strv name,
                         const struct segment_version *v, struct err *e)
{
    uint32_t n = history_end(t, name).n;
    if (n == 0 && before) { /* of a store from before there was a history */
        const struct segment_version was = { .version = before->version,
                                             .what = before->version == 1 ? SEGMENT_ADDED : SEGMENT_CHANGED,
                                             .at = before->changed,
                                             .query = before->query };
        if (!history_put(t, name, n++, &was, e)) {
            return false;
        }
    }
    return history_put(t, name, n, v, e);
}
