#include "audience/alive.h"

#include "audience/audience_inside.h"
#include "audience/eval_time.h"
#include "base/hash.h"
#include "store/documents.h"
#include "store/events.h"

#include <stdlib.h>
#include <string.h>

#define ALIVE_DOCUMENT "p_alive"
#define ALIVE_VERSION  1
#define DAY_S          INT64_C(86400)
#define WEEK           7.0

/* --- histories --- */

/* A day here may be one before or after the partition's in UTC, so that partitions overlap: their days are
 * bits with room on both sides, and what overlaps is carried over. */
#define ROOM 16
_Static_assert(EVENTS_DAYS + 2 * ROOM <= 64, "days of a partition with room");

void alive_history_add(struct alive_history *h, int32_t partition, int32_t day)
{
    const int32_t base = partition - ROOM;
    if (h->days == 0) {
        *h = (struct alive_history){ .first = day, .last = day, .base = base };
    } else if (base != h->base) {
        h->seen = base > h->base && base - h->base < 64 ? h->seen >> (base - h->base) : 0;
        h->base = base;
    }
    const uint64_t bit = UINT64_C(1) << ((day - base) & 63);
    h->days += (h->seen & bit) == 0;
    h->seen |= bit;
    h->first = day < h->first ? day : h->first;
    h->last = day > h->last ? day : h->last;
}

double alive_probability(const struct bgnbd *m, const struct alive_history *h, int32_t today)
{
    return bgnbd_alive(m, h->days - 1, (h->last - h->first) / WEEK, (today - h->first) / WEEK);
}

struct gather {
    const struct zone *zone;
    struct zone_span span;
    int64_t now_s;
    uint32_t first;
    size_t n;
    struct alive_history *out;
};

static int32_t local_day(struct gather *g, int64_t second)
{
    usec_t at = second * USEC_SEC;
    if (g->zone && (at < g->span.from || at >= g->span.to))
        g->span = zone_span_at(g->zone, at);
    int64_t local = second + g->span.offset_s;
    return (int32_t)(local / DAY_S - (local % DAY_S < 0));
}

static bool gather_block(void *ctx, const struct events_block *b)
{
    struct gather *g = ctx;
    for (uint32_t row = 0; row < b->rows; row++) {
        int64_t i = packed_get(&b->customer, row) - (int64_t)g->first;
        int64_t second = b->day * DAY_S + packed_get(&b->second, row);
        if (i >= 0 && (uint64_t)i < g->n && second <= g->now_s)
            alive_history_add(&g->out[i], b->day, local_day(g, second));
    }
    return true;
}

bool alive_histories(struct catalog_txn *t, usec_t now, const struct zone *zone, uint32_t first, size_t n,
                     struct alive_history *out)
{
    const struct eval_time time = eval_time_at(now, zone);
    struct gather g = { .zone = zone, .now_s = time.now_s, .first = first, .n = n, .out = out };
    memset(out, 0, n * sizeof *out);
    return n == 0 || events_each_of(t, EVENT_PURCHASE, first, (uint32_t)(first + (n - 1)), INT32_MIN,
                                    (int32_t)(time.now_s / DAY_S) + 1, gather_block, &g);
}

/* --- the fit --- */

static int by_kind(const void *a, const void *b)
{
    const struct bgnbd_row *x = a, *y = b;
    if (x->x != y->x)
        return x->x < y->x ? -1 : 1;
    if (x->recency != y->recency)
        return x->recency < y->recency ? -1 : 1;
    return (x->age > y->age) - (x->age < y->age);
}

/* Customers that are alike become one row. */
static size_t rows_merge(struct bgnbd_row *rows, size_t n)
{
    size_t out = 0;
    qsort(rows, n, sizeof *rows, by_kind);
    for (size_t i = 0; i < n; i++) {
        if (out > 0 && by_kind(&rows[out - 1], &rows[i]) == 0)
            rows[out - 1].customers++;
        else
            rows[out++] = rows[i];
    }
    return out;
}

static bool fit_rows(const struct alive_history *h, size_t n, int32_t today, struct alive_fit *out,
                     struct err *e)
{
    struct bgnbd_row *rows = malloc(((size_t)ALIVE_MOST_FITTED * 2 + 1) * sizeof *rows);
    struct bgnbd_fit fit;
    if (!rows)
        return err_set(e, ERR_NOMEM, "out of memory");
    const uint64_t step = out->customers / ALIVE_MOST_FITTED + 1;
    for (size_t i = 0; i < n; i++) {
        if (h[i].days == 0 || hash_u64(i) % step != 0 || out->fitted == ALIVE_MOST_FITTED * 2)
            continue;
        rows[out->fitted++] = (struct bgnbd_row){ .x = h[i].days - 1,
                                                  .recency = (h[i].last - h[i].first) / WEEK,
                                                  .age = (today - h[i].first) / WEEK,
                                                  .customers = 1 };
    }
    bool ok = bgnbd_fit(rows, rows_merge(rows, out->fitted), &fit) || err_set(e, ERR_NOMEM, "out of memory");
    free(rows);
    if (ok) {
        out->model = fit.model;
        out->log_likelihood = fit.log_likelihood;
        out->converged = fit.converged;
    }
    return ok;
}

bool alive_fit_make(struct audience_view *v, usec_t now, const struct zone *zone, struct alive_fit *out,
                    struct err *e)
{
    const size_t n = customer_limit(v->txn);
    *out = (struct alive_fit){ .at = now };
    struct alive_history *h = malloc((n ? n : 1) * sizeof *h);
    if (!h)
        return err_set(e, ERR_NOMEM, "out of memory");
    bool ok = alive_histories(v->txn, now, zone, 0, n, h) || catalog_ok(v->txn, e);
    for (size_t i = 0; ok && i < n; i++) {
        out->customers += h[i].days > 0;
        out->repeaters += h[i].days > 1;
    }
    if (ok && out->repeaters < ALIVE_LEAST_REPEATERS)
        ok = err_set(e, ERR_STATE,
                     "p_alive cannot be told yet: it needs %u customers who bought on more than one day, and "
                     "there are %llu",
                     ALIVE_LEAST_REPEATERS, (unsigned long long)out->repeaters);
    ok = ok && fit_rows(h, n, eval_time_at(now, zone).today, out, e);
    free(h);
    return ok;
}

bool alive_fit_stale(const struct alive_fit *fit, usec_t now)
{
    return !fit || now - fit->at > ALIVE_FRESH || fit->at > now + USEC_DAY;
}

/* --- as stored --- */

static void put_double(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    buf_put_u64(b, bits);
}

static double get_double(struct rd *r)
{
    uint64_t bits = rd_u64(r);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool alive_fit_get(struct audience_view *v, struct alive_fit *out)
{
    struct strv octets;
    if (!document_get(v->txn, DOCUMENT_MODEL, STRV(ALIVE_DOCUMENT), &octets))
        return false;
    struct rd r = rd_from(octets.p, octets.n);
    if (rd_u8(&r) != ALIVE_VERSION)
        return false;
    out->model.r = get_double(&r);
    out->model.alpha = get_double(&r);
    out->model.a = get_double(&r);
    out->model.b = get_double(&r);
    out->log_likelihood = get_double(&r);
    out->at = rd_svarint(&r);
    out->customers = rd_varint(&r);
    out->repeaters = rd_varint(&r);
    out->fitted = rd_varint(&r);
    out->converged = rd_u8(&r) != 0;
    return !r.failed && out->model.r > 0 && out->model.alpha > 0 && out->model.a > 0 && out->model.b > 0;
}

bool alive_fit_put(struct audience *a, const struct alive_fit *fit, struct err *e)
{
    struct buf b = { 0 };
    buf_put_u8(&b, ALIVE_VERSION);
    put_double(&b, fit->model.r);
    put_double(&b, fit->model.alpha);
    put_double(&b, fit->model.a);
    put_double(&b, fit->model.b);
    put_double(&b, fit->log_likelihood);
    buf_put_svarint(&b, fit->at);
    buf_put_varint(&b, fit->customers);
    buf_put_varint(&b, fit->repeaters);
    buf_put_varint(&b, fit->fitted);
    buf_put_u8(&b, fit->converged);
    struct catalog_txn *t = b.failed ? NULL : catalog_begin_write(a->catalog, e);
    bool ok = t != NULL || (b.failed && err_set(e, ERR_NOMEM, "out of memory"));
    if (t) {
        document_put(t, DOCUMENT_MODEL, STRV(ALIVE_DOCUMENT), (struct strv){ (const char *)b.data, b.len });
        ok = catalog_commit(t, e);
    }
    buf_free(&b);
    return ok;
}
