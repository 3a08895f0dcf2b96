/* The loop's side of the spool: operations into batches, batches to the writer, results to callbacks. */
#include "store/spool.h"

#include "base/hash.h"
#include "store/spool_check.h"
#include "store/spool_internal.h"
#include "store/spool_people.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define QUEUE_DEFAULT 65536
#define ORPHAN_KEEP   (3 * USEC_DAY)
#define HOST_MAX      128               /* octets of a host kept in a history */
#define IDLE_BATCHES  4                 /* kept for reuse */
#define IDLE_BYTES    ((size_t)4 << 20) /* a batch's octets kept for reuse */

/* --- opening and closing --- */

static const char *const table_names[] = {
#define X(id, name) name,
    SPOOL_TABLES(X)
#undef X
};

static struct env_options env_of(const struct spool_options *o)
{
    return (struct env_options){ .dir = o->dir,
                                 .name = "spool",
                                 .format = SPOOL_FORMAT,
                                 .version = SPOOL_VERSION,
                                 .map_size = o->map_size,
                                 .tables = table_names,
                                 .n_tables = SPOOL_TABLE_COUNT,
                                 .nosync = o->nosync };
}

bool spool_compact(const struct spool_options *o, struct env_compacted *out, struct err *e)
{
    const struct env_options eo = env_of(o);
    return env_compact(&eo, out, e);
}

bool spool_check_dir(const struct spool_options *o, struct spool_checked *out, struct err *e)
{
    const struct env_options eo = env_of(o);
    struct env *env = env_open(&eo, e);
    bool ok = env && spool_check_env(env, out, e);
    env_close(env);
    return ok;
}

static bool open_env(struct spool *s, const struct spool_options *o, struct err *e)
{
    struct env_options eo = env_of(o);
    s->w.core.env = env_open(&eo, e);
    return s->w.core.env != NULL;
}

/* The key of the marks: made once, kept for ever. */
static bool make_erase_key(struct spool_core *c, struct err *e)
{
    static const char *const names[2] = { SPOOL_META_ERASE_KEY "0", SPOOL_META_ERASE_KEY "1" };
    struct env_txn t;
    bool ok = env_begin(c->env, &t, true);
    for (unsigned i = 0; ok && i < 2; i++) {
        c->erase_key[i] = env_meta_get(&t, names[i]);
        while (c->erase_key[i] == 0 && getrandom(&c->erase_key[i], sizeof(c->erase_key[i]), 0) < 0) {
        }
        env_meta_put(&t, names[i], c->erase_key[i]);
    }
    if (!ok)
        return err_set(e, t.code, "cannot write the spool: %s", env_error_text(&t));
    return env_commit(&t, e);
}

/* Reads what the writer remembers, and settles what was in flight. */
static bool open_core(struct spool *s, const struct spool_options *o, struct err *e)
{
    struct spool_core *c = &s->w.core;
    c->clock = o->clock;
    atomic_store(&c->orphan_keep, o->orphan_keep ? o->orphan_keep : ORPHAN_KEEP);
    memcpy(c->uncertain, o->uncertain, sizeof(c->uncertain));
    spool_index_init(&c->rid, SPOOL_RID_TAIL, true);
    spool_index_init(&c->num, SPOOL_NUM_TAIL, false);
    if (!spool_core_reload(c) || !spool_core_settle_flight(c, &s->recovered))
        return err_set(e, c->t.code ? c->t.code : ERR_CORRUPT, "cannot read the spool: %s",
                       env_error_text(&c->t));
    spool_keep(s, o->keep_messages, o->keep_inbound);
    return make_erase_key(c, e);
}

void spool_keep(struct spool *s, usec_t messages, usec_t inbound)
{
    atomic_store(&s->w.core.retain.messages, messages);
    atomic_store(&s->w.core.retain.inbound, inbound);
}

void spool_keep_receipts(struct spool *s, usec_t unknown)
{
    atomic_store(&s->w.core.orphan_keep, unknown ? unknown : INT64_MAX / 2);
}

void spool_set_id_form(struct spool *s, uint16_t carrier, enum spool_id_form f)
{
    struct spool_ids *x = &s->w.core.ids;
    if (carrier < SPOOL_CARRIERS && atomic_exchange(&x->set[carrier], (uint8_t)f) != (uint8_t)f)
        atomic_store(&x->set_changed, true);
}

void spool_get_id_form(const struct spool *s, uint16_t carrier, struct spool_id_view *out)
{
    *out = (struct spool_id_view){ 0 };
    if (carrier >= SPOOL_CARRIERS)
        return;
    uint64_t v = atomic_load(&s->w.core.ids.shown[carrier]);
    out->set = (enum spool_id_form)atomic_load(&s->w.core.ids.set[carrier]);
    out->elsewhere = v & 1023;
    for (unsigned i = SPOOL_ID_FORMS - 1; i >= SPOOL_IDS_SAME; i--) {
        v >>= 10;
        out->seen[i] = v & 1023;
    }
    out->form = out->set != SPOOL_IDS_AUTO ? out->set : (enum spool_id_form)(v >> 10);
}

static const char *const id_form_names[] = { "auto", "same", "hex_dec", "dec_hex" };

const char *spool_id_form_name(enum spool_id_form f)
{
    return (unsigned)f < SPOOL_ID_FORMS ? id_form_names[f] : "?";
}

bool spool_id_form_parse(struct strv s, enum spool_id_form *out)
{
    for (unsigned i = 0; i < SPOOL_ID_FORMS; i++) {
        if (strv_eq_c(s, id_form_names[i])) {
            *out = (enum spool_id_form)i;
            return true;
        }
    }
    return false;
}

const char *spool_stage_name(enum spool_stage s)
{
    static const char *const names[] = { NULL, "other", "scheduled", "accepted", "enroute" };
    return (unsigned)s <= STAGE_ENROUTE ? names[s] : NULL;
}

static void adopt(struct spool *s)
{
    uint64_t lane, n;
    s->next_id = s->w.core.message_last + 1;
    s->next_due = s->w.core.next_due;
    s->feed_last = s->w.core.feed_last;
    for (size_t pos = 0; hmap_next(&s->w.core.queue.counts, &pos, &lane, &n);)
        hmap_put(&s->ready, lane, n);
}

static struct spool_batch *batch_new(struct spool *s)
{
    struct spool_batch *b = s->idle;
    if (b) {
        s->idle = b->next;
        s->n_idle--;
    } else if (s->n_batches < SPOOL_BATCHES_MAX) {
        b = calloc(1, sizeof(*b));
        s->n_batches += b != NULL;
    }
    if (b)
        b->data.limit = INT32_MAX; /* spans have 32 bits */
    return b;
}

struct spool *spool_open(const struct spool_options *o, struct err *e)
{
    struct spool *s = calloc(1, sizeof(*s));
    if (!s) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->queue_max = o->queue_max ? o->queue_max : QUEUE_DEFAULT;
    s->w.reserve = o->reserve ? o->reserve : o->map_size / 10;
    s->w.in = mailbox_new(SPOOL_BATCHES_MAX);
    s->w.out = mailbox_new(SPOOL_BATCHES_MAX + 1);
    s->gather = batch_new(s);
    if (!s->w.in || !s->w.out || !s->gather) {
        err_set(e, ERR_NOMEM, "out of memory or descriptors");
        goto fail;
    }
    if (!open_env(s, o, e) || !open_core(s, o, e))
        goto fail;
    adopt(s);
    if (!spool_writer_start(&s->w, e))
        goto fail;
    return s;
fail:
    spool_close(s);
    return NULL;
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    s->closing = true;
    atomic_store(&s->w.closing, true); /* a writer that waits for space gives up */
    spool_flush(s);
    while (s->w.started && s->gather->n) { /* every batch is under way: wait for one to come back */
        struct pollfd wait = { .fd = spool_fd(s), .events = POLLIN };
        poll(&wait, 1, -1);
        spool_poll(s);
        spool_flush(s);
    }
    spool_writer_stop(&s->w);
    if (s->w.out)
        spool_poll(s);
    spool_batch_free(s->gather);
    for (struct spool_batch *b = s->idle, *next; b; b = next) {
        next = b->next;
        spool_batch_free(b);
    }
    spool_core_free(&s->w.core);
    env_close(s->w.core.env);
    hmap_free(&s->ready);
    mailbox_free(s->w.in);
    mailbox_free(s->w.out);
    free(s);
}

/* --- handing over --- */

void spool_flush(struct spool *s)
{
    if (!s->gather || s->gather->n == 0)
        return;
    struct spool_batch *next = batch_new(s);
    if (!next)
        return; /* every batch is under way: go on gathering */
    s->n_waiting_batches++;
    mailbox_post(s->w.in, s->gather); /* has room for every batch there is */
    s->gather = next;
}

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

size_t spool_room(const struct spool *s)
{
    bool open = s->waiting < s->queue_max && !s->closing && !atomic_load(&s->w.stalled);
    return open ? s->queue_max - s->waiting : 0;
}

const char *spool_problem(const struct spool *s)
{
    return atomic_load(&s->w.stalled)         ? "no space: nothing can be written, what has begun waits"
           : atomic_load(&s->w.intake_closed) ? "full: nothing new is taken until there is space"
                                              : "";
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

usec_t spool_next_due(const struct spool *s)
{
    return s->next_due;
}

static uint64_t lane_count(const struct spool *s, uint16_t carrier, unsigned lane)
{
    uint64_t n = 0;
    hmap_get(&s->ready, spool_table_lane(carrier, lane), &n);
    return n;
}

uint64_t spool_ready_count(const struct spool *s, uint16_t carrier, enum message_class lane)
{
    return lane_count(s, carrier, lane) + spool_parked_count(s, carrier, lane);
}

uint64_t spool_parked_count(const struct spool *s, uint16_t carrier, enum message_class lane)
{
    return lane_count(s, carrier, CLASS_COUNT + lane);
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

uint64_t spool_erase_mark(const struct spool *s, uint64_t number)
{
    uint8_t octets[8];
    be_put64(octets, number);
    return SPOOL_MARK | hash_keyed(octets, sizeof(octets), s->w.core.erase_key) >> 1;
}

uint64_t spool_feed_last(const struct spool *s)
{
    return s->feed_last;
}

struct spool_recovered spool_get_recovered(const struct spool *s)
{
    return s->recovered;
}

/* --- results --- */

const char *spool_text(enum err_code code)
{
    switch (code) {
    case ERR_NONE: return "";
    case ERR_INVALID: return "the operation is not possible as it was given";
    case ERR_NOT_FOUND: return "no such message";
    case ERR_EXISTS: return "it has been recorded before";
    case ERR_STATE: return "not possible in the message's present state";
    case ERR_BUSY: return "too many operations are waiting for the disk";
    case ERR_FULL: return "the spool is full: nothing new is taken until there is space";
    default: return "the spool could not be written";
    }
}

static void call_back(struct spool_op *op)
{
    union {
        void *p;
        spool_done done;
        spool_loaded_fn loaded;
    } f = { op->done };
    if (!op->done)
        return;
    if (op->kind == OP_LOAD) {
        f.loaded(op->ctx, op->u.load.list, op->u.load.n, op->u.load.more);
        return;
    }
    struct spool_result r = { .code = (enum err_code)op->code,
                              .text = spool_text((enum err_code)op->code),
                              .id = op->id,
                              .reference = op->reference,
                              .sweep = op->kind == OP_SWEEP ? &op->u.sweep : NULL,
                              .settled = op->has_settled ? &op->settled : NULL };
    f.done(op->ctx, &r);
}

static void batch_recycle(struct spool *s, struct spool_batch *b)
{
    b->n = b->n_lanes = 0;
    if (b->data.cap > IDLE_BYTES)
        buf_free(&b->data);
    buf_clear(&b->data);
    if (s->n_idle >= IDLE_BATCHES) {
        spool_batch_free(b);
        s->n_batches--;
        return;
    }
    b->next = s->idle;
    s->idle = b;
    s->n_idle++;
}

static void batch_done(struct spool *s, struct spool_batch *b)
{
    s->n_waiting_batches--;
    s->waiting -= b->n;
    s->next_due = b->next_due;
    s->feed_last = b->feed_last;
    for (size_t i = 0; i < b->n_lanes; i++)
        hmap_put(&s->ready, b->lanes[i].lane, b->lanes[i].count);
    for (size_t i = 0; i < b->n; i++)
        call_back(&b->ops[i]);
    batch_recycle(s, b);
}

void spool_poll(struct spool *s)
{
    void *one;
    while ((one = mailbox_take(s->w.out)) != NULL) {
        if (one == &s->kicked)
            s->kicked = false;
        else
            batch_done(s, one);
    }
    if (s->n_waiting_batches == 0)
        spool_flush(s);
}

int spool_fd(const struct spool *s)
{
    return mailbox_fd(s->w.out);
}
