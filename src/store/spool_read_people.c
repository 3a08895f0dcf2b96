/* Reading everything but messages: feed, documents, audiences, consent, inbound, votes. */
#include "store/spool_people.h"
#include "store/spool_read.h"

#include <string.h>

/* --- feed --- */

size_t spool_feed_read(struct spool_reader *r, uint64_t after, struct spool_feed *out, size_t max)
{
    struct env_cursor c;
    struct env_key k;
    size_t n = 0;
    if (!spool_read_begin(r)) {
        spool_read_end(r);
        return 0;
    }
    uint64_t trimmed = env_meta_get(&r->t, SPOOL_META_FEED_TRIMMED);
    after = after > trimmed ? after : trimmed;
    env_cursor_open(&c, &r->t, SPOOL_FEED);
    bool more = env_cursor_seek_le(&c, env_key1(&k, after + 1)) || env_cursor_first(&c);
    for (; more && n < max; more = env_cursor_next(&c)) {
        uint64_t first = env_key_u64(c.key, 0);
        size_t in = c.value.n / sizeof(struct spool_feed_record);
        for (size_t i = 0; i < in && n < max; i++) {
            struct spool_feed_record f;
            if (first + i <= after)
                continue;
            memcpy(&f, c.value.p + i * sizeof(f), sizeof(f));
            out[n++] = (struct spool_feed){ .seq = first + i,
                                            .kind = (enum spool_feed_kind)f.kind,
                                            .number = f.number,
                                            .customer = f.customer,
                                            .campaign = f.campaign,
                                            .at = f.at };
        }
    }
    env_cursor_close(&c);
    spool_read_end(r);
    return n;
}

/* --- documents and audiences --- */

void spool_each_doc(struct spool_reader *r, char kind, spool_doc_fn fn, void *ctx)
{
    struct env_cursor c = { 0 };
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_DOC);
        bool more = env_cursor_seek_ge(&c, env_view(&kind, 1));
        while (more && c.key.n && c.key.p[0] == kind && fn(ctx, strv_sub(c.key, 1, c.key.n - 1), c.value))
            more = env_cursor_next(&c);
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

static void cursor_read(struct spool_reader *r, struct strv key, struct spool_cursor_row *k)
{
    struct strv v;
    *k = (struct spool_cursor_row){ 0 };
    if (env_get(&r->t, SPOOL_AUDCUR, key, &v) && v.n == sizeof(*k))
        memcpy(k, v.p, sizeof(*k));
}

void spool_each_audience(struct spool_reader *r, uint32_t campaign, spool_clock_fn fn, void *ctx)
{
    struct env_cursor c = { 0 };
    struct spool_cursor_row k;
    uint8_t from[4];
    be_put32(from, campaign);
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_AUD);
        bool more = env_cursor_seek_ge(&c, env_view(from, 4));
        for (; more && c.key.n == 8 && c.value.n >= 8 && memcmp(c.key.p, from, 4) == 0;
             more = env_cursor_next(&c)) {
            struct spool_clock_set set = { .clock = be_get32((const uint8_t *)c.key.p + 4),
                                           .set = strv_sub(c.value, 8, c.value.n - 8),
                                           .count = be_get64((const uint8_t *)c.value.p) };
            cursor_read(r, c.key, &k);
            if (!fn(ctx, &set, k.next, k.done))
                break;
        }
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

/* --- consent --- */

void spool_each_suppressed(struct spool_reader *r, spool_number_fn fn, void *ctx)
{
    struct env_cursor c = { 0 };
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_SUPPRESSED);
        for (bool more = env_cursor_first(&c); more && fn(ctx, env_key_u64(c.key, 0));
             more = env_cursor_next(&c)) {
        }
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

void spool_each_consent(struct spool_reader *r, uint64_t number, spool_consent_fn fn, void *ctx)
{
    struct env_cursor c = { 0 };
    struct env_key k;
    struct spool_consent_change ch;
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_LEDGER);
        bool more = env_cursor_seek_ge(&c, env_key2(&k, number, 0));
        for (; more && env_key_u64(c.key, 0) == number; more = env_cursor_next(&c)) {
            if (!spool_people_read_consent(c.value, &ch))
                break;
            struct spool_consent_view v = { ch.number, ch.consent, ch.at, ch.how, ch.words };
            if (!fn(ctx, &v))
                break;
        }
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

/* --- inbound --- */

static bool inbound_one(uint64_t id, struct strv body, spool_inbound_fn fn, void *ctx)
{
    struct spool_inbound in;
    uint64_t reply_to;
    if (!spool_people_read_inbound(body, &in, &reply_to))
        return false;
    struct spool_inbound_view v = { .id = id,
                                    .from = in.from,
                                    .reply_to = reply_to,
                                    .to = in.to,
                                    .text = in.text,
                                    .vote = in.vote,
                                    .tlvs = in.tlvs,
                                    .at = in.at,
                                    .consent = in.consent };
    return fn(ctx, &v);
}

/* Steps down the keys (id) or, for one number, (number, id). Returns the id to continue before. */
static uint64_t inbound_walk(struct spool_reader *r, uint64_t number, uint64_t before, size_t max,
                             spool_inbound_fn fn, void *ctx)
{
    struct env_cursor c;
    struct env_key k, ik;
    struct strv body;
    uint64_t below = before ? before - 1 : UINT64_MAX, next = 0;
    env_cursor_open(&c, &r->t, number ? SPOOL_INNUM : SPOOL_INBOUND);
    bool more = env_cursor_seek_le(&c, number ? env_key2(&k, number, below) : env_key1(&k, below));
    for (; more; more = env_cursor_prev(&c)) {
        if (number && env_key_u64(c.key, 0) != number)
            break;
        uint64_t id = env_key_u64(c.key, number ? 8 : 0);
        if (max-- == 0) {
            next = id + 1;
            break;
        }
        body = c.value;
        if ((number && !env_get(&r->t, SPOOL_INBOUND, env_key1(&ik, id), &body)) ||
            !inbound_one(id, body, fn, ctx)) {
            next = id;
            break;
        }
    }
    env_cursor_close(&c);
    return next > 1 ? next : 0;
}

uint64_t spool_find_inbound(struct spool_reader *r, uint64_t number, uint64_t before_id, size_t max,
                            spool_inbound_fn fn, void *ctx)
{
    uint64_t next = 0;
    if (spool_read_begin(r) && before_id != 1)
        next = inbound_walk(r, number, before_id, max, fn, ctx);
    spool_read_end(r);
    return next;
}

/* --- receipts of unknown messages --- */

static uint64_t unknown_walk(struct spool_reader *r, int carrier, uint64_t before, size_t max,
                             spool_unknown_fn fn, void *ctx)
{
    struct env_cursor c;
    struct env_key k;
    struct spool_orphan o;
    uint64_t next = 0;
    size_t n = 0;
    env_cursor_open(&c, &r->t, SPOOL_ORPHAN);
    bool more = env_cursor_seek_le(&c, env_key1(&k, before ? before - 1 : UINT64_MAX));
    for (; more; more = env_cursor_prev(&c)) {
        uint64_t seq = env_key_u64(c.key, 0);
        if (!spool_orphan_read(c.value, &o) || (carrier >= 0 && o.carrier != carrier))
            continue;
        struct spool_unknown_view v = { .seq = seq,
                                        .carrier = o.carrier,
                                        .carrier_id = env_view(o.id, o.n_id),
                                        .to = o.to,
                                        .state = (enum message_state)o.state,
                                        .stage = (enum spool_stage)o.stage,
                                        .error = o.error,
                                        .at = o.at };
        if (n++ == max || !fn(ctx, &v)) {
            next = seq + 1;
            break;
        }
    }
    env_cursor_close(&c);
    return next;
}

uint64_t spool_find_unknown(struct spool_reader *r, int carrier, uint64_t before_seq, size_t max,
                            spool_unknown_fn fn, void *ctx)
{
    uint64_t next = 0;
    if (spool_read_begin(r) && before_seq != 1)
        next = unknown_walk(r, carrier, before_seq, max, fn, ctx);
    spool_read_end(r);
    return next;
}

/* --- votes --- */

/* From name to name: the vote of the number is looked up under each. */
void spool_each_vote_of(struct spool_reader *r, uint64_t number, spool_vote_fn fn, void *ctx)
{
    struct env_cursor c = { 0 };
    struct spool_vote_key k;
    struct strv v;
    if (spool_read_begin(r)) {
        env_cursor_open(&c, &r->t, SPOOL_VOTE);
        bool more = env_cursor_first(&c);
        while (more && c.key.n >= 9) {
            struct strv name = strv_sub(c.key, 0, c.key.n - 9);
            if (env_get(&r->t, SPOOL_VOTE, spool_people_vote_key(&k, name, number), &v) && v.n == 2 &&
                !fn(ctx, name, be_get16((const uint8_t *)v.p)))
                break;
            more = env_cursor_seek_ge(&c, spool_people_vote_key(&k, name, UINT64_MAX));
        }
        env_cursor_close(&c);
    }
    spool_read_end(r);
}

static uint64_t tally(struct spool_reader *r, struct strv vote, uint16_t option)
{
    struct spool_vote_key k;
    struct strv v;
    if (!env_get(&r->t, SPOOL_TALLY, spool_people_tally_key(&k, vote, option), &v) || v.n != 8)
        return 0;
    return be_get64((const uint8_t *)v.p);
}

uint64_t spool_vote_tally(struct spool_reader *r, struct strv vote, uint64_t *counts, size_t options)
{
    uint64_t voters = 0;
    bool ok = spool_read_begin(r);
    for (size_t i = 0; i < options; i++)
        counts[i] = ok && i < SPOOL_VOTERS ? tally(r, vote, (uint16_t)i) : 0;
    if (ok)
        voters = tally(r, vote, SPOOL_VOTERS);
    spool_read_end(r);
    return voters;
}
