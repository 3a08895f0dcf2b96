/* Everything that a number left in the spool, taken out in one transaction. What stays is what nobody can be
 * told by: that there was a message, when, of which campaign, what became of it, and the carrier's id of it.
 */
#include "base/hash.h"
#include "store/spool_core.h"
#include "store/spool_people.h"

#include <stdlib.h>
#include <string.h>

/* --- suppression --- */

static uint64_t mark_of(uint64_t number, const uint64_t key[2])
{
    uint8_t octets[8];
    be_put64(octets, number);
    return SPOOL_MARK | hash_keyed(octets, sizeof(octets), key) >> 1;
}

bool spool_erase_find(struct env_txn *t, uint64_t number, const uint64_t key[2], uint64_t *as)
{
    struct env_key k;
    *as = number;
    if (env_get(t, SPOOL_SUPPRESSED, env_key1(&k, number), NULL))
        return true;
    *as = mark_of(number, key);
    if (env_get(t, SPOOL_SUPPRESSED, env_key1(&k, *as), NULL))
        return true;
    *as = 0;
    return false;
}

static void erase_suppression(struct spool_core *c, uint64_t number)
{
    struct env_key k;
    struct strv v;
    uint8_t at[8];
    if (!env_get(&c->t, SPOOL_SUPPRESSED, env_key1(&k, number), &v) || v.n != sizeof(at))
        return;
    memcpy(at, v.p, sizeof(at));
    env_del(&c->t, SPOOL_SUPPRESSED, env_key1(&k, number));
    env_put(&c->t, SPOOL_SUPPRESSED, env_key1(&k, mark_of(number, c->erase_key)), env_view(at, sizeof(at)));
}

/* --- messages --- */

struct ids {
    uint64_t *list;
    size_t n, cap;
    bool nomem;
};

static bool ids_add(void *ctx, uint64_t id)
{
    struct ids *x = ctx;
    if (x->n == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 256;
        uint64_t *list = realloc(x->list, cap * sizeof(*list));
        if (!list) {
            x->nomem = true;
            return false;
        }
        x->list = list;
        x->cap = cap;
    }
    x->list[x->n++] = id;
    return true;
}

/* The block of texts with those of `id` left out. */
static bool erase_text(struct spool_core *c, uint64_t id)
{
    struct env_cursor at;
    struct env_key k;
    struct buf records = { 0 }, value = { 0 };
    uint16_t offset[SPOOL_MESSAGES_MAX];
    env_cursor_open(&at, &c->t, SPOOL_MESSAGE);
    uint64_t first = 0;
    unsigned n = 0;
    if (env_cursor_seek_le(&at, env_key1(&k, id))) {
        first = env_key_u64(at.key, 0);
        n = spool_table_message_count(at.value);
    }
    bool found = id - first < n && n <= SPOOL_MESSAGES_MAX;
    for (unsigned i = 0; found && i < n; i++) {
        struct message m;
        offset[i] = (uint16_t)records.len;
        found = spool_table_message(at.value, first, first + i, &m);
        if (first + i == id)
            m.text = m.client_ref = m.tag = m.tlvs = (struct strv){ 0 };
        if (found && !spool_table_put_message(&records, &m))
            env_fail(&c->t, ERR_NOMEM);
    }
    if (found) {
        buf_put_u8(&value, SPOOL_VERSION);
        buf_put_u8(&value, (uint8_t)n);
        buf_put(&value, offset, n * sizeof(offset[0]));
        if (!buf_put(&value, records.data, records.len))
            env_fail(&c->t, ERR_NOMEM);
        env_cursor_put(&at, env_key1(&k, first), env_view(value.data, value.len));
    }
    env_cursor_close(&at);
    buf_free(&records);
    buf_free(&value);
    return found;
}

/* None may be on its way to a carrier, or still be gathered in this very transaction. */
static bool messages_rest(struct spool_core *c, const struct ids *ids, uint64_t number)
{
    for (size_t i = 0; i < ids->n; i++) {
        const struct spool_record *r = spool_block_find(&c->blocks, &c->t, ids->list[i]);
        bool fresh = c->blocks.n_messages && ids->list[i] >= c->blocks.first;
        if (r && r->to == number && (r->state == MESSAGE_IN_FLIGHT || fresh))
            return false;
    }
    return true;
}

static uint64_t erase_messages(struct spool_core *c, const struct ids *ids, uint64_t number)
{
    uint64_t n = 0;
    for (size_t i = 0; i < ids->n && env_ok(&c->t); i++) {
        uint64_t id = ids->list[i];
        struct spool_record *r = spool_block_find(&c->blocks, &c->t, id);
        if (!r || r->to != number)
            continue;
        if (message_move_allowed((enum message_state)r->state, MESSAGE_CANCELLED))
            spool_life_set(c, id, r, MESSAGE_CANCELLED, REASON_ERASED, 0, 0, c->now);
        r->to = 0;
        r->customer = 0;
        spool_block_touch(&c->blocks, &c->t, id);
        spool_block_force(&c->blocks, &c->t, id / SPOOL_BLOCK_IDS);
        erase_text(c, id);
        n++;
    }
    spool_delta_erase(&c->deltas, &c->t, number);
    spool_index_erase(&c->num, &c->t, number);
    return n;
}

/* --- what came in --- */

/* The record stays, so that its id is not given out again, without who and what. */
static void erase_inbound_text(struct spool_core *c, uint64_t id)
{
    struct env_key k;
    struct strv v;
    struct spool_inbound in = { 0 };
    uint64_t reply_to = 0;
    struct buf b = { 0 }, to = { 0 };
    if (!env_get(&c->t, SPOOL_INBOUND, env_key1(&k, id), &v) || !spool_people_read_inbound(v, &in, &reply_to))
        return;
    buf_put_strv(&to, in.to);
    in.to = env_view(to.data, to.len);
    in.from = in.dedup = 0;
    in.text = in.consent_word = in.vote = (struct strv){ 0 };
    if (!spool_people_put_inbound(&b, &in))
        env_fail(&c->t, ERR_NOMEM);
    env_put(&c->t, SPOOL_INBOUND, env_key1(&k, id), env_view(b.data, b.len));
    buf_free(&b);
    buf_free(&to);
}

static uint64_t erase_inbound(struct spool_core *c, uint64_t number)
{
    uint64_t n = 0;
    for (bool more = true; more && env_ok(&c->t);) {
        struct env_cursor cur;
        struct env_key k;
        env_cursor_open(&cur, &c->t, SPOOL_INNUM);
        more = env_cursor_seek_ge(&cur, env_key2(&k, number, 0)) && env_key_u64(cur.key, 0) == number;
        uint64_t id = more ? env_key_u64(cur.key, 8) : 0;
        if (more)
            env_cursor_del(&cur);
        env_cursor_close(&cur);
        if (more) {
            erase_inbound_text(c, id);
            n++;
        }
    }
    return n;
}

static void erase_ledger(struct spool_core *c, uint64_t number)
{
    struct env_cursor cur;
    struct env_key k;
    env_cursor_open(&cur, &c->t, SPOOL_LEDGER);
    bool more = env_cursor_seek_ge(&cur, env_key2(&k, number, 0));
    while (more && env_key_u64(cur.key, 0) == number)
        more = env_cursor_del(&cur) && env_cursor_next(&cur);
    env_cursor_close(&cur);
}

/* From name to name; what was counted stays counted. */
static void erase_votes(struct spool_core *c, uint64_t number)
{
    struct env_cursor cur;
    struct spool_vote_key k;
    char name[SPOOL_VOTE_NAME_MAX];
    struct strv vote = { name, 0 };
    env_cursor_open(&cur, &c->t, SPOOL_VOTE);
    bool more = env_cursor_first(&cur);
    while (more && cur.key.n >= 9 && cur.key.n - 9 <= sizeof(name)) {
        vote.n = cur.key.n - 9;
        memcpy(name, cur.key.p, vote.n);
        if (env_cursor_seek(&cur, spool_people_vote_key(&k, vote, number)))
            env_cursor_del(&cur);
        more = env_cursor_seek_ge(&cur, spool_people_vote_key(&k, vote, UINT64_MAX));
    }
    env_cursor_close(&cur);
}

static void erase_feed(struct spool_core *c, uint64_t number)
{
    struct env_cursor cur;
    for (size_t i = 0; i < c->n_feed; i++) {
        if (c->feed[i].number == number)
            c->feed[i].number = c->feed[i].customer = 0;
    }
    env_cursor_open(&cur, &c->t, SPOOL_FEED);
    for (bool more = env_cursor_first(&cur); more; more = env_cursor_next(&cur)) {
        struct spool_feed_record f[SPOOL_FEED_PER_BLOCK];
        uint8_t key[8];
        size_t n = cur.value.n / sizeof(*f);
        bool changed = false;
        n = n < SPOOL_FEED_PER_BLOCK ? n : SPOOL_FEED_PER_BLOCK;
        memcpy(f, cur.value.p, n * sizeof(*f));
        for (size_t i = 0; i < n; i++) {
            if (f[i].number == number) {
                f[i].number = f[i].customer = 0;
                changed = true;
            }
        }
        if (changed) {
            memcpy(key, cur.key.p, sizeof(key));
            env_cursor_put(&cur, env_view(key, sizeof(key)), env_view(f, n * sizeof(*f)));
        }
    }
    env_cursor_close(&cur);
}

/* Receipts that wait keep their ids: the carrier's, and nobody's. */
static void erase_receipts(struct spool_core *c, uint64_t number)
{
    struct env_cursor cur;
    struct spool_orphan o;
    env_cursor_open(&cur, &c->t, SPOOL_ORPHAN);
    for (bool more = env_cursor_first(&cur); more; more = env_cursor_next(&cur)) {
        uint8_t key[8];
        if (!spool_orphan_read(cur.value, &o) ||
            (!spool_ids_number_same(o.to, number) && !spool_ids_number_same(o.other, number)))
            continue;
        o.to = o.other = 0;
        memcpy(key, cur.key.p, sizeof(key));
        env_cursor_put(&cur, env_view(key, sizeof(key)), env_view(&o, sizeof(o)));
    }
    env_cursor_close(&cur);
}

void spool_erase_apply(struct spool_core *c, struct spool_op *op)
{
    struct ids ids = { 0 };
    uint64_t number = op->u.number;
    op->id = 0;
    if (number == 0 || number & SPOOL_MARK) {
        op->code = ERR_INVALID;
        return;
    }
    spool_index_find_now(&c->num, &c->t, number, ids_add, &ids);
    if (ids.nomem) {
        env_fail(&c->t, ERR_NOMEM);
    } else if (!messages_rest(c, &ids, number)) {
        op->code = ERR_BUSY;
    } else {
        op->id = erase_messages(c, &ids, number) + erase_inbound(c, number);
        erase_ledger(c, number);
        erase_receipts(c, number);
        erase_votes(c, number);
        erase_suppression(c, number);
        erase_feed(c, number);
    }
    free(ids.list);
}
