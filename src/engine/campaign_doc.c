/* A campaign's stored form: a version, then fields as below; strings with their length. */
#include "engine/internal.h"
#include "engine/schedule.h"

#include <stdlib.h>

#define CAMPAIGN_DOC_VERSION 3 /* 2: with a schedule and a weight; 3: with TLVs */

static void campaign_put_list(struct buf *b, const struct strv *list, size_t n)
{
    buf_put_varint(b, n);
    for (size_t i = 0; i < n; i++) {
        buf_put_lstr(b, list[i]);
    }
}

bool campaign_encode(const struct campaign *m, enum campaign_state state, struct buf *b)
{
    buf_put_u8(b, CAMPAIGN_DOC_VERSION);
    buf_put_u32(b, m->id);
    buf_put_u8(b, (uint8_t)state);
    buf_put_u8(b, (uint8_t)m->spec.class_);
    buf_put_svarint(b, m->created);
    buf_put_svarint(b, m->started);
    buf_put_svarint(b, m->ended);
    buf_put_svarint(b, m->spec.valid_for);
    buf_put_svarint(b, m->spec.rate);
    buf_put_varint(b, m->recipients);
    buf_put_lstr(b, m->spec.sender);
    buf_put_lstr(b, m->spec.text);
    campaign_put_list(b, m->spec.segments, m->spec.n_segments);
    campaign_put_list(b, m->spec.exclude, m->spec.n_exclude);
    buf_put_svarint(b, m->schedule.at);
    buf_put_u8(b, m->schedule.local);
    buf_put_varint(b, m->spec.weight);
    buf_put_lstr(b, m->spec.tlvs);
    return !b->failed;
}

static size_t campaign_get_list(struct rd *r, struct strv *list)
{
    uint64_t n = rd_varint(r);
    n = n <= CAMPAIGN_MAX_SEGMENTS ? n : CAMPAIGN_MAX_SEGMENTS;
    for (size_t i = 0; i < n; i++) {
        list[i] = rd_lstr(r);
    }
    return (size_t)n;
}

static struct campaign *campaign_decode(struct engine *g, struct strv name, struct strv doc, struct err *e)
{
    struct rd r = rd_from(doc.p, doc.n);
    struct campaign_spec s = { .name = name };
    uint8_t version = rd_u8(&r);
    if (version < 1 || version > CAMPAIGN_DOC_VERSION) {
        err_set(e, ERR_VERSION, "campaign \"" STRV_FMT "\" was written by another version", STRV_ARG(name));
        return NULL;
    }
    uint32_t id = rd_u32(&r);
    uint8_t state = rd_u8(&r), class_ = rd_u8(&r);
    usec_t created = rd_svarint(&r), started = rd_svarint(&r), ended = rd_svarint(&r);
    s.valid_for = rd_svarint(&r);
    s.rate = rd_svarint(&r);
    uint64_t recipients = rd_varint(&r);
    s.sender = rd_lstr(&r);
    s.text = rd_lstr(&r);
    s.n_segments = campaign_get_list(&r, s.segments);
    s.n_exclude = campaign_get_list(&r, s.exclude);
    struct engine_schedule schedule = { 0 };
    if (version >= 2) {
        schedule.at = rd_svarint(&r);
        schedule.local = rd_u8(&r) != 0;
        s.weight = (unsigned)rd_varint(&r);
    }
    if (version >= 3) {
        s.tlvs = rd_lstr(&r);
    }
    if (r.failed || state > CAMPAIGN_CANCELLED || class_ >= CLASS_COUNT) {
        err_set(e, ERR_CORRUPT, "the record of campaign \"" STRV_FMT "\" is damaged", STRV_ARG(name));
        return NULL;
    }
    s.class_ = class_;
    struct campaign *m = campaign_new(g, &s, e);
    if (m != NULL) {
        m->id = id;
        m->state = state == CAMPAIGN_STARTING ? CAMPAIGN_DRAFT : (enum campaign_state)state;
        m->created = created;
        m->started = started;
        m->ended = ended;
        m->recipients = recipients;
        m->schedule = schedule;
    }
    return m;
}

struct campaign_loading {
    struct engine *g;
    struct campaign *m;
    struct err *e;
    bool ok;
};

static bool campaign_load_clock(void *ctx, const struct spool_clock_set *set, uint32_t next, uint64_t done)
{
    struct campaign_loading *l = ctx;
    struct campaign *m = l->m;
    struct campaign_clock *p = realloc(m->clocks, (m->n_clocks + 1) * sizeof *p);
    if (p == NULL) {
        l->ok = err_set(l->e, ERR_NOMEM, "out of memory");
        return false;
    }
    m->clocks = p;
    struct campaign_clock *k = &m->clocks[m->n_clocks];
    *k = (struct campaign_clock){ .book = set->clock,
                                  .clock = engine_clock_of_book(l->g, set->clock),
                                  .count = set->count,
                                  .claimed = done,
                                  .next_claim = next,
                                  .produce_from = next };
    k->opens = schedule_instant(l->g->facts, &m->schedule, k->clock);
    k->set = audience_set_deserialize(set->set, l->e);
    if (k->set == NULL) {
        l->ok = false;
        return false;
    }
    m->n_clocks++;
    return true;
}

static bool campaign_load_one(void *ctx, struct strv name, struct strv doc)
{
    struct campaign_loading *l = ctx;
    struct campaign *m = campaign_decode(l->g, name, doc, l->e);
    if (m == NULL || !campaign_add_to(l->g, m)) {
        campaign_free(m);
        l->ok = false;
        return false;
    }
    if (m->id > l->g->last_campaign_id) {
        l->g->last_campaign_id = m->id;
    }
    return true;
}

bool campaign_load_docs(struct engine *g, struct spool_reader *r, struct err *e)
{
    struct campaign_loading l = { g, NULL, e, true };
    spool_each_doc(r, DOC_CAMPAIGN, campaign_load_one, &l);
    for (size_t i = 0; l.ok && i < g->n_campaigns; i++) {
        l.m = g->campaigns[i];
        if (l.m->state == CAMPAIGN_RUNNING || l.m->state == CAMPAIGN_PAUSED) {
            spool_each_audience(r, l.m->id, campaign_load_clock, &l);
        }
        if (l.ok) {
            campaign_check_done(l.m); /* the last claim was synced, and nothing after it */
        }
    }
    return l.ok;
}
