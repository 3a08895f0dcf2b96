#include "store/spool_people.h"

#include "store/spool_core.h"

#include <string.h>

#define RECORD_VERSION 1
#define REPLY_WITHIN   (7 * USEC_DAY)
#define REPLY_LOOK     64 /* of a number's messages looked at for the one that was answered */
#define FORGET_SLICE                                                                                         \
    4 /* old dedup entries removed for each new one: the table shrinks when the day is over */

enum { VOTE_LAST_WINS = 1, FIND_REPLY = 2 };

/* --- on the way, and in the store --- */

bool spool_people_put_inbound(struct buf *out, const struct spool_inbound *in)
{
    buf_put_u8(out, RECORD_VERSION);
    buf_put_u8(out, (uint8_t)in->consent);
    buf_put_u8(out,
               (uint8_t)((in->vote_last_wins ? VOTE_LAST_WINS : 0) | (in->find_reply_to ? FIND_REPLY : 0)));
    buf_put_u16(out, in->carrier);
    buf_put_u16(out, in->option);
    buf_put_u64(out, in->from);
    buf_put_u64(out, (uint64_t)in->at);
    buf_put_u64(out, in->dedup);
    buf_put_u64(out, 0); /* at SPOOL_REPLY_AT */
    buf_put_lstr(out, in->to);
    buf_put_lstr(out, in->text);
    buf_put_lstr(out, in->consent_word);
    buf_put_lstr(out, in->vote);
    return in->tlvs.n ? buf_put_lstr(out, in->tlvs) : !out->failed;
}

bool spool_people_read_inbound(struct strv body, struct spool_inbound *in, uint64_t *reply_to)
{
    struct rd r = rd_from(body.p, body.n);
    bool ok = rd_u8(&r) == RECORD_VERSION;
    in->consent = (enum consent_action)rd_u8(&r);
    uint8_t flags = rd_u8(&r);
    in->vote_last_wins = (flags & VOTE_LAST_WINS) != 0;
    in->find_reply_to = (flags & FIND_REPLY) != 0;
    in->carrier = rd_u16(&r);
    in->option = rd_u16(&r);
    in->from = rd_u64(&r);
    in->at = (usec_t)rd_u64(&r);
    in->dedup = rd_u64(&r);
    *reply_to = rd_u64(&r);
    in->to = rd_lstr(&r);
    in->text = rd_lstr(&r);
    in->consent_word = rd_lstr(&r);
    in->vote = rd_lstr(&r);
    in->tlvs = rd_left(&r) > 0 ? rd_lstr(&r) : (struct strv){ 0 };
    return ok && !r.failed;
}

bool spool_people_put_consent(struct buf *out, const struct spool_consent_change *c)
{
    buf_put_u8(out, RECORD_VERSION);
    buf_put_u8(out, (uint8_t)c->consent);
    buf_put_u64(out, c->number);
    buf_put_u64(out, (uint64_t)c->at);
    buf_put_lstr(out, c->how);
    return buf_put_lstr(out, c->words);
}

bool spool_people_read_consent(struct strv body, struct spool_consent_change *c)
{
    struct rd r = rd_from(body.p, body.n);
    bool ok = rd_u8(&r) == RECORD_VERSION;
    c->consent = (enum consent_action)rd_u8(&r);
    c->number = rd_u64(&r);
    c->at = (usec_t)rd_u64(&r);
    c->how = rd_lstr(&r);
    c->words = rd_lstr(&r);
    return ok && !r.failed;
}

static void key_name(struct spool_vote_key *k, struct strv vote)
{
    k->n = vote.n < SPOOL_VOTE_NAME_MAX ? vote.n : SPOOL_VOTE_NAME_MAX;
    if (k->n)
        memcpy(k->b, vote.p, k->n);
    k->b[k->n++] = 0;
}

struct strv spool_people_vote_key(struct spool_vote_key *k, struct strv vote, uint64_t number)
{
    key_name(k, vote);
    be_put64(k->b + k->n, number);
    return env_view(k->b, k->n + 8);
}

struct strv spool_people_tally_key(struct spool_vote_key *k, struct strv vote, uint16_t option)
{
    key_name(k, vote);
    be_put16(k->b + k->n, option);
    return env_view(k->b, k->n + 2);
}

/* --- consent --- */

/* One line in the ledger for ever; the suppression list is what it comes to. */
static void consent_change(struct spool_core *c, struct spool_op *op, const struct spool_consent_change *ch,
                           uint32_t customer, uint32_t campaign)
{
    struct buf b = { 0 };
    struct env_key k;
    uint8_t at[8];
    struct strv number = env_key1(&k, ch->number);
    bool stop = ch->consent == CONSENT_STOP;
    uint64_t as = 0;
    bool was = spool_erase_find(&c->t, ch->number, c->erase_key, &as);
    if (was && (!stop || as != ch->number)) { /* also the mark of one that was erased: it is known anew */
        struct env_key ak;
        env_del(&c->t, SPOOL_SUPPRESSED, env_key1(&ak, as));
    }
    if (stop && as != ch->number) {
        be_put64(at, (uint64_t)ch->at);
        env_put(&c->t, SPOOL_SUPPRESSED, number, env_view(at, 8));
    }
    if (stop && !was)
        spool_count_event(&c->count, &c->t, campaign, COUNT_OPTED_OUT);
    if (!spool_people_put_consent(&b, ch))
        env_fail(&c->t, ERR_NOMEM);
    env_put(&c->t, SPOOL_LEDGER, env_key2(&k, ch->number, ++c->ledger_last), env_view(b.data, b.len));
    env_meta_put(&c->t, SPOOL_META_LEDGER, c->ledger_last);
    buf_free(&b);
    spool_core_feed(c, stop ? FEED_STOP : FEED_START, ch->number, customer, campaign, ch->at);
    if (!op->id)
        op->id = c->ledger_last;
}

void spool_people_consent(struct spool_core *c, struct spool_op *op, struct strv body)
{
    struct spool_consent_change ch;
    op->id = 0;
    if (!spool_people_read_consent(body, &ch) || ch.number == 0 ||
        (ch.consent != CONSENT_STOP && ch.consent != CONSENT_START)) {
        op->code = ERR_INVALID;
        return;
    }
    consent_change(c, op, &ch, 0, 0);
}

/* --- votes --- */

static void tally_add(struct spool_core *c, struct strv vote, uint16_t option, int64_t by)
{
    struct spool_vote_key k;
    struct strv v, key = spool_people_tally_key(&k, vote, option);
    uint8_t n[8];
    bool there = env_get(&c->t, SPOOL_TALLY, key, &v) && v.n == 8;
    be_put64(n, (there ? be_get64((const uint8_t *)v.p) : 0) + (uint64_t)by);
    env_put(&c->t, SPOOL_TALLY, key, env_view(n, 8));
}

static void vote_count(struct spool_core *c, const struct spool_inbound *in)
{
    struct spool_vote_key k;
    struct strv v, key = spool_people_vote_key(&k, in->vote, in->from);
    uint8_t option[2];
    bool there = env_get(&c->t, SPOOL_VOTE, key, &v) && v.n == 2;
    uint16_t before = there ? be_get16((const uint8_t *)v.p) : 0;
    if (there && (!in->vote_last_wins || before == in->option))
        return;
    if (there)
        tally_add(c, in->vote, before, -1);
    else
        tally_add(c, in->vote, SPOOL_VOTERS, 1);
    tally_add(c, in->vote, in->option, 1);
    be_put16(option, in->option);
    env_put(&c->t, SPOOL_VOTE, key, env_view(option, 2));
}

/* --- the same message again --- */

/* Forgets what is older than a day, a few entries at a time. */
static void dedup_forget(struct spool_core *c, usec_t now)
{
    struct env_cursor cur;
    struct env_key k;
    uint64_t old[FORGET_SLICE];
    unsigned n = 0;
    env_cursor_open(&cur, &c->t, SPOOL_DEDUPAT);
    bool more = env_cursor_first(&cur);
    while (more && n < FORGET_SLICE && (usec_t)env_key_u64(cur.key, 0) < now - USEC_DAY) {
        old[n++] = env_key_u64(cur.key, 8);
        more = env_cursor_del(&cur) && env_cursor_next(&cur);
    }
    env_cursor_close(&cur);
    while (n > 0)
        env_del(&c->t, SPOOL_DEDUP, env_key1(&k, old[--n]));
}

/* The inbound message that was the same within a day, else 0 and this one is remembered as `id`. */
static uint64_t dedup_check(struct spool_core *c, uint64_t hash, usec_t at, uint64_t id)
{
    struct env_key k;
    struct strv v;
    uint8_t value[16];
    if (env_get(&c->t, SPOOL_DEDUP, env_key1(&k, hash), &v) && v.n == 16) {
        usec_t then = (usec_t)be_get64((const uint8_t *)v.p);
        uint64_t first = be_get64((const uint8_t *)v.p + 8);
        if (at - then < USEC_DAY && then - at < USEC_DAY)
            return first;
        env_del(&c->t, SPOOL_DEDUPAT, env_key2(&k, (uint64_t)then, hash));
    }
    dedup_forget(c, at);
    be_put64(value, (uint64_t)at);
    be_put64(value + 8, id);
    env_put(&c->t, SPOOL_DEDUP, env_key1(&k, hash), env_view(value, 16));
    env_put(&c->t, SPOOL_DEDUPAT, env_key2(&k, (uint64_t)at, hash), env_view("", 0));
    return 0;
}

/* --- what it answers --- */

struct reply {
    struct spool_core *c;
    usec_t at;
    uint64_t id;
    struct spool_record *r;
    unsigned left;
};

static bool reply_candidate(void *ctx, uint64_t id)
{
    struct reply *y = ctx;
    struct spool_record *r = spool_block_find(&y->c->blocks, &y->c->t, id);
    bool sent = r && (r->state == MESSAGE_IN_FLIGHT || (r->state != MESSAGE_HELD && r->when != 0));
    usec_t when = sent && r->when ? r->when : sent ? r->changed : 0;
    if (sent && y->at - when <= REPLY_WITHIN) {
        y->id = id;
        y->r = r;
        return false;
    }
    return --y->left > 0;
}

/* Counts the first answer to a message. */
static void reply_count(struct spool_core *c, const struct reply *y, const struct spool_inbound *in)
{
    if (y->r->flags & SPOOL_REPLIED)
        return;
    y->r->flags |= SPOOL_REPLIED;
    spool_block_touch(&c->blocks, &c->t, y->id);
    spool_count_event(&c->count, &c->t, y->r->campaign, COUNT_REPLIED);
    spool_core_feed(c, FEED_REPLY, in->from, y->r->customer, y->r->campaign, in->at);
}

/* --- inbound --- */

static void inbound_store(struct spool_core *c, uint64_t id, uint64_t from, uint64_t reply_to,
                          struct strv body)
{
    struct env_key k;
    uint8_t *p = env_put_reserve(&c->t, SPOOL_INBOUND, env_key1(&k, id), body.n);
    if (!p)
        return;
    memcpy(p, body.p, body.n);
    be_put64(p + SPOOL_REPLY_AT, reply_to);
    env_put(&c->t, SPOOL_INNUM, env_key2(&k, from, id), env_view("", 0));
}

void spool_people_inbound(struct spool_core *c, struct spool_op *op, struct strv body)
{
    struct spool_inbound in;
    struct reply y = { .c = c, .left = REPLY_LOOK };
    uint64_t id = c->inbound_last + 1, none;
    op->id = 0;
    if (!spool_people_read_inbound(body, &in, &none) || in.vote.n > SPOOL_VOTE_NAME_MAX) {
        op->code = ERR_INVALID;
        return;
    }
    uint64_t first = in.dedup ? dedup_check(c, in.dedup, in.at, id) : 0;
    if (first) {
        op->code = ERR_EXISTS;
        op->id = first;
        return;
    }
    y.at = in.at;
    if (in.find_reply_to)
        spool_index_find_now(&c->num, &c->t, in.from, reply_candidate, &y);
    uint32_t customer = y.r ? y.r->customer : 0, campaign = y.r ? y.r->campaign : 0;
    op->id = c->inbound_last = id;
    inbound_store(c, id, in.from, y.id, body);
    spool_core_feed(c, FEED_INBOUND, in.from, customer, campaign, in.at);
    if (y.r)
        reply_count(c, &y, &in);
    if (in.consent == CONSENT_STOP || in.consent == CONSENT_START) {
        struct spool_consent_change ch = { in.from, in.consent, in.at, STRV("inbound"), in.consent_word };
        consent_change(c, op, &ch, customer, campaign);
    }
    if (in.vote.n)
        vote_count(c, &in);
}

/* --- documents and audiences --- */

static void doc_put(struct spool_core *c, struct spool_op *op, char kind, struct strv name, struct strv value)
{
    uint8_t key[ENV_KEY_MAX];
    if (name.n == 0 || name.n > SPOOL_DOC_NAME_MAX) {
        op->code = ERR_INVALID;
        return;
    }
    key[0] = (uint8_t)kind;
    memcpy(key + 1, name.p, name.n);
    if (value.n)
        env_put(&c->t, SPOOL_DOC, env_view(key, 1 + name.n), value);
    else
        env_del(&c->t, SPOOL_DOC, env_view(key, 1 + name.n));
}

/* body: kind, name, value */
void spool_people_doc(struct spool_core *c, struct spool_op *op, struct strv body)
{
    struct rd r = rd_from(body.p, body.n);
    char kind = (char)rd_u8(&r);
    struct strv name = rd_lstr(&r), value = rd_lstr(&r);
    if (r.failed)
        op->code = ERR_INVALID;
    else
        doc_put(c, op, kind, name, value);
}

static void audience_clear(struct spool_core *c, uint32_t campaign)
{
    struct env_cursor cur;
    uint8_t from[4];
    be_put32(from, campaign);
    env_cursor_open(&cur, &c->t, SPOOL_AUD);
    bool more = env_cursor_seek_ge(&cur, env_view(from, 4));
    while (more && strv_starts(cur.key, env_view(from, 4)))
        more = env_cursor_del(&cur) && env_cursor_next(&cur);
    env_cursor_close(&cur);
}

/* body: campaign, document's name, document, number of sets, then clock, count, set of each */
void spool_people_audience(struct spool_core *c, struct spool_op *op, struct strv body)
{
    struct rd r = rd_from(body.p, body.n);
    uint32_t campaign = rd_u32(&r);
    struct strv name = rd_lstr(&r), doc = rd_lstr(&r);
    uint64_t n = rd_varint(&r);
    uint8_t key[8];
    if (name.n)
        doc_put(c, op, SPOOL_DOC_CAMPAIGN, name, doc);
    audience_clear(c, campaign);
    for (uint64_t i = 0; i < n && !r.failed && op->code == ERR_NONE; i++) {
        be_put32(key, campaign);
        be_put32(key + 4, rd_u32(&r));
        uint64_t count = rd_u64(&r);
        struct strv set = rd_lstr(&r);
        uint8_t *p = env_put_reserve(&c->t, SPOOL_AUD, env_view(key, 8), 8 + set.n);
        if (!p)
            return;
        be_put64(p, count);
        if (set.n)
            memcpy(p + 8, set.p, set.n);
    }
    if (r.failed)
        op->code = ERR_INVALID;
}
