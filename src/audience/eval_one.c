#include "audience/eval_one_node.h"

#include <stdlib.h>

struct eval_one *eval_one_new(struct audience_view *v, const struct query *q, const struct eval_options *o,
                              struct query_error *qe, struct err *e)
{
    struct eval_one *x = calloc(1, sizeof *x);
    if (!x) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    x->o = *o;
    x->o.among = NULL;
    x->logs.ev = &x->ev;
    if (eval_begin(&x->ev, v, &x->o, qe, e) && eval_accept(&x->ev, q) &&
        (x->exists = one_column_need(x, FIELD_MSISDN)) && (x->root = one_node_new(x, q->root)) &&
        catalog_ok(v->txn, e)) {
        x->ev.qe = NULL; /* the caller's; a query that is at fault was refused above */
        return x;
    }
    eval_one_free(x);
    return NULL;
}

void eval_one_free(struct eval_one *x)
{
    if (!x)
        return;
    one_node_free(x->root);
    for (struct one_segment *s = x->segments, *next; s; s = next) {
        next = s->next;
        one_node_free(s->root);
        query_free(s->query);
        free(s);
    }
    for (struct one_column *c = x->columns, *next; c; c = next) {
        next = c->next;
        free(c->blocks);
        free(c);
    }
    one_logs_free(&x->logs);
    customer_arena_free(&x->arena);
    eval_end(&x->ev);
    free(x);
}

bool eval_one_test(struct eval_one *x, uint32_t customer, bool *in, struct err *e)
{
    *in = false;
    x->ev.err = e;
    x->customer = customer;
    x->logs.test++;
    x->record_known = false;
    bool ok = one_column_value(x, x->exists) == PACKED_UNSET || one_node_holds(x, x->root, in);
    return ok && catalog_ok(x->ev.txn, e);
}

bool eval_customer(struct audience_view *v, const struct query *q, uint32_t customer,
                   const struct eval_options *o, bool *in, struct query_error *qe, struct err *e)
{
    *in = false;
    struct eval_one *x = eval_one_new(v, q, o, qe, e);
    bool wanted = !o->among || audience_set_contains(o->among, customer);
    bool ok = x && (!wanted || eval_one_test(x, customer, in, e));
    eval_one_free(x);
    return ok;
}

/* --- for explaining --- */

struct one_node *eval_one_root(const struct eval_one *x)
{
    return x->root;
}

const struct query_node *one_node_query(const struct one_node *n)
{
    return n->node;
}

struct one_node *one_node_kid(const struct one_node *n, size_t i)
{
    return i < n->n_kids ? n->kids[i] : NULL;
}

struct one_node *one_node_segment(const struct one_node *n, const struct query **q)
{
    *q = n->segment ? n->segment->query : NULL;
    return n->segment ? n->segment->root : NULL;
}

bool one_node_number(struct eval_one *x, struct one_node *n, size_t i, bool *is, struct one_value *out)
{
    *is = i < n->n_nums;
    return !*is || one_num_value(x, &n->nums[i], out);
}

int64_t one_node_column(struct eval_one *x, const struct one_node *n, bool *is)
{
    *is = n->column != NULL;
    int64_t value = *is ? one_column_value(x, n->column) : PACKED_UNSET;
    return value == PACKED_UNSET && n->second ? one_column_value(x, n->second) : value;
}

int64_t one_age(const struct eval_one *x, int64_t birth)
{
    return eval_num_age(&x->ev, birth);
}

bool one_node_code(struct eval_one *x, struct one_node *n, bool *is, int64_t *code)
{
    const enum query_node_kind kind = n->node->kind;
    *is =
        kind == QUERY_SURVEY || ((kind == QUERY_TEXT || kind == QUERY_TEXT_IN) && n->node->text.value.is_rfm);
    return !*is || one_coded_value(x, n, code);
}

bool one_node_members(struct eval_one *x, uint16_t field, const uint32_t **codes, size_t *n)
{
    return one_set_codes(x, field, codes, n);
}
