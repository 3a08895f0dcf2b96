#include "store/spool_table.h"

#include <string.h>

#define RECORD_VERSION 1
#define RECORD_TAGGED  2 /* the same, then the tag */
#define RECORD_TLVS    3 /* the same, then its TLVs */

bool spool_table_record(struct strv block, uint64_t id, struct spool_record *out)
{
    const struct spool_state_block *b = (const void *)block.p; /* a page of its own: aligned */
    if (block.n != sizeof(*b) || b->version != SPOOL_VERSION)
        return false;
    *out = b->r[id % SPOOL_BLOCK_IDS];
    return true;
}

/* --- message --- */

bool spool_table_put_message(struct buf *out, const struct message *m)
{
    uint8_t version = m->tlvs.n ? RECORD_TLVS : m->tag.n ? RECORD_TAGGED : RECORD_VERSION;
    buf_put_u8(out, version);
    buf_put_svarint(out, m->accepted_at);
    buf_put_svarint(out, m->not_before);
    buf_put_svarint(out, m->valid_until);
    buf_put_lstr(out, m->sender);
    buf_put_lstr(out, m->client_ref);
    buf_put_lstr(out, m->text);
    if (version >= RECORD_TAGGED)
        buf_put_lstr(out, m->tag);
    if (version >= RECORD_TLVS)
        buf_put_lstr(out, m->tlvs);
    return !out->failed;
}

unsigned spool_table_message_count(struct strv block)
{
    const uint8_t *p = (const uint8_t *)block.p;
    if (block.n < 2 || p[0] != SPOOL_VERSION || block.n < 2 + 2 * (size_t)p[1])
        return 0;
    return p[1];
}

bool spool_table_message(struct strv block, uint64_t first, uint64_t id, struct message *m)
{
    unsigned n = spool_table_message_count(block);
    if (id < first || id - first >= n)
        return false;
    size_t head = 2 + 2 * (size_t)n, at = 0;
    uint16_t offset;
    memcpy(&offset, block.p + 2 + 2 * (id - first), 2);
    at = head + offset;
    if (at >= block.n)
        return false;
    struct rd r = rd_from(block.p + at, block.n - at);
    uint8_t version = rd_u8(&r);
    m->accepted_at = rd_svarint(&r);
    m->not_before = rd_svarint(&r);
    m->valid_until = rd_svarint(&r);
    m->sender = rd_lstr(&r);
    m->client_ref = rd_lstr(&r);
    m->text = rd_lstr(&r);
    m->tag = version >= RECORD_TAGGED ? rd_lstr(&r) : (struct strv){ 0 };
    m->tlvs = version >= RECORD_TLVS ? rd_lstr(&r) : (struct strv){ 0 };
    return version >= RECORD_VERSION && version <= RECORD_TLVS && !r.failed;
}

void spool_table_complete(struct message *m, uint64_t id, const struct spool_record *r)
{
    m->id = id;
    m->to = r->to;
    m->class_ = (enum message_class)(r->flags & SPOOL_CLASS);
    m->parked = (r->flags & SPOOL_PARKED) != 0;
    m->carrier = r->carrier;
    m->campaign = r->campaign;
    m->customer = r->customer;
    m->clock = r->clock;
    m->parts = r->parts;
    m->plan = r->plan;
    m->reference = r->reference;
}

/* --- part --- */

bool spool_table_put_part(struct buf *out, const struct spool_part *p)
{
    struct strv id = strv_sub(p->carrier_id, 0, UINT8_MAX);
    if (out->len == 0)
        buf_put_u8(out, SPOOL_VERSION);
    buf_put_u8(out, p->slot);
    buf_put_u8(out, p->part);
    buf_put_u8(out, p->kind);
    buf_put_u8(out, (uint8_t)id.n);
    buf_put_u32(out, p->value);
    return buf_put_strv(out, id);
}

bool spool_table_next_part(struct strv block, size_t *pos, struct spool_part *p)
{
    if (*pos == 0) {
        if (block.n == 0 || block.p[0] != SPOOL_VERSION)
            return false;
        *pos = 1;
    }
    struct rd r = rd_from(block.p + *pos, block.n - *pos);
    p->slot = rd_u8(&r);
    p->part = rd_u8(&r);
    p->kind = rd_u8(&r);
    size_t n = rd_u8(&r);
    p->value = rd_u32(&r);
    p->carrier_id = rd_bytes(&r, n);
    *pos = block.n - rd_left(&r);
    return !r.failed;
}

bool spool_table_receipt_counts(enum message_state had, enum message_state now)
{
    return had == MESSAGE_NONE || !message_state_final(had) ||
           (had == MESSAGE_UNKNOWN && message_state_final(now));
}

void spool_table_collect_part(struct spool_parts *out, const struct spool_part *p)
{
    uint8_t bit = (uint8_t)(1u << (p->part & 7));
    uint8_t *taken = &out->taken[p->part >> 3], *done = &out->done[p->part >> 3];
    if (p->kind != SPOOL_PART_ANSWER) {
        bool stage = p->kind == MESSAGE_SENT;
        if (stage) {
            uint8_t at = (uint8_t)(p->value >> SPOOL_STAGE_SHIFT);
            out->stage[p->part] = at > out->stage[p->part] ? at : out->stage[p->part];
        }
        if (!spool_table_receipt_counts((enum message_state)out->receipt[p->part],
                                        (enum message_state)p->kind))
            return;
        out->receipt[p->part] = p->kind;
        out->error[p->part] = stage ? p->value & SPOOL_ERROR_MASK : p->value;
        return;
    }
    *done |= bit;
    out->status[p->part] = p->value;
    out->carrier_id[p->part] = p->carrier_id;
    if (p->value == 0)
        *taken |= bit;
    else
        *taken &= (uint8_t)~bit;
}

static void count_receipt(struct spool_parts *out, unsigned part)
{
    enum message_state s = (enum message_state)out->receipt[part];
    out->ended += s != MESSAGE_NONE && message_state_final(s);
    if (s == MESSAGE_DELIVERED) {
        out->delivered++;
    } else if (s == MESSAGE_CANCELLED) {
        out->cancelled++;
    } else if (s != MESSAGE_NONE && message_state_final(s) && out->bad == MESSAGE_NONE) {
        out->bad = s;
        out->bad_error = out->error[part];
    }
}

void spool_table_collect_end(struct spool_parts *out, unsigned n_parts)
{
    for (unsigned i = 0; i < n_parts; i++) {
        uint8_t bit = (uint8_t)(1u << (i & 7));
        count_receipt(out, i);
        if (!(out->done[i >> 3] & bit))
            continue;
        out->answered++;
        if (!(out->taken[i >> 3] & bit) && out->refused++ == 0)
            out->refused_status = out->status[i];
    }
}

void spool_table_collect(struct strv block, uint64_t id, unsigned n_parts, struct spool_parts *out)
{
    struct spool_part p;
    uint8_t slot = (uint8_t)(id % SPOOL_BLOCK_IDS);
    memset(out, 0, sizeof(*out));
    for (size_t pos = 0; spool_table_next_part(block, &pos, &p);) {
        if (p.slot == slot && p.part < n_parts)
            spool_table_collect_part(out, &p);
    }
}

/* --- counters --- */

size_t spool_table_count_size(const struct spool_count_record *r)
{
    return offsetof(struct spool_count_record, status) + r->n_status * sizeof(r->status[0]);
}

bool spool_table_get_count(struct env_txn *t, uint32_t campaign, struct spool_count_record *r)
{
    struct strv v;
    uint8_t key[4];
    memset(r, 0, sizeof(*r));
    be_put32(key, campaign);
    if (env_get(t, SPOOL_COUNT, env_view(key, 4), &v) && v.n >= offsetof(struct spool_count_record, status) &&
        v.n <= sizeof(*r)) {
        memcpy(r, v.p, v.n);
        if (r->version == SPOOL_VERSION && r->n_status <= SPOOL_COUNT_STATUSES &&
            v.n == spool_table_count_size(r))
            return true;
        env_fail(t, ERR_CORRUPT);
        memset(r, 0, sizeof(*r));
    }
    r->version = SPOOL_VERSION;
    return false;
}
