#include "store/spool_delta.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct spool_delta) == 64, "entries are stored as they are");

/* --- a set in memory --- */

void spool_delta_set_free(struct spool_delta_set *s)
{
    hmap_free(&s->heads);
    hmap_free(&s->ids);
    free(s->list);
    *s = (struct spool_delta_set){ 0 };
}

void spool_delta_set_clear(struct spool_delta_set *s)
{
    hmap_clear(&s->heads);
    hmap_clear(&s->ids);
    s->n = 0;
}

static const struct spool_delta_node *first(const struct spool_delta_set *s, uint64_t no)
{
    uint64_t place;
    return s->n && hmap_get(&s->heads, no, &place) ? &s->list[place - 1] : NULL;
}

static const struct spool_delta_node *next(const struct spool_delta_set *s, const struct spool_delta_node *n)
{
    return n->next ? &s->list[n->next - 1] : NULL;
}

bool spool_delta_set_add(struct spool_delta_set *s, const struct spool_delta *d)
{
    uint64_t no = d->id / SPOOL_BLOCK_IDS, head = 0, place;
    bool record = d->r.state != MESSAGE_NONE;
    if (record && hmap_get(&s->ids, d->id, &place)) {
        struct spool_record *old = &s->list[place - 1].d.r;
        if (d->r.rev > old->rev)
            *old = d->r;
        return true;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 1024;
        struct spool_delta_node *list = cap < UINT32_MAX ? realloc(s->list, cap * sizeof(*list)) : NULL;
        if (!list)
            return false;
        s->list = list;
        s->cap = cap;
    }
    hmap_get(&s->heads, no, &head);
    s->list[s->n++] = (struct spool_delta_node){ .d = *d, .next = (uint32_t)head };
    return hmap_put(&s->heads, no, s->n) && (!record || hmap_put(&s->ids, d->id, s->n));
}

void spool_delta_set_record(const struct spool_delta_set *s, uint64_t id, struct spool_record *r)
{
    uint64_t place;
    if (s->n && hmap_get(&s->ids, id, &place) && s->list[place - 1].d.r.rev > r->rev)
        *r = s->list[place - 1].d.r;
}

static struct spool_part part_of(const struct spool_delta *d)
{
    return (struct spool_part){ .slot = (uint8_t)(d->id % SPOOL_BLOCK_IDS),
                                .part = d->r.parts,
                                .kind = d->r.reason,
                                .value = d->r.code };
}

void spool_delta_set_parts(const struct spool_delta_set *s, uint64_t id, struct spool_parts *out)
{
    for (const struct spool_delta_node *n = first(s, id / SPOOL_BLOCK_IDS); n; n = next(s, n)) {
        if (n->d.id == id && n->d.r.state == MESSAGE_NONE) {
            struct spool_part p = part_of(&n->d);
            spool_table_collect_part(out, &p);
        }
    }
}

bool spool_delta_read(struct env_txn *t, struct spool_delta_set *s, uint64_t *seq)
{
    struct env_cursor c;
    struct env_key k;
    struct spool_delta d;
    env_cursor_open(&c, t, SPOOL_DELTA);
    for (bool more = env_cursor_seek_ge(&c, env_key1(&k, *seq + 1)); more; more = env_cursor_next(&c)) {
        for (size_t at = 0; at + sizeof(d) <= c.value.n; at += sizeof(d)) {
            memcpy(&d, c.value.p + at, sizeof(d));
            if (!spool_delta_set_add(s, &d))
                env_fail(t, ERR_NOMEM);
        }
        *seq = env_key_u64(c.key, 0);
    }
    env_cursor_close(&c);
    return env_ok(t);
}

/* --- the writer's two sets --- */

static void fold_end(struct spool_deltas *x)
{
    free(x->blocks);
    x->blocks = NULL;
    x->n_blocks = x->at_block = 0;
    x->folding = false;
    spool_delta_set_free(&x->old);
}

void spool_delta_free(struct spool_deltas *x)
{
    fold_end(x);
    spool_delta_set_free(&x->cur);
    free(x->out);
    *x = (struct spool_deltas){ 0 };
}

bool spool_delta_load(struct spool_deltas *x, struct env_txn *t)
{
    fold_end(x);
    spool_delta_set_clear(&x->cur);
    x->n_out = 0;
    uint64_t last = 0, had = x->last_seq;
    bool ok = spool_delta_read(t, &x->cur, &last);
    x->logged = x->cur.n;
    x->last_seq = last > had ? last : had; /* readers have noted up to where they have read */
    return ok;
}

void spool_delta_add(struct spool_deltas *x, struct env_txn *t, const struct spool_delta *d)
{
    if (x->n_out == x->cap_out) {
        size_t cap = x->cap_out ? x->cap_out * 2 : 1024;
        struct spool_delta *out = realloc(x->out, cap * sizeof(*out));
        if (!out) {
            env_fail(t, ERR_NOMEM);
            return;
        }
        x->out = out;
        x->cap_out = cap;
    }
    x->out[x->n_out++] = *d;
    x->logged++;
    if (!spool_delta_set_add(&x->cur, d))
        env_fail(t, ERR_NOMEM);
}

void spool_delta_record(const struct spool_deltas *x, uint64_t id, struct spool_record *r)
{
    spool_delta_set_record(&x->old, id, r);
    spool_delta_set_record(&x->cur, id, r);
}

static void set_block(const struct spool_delta_set *s, uint64_t no, struct spool_state_block *b)
{
    for (const struct spool_delta_node *n = first(s, no); n; n = next(s, n)) {
        struct spool_record *r = &b->r[n->d.id % SPOOL_BLOCK_IDS];
        if (n->d.r.state != MESSAGE_NONE && n->d.r.rev > r->rev)
            *r = n->d.r;
    }
}

void spool_delta_block(const struct spool_deltas *x, uint64_t no, struct spool_state_block *s)
{
    set_block(&x->old, no, s);
    set_block(&x->cur, no, s);
}

static bool set_has_parts(const struct spool_delta_set *s, uint64_t no)
{
    const struct spool_delta_node *n = first(s, no);
    while (n && n->d.r.state != MESSAGE_NONE)
        n = next(s, n);
    return n != NULL;
}

bool spool_delta_has_parts(const struct spool_deltas *x, uint64_t no)
{
    return set_has_parts(&x->old, no) || set_has_parts(&x->cur, no);
}

static bool part_is_there(const struct buf *parts, const struct spool_part *want)
{
    struct spool_part p;
    for (size_t pos = 0; spool_table_next_part(env_view(parts->data, parts->len), &pos, &p);) {
        if (p.slot == want->slot && p.part == want->part && p.kind == want->kind && p.value == want->value)
            return true;
    }
    return false;
}

static bool set_parts(const struct spool_delta_set *s, uint64_t no, struct buf *parts)
{
    for (const struct spool_delta_node *n = first(s, no); n; n = next(s, n)) {
        struct spool_part p = part_of(&n->d);
        if (n->d.r.state == MESSAGE_NONE && !part_is_there(parts, &p) && !spool_table_put_part(parts, &p))
            return false;
    }
    return true;
}

bool spool_delta_parts(const struct spool_deltas *x, uint64_t no, struct buf *parts)
{
    return set_parts(&x->old, no, parts) && set_parts(&x->cur, no, parts);
}

/* --- folding --- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool long_enough(const struct spool_deltas *x)
{
    size_t at = x->fold_at ? x->fold_at : SPOOL_DELTA_FOLD;
    return x->logged >= at ||
           (x->logged >= at / 8 && x->logged >= SPOOL_DELTA_DENSE * hmap_count(&x->cur.heads));
}

static void fold_start(struct spool_deltas *x, struct env_txn *t)
{
    uint64_t no, place;
    struct spool_delta_set set = x->old; /* empty */
    uint64_t *blocks = malloc(hmap_count(&x->cur.heads) * sizeof(*blocks));
    if (!blocks) {
        env_fail(t, ERR_NOMEM);
        return;
    }
    x->blocks = blocks;
    for (size_t pos = 0; hmap_next(&x->cur.heads, &pos, &no, &place);)
        blocks[x->n_blocks++] = no;
    qsort(blocks, x->n_blocks, sizeof(*blocks), by_number);
    x->old = x->cur;
    x->cur = set;
    x->at_block = 0;
    x->fold_seq = x->last_seq;
    x->logged = 0;
    x->folding = true;
}

size_t spool_delta_fold(struct spool_deltas *x, struct env_txn *t, uint64_t *no, size_t max)
{
    if (!x->folding && long_enough(x))
        fold_start(x, t);
    size_t left = x->n_blocks - x->at_block, n = left < max ? left : max;
    if (n)
        memcpy(no, x->blocks + x->at_block, n * sizeof(*no));
    x->at_block += n;
    return n;
}

static void cut_off(struct spool_deltas *x, struct env_txn *t)
{
    struct env_cursor c;
    env_cursor_open(&c, t, SPOOL_DELTA);
    bool more = env_cursor_first(&c);
    while (more && env_key_u64(c.key, 0) <= x->fold_seq)
        more = env_cursor_del(&c) && env_cursor_next(&c);
    env_cursor_close(&c);
}

void spool_delta_write(struct spool_deltas *x, struct env_txn *t)
{
    struct env_key k;
    for (size_t i = 0; i < x->n_out; i += SPOOL_DELTAS_PER_ROW) {
        size_t n = x->n_out - i < SPOOL_DELTAS_PER_ROW ? x->n_out - i : SPOOL_DELTAS_PER_ROW;
        env_append(t, SPOOL_DELTA, env_key1(&k, ++x->last_seq), env_view(x->out + i, n * sizeof(*x->out)));
    }
    x->n_out = 0;
    if (x->folding && x->at_block == x->n_blocks) {
        cut_off(x, t);
        fold_end(x);
    }
}

bool spool_delta_busy(const struct spool_deltas *x)
{
    return x->folding || long_enough(x);
}

/* --- erasing --- */

static bool erase_record(struct spool_record *r, uint64_t number)
{
    if (r->to != number || r->state == MESSAGE_NONE)
        return false;
    r->to = 0;
    r->customer = 0;
    return true;
}

void spool_delta_erase(struct spool_deltas *x, struct env_txn *t, uint64_t number)
{
    struct spool_delta_set *const sets[] = { &x->cur, &x->old };
    struct env_cursor c;
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sets[i]->n; k++)
            erase_record(&sets[i]->list[k].d.r, number);
    }
    for (size_t i = 0; i < x->n_out; i++)
        erase_record(&x->out[i].r, number);
    env_cursor_open(&c, t, SPOOL_DELTA);
    for (bool more = env_cursor_first(&c); more; more = env_cursor_next(&c)) {
        struct spool_delta row[SPOOL_DELTAS_PER_ROW];
        uint8_t seq[8];
        size_t n = c.value.n / sizeof(*row);
        bool changed = false;
        n = n < SPOOL_DELTAS_PER_ROW ? n : SPOOL_DELTAS_PER_ROW;
        memcpy(row, c.value.p, n * sizeof(*row));
        for (size_t i = 0; i < n; i++)
            changed |= erase_record(&row[i].r, number);
        if (changed) {
            memcpy(seq, c.key.p, sizeof(seq));
            env_cursor_put(&c, env_view(seq, sizeof(seq)), env_view(row, n * sizeof(*row)));
        }
    }
    env_cursor_close(&c);
}
