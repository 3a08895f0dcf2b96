#include "audience/amend.h"

#include "api/call.h"
#include "api/import_facts.h"
#include "api/view.h"
#include "audience/load.h"
#include "domain/number.h"
#include "store/dict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct amend_job {
    uint64_t number;
    bool create;
    size_t n;
    struct amend_field *fields;
    struct buf *texts; /* three of each: value, add, remove */
    json_t *changes;
};

static void amend_release(void *job)
{
    struct amend_job *j = job;
    for (size_t i = 0; j->texts != NULL && i < 3 * j->n; i++) {
        buf_free(&j->texts[i]);
    }
    free(j->texts);
    free(j->fields);
    json_decref(j->changes);
}

/* --- what was asked --- */

static struct strv amend_view(const struct buf *b)
{
    return (struct strv){ (const char *)b->data, b->len };
}

/* Texts, numbers and yes/no, as a cell of a file would have them. */
static bool amend_put_scalar(struct buf *out, const json_t *v, const char *name, struct err *e)
{
    struct strv s = member_text(v);
    if (json_is_string(v) && strv_trim(s).n == 0) {
        return err_set(e, ERR_INVALID, "\"%.64s\" is empty: null takes the value away", name);
    }
    if (json_is_string(v) && (memchr(s.p, IMPORT_MEMBER, s.n) || memchr(s.p, IMPORT_NESTED, s.n))) {
        return err_set(e, ERR_INVALID, "\"%.64s\" has a control character in it", name);
    }
    if (json_is_string(v)) {
        buf_put_strv(out, s);
    } else if (json_is_boolean(v)) {
        buf_put_strv(out, json_is_true(v) ? STRV("yes") : STRV("no"));
    } else if (json_is_integer(v)) {
        buf_printf(out, "%lld", (long long)json_integer_value(v));
    } else if (json_is_real(v)) {
        buf_printf(out, "%.15g", json_real_value(v));
    } else {
        return err_set(e, ERR_INVALID, "\"%.64s\": members are texts, numbers or true and false", name);
    }
    return true;
}

static bool amend_put_members(struct buf *out, const json_t *list, const char *name, struct err *e)
{
    size_t i;
    json_t *v;
    if (!json_is_array(list)) {
        return err_set(e, ERR_INVALID, "\"%.64s\": \"add\" and \"remove\" are lists of members", name);
    }
    if (json_array_size(list) > IMPORT_MAX_MEMBERS) {
        return err_set(e, ERR_LIMIT, "\"%.64s\" has more than %d members", name, IMPORT_MAX_MEMBERS);
    }
    json_array_foreach(list, i, v)
    {
        buf_put_u8(out, IMPORT_MEMBER);
        if (!amend_put_scalar(out, v, name, e)) {
            return false;
        }
    }
    return true;
}

static bool amend_put_edit(struct amend_field *f, struct buf texts[3], const json_t *v, const char *name,
                           struct err *e)
{
    static const char *const kinds[] = { "add", "remove" };
    const json_t *list;
    size_t known = 0;
    for (size_t i = 0; i < 2; i++) {
        if ((list = json_object_get(v, kinds[i])) != NULL) {
            known++;
            if (!amend_put_members(&texts[1 + i], list, name, e)) {
                return false;
            }
        }
    }
    if (known == 0 || json_object_size(v) != known) {
        return err_set(e, ERR_INVALID,
                       "\"%.64s\" may be {\"add\": [...], \"remove\": [...]}, and nothing else", name);
    }
    f->what = AMEND_EDIT;
    f->add = amend_view(&texts[1]);
    f->remove = amend_view(&texts[2]);
    return true;
}

static bool amend_put_field(struct amend_field *f, struct buf texts[3], const char *name, const json_t *v,
                            struct err *e)
{
    bool ok = true;
    f->name = strv_from(name);
    if (json_is_null(v)) {
        f->what = AMEND_UNSET;
    } else if (json_is_object(v)) {
        ok = amend_put_edit(f, texts, v, name, e);
    } else {
        f->what = json_is_array(v) ? AMEND_LIST : AMEND_VALUE;
        ok = json_is_array(v) ? amend_put_members(&texts[0], v, name, e)
                              : amend_put_scalar(&texts[0], v, name, e);
        f->value = amend_view(&texts[0]);
    }
    for (size_t i = 0; ok && i < 3; i++) {
        ok = !texts[i].failed || err_set(e, ERR_NOMEM, "out of memory");
    }
    return ok;
}

static bool amend_read(struct call *c, struct amend_job *j)
{
    const char *name;
    json_t *v;
    size_t n = json_object_size(c->in), i = 0;
    if (n > AMEND_MAX_FIELDS) {
        return err_set(&c->err, ERR_LIMIT, "%zu fields; at most %d are possible", n, AMEND_MAX_FIELDS);
    }
    if (n == 0 && !j->create) {
        return err_set(&c->err, ERR_INVALID, "there is nothing to change: {\"FIELD\": value}");
    }
    j->fields = calloc(n + 1, sizeof *j->fields);
    j->texts = calloc(3 * n + 1, sizeof *j->texts);
    if (j->fields == NULL || j->texts == NULL) {
        return err_set(&c->err, ERR_NOMEM, "out of memory");
    }
    j->n = n;
    json_object_foreach(c->in, name, v)
    {
        if (!amend_put_field(&j->fields[i], &j->texts[3 * i], name, v, &c->err)) {
            return false;
        }
        i++;
    }
    return true;
}

/* International form, or that of the region. */
static bool amend_number(struct call *c, uint64_t *out)
{
    const struct numbering *n = engine_facts(c->api->engine)->shared->numbering;
    struct strv region = call_query(c, "region");
    if (region.n == 0) {
        return call_number(c, c->param[0], out);
    }
    if (!call_region(c, region)) {
        return false;
    }
    if (!number_parse(n, c->param[0], region, out, &c->err)) {
        call_reply(c);
        return false;
    }
    return true;
}

/* --- on the audience's writer --- */

static json_t *amend_value(struct catalog_txn *t, const struct schema_field *f,
                           const struct customer_value *v)
{
    struct buf text = { 0 };
    if (v == NULL) {
        return json_null();
    }
    if (v->type == SCHEMA_SET) {
        return view_members(t, v);
    }
    audience_value_text(t, f, v, &text);
    json_t *out = reply_text(amend_view(&text));
    buf_free(&text);
    return out;
}

static void amend_told(void *ctx, struct catalog_txn *t, const struct schema_field *f,
                       const struct customer_value *before, const struct customer_value *after)
{
    struct amend_job *j = ((struct call *)ctx)->job;
    json_t *one = json_object();
    json_object_set_new(one, "field", reply_text(f->name));
    json_object_set_new(one, "from", amend_value(t, f, before));
    json_object_set_new(one, "to", amend_value(t, f, after));
    json_array_append_new(j->changes, one);
}

struct amend_batch {
    struct api *api;
    struct err err; /* of all */
    size_t n;
    struct call *calls[AMEND_BATCH];
    struct amend_request requests[AMEND_BATCH];
};

static void amend_run(const struct engine_view *v, void *batch)
{
    struct amend_batch *b = batch;
    struct import_facts facts;
    struct audience_import_options numbers = { 0 };
    if (v->stopping) {
        err_set(&b->err, ERR_BUSY, "the daemon is stopping");
        return;
    }
    import_facts_init(&facts, strv_from(NULL), &numbers);
    facts.facts = v->facts;
    const struct amend_options o = { .now = v->now, .locator = numbers.locator, .told = amend_told };
    for (size_t i = 0; i < b->n; i++) {
        struct amend_job *j = b->calls[i]->job;
        j->changes = json_array();
        b->requests[i] = (struct amend_request){
            .msisdn = j->number, .create = j->create, .fields = j->fields, .n = j->n, .ctx = b->calls[i]
        };
    }
    amend_customers(v->audience, &o, b->requests, b->n, &b->err);
}

/* --- on the loop --- */

static void amend_answer(struct call *c, const struct amend_request *q)
{
    struct amend_job *j = c->job;
    c->err = q->err;
    if (c->err.code == ERR_NONE) {
        c->status = q->created ? 201 : 200;
        c->out = json_object();
        json_object_set_new(c->out, "number", reply_number(j->number));
        json_object_set_new(c->out, "created", json_boolean(q->created));
        json_object_set_new(c->out, "changed", json_boolean(q->changed));
        json_object_set(c->out, "changes", j->changes);
    }
    call_reply(c);
}

static void amend_refuse_all(struct amend_queue *q, const struct err *e)
{
    for (size_t n = q->n; n > 0; n--) { /* with the last call the queue may go */
        struct call *c = q->waiting[n - 1];
        q->n = n - 1;
        c->err = *e;
        call_reply(c);
    }
}

static void amend_next(struct api *a);

static void amend_done(void *batch)
{
    struct amend_batch *b = batch;
    struct api *a = b->api;
    a->calls++; /* it stays until the end of this function */
    a->amend.running = false;
    if (a->engine == NULL) {
        const struct err stopping = { .code = ERR_BUSY, .text = "the daemon is stopping" };
        amend_refuse_all(&a->amend, &stopping);
    } else {
        amend_next(a);
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->err.code != ERR_NONE) {
            b->requests[i].err = b->err;
        }
        amend_answer(b->calls[i], &b->requests[i]);
    }
    free(b);
    if (--a->calls == 0 && a->engine == NULL) {
        free(a);
    }
}

/* What waits becomes a transaction, when none is under way. */
static void amend_next(struct api *a)
{
    struct amend_queue *q = &a->amend;
    struct err e = { 0 };
    if (q->running || q->n == 0) {
        return;
    }
    struct amend_batch *b = calloc(1, sizeof *b);
    if (b == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        amend_refuse_all(q, &e);
        return;
    }
    b->api = a;
    b->n = q->n < AMEND_BATCH ? q->n : AMEND_BATCH;
    memcpy(b->calls, q->waiting, b->n * sizeof(struct call *));
    if (!engine_write(a->engine, amend_run, amend_done, b, &e)) {
        free(b);
        amend_refuse_all(q, &e);
        return;
    }
    q->running = true;
    q->n -= b->n;
    memmove(q->waiting, q->waiting + b->n, q->n * sizeof(struct call *));
}

void api_customer_amend(struct call *c)
{
    uint64_t number;
    bool create = false;
    struct api *a = c->api;
    if (!call_query_flag(c, "create", &create) || !amend_number(c, &number)) {
        return;
    }
    struct amend_job *j = call_job(c, sizeof *j, amend_release);
    if (j == NULL) {
        return;
    }
    j->number = number;
    j->create = create;
    if (!amend_read(c, j)) {
        call_reply(c);
        return;
    }
    if (a->amend.n == AMEND_WAITING) {
        call_fail(c, ERR_BUSY, "%d changes of customers wait already; try again later", AMEND_WAITING);
        return;
    }
    a->amend.waiting[a->amend.n++] = c;
    amend_next(a);
}
