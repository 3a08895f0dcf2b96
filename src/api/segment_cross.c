/* POST /v1/segments:cross: customers by each combination of a few conditions. */
#include "api/call.h"
#include "audience/cross.h"
#include "audience/segment.h"
#include "engine/facts.h"

struct cross_asked {
    const json_t *queries;
};

static const struct member CROSS_MEMBERS[] = {
    { "queries", MEMBER_TEXTS, true, offsetof(struct cross_asked, queries), 1, CROSS_MAX },
};

struct cross_job {
    const json_t *texts;
    struct query *queries[CROSS_MAX];
    size_t n;
};

static void cross_release(void *job)
{
    struct cross_job *j = job;
    for (size_t i = 0; i < j->n; i++) {
        query_free(j->queries[i]);
    }
}

/* The error is one of the query's text; which of them it was stands before it. */
static void cross_failed(struct call *c, size_t at, const struct query_error *qe)
{
    call_query_failed(c, qe);
    struct err told = c->err;
    err_set(&c->err, told.code, "condition %zu: %s", at + 1, told.text);
}

static json_t *cross_cells(const struct cross *x, struct query *const *queries)
{
    json_t *list = json_array();
    for (unsigned k = 0; k < 1u << x->n; k++) {
        unsigned cell = ~k & ((1u << x->n) - 1); /* all true first */
        struct buf text = { 0 };
        json_t *one = json_object(), *is = json_array();
        for (size_t i = 0; i < x->n; i++) {
            json_array_append_new(is, json_boolean(cell >> i & 1));
        }
        cross_put_query((const struct query *const *)queries, x->n, cell, &text);
        json_object_set_new(one, "is", is);
        json_object_set_new(one, "count", reply_u64(x->cells[cell]));
        json_object_set_new(one, "query", reply_text((struct strv){ (const char *)text.data, text.len }));
        json_array_append_new(list, one);
        buf_free(&text);
    }
    return list;
}

static void cross_put(struct call *c, const struct cross_job *j, const struct cross *x)
{
    json_t *conditions = json_array();
    for (size_t i = 0; i < x->n; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "query", reply_text(member_text(json_array_get(j->texts, i))));
        json_object_set_new(one, "count", reply_u64(x->alone[i]));
        json_array_append_new(conditions, one);
    }
    c->out = json_object();
    json_object_set_new(c->out, "customers", reply_u64(x->customers));
    json_object_set_new(c->out, "conditions", conditions);
    json_object_set_new(c->out, "cells", cross_cells(x, j->queries));
}

static bool cross_parse(struct audience_view *view, const struct query_limits *limits, struct call *c,
                        struct cross_job *j)
{
    for (; j->n < json_array_size(j->texts); j->n++) {
        struct query_error qe = { 0 };
        struct query *q = segment_parse(view, member_text(json_array_get(j->texts, j->n)), limits, &qe);
        if (q == NULL || !eval_supported(q, &qe)) {
            query_free(q);
            cross_failed(c, j->n, &qe);
            return false;
        }
        j->queries[j->n] = q;
    }
    return true;
}

static void cross_run(const struct engine_view *v, struct call *c)
{
    struct cross_job *j = c->job;
    struct query_error qe = { 0 };
    struct cross x;
    size_t at = 0;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    const struct eval_options o = call_eval_options(v);
    if (cross_parse(view, o.limits, c, j)) {
        if (cross_count(view, (const struct query *const *)j->queries, j->n, &o, &x, &at, &qe, &c->err)) {
            cross_put(c, j, &x);
            json_object_set_new(c->out, "evaluated", reply_instant(v->now));
        } else if (qe.code != 0) {
            cross_failed(c, at, &qe);
        }
    }
    audience_view_end(view);
}

void api_segment_cross(struct call *c)
{
    struct cross_asked q = { NULL };
    struct cross_job *j =
        call_members(c, CROSS_MEMBERS, 1, &q) ? call_job(c, sizeof *j, cross_release) : NULL;
    if (j != NULL) {
        j->texts = q.queries;
        call_read(c, cross_run, NULL);
    }
}
