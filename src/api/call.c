#include "api/call.h"

#include "base/civil.h"
#include "domain/number.h"
#include "engine/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void call_free(struct call *c)
{
    struct api *a = c->api;
    if (c->job_free != NULL && c->job != NULL) {
        c->job_free(c->job);
    }
    free(c->job);
    json_decref(c->in);
    json_decref(c->out);
    buf_free(&c->text);
    free(c);
    a->calls--;
    if (a->calls == 0 && a->engine == NULL) {
        free(a); /* api_free came first */
    }
}

static void call_send(struct http_request *r, int status, const json_t *body)
{
    /* JSON_COMPACT: who wants it pretty has tools for it */
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text == NULL) {
        static const char failed[] = "{\"error\":{\"code\":\"internal\",\"message\":\"out of memory\"}}";
        http_reply(r, 500, "application/json", failed, sizeof failed - 1);
        return;
    }
    if (status == 503) {
        http_reply_header(r, "Retry-After", "1");
    }
    http_reply(r, status, "application/json", text, strlen(text));
    free(text);
}

void call_reply(struct call *c)
{
    json_t *body = NULL;
    int status = c->status != 0 ? c->status : 200;
    if (c->err.code == ERR_NONE && c->type != NULL) {
        http_reply(c->r, status, c->type, c->text.data, c->text.len);
        call_free(c);
        return;
    }
    if (c->err.code != ERR_NONE) {
        status = reply_status(c->err.code);
        body = reply_error(reply_code(c->err.code), c->err.text);
        reply_error_place(body, &c->query_error);
    } else {
        body = c->out != NULL ? json_incref(c->out) : json_object();
    }
    call_send(c->r, status, body);
    json_decref(body);
    call_free(c);
}

void call_fail(struct call *c, enum err_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char text[sizeof c->err.text];
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err_set(&c->err, code, "%s", text);
    call_reply(c);
}

void call_query_failed(struct call *c, const struct query_error *qe)
{
    c->query_error = *qe;
    query_error_to_err(qe, &c->err);
}

void *call_job(struct call *c, size_t size, void (*release)(void *job))
{
    c->job = calloc(1, size);
    c->job_free = release;
    if (c->job == NULL) {
        call_fail(c, ERR_NOMEM, "out of memory");
    }
    return c->job;
}

/* --- on to other threads and back --- */

static void call_run(const struct engine_view *v, void *call)
{
    struct call *c = call;
    if (v->stopping) {
        err_set(&c->err, ERR_BUSY, "the daemon is stopping");
        return;
    }
    c->run(v, c);
}

static void call_back(void *call)
{
    struct call *c = call;
    if (c->err.code != ERR_NONE || c->then == NULL || c->api->engine == NULL) {
        call_reply(c);
    } else {
        c->then(c);
    }
}

void call_read(struct call *c, void (*run)(const struct engine_view *v, struct call *c),
               void (*then)(struct call *c))
{
    c->run = run;
    c->then = then;
    if (!engine_read(c->api->engine, call_run, call_back, c, &c->err)) {
        call_reply(c);
    }
}

void call_write(struct call *c, void (*run)(const struct engine_view *v, struct call *c),
                void (*then)(struct call *c))
{
    c->run = run;
    c->then = then;
    if (!engine_write(c->api->engine, call_run, call_back, c, &c->err)) {
        call_reply(c);
    }
}

void call_done(void *call, const struct err *e)
{
    struct call *c = call;
    if (e != NULL && e->code != ERR_NONE) {
        c->err = *e;
    }
    call_back(c);
}

/* --- what was asked --- */

bool call_members(struct call *c, const struct member *table, size_t n, void *out)
{
    if (!members_read(c->in, table, n, out, &c->err)) {
        call_reply(c);
        return false;
    }
    return true;
}

struct strv call_query(const struct call *c, const char *name)
{
    struct strv v = { 0 };
    return http_query(c->r, name, &v) ? v : (struct strv){ 0 };
}

bool call_query_u64(struct call *c, const char *name, uint64_t min, uint64_t max, uint64_t *out)
{
    struct strv v;
    if (!http_query(c->r, name, &v)) {
        return true;
    }
    uint64_t n = 0;
    if (!strv_to_u64(v, &n) || n < min || n > max) {
        call_fail(c, ERR_INVALID, "parameter \"%s\" must be a whole number from %llu to %llu", name,
                  (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *out = n;
    return true;
}

bool call_query_flag(struct call *c, const char *name, bool *out)
{
    struct strv v;
    if (!http_query(c->r, name, &v)) {
        return true;
    }
    bool yes = strv_eq_c(v, "true") || strv_eq_c(v, "1");
    if (!yes && !strv_eq_c(v, "false") && !strv_eq_c(v, "0")) {
        call_fail(c, ERR_INVALID, "parameter \"%s\" must be true or false", name);
        return false;
    }
    *out = yes;
    return true;
}

/* An instant with its offset, or (local) a date and time without one. */
static bool call_query_time(struct call *c, const char *name, bool local, usec_t *out)
{
    struct strv v;
    if (!http_query(c->r, name, &v)) {
        return true;
    }
    bool has_offset = false, has_time = false;
    usec_t t = 0;
    if (!civil_parse(v, &t, &has_offset, &has_time) || has_offset == local || !has_time) {
        call_fail(c, ERR_INVALID, "parameter \"%s\" must be %s", name,
                  local ? "a date and a time without offset, such as 2026-12-01T10:00"
                        : "an instant with its offset, such as 2026-11-21T22:00:00Z");
        return false;
    }
    *out = t;
    return true;
}

bool call_query_instant(struct call *c, const char *name, usec_t *out)
{
    return call_query_time(c, name, false, out);
}

bool call_query_local(struct call *c, const char *name, usec_t *out)
{
    return call_query_time(c, name, true, out);
}

bool call_schedule(struct call *c, usec_t at, usec_t local, struct engine_schedule *out)
{
    if (at != 0 && local != 0) {
        call_fail(c, ERR_INVALID, "an instant and a local time exclude each other");
        return false;
    }
    *out = (struct engine_schedule){ local != 0 ? local : at, local != 0 };
    return true;
}

bool call_number(struct call *c, struct strv text, uint64_t *out)
{
    /* in a query "+" is a space: a number written as people write it is meant */
    struct strv s = strv_trim(text);
    char digits[NUMBER_MAX_DIGITS + 2];
    uint64_t plain;
    if (number_parse_digits(s, &plain) && s.n <= NUMBER_MAX_DIGITS && s.p[0] != '+') {
        digits[0] = '+';
        memcpy(digits + 1, s.p, s.n);
        s = (struct strv){ digits, s.n + 1 };
    }
    if (!number_parse(engine_facts(c->api->engine)->shared->numbering, s, (struct strv){ 0 }, out, &c->err)) {
        call_reply(c);
        return false;
    }
    return true;
}

bool call_region(struct call *c, struct strv code)
{
    const struct numbering *n = engine_facts(c->api->engine)->shared->numbering;
    if (code.n != 0 && numbering_country_code(n, code) == 0) {
        call_fail(c, ERR_INVALID, "unknown region \"" STRV_FMT "\"; write it as \"DE\" or \"US\"",
                  STRV_ARG(strv_sub(code, 0, 16)));
        return false;
    }
    return true;
}

bool call_param_id(struct call *c, uint64_t *out)
{
    if (!strv_to_u64(c->param[0], out) || *out == 0) {
        call_fail(c, ERR_NOT_FOUND,
                  "there is no message \"" STRV_FMT
                  "\": its id is a whole number; \"tessera message list\" shows the latest",
                  STRV_ARG(strv_sub(c->param[0], 0, 64)));
        return false;
    }
    return true;
}

bool call_page(struct call *c, uint64_t *before, uint64_t *limit)
{
    *before = 0;
    *limit = 50;
    return call_query_u64(c, "before", 1, UINT64_MAX, before) &&
           call_query_u64(c, "limit", 1, CALL_MAX_LIMIT, limit);
}

void call_put_next(struct call *c, uint64_t next)
{
    if (next != 0) {
        json_object_set_new(c->out, "next", reply_id(next));
    }
}

/* --- the beginning --- */

#define CALL_MAX_QUERY_NAMES 16

static bool call_check_query(struct call *c)
{
    char copy[128];
    const char *names[CALL_MAX_QUERY_NAMES];
    size_t n = 0;
    strv_copy(strv_from(c->route->query), copy, sizeof copy);
    char *save = NULL;
    for (char *w = strtok_r(copy, " ", &save); w != NULL && n < CALL_MAX_QUERY_NAMES;
         w = strtok_r(NULL, " ", &save)) {
        names[n++] = w;
    }
    struct strv name, value;
    unsigned seen = 0;
    for (size_t i = 0; http_query_at(c->r, i, &name, &value); i++) {
        size_t k = 0;
        while (k < n && !strv_eq_c(name, names[k])) {
            k++;
        }
        name = strv_sub(name, 0, 64);
        if (k == n) {
            const char *near = nearest_name(name, names, n);
            return err_set(&c->err, ERR_INVALID, "unknown parameter \"" STRV_FMT "\"; %s%s%s", STRV_ARG(name),
                           near != NULL ? "did you mean \""
                           : n != 0     ? "there are: "
                                        : "this takes none",
                           near != NULL ? near : c->route->query, near != NULL ? "\"?" : "");
        }
        if ((seen & 1u << k) != 0) {
            return err_set(&c->err, ERR_INVALID, "parameter \"" STRV_FMT "\" is given twice", STRV_ARG(name));
        }
        seen |= 1u << k;
    }
    return true;
}

static bool call_check_body(struct call *c)
{
    struct strv body = http_body(c->r);
    if (c->route->body == BODY_NONE && body.n != 0) {
        return err_set(&c->err, ERR_INVALID, "this request takes no body");
    }
    if (c->route->body != BODY_JSON) {
        return true;
    }
    if (body.n > CALL_MAX_JSON) {
        return err_set(&c->err, ERR_LIMIT, "the body has %zu octets; at most %d are possible", body.n,
                       CALL_MAX_JSON);
    }
    if (strv_trim(body).n == 0) {
        c->in = json_object(); /* members that are required will be asked for by name */
        return c->in != NULL || err_set(&c->err, ERR_NOMEM, "out of memory");
    }
    json_error_t je;
    c->in = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
    if (c->in == NULL) {
        return err_set(&c->err, ERR_INVALID, "the body is not JSON: line %d, column %d: %s", je.line,
                       je.column, je.text);
    }
    if (!json_is_object(c->in)) {
        return err_set(&c->err, ERR_INVALID, "the body must be a JSON object: {...}");
    }
    return true;
}

/* What the caller may do. A Unix socket has been opened: its permissions were the check, and it gives every
 * role. Nothing else is served in this version, so nobody else has any. */
static enum role call_role(const struct http_request *r)
{
    return http_is_unix(r) ? ROLE_ADMIN : ROLE_NONE;
}

static void call_refuse(struct http_request *r, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void call_refuse(struct http_request *r, int status, const char *code, const char *fmt, ...)
{
    char text[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_t *body = reply_error(code, text);
    call_send(r, status, body);
    json_decref(body);
}

void call_begin(struct http_request *r, void *api)
{
    struct api *a = api;
    struct strv path = http_path(r), params[ROUTE_MAX_PARAMS] = { { 0 } };
    const struct route *route = NULL;
    char allow[ROUTE_ALLOW_SIZE];
    switch (route_find(http_method(r), path, &route, params, allow)) {
    case ROUTE_FOUND: break;
    case ROUTE_NO_PATH:
        call_refuse(r, 404, "not_found", "there is no \"" STRV_FMT "\"", STRV_ARG(strv_sub(path, 0, 128)));
        return;
    case ROUTE_NO_METHOD:
        http_reply_header(r, "Allow", allow);
        call_refuse(r, 405, "method", "%s is not possible here; there are: %s",
                    http_method_name(http_method(r)), allow);
        return;
    }
    if (call_role(r) < route->role) {
        call_refuse(r, 403, "denied", "this needs the role \"%s\"", role_name(route->role));
        return;
    }
    struct call *c = calloc(1, sizeof *c);
    if (c == NULL) {
        call_refuse(r, 500, "internal", "out of memory");
        return;
    }
    *c = (struct call){ .api = a, .r = r, .route = route };
    memcpy(c->param, params, sizeof params);
    a->calls++;
    if (!call_check_query(c) || !call_check_body(c)) {
        call_reply(c);
        return;
    }
    route->handler(c);
}
