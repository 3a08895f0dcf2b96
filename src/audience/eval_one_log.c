/* The events of one customer: the blocks of a partition are opened once for all customers in it, and of those
 * asked about by chance nothing is in the caches. So where a customer's rows are is first looked up in marks
 * (every 64th row, made when a partition is asked about more than once) of all blocks, and the rows of all
 * blocks are asked of memory at once. */
#include "audience/eval_one.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S       INT64_C(86400)
#define MOST_BLOCKS 50000 /* opened at a time: a few hundred octets each */

static void log_clear(struct one_log *log)
{
    for (size_t i = 0; i < log->n_parts; i++) {
        for (size_t k = 0; k < log->parts[i].n; k++) {
            free(log->parts[i].blocks[k].b);
            free(log->parts[i].blocks[k].marks);
        }
        free(log->parts[i].blocks);
        log->parts[i] = (struct one_part){ .loaded = false };
    }
    log->n_blocks = 0;
}

void one_logs_free(struct one_logs *l)
{
    for (struct one_log *log = l->list, *next; log; log = next) {
        next = log->next;
        log_clear(log);
        free(log->parts);
        free(log);
    }
    l->list = NULL;
}

struct one_log *one_log_need(struct one_logs *l, uint16_t type, int32_t from, int32_t to)
{
    struct one_log *log = l->list;
    while (log && log->type != type)
        log = log->next;
    if (!log) {
        log = calloc(1, sizeof *log);
        if (!log) {
            eval_nomem(l->ev);
            return NULL;
        }
        *log = (struct one_log){ .type = type, .from = from, .to = to, .next = l->list };
        l->list = log;
    }
    log->from = from < log->from ? from : log->from;
    log->to = to > log->to ? to : log->to;
    return log;
}

static bool log_add(void *ctx, const struct events_block *b)
{
    struct one_part *part = ctx;
    const size_t size = offsetof(struct events_block, column) + b->n_columns * sizeof b->column[0];
    if (part->n == part->cap) {
        size_t cap = part->cap ? part->cap * 2 : 32;
        struct one_block *more = realloc(part->blocks, cap * sizeof *more);
        if (!more)
            return false;
        part->blocks = more;
        part->cap = cap;
    }
    struct events_block *copy = malloc(size);
    if (!copy)
        return false;
    memcpy(copy, b, size);
    part->blocks[part->n++] = (struct one_block){ .b = copy, .day = b->day };
    return true;
}

/* The customer's partition; NULL: error. */
static struct one_part *log_part(struct eval *ev, struct one_log *log, uint32_t customer)
{
    const size_t at = customer / EVENTS_CUSTOMERS;
    if (at < log->n_parts && log->parts[at].loaded)
        return &log->parts[at];
    if (log->n_blocks > MOST_BLOCKS)
        log_clear(log);
    if (at >= log->n_parts) {
        struct one_part *more = realloc(log->parts, (at + 1) * sizeof *more);
        if (!more) {
            eval_nomem(ev);
            return NULL;
        }
        memset(more + log->n_parts, 0, (at + 1 - log->n_parts) * sizeof *more);
        log->parts = more;
        log->n_parts = at + 1;
    }
    struct one_part *part = &log->parts[at];
    part->loaded = true;
    if (!events_each_of(ev->txn, log->type, customer, customer, log->from, log->to, log_add, part)) {
        eval_torn(ev);
        return NULL;
    }
    log->n_blocks += part->n;
    return part;
}

/* --- the customer's rows --- */

#define MARK_ROWS  64u /* a mark is the customer of every so many-th row */
#define MARK_CHUNK 32u
#define MARK_AFTER 4u /* tests of the partition: for fewer it is not worth it */

/* Customers of two octets, as nearly all blocks have. */
static void block_mark(struct one_block *x)
{
    const struct packed *who = &x->b->customer;
    const uint32_t n = x->b->rows / MARK_ROWS, room = (n / MARK_CHUNK + 1) * MARK_CHUNK;
    if (who->width != 2 || n < 2)
        return;
    x->marks = malloc(room * sizeof *x->marks);
    for (uint32_t i = 0; x->marks && i < room; i++)
        x->marks[i] = i < n ? (uint16_t)packed_raw(who, i * MARK_ROWS) : UINT16_MAX;
}

/* How many of the marks are below; the last one is the most there is. */
static uint32_t marks_below(const uint16_t *marks, uint16_t want)
{
    uint32_t below = 0;
    for (;; marks += MARK_CHUNK) {
        uint16_t n = 0;
        for (uint32_t i = 0; i < MARK_CHUNK; i++)
            n = (uint16_t)(n + (marks[i] < want));
        below += n;
        if (n < MARK_CHUNK)
            return below;
    }
}

/* The rows from `first` on are asked of memory. */
static void rows_ahead(const struct packed *p, uint32_t first)
{
    const uint8_t *at = p->data + (size_t)first * p->width;
    __builtin_prefetch(at);
    __builtin_prefetch(at + (size_t)MARK_ROWS * p->width - 1);
}

/* Of a block with marks: *first is where the row is at most MARK_ROWS further on. */
static void marked_guess(struct one_block *x, uint32_t customer)
{
    uint64_t want, top;
    x->first = x->end = 0;
    x->want = 0;
    if (!packed_bounds(&x->b->customer, customer, customer, &want, &top))
        return;
    const uint32_t below = marks_below(x->marks, (uint16_t)want);
    x->want = (uint16_t)want;
    x->first = below ? (below - 1) * MARK_ROWS : 0;
    rows_ahead(&x->b->customer, x->first);
}

/* Of MARK_ROWS rows. */
static uint32_t rows_below(const packed_u16 *who, uint16_t want)
{
    uint16_t n = 0;
    for (size_t i = 0; i < MARK_ROWS; i++)
        n = (uint16_t)(n + (who[i] < want));
    return n;
}

static void marked_find(struct one_block *x)
{
    const packed_u16 *who = (const void *)x->b->customer.data;
    const uint32_t rows = x->b->rows;
    uint32_t first = x->first;
    if (x->want == 0) /* nobody: a customer is never unset */
        return;
    if (rows - first >= MARK_ROWS)
        first += rows_below(who + first, x->want);
    while (first < rows && who[first] < x->want) /* past the last mark */
        first++;
    x->first = x->end = first;
    while (x->end < rows && who[x->end] == x->want)
        x->end++;
    if (x->first < x->end)
        __builtin_prefetch(x->b->second.data + (size_t)x->first * x->b->second.width);
}

bool one_block_in(const struct one_block *x, struct eval_span span)
{
    return (x->day + EVENTS_DAYS) * DAY_S > span.from && x->day * DAY_S <= span.to;
}

/* The blocks' heads come at once, too. */
static void part_ahead(const struct one_part *part)
{
    for (size_t i = 0; i < part->n; i++) {
        __builtin_prefetch(part->blocks[i].b);
        if (part->blocks[i].marks)
            __builtin_prefetch(part->blocks[i].marks);
    }
}

static void part_find(struct one_part *part, uint64_t test, struct eval_span span, uint32_t customer)
{
    part_ahead(part);
    for (size_t i = 0; i < part->n; i++) {
        struct one_block *x = &part->blocks[i];
        if (x->test == test || !one_block_in(x, span))
            continue;
        if (x->marks)
            marked_guess(x, customer);
        else if (!events_rows_of(x->b, customer, &x->first, &x->end))
            x->first = x->end = 0;
    }
    for (size_t i = 0; i < part->n; i++) {
        struct one_block *x = &part->blocks[i];
        if (x->test == test || !one_block_in(x, span))
            continue;
        if (x->marks)
            marked_find(x);
        x->test = test;
    }
}

struct one_part *one_log_find(struct one_logs *l, struct one_log *log, struct eval_span span,
                              uint32_t customer)
{
    struct one_part *part = log_part(l->ev, log, customer);
    if (!part)
        return NULL;
    if (part->test != l->test) {
        part->test = l->test;
        if (++part->tests == MARK_AFTER)
            for (size_t i = 0; i < part->n; i++)
                block_mark(&part->blocks[i]);
    }
    part_find(part, l->test, span, customer);
    return part;
}
