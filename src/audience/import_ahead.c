/* Reading ahead: a thread reads batch after batch of a chunk, and of the one that will come after it, while
 * the calling thread applies what was read. It lives while there is something to read.
 *
 * Each batch has a place, an import that shares map and options and has rows of its own; they change hands
 * when the batch is taken. What the threads share is under the lock: the places that are full, what is to be
 * read, and the texts whose codes the applying thread has learned. Map and options do not change while there
 * is something to read. */
#include "audience/import_inside.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH  ((size_t)1 << 20)   /* octets, about, of a long chunk, */
#define PARTS  8u                  /* and of a short one so many, */
#define LEAST  ((size_t)128 << 10) /* but none below this */
#define PLACES 8u                  /* batches that are read and not applied yet, at most */
#define LARGE  ((size_t)256 << 10) /* chunks from here on are worth a thread */

struct place {
    struct audience_import *rows;
    uint64_t line; /* after the batch */
    bool ok, last; /* the chunk's last one */
    struct err err;
};

struct import_ahead {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    pthread_t thread;
    bool there, over, stop; /* the thread; it has nothing more to do; it is to end */

    struct place places[PLACES];
    size_t first, n;       /* those that are full */
    struct strv chunks[2]; /* to be read, the one being read first; what is read is cut off */
    struct strv soon;      /* the one after, as it was given; "" = not known, or dropped */
    size_t n_chunks;
    uint64_t line;
    size_t batch; /* octets of the batches */

    struct dict_cache lessons, known; /* on the way to the reading thread; its own */
    struct dict_cache_mark taught, learned;
    uint64_t schema_moves, forgotten; /* of the audience, when reading began */
};

static struct import_ahead *ahead_new(const struct audience_import *im)
{
    struct import_ahead *a = calloc(1, sizeof(*a));
    bool ok = a != NULL;
    for (size_t i = 0; ok && i < PLACES; i++) {
        struct audience_import *r = a->places[i].rows = calloc(1, sizeof(*r));
        if (!r) {
            ok = false;
            break;
        }
        r->o = im->o; /* lent, like map and delimiter */
        r->known = &a->known;
        r->locator = im->o.locator_ahead;
    }
    if (!ok) {
        for (size_t i = 0; a && i < PLACES; i++) {
            free(a->places[i].rows);
        }
        free(a);
        return NULL;
    }
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->filled, NULL);
    pthread_cond_init(&a->emptied, NULL);
    return a;
}

/* --- reading --- */

/* Reads one batch into the place, which nobody else looks at meanwhile. */
static void batch_read(struct place *p, size_t most, struct strv *rest, uint64_t *line)
{
    size_t used = 0;
    p->rows->next = (struct audience_import_progress){ 0 };
    p->rows->n_rejects = 0;
    p->ok = import_rows_read_some(p->rows, *rest, most, &used, line, &p->err);
    p->line = *line;
    *rest = strv_sub(*rest, used, rest->n);
    p->last = rest->n == 0;
}

/* With the lock held: reads into the next place, letting it go meanwhile. */
static void ahead_step(struct import_ahead *a)
{
    struct place *p = &a->places[(a->first + a->n) % PLACES];
    struct strv rest = a->chunks[0];
    uint64_t line = a->line;
    dict_cache_tell(&a->lessons, &a->learned, &a->known);
    pthread_mutex_unlock(&a->lock);
    batch_read(p, a->batch, &rest, &line);
    pthread_mutex_lock(&a->lock);
    a->line = line;
    a->chunks[0] = rest;
    a->n++;
    if (p->last) {
        a->chunks[0] = a->chunks[1];
        a->n_chunks--;
    }
    pthread_cond_signal(&a->filled);
}

static void *ahead_run(void *arg)
{
    struct import_ahead *a = arg;
    pthread_mutex_lock(&a->lock);
    while (!a->stop && a->n_chunks) {
        if (a->n == PLACES) {
            pthread_cond_wait(&a->emptied, &a->lock);
        } else {
            ahead_step(a);
        }
    }
    a->over = true;
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Without a thread the caller reads. */
static void ahead_start(struct import_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    bool over = a->there && a->over;
    pthread_mutex_unlock(&a->lock);
    if (over) {
        pthread_join(a->thread, NULL);
        a->there = false;
    }
    if (!a->there) {
        a->over = false;
        a->there = pthread_create(&a->thread, NULL, ahead_run, a) == 0;
    }
}

static void ahead_stop(struct import_ahead *a)
{
    if (a->there) {
        pthread_mutex_lock(&a->lock);
        a->stop = true;
        pthread_cond_signal(&a->emptied);
        pthread_mutex_unlock(&a->lock);
        pthread_join(a->thread, NULL);
        a->there = a->stop = false;
    }
    a->n = a->n_chunks = 0;
    a->soon = strv_from(NULL);
}

void import_ahead_drop(struct audience_import *im)
{
    struct import_ahead *a = im->ahead;
    if (a) { /* the codes may be of a transaction that is undone */
        ahead_stop(a);
        dict_cache_clear(&a->lessons);
        dict_cache_clear(&a->known);
        a->taught = a->learned = (struct dict_cache_mark){ 0 };
    }
}

void import_ahead_free(struct audience_import *im)
{
    struct import_ahead *a = im->ahead;
    if (!a) {
        return;
    }
    ahead_stop(a);
    for (size_t i = 0; i < PLACES; i++) {
        import_rows_free(a->places[i].rows);
        free(a->places[i].rows);
    }
    dict_cache_free(&a->lessons);
    dict_cache_free(&a->known);
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->filled);
    pthread_cond_destroy(&a->emptied);
    free(a);
    im->ahead = NULL;
}

/* --- taking --- */

#define SWAP(a, b)                                                                                           \
    do {                                                                                                     \
        __typeof__(a) swap_ = (a);                                                                           \
        (a) = (b);                                                                                           \
        (b) = swap_;                                                                                         \
    } while (0)

/* What was read becomes the import's, which gives what it had in exchange. */
static void rows_take(struct audience_import *im, struct audience_import *read)
{
    SWAP(im->texts, read->texts);
    SWAP(im->ids, read->ids);
    SWAP(im->rows, read->rows);
    SWAP(im->n_rows, read->n_rows);
    SWAP(im->cap_rows, read->cap_rows);
    SWAP(im->cells, read->cells);
    SWAP(im->cap_cells, read->cap_cells);
    SWAP(im->members, read->members);
    SWAP(im->n_members, read->n_members);
    SWAP(im->cap_members, read->cap_members);
    SWAP(im->records, read->records);
    im->next.rows += read->next.rows;
    im->next.skipped += read->next.skipped;
    im->next.rejected += read->next.rejected;
    import_rejects_take(im, read);
}

/* The next batch, once it is there. */
static bool batch_take(struct audience_import *im, bool *last, struct err *e)
{
    struct import_ahead *a = im->ahead;
    pthread_mutex_lock(&a->lock);
    while (a->n == 0) {
        if (a->there && !a->over) {
            pthread_cond_wait(&a->filled, &a->lock);
        } else {
            ahead_step(a);
        }
    }
    struct place *p = &a->places[a->first];
    bool ok = p->ok;
    *last = p->last;
    if (ok) {
        rows_take(im, p->rows);
        im->next.lines = p->line - 1;
    } else {
        *e = p->err;
    }
    a->first = (a->first + 1) % PLACES;
    a->n--;
    dict_cache_tell(&im->writer.dict, &a->taught, &a->lessons);
    pthread_cond_signal(&a->emptied);
    pthread_mutex_unlock(&a->lock);
    return ok;
}

/* --- chunks --- */

static void chunk_add(struct import_ahead *a, struct strv octets)
{
    pthread_mutex_lock(&a->lock);
    a->chunks[a->n_chunks++] = octets;
    pthread_mutex_unlock(&a->lock);
}

/* Reading of this chunk has begun already, and what was read still holds. */
static bool chunk_begun(const struct audience_import *im, struct strv octets)
{
    const struct import_ahead *a = im->ahead;
    return a && a->soon.n && a->soon.p == octets.p && a->soon.n == octets.n &&
           a->schema_moves == im->audience->schema_moves && a->forgotten == im->audience->forgotten;
}

static bool chunk_begin(struct audience_import *im, struct strv octets)
{
    struct import_ahead *a = im->ahead;
    if (!a) {
        a = im->ahead = ahead_new(im);
    }
    if (!a) {
        return false;
    }
    import_plan_make(im);
    if (!chunk_begun(im, octets)) {
        import_ahead_drop(im);
        a->schema_moves = im->audience->schema_moves;
        a->forgotten = im->audience->forgotten;
        a->line = im->next.lines + 1;
        a->batch = octets.n / PARTS < LEAST ? LEAST : octets.n / PARTS > BATCH ? BATCH : octets.n / PARTS;
        for (size_t i = 0; i < PLACES; i++) {
            a->places[i].rows->map = im->map;
            a->places[i].rows->delimiter = im->delimiter;
        }
        dict_cache_tell(&im->writer.dict, &a->taught, &a->lessons);
        chunk_add(a, octets);
    }
    a->soon = im->soon;
    if (im->soon.n) {
        chunk_add(a, im->soon);
        im->soon = strv_from(NULL);
    }
    ahead_start(a);
    return true;
}

bool import_ahead(struct audience_import *im, struct strv octets, import_apply_fn *apply, struct err *e)
{
    bool ok = chunk_begin(im, octets) || err_set(e, ERR_NOMEM, "out of memory");
    for (bool last = false; ok && !last;) {
        ok = batch_take(im, &last, e) && apply(im, e);
    }
    return ok;
}

bool import_is_large(const struct audience_import *im, struct strv octets)
{
    return octets.n >= LARGE || (octets.n && im->soon.n) || chunk_begun(im, octets);
}
