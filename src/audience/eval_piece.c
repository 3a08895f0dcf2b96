/* A tree over 65,536 customers at a time (piece.h, eval_op.h): a container of the bitmaps, so that members
 * are read where they are stored, and all that is in between stays in the first caches. Of very many
 * customers a second thread takes its share: it lives for one evaluation and reads the same snapshot by a
 * transaction of its own. Who is next takes the next few pieces, so that a thread that has to wait for a
 * processor is not waited for. */
#include "audience/audience_inside.h"
#include "audience/eval_op.h"
#include "store/members.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

/* The candidates of a piece; false: nobody. Everybody is read where it is stored: torn ones were found when
 * everybody was read. */
static bool candidates_of(struct eval *ev, struct set_reader *among, uint32_t number, struct piece *p)
{
    struct strv octets;
    struct bitmap_container c;
    if (ev->o->among ? !set_reader_seek(among, number, &c)
                     : !members_get(ev->txn, 0, MEMBERS_EXIST, (uint16_t)number, &octets) ||
                           !bitmap_container_open(octets, &c))
        return false;
    piece_begin(p, number, &c);
    return true;
}

#define ALONE      2000000u /* so many customers are not worth a thread */
#define MOST_TAKEN 4u       /* pieces taken at a time; fewer where there are few */

/* One evaluation, and what its threads share. */
struct shared {
    const struct query_node *root;
    uint32_t pieces, stride;
    atomic_uint_fast32_t next; /* piece that nobody has taken */
    atomic_bool failed;
};

struct helper;
static void helper_when_worth(struct helper *h, struct eval *ev, const struct op *op, uint32_t done);

/* The first thread's `h` (else NULL) is begun when there is enough left for two. */
static bool pieces_take(struct shared *s, struct eval *ev, struct op *op, struct set_packer *out,
                        struct helper *h)
{
    struct set_reader among = { 0 };
    bool ok = !ev->o->among || set_reader_open(&among, ev->universe) || eval_nomem(ev);
    while (ok && !atomic_load_explicit(&s->failed, memory_order_relaxed)) {
        const uint32_t from = (uint32_t)atomic_fetch_add(&s->next, s->stride);
        const uint32_t to = from + s->stride < s->pieces ? from + s->stride : s->pieces;
        if (from >= s->pieces)
            break;
        if (h)
            helper_when_worth(h, ev, op, from);
        for (uint32_t i = from; ok && i < to; i++) {
            struct piece p;
            if (candidates_of(ev, &among, i, &p))
                ok = op_run(ev, op, &p) && (piece_pack(&p, out) || eval_nomem(ev));
        }
    }
    set_reader_close(&among);
    if (!ok)
        atomic_store(&s->failed, true);
    return ok;
}

/* --- a second thread --- */

#define BEHIND     5        /* its priority: whoever sends goes first */
#define LOOK_AFTER 2u       /* strides, after which it is told how long the rest takes */
#define WORTH_NS   2000000u /* of processor time left */

struct helper {
    struct shared *shared;
    const struct eval *of;
    uint64_t snapshot;
    struct set_packer out;
    struct err err;
    uint64_t began; /* processor time of the first thread */
    bool ok, decided, runs;
    pthread_t thread;
};

/* Another snapshot than the evaluation's (something was committed in between) would be another answer: then
 * it does nothing, and the first thread all. */
static void *helper_run(void *arg)
{
    struct helper *h = arg;
    struct audience_view view = *h->of->view;
    struct eval ev = { .view = &view,
                       .o = h->of->o,
                       .time = h->of->time,
                       .existing = h->of->existing,
                       .universe = h->of->universe,
                       .q = h->of->q,
                       .err = &h->err };
    setpriority(PRIO_PROCESS, 0, BEHIND); /* of this thread alone; refused, it goes on as it is */
    view.txn = catalog_begin_read(view.audience->catalog, &h->err);
    ev.txn = view.txn;
    h->ok = true;
    if (view.txn && catalog_snapshot(view.txn) == h->snapshot) {
        struct op *op = op_make(&ev, h->shared->root, false, ev.universe);
        h->ok = op && pieces_take(h->shared, &ev, op, &h->out, NULL);
        if (!op)
            atomic_store(&h->shared->failed, true);
        op_free(op);
    }
    catalog_end(view.txn);
    return NULL;
}

static uint64_t busy_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool helper_may(const struct helper *h, const struct eval *ev, const struct op *op)
{
    const uint64_t alone = ev->o->alone ? ev->o->alone : ALONE;
    return ev->o->threads >= 2 && (uint64_t)h->shared->pieces * PIECE_BITS > alone && !ev->zones &&
           op_divides(op);
}

/* A thread that has to wait for a processor delays the answer: a query that is answered soon does without. */
static void helper_when_worth(struct helper *h, struct eval *ev, const struct op *op, uint32_t done)
{
    const uint64_t left = h->shared->pieces - done;
    if (h->decided || (!ev->o->alone && done < LOOK_AFTER * h->shared->stride))
        return;
    h->decided = true;
    if (!helper_may(h, ev, op) || (!ev->o->alone && (busy_ns() - h->began) / done * left < WORTH_NS))
        return;
    h->of = ev;
    h->snapshot = catalog_snapshot(ev->txn);
    h->runs = pthread_create(&h->thread, NULL, helper_run, h) == 0;
}

static bool helper_end(struct helper *h, struct eval *ev, struct set_packer *out)
{
    if (!h->runs)
        return true;
    pthread_join(h->thread, NULL);
    bool ok = h->ok && (set_packer_join(out, &h->out) || eval_nomem(ev));
    if (!h->ok && ev->err->code == ERR_NONE)
        *ev->err = h->err;
    set_packer_free(&h->out);
    return ok;
}

struct audience_set *eval_pieces(struct eval *ev, const struct query_node *root)
{
    const roaring_bitmap_t *all = ev->universe->r;
    const uint32_t last = roaring_bitmap_is_empty(all) ? 0 : roaring_bitmap_maximum(all) / PIECE_BITS;
    struct shared s = { .root = root, .pieces = last + 1, .stride = last / 32 + 1 };
    struct set_packer out = { .containers = s.pieces };
    struct helper h = { .shared = &s, .ok = true, .out = { .containers = last / 2 + 1 } };
    s.stride = s.stride < MOST_TAKEN ? s.stride : MOST_TAKEN;
    struct op *op = op_make(ev, root, false, ev->universe);
    h.began = busy_ns();
    bool ok = op && pieces_take(&s, ev, op, &out, &h);
    ok = helper_end(&h, ev, &out) && ok;
    op_free(op);
    struct audience_set *set = ok ? set_packer_finish(&out) : NULL;
    set_packer_free(&out);
    if (ok && !set)
        eval_nomem(ev);
    return set;
}
