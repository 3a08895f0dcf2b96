#include "store/spool_block.h"

#include <stdlib.h>
#include <string.h>

#define KEEP_BLOCKS 1024 /* kept for the next transaction; 5 MB */

static void block_free(struct spool_block *k)
{
    buf_free(&k->parts);
    free(k);
}

void spool_block_free(struct spool_blocks *b)
{
    for (size_t i = 0; i < b->cap; i++) {
        if (b->list[i])
            block_free(b->list[i]);
    }
    free(b->list);
    hmap_free(&b->index);
    buf_free(&b->messages);
    buf_free(&b->value);
    *b = (struct spool_blocks){ 0 };
}

static uint64_t top_block(struct env_txn *t)
{
    struct env_cursor c;
    uint64_t top = 0;
    if (env_cursor_open(&c, t, SPOOL_STATE) && env_cursor_last(&c))
        top = env_key_u64(c.key, 0) + 1;
    env_cursor_close(&c);
    return top;
}

void spool_block_reset(struct spool_blocks *b, struct env_txn *t)
{
    for (size_t i = KEEP_BLOCKS; i < b->cap; i++) {
        if (b->list[i])
            block_free(b->list[i]);
        b->list[i] = NULL;
    }
    hmap_clear(&b->index);
    b->n = 0;
    b->last = NULL;
    b->n_messages = 0;
    buf_clear(&b->messages);
    b->top = top_block(t);
}

static struct spool_block *block_new(struct spool_blocks *b, uint64_t no)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        struct spool_block **list = realloc(b->list, cap * sizeof(*list));
        if (!list)
            return NULL;
        memset(list + b->cap, 0, (cap - b->cap) * sizeof(*list));
        b->list = list;
        b->cap = cap;
    }
    struct spool_block *k = b->list[b->n];
    if (!k)
        k = b->list[b->n] = calloc(1, sizeof(*k));
    if (!k || !hmap_put(&b->index, no, b->n))
        return NULL;
    k->no = no;
    k->whole = k->parts_loaded = k->parts_answers = false;
    k->changed = k->loaded = (struct spool_bits){ 0 };
    k->stored = NULL;
    k->parts_from = 0;
    buf_clear(&k->parts);
    b->n++;
    return k;
}

static struct spool_block *block_get(struct spool_blocks *b, struct env_txn *t, uint64_t id)
{
    uint64_t no = id / SPOOL_BLOCK_IDS, at;
    struct env_key key;
    struct strv v;
    if (b->last && b->last->no == no)
        return b->last;
    if (hmap_get(&b->index, no, &at))
        return b->last = b->list[at];
    struct spool_block *k = block_new(b, no);
    if (!k) {
        env_fail(t, ERR_NOMEM);
        return NULL;
    }
    if (no < b->top && env_get(t, SPOOL_STATE, env_key1(&key, no), &v)) {
        if (v.n != sizeof(k->s)) {
            env_fail(t, ERR_CORRUPT);
            return NULL;
        }
        k->stored = (const void *)v.p; /* a page of its own: aligned */
    } else {
        memset(&k->s, 0, sizeof(k->s));
    }
    return b->last = k;
}

/* The record in its newest form. */
static struct spool_record *record_get(struct spool_blocks *b, struct spool_block *k, unsigned slot)
{
    struct spool_record *r = &k->s.r[slot];
    if (k->stored && !(k->loaded.w[slot >> 6] >> (slot & 63) & 1)) {
        *r = k->stored->r[slot];
        spool_delta_record(b->deltas, k->no * SPOOL_BLOCK_IDS + slot, r);
        k->loaded.w[slot >> 6] |= UINT64_C(1) << (slot & 63);
    }
    return r;
}

static void write_messages(struct spool_blocks *b, struct env_txn *t)
{
    struct env_key key;
    if (b->n_messages == 0)
        return;
    buf_clear(&b->value);
    buf_put_u8(&b->value, SPOOL_VERSION);
    buf_put_u8(&b->value, (uint8_t)b->n_messages);
    buf_put(&b->value, b->offset, b->n_messages * sizeof(b->offset[0]));
    buf_put(&b->value, b->messages.data, b->messages.len);
    if (b->value.failed || b->messages.failed)
        env_fail(t, ERR_NOMEM);
    env_append(t, SPOOL_MESSAGE, env_key1(&key, b->first), env_view(b->value.data, b->value.len));
    b->n_messages = 0;
    buf_clear(&b->messages);
}

struct spool_record *spool_block_add(struct spool_blocks *b, struct env_txn *t, uint64_t id, struct strv body)
{
    size_t len = 2 + 2 * (size_t)(b->n_messages + 1) + b->messages.len + body.n;
    if (b->n_messages &&
        (id != b->first + b->n_messages || b->n_messages == SPOOL_MESSAGES_MAX || len > ENV_PAGE_PAYLOAD))
        write_messages(b, t);
    if (b->n_messages == 0)
        b->first = id;
    b->offset[b->n_messages++] =
        (uint16_t)b->messages.len; /* below a page but for the first, which is at 0 */
    buf_put_strv(&b->messages, body);
    struct spool_block *k = block_get(b, t, id);
    if (!k)
        return NULL;
    k->whole = true;
    return record_get(b, k, (unsigned)(id % SPOOL_BLOCK_IDS));
}

struct spool_record *spool_block_find(struct spool_blocks *b, struct env_txn *t, uint64_t id)
{
    uint64_t no = id / SPOOL_BLOCK_IDS;
    if (id == 0 || (no >= b->top && !hmap_get(&b->index, no, NULL)))
        return NULL;
    struct spool_block *k = block_get(b, t, id);
    struct spool_record *r = k ? record_get(b, k, (unsigned)(id % SPOOL_BLOCK_IDS)) : NULL;
    return r && r->state != MESSAGE_NONE ? r : NULL;
}

void spool_block_touch(struct spool_blocks *b, struct env_txn *t, uint64_t id)
{
    struct spool_block *k = block_get(b, t, id);
    unsigned slot = (unsigned)(id % SPOOL_BLOCK_IDS);
    if (!k)
        return;
    k->changed.w[slot >> 6] |= UINT64_C(1) << (slot & 63);
    record_get(b, k, slot)->rev++;
}

/* The block with its parts loaded. */
static struct spool_block *block_with_parts(struct spool_blocks *b, struct env_txn *t, uint64_t id)
{
    struct spool_block *k = block_get(b, t, id);
    struct env_key key;
    struct strv v;
    if (!k || k->parts_loaded)
        return k;
    k->parts_loaded = true;
    if (k->no < b->top && env_get(t, SPOOL_PART, env_key1(&key, k->no), &v))
        buf_put_strv(&k->parts, v);
    if (!spool_delta_parts(b->deltas, k->no, &k->parts) || k->parts.failed)
        env_fail(t, ERR_NOMEM);
    k->parts_from = k->parts.len;
    return k;
}

struct strv spool_block_parts(struct spool_blocks *b, struct env_txn *t, uint64_t id)
{
    struct spool_block *k = block_with_parts(b, t, id);
    return k ? env_view(k->parts.data, k->parts.len) : env_view(NULL, 0);
}

void spool_block_put_part(struct spool_blocks *b, struct env_txn *t, uint64_t id, unsigned part,
                          unsigned kind, uint32_t value, struct strv carrier_id)
{
    struct spool_block *k = block_with_parts(b, t, id);
    struct spool_part p = { (uint8_t)(id % SPOOL_BLOCK_IDS), (uint8_t)part, (uint8_t)kind, value,
                            carrier_id };
    if (!k)
        return;
    if (!spool_table_put_part(&k->parts, &p))
        env_fail(t, ERR_NOMEM);
    k->parts_answers |= kind == SPOOL_PART_ANSWER;
}

void spool_block_force(struct spool_blocks *b, struct env_txn *t, uint64_t no)
{
    uint64_t id = no * SPOOL_BLOCK_IDS;
    struct spool_block *k = block_get(b, t, id);
    if (!k || !k->stored)
        return; /* retention has deleted it: what the log has of it is void */
    k->whole = true;
    if (spool_delta_has_parts(b->deltas, no) && block_with_parts(b, t, id))
        k->parts_answers = true; /* write them */
}

static int by_number(const void *a, const void *b)
{
    const struct spool_block *const *x = a, *const *y = b;
    return ((*x)->no > (*y)->no) - ((*x)->no < (*y)->no);
}

static void state_entries(struct spool_blocks *b, struct env_txn *t, const struct spool_block *k)
{
    for (unsigned i = 0; i < 2; i++) {
        for (uint64_t w = k->changed.w[i]; w; w &= w - 1) {
            unsigned slot = i * 64 + (unsigned)__builtin_ctzll(w);
            struct spool_delta d = { .id = k->no * SPOOL_BLOCK_IDS + slot, .r = k->s.r[slot] };
            spool_delta_add(b->deltas, t, &d);
        }
    }
}

static void write_state(struct spool_blocks *b, struct env_txn *t, struct spool_block *k)
{
    struct env_key key;
    unsigned n = (unsigned)(__builtin_popcountll(k->changed.w[0]) + __builtin_popcountll(k->changed.w[1]));
    if (!k->whole && n <= SPOOL_DELTA_SPARSE) {
        state_entries(b, t, k);
        return;
    }
    for (unsigned slot = 0; k->stored && slot < SPOOL_BLOCK_IDS; slot++) {
        if (!(k->loaded.w[slot >> 6] >> (slot & 63) & 1))
            k->s.r[slot] = k->stored->r[slot];
    }
    if (k->stored)
        spool_delta_block(b->deltas, k->no, &k->s);
    k->s.version = SPOOL_VERSION;
    if (k->no >= b->top)
        env_append(t, SPOOL_STATE, env_key1(&key, k->no), env_view(&k->s, sizeof(k->s)));
    else
        env_put(t, SPOOL_STATE, env_key1(&key, k->no), env_view(&k->s, sizeof(k->s)));
}

/* Receipts of single parts, when they are few, wait too. */
static bool parts_wait(struct spool_blocks *b, struct env_txn *t, const struct spool_block *k)
{
    struct strv all = env_view(k->parts.data, k->parts.len);
    struct spool_part p;
    unsigned n = 0;
    if (k->parts_answers || k->no >= b->top || k->parts_from == 0)
        return false;
    for (size_t pos = k->parts_from; spool_table_next_part(all, &pos, &p);)
        n++;
    if (n > SPOOL_DELTA_SPARSE)
        return false;
    for (size_t pos = k->parts_from; spool_table_next_part(all, &pos, &p);) {
        struct spool_delta d = { .id = k->no * SPOOL_BLOCK_IDS + p.slot,
                                 .r = { .parts = p.part, .reason = p.kind, .code = p.value } };
        spool_delta_add(b->deltas, t, &d);
    }
    return true;
}

void spool_block_write(struct spool_blocks *b, struct env_txn *t)
{
    struct env_key key;
    write_messages(b, t);
    if (b->n > 1)
        qsort(b->list, b->n, sizeof(*b->list), by_number);
    for (size_t i = 0; i < b->n; i++) {
        struct spool_block *k = b->list[i];
        bool more = k->parts_loaded && (k->parts.len > k->parts_from || k->parts_answers);
        write_state(b, t, k);
        if (more && !parts_wait(b, t, k))
            env_append(t, SPOOL_PART, env_key1(&key, k->no), env_view(k->parts.data, k->parts.len));
    }
    hmap_clear(&b->index); /* the places in the list have changed; the caller resets after the transaction */
}
