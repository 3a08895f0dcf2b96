#include "store/spool_retain.h"

#include "store/spool_history.h"
#include "store/spool_people.h"

#include <string.h>

#define PASS_EVERY    (5 * USEC_MINUTE)
#define SLICE_DROP    64  /* blocks deleted a transaction: 4,608 messages */
#define SLICE_LOOK    256 /* blocks looked at */
#define SLICE_INBOUND 256
#define ROWS_A_BLOCK  128 /* rows of texts a block can touch, at most */

bool spool_retain_due(const struct spool_retain *x, usec_t now)
{
    if (x->active)
        return true;
    if (atomic_load(&x->messages) == 0 && atomic_load(&x->inbound) == 0)
        return false;
    return now >= x->next_at || x->next_at > now + PASS_EVERY; /* or the clock was set back */
}

void spool_retain_reset(struct spool_retain *x)
{
    x->active = false;
}

static usec_t before(int64_t keep, usec_t now)
{
    return keep > 0 && keep < now ? now - keep : INT64_MIN;
}

static void pass_begin(struct spool_retain *x, usec_t now)
{
    x->active = true;
    x->at = 0;
    x->before_messages = before(atomic_load(&x->messages), now);
    x->before_inbound = before(atomic_load(&x->inbound), now);
    x->texts = x->before_messages != INT64_MIN;
    x->people = x->before_inbound != INT64_MIN;
    x->next_at = now + PASS_EVERY;
}

bool spool_retain_over(const struct spool_record *r, usec_t before)
{
    return r->state == MESSAGE_NONE ||
           ((message_state_final((enum message_state)r->state) || r->state == MESSAGE_SENT) &&
            r->changed < before);
}

/* --- messages --- */

static bool block_read(struct env_txn *t, struct strv v, uint64_t no, const struct spool_deltas *deltas,
                       struct spool_state_block *out)
{
    if (v.n != sizeof(*out)) {
        env_fail(t, ERR_CORRUPT);
        return false;
    }
    memcpy(out, v.p, sizeof(*out));
    spool_delta_block(deltas, no, out);
    return true;
}

static bool block_over(const struct spool_state_block *s, usec_t before)
{
    for (unsigned i = 0; i < SPOOL_BLOCK_IDS; i++) {
        if (!spool_retain_over(&s->r[i], before))
            return false;
    }
    return true;
}

/* When its first message was accepted: what follows was later. */
static usec_t block_accepted(struct env_txn *t, uint64_t no, const struct spool_state_block *s)
{
    struct env_cursor c;
    struct env_key k;
    struct message m;
    usec_t at = INT64_MIN;
    unsigned i = 0;
    while (i + 1 < SPOOL_BLOCK_IDS && s->r[i].state == MESSAGE_NONE)
        i++;
    uint64_t id = no * SPOOL_BLOCK_IDS + i;
    env_cursor_open(&c, t, SPOOL_MESSAGE);
    if (env_cursor_seek_le(&c, env_key1(&k, id)) &&
        spool_table_message(c.value, env_key_u64(c.key, 0), id, &m))
        at = m.accepted_at;
    env_cursor_close(&c);
    return at;
}

static bool state_is_there(struct env_txn *t, uint64_t from, uint64_t to)
{
    struct env_key k;
    struct strv v;
    for (uint64_t no = from / SPOOL_BLOCK_IDS; no <= to / SPOOL_BLOCK_IDS; no++) {
        if (env_get(t, SPOOL_STATE, env_key1(&k, no), &v))
            return true;
    }
    return false;
}

/* Deletes the rows of texts that this block was the last to need. */
static void drop_texts(struct env_txn *t, uint64_t no)
{
    struct env_cursor c;
    struct env_key k;
    uint64_t first = no * SPOOL_BLOCK_IDS, last = first + SPOOL_BLOCK_IDS - 1;
    env_cursor_open(&c, t, SPOOL_MESSAGE);
    bool more = env_cursor_seek_le(&c, env_key1(&k, first)) || env_cursor_first(&c);
    for (unsigned n = 0; more && n < ROWS_A_BLOCK; n++) {
        uint64_t from = env_key_u64(c.key, 0), to = from + spool_table_message_count(c.value) - 1;
        if (from > last)
            break;
        if (to >= first && !state_is_there(t, from, to) && !env_cursor_del(&c))
            break;
        more = env_cursor_next(&c);
    }
    env_cursor_close(&c);
}

/* The block is deleted by the caller's cursor. */
static void drop_rest(struct env_txn *t, uint64_t no, const struct spool_state_block *s,
                      struct spool_index *rid, struct spool_index *num)
{
    struct env_key k;
    uint64_t messages = 0;
    for (unsigned i = 0; i < SPOOL_BLOCK_IDS; i++) {
        if (s->r[i].state == MESSAGE_NONE)
            continue;
        messages++;
        rid->dead += s->r[i].parts; /* at most */
    }
    num->dead += messages;
    env_del(t, SPOOL_PART, env_key1(&k, no));
    drop_texts(t, no);
    spool_history_drop(t, no * SPOOL_BLOCK_IDS, no * SPOOL_BLOCK_IDS + SPOOL_BLOCK_IDS - 1);
    env_meta_put(t, SPOOL_META_RETIRED, env_meta_get(t, SPOOL_META_RETIRED) + messages);
}

/* True: the pass over messages is at its end. */
static bool slice_messages(struct spool_retain *x, struct env_txn *t, const struct spool_deltas *deltas,
                           struct spool_index *rid, struct spool_index *num, uint64_t last)
{
    struct spool_state_block s;
    struct env_key k;
    unsigned dropped = 0;
    for (unsigned looked = 0; looked < SLICE_LOOK && dropped < SLICE_DROP && env_ok(t); looked++) {
        struct env_cursor c;
        env_cursor_open(&c, t, SPOOL_STATE);
        bool there = env_cursor_seek_ge(&c, env_key1(&k, x->at));
        uint64_t no = there ? env_key_u64(c.key, 0) : 0;
        bool end = !there || no >= last / SPOOL_BLOCK_IDS || !block_read(t, c.value, no, deltas, &s);
        bool over = !end && block_over(&s, x->before_messages) && env_cursor_del(&c);
        env_cursor_close(&c);
        if (end)
            return true;
        if (over) {
            drop_rest(t, no, &s, rid, num);
            dropped++;
        } else if (block_accepted(t, no, &s) >= x->before_messages) {
            return true;
        }
        x->at = no + 1;
    }
    return false;
}

/* --- inbound --- */

static bool slice_inbound(struct spool_retain *x, struct env_txn *t, uint64_t last)
{
    struct env_cursor c;
    struct env_key k;
    struct spool_inbound in;
    uint64_t reply_to;
    bool more, old = true;
    env_cursor_open(&c, t, SPOOL_INBOUND);
    more = env_cursor_first(&c);
    for (unsigned n = 0; more && old && n < SLICE_INBOUND; n++) {
        uint64_t id = env_key_u64(c.key, 0);
        if (!spool_people_read_inbound(c.value, &in, &reply_to))
            env_fail(t, ERR_CORRUPT);
        old = env_ok(t) && id < last && in.at < x->before_inbound;
        if (old) {
            uint64_t from = in.from; /* `in` points into what is deleted */
            old = env_cursor_del(&c);
            env_del(t, SPOOL_INNUM, env_key2(&k, from, id));
            more = env_cursor_next(&c);
        }
    }
    env_cursor_close(&c);
    return !more || !old;
}

/* --- */

void spool_retain_slice(struct spool_retain *x, struct env_txn *t, usec_t now,
                        const struct spool_deltas *deltas, struct spool_index *rid, struct spool_index *num,
                        uint64_t last_message, uint64_t last_inbound)
{
    if (!spool_retain_due(x, now))
        return;
    if (!x->active)
        pass_begin(x, now);
    if (x->texts) {
        x->texts = !slice_messages(x, t, deltas, rid, num, last_message);
        rid->floor = num->floor = x->at;
        spool_index_note_dead(rid, t);
        spool_index_note_dead(num, t);
    } else if (x->people) {
        x->people = !slice_inbound(x, t, last_inbound);
    }
    env_meta_put(t, SPOOL_META_RETAINED_AT, (uint64_t)now);
    x->active = x->texts || x->people;
}
