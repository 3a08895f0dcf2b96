#include "store/spool_writer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP_MAX       64 /* batches in one transaction */
#define BACKOFF_MIN_MS  20
#define BACKOFF_MAX_MS  1000
#define BACKOFF_STEP_MS 20
#define CHORES_PAUSE    (100 * USEC_MS)
#define CHORES_LOOK     USEC_SEC /* whether retention is due, when nothing else happens */

struct group {
    struct spool_batch *batch[GROUP_MAX];
    size_t n, ops;
};

void spool_batch_free(struct spool_batch *b)
{
    if (!b)
        return;
    free(b->ops);
    free(b->lanes);
    buf_free(&b->data);
    free(b);
}

/* --- one transaction --- */

/* What may be put off, in two steps, when there is no space: first what is new, then all that is not the
 * ending of something begun. */
enum skip { SKIP_NOTHING, SKIP_INTAKE, SKIP_GROWTH };

static bool skipped(struct spool_op *op, enum skip skip)
{
    if (skip < SKIP_GROWTH || (op->kind != OP_DOC && op->kind != OP_AUDIENCE))
        return false;
    op->code = ERR_FULL;
    return true;
}

static void apply_group(struct spool_writer *w, struct group *g, enum skip skip)
{
    for (size_t i = 0; i < g->n; i++) {
        struct spool_batch *b = g->batch[i];
        for (size_t j = 0; j < b->n && w->core.t.code == ERR_NONE; j++) {
            if (!skipped(&b->ops[j], skip))
                spool_apply(&w->core, &b->ops[j], b->data.data, skip >= SKIP_INTAKE);
        }
    }
}

static bool attempt(struct spool_writer *w, struct group *g, enum skip skip)
{
    if (spool_core_begin(&w->core)) {
        apply_group(w, g, skip);
        if (spool_core_commit(&w->core))
            return true;
    }
    return false;
}

static void fail_group(struct group *g, enum err_code code)
{
    for (size_t i = 0; i < g->n; i++) {
        for (size_t j = 0; j < g->batch[i]->n; j++) {
            g->batch[i]->ops[j].code = (uint8_t)code;
            g->batch[i]->ops[j].has_settled = false;
        }
    }
}

/* Sleeps in steps, so that closing is not held up. */
static void back_off(struct spool_writer *w, unsigned ms)
{
    for (; ms >= BACKOFF_STEP_MS && !atomic_load(&w->closing); ms -= BACKOFF_STEP_MS) {
        struct timespec step = { 0, BACKOFF_STEP_MS * 1000000L };
        nanosleep(&step, NULL);
    }
}

/* Runs the group until it is written or cannot be. */
static bool write_group(struct spool_writer *w, struct group *g)
{
    enum skip skip = w->over_reserve ? SKIP_INTAKE : SKIP_NOTHING;
    unsigned wait = BACKOFF_MIN_MS;
    while (!attempt(w, g, skip)) {
        enum err_code code = w->core.t.code;
        bool again = spool_core_reload(&w->core) && (code == ERR_FULL || code == ERR_NOMEM);
        bool give_up = atomic_load(&w->closing) && skip == SKIP_GROWTH;
        if (!again || give_up || g->n == 0) {
            fail_group(g, code);
            return false;
        }
        if (skip < SKIP_GROWTH) {
            skip++;
            continue;
        }
        atomic_store(&w->stalled, true);
        back_off(w, wait);
        wait = wait * 2 < BACKOFF_MAX_MS ? wait * 2 : BACKOFF_MAX_MS;
    }
    atomic_store(&w->stalled, false);
    atomic_store(&w->intake_closed, skip != SKIP_NOTHING);
    return true;
}

/* What the messages under way will still need: response, carrier's id and its index, receipts, feed, log.
 * Measured at 200 octets a message of one part, and rounded up; what waits for nothing but a receipt needs
 * less. */
#define OWED_UNSENT 320
#define OWED_SENT   128

static uint64_t owed(struct env_txn *t)
{
    struct spool_count_record k = { 0 };
    spool_table_get_count(t, 0, &k);
    return (k.by_state[MESSAGE_HELD] + k.by_state[MESSAGE_READY] + k.by_state[MESSAGE_IN_FLIGHT] +
            k.by_state[MESSAGE_UNCERTAIN]) *
               OWED_UNSENT +
           k.by_state[MESSAGE_SENT] * OWED_SENT;
}

/* Closes the intake, from the next group on, when what is used and what is owed reach into the reserve:
 * whatever was accepted can be brought to its end. The cheap bound first: pages ever used. */
static void watch_space(struct spool_writer *w)
{
    uint64_t map = env_map_size(w->core.env), limit = map > w->reserve ? map - w->reserve : 0;
    uint64_t used = env_high_water(w->core.env);
    struct env_txn t;
    struct env_usage u;
    if (env_begin(w->core.env, &t, false)) {
        uint64_t more = owed(&t);
        if (used + more > limit && env_get_usage(&t, &u))
            used = u.used;
        used += more;
        env_abort(&t);
    }
    w->over_reserve = used > limit;
    if (w->over_reserve)
        atomic_store(&w->intake_closed, true);
}

/* --- around it --- */

static void run_loads(struct spool_writer *w, struct group *g)
{
    struct env_txn t = { 0 };
    bool open = false;
    for (size_t i = 0; i < g->n; i++) {
        for (size_t j = 0; j < g->batch[i]->n; j++) {
            struct spool_op *op = &g->batch[i]->ops[j];
            if (op->kind != OP_LOAD)
                continue;
            if (!open)
                env_begin(w->core.env, &t, false);
            open = true;
            spool_load_run(&w->core, &t, op);
        }
    }
    if (open)
        env_abort(&t);
}

/* The last batch carries the news of the whole group. */
static void tell(struct spool_writer *w, struct group *g)
{
    for (size_t i = 0; i < g->n; i++) {
        g->batch[i]->next_due = w->core.next_due;
        g->batch[i]->feed_last = w->core.feed_last;
        g->batch[i]->n_lanes = 0;
    }
    size_t n = hmap_count(&w->core.queue.changed), i = 0;
    struct spool_batch *last = g->batch[g->n - 1];
    struct spool_lane *lanes = n ? realloc(last->lanes, n * sizeof(*lanes)) : NULL;
    uint64_t lane, one;
    if (!lanes)
        return;
    for (size_t pos = 0; hmap_next(&w->core.queue.changed, &pos, &lane, &one); i++) {
        lanes[i] = (struct spool_lane){ lane, 0 };
        hmap_get(&w->core.queue.counts, lane, &lanes[i].count);
    }
    last->lanes = lanes;
    last->n_lanes = n;
}

/* Once a second under load. */
static void relax(struct spool_writer *w)
{
    usec_t now = clock_mono(w->core.clock);
    if (now - w->relaxed_at < USEC_SEC && now >= w->relaxed_at)
        return;
    w->relaxed_at = now;
    env_relax(w->core.env);
}

static bool run_group(struct spool_writer *w, struct group *g)
{
    bool written = write_group(w, g);
    if (written)
        atomic_fetch_add(&w->commits, 1);
    if (g->n == 0)
        return written;
    atomic_fetch_add(&w->operations, g->ops);
    watch_space(w);
    relax(w);
    run_loads(w, g);
    tell(w, g);
    for (size_t i = 0; i < g->n; i++)
        mailbox_post(w->out, g->batch[i]); /* has room for every batch there is */
    return written;
}

static struct spool_batch *next_batch(struct spool_writer *w, bool chores, bool tired)
{
    if (!chores)
        return mailbox_wait(w->in, CHORES_LOOK);
    return tired ? mailbox_wait(w->in, CHORES_PAUSE) : mailbox_take(w->in);
}

static void *writer_main(void *arg)
{
    struct spool_writer *w = arg;
    bool tired = false; /* the last chores failed, probably for want of space */
    for (;;) {
        struct group g = { 0 };
        bool chores = spool_core_busy(&w->core);
        struct spool_batch *b = next_batch(w, chores, tired);
        if (!b && mailbox_closed(w->in)) {
            b = mailbox_take(w->in);
            if (!b)
                return NULL;
        }
        for (; b; b = g.n < GROUP_MAX && g.ops < SPOOL_BATCH_OPS ? mailbox_take(w->in) : NULL) {
            g.batch[g.n++] = b;
            g.ops += b->n;
        }
        if (g.n || chores)
            tired = !run_group(w, &g);
    }
}

bool spool_writer_start(struct spool_writer *w, struct err *e)
{
    sigset_t all, before;
    watch_space(w);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    int rc = pthread_create(&w->thread, NULL, writer_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->started = rc == 0;
    return w->started || err_set_errno(e, rc, "cannot start the spool's writer");
}

void spool_writer_stop(struct spool_writer *w)
{
    if (!w->started)
        return;
    mailbox_close(w->in);
    pthread_join(w->thread, NULL);
    w->started = false;
}
