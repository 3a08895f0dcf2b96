/* The operations of the spool: each call of spool.h that changes something, as a row of the batch that
 * gathers. */
#include "store/spool_internal.h"
#include "store/spool_people.h"

#include <stdlib.h>
#include <string.h>

#define HOST_MAX 128 /* octets of a host kept in a history */

/* --- a row of the batch --- */

/* Room for one more in the batch, as far as possible; remembers where its octets begin. */
static size_t batch_begin(struct spool *s)
{
    if (s->gather->n >= SPOOL_BATCH_OPS || s->gather->data.len >= SPOOL_BATCH_BYTES)
        spool_flush(s);
    return s->mark = s->gather->data.len;
}

/* A new operation at the end of the batch; NULL: out of memory. */
static struct spool_op *op_push(struct spool *s, enum spool_op_kind kind, void *done, void *ctx)
{
    struct spool_batch *b = s->gather;
    if (s->closing)
        return NULL;
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        struct spool_op *ops = realloc(b->ops, cap * sizeof(*ops));
        if (!ops)
            return NULL;
        b->ops = ops;
        b->cap = cap;
    }
    /* nobody may come to flush: the descriptor calls for a spool_poll() in the loop's next turn */
    if (s->n_waiting_batches == 0 && !s->kicked)
        s->kicked = mailbox_post(s->w.out, &s->kicked);
    struct spool_op *op = &b->ops[b->n++];
    memset(op, 0, offsetof(struct spool_op, u));
    op->kind = (uint8_t)kind;
    op->done = done;
    op->ctx = ctx;
    s->waiting++;
    return op;
}

static struct spool_op *op_new(struct spool *s, enum spool_op_kind kind, void *done, void *ctx)
{
    batch_begin(s);
    return op_push(s, kind, done, ctx);
}

static struct spool_span span_put(struct spool *s, struct strv v)
{
    struct spool_span at = { (uint32_t)s->gather->data.len, (uint32_t)v.n };
    buf_put_strv(&s->gather->data, v);
    return at;
}

static struct spool_span span_since(struct spool *s, size_t from)
{
    return (struct spool_span){ (uint32_t)from, (uint32_t)(s->gather->data.len - from) };
}

static void refuse(spool_done done, void *ctx, enum err_code code)
{
    struct spool_result r = { .code = code, .text = spool_text(code) };
    if (done)
        done(ctx, &r);
}

/* When the operation (NULL) or its octets found no memory. */
static void lost(struct spool *s, struct spool_op *op, spool_done done, void *ctx)
{
    if (op) {
        s->gather->n--;
        s->waiting--;
    }
    s->gather->data.len = s->mark;
    s->gather->data.failed = false;
    if (!s->closing)
        refuse(done, ctx, ERR_NOMEM);
}

/* --- messages --- */

static struct spool_op *accept_op(struct spool *s, const struct message *m, enum message_state state,
                                  spool_done done, void *ctx)
{
    if (spool_room(s) == 0)
        return NULL;
    struct spool_op *op = op_new(s, OP_ACCEPT, done, ctx);
    if (!op)
        return NULL;
    size_t from = s->gather->data.len;
    op->intake = true;
    op->id = s->next_id;
    op->u.accept.to = m->to;
    op->u.accept.campaign = m->campaign;
    op->u.accept.customer = m->customer;
    op->u.accept.home = m->clock;
    op->u.accept.clock = op->u.accept.expected = 0;
    op->u.accept.carrier = m->carrier;
    op->u.accept.class_ = (uint8_t)m->class_;
    op->u.accept.parts = m->parts;
    op->u.accept.plan = m->plan;
    op->u.accept.state = (uint8_t)state;
    op->u.accept.reason = REASON_NONE;
    op->u.accept.moves_cursor = false;
    op->u.accept.parked = m->parked && state == MESSAGE_READY;
    op->u.accept.until = 0;
    if (!spool_table_put_message(&s->gather->data, m)) {
        lost(s, op, NULL, NULL);
        return NULL;
    }
    op->u.accept.body = span_since(s, from);
    s->next_id++;
    return op;
}

uint64_t spool_accept(struct spool *s, const struct message *m, enum message_state state,
                      enum message_reason reason, usec_t until, spool_done done, void *ctx)
{
    struct spool_op *op = accept_op(s, m, state, done, ctx);
    if (!op)
        return 0;
    op->u.accept.reason = (uint8_t)reason;
    op->u.accept.until = until;
    return op->id;
}

uint64_t spool_accept_claimed(struct spool *s, const struct message *m, const struct spool_cursor *cursor,
                              spool_done done, void *ctx)
{
    return spool_accept_refused(s, m, cursor, MESSAGE_IN_FLIGHT, REASON_NONE, done, ctx);
}

uint64_t spool_accept_refused(struct spool *s, const struct message *m, const struct spool_cursor *cursor,
                              enum message_state state, enum message_reason reason, spool_done done,
                              void *ctx)
{
    struct spool_op *op = accept_op(s, m, state, done, ctx);
    if (!op)
        return 0;
    op->u.accept.reason = (uint8_t)reason;
    op->u.accept.moves_cursor = cursor != NULL;
    op->u.accept.clock = cursor ? cursor->clock : 0;
    op->u.accept.expected = cursor ? cursor->expected : 0;
    return op->id;
}

void spool_claim(struct spool *s, uint64_t id, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_CLAIM, done, ctx);
    if (op)
        op->id = id;
    else
        lost(s, op, done, ctx);
}

void spool_answer(struct spool *s, const struct spool_answer *a, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_ANSWER, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->id = a->id;
    op->u.answer.at = a->at;
    op->u.answer.value = a->command_status;
    op->u.answer.carrier = a->carrier;
    op->u.answer.cost = a->cost;
    op->u.answer.part = a->part;
    op->u.answer.cut = a->cut;
    op->u.answer.id = span_put(s, a->carrier_id);
    if (s->gather->data.failed)
        lost(s, op, done, ctx);
}

void spool_receipt(struct spool *s, const struct spool_receipt *r, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_RECEIPT, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->u.answer.at = r->at;
    op->u.answer.value = r->error;
    op->u.answer.carrier = r->carrier;
    op->u.answer.state = (uint8_t)r->state;
    op->u.answer.stage = (uint8_t)r->stage;
    op->u.answer.to = r->to;
    op->u.answer.other = r->other;
    op->u.answer.part = 0;
    op->u.answer.id = span_put(s, r->carrier_id);
    op->u.answer.tlvs = span_put(s, r->tlvs);
    if (s->gather->data.failed)
        lost(s, op, done, ctx);
}

void spool_part_state(struct spool *s, uint64_t id, uint8_t part, enum message_state state, uint32_t error,
                      usec_t at, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_PART_STATE, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->id = id;
    op->u.answer.at = at;
    op->u.answer.value = error;
    op->u.answer.part = part;
    op->u.answer.state = (uint8_t)state;
}

void spool_move(struct spool *s, uint64_t id, enum message_state to, enum message_reason reason,
                uint32_t code, usec_t until, spool_done done, void *ctx)
{
    spool_move_at(s, id, to, reason, code, until, NULL, done, ctx);
}

void spool_move_at(struct spool *s, uint64_t id, enum message_state to, enum message_reason reason,
                   uint32_t code, usec_t until, const struct spool_place *place, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_MOVE, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->id = id;
    op->u.move.to = (uint8_t)to;
    op->u.move.reason = (uint8_t)reason;
    op->u.move.code = code;
    op->u.move.until = until;
    op->u.move.bind = place ? (int16_t)place->bind : -1;
    op->u.move.host = span_put(s, place ? strv_sub(place->host, 0, HOST_MAX) : (struct strv){ 0 });
    if (s->gather->data.failed)
        lost(s, op, done, ctx);
}

static struct spool_op *plan_op(struct spool *s, enum spool_op_kind kind, uint64_t id, unsigned parts,
                                uint16_t plan, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, kind, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return NULL;
    }
    op->id = id;
    op->u.reroute.parts = (uint8_t)parts;
    op->u.reroute.plan = plan;
    return op;
}

void spool_reroute(struct spool *s, uint64_t id, uint16_t from, uint16_t to, unsigned parts, uint16_t plan,
                   spool_done done, void *ctx)
{
    struct spool_op *op = plan_op(s, OP_REROUTE, id, parts, plan, done, ctx);
    if (op) {
        op->u.reroute.from = from;
        op->u.reroute.to = to;
    }
}

void spool_replan(struct spool *s, uint64_t id, unsigned parts, uint16_t plan, spool_done done, void *ctx)
{
    plan_op(s, OP_REPLAN, id, parts, plan, done, ctx);
}

/* --- ready queue --- */

void spool_load_ready(struct spool *s, uint16_t carrier, unsigned lane, uint64_t after, size_t max,
                      spool_loaded_fn fn, void *ctx)
{
    union {
        spool_loaded_fn fn;
        void *p;
    } f = { fn };
    struct spool_op *op = op_new(s, OP_LOAD, f.p, ctx);
    if (!op) {
        if (!s->closing)
            fn(ctx, NULL, 0, true);
        return;
    }
    op->u.load.carrier = carrier;
    op->u.load.lane = (uint8_t)lane;
    op->u.load.after = after;
    op->u.load.max = max;
    op->u.load.list = NULL;
    op->u.load.n = 0;
    op->u.load.more = false;
}

void spool_release_due(struct spool *s, usec_t now, size_t max, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_RELEASE, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->u.release.now = now;
    op->u.release.max = max;
}

void spool_sweep(struct spool *s, const struct spool_sweep *w, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_SWEEP, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->u.sweep = *w;
    op->u.sweep.at = w->next;
}

/* --- people and documents: an operation whose body was encoded since batch_begin() --- */

static void other_op(struct spool *s, enum spool_op_kind kind, size_t from, bool intake, spool_done done,
                     void *ctx)
{
    struct spool_op *op = s->gather->data.failed ? NULL : op_push(s, kind, done, ctx);
    if (!op) {
        lost(s, op, done, ctx);
        return;
    }
    op->intake = intake;
    op->u.other.body = span_since(s, from);
}

void spool_inbound(struct spool *s, const struct spool_inbound *in, spool_done done, void *ctx)
{
    if (spool_room(s) == 0) {
        refuse(done, ctx, ERR_BUSY);
        return;
    }
    size_t from = batch_begin(s);
    spool_people_put_inbound(&s->gather->data, in);
    other_op(s, OP_INBOUND, from, true, done, ctx);
}

void spool_consent(struct spool *s, uint64_t number, enum consent_action c, struct strv how,
                   struct strv words, usec_t at, spool_done done, void *ctx)
{
    struct spool_consent_change ch = { number, c, at, how, words };
    size_t from = batch_begin(s);
    spool_people_put_consent(&s->gather->data, &ch);
    other_op(s, OP_CONSENT, from, false, done, ctx);
}

void spool_put_doc(struct spool *s, char kind, struct strv name, struct strv value, spool_done done,
                   void *ctx)
{
    size_t from = batch_begin(s);
    struct buf *d = &s->gather->data;
    buf_put_u8(d, (uint8_t)kind);
    buf_put_lstr(d, name);
    buf_put_lstr(d, value);
    other_op(s, OP_DOC, from, false, done, ctx);
}

void spool_put_audience(struct spool *s, uint32_t campaign, const struct spool_clock_set *sets, size_t n,
                        struct strv doc_name, struct strv doc, spool_done done, void *ctx)
{
    size_t from = batch_begin(s);
    struct buf *d = &s->gather->data;
    buf_put_u32(d, campaign);
    buf_put_lstr(d, doc_name);
    buf_put_lstr(d, doc);
    buf_put_varint(d, n);
    for (size_t i = 0; i < n; i++) {
        buf_put_u32(d, sets[i].clock);
        buf_put_u64(d, sets[i].count);
        buf_put_lstr(d, sets[i].set);
    }
    other_op(s, OP_AUDIENCE, from, false, done, ctx);
}

void spool_replaced(struct spool *s, uint64_t id, struct strv text, usec_t at, spool_done done, void *ctx)
{
    size_t from = batch_begin(s);
    struct buf *d = &s->gather->data;
    buf_put_u64(d, id);
    buf_put_u64(d, (uint64_t)at);
    buf_put_lstr(d, text);
    other_op(s, OP_REPLACED, from, false, done, ctx);
}

void spool_feed_trim(struct spool *s, uint64_t seq)
{
    struct spool_op *op = op_new(s, OP_TRIM, NULL, NULL);
    if (op)
        op->u.seq = seq;
}

void spool_erase(struct spool *s, uint64_t number, spool_done done, void *ctx)
{
    struct spool_op *op = op_new(s, OP_ERASE, done, ctx);
    if (op)
        op->u.number = number;
    else
        lost(s, op, done, ctx);
}
