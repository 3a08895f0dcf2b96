#include "store/spool_core.h"

#include <stdlib.h>
#include <string.h>

#define PURGE_EVERY  USEC_MINUTE
#define SETTLE_SLICE 4096
#define FOLD_SLICE   256 /* blocks written for the sake of the log a transaction: a megabyte */

static uint64_t last_key(struct env_txn *t, unsigned table)
{
    struct env_cursor c;
    uint64_t last = 0;
    env_cursor_open(&c, t, table);
    if (env_cursor_last(&c))
        last = env_key_u64(c.key, 0);
    env_cursor_close(&c);
    return last;
}

static uint64_t last_message(struct env_txn *t)
{
    struct env_cursor c;
    uint64_t last = 0;
    env_cursor_open(&c, t, SPOOL_MESSAGE);
    if (env_cursor_last(&c))
        last = env_key_u64(c.key, 0) + spool_table_message_count(c.value) - 1;
    env_cursor_close(&c);
    return last;
}

static uint64_t last_feed(struct env_txn *t)
{
    struct env_cursor c;
    uint64_t last = env_meta_get(t, SPOOL_META_FEED_TRIMMED);
    env_cursor_open(&c, t, SPOOL_FEED);
    if (env_cursor_last(&c))
        last = env_key_u64(c.key, 0) + c.value.n / sizeof(struct spool_feed_record) - 1;
    env_cursor_close(&c);
    return last;
}

static void forget(struct spool_core *c)
{
    c->blocks.deltas = &c->deltas;
    spool_block_reset(&c->blocks, &c->t);
    spool_count_reset(&c->count);
    hmap_clear(&c->cursor_index);
    c->n_cursors = c->n_feed = 0;
    c->held_changed = false;
}

bool spool_core_load(struct spool_core *c)
{
    forget(c);
    spool_retain_reset(&c->retain);
    c->message_last = last_message(&c->t);
    c->inbound_last = last_key(&c->t, SPOOL_INBOUND);
    c->ledger_last = env_meta_get(&c->t, SPOOL_META_LEDGER);
    c->feed_trimmed = env_meta_get(&c->t, SPOOL_META_FEED_TRIMMED);
    c->feed_last = last_feed(&c->t);
    c->next_due = spool_life_next_due(c);
    spool_delta_load(&c->deltas, &c->t);
    spool_ids_load(c);
    spool_queue_load(&c->queue, &c->t);
    spool_orphan_load(&c->orphans, &c->t);
    spool_index_load(&c->rid, &c->t);
    spool_index_load(&c->num, &c->t);
    return env_ok(&c->t);
}

void spool_core_free(struct spool_core *c)
{
    env_abort(&c->t);
    spool_block_free(&c->blocks);
    spool_delta_free(&c->deltas);
    spool_queue_free(&c->queue);
    spool_count_free(&c->count);
    spool_index_free(&c->rid);
    spool_index_free(&c->num);
    spool_orphan_free(&c->orphans);
    spool_refs_free(&c->refs);
    hmap_free(&c->cursor_index);
    free(c->feed);
    free(c->cursors);
}

bool spool_core_begin(struct spool_core *c)
{
    if (c->broken && !spool_core_reload(c))
        return false;
    c->now = clock_wall(c->clock);
    if (!env_begin(c->env, &c->t, true))
        return false;
    forget(c);
    spool_queue_reset(&c->queue);
    spool_retain_slice(&c->retain, &c->t, c->now, &c->deltas, &c->rid, &c->num, c->message_last,
                       c->inbound_last);
    return env_ok(&c->t);
}

static void write_feed(struct spool_core *c)
{
    struct env_key k;
    uint64_t first = c->feed_last + 1;
    for (size_t i = 0; i < c->n_feed; i += SPOOL_FEED_PER_BLOCK) {
        size_t n = c->n_feed - i < SPOOL_FEED_PER_BLOCK ? c->n_feed - i : SPOOL_FEED_PER_BLOCK;
        env_append(&c->t, SPOOL_FEED, env_key1(&k, first + i), env_view(c->feed + i, n * sizeof(*c->feed)));
    }
    c->feed_last += c->n_feed;
    c->n_feed = 0;
}

static void write_cursors(struct spool_core *c)
{
    uint8_t key[8];
    for (size_t i = 0; i < c->n_cursors; i++) {
        struct spool_cursor_row *k = &c->cursors[i];
        be_put32(key, k->campaign);
        be_put32(key + 4, k->clock);
        env_put(&c->t, SPOOL_AUDCUR, env_view(key, 8), env_view(k, sizeof(*k)));
    }
}

static void fold(struct spool_core *c)
{
    uint64_t no[FOLD_SLICE];
    size_t n = spool_delta_fold(&c->deltas, &c->t, no, FOLD_SLICE);
    for (size_t i = 0; i < n; i++)
        spool_block_force(&c->blocks, &c->t, no[i]);
}

bool spool_core_commit(struct spool_core *c)
{
    if (c->now >= c->purge_at || c->purge_at > c->now + PURGE_EVERY) {
        c->purging = spool_orphan_purge(&c->orphans, &c->t, c->now - atomic_load(&c->orphan_keep));
        c->purge_at = c->purging ? c->now : c->now + PURGE_EVERY;
    }
    spool_ids_sweep(c);
    fold(c);
    spool_block_write(&c->blocks, &c->t);
    spool_delta_write(&c->deltas, &c->t);
    spool_queue_write(&c->queue, &c->t);
    spool_count_write(&c->count, &c->t);
    spool_index_write(&c->rid, &c->t);
    spool_index_write(&c->num, &c->t);
    spool_ids_write(c);
    write_feed(c);
    write_cursors(c);
    if (c->held_changed)
        c->next_due = spool_life_next_due(c);
    return env_commit(&c->t, NULL);
}

bool spool_core_reload(struct spool_core *c)
{
    env_abort(&c->t);
    bool ok = env_begin(c->env, &c->t, false) && spool_core_load(c);
    env_abort(&c->t);
    c->broken = !ok;
    return ok;
}

bool spool_core_busy(const struct spool_core *c)
{
    return spool_delta_busy(&c->deltas) || spool_index_busy(&c->rid) || spool_index_busy(&c->num) ||
           spool_ids_busy(c) || c->purging || spool_retain_due(&c->retain, clock_wall(c->clock));
}

void spool_core_feed(struct spool_core *c, enum spool_feed_kind kind, uint64_t number, uint32_t customer,
                     uint32_t campaign, usec_t at)
{
    if (c->n_feed == c->cap_feed) {
        size_t cap = c->cap_feed ? c->cap_feed * 2 : 1024;
        struct spool_feed_record *feed = realloc(c->feed, cap * sizeof(*feed));
        if (!feed) {
            env_fail(&c->t, ERR_NOMEM);
            return;
        }
        c->feed = feed;
        c->cap_feed = cap;
    }
    c->feed[c->n_feed++] = (struct spool_feed_record){
        .number = number, .at = at, .customer = customer, .campaign = campaign, .kind = kind
    };
}

void spool_core_trim(struct spool_core *c, uint64_t seq)
{
    struct env_cursor cur;
    uint64_t last = c->feed_last + c->n_feed;
    seq = seq < last ? seq : last;
    if (seq <= c->feed_trimmed)
        return;
    env_cursor_open(&cur, &c->t, SPOOL_FEED);
    for (bool more = env_cursor_first(&cur); more; more = env_cursor_next(&cur)) {
        uint64_t n = cur.value.n / sizeof(struct spool_feed_record);
        if (env_key_u64(cur.key, 0) + n - 1 > seq || !env_cursor_del(&cur))
            break;
    }
    env_cursor_close(&cur);
    c->feed_trimmed = seq;
    env_meta_put(&c->t, SPOOL_META_FEED_TRIMMED, seq);
}

static struct spool_cursor_row *cursor_get(struct spool_core *c, uint32_t campaign, uint32_t clock)
{
    uint64_t id = (uint64_t)campaign << 32 | clock, at;
    uint8_t key[8];
    struct strv v;
    if (hmap_get(&c->cursor_index, id, &at))
        return &c->cursors[at];
    if (c->n_cursors == c->cap_cursors) {
        size_t cap = c->cap_cursors ? c->cap_cursors * 2 : 64;
        struct spool_cursor_row *list = realloc(c->cursors, cap * sizeof(*list));
        if (!list)
            return NULL;
        c->cursors = list;
        c->cap_cursors = cap;
    }
    if (!hmap_put(&c->cursor_index, id, c->n_cursors))
        return NULL;
    struct spool_cursor_row *k = &c->cursors[c->n_cursors++];
    *k = (struct spool_cursor_row){ .campaign = campaign, .clock = clock };
    be_put64(key, id);
    if (env_get(&c->t, SPOOL_AUDCUR, env_view(key, 8), &v) && v.n == sizeof(*k))
        memcpy(k, v.p, sizeof(*k));
    return k;
}

bool spool_core_cursor(struct spool_core *c, uint32_t campaign, uint32_t clock, uint32_t expected,
                       uint32_t customer)
{
    struct spool_cursor_row *k = cursor_get(c, campaign, clock);
    if (!k)
        env_fail(&c->t, ERR_NOMEM);
    if (!k || k->next != expected)
        return false;
    k->next = customer; /* the message's customer is id + 1: the next one */
    k->done++;
    return true;
}

/* --- recovery --- */

static void settle_one(struct spool_core *c, uint64_t id, struct spool_recovered *out)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, id);
    if (!r || r->state != MESSAGE_IN_FLIGHT) {
        env_fail(&c->t, ERR_CORRUPT);
        return;
    }
    out->in_flight++;
    c->tight = false;
    switch (c->uncertain[(r->flags & SPOOL_CLASS) % CLASS_COUNT]) {
    case UNCERTAIN_RESEND:
        spool_life_set(c, id, r, MESSAGE_READY, REASON_UNCERTAIN, 0, 0, c->now);
        out->resent++;
        break;
    case UNCERTAIN_HOLD:
        spool_life_set(c, id, r, MESSAGE_UNCERTAIN, REASON_UNCERTAIN, 0, 0, c->now);
        out->held++;
        break;
    case UNCERTAIN_FAIL:
        spool_life_set(c, id, r, MESSAGE_FAILED, REASON_UNCERTAIN, 0, 0, c->now);
        out->failed++;
        break;
    }
    spool_life_note(c, id, r, true, -1, env_view(NULL, 0));
}

bool spool_core_settle_flight(struct spool_core *c, struct spool_recovered *out)
{
    *out = (struct spool_recovered){ 0 };
    for (;;) {
        struct env_cursor cur;
        uint64_t id = 0;
        size_t n = 0;
        if (!spool_core_begin(c))
            return false;
        /* what is settled leaves the lane when the queue is written: the cursor sees the state before */
        env_cursor_open(&cur, &c->t, SPOOL_QUEUE);
        uint64_t ids[SETTLE_SLICE];
        while (n < SETTLE_SLICE && (id = spool_queue_next(&cur, SPOOL_FLIGHT_LANE, id)) != 0)
            ids[n++] = id;
        env_cursor_close(&cur);
        if (n == 0) {
            env_abort(&c->t);
            return true;
        }
        for (size_t i = 0; i < n; i++)
            settle_one(c, ids[i], out);
        if (!spool_core_commit(c))
            return false;
    }
}
