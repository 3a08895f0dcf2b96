/* A large chunk in batches: while one is applied the next one is read, by a thread that lives for that only.
 * Reading is half of an import's work, and a batch's rows stay in the caches.
 *
 * The reader is a second import that shares map and options and has rows of its own; both change hands when
 * it is done. */
#include "audience/import_inside.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH ((size_t)4 << 20) /* octets, about */

struct ahead {
    struct audience_import *im, *reader;
    struct strv rest; /* of the chunk, not begun yet */
    struct strv batch;
    uint64_t line;
    bool ok;
    struct err err;
};

/* Takes a batch off the rest. Where there is no quote every newline ends a record; where there is one, only
 * reading tells, and all of the rest is one batch. */
static bool batch_next(struct ahead *a)
{
    size_t n = a->rest.n;
    if (n > BATCH && !memchr(a->rest.p, '"', BATCH)) {
        const char *last = memrchr(a->rest.p, '\n', BATCH);
        n = last ? (size_t)(last - a->rest.p) + 1 : n;
    }
    a->batch = strv_sub(a->rest, 0, n);
    a->rest = strv_sub(a->rest, n, a->rest.n);
    return n > 0;
}

static void *batch_read(void *arg)
{
    struct ahead *a = arg;
    a->ok = import_rows_read(a->reader, a->batch, &a->line, &a->err);
    return NULL;
}

#define SWAP(a, b)                                                                                           \
    do {                                                                                                     \
        __typeof__(a) swap_ = (a);                                                                           \
        (a) = (b);                                                                                           \
        (b) = swap_;                                                                                         \
    } while (0)

/* What was read becomes the import's, which gives what it had in exchange. */
static bool batch_take(struct ahead *a, struct err *e)
{
    struct audience_import *im = a->im, *reader = a->reader;
    if (!a->ok) {
        *e = a->err;
        return false;
    }
    SWAP(im->texts, reader->texts);
    SWAP(im->ids, reader->ids);
    SWAP(im->rows, reader->rows);
    SWAP(im->n_rows, reader->n_rows);
    SWAP(im->cap_rows, reader->cap_rows);
    SWAP(im->cells, reader->cells);
    SWAP(im->cap_cells, reader->cap_cells);
    im->next.lines = a->line - 1;
    im->next.rows += reader->next.rows;
    im->next.skipped += reader->next.skipped;
    im->next.rejected += reader->next.rejected;
    import_rejects_take(im, reader);
    reader->next = (struct audience_import_progress){ 0 };
    return true;
}

static bool batches_run(struct ahead *a, import_apply_fn *apply, struct err *e)
{
    bool ok = true, more = batch_next(a);
    if (more) {
        batch_read(a);
    }
    while (ok && more) {
        pthread_t thread;
        ok = batch_take(a, e);
        more = ok && batch_next(a);
        bool threaded = more && pthread_create(&thread, NULL, batch_read, a) == 0;
        ok = ok && apply(a->im, e);
        if (threaded) {
            pthread_join(thread, NULL);
        } else if (more && ok) {
            batch_read(a);
        }
    }
    return ok;
}

bool import_ahead(struct audience_import *im, struct strv octets, import_apply_fn *apply, struct err *e)
{
    struct audience_import *reader = calloc(1, sizeof(*reader));
    struct ahead a = { .im = im, .reader = reader, .rest = octets, .line = im->next.lines + 1 };
    if (!reader) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    reader->o = im->o; /* lent, like map and delimiter */
    reader->map = im->map;
    reader->delimiter = im->delimiter;
    bool ok = batches_run(&a, apply, e);
    buf_free(&reader->texts);
    buf_free(&reader->ids);
    free(reader->rows);
    free(reader->cells);
    free(reader->rejects);
    free(reader);
    return ok;
}

bool import_is_large(struct strv octets)
{
    return octets.n > BATCH;
}
