/* /v1/segments: named queries, and queries without a name. */
#include "api/call.h"
#include "api/segment_watch.h"
#include "audience/eval.h"
#include "audience/segment.h"
#include "engine/facts.h"
#include "store/customers.h"
#include "store/spool.h"

#include <stdlib.h>

struct segment_asked {
    struct strv query;
};

static const struct member SEGMENT_MEMBERS[] = {
    { "query", MEMBER_TEXT, true, offsetof(struct segment_asked, query), 1, 4 * QUERY_DEFAULT_LENGTH },
};

/* --- PUT and DELETE --- */

struct segment_job {
    struct strv query; /* of the body; for a stored one, `stored` */
    char *stored;
    uint32_t version;
    bool active;
    struct call_caller caller;
};

static void segment_release(void *job)
{
    free(((struct segment_job *)job)->stored);
}

static bool segment_take_version(void *ctx, const struct segment *s)
{
    *(uint32_t *)ctx = s->version;
    return true;
}

/* The version that is stored; 0: there is none of that name. */
static uint32_t segment_version(const struct engine_view *v, struct strv name)
{
    uint32_t version = 0;
    struct audience_view *view = audience_view_begin(v->audience, NULL);
    if (view != NULL) {
        segment_get(view, name, segment_take_version, &version, NULL);
        audience_view_end(view);
    }
    return version;
}

/* What this version cannot evaluate is refused before it is stored. */
static bool segment_check(const struct engine_view *v, struct call *c, struct strv text)
{
    struct query_error qe = { 0 };
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return false;
    }
    struct query *q = segment_parse(view, text, &v->facts->shared->limits, &qe);
    bool ok = q != NULL && eval_supported(q, &qe);
    query_free(q);
    audience_view_end(view);
    if (!ok) {
        call_query_failed(c, &qe);
    }
    return ok;
}

static void segment_run_put(const struct engine_view *v, struct call *c)
{
    struct segment_job *j = c->job;
    struct query_error qe = { 0 };
    if (!segment_check(v, c, j->query)) {
        return;
    }
    uint32_t before = segment_version(v, c->param[0]);
    char who[CALL_CALLER_SIZE];
    const struct segment_by by = { v->now, call_caller_name(&j->caller, who) };
    if (!segment_save(v->audience, c->param[0], j->query, SEGMENT_PUT, &v->facts->shared->limits, &by, &qe,
                      &c->err)) {
        c->query_error = qe;
        return;
    }
    c->status = before == 0 ? 201 : 200;
    c->out = json_object();
    json_object_set_new(c->out, "name", reply_text(c->param[0]));
    json_object_set_new(c->out, "query", reply_text(j->query));
    json_object_set_new(c->out, "version", reply_u64(segment_version(v, c->param[0])));
}

static struct segment_job *segment_body(struct call *c)
{
    struct segment_asked q;
    struct segment_job *j =
        call_members(c, SEGMENT_MEMBERS, 1, &q) ? call_job(c, sizeof *j, segment_release) : NULL;
    if (j != NULL) {
        j->query = q.query;
        j->caller = call_caller(c);
    }
    return j;
}

void api_segment_put(struct call *c)
{
    if (segment_body(c) != NULL) {
        call_write(c, segment_run_put, NULL);
    }
}

static void segment_run_remove(const struct engine_view *v, struct call *c)
{
    char who[CALL_CALLER_SIZE];
    const struct segment_by by = { v->now, call_caller_name(c->job, who) };
    segment_delete(v->audience, c->param[0], &by, &c->err);
}

void api_segment_remove(struct call *c)
{
    struct call_caller *caller = call_job(c, sizeof *caller, NULL);
    if (caller != NULL) {
        *caller = call_caller(c);
        call_write(c, segment_run_remove, NULL);
    }
}

/* --- the list --- */

struct segment_listing {
    struct audience_view *view;
    json_t *list;
};

static bool segment_listed(void *ctx, const struct segment *s)
{
    struct segment_listing *x = ctx;
    json_t *one = json_object();
    json_object_set_new(one, "name", reply_text(s->name));
    json_object_set_new(one, "query", reply_text(s->query));
    json_object_set_new(one, "version", reply_u64(s->version));
    json_object_set_new(one, "active", json_boolean(s->active));
    json_object_set_new(one, "events", json_boolean(s->events));
    json_object_set_new(one, "changed", reply_instant(s->changed));
    json_object_set_new(one, "last_count", s->counted_at != 0 ? reply_u64(s->count) : json_null());
    json_object_set_new(one, "last_evaluated", reply_instant(s->counted_at));
    json_object_set_new(one, "watch", segment_watch(x->view, s->name));
    json_array_append_new(x->list, one);
    return true;
}

static void segment_run_list(const struct engine_view *v, struct call *c)
{
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL) {
        struct segment_listing x = { view, json_array() };
        segment_each(view, segment_listed, &x);
        c->out = json_object();
        json_object_set_new(c->out, "segments", x.list);
        audience_view_end(view);
    }
}

void api_segment_list(struct call *c)
{
    call_read(c, segment_run_list, NULL);
}

/* --- evaluation --- */

struct segment_reach {
    struct audience_view *view;
    const struct audience_set *set;
    uint64_t suppressed;
};

static bool segment_count_suppressed(void *ctx, uint64_t number)
{
    struct segment_reach *x = ctx;
    uint32_t id;
    if (customer_find(x->view->txn, number, &id) && audience_set_contains(x->set, id)) {
        x->suppressed++;
    }
    return true;
}

struct segment_depth {
    const struct query_node *leaf;
    unsigned depth;
    bool found;
};

/* How many and, or, not a condition stands in: what a person sees as indentation. */
static void segment_find_depth(const struct query_node *n, unsigned depth, struct segment_depth *x)
{
    if (n == x->leaf) {
        x->depth = depth;
        x->found = true;
        return;
    }
    if (n->kind == QUERY_AND || n->kind == QUERY_OR || n->kind == QUERY_NOT) {
        for (size_t i = 0; i < n->operands.n && !x->found; i++) {
            segment_find_depth(n->operands.items[i], depth + 1, x);
        }
    }
}

static json_t *segment_clauses(struct audience_view *view, const struct query *q,
                               const struct eval_options *o, struct query_error *qe, struct err *e)
{
    struct eval_clause *clauses = calloc(q->clauses + 1, sizeof *clauses);
    if (clauses == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    json_t *list = NULL;
    if (eval_breakdown(view, q, o, clauses, qe, e)) {
        list = json_array();
        for (uint32_t i = 0; i < q->clauses; i++) {
            struct segment_depth d = { .leaf = clauses[i].node };
            segment_find_depth(q->root, 0, &d);
            json_t *one = json_object();
            json_object_set_new(one, "clause", reply_text(query_node_text(q, clauses[i].node)));
            json_object_set_new(one, "depth", reply_u64(d.depth));
            json_object_set_new(one, "count", reply_u64(clauses[i].count));
            json_object_set_new(one, "unset", reply_u64(clauses[i].unset));
            json_array_append_new(list, one);
        }
    }
    free(clauses);
    return list;
}

static uint64_t segment_reachable(const struct engine_view *v, struct audience_view *view,
                                  const struct audience_set *set)
{
    struct segment_reach reach = { .view = view, .set = set };
    spool_each_suppressed(v->spool, segment_count_suppressed, &reach);
    return audience_set_count(set) - reach.suppressed;
}

static void segment_count(const struct engine_view *v, struct audience_view *view, struct strv text,
                          struct call *c)
{
    struct query_error qe = { 0 };
    struct query *q = segment_parse(view, text, &v->facts->shared->limits, &qe);
    if (q == NULL || !eval_supported(q, &qe)) {
        query_free(q);
        call_query_failed(c, &qe);
        return;
    }
    const struct eval_options o = call_eval_options(v);
    usec_t began = clock_mono(c->api->clock);
    struct audience_set *set = eval_query(view, q, &o, &qe, &c->err);
    json_t *clauses = set != NULL ? segment_clauses(view, q, &o, &qe, &c->err) : NULL;
    if (clauses == NULL) {
        c->query_error = qe;
    } else {
        json_object_set_new(c->out, "count", reply_u64(audience_set_count(set)));
        json_object_set_new(c->out, "reachable", reply_u64(segment_reachable(v, view, set)));
        json_object_set_new(c->out, "customers", reply_u64(audience_count(view)));
        json_object_set_new(c->out, "evaluated", reply_instant(v->now));
        json_object_set_new(c->out, "took_ms",
                            json_real((double)((clock_mono(c->api->clock) - began) / 10) / 100.0));
        json_object_set_new(c->out, "clauses", clauses);
    }
    audience_set_free(set);
    query_free(q);
}

static void segment_run_evaluate(const struct engine_view *v, struct call *c)
{
    struct segment_job *j = c->job;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL) {
        c->out = json_object();
        json_object_set_new(c->out, "query", reply_text(j->query));
        segment_count(v, view, j->query, c);
        audience_view_end(view);
    }
}

void api_segment_evaluate(struct call *c)
{
    if (segment_body(c) != NULL) {
        call_read(c, segment_run_evaluate, NULL);
    }
}

/* --- GET /v1/segments/NAME --- */

/* What an evaluation counted, on its way to the audience's writer. */
struct segment_note {
    struct strv name;
    uint32_t version;
    uint64_t change, count;
    usec_t at;
    char text[SEGMENT_MAX_NAME + 1];
};

struct segment_show_job {
    struct segment_job job; /* first: segment_release frees it */
    struct segment_note note;
};

static bool segment_take(void *ctx, const struct segment *s)
{
    struct segment_job *j = ctx;
    j->stored = strv_dup(s->query);
    j->query = (struct strv){ j->stored, j->stored != NULL ? s->query.n : 0 };
    j->version = s->version;
    j->active = s->active;
    return true;
}

static bool segment_put_name(void *ctx, struct strv name)
{
    json_array_append_new(ctx, reply_text(name));
    return true;
}

static void segment_put_references(struct audience_view *view, const struct segment_job *j, struct call *c)
{
    json_t *to = json_array(), *by = json_array();
    struct query *q = query_parse(j->query, NULL, NULL);
    if (q != NULL) {
        segment_references(q, segment_put_name, to);
    }
    query_free(q);
    segment_users(view, c->param[0], segment_put_name, by);
    json_object_set_new(c->out, "refers_to", to);
    json_object_set_new(c->out, "referred_to_by", by);
}

static void segment_run_show(const struct engine_view *v, struct call *c)
{
    struct segment_show_job *j = c->job;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    if (segment_get(view, c->param[0], segment_take, &j->job, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "name", reply_text(c->param[0]));
        json_object_set_new(c->out, "query", reply_text(j->job.query));
        json_object_set_new(c->out, "version", reply_u64(j->job.version));
        json_object_set_new(c->out, "active", json_boolean(j->job.active));
        segment_put_references(view, &j->job, c);
        segment_count(v, view, j->job.query, c);
        j->note = (struct segment_note){
            .version = j->job.version,
            .change = view->change,
            .count = (uint64_t)json_integer_value(json_object_get(c->out, "count")),
            .at = v->now,
        };
    }
    audience_view_end(view);
}

static void segment_run_note(const struct engine_view *v, void *note)
{
    struct segment_note *n = note;
    if (!v->stopping) {
        segment_note_count(v->audience, n->name, n->version, n->change, n->count, n->at, NULL);
    }
}

static void segment_then_show(struct call *c)
{
    /* Noted behind the answer's back: nobody waits for it, and a full queue may drop it. */
    struct segment_note *n = malloc(sizeof *n);
    if (n != NULL && c->param[0].n < sizeof n->text) {
        *n = ((struct segment_show_job *)c->job)->note;
        strv_copy(c->param[0], n->text, sizeof n->text);
        n->name = strv_from(n->text);
        if (engine_write(c->api->engine, segment_run_note, free, n, NULL)) {
            n = NULL;
        }
    }
    free(n);
    call_reply(c);
}

void api_segment_show(struct call *c)
{
    if (call_job(c, sizeof(struct segment_show_job), segment_release) != NULL) {
        call_read(c, segment_run_show, segment_then_show);
    }
}
