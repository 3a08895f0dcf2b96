/* Windows move with time: whose answer that can change are the customers with an event between where a border
 * was and where it is now. */
#include "audience/watch_inside.h"

#include "audience/eval_scan.h"
#include "audience/eval_time.h"
#include "store/events.h"

#define DAY_S INT64_C(86400)

struct sliding {
    struct eval_span span; /* seconds of the events looked for */
    struct audience_set *among;
    bool ok;
};

static bool slide_block(void *ctx, const struct events_block *b)
{
    struct sliding *x = ctx;
    uint64_t words[SCAN_WORDS(EVENTS_BLOCK_ROWS)];
    uint32_t ids[256];
    size_t n = 0;
    const int64_t start = b->day * DAY_S, from = x->span.from - start;
    const struct scan_test t = { .kind = SCAN_RANGE, .low = from < 0 ? 0 : from, .high = x->span.to - start };
    if (b->rows > EVENTS_BLOCK_ROWS) {
        return x->ok = false;
    }
    scan_rows(&b->second, b->rows, &t, words);
    for (uint32_t w = 0; x->ok && w < SCAN_WORDS(b->rows); w++) {
        for (uint64_t left = words[w]; left; left &= left - 1) {
            ids[n++] = (uint32_t)packed_get(&b->customer, w * 64 + (uint32_t)__builtin_ctzll(left));
            if (n == sizeof ids / sizeof ids[0]) {
                x->ok = x->ok && audience_set_add_many(x->among, ids, n);
                n = 0;
            }
        }
    }
    x->ok = x->ok && audience_set_add_many(x->among, ids, n);
    return x->ok;
}

static int32_t day_of(int64_t second)
{
    int64_t day = second / DAY_S - (second % DAY_S < 0);
    return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

static bool slide_over(struct catalog_txn *t, uint16_t type, struct eval_span span,
                       struct audience_set *among, struct err *e)
{
    struct sliding x = { span, among, true };
    if (span.from > span.to) {
        return true;
    }
    events_each(t, type, day_of(span.from), day_of(span.to), slide_block, &x);
    return catalog_ok(t, e) && (x.ok || err_set(e, ERR_NOMEM, "out of memory"));
}

/* Seconds of which the membership of [., a) and of [., b) differs. */
static struct eval_span between(int64_t a, int64_t b)
{
    return a < b ? (struct eval_span){ a, b - 1 } : (struct eval_span){ b, a - 1 };
}

bool watch_slide(struct catalog_txn *t, const struct watch_class *c, const struct watch_slid *s,
                 struct audience_set *among, struct err *e)
{
    const struct eval_time was = eval_time_at(s->from, s->zone), is = eval_time_at(s->to, s->zone);
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_windows; i++) {
        const struct watch_window *w = &c->windows[i];
        const struct eval_span a = eval_time_window(&was, &w->window), b = eval_time_window(&is, &w->window);
        /* up to the instant of the look: what came after it was added meanwhile, or was ahead of time */
        const bool up_to_now = a.to == was.now_s && b.to == is.now_s;
        ok = slide_over(t, w->type, between(a.from, b.from), among, e) &&
             ((up_to_now && !s->ahead) || slide_over(t, w->type, between(a.to + 1, b.to + 1), among, e));
    }
    return ok;
}
