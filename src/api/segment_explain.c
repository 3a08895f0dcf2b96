/* The plan of a segment or query as it runs, and why a customer is or is not a member. */
#include "api/call.h"
#include "audience/explain.h"
#include "audience/segment.h"
#include "engine/facts.h"
#include "store/customers.h"

#include <stdlib.h>

struct explain_asked {
    struct strv query, number;
};

static const struct member EXPLAIN_MEMBERS[] = {
    { "query", MEMBER_TEXT, true, offsetof(struct explain_asked, query), 1, CALL_MAX_JSON },
    { "number", MEMBER_TEXT, true, offsetof(struct explain_asked, number), 1, 100 },
};

struct explain_job {
    struct strv query; /* "" = the segment of the path */
    char *stored;
    uint64_t number;
    void (*run)(const struct engine_view *v, struct audience_view *view, struct call *c,
                const struct query *q);
};

static void explain_release(void *job)
{
    free(((struct explain_job *)job)->stored);
}

static bool explain_take(void *ctx, const struct segment *s)
{
    struct explain_job *j = ctx;
    j->stored = strv_dup(s->query);
    j->query = (struct strv){ j->stored, j->stored != NULL ? s->query.n : 0 };
    return true;
}

static void explain_run(const struct engine_view *v, struct call *c)
{
    struct explain_job *j = c->job;
    struct query_error qe = { 0 };
    const bool named = j->query.n == 0;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL && (!named || segment_get(view, c->param[0], explain_take, j, &c->err))) {
        struct query *q = segment_parse(view, j->query, &v->facts->shared->limits, &qe);
        if (q != NULL && eval_supported(q, &qe)) {
            c->out = json_object();
            if (named) {
                json_object_set_new(c->out, "name", reply_text(c->param[0]));
            }
            json_object_set_new(c->out, "query", reply_text(j->query));
            j->run(v, view, c, q);
        } else {
            call_query_failed(c, &qe);
        }
        query_free(q);
    }
    audience_view_end(view);
}

/* --- the plan --- */

static json_t *explain_ms(usec_t took)
{
    return json_real((double)(took / 10) / 100.0);
}

static json_t *explain_step(const struct explain_step *s)
{
    json_t *one = json_object();
    json_object_set_new(one, "step", reply_text(s->text));
    if (s->condition) {
        json_object_set_new(one, "how", reply_cstr(s->how));
    }
    json_object_set_new(one, "count", reply_u64(s->count));
    if (s->condition) {
        json_object_set_new(one, "unset", reply_u64(s->unset));
    }
    json_object_set_new(one, "looked_at", reply_u64(s->looked_at));
    json_object_set_new(one, "left", reply_u64(s->left));
    json_object_set_new(one, "took_ms", explain_ms(s->took));
    return one;
}

/* The steps below step *at, nested; *at is moved past them. */
static json_t *explain_nest(const struct explain *x, size_t *at, unsigned depth)
{
    json_t *list = json_array();
    while (*at < x->n && x->steps[*at].depth == depth) {
        json_t *one = explain_step(&x->steps[(*at)++]);
        json_t *below = explain_nest(x, at, depth + 1);
        if (json_array_size(below) != 0) {
            json_object_set(one, "steps", below);
        }
        json_decref(below);
        json_array_append_new(list, one);
    }
    return list;
}

static void explain_plan(const struct engine_view *v, struct audience_view *view, struct call *c,
                         const struct query *q)
{
    const struct eval_options o = call_eval_options(v);
    struct query_error qe = { 0 };
    struct explain x;
    size_t at = 0;
    usec_t began = clock_mono(c->api->clock);
    struct audience_set *set = eval_query(view, q, &o, &qe, &c->err); /* as it runs where nobody asks */
    usec_t took = clock_mono(c->api->clock) - began;
    if (set != NULL && explain_query(view, q, &o, c->api->clock, &x, &qe, &c->err)) {
        json_object_set_new(c->out, "count", reply_u64(x.count));
        json_object_set_new(c->out, "customers", reply_u64(x.customers));
        json_object_set_new(c->out, "evaluated", reply_instant(v->now));
        json_object_set_new(c->out, "took_ms", explain_ms(took));
        json_object_set_new(c->out, "steps", explain_nest(&x, &at, 0));
    } else {
        c->query_error = qe;
    }
    if (set != NULL) {
        explain_free(&x);
    }
    audience_set_free(set);
}

/* --- one customer --- */

static bool explain_reason(void *ctx, const struct explain_reason *r)
{
    json_t *one = json_object();
    json_object_set_new(one, "step", reply_text(r->text));
    json_object_set_new(one, "depth", reply_u64(r->depth));
    json_object_set_new(one, "holds", json_boolean(r->holds));
    if (r->has_value) {
        json_object_set_new(one, "found", r->value.n != 0 ? reply_text(r->value) : json_null());
    }
    json_array_append_new(ctx, one);
    return true;
}

static void explain_why_of(const struct engine_view *v, struct audience_view *view, struct call *c,
                           const struct query *q)
{
    const struct explain_job *j = c->job;
    const struct eval_options o = call_eval_options(v);
    struct query_error qe = { 0 };
    uint32_t id;
    bool in;
    if (!customer_find(view->txn, j->number, &id)) {
        if (catalog_ok(view->txn, &c->err)) {
            err_set(&c->err, ERR_NOT_FOUND, "there is no customer with this number");
        }
        return;
    }
    json_t *nodes = json_array();
    if (explain_why(view, q, id, &o, &in, explain_reason, nodes, &qe, &c->err)) {
        json_object_set_new(c->out, "number", reply_number(j->number));
        json_object_set_new(c->out, "member", json_boolean(in));
        json_object_set_new(c->out, "evaluated", reply_instant(v->now));
        json_object_set(c->out, "steps", nodes);
    } else {
        c->query_error = qe;
    }
    json_decref(nodes);
}

/* --- routes --- */

static struct explain_job *explain_job(struct call *c, struct strv query)
{
    struct explain_job *j = call_job(c, sizeof *j, explain_release);
    if (j != NULL) {
        j->query = query;
    }
    return j;
}

static void explain_plan_begin(struct call *c, struct strv query)
{
    struct explain_job *j = explain_job(c, query);
    if (j != NULL) {
        j->run = explain_plan;
        call_read(c, explain_run, NULL);
    }
}

static void explain_why_begin(struct call *c, struct strv query, struct strv number)
{
    uint64_t digits;
    struct explain_job *j = call_number(c, number, &digits) ? explain_job(c, query) : NULL;
    if (j != NULL) {
        j->number = digits;
        j->run = explain_why_of;
        call_read(c, explain_run, NULL);
    }
}

void api_segment_explain(struct call *c)
{
    explain_plan_begin(c, (struct strv){ "", 0 });
}

void api_segment_explain_query(struct call *c)
{
    struct explain_asked q = { { 0 }, { 0 } };
    if (call_members(c, EXPLAIN_MEMBERS, 1, &q)) {
        explain_plan_begin(c, q.query);
    }
}

void api_segment_why(struct call *c)
{
    explain_why_begin(c, (struct strv){ "", 0 }, call_query(c, "number"));
}

void api_segment_why_query(struct call *c)
{
    struct explain_asked q = { { 0 }, { 0 } };
    if (call_members(c, EXPLAIN_MEMBERS, 2, &q)) {
        explain_why_begin(c, q.query, q.number);
    }
}
