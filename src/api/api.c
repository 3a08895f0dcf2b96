#include "api/api.h"

#include "api/call.h"
#include "api/imports.h"
#include "api/store.h"

#include <stdio.h>
#include <stdlib.h>

struct api *api_new(struct engine *g, struct loop *l, const struct api_options *o, struct err *e)
{
    json_object_seed(0); /* once, before worker threads make objects */
    struct api *a = calloc(1, sizeof *a);
    if (a == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    a->engine = g;
    a->loop = l;
    a->clock = o->clock;
    a->log = o->log;
    a->clock_settable = o->clock_settable;
    strv_copy(strv_from(o->version), a->version, sizeof a->version);
    a->imports = imports_new();
    a->rebuild = store_rebuild_new(a);
    if (a->imports == NULL || a->rebuild == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        api_free(a);
        return NULL;
    }
    store_clear_fields(a->rebuild);
    struct http_options ho = { .max_body = o->max_body != 0 ? o->max_body : CALL_MAX_BODY };
    a->server = http_server_new(l, &ho, call_begin, a, e);
    if (a->server == NULL) {
        api_free(a);
        return NULL;
    }
    return a;
}

bool api_listen_unix(struct api *a, const char *path, unsigned mode, struct err *e)
{
    if (!http_server_listen_unix(a->server, path, mode, e)) {
        return false;
    }
    if (a->log != NULL) {
        log_event(a->log, LOG_INFO, "api_listening", "path=%s mode=%04o", log_quote(strv_from(path)).s, mode);
    }
    return true;
}

static void api_on_stopped(void *arg)
{
    struct api *a = arg;
    if (a->stopped != NULL) {
        a->stopped(a->stopped_ctx);
    }
}

void api_stop(struct api *a, void (*stopped)(void *ctx), void *ctx)
{
    a->stopped = stopped;
    a->stopped_ctx = ctx;
    http_server_stop(a->server, api_on_stopped, a);
}

void api_free(struct api *a)
{
    if (a == NULL) {
        return;
    }
    a->calls++; /* held until the end of this function */
    if (a->server != NULL) {
        http_server_free(a->server);
        a->server = NULL;
    }
    store_rebuild_free(a->rebuild);
    a->rebuild = NULL;
    imports_free(a->imports);
    a->imports = NULL;
    a->engine = NULL;
    if (--a->calls == 0) {
        free(a);
    }
}
