/* Numbers made of events: one pass over the partitions of the window, one cell a customer. */
#include "audience/eval_internal.h"

#include "audience/eval_fold.h"
#include "audience/eval_lists.h"
#include "store/dict.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S      INT64_C(86400)
#define ROW_WORDS  SCAN_WORDS(EVENTS_BLOCK_ROWS)
#define MOST_UNITS 4096 /* of min_per */

struct pair { /* distinct: what was seen of whom */
    uint32_t customer;
    int64_t value;
};

#define WAITING 16 /* blocks whose lists are on their way from memory */

struct fold {
    struct eval *ev;
    const struct query_aggregate *a;
    struct eval_range range;
    struct eval_span window, span; /* all of it; what is folded at the moment */
    struct eval_rows *where;
    enum query_fn fn;
    size_t event; /* which of the source's */
    struct eval_key keys[EVAL_KEYS];
    size_t n_keys;
    const struct eval_key *waiting_key; /* of all that wait */
    struct lists_want waiting[WAITING];
    size_t counted; /* by lists, of these partitions */
    size_t n_waiting;
    const struct packed *column;
    unsigned scale;        /* the largest of the source's attributes */
    int64_t factor;        /* brings the attribute to the result's scale */
    const int64_t *recode; /* distinct texts: this event's codes as the first event's */
    size_t n_recode;
    uint32_t few[EVAL_FEW];
    size_t n_few; /* 0: everybody in the range */
    struct eval_numbers *out;
    double bound;      /* how large a sum may be by now */
    uint8_t *small;    /* count: up to 255, instead of out->v */
    uint64_t *reached; /* or up to k: as of fold_reached */
    unsigned k;
    int64_t *at; /* first, last: of which second */
    struct pair *pairs;
    size_t n_pairs, cap_pairs;
    bool ok;
};

/* --- one row --- */

static bool pairs_add(struct fold *f, uint32_t customer, int64_t value)
{
    if (f->n_pairs == f->cap_pairs) {
        size_t cap = f->cap_pairs ? f->cap_pairs * 2 : 1024;
        struct pair *more = realloc(f->pairs, cap * sizeof *more);
        if (!more)
            return eval_nomem(f->ev);
        f->pairs = more;
        f->cap_pairs = cap;
    }
    f->pairs[f->n_pairs++] = (struct pair){ customer, value };
    return true;
}

static void fold_value(struct fold *f, size_t i, int64_t second, int64_t value)
{
    int64_t *v = &f->out->v[i];
    switch (f->fn) {
    case QUERY_SUM: *v = eval_saturated_add(*v, value); break;
    case QUERY_AVG: /* unset where there is none: avg_finish */
        *v = eval_saturated_add(*v, value);
        f->out->den[i]++;
        break;
    case QUERY_MIN:
        if (*v == PACKED_UNSET || value < *v)
            *v = value;
        break;
    case QUERY_MAX:
        if (*v == PACKED_UNSET || value > *v)
            *v = value;
        break;
    case QUERY_FIRST: /* of one second, the first that arrived */
        if (*v == PACKED_UNSET || second < f->at[i]) {
            *v = value;
            f->at[i] = second;
        }
        break;
    case QUERY_LAST:
        if (*v == PACKED_UNSET || second >= f->at[i]) {
            *v = value;
            f->at[i] = second;
        }
        break;
    case QUERY_DISTINCT: f->ok = f->ok && pairs_add(f, (uint32_t)i, value); break;
    default: break;
    }
}

static void fold_row(struct fold *f, const struct events_block *b, uint32_t row)
{
    int64_t i = packed_get(&b->customer, row) - (int64_t)f->range.first;
    if (i < 0 || (uint64_t)i >= f->range.n)
        return;
    if (!f->column) {
        if (f->fn == QUERY_DAYS_SINCE) {
            int64_t second = b->day * DAY_S + packed_get(&b->second, row);
            if (second > f->out->v[i]) /* unset is the least there is */
                f->out->v[i] = second;
        } else {
            f->out->v[i]++;
        }
        return;
    }
    int64_t value = packed_get(f->column, row);
    if (value == PACKED_UNSET)
        return;
    if (f->recode)
        value = value >= 0 && (uint64_t)value < f->n_recode ? f->recode[value] : value;
    else
        value = eval_saturated_mul(value, f->factor);
    fold_value(f, (size_t)i, b->day * DAY_S + packed_get(&b->second, row), value);
}

/* --- one block --- */

/* Keeps the rows of the candidates, when they are few. */
static void mask_few(const struct fold *f, const struct events_block *b, uint64_t *words)
{
    uint64_t few[ROW_WORDS] = { 0 };
    for (size_t i = 0; i < f->n_few; i++) {
        uint32_t first, end;
        if (!events_rows_of(b, f->few[i], &first, &end))
            continue;
        for (uint32_t row = first; row < end; row++)
            few[row / 64] |= UINT64_C(1) << (row % 64);
    }
    for (size_t w = 0; w < SCAN_WORDS(b->rows); w++)
        words[w] &= few[w];
}

/* Rows inside the span of time; *all when that is every row, and words are not filled in. */
static void mask_time(const struct fold *f, const struct events_block *b, uint64_t *words, bool *all)
{
    const int64_t start = b->day * DAY_S, from = f->span.from - start, to = f->span.to - start;
    *all = from <= 0 && to >= EVENTS_DAYS * DAY_S - 1;
    const struct scan_test t = { .kind = SCAN_RANGE, .low = from < 0 ? 0 : from, .high = to };
    if (!*all)
        scan_rows(&b->second, b->rows, &t, words);
}

static void mask_all(const struct events_block *b, uint64_t *words)
{
    memset(words, 0xFF, SCAN_WORDS(b->rows) * sizeof *words);
    if (b->rows % 64)
        words[b->rows / 64] = (UINT64_C(1) << (b->rows % 64)) - 1;
}

/* Whether every customer the block can hold has a cell. */
static bool block_inside(const struct fold *f, const struct events_block *b)
{
    return b->first_customer >= f->range.first &&
           (uint64_t)b->first_customer + EVENTS_CUSTOMERS <= (uint64_t)f->range.first + f->range.n;
}

/* The common functions, without a look at each row; words NULL: all of them. False: it must be done by row.
 */
static bool fold_quickly(struct fold *f, const struct events_block *b, const uint64_t *words)
{
    const struct fold_rows r = { &b->customer, b->rows, b->first_customer, b->first_customer - f->range.first,
                                 words };
    if (!block_inside(f, b))
        return false;
    if (f->column && f->fn == QUERY_AVG)
        return fold_avg(&r, f->column, f->factor, &f->bound, f->out->v, f->out->den);
    if (f->column)
        return f->fn == QUERY_SUM && fold_sum(&r, f->column, f->factor, &f->bound, f->out->v);
    if (f->reached)
        fold_reached(&r, f->k, f->reached);
    else if (f->small)
        fold_count_small(&r, f->small);
    else if (f->fn == QUERY_DAYS_SINCE)
        fold_latest(&r, &b->second, b->day * DAY_S, f->out->v);
    else
        fold_count(&r, f->out->v);
    return true;
}

/* --- lists --- */

static bool fold_torn(struct fold *f)
{
    f->ok = false;
    return err_set(f->ev->err, ERR_CORRUPT, "the lists of a block of events are torn");
}

/* Counts what waits: of each where its entries are told, then the entries, then each entry's customer. */
static bool fold_waiting(struct fold *f)
{
    const struct eval_key *k = f->waiting_key;
    bool ok = true;
    for (size_t i = 0; ok && i < f->n_waiting; i++)
        ok = lists_ahead_entries(&f->waiting[i], k->codes, k->n, &f->counted);
    for (size_t i = 0; ok && i < f->n_waiting; i++)
        ok = f->reached ? lists_reached(&f->waiting[i], k->codes, k->n, f->k, f->reached)
             : f->small ? lists_count_small(&f->waiting[i], k->codes, k->n, f->small)
                        : lists_count(&f->waiting[i], k->codes, k->n, f->out->v);
    f->n_waiting = 0;
    return ok || fold_torn(f);
}

static bool fold_wait(struct fold *f, const struct events_block *b, const struct eval_key *k,
                      const struct lists_want *w)
{
    if (f->n_waiting == WAITING && !fold_waiting(f))
        return false;
    f->waiting_key = k;
    f->waiting[f->n_waiting] = *w;
    f->waiting[f->n_waiting++].cell = b->first_customer - f->range.first;
    lists_ahead(w, k->codes, k->n);
    return true;
}

/* The rows of the block that have a key's codes and lie in the window. */
enum by_lists { BY_LISTS_NOT, BY_LISTS_DONE, BY_LISTS_WORDS, BY_LISTS_TORN };
static enum by_lists fold_lists(struct fold *f, const struct events_block *b, const struct eval_rows **known,
                                uint64_t *words)
{
    const int64_t start = b->day * DAY_S;
    struct lists_want w;
    bool none = false;
    uint32_t n;
    size_t i = 0;
    while (i < f->n_keys &&
           !lists_want(b, f->keys[i].attribute, f->span.from - start, f->span.to - start, &w, &none) && !none)
        i++;
    if (none)
        return BY_LISTS_DONE;
    if (i == f->n_keys)
        return BY_LISTS_NOT;
    const struct eval_key *k = &f->keys[i];
    const bool count = f->fn == QUERY_COUNT && !f->column && (f->small || f->reached || f->out->v);
    if (count && k->alone && f->n_few == 0 && block_inside(f, b))
        return fold_wait(f, b, k, &w) ? BY_LISTS_DONE : BY_LISTS_TORN;
    if (!lists_number(&w, k->codes, k->n, &n) ||
        (n <= b->rows / 2 && !lists_words(&w, k->codes, k->n, words))) {
        fold_torn(f);
        return BY_LISTS_TORN;
    }
    *known = k->part;
    return n == 0 ? BY_LISTS_DONE : n <= b->rows / 2 ? BY_LISTS_WORDS : BY_LISTS_NOT;
}

static bool fold_block(void *ctx, const struct events_block *b)
{
    struct fold *f = ctx;
    uint64_t words[ROW_WORDS];
    const struct eval_rows *known = NULL;
    bool all;
    if (b->rows > EVENTS_BLOCK_ROWS) {
        f->ok = err_set(f->ev->err, ERR_CORRUPT, "block of %u events is larger than a block can be",
                        (unsigned)b->rows);
        return false;
    }
    f->column = f->a->attribute.n ? events_column(b, (uint16_t)f->a->events[f->event].symbol.id) : NULL;
    if (f->a->attribute.n && !f->column)
        return true; /* unset in every row */
    const enum by_lists by = f->n_keys ? fold_lists(f, b, &known, words) : BY_LISTS_NOT;
    if (by == BY_LISTS_DONE || by == BY_LISTS_TORN)
        return by == BY_LISTS_DONE;
    if (by == BY_LISTS_NOT) {
        known = NULL;
        mask_time(f, b, words, &all);
        if (all && !f->where && f->n_few == 0 && fold_quickly(f, b, NULL))
            return true;
        if (all)
            mask_all(b, words);
    }
    if (f->n_few)
        mask_few(f, b, words);
    if (f->where && !eval_rows_apply(f->ev, f->where, b, f->event, known, words)) {
        f->ok = false;
        return false;
    }
    if (fold_quickly(f, b, words))
        return true;
    for (size_t w = 0; w < SCAN_WORDS(b->rows); w++)
        for (uint64_t left = words[w]; left; left &= left - 1)
            fold_row(f, b, (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(left));
    return f->ok;
}

/* --- one source --- */

static int64_t floor_day(int64_t second)
{
    return second / DAY_S - (second % DAY_S < 0);
}

static int32_t clamp_day(int64_t day)
{
    return day < INT32_MIN ? INT32_MIN : day > INT32_MAX ? INT32_MAX : (int32_t)day;
}

/* `a | a` counts a once. */
static bool source_repeats(const struct query_aggregate *a, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (a->events[k].id == a->events[i].id)
            return true;
    return false;
}

/* Texts of different events have different codes: each text of event i becomes the first event that knows it
 * and its code there. */
bool eval_recode(struct eval *ev, const struct query_aggregate *a, size_t i, int64_t **table, size_t *n)
{
    *table = NULL;
    *n = 0;
    if (a->fn != QUERY_DISTINCT || a->events[0].symbol.type != QUERY_TYPE_TEXT || i == 0)
        return true;
    uint16_t space = (uint16_t)a->events[i].symbol.id;
    *n = (size_t)dict_count(ev->txn, space) + 1;
    int64_t *t = calloc(*n, sizeof *t);
    if (!t)
        return eval_nomem(ev);
    for (size_t code = 1; code < *n; code++) {
        struct strv text;
        uint32_t known = 0;
        t[code] = (int64_t)i << 32 | (int64_t)code;
        if (!dict_text(ev->txn, space, (uint32_t)code, &text))
            continue;
        for (size_t k = 0; k < i && !known; k++) {
            known = dict_find(ev->txn, (uint16_t)a->events[k].symbol.id, text);
            if (known)
                t[code] = (int64_t)k << 32 | (int64_t)known;
        }
    }
    *table = t;
    return true;
}

unsigned eval_source_scale(const struct query_aggregate *a)
{
    unsigned scale = 0;
    for (size_t i = 0; i < a->n_events; i++)
        if (a->attribute.n && a->events[i].symbol.type == QUERY_TYPE_NUMBER &&
            a->events[i].symbol.scale > scale)
            scale = a->events[i].symbol.scale;
    return scale;
}

/* The blocks of the range; of few candidates, those of their partitions. */
static bool fold_blocks(struct fold *f, uint16_t type, int32_t from, int32_t to)
{
    if (f->range.n == 0)
        return true;
    if (f->n_few == 0)
        return events_each_of(f->ev->txn, type, f->range.first, (uint32_t)(f->range.first + (f->range.n - 1)),
                              from, to, fold_block, f);
    bool whole = true;
    for (size_t i = 0; whole && f->ok && i < f->n_few; i++)
        if (i == 0 || f->few[i] / EVENTS_CUSTOMERS != f->few[i - 1] / EVENTS_CUSTOMERS)
            whole = events_each_of(f->ev->txn, type, f->few[i], f->few[i], from, to, fold_block, f);
    return whole;
}

static bool fold_source(struct fold *f)
{
    if (f->span.from > f->span.to)
        return true;
    int32_t from = clamp_day(floor_day(f->span.from)), to = clamp_day(floor_day(f->span.to));
    for (size_t i = 0; i < f->a->n_events; i++) {
        if (source_repeats(f->a, i))
            continue;
        int64_t *table;
        if (!eval_recode(f->ev, f->a, i, &table, &f->n_recode))
            return false;
        f->recode = table;
        f->event = i;
        f->factor = 1;
        if (f->a->events[i].symbol.type == QUERY_TYPE_NUMBER)
            for (unsigned s = f->a->events[i].symbol.scale; s < f->scale; s++)
                f->factor *= 10;
        f->ok = true;
        bool none = false;
        f->n_keys = f->where ? eval_rows_keys(f->where, i, f->keys, &none) : 0;
        bool whole = none || fold_blocks(f, (uint16_t)f->a->events[i].id, from, to);
        whole = (f->n_waiting == 0 || !f->ok || fold_waiting(f)) && whole;
        f->n_waiting = 0;
        free(table);
        if (!f->ok)
            return false;
        if (!whole && !catalog_ok(f->ev->txn, NULL))
            return eval_torn(f->ev);
    }
    return true;
}

/* --- functions that need more than one pass or a last step --- */

static void days_finish(struct fold *f)
{
    struct zone_span span = { 0 };
    const struct eval_time *t = &f->ev->time;
    for (size_t i = 0; i < f->range.n; i++) {
        int64_t second = f->out->v[i];
        if (second == PACKED_UNSET)
            continue;
        usec_t at = second * USEC_SEC;
        if (t->zone && (at < span.from || at >= span.to))
            span = zone_span_at(t->zone, at);
        f->out->v[i] = t->today - floor_day(second + span.offset_s);
    }
}

static void avg_finish(struct fold *f)
{
    for (size_t i = 0; i < f->range.n; i++)
        if (!f->out->den[i])
            f->out->v[i] = PACKED_UNSET;
}

static int pair_cmp(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->customer != y->customer)
        return x->customer < y->customer ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void distinct_finish(struct fold *f)
{
    if (f->n_pairs)
        qsort(f->pairs, f->n_pairs, sizeof *f->pairs, pair_cmp);
    for (size_t i = 0; i < f->n_pairs; i++)
        if (i == 0 || pair_cmp(&f->pairs[i - 1], &f->pairs[i]) != 0)
            f->out->v[f->pairs[i].customer]++;
}

/* All events of the source become the denominator; nothing of nothing is 0. */
static bool share_finish(struct fold *f)
{
    struct eval_numbers all;
    if (!eval_numbers_alloc(f->ev, f->range, 0, &all))
        return false;
    struct fold whole = *f;
    whole.where = NULL;
    whole.out = &all;
    bool ok = fold_source(&whole);
    for (size_t i = 0; ok && i < f->range.n; i++)
        f->out->den[i] = all.v[i] ? all.v[i] : 1;
    eval_numbers_free(&all);
    return ok;
}

static bool min_per(struct fold *f)
{
    struct eval_numbers unit;
    int64_t at;
    bool begun = false, first = true;
    if (!eval_numbers_alloc(f->ev, f->range, 0, &unit))
        return false;
    struct eval_numbers *least = f->out;
    struct eval_span now = f->span;
    bool ok = true;
    f->out = &unit;
    for (unsigned n = 0;
         ok && eval_time_next_unit(&f->ev->time, &f->a->window, f->a->per, &at, &begun, &f->span); n++) {
        if (n == MOST_UNITS) {
            ok = err_set(f->ev->err, ERR_LIMIT, "min_per over more than %d units", MOST_UNITS);
            break;
        }
        if (f->span.to > now.to)
            f->span.to = now.to; /* the day that is today is whole, but there is nothing after now */
        memset(unit.v, 0, f->range.n * sizeof *unit.v);
        ok = fold_source(f);
        for (size_t i = 0; ok && i < f->range.n; i++)
            if (first || unit.v[i] < least->v[i])
                least->v[i] = unit.v[i];
        first = false;
    }
    f->out = least;
    eval_numbers_free(&unit);
    return ok;
}

static bool fold_run(struct fold *f)
{
    if (f->fn == QUERY_MIN_PER)
        return min_per(f);
    if (!fold_source(f))
        return false;
    if (f->fn == QUERY_DAYS_SINCE)
        days_finish(f);
    if (f->fn == QUERY_AVG)
        avg_finish(f);
    if (f->fn == QUERY_DISTINCT)
        distinct_finish(f);
    return f->fn != QUERY_SHARE || share_finish(f);
}

static bool fold_alloc(struct fold *f)
{
    static const bool from_zero[] = {
        [QUERY_COUNT] = true,    [QUERY_SUM] = true,   [QUERY_AVG] = true,
        [QUERY_DISTINCT] = true, [QUERY_SHARE] = true, [QUERY_MIN_PER] = false
    };
    bool zero = f->fn < sizeof from_zero / sizeof from_zero[0] && from_zero[f->fn];
    if (!eval_numbers_alloc(f->ev, f->range, zero ? 0 : PACKED_UNSET, f->out))
        return false;
    f->scale = eval_source_scale(f->a);
    f->out->scale = f->fn == QUERY_DISTINCT ? 0 : f->scale;
    if (f->fn == QUERY_AVG || f->fn == QUERY_SHARE) {
        f->out->den = calloc(f->range.n ? f->range.n : 1, sizeof *f->out->den);
        if (!f->out->den)
            return eval_nomem(f->ev);
    }
    if (f->fn == QUERY_FIRST || f->fn == QUERY_LAST) {
        f->at = calloc(f->range.n ? f->range.n : 1, sizeof *f->at);
        if (!f->at)
            return eval_nomem(f->ev);
    }
    return true;
}

struct fold *eval_fold_new(struct eval *ev, const struct query_aggregate *a)
{
    struct fold *f = calloc(1, sizeof *f);
    if (!f) {
        eval_nomem(ev);
        return NULL;
    }
    *f = (struct fold){ .ev = ev, .a = a, .fn = a->fn, .window = eval_time_window(&ev->time, &a->window) };
    if (a->where && !(f->where = eval_rows_compile(ev, a))) {
        free(f);
        return NULL;
    }
    return f;
}

void eval_fold_free(struct fold *f)
{
    if (f) {
        eval_rows_free(f->where);
        free(f->at);
        free(f->pairs);
        free(f);
    }
}

static void fold_begin(struct fold *f, struct eval_range range, const uint32_t *few, size_t n_few)
{
    f->range = range;
    f->span = f->window;
    f->bound = 0;
    f->n_pairs = 0;
    f->n_few = n_few;
    if (n_few)
        memcpy(f->few, few, n_few * sizeof *few);
    free(f->at);
    f->at = NULL;
}

bool eval_fold_range(struct fold *f, struct eval_range range, const uint32_t *few, size_t n_few,
                     struct eval_numbers *out)
{
    memset(out, 0, sizeof *out);
    fold_begin(f, range, few, n_few);
    f->out = out;
    if (fold_alloc(f) && fold_run(f))
        return true;
    eval_numbers_free(out);
    return false;
}

static bool fold_partitions(struct fold *f, struct eval_range range)
{
    struct eval_numbers none = { 0 };
    if (f->fn != QUERY_COUNT || f->a->attribute.n || range.first % EVENTS_CUSTOMERS ||
        range.n % EVENTS_CUSTOMERS)
        return err_set(f->ev->err, ERR_INTERNAL, "not a count of whole partitions");
    fold_begin(f, range, NULL, 0);
    f->counted = 0;
    f->out = &none;
    bool ok = fold_source(f);
    f->small = NULL;
    f->reached = NULL;
    return ok;
}

bool eval_fold_small(struct fold *f, struct eval_range range, uint8_t *counts)
{
    f->small = counts;
    return fold_partitions(f, range);
}

bool eval_fold_is_of_few(const struct fold *f)
{
    struct eval_key keys[EVAL_KEYS];
    bool none;
    return f->where && eval_rows_keys(f->where, 0, keys, &none) > 0 && f->counted < f->range.n / 8 + 1;
}

bool eval_fold_reached(struct fold *f, struct eval_range range, unsigned k, uint64_t *reached)
{
    f->reached = reached;
    f->k = k;
    return fold_partitions(f, range);
}

bool eval_aggregate(struct eval *ev, const struct query_aggregate *a, struct eval_range range,
                    const struct audience_set *candidates, struct eval_numbers *out)
{
    uint32_t few[EVAL_FEW];
    size_t n_few = 0;
    struct fold *f = eval_fold_new(ev, a);
    memset(out, 0, sizeof *out);
    if (candidates && audience_set_count(candidates) <= EVAL_FEW)
        n_few = audience_set_read(candidates, 0, few, EVAL_FEW);
    bool ok = f && eval_fold_range(f, range, few, n_few, out);
    eval_fold_free(f);
    return ok;
}
