/* The loop's side of the spool: opening and closing it, batches to the writer, results to callbacks. */
#include "store/spool.h"

#include "base/hash.h"
#include "store/spool_check.h"
#include "store/spool_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define QUEUE_DEFAULT 65536
#define ORPHAN_KEEP   (3 * USEC_DAY)
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
    *out = (struct spool_checked){ 0 };
    struct env *env = env_check_file(eo.dir, eo.name, e) ? env_open(&eo, e) : NULL;
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

/* --- what is known of it --- */

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
