/* /v1/store: whether the stores are whole, the index built anew, what was deleted taken out of the files. */
#include "api/store.h"

#include "api/call.h"
#include "audience/audience.h"
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
    if (r != NULL && r->running) {
        r->api = NULL; /* store_done() frees it */
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
        if (a == NULL) {
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
