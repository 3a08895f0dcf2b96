/* What operations on messages do: acceptance, claims, responses, moves, receipts. */
#include "store/spool_core.h"

#include <string.h>

#define RELEASE_TIGHT 64 /* messages made ready in one transaction when space is short */

static struct strv span(const uint8_t *data, struct spool_span s)
{
    return env_view(data + s.at, s.n);
}

/* --- acceptance --- */

/* How its parts are made now; what joins them is new when there was nothing yet, or when parts of it that
 * were sent otherwise may have reached the handset. */
static void set_parts(struct spool_core *c, uint64_t id, struct spool_record *r, uint8_t parts, uint16_t plan,
                      bool tried)
{
    bool joined = r->plan != 0 && !(tried && plan != r->plan);
    r->parts = parts ? parts : 1;
    r->plan = r->parts > 1 ? plan : 0;
    if (r->plan && !joined)
        r->reference = spool_refs_next(c, r->to, id);
}

static void apply_accept(struct spool_core *c, struct spool_op *op, const uint8_t *data)
{
    if (op->u.accept.moves_cursor && !spool_core_cursor(c, op->u.accept.campaign, op->u.accept.clock,
                                                        op->u.accept.expected, op->u.accept.customer)) {
        op->code = ERR_STATE;
        return;
    }
    struct spool_record *r = spool_block_add(&c->blocks, &c->t, op->id, span(data, op->u.accept.body));
    if (!r)
        return;
    *r = (struct spool_record){
        .flags = (uint8_t)((op->u.accept.class_ & SPOOL_CLASS) | (op->u.accept.parked ? SPOOL_PARKED : 0)),
        .to = op->u.accept.to,
        .campaign = op->u.accept.campaign,
        .customer = op->u.accept.customer,
        .clock = op->u.accept.home,
        .carrier = op->u.accept.carrier,
    };
    set_parts(c, op->id, r, op->u.accept.parts, op->u.accept.plan, false);
    op->reference = r->reference;
    c->message_last = op->id;
    spool_life_set(c, op->id, r, (enum message_state)op->u.accept.state,
                   (enum message_reason)op->u.accept.reason, 0, op->u.accept.until, c->now);
    if (r->state == MESSAGE_HELD)
        spool_life_note(c, op->id, r, false, -1, env_view(NULL, 0));
    spool_index_add(&c->num, &c->t, r->to, op->id);
}

static void apply_claim(struct spool_core *c, struct spool_op *op)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, op->id);
    if (!r)
        op->code = ERR_NOT_FOUND;
    else if (r->state != MESSAGE_READY)
        op->code = ERR_STATE;
    else
        spool_life_set(c, op->id, r, MESSAGE_IN_FLIGHT, REASON_NONE, 0, 0, c->now);
    op->reference = r ? r->reference : 0;
}

/* Back from being in flight without having been tried: the carrier asked to slow down, or there was no bind,
 * or it never left. Such a time uses up no attempt. */
static bool was_no_attempt(const struct spool_record *r, const struct spool_op *op)
{
    return r->state == MESSAGE_IN_FLIGHT &&
           (op->u.move.to == MESSAGE_READY || op->u.move.to == MESSAGE_HELD) &&
           op->u.move.reason != REASON_RETRY && op->u.move.reason != REASON_UNCERTAIN && r->attempts > 0;
}

static void apply_move(struct spool_core *c, struct spool_op *op, const uint8_t *data)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, op->id);
    enum message_state to = (enum message_state)op->u.move.to;
    if (!r) {
        op->code = ERR_NOT_FOUND;
        return;
    }
    enum message_state from = (enum message_state)r->state;
    bool again = from == MESSAGE_HELD && to == MESSAGE_HELD; /* another instant or reason */
    if (!again && !message_move_allowed(from, to)) {
        op->code = ERR_STATE;
        return;
    }
    r->attempts -= was_no_attempt(r, op);
    spool_life_set(c, op->id, r, to, (enum message_reason)op->u.move.reason, op->u.move.code,
                   op->u.move.until, c->now);
    bool tried = from == MESSAGE_IN_FLIGHT;
    if (tried || !message_state_final(to))
        spool_life_note(c, op->id, r, tried, op->u.move.bind, span(data, op->u.move.host));
}

static void apply_replaced(struct spool_core *c, struct spool_op *op, const uint8_t *data)
{
    struct rd rd = rd_from(data + op->u.other.body.at, op->u.other.body.n);
    uint64_t id = rd_u64(&rd);
    struct spool_event e = { .at = (usec_t)rd_u64(&rd), .bind = -1 };
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, id);
    e.text = rd_lstr(&rd);
    if (!r || rd.failed) {
        op->code = ERR_NOT_FOUND;
        return;
    }
    e.carrier = r->carrier;
    spool_history_add(&c->t, id, &e);
}

/* --- what the carrier says --- */

static void settled_begin(struct spool_op *op, uint64_t id, const struct spool_record *r)
{
    op->has_settled = true;
    op->settled = (struct spool_settled){ .id = id,
                                          .to = r->to,
                                          .campaign = r->campaign,
                                          .customer = r->customer,
                                          .before = (enum message_state)r->state,
                                          .after = (enum message_state)r->state };
}

static void parts_collect(struct spool_core *c, uint64_t id, const struct spool_record *r,
                          struct spool_parts *p);

/* A message that may be cut anew: in this state, and no part of it answered. NULL with op->code. */
static struct spool_record *uncut_find(struct spool_core *c, struct spool_op *op, enum message_state state)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, op->id);
    struct spool_parts p = { 0 };
    if (!r) {
        op->code = ERR_NOT_FOUND;
        return NULL;
    }
    if (r->parts > 1)
        parts_collect(c, op->id, r, &p);
    if (r->state != state || p.answered > 0) {
        op->code = ERR_STATE;
        return NULL;
    }
    return r;
}

static void apply_reroute(struct spool_core *c, struct spool_op *op)
{
    struct spool_record *r = uncut_find(c, op, MESSAGE_READY);
    if (!r)
        return;
    if (r->carrier != op->u.reroute.from) {
        op->code = ERR_STATE;
        return;
    }
    spool_queue_set(&c->queue, &c->t, spool_table_lane_of(r), op->id, false);
    r->carrier = op->u.reroute.to;
    spool_queue_set(&c->queue, &c->t, spool_table_lane_of(r), op->id, true);
    set_parts(c, op->id, r, op->u.reroute.parts, op->u.reroute.plan, r->attempts > 0);
    r->changed = c->now;
    spool_block_touch(&c->blocks, &c->t, op->id);
}

static void apply_replan(struct spool_core *c, struct spool_op *op)
{
    struct spool_record *r = uncut_find(c, op, MESSAGE_IN_FLIGHT);
    if (!r)
        return;
    r->attempts -= r->attempts > 0; /* it has not been on the wire this time */
    set_parts(c, op->id, r, op->u.reroute.parts, op->u.reroute.plan, r->attempts > 0);
    spool_life_set(c, op->id, r, MESSAGE_READY, REASON_NONE, 0, 0, c->now);
}

/* A message that waits for its responses, or that waits again because one was thought lost. */
static bool open_for_answer(const struct spool_record *r)
{
    return r->state == MESSAGE_IN_FLIGHT || r->state == MESSAGE_UNCERTAIN || r->state == MESSAGE_READY ||
           r->state == MESSAGE_HELD;
}

static void parts_collect(struct spool_core *c, uint64_t id, const struct spool_record *r,
                          struct spool_parts *p)
{
    spool_table_collect(spool_block_parts(&c->blocks, &c->t, id), id, r->parts, p);
    spool_table_collect_end(p, r->parts);
}

/* A message of several parts, after something about one of them was recorded: sent when all were taken,
 * failed when one was refused for good; then, when every part has a final receipt, delivered when all are,
 * else what the first part was that is not. */
static void settle_parts(struct spool_core *c, uint64_t id, struct spool_record *r, usec_t at)
{
    struct spool_parts p;
    parts_collect(c, id, r, &p);
    if (p.answered < r->parts)
        return;
    if (open_for_answer(r) && p.refused == 0) {
        spool_life_set(c, id, r, MESSAGE_SENT, REASON_NONE, 0, 0, at);
    } else if (r->state == MESSAGE_IN_FLIGHT) {
        spool_life_set(c, id, r, MESSAGE_FAILED, REASON_CARRIER_STATUS, p.refused_status, 0, at);
    }
    if ((r->state != MESSAGE_SENT && r->state != MESSAGE_UNKNOWN) || p.ended < r->parts)
        return;
    if (p.bad != MESSAGE_NONE && p.bad != (enum message_state)r->state)
        spool_life_set(c, id, r, p.bad, REASON_CARRIER_RECEIPT, p.bad_error, 0, at);
    else if (p.bad == MESSAGE_NONE && p.cancelled > 0)
        spool_life_set(c, id, r, MESSAGE_CANCELLED, REASON_CANCELLED, 0, 0, at);
    else if (p.bad == MESSAGE_NONE)
        spool_life_set(c, id, r, MESSAGE_DELIVERED, REASON_NONE, 0, 0, at);
}

static enum message_reason final_reason(enum message_state s)
{
    return s == MESSAGE_DELIVERED   ? REASON_NONE
           : s == MESSAGE_CANCELLED ? REASON_CANCELLED
                                    : REASON_CARRIER_RECEIPT;
}

/* What a receipt says. */
struct told {
    enum message_state state; /* SENT: an intermediate one */
    uint8_t stage;
    uint32_t error;
    usec_t at;
};

/* What a receipt does to a message of one part. A final state stays (but for UNKNOWN): see domain/message.h.
 */
static enum spool_receipt_effect receipt_single(struct spool_core *c, uint64_t id, struct spool_record *r,
                                                const struct told *t)
{
    if (t->state != MESSAGE_SENT) {
        if (t->state == (enum message_state)r->state)
            return RECEIPT_REPEATED;
        bool confirmed = t->state == MESSAGE_CANCELLED && r->state == MESSAGE_SENT;
        if (!confirmed && !message_move_allowed((enum message_state)r->state, t->state))
            return RECEIPT_CONTRADICTS;
        spool_life_set(c, id, r, t->state, final_reason(t->state), t->error, 0, t->at);
        return RECEIPT_FINAL;
    }
    if (message_state_final((enum message_state)r->state))
        return RECEIPT_LATE; /* an intermediate one after the final one says nothing */
    if ((r->flags & SPOOL_INTERMEDIATE) && t->stage <= spool_table_stage(r->flags))
        return RECEIPT_REPEATED;
    r->flags = spool_table_with_stage(r->flags, t->stage);
    if (r->state == MESSAGE_SENT) {
        r->code = t->error;
        r->changed = t->at;
    }
    spool_block_touch(&c->blocks, &c->t, id);
    return RECEIPT_INTERMEDIATE;
}

static enum spool_receipt_effect receipt_part(struct spool_core *c, uint64_t id, struct spool_record *r,
                                              unsigned part, const struct told *t)
{
    struct spool_parts p;
    parts_collect(c, id, r, &p);
    enum message_state had = (enum message_state)p.receipt[part];
    uint32_t value = t->error;
    if (t->state == MESSAGE_SENT) {
        if (message_state_final(had))
            return RECEIPT_LATE;
        if (had == MESSAGE_SENT && t->stage <= p.stage[part])
            return RECEIPT_REPEATED; /* each stage once: what is kept of a part has a bound */
        value = (uint32_t)t->stage << SPOOL_STAGE_SHIFT | (t->error & SPOOL_ERROR_MASK);
    } else if (had == t->state) {
        return RECEIPT_REPEATED;
    } else if (!spool_table_receipt_counts(had, t->state)) {
        return RECEIPT_CONTRADICTS;
    }
    spool_block_put_part(&c->blocks, &c->t, id, part, t->state, value, env_view(NULL, 0));
    settle_parts(c, id, r, t->at);
    return t->state == MESSAGE_SENT ? RECEIPT_INTERMEDIATE : RECEIPT_FINAL;
}

static enum spool_receipt_effect receipt_apply(struct spool_core *c, uint64_t id, struct spool_record *r,
                                               unsigned part, const struct told *t)
{
    return r->parts > 1 ? receipt_part(c, id, r, part, t) : receipt_single(c, id, r, t);
}

void spool_apply_kept(struct spool_core *c, const struct spool_ids_found *f, const struct spool_orphan *o)
{
    struct told t = { (enum message_state)o->state, o->stage, o->error, o->at };
    receipt_apply(c, f->id, f->r, f->part, &t);
}

/* The part was taken: remember by which id receipts will name it. */
static void part_taken(struct spool_core *c, const struct spool_op *op, struct spool_record *r,
                       struct strv id)
{
    unsigned part = op->u.answer.part;
    spool_count_event(&c->count, &c->t, r->campaign, COUNT_PARTS_SENT);
    if (r->campaign)
        spool_count_cost(&c->count, &c->t, r->campaign, op->u.answer.carrier, op->u.answer.cost);
    if (id.n == 0)
        return;
    spool_index_add(&c->rid, &c->t, spool_ids_key(op->u.answer.carrier, id), op->id << 8 | part);
    spool_ids_answered(c, op->u.answer.carrier, id);
    if (c->orphans.count)
        spool_ids_waiting(c, op->u.answer.carrier, id);
}

/* Whether the part's success has been recorded. */
static bool part_is_taken(struct spool_core *c, uint64_t id, const struct spool_record *r, unsigned part)
{
    struct spool_parts p;
    if (r->parts <= 1)
        return (r->flags & SPOOL_ANSWERED) != 0;
    parts_collect(c, id, r, &p);
    return (p.taken[part >> 3] >> (part & 7) & 1) != 0;
}

static void apply_answer(struct spool_core *c, struct spool_op *op, const uint8_t *data)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, op->id);
    unsigned part = op->u.answer.part;
    uint32_t status = op->u.answer.value;
    struct strv id = span(data, op->u.answer.id);
    if (!r || part >= r->parts) {
        op->code = r ? ERR_INVALID : ERR_NOT_FOUND;
        return;
    }
    settled_begin(op, op->id, r);
    if (op->u.answer.cut != 0 && op->u.answer.cut != spool_cut(r->parts, r->plan)) {
        op->code = ERR_STATE; /* of a piece of before: it is cut otherwise now */
        return;
    }
    if (part_is_taken(c, op->id, r, part)) {
        op->code = ERR_EXISTS;
        return;
    }
    if (status != 0 && r->state != MESSAGE_IN_FLIGHT) {
        op->code = ERR_STATE; /* late, and of no use */
        return;
    }
    spool_block_put_part(&c->blocks, &c->t, op->id, part, SPOOL_PART_ANSWER, status, id);
    if (r->parts > 1) {
        settle_parts(c, op->id, r, op->u.answer.at);
    } else if (status == 0) {
        r->flags |= SPOOL_ANSWERED;
        if (open_for_answer(r))
            spool_life_set(c, op->id, r, MESSAGE_SENT, REASON_NONE, 0, 0, op->u.answer.at);
        else
            spool_block_touch(&c->blocks, &c->t, op->id);
    } else {
        spool_life_set(c, op->id, r, MESSAGE_FAILED, REASON_CARRIER_STATUS, status, 0, op->u.answer.at);
    }
    if (status == 0)
        part_taken(c, op, r, id);
    op->settled.after = (enum message_state)r->state;
}

/* --- receipts --- */

static void keep_orphan(struct spool_core *c, const struct spool_op *op, struct strv id)
{
    struct spool_orphan o = { .key = spool_ids_key(op->u.answer.carrier, id),
                              .kept_at = c->now,
                              .at = op->u.answer.at,
                              .error = op->u.answer.value,
                              .carrier = op->u.answer.carrier,
                              .state = op->u.answer.state,
                              .to = op->u.answer.to,
                              .other = op->u.answer.other,
                              .stage = op->u.answer.stage };
    o.n_id = (uint8_t)(id.n < sizeof(o.id) ? id.n : sizeof(o.id));
    if (o.n_id)
        memcpy(o.id, id.p, o.n_id);
    spool_orphan_put(&c->orphans, &c->t, &o);
}

/* What is told beside the state is kept while there is space. */
static void apply_receipt(struct spool_core *c, struct spool_op *op, const uint8_t *data, bool tight)
{
    struct spool_ids_ask ask = { .carrier = op->u.answer.carrier,
                                 .id = span(data, op->u.answer.id),
                                 .to = op->u.answer.to,
                                 .other = op->u.answer.other };
    struct told t = { (enum message_state)op->u.answer.state, op->u.answer.stage, op->u.answer.value,
                      op->u.answer.at };
    struct spool_ids_found f;
    if (!spool_ids_find(c, &ask, &f)) {
        keep_orphan(c, op, ask.id);
        return;
    }
    op->id = f.id;
    settled_begin(op, f.id, f.r);
    op->settled.receipt = receipt_apply(c, f.id, f.r, f.part, &t);
    op->settled.duplicate = op->settled.receipt == RECEIPT_REPEATED;
    op->settled.after = (enum message_state)f.r->state;
    struct spool_event e = { .to = (enum message_state)op->u.answer.state,
                             .reason = REASON_CARRIER_RECEIPT,
                             .code = op->u.answer.value,
                             .carrier = op->u.answer.carrier,
                             .at = op->u.answer.at,
                             .bind = -1,
                             .tlvs = span(data, op->u.answer.tlvs) };
    if (e.tlvs.n && !tight && !op->settled.duplicate)
        spool_history_add(&c->t, f.id, &e);
}

/* --- */

static void apply_part_state(struct spool_core *c, struct spool_op *op)
{
    struct spool_record *r = spool_block_find(&c->blocks, &c->t, op->id);
    unsigned part = op->u.answer.part;
    if (!r || part >= r->parts) {
        op->code = r ? ERR_INVALID : ERR_NOT_FOUND;
        return;
    }
    settled_begin(op, op->id, r);
    if (!part_is_taken(c, op->id, r, part)) {
        op->code = ERR_STATE;
        return;
    }
    struct told t = { .state = (enum message_state)op->u.answer.state,
                      .error = op->u.answer.value,
                      .at = op->u.answer.at };
    op->settled.receipt = receipt_apply(c, op->id, r, part, &t);
    op->settled.duplicate = op->settled.receipt == RECEIPT_REPEATED;
    op->settled.after = (enum message_state)r->state;
}

/* When space is short a few at a time: what a transaction rewrites needs as much again until it is committed.
 */
static void apply_release(struct spool_core *c, struct spool_op *op, bool tight)
{
    size_t max = op->u.release.max;
    op->id = spool_life_release(c, op->u.release.now, tight && max > RELEASE_TIGHT ? RELEASE_TIGHT : max);
}

void spool_apply(struct spool_core *c, struct spool_op *op, const uint8_t *data, bool skip_intake)
{
    op->code = ERR_NONE;
    op->has_settled = false;
    c->tight = skip_intake;
    if (op->intake && skip_intake) {
        op->code = ERR_FULL;
        return;
    }
    switch ((enum spool_op_kind)op->kind) {
    case OP_ACCEPT: apply_accept(c, op, data); break;
    case OP_CLAIM: apply_claim(c, op); break;
    case OP_ANSWER: apply_answer(c, op, data); break;
    case OP_MOVE: apply_move(c, op, data); break;
    case OP_REPLACED: apply_replaced(c, op, data); break;
    case OP_REROUTE: apply_reroute(c, op); break;
    case OP_REPLAN: apply_replan(c, op); break;
    case OP_RECEIPT: apply_receipt(c, op, data, skip_intake); break;
    case OP_PART_STATE: apply_part_state(c, op); break;
    case OP_LOAD: break; /* after the commit */
    case OP_RELEASE: apply_release(c, op, skip_intake); break;
    case OP_SWEEP: op->id = spool_sweep_slice(c, &op->u.sweep); break;
    case OP_INBOUND: spool_people_inbound(c, op, span(data, op->u.other.body)); break;
    case OP_CONSENT: spool_people_consent(c, op, span(data, op->u.other.body)); break;
    case OP_DOC: spool_people_doc(c, op, span(data, op->u.other.body)); break;
    case OP_AUDIENCE: spool_people_audience(c, op, span(data, op->u.other.body)); break;
    case OP_TRIM: spool_core_trim(c, op->u.seq); break;
    case OP_ERASE: spool_erase_apply(c, op); break;
    }
}
