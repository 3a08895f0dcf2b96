/* /v1/audience/fit: the model of p_alive, as it is and anew. */
#include "api/call.h"
#include "audience/alive.h"
#include "engine/facts.h"

struct fit_job {
    struct alive_fit fit;
};

static json_t *fit_document(const struct alive_fit *f)
{
    json_t *out = json_object();
    json_object_set_new(out, "at", reply_instant(f->at));
    json_object_set_new(out, "r", json_real(f->model.r));
    json_object_set_new(out, "alpha", json_real(f->model.alpha));
    json_object_set_new(out, "a", json_real(f->model.a));
    json_object_set_new(out, "b", json_real(f->model.b));
    json_object_set_new(out, "log_likelihood", json_real(f->log_likelihood));
    json_object_set_new(out, "customers", reply_u64(f->customers));
    json_object_set_new(out, "repeaters", reply_u64(f->repeaters));
    json_object_set_new(out, "fitted", reply_u64(f->fitted));
    json_object_set_new(out, "converged", json_boolean(f->converged));
    return out;
}

static void fit_run_show(const struct engine_view *v, struct call *c)
{
    struct alive_fit fit;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view == NULL) {
        return;
    }
    if (alive_fit_get(view, &fit)) {
        c->out = fit_document(&fit);
    } else {
        err_set(&c->err, ERR_NOT_FOUND, "p_alive has no fit yet: \"tessera audience fit\" makes one");
    }
    audience_view_end(view);
}

void api_fit_show(struct call *c)
{
    call_read(c, fit_run_show, NULL);
}

static void fit_run_make(const struct engine_view *v, struct call *c)
{
    struct fit_job *j = c->job;
    struct audience_view *view = audience_view_begin(v->audience, &c->err);
    if (view != NULL) {
        alive_fit_make(view, v->now, v->facts->zone, &j->fit, &c->err);
        audience_view_end(view);
    }
}

static void fit_run_store(const struct engine_view *v, struct call *c)
{
    struct fit_job *j = c->job;
    if (alive_fit_put(v->audience, &j->fit, &c->err)) {
        c->out = fit_document(&j->fit);
    }
}

static void fit_made(struct call *c)
{
    if (c->err.code != ERR_NONE) {
        call_reply(c);
    } else {
        call_write(c, fit_run_store, NULL);
    }
}

void api_fit_make(struct call *c)
{
    if (call_members(c, NULL, 0, NULL) && call_job(c, sizeof(struct fit_job), NULL) != NULL) {
        call_read(c, fit_run_make, fit_made);
    }
}
