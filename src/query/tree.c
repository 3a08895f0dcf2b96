#include "query/tree.h"

#include <stdlib.h>
#include <string.h>

/* --- arena --- */

#define BLOCK_SIZE 4096

struct query_block {
    struct query_block *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

void *query_alloc(struct query *q, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align - 1) / align * align;
    struct query_block *b = q->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        b = malloc(sizeof *b + room);
        if (!b)
            return NULL;
        b->used = 0;
        b->size = room;
        b->next = q->blocks;
        q->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += size;
    memset(p, 0, size);
    return p;
}

struct query *query_new(struct strv text)
{
    struct query *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    char *copy = query_alloc(q, text.n + 1);
    if (!copy) {
        query_free(q);
        return NULL;
    }
    if (text.n)
        memcpy(copy, text.p, text.n);
    q->text = (struct strv){ copy, text.n };
    return q;
}

void query_free(struct query *q)
{
    if (!q)
        return;
    for (struct query_block *b = q->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(q);
}

/* --- equality --- */

static bool node_equal(const struct query_node *a, const struct query_node *b);

static bool strings_equal(const struct strv *a, size_t na, const struct strv *b, size_t nb)
{
    if (na != nb)
        return false;
    for (size_t i = 0; i < na; i++)
        if (!strv_eq(a[i], b[i]))
            return false;
    return true;
}

static bool number_equal(struct query_number a, struct query_number b)
{
    return a.units == b.units && a.scale == b.scale;
}

static bool when_equal(const struct query_when *a, const struct query_when *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case QUERY_WHEN_DATE: return a->days == b->days;
    case QUERY_WHEN_TODAY: return true;
    case QUERY_WHEN_AGO: return a->n == b->n && a->unit == b->unit;
    }
    return false;
}

static bool window_equal(const struct query_window *a, const struct query_window *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case QUERY_WINDOW_LIFETIME: return true;
    case QUERY_WINDOW_LAST: return a->n == b->n && a->unit == b->unit;
    case QUERY_WINDOW_THIS: return a->unit == b->unit;
    case QUERY_WINDOW_BETWEEN: return when_equal(&a->from, &b->from) && when_equal(&a->to, &b->to);
    }
    return false;
}

static bool aggregate_equal(const struct query_aggregate *a, const struct query_aggregate *b)
{
    if (a->fn != b->fn || a->n_events != b->n_events || !strv_eq(a->attribute, b->attribute))
        return false;
    if (a->fn == QUERY_MIN_PER && a->per != b->per)
        return false;
    for (size_t i = 0; i < a->n_events; i++)
        if (!strv_eq(a->events[i].name, b->events[i].name))
            return false;
    if (!a->where != !b->where || (a->where && !node_equal(a->where, b->where)))
        return false;
    return window_equal(&a->window, &b->window);
}

static bool rfm_equal(const struct query_rfm *a, const struct query_rfm *b)
{
    return a->part == b->part && strv_eq(a->event.name, b->event.name) &&
           window_equal(&a->window, &b->window);
}

static bool num_equal(const struct query_num *a, const struct query_num *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case QUERY_NUM_LITERAL: return number_equal(a->literal, b->literal);
    case QUERY_NUM_FIELD:
    case QUERY_NUM_AGE: return strv_eq(a->field.name, b->field.name);
    case QUERY_NUM_AGGREGATE: return aggregate_equal(&a->aggregate, &b->aggregate);
    case QUERY_NUM_PERCENTILE: return num_equal(a->operand, b->operand);
    case QUERY_NUM_RFM: return rfm_equal(&a->rfm, &b->rfm);
    case QUERY_NUM_P_ALIVE: return true;
    }
    return false;
}

static bool text_equal(const struct query_text *a, const struct query_text *b)
{
    if (a->is_rfm != b->is_rfm)
        return false;
    return a->is_rfm ? rfm_equal(&a->rfm, &b->rfm) : strv_eq(a->field.name, b->field.name);
}

static bool operands_equal(const struct query_node *a, const struct query_node *b)
{
    if (a->operands.n != b->operands.n)
        return false;
    for (size_t i = 0; i < a->operands.n; i++)
        if (!node_equal(a->operands.items[i], b->operands.items[i]))
            return false;
    return true;
}

static bool node_equal(const struct query_node *a, const struct query_node *b)
{
    if (a->kind != b->kind || a->negated != b->negated)
        return false;
    switch (a->kind) {
    case QUERY_OR:
    case QUERY_AND:
    case QUERY_NOT: return operands_equal(a, b);
    case QUERY_COMPARE:
        return a->compare.op == b->compare.op && num_equal(a->compare.left, b->compare.left) &&
               num_equal(a->compare.right, b->compare.right);
    case QUERY_BETWEEN:
        return num_equal(a->between.value, b->between.value) && num_equal(a->between.low, b->between.low) &&
               num_equal(a->between.high, b->between.high);
    case QUERY_RANGE:
        return a->range.from == b->range.from && a->range.to == b->range.to &&
               num_equal(a->range.value, b->range.value);
    case QUERY_TEXT:
    case QUERY_TEXT_IN:
        return (a->kind == QUERY_TEXT_IN || a->text.op == b->text.op) &&
               text_equal(&a->text.value, &b->text.value) &&
               strings_equal(a->text.strings, a->text.n, b->text.strings, b->text.n);
    case QUERY_SET_HAS:
        return a->has.op == b->has.op && strv_eq(a->has.field.name, b->has.field.name) &&
               strings_equal(a->has.strings, a->has.n, b->has.strings, b->has.n);
    case QUERY_BOOL:
    case QUERY_IS_SET: return strv_eq(a->field.name, b->field.name);
    case QUERY_DATE:
        return a->date.op == b->date.op && strv_eq(a->date.field.name, b->date.field.name) &&
               when_equal(&a->date.when, &b->date.when);
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY:
        return strv_eq(a->within.field.name, b->within.field.name) && a->within.next == b->within.next &&
               a->within.n == b->within.n && a->within.unit == b->within.unit;
    case QUERY_NEAR:
        return strv_eq(a->near.field.name, b->near.field.name) && number_equal(a->near.km, b->near.km) &&
               number_equal(a->near.latitude, b->near.latitude) &&
               number_equal(a->near.longitude, b->near.longitude);
    case QUERY_SEGMENT:
        return a->segment.ever == b->segment.ever && strv_eq(a->segment.name, b->segment.name);
    case QUERY_SURVEY:
        return a->survey.op == b->survey.op && strv_eq(a->survey.name, b->survey.name) &&
               strv_eq(a->survey.status, b->survey.status);
    case QUERY_TENURE: return a->tenure.n == b->tenure.n && a->tenure.unit == b->tenure.unit;
    case QUERY_BUCKET:
        return a->bucket.op == b->bucket.op && strv_eq(a->bucket.salt, b->bucket.salt) &&
               number_equal(a->bucket.value, b->bucket.value);
    }
    return false;
}

bool query_equal(const struct query *a, const struct query *b)
{
    if (!a->root || !b->root)
        return a->root == b->root;
    return node_equal(a->root, b->root);
}

/* --- walking --- */

size_t query_node_nums(const struct query_node *node, struct query_num *nums[3])
{
    switch (node->kind) {
    case QUERY_COMPARE:
        nums[0] = node->compare.left;
        nums[1] = node->compare.right;
        return 2;
    case QUERY_BETWEEN:
        nums[0] = node->between.value;
        nums[1] = node->between.low;
        nums[2] = node->between.high;
        return 3;
    case QUERY_RANGE: nums[0] = node->range.value; return 1;
    default: return 0;
    }
}

static const struct query_node *num_where(const struct query_num *num)
{
    while (num->kind == QUERY_NUM_PERCENTILE)
        num = num->operand;
    return num->kind == QUERY_NUM_AGGREGATE ? num->aggregate.where : NULL;
}

bool query_walk(const struct query_node *root, bool into_where, query_visit_fn *fn, void *ctx)
{
    if (!fn(ctx, root))
        return false;
    if (root->kind == QUERY_OR || root->kind == QUERY_AND || root->kind == QUERY_NOT) {
        for (size_t i = 0; i < root->operands.n; i++)
            if (!query_walk(root->operands.items[i], into_where, fn, ctx))
                return false;
        return true;
    }
    if (!into_where)
        return true;
    struct query_num *nums[3];
    for (size_t i = 0, n = query_node_nums(root, nums); i < n; i++) {
        const struct query_node *where = num_where(nums[i]);
        if (where && !query_walk(where, true, fn, ctx))
            return false;
    }
    return true;
}

static bool when_moves(const struct query_when *w)
{
    return w->kind != QUERY_WHEN_DATE;
}

static bool window_moves(const struct query_window *w)
{
    if (w->kind == QUERY_WINDOW_BETWEEN)
        return when_moves(&w->from) || when_moves(&w->to);
    return w->kind != QUERY_WINDOW_LIFETIME;
}

static bool num_moves(const struct query_num *num)
{
    while (num->kind == QUERY_NUM_PERCENTILE)
        num = num->operand;
    switch (num->kind) {
    case QUERY_NUM_AGE:
    case QUERY_NUM_RFM:
    case QUERY_NUM_P_ALIVE: return true;
    case QUERY_NUM_AGGREGATE:
        return num->aggregate.fn == QUERY_DAYS_SINCE || window_moves(&num->aggregate.window);
    default: return false;
    }
}

/* A visitor that goes on as long as nothing moves. */
static bool node_stands(void *ctx, const struct query_node *node)
{
    (void)ctx;
    switch (node->kind) {
    case QUERY_DATE: return !when_moves(&node->date.when);
    case QUERY_DATE_WITHIN:
    case QUERY_ANNIVERSARY:
    case QUERY_TENURE: return false;
    case QUERY_TEXT:
    case QUERY_TEXT_IN: return !node->text.value.is_rfm;
    default: break;
    }
    struct query_num *nums[3];
    for (size_t i = 0, n = query_node_nums(node, nums); i < n; i++)
        if (num_moves(nums[i]))
            return false;
    return true;
}

bool query_uses_time(const struct query *q)
{
    return q->root && !query_walk(q->root, true, node_stands, NULL);
}

struct strv query_node_text(const struct query *q, const struct query_node *node)
{
    return strv_trim(strv_sub(q->text, node->at, node->end - node->at));
}
