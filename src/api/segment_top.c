/* POST /v1/segments:top: the customers of whom a number is highest. */
#include "api/call.h"
#include "audience/segment.h"
#include "audience/top.h"
#include "engine/facts.h"
#include "store/customers.h"

#include <stdlib.h>

struct top_asked {
    struct strv by, query, segment;
    int64_t limit;
};

#define TOP_AT(m) offsetof(struct top_asked, m)
static const struct member TOP_MEMBERS[] = {
    { "by", MEMBER_TEXT, true, TOP_AT(by), 1, CALL_MAX_JSON },
    { "query", MEMBER_TEXT, false, TOP_AT(query), 1, CALL_MAX_JSON },
    { "segment", MEMBER_TEXT, false, TOP_AT(segment), 1, SEGMENT_MAX_NAME },
    { "limit", MEMBER_INT, false, TOP_AT(limit), 1, CALL_MAX_LIMIT },
};

struct top_job {
    struct top_asked asked;
    char *stored; /* the segment's query */
};

static void top_release(void *job)
{
    free(((struct top_job *)job)->stored);
}

static bool top_take(void *ctx, const struct segment *s)
{
    struct top_job *j = ctx;
    j->stored = strv_dup(s->query);
    j->asked.query = (struct strv){ j->stored, j->stored != NULL ? s->query.n : 0 };
    return true;
}

/* Two texts were given: which of them is at fault stands before what is wrong. */
static void top_failed(struct call *c, const char *which, const struct query_error *qe)
{
    call_query_failed(c, qe);
    struct err told = c->err;
    err_set(&c->err, told.code, "%s: %s", which, told.text);
}

static void top_put_text(json_t *one, const struct audience_view *view, const struct customer_record *r,
                         const char *field)
{
    const struct schema_field *f = schema_find_field(view->schema, strv_from(field));
    const struct customer_value *value = f != NULL ? customer_value(r, f->id) : NULL;
    if (value != NULL && value->type == SCHEMA_TEXT) {
        json_object_set_new(one, field, reply_text(value->text));
    }
}

static json_t *top_rows(const struct audience_view *view, const struct top *t)
{
    json_t *list = json_array();
    struct customer_arena arena = { 0 };
    for (size_t i = 0; i < t->n; i++) {
        json_t *one = json_object();
        struct buf value = { 0 };
        struct customer_record r;
        top_put_value(t, &t->rows[i], &value);
        json_object_set_new(one, "number", reply_number(t->rows[i].msisdn));
        json_object_set_new(one, "value", reply_text((struct strv){ (const char *)value.data, value.len }));
        if (customer_get(view->txn, t->rows[i].customer, &arena, &r)) {
            top_put_text(one, view, &r, "first_name");
            top_put_text(one, view, &r, "last_name");
        }
        json_array_append_new(list, one);
        buf_free(&value);
    }
    customer_arena_free(&arena);
    return list;
}

static void top_evaluate(const struct engine_view *v, struct audience_view *view, struct call *c,
                         const struct query *who, const struct query *number)
{
    struct top_job *j = c->job;
    struct query_error qe = { 0 };
    struct buf by = { 0 };
    struct top t;
    const struct eval_options o = call_eval_options(v);
    if (top_find(view, who, number, (size_t)j->asked.limit, &o, &t, &qe, &c->err)) {
        top_put_number(number, &by);
        c->out = json_object();
        json_object_set_new(c->out, "by", reply_text((struct strv){ (const char *)by.data, by.len }));
        json_object_set_new(c->out, "among", reply_u64(t.among));
        json_object_set_new(c->out, "with", reply_u64(t.with));
        json_object_set_new(c->out, "top", top_rows(view, &t));
        json_object_set_new(c->out, "evaluated", reply_instant(v->now));
    } else if (qe.code != 0) {
        call_query_failed(c, &qe);
    }
    buf_free(&by);
    top_free(&t);
}

static void top_run(const struct engine_view *v, struct call *c)
{
    struct top_job *j = c->job;
    const struct query_limits *limits = &v->facts->shared->limits;
    struct query_error qe = { 0 };
    struct query *who = NULL, *number = NULL;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL &&
        (j->asked.segment.n == 0 || segment_get(view, j->asked.segment, top_take, j, &c->err))) {
        who = j->asked.query.n != 0 ? segment_parse(view, j->asked.query, limits, &qe) : NULL;
        if (j->asked.query.n != 0 && (who == NULL || !eval_supported(who, &qe))) {
            top_failed(c, "query", &qe);
        } else if ((number = top_parse(view, j->asked.by, limits, &qe)) == NULL) {
            top_failed(c, "by", &qe);
        } else {
            top_evaluate(v, view, c, who, number);
        }
    }
    query_free(who);
    query_free(number);
    audience_view_end(view);
}

void api_segment_top(struct call *c)
{
    struct top_asked q = { .limit = 10 };
    if (!call_members(c, TOP_MEMBERS, sizeof TOP_MEMBERS / sizeof *TOP_MEMBERS, &q)) {
        return;
    }
    if (q.query.n != 0 && q.segment.n != 0) {
        call_fail(c, ERR_INVALID, "either \"query\" or \"segment\" says who, not both");
        return;
    }
    struct top_job *j = call_job(c, sizeof *j, top_release);
    if (j != NULL) {
        j->asked = q;
        call_read(c, top_run, NULL);
    }
}
