#include "store/spool_refs.h"

#include "base/hash.h"
#include "store/spool_core.h"

void spool_refs_free(struct spool_refs *r)
{
    hmap_free(&r->young);
    hmap_free(&r->old);
    r->read = false;
}

/* No memory: it will be looked up again. */
static void keep(struct spool_refs *r, uint64_t number, uint16_t reference)
{
    if (hmap_count(&r->young) >= REFS_KEPT) {
        hmap_free(&r->old);
        r->old = r->young;
        r->young = (struct hmap){ 0 };
    }
    hmap_put(&r->young, number, reference);
}

static const struct spool_record *long_one(struct spool_core *c, uint64_t id)
{
    const struct spool_record *r = spool_block_find(&c->blocks, &c->t, id);
    return r && r->plan ? r : NULL;
}

/* Oldest first, so that the newest stays. */
static void read_tail(struct spool_core *c)
{
    for (size_t i = 0; i < c->num.n_tail; i++) {
        const struct spool_record *r = long_one(c, c->num.tail[i].value);
        if (r)
            keep(&c->refs, c->num.tail[i].key, r->reference);
    }
    c->refs.read = true;
}

struct refs_look {
    struct spool_core *c;
    uint64_t self;
    unsigned left;
    bool found;
    uint16_t reference;
};

static bool look_at(void *ctx, uint64_t id)
{
    struct refs_look *l = ctx;
    const struct spool_record *r = id != l->self ? long_one(l->c, id) : NULL;
    if (r) {
        l->reference = r->reference;
        l->found = true;
    }
    return !r && --l->left > 0;
}

uint16_t spool_refs_next(struct spool_core *c, uint64_t number, uint64_t id)
{
    struct spool_refs *r = &c->refs;
    uint64_t last = 0;
    if (!r->read)
        read_tail(c);
    if (!hmap_get(&r->young, number, &last) && !hmap_get(&r->old, number, &last)) {
        struct refs_look l = { .c = c, .self = id, .left = REFS_LOOK };
        spool_index_find_runs(&c->num, &c->t, number, look_at, &l);
        last = l.found ? l.reference : hash_u64(id);
    }
    uint16_t next = (uint16_t)(last + 1);
    keep(r, number, next);
    return next;
}
