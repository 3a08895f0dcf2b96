/* /v1/store: whether the stores are whole, the index built anew, what was deleted taken out of the files. */
#include "api/store.h"

#include "api/call.h"
#include "audience/fields.h"
#include "audience/rebuild.h"
#include "store/spool_check.h"

#include <stdlib.h>

/* The one rebuild there is at a time; a slice a job of the audience writer, so that imports and activity come
 * in between. Belongs to the loop while no slice runs. */
struct store_rebuild {
    struct api *api; /* NULL: the API has gone; the slice under way is the last */
    struct audience_rebuild state;
    struct err err;
    usec_t began, ended;
    bool running;
    struct audience_clearing clearing;
    struct err clear_err;
    bool is_clearing;
    struct audience_changing changing;
    struct err change_err;
    bool is_changing;
};

struct store_rebuild *store_rebuild_new(struct api *a)
{
    struct store_rebuild *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->api = a;
    }
    return r;
}

void store_rebuild_free(struct store_rebuild *r)
{
    if (r != NULL && (r->running || r->is_clearing || r->is_changing)) {
        r->api = NULL; /* the last of store_done() and clear_done() frees it */
    } else {
        free(r);
    }
}

/* --- GET /v1/store/check --- */

static bool store_verify(const struct engine_view *v, json_t *out, struct err *e)
{
    struct audience_view *view = audience_view_begin(v->audience, e);
    bool ok = view != NULL && audience_verify(view, e);
    if (view != NULL) {
        json_object_set_new(out, "customers", reply_u64(audience_count(view)));
    }
    audience_view_end(view);
    return ok;
}

static void store_put(json_t *out, const char *name, bool ok, const struct err *e)
{
    json_t *one = json_object();
    json_object_set_new(one, "ok", json_boolean(ok));
    if (!ok) {
        json_object_set_new(one, "problem", reply_cstr(e->text));
    }
    json_object_set_new(out, name, one);
}

static void store_run_check(const struct engine_view *v, struct call *c)
{
    struct err audience = { 0 }, spool = { 0 };
    struct spool_checked checked;
    c->out = json_object();
    bool whole = store_verify(v, c->out, &audience), same = spool_check(v->spool, &checked, &spool);
    json_object_set_new(c->out, "ok", json_boolean(whole && same));
    store_put(c->out, "audience", whole, &audience);
    store_put(c->out, "spool", same, &spool);
    json_object_set_new(c->out, "messages", reply_u64(checked.messages));
    json_object_set_new(c->out, "inbound", reply_u64(checked.inbound));
    json_object_set_new(c->out, "votes", reply_u64(checked.votes));
    json_object_set_new(c->out, "consents", reply_u64(checked.consents));
}

void api_store_check(struct call *c)
{
    call_read(c, store_run_check, NULL);
}

/* --- /v1/store/rebuild --- */

static json_t *store_progress(const struct store_rebuild *r)
{
    json_t *out = json_object();
    json_object_set_new(out, "running", json_boolean(r->running));
    json_object_set_new(out, "finished", json_boolean(r->state.finished));
    json_object_set_new(out, "slices", reply_u64(r->state.done));
    json_object_set_new(out, "of", reply_u64(r->state.total));
    json_object_set_new(out, "stray_numbers", reply_u64(r->state.stray));
    json_object_set_new(out, "began", reply_instant(r->began));
    json_object_set_new(out, "ended", reply_instant(r->ended));
    if (r->err.code != ERR_NONE) {
        json_object_set_new(out, "problem", reply_cstr(r->err.text));
    }
    return out;
}

static void store_run_slice(const struct engine_view *v, void *job)
{
    struct store_rebuild *r = job;
    if (v->stopping) {
        err_set(&r->err, ERR_BUSY, "the daemon was stopped: begin it again");
    } else {
        audience_rebuild_slice(v->audience, &r->state, &r->err);
    }
}

static void store_done(void *job)
{
    struct store_rebuild *r = job;
    struct api *a = r->api;
    r->running = false;
    if (a == NULL || a->engine == NULL) {
        if (a == NULL && !r->is_clearing && !r->is_changing) {
            free(r);
        }
        return;
    }
    if (r->err.code == ERR_NONE && !r->state.finished) {
        r->running = engine_write(a->engine, store_run_slice, store_done, r, &r->err);
    }
    if (!r->running) {
        r->ended = engine_wall(a->engine);
        log_event(a->log, r->err.code == ERR_NONE ? LOG_INFO : LOG_ERROR,
                  r->err.code == ERR_NONE ? "index_rebuilt" : "rebuild_failed", "slices=%llu text=%s",
                  (unsigned long long)r->state.done, log_quote(strv_from(r->err.text)).s);
    }
}

void api_store_rebuild(struct call *c)
{
    struct store_rebuild *r = c->api->rebuild;
    if (!r->running) {
        r->state = (struct audience_rebuild){ 0 };
        r->err = (struct err){ 0 };
        r->began = engine_wall(c->api->engine);
        r->ended = 0;
        r->running = engine_write(c->api->engine, store_run_slice, store_done, r, &c->err);
    }
    if (r->running) {
        c->out = store_progress(r);
        c->status = 202;
    }
    call_reply(c);
}

void api_store_rebuild_show(struct call *c)
{
    c->out = store_progress(c->api->rebuild);
    call_reply(c);
}

/* --- what dropped fields have left --- */

static void clear_run(const struct engine_view *v, void *job)
{
    struct store_rebuild *r = job;
    if (!v->stopping) {
        audience_clear_fields(v->audience, &r->clearing, &r->clear_err);
    }
}

static void clear_done(void *job)
{
    struct store_rebuild *r = job;
    struct api *a = r->api;
    r->is_clearing = false;
    if (a == NULL || a->engine == NULL) {
        if (a == NULL && !r->running && !r->is_changing) {
            free(r);
        }
        return;
    }
    if (r->clear_err.code != ERR_NONE) {
        log_event(a->log, LOG_ERROR, "clear_failed", "text=%s", log_quote(strv_from(r->clear_err.text)).s);
    } else if (!r->clearing.finished) {
        r->is_clearing = engine_write(a->engine, clear_run, clear_done, r, &r->clear_err);
    } else if (r->clearing.cleared != 0) {
        log_event(a->log, LOG_INFO, "fields_cleared", "customers=%llu",
                  (unsigned long long)r->clearing.cleared);
    }
}

void store_clear_fields(struct store_rebuild *r)
{
    if (r == NULL || r->api->engine == NULL) {
        return;
    }
    r->clearing.finished = false;
    r->clear_err = (struct err){ 0 };
    if (!r->is_clearing) {
        r->clearing = (struct audience_clearing){ 0 };
        r->is_clearing = engine_write(r->api->engine, clear_run, clear_done, r, &r->clear_err);
    }
}

/* --- a field changes its type --- */

static void change_run(const struct engine_view *v, void *job)
{
    struct store_rebuild *r = job;
    if (v->stopping) {
        err_set(&r->change_err, ERR_BUSY, "the daemon was stopped: begin it again");
    } else {
        audience_change_part(v->audience, &r->changing, &r->change_err);
    }
}

static void change_done(void *job)
{
    struct store_rebuild *r = job;
    struct api *a = r->api;
    r->is_changing = false;
    if (a == NULL || a->engine == NULL) {
        if (a == NULL && !r->running && !r->is_clearing) {
            free(r);
        }
        return;
    }
    if (r->change_err.code == ERR_NONE && !r->changing.finished) {
        r->is_changing = engine_write(a->engine, change_run, change_done, r, &r->change_err);
    }
    if (!r->is_changing) {
        log_event(a->log, r->change_err.code == ERR_NONE ? LOG_INFO : LOG_WARN, "field_changed",
                  "field=%s text=%s", log_quote(strv_from(r->changing.name)).s,
                  log_quote(strv_from(r->change_err.text)).s);
        store_clear_fields(r);
    }
}

bool store_is_changing(const struct store_rebuild *r)
{
    return r->is_changing;
}

void store_change_field(struct store_rebuild *r, const struct audience_changing *c)
{
    r->changing = *c;
    r->change_err = (struct err){ 0 };
    r->is_changing = engine_write(r->api->engine, change_run, change_done, r, &r->change_err);
}

json_t *store_change_progress(const struct store_rebuild *r)
{
    json_t *out = json_object();
    json_object_set_new(out, "name", reply_cstr(r->changing.name));
    json_object_set_new(out, "running", json_boolean(r->is_changing));
    json_object_set_new(out, "finished", json_boolean(!r->is_changing && r->changing.finished));
    json_object_set_new(out, "customers", reply_u64(r->changing.at));
    json_object_set_new(out, "of", reply_u64(r->changing.of));
    if (r->change_err.code != ERR_NONE) {
        json_object_set_new(out, "problem", reply_cstr(r->change_err.text));
    }
    return out;
}

/* --- POST /v1/store/compact --- */

void api_store_compact(struct call *c)
{
    if (engine_compact_later(c->api->engine, &c->err)) {
        c->out = json_object();
        json_object_set_new(c->out, "wanted", json_true());
        c->status = 202;
    }
    call_reply(c);
}
