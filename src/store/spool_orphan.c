#include "store/spool_orphan.h"

#include <string.h>

#define PURGE_SLICE 256

void spool_orphan_free(struct spool_orphans *o)
{
    hmap_free(&o->index);
    *o = (struct spool_orphans){ 0 };
}

bool spool_orphan_read(struct strv v, struct spool_orphan *out)
{
    if (v.n != sizeof(*out) && v.n != SPOOL_ORPHAN_SHORT)
        return false;
    *out = (struct spool_orphan){ 0 };
    memcpy(out, v.p, v.n);
    return out->n_id <= sizeof(out->id);
}

bool spool_orphan_load(struct spool_orphans *o, struct env_txn *t)
{
    struct env_cursor c;
    struct spool_orphan one;
    hmap_clear(&o->index);
    o->last = o->count = 0;
    env_cursor_open(&c, t, SPOOL_ORPHAN);
    for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
        o->last = env_key_u64(c.key, 0);
        if (!spool_orphan_read(c.value, &one))
            env_fail(t, ERR_CORRUPT);
        else if (!hmap_put(&o->index, one.key, o->last))
            env_fail(t, ERR_NOMEM);
        o->count++;
    }
    env_cursor_close(&c);
    return env_ok(t);
}

bool spool_orphan_get(struct spool_orphans *o, struct env_txn *t, uint64_t key, struct spool_orphan *out)
{
    struct env_key k;
    struct strv v;
    uint64_t seq;
    return hmap_get(&o->index, key, &seq) && env_get(t, SPOOL_ORPHAN, env_key1(&k, seq), &v) &&
           spool_orphan_read(v, out);
}

void spool_orphan_del(struct spool_orphans *o, struct env_txn *t, uint64_t key)
{
    struct env_key k;
    uint64_t seq;
    if (hmap_get(&o->index, key, &seq) && env_del(t, SPOOL_ORPHAN, env_key1(&k, seq))) {
        hmap_del(&o->index, key);
        o->count--;
    }
}

/* Deletes from the old end while `limit` or the bound on the number asks for it; whether a slice was not
 * enough. */
static bool purge(struct spool_orphans *o, struct env_txn *t, usec_t limit, size_t keep)
{
    struct env_cursor c;
    struct spool_orphan one;
    env_cursor_open(&c, t, SPOOL_ORPHAN);
    bool more = env_cursor_first(&c);
    unsigned n = 0;
    for (; more && n < PURGE_SLICE; n++) {
        if (!spool_orphan_read(c.value, &one) || (o->count <= keep && one.kept_at >= limit))
            break;
        hmap_del(&o->index, one.key);
        o->count--;
        more = env_cursor_del(&c) && env_cursor_next(&c);
    }
    env_cursor_close(&c);
    return n == PURGE_SLICE;
}

bool spool_orphan_purge(struct spool_orphans *o, struct env_txn *t, usec_t limit)
{
    return o->count > 0 && purge(o, t, limit, SIZE_MAX);
}

void spool_orphan_put(struct spool_orphans *o, struct env_txn *t, const struct spool_orphan *one)
{
    struct env_key k;
    struct spool_orphan there;
    if (spool_orphan_get(o, t, one->key, &there)) {
        if (there.state != MESSAGE_SENT || one->state == MESSAGE_SENT)
            return;
        spool_orphan_del(o, t, one->key);
    }
    if (o->count >= SPOOL_ORPHANS_MAX)
        purge(o, t, INT64_MIN, SPOOL_ORPHANS_MAX - PURGE_SLICE);
    if (env_append(t, SPOOL_ORPHAN, env_key1(&k, ++o->last), env_view(one, sizeof(*one))) &&
        hmap_put(&o->index, one->key, o->last))
        o->count++;
    else
        env_fail(t, ERR_NOMEM);
}
