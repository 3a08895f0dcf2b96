#include "store/spool_check.h"

#include "base/hash.h"
#include "store/spool_index.h"
#include "store/spool_people.h"
#include "store/spool_queue.h"
#include "store/spool_read.h"

#include <stdlib.h>
#include <string.h>

/* A multitude compared by its size and the sum of its members' hashes: in any order, in no memory. */
struct crowd {
    uint64_t n, sum;
};

static void crowd_add(struct crowd *c, uint64_t a, uint64_t b)
{
    c->n++;
    c->sum += hash_u64(a ^ hash_u64(b + UINT64_C(0x9E3779B97F4A7C15)));
}

static bool crowd_same(const struct crowd *a, const struct crowd *b)
{
    return a->n == b->n && a->sum == b->sum;
}

struct check {
    struct env_txn *t;
    struct spool_delta_set deltas;
    struct spool_checked *out;
    struct err *e;
    bool ok;
    struct env_cursor texts;
    struct crowd queued, held;
    uint64_t by_state[SPOOL_COUNT_STATES];
    struct hmap waiting; /* campaign << 8 | state -> messages in a state that is not final */
};

static bool differs(struct check *c, const char *what, uint64_t a, uint64_t b)
{
    if (c->ok)
        err_set(c->e, ERR_CORRUPT, "the spool differs from itself: %s (%llu, %llu)", what,
                (unsigned long long)a, (unsigned long long)b);
    return c->ok = false;
}

/* --- messages --- */

static bool text_is_there(struct check *c, uint64_t id)
{
    struct env_key k;
    struct message m;
    uint64_t first = c->texts.key.n ? env_key_u64(c->texts.key, 0) : UINT64_MAX;
    if (first > id || id - first >= spool_table_message_count(c->texts.value)) {
        if (!env_cursor_seek_le(&c->texts, env_key1(&k, id)))
            return false;
        first = env_key_u64(c->texts.key, 0);
    }
    return spool_table_message(c->texts.value, first, id, &m);
}

static bool find_it(void *ctx, uint64_t value)
{
    uint64_t *want = ctx;
    if (value == *want)
        *want = 0;
    return *want != 0;
}

static bool count_waiting(struct check *c, const struct spool_record *r)
{
    uint64_t key = (uint64_t)r->campaign << 8 | r->state, n = 0;
    if (message_state_final((enum message_state)r->state))
        return true;
    hmap_get(&c->waiting, key, &n);
    return hmap_put(&c->waiting, key, n + 1) || err_set(c->e, ERR_NOMEM, "out of memory");
}

static bool check_record(struct check *c, uint64_t id, const struct spool_record *r)
{
    if (r->state >= MESSAGE_STATE_COUNT)
        return differs(c, "a message in a state that there is not: id, state", id, r->state);
    c->out->messages++;
    c->by_state[r->state]++;
    if (!text_is_there(c, id))
        return differs(c, "a message without its text: id, state", id, r->state);
    switch (r->state) {
    case MESSAGE_READY: crowd_add(&c->queued, spool_table_lane_of(r), id); break;
    case MESSAGE_IN_FLIGHT: crowd_add(&c->queued, SPOOL_FLIGHT_LANE, id); break;
    case MESSAGE_HELD: crowd_add(&c->held, (uint64_t)r->when, id); break;
    default: break;
    }
    return count_waiting(c, r);
}

/* One of a block stands for all: what is indexed, is so for a whole transaction. */
static bool check_indexed(struct check *c, uint64_t id, uint64_t number)
{
    uint64_t want = id;
    if (number == 0 || !spool_index_find(c->t, SPOOL_NUM_TAIL, number, id + 1, find_it, &want))
        return number == 0 || differs(c, "the index of numbers cannot be read: id", id, 0);
    return want == 0 || differs(c, "a message is not found by its number: id", id, 0);
}

static bool check_block(struct check *c, uint64_t no, struct strv block)
{
    uint64_t seen = 0, number = 0;
    for (unsigned i = 0; i < SPOOL_BLOCK_IDS; i++) {
        struct spool_record r;
        uint64_t id = no * SPOOL_BLOCK_IDS + i;
        if (!spool_table_record(block, id, &r))
            return differs(c, "a torn block of messages: block", no, 0);
        spool_delta_set_record(&c->deltas, id, &r);
        if (r.state == MESSAGE_NONE)
            continue;
        if (!check_record(c, id, &r))
            return c->ok = false;
        if (r.to) {
            seen = id;
            number = r.to;
        }
    }
    return check_indexed(c, seen, number);
}

static bool check_queue(struct check *c)
{
    struct env_cursor at;
    struct crowd have = { 0 };
    env_cursor_open(&at, c->t, SPOOL_QUEUE);
    for (bool more = env_cursor_first(&at); more; more = env_cursor_next(&at)) {
        struct spool_bits bits = { { 0 } };
        uint64_t key = env_key_u64(at.key, 0), block = key & ((UINT64_C(1) << 40) - 1);
        if (at.value.n != sizeof(bits)) {
            differs(c, "a torn row of the queue: key", key, 0);
            break;
        }
        memcpy(&bits, at.value.p, sizeof(bits));
        for (unsigned i = 0; i < SPOOL_BLOCK_IDS; i++) {
            if (bits.w[i >> 6] >> (i & 63) & 1)
                crowd_add(&have, key >> 40, block * SPOOL_BLOCK_IDS + i);
        }
    }
    env_cursor_close(&at);
    return c->ok &&
           (crowd_same(&have, &c->queued) ||
            differs(c, "queue and states of what is ready or in flight: messages", have.n, c->queued.n));
}

static bool check_held(struct check *c)
{
    struct env_cursor at;
    struct crowd have = { 0 };
    env_cursor_open(&at, c->t, SPOOL_HELD);
    for (bool more = env_cursor_first(&at); more; more = env_cursor_next(&at))
        crowd_add(&have, env_key_u64(at.key, 0), env_key_u64(at.key, 8));
    env_cursor_close(&at);
    return crowd_same(&have, &c->held) ||
           differs(c, "the list and the states of what is held: messages", have.n, c->held.n);
}

/* What waits is counted exactly, campaign by campaign; what is over may have been deleted by retention. */
static bool check_counts(struct check *c)
{
    struct spool_count_record r;
    uint64_t counted = 0, there = 0, key, n;
    spool_table_get_count(c->t, 0, &r);
    for (unsigned s = 0; s < MESSAGE_STATE_COUNT; s++) {
        bool final = message_state_final((enum message_state)s) || s == MESSAGE_SENT;
        counted += r.by_state[s];
        there += c->by_state[s];
        if (final ? c->by_state[s] > r.by_state[s] : c->by_state[s] != r.by_state[s])
            return differs(c, "messages of a state, there and counted", c->by_state[s], r.by_state[s]);
    }
    if (counted != there + env_meta_get(c->t, SPOOL_META_RETIRED))
        return differs(c, "messages, there and counted", there, counted);
    for (size_t pos = 0; hmap_next(&c->waiting, &pos, &key, &n);) {
        if (key >> 8 == 0 || (key & 255) == MESSAGE_SENT)
            continue;
        spool_table_get_count(c->t, (uint32_t)(key >> 8), &r);
        if (r.by_state[key & 255] != n)
            return differs(c, "waiting messages of a campaign, there and counted", n, r.by_state[key & 255]);
    }
    return true;
}

static bool check_messages(struct check *c)
{
    struct env_cursor at;
    env_cursor_open(&c->texts, c->t, SPOOL_MESSAGE);
    env_cursor_open(&at, c->t, SPOOL_STATE);
    for (bool more = env_cursor_first(&at); more && c->ok; more = env_cursor_next(&at))
        check_block(c, env_key_u64(at.key, 0), at.value);
    env_cursor_close(&at);
    env_cursor_close(&c->texts);
    return c->ok && check_queue(c) && check_held(c) && check_counts(c);
}

/* --- people --- */

static bool check_inbound(struct check *c)
{
    struct env_cursor at;
    struct crowd messages = { 0 }, numbers = { 0 };
    struct spool_inbound in;
    uint64_t reply_to;
    env_cursor_open(&at, c->t, SPOOL_INBOUND);
    for (bool more = env_cursor_first(&at); more && c->ok; more = env_cursor_next(&at)) {
        uint64_t id = env_key_u64(at.key, 0);
        if (!spool_people_read_inbound(at.value, &in, &reply_to))
            differs(c, "a torn inbound message: id", id, 0);
        else if (in.from)
            crowd_add(&messages, in.from, id);
        c->out->inbound++;
    }
    env_cursor_close(&at);
    env_cursor_open(&at, c->t, SPOOL_INNUM);
    for (bool more = env_cursor_first(&at); more && c->ok; more = env_cursor_next(&at))
        crowd_add(&numbers, env_key_u64(at.key, 0), env_key_u64(at.key, 8));
    env_cursor_close(&at);
    return c->ok && (crowd_same(&messages, &numbers) ||
                     differs(c, "inbound messages, there and by number", messages.n, numbers.n));
}

static bool tally_same(struct check *c, struct strv vote, uint16_t option, uint64_t n)
{
    struct spool_vote_key k;
    struct strv v;
    bool there = env_get(c->t, SPOOL_TALLY, spool_people_tally_key(&k, vote, option), &v) && v.n == 8;
    uint64_t have = there ? be_get64((const uint8_t *)v.p) : 0;
    return have >= n || differs(c, "votes cast and counted", n, have);
}

static bool votes_flush(struct check *c, struct strv vote, uint64_t *counts, uint64_t voters)
{
    bool ok = voters == 0 || tally_same(c, vote, SPOOL_VOTERS, voters);
    for (unsigned i = 0; i < 256; i++) {
        ok = ok && (counts[i] == 0 || tally_same(c, vote, (uint16_t)i, counts[i]));
        counts[i] = 0;
    }
    return ok;
}

/* Votes of numbers that were erased stay counted: there may be more counted than there. */
static bool check_votes(struct check *c)
{
    struct env_cursor at;
    char name[SPOOL_VOTE_NAME_MAX];
    struct strv vote = { name, 0 };
    uint64_t counts[256] = { 0 }, voters = 0;
    env_cursor_open(&at, c->t, SPOOL_VOTE);
    for (bool more = env_cursor_first(&at); more && c->ok; more = env_cursor_next(&at)) {
        if (at.key.n < 9 || at.key.n - 9 > sizeof(name) || at.value.n != 2) {
            differs(c, "a torn vote: octets", at.key.n, at.value.n);
            break;
        }
        struct strv this = strv_sub(at.key, 0, at.key.n - 9);
        if (!strv_eq(this, vote)) {
            votes_flush(c, vote, counts, voters);
            memcpy(name, this.p, this.n);
            vote.n = this.n;
            voters = 0;
        }
        voters++;
        c->out->votes++;
        counts[be_get16((const uint8_t *)at.value.p) & 255]++;
    }
    env_cursor_close(&at);
    return c->ok && votes_flush(c, vote, counts, voters);
}

static bool suppressed_as(struct check *c, uint64_t number, enum consent_action last)
{
    struct env_key k;
    bool there = env_get(c->t, SPOOL_SUPPRESSED, env_key1(&k, number), NULL);
    return there == (last == CONSENT_STOP) ||
           differs(c, "the last word of a number and its suppression", there, last);
}

/* The list of the suppressed is what the ledger comes to. */
static bool check_consent(struct check *c)
{
    struct env_cursor at;
    struct spool_consent_change ch;
    uint64_t number = 0;
    enum consent_action last = CONSENT_START;
    env_cursor_open(&at, c->t, SPOOL_LEDGER);
    for (bool more = env_cursor_first(&at); more && c->ok; more = env_cursor_next(&at)) {
        uint64_t this = env_key_u64(at.key, 0);
        if (!spool_people_read_consent(at.value, &ch)) {
            differs(c, "a torn entry of the ledger", env_key_u64(at.key, 8), 0);
            break;
        }
        if (number && this != number)
            suppressed_as(c, number, last);
        number = this;
        last = ch.consent;
        c->out->consents++;
    }
    env_cursor_close(&at);
    return c->ok && (number == 0 || suppressed_as(c, number, last));
}

/* --- */

static bool check_run(struct env_txn *t, struct spool_checked *out, struct err *e)
{
    struct check c = { .t = t, .out = out, .e = e, .ok = true };
    uint64_t seq = 0;
    *out = (struct spool_checked){ 0 };
    if (!env_check(t->env, e))
        return false;
    bool ok = spool_delta_read(t, &c.deltas, &seq) && check_messages(&c) && check_inbound(&c) &&
              check_votes(&c) && check_consent(&c);
    spool_delta_set_free(&c.deltas);
    hmap_free(&c.waiting);
    if (c.ok && !env_ok(t))
        return err_set(e, t->code, "cannot read the spool: %s", env_error_text(t));
    return ok || (c.ok && err_set(e, ERR_NOMEM, "out of memory"));
}

bool spool_check(struct spool_reader *r, struct spool_checked *out, struct err *e)
{
    *out = (struct spool_checked){ 0 };
    bool ok = spool_read_begin(r) ? check_run(&r->t, out, e) : err_set(e, r->t.code, "cannot read the spool");
    spool_read_end(r);
    return ok;
}

bool spool_check_env(struct env *env, struct spool_checked *out, struct err *e)
{
    struct env_txn t;
    bool ok = env_begin(env, &t, false) ? check_run(&t, out, e)
                                        : err_set(e, t.code, "cannot read the spool: %s", env_error_text(&t));
    env_abort(&t);
    return ok;
}
