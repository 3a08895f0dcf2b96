/* /v1/receipts/unknown: receipts whose message nobody knows. */
#include "api/call.h"

#include <string.h>

struct receipt_job {
    int carrier; /* -1: all */
    uint64_t before, limit;
};

static bool receipt_listed(void *ctx, const struct spool_unknown_view *v)
{
    const char *stage = spool_stage_name(v->stage);
    json_t *o = json_object();
    json_object_set_new(o, "id", reply_id(v->seq));
    json_object_set_new(o, "carrier", reply_u64(v->carrier));
    json_object_set_new(o, "carrier_id", reply_text(v->carrier_id));
    json_object_set_new(o, "number", v->to != 0 ? reply_number(v->to) : json_null());
    json_object_set_new(o, "state",
                        reply_cstr(v->state != MESSAGE_SENT ? message_state_name(v->state)
                                   : stage != NULL          ? stage
                                                            : "other"));
    json_object_set_new(o, "error", v->error != 0 ? reply_u64(v->error) : json_null());
    json_object_set_new(o, "at", reply_instant(v->at));
    json_array_append_new(ctx, o);
    return true;
}

static void receipt_run_list(const struct engine_view *v, struct call *c)
{
    struct receipt_job *j = c->job;
    json_t *list = json_array();
    uint64_t next =
        spool_find_unknown(v->spool, j->carrier, j->before, (size_t)j->limit, receipt_listed, list);
    c->out = json_object();
    json_object_set_new(c->out, "receipts", list);
    call_put_next(c, next);
}

static void receipt_then_list(struct call *c)
{
    json_t *list = json_object_get(c->out, "receipts"), *one;
    size_t i;
    json_array_foreach(list, i, one)
    {
        size_t number = (size_t)json_integer_value(json_object_get(one, "carrier"));
        const char *name = engine_carrier_name(c->api->engine, number);
        json_object_set_new(one, "carrier", name != NULL ? reply_cstr(name) : json_null());
    }
    call_reply(c);
}

static bool receipt_carrier(struct call *c, int *number)
{
    struct strv name = call_query(c, "carrier");
    *number = -1;
    for (size_t i = 0; name.n > 0 && i < engine_carrier_count(c->api->engine); i++) {
        if (strv_eq_c(name, engine_carrier_name(c->api->engine, i))) {
            *number = (int)i;
        }
    }
    if (name.n > 0 && *number < 0) {
        engine_carrier_find(c->api->engine, name, &c->err); /* says what there is */
        call_reply(c);
        return false;
    }
    return true;
}

void api_receipt_unknown(struct call *c)
{
    struct receipt_job q = { 0 };
    if (!receipt_carrier(c, &q.carrier) || !call_page(c, &q.before, &q.limit)) {
        return;
    }
    struct receipt_job *j = call_job(c, sizeof *j, NULL);
    if (j != NULL) {
        *j = q;
        call_read(c, receipt_run_list, receipt_then_list);
    }
}
