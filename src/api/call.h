/* One request on its way through the API: what was asked, what will be answered. A handler gets it whole
 * (route found, role checked, parameters known, JSON parsed), and ends it with exactly one call_reply, itself
 * or by handing it on with call_read, call_write or one of the engine's callbacks. */
#ifndef TESSERA_API_CALL_H
#define TESSERA_API_CALL_H

#include "api/amend.h"
#include "api/api.h"
#include "api/members.h"
#include "api/reply.h"
#include "api/routes.h"
#include "audience/eval.h"
#include "base/buf.h"
#include "net/http.h"
#include "query/error.h"

#define CALL_MAX_BODY  (4 * 1024 * 1024) /* a piece of an import */
#define CALL_MAX_JSON  (1024 * 1024)
#define CALL_MAX_LIMIT 1000

struct imports;
struct store_rebuild;

struct api {               /* lives until the last call has ended */
    struct engine *engine; /* NULL after api_free */
    struct loop *loop;
    struct http_server *server; /* NULL after api_free */
    struct imports *imports;
    struct store_rebuild *rebuild;
    struct amend_queue amend;
    struct clock *clock;
    const struct log *log;
    bool clock_settable;
    char version[32];
    size_t calls; /* not yet ended */
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

struct call {
    struct api *api;
    struct http_request *r;
    const struct route *route;
    struct strv param[ROUTE_MAX_PARAMS]; /* of the path */
    json_t *in;                          /* the body's JSON object; NULL unless BODY_JSON */

    int status;      /* 0 = 200 */
    json_t *out;     /* the answer; NULL: {} */
    struct buf text; /* the answer when `type` says what it is, instead of `out` */
    const char *type;
    struct err err;                 /* when set, the answer is this error */
    struct query_error query_error; /* its place, when a query is at fault */

    void *job; /* the handler's own, see call_job */
    void (*job_free)(void *job);
    void (*run)(const struct engine_view *v, struct call *c);
    void (*then)(struct call *c); /* NULL: call_reply */
};

void call_begin(struct http_request *r, void *api); /* the server's handler */
/* Ends it: with the error when there is one. */
void call_reply(struct call *c);
/* Ends it with `code` and what is wrong. */
void call_fail(struct call *c, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Zeroed memory that lives as long as the call; `release` (may be NULL) is called before it is freed. NULL:
 * out of memory, the call has been ended. One a call. */
void *call_job(struct call *c, size_t size, void (*release)(void *job));

/* run(view, c) on a query worker or on the audience writer; then then(c) on the loop (NULL: call_reply). run
 * sets c->out or c->err; of c->api only its clock is for other threads. */
void call_read(struct call *c, void (*run)(const struct engine_view *v, struct call *c),
               void (*then)(struct call *c));
void call_write(struct call *c, void (*run)(const struct engine_view *v, struct call *c),
                void (*then)(struct call *c));

/* An engine_done_fn whose context is the call: an error ends it, else then(c) (NULL: call_reply). Set
 * c->then first. */
void call_done(void *call, const struct err *e);

/* --- what was asked --- */
/* The body's members into *out; false: the call has been ended with the error. */
bool call_members(struct call *c, const struct member *table, size_t n, void *out);
struct strv call_query(const struct call *c, const char *name); /* "" when not there */
/* The following end the call with the error and give false when the parameter is not what it must be. */
bool call_query_u64(struct call *c, const char *name, uint64_t min, uint64_t max, uint64_t *out);
bool call_query_flag(struct call *c, const char *name, bool *out); /* true, false, 1, 0 */
bool call_query_instant(struct call *c, const char *name, usec_t *out);
bool call_query_local(struct call *c, const char *name, usec_t *out); /* a reading as if it were UTC */
/* Of the two ways to say when (0 = not given) one may be used. */
bool call_schedule(struct call *c, usec_t at, usec_t local, struct engine_schedule *out);
bool call_number(struct call *c, struct strv text, uint64_t *out); /* international form */
bool call_region(struct call *c, struct strv code); /* one that numbers may be read by, or "" */
bool call_param_id(struct call *c, uint64_t *out);  /* {id} of the path */
/* before= and limit= */
bool call_page(struct call *c, uint64_t *before, uint64_t *limit);
/* Where the next page begins, into the answer; 0 = at the end. Any thread. */
void call_put_next(struct call *c, uint64_t next);

/* Who asks, where it can be told: the user at the other end of the Unix socket (SO_PEERCRED). Taken on the
 * loop; the name is looked up on another thread, as that may ask a directory. */
struct call_caller {
    bool known;
    uint32_t uid;
};
#define CALL_CALLER_SIZE 65
struct call_caller call_caller(const struct call *c);
/* "ada", "uid 1000", or ""; into `out`, which has CALL_CALLER_SIZE octets. Not on the loop. */
struct strv call_caller_name(const struct call_caller *caller, char *out);

/* How queries are evaluated for this view. */
struct eval_options call_eval_options(const struct engine_view *v);

/* Sets c->err (from any thread). */
void call_query_failed(struct call *c, const struct query_error *qe);

/* --- on the loop --- */
/* A request's {"tlvs": {...}} (NULL: none) as the engine's list; false: the call has been ended with the
 * error, and the list is freed. */
bool call_tlvs(struct call *c, const json_t *object, struct buf *out);
json_t *call_tlvs_json(const struct call *c, struct strv list);
/* Replaces {"tlvs": list in hexadecimal} of the object, or of each in the array, by what it says. */
void call_put_tlvs(const struct call *c, json_t *things);
/* Replaces {"carrier": number, "campaign": number}, and TLVs as call_put_tlvs does, in the object, or in each
 * of the array, by their names. */
void call_put_names(struct call *c, json_t *messages);

/* All carriers with their binds, as they are now (carriers.c). */
json_t *call_carriers(const struct engine *g);

/* --- how texts are sent: texts.c --- */
json_t *call_text_replaced(const struct translit_report *r);
void call_put_text(json_t *o, const struct text_look *t); /* "parts", "alphabet", ... */

/* --- the handlers of routes.c --- */
#define CALL_HANDLERS(X)                                                                                     \
    X(status_health)                                                                                         \
    X(status_metrics)                                                                                        \
    X(status_show)                                                                                           \
    X(carrier_list)                                                                                          \
    X(carrier_show)                                                                                          \
    X(carrier_statuses)                                                                                      \
    X(carrier_pause)                                                                                         \
    X(carrier_resume)                                                                                        \
    X(receipt_unknown)                                                                                       \
    X(message_send)                                                                                          \
    X(message_show)                                                                                          \
    X(message_list)                                                                                          \
    X(message_cancel)                                                                                        \
    X(message_pause)                                                                                         \
    X(message_resume)                                                                                        \
    X(message_query)                                                                                         \
    X(message_replace)                                                                                       \
    X(message_resolve)                                                                                       \
    X(text_preview)                                                                                          \
    X(inbound_list)                                                                                          \
    X(customer_export)                                                                                       \
    X(customer_erase)                                                                                        \
    X(customer_show)                                                                                         \
    X(customer_amend)                                                                                        \
    X(field_rename)                                                                                          \
    X(field_transitions)                                                                                     \
    X(field_drop)                                                                                            \
    X(field_change)                                                                                          \
    X(field_change_show)                                                                                     \
    X(field_put)                                                                                             \
    X(event_put)                                                                                             \
    X(event_post)                                                                                            \
    X(field_list)                                                                                            \
    X(consent_put)                                                                                           \
    X(fit_show)                                                                                              \
    X(fit_make)                                                                                              \
    X(store_check)                                                                                           \
    X(store_rebuild)                                                                                         \
    X(store_rebuild_show)                                                                                    \
    X(store_compact)                                                                                         \
    X(import_begin)                                                                                          \
    X(import_piece)                                                                                          \
    X(import_end)                                                                                            \
    X(segment_put)                                                                                           \
    X(segment_list)                                                                                          \
    X(segment_show)                                                                                          \
    X(segment_evaluate)                                                                                      \
    X(segment_remove)                                                                                        \
    X(segment_explain)                                                                                       \
    X(segment_explain_query)                                                                                 \
    X(segment_why)                                                                                           \
    X(segment_why_query)                                                                                     \
    X(segment_history)                                                                                       \
    X(segment_changes)                                                                                       \
    X(segment_events)                                                                                        \
    X(segment_activate)                                                                                      \
    X(segment_deactivate)                                                                                    \
    X(segment_cross)                                                                                         \
    X(segment_top)                                                                                           \
    X(campaign_put)                                                                                          \
    X(campaign_list)                                                                                         \
    X(campaign_show)                                                                                         \
    X(campaign_preview_show)                                                                                 \
    X(campaign_report)                                                                                       \
    X(campaign_start)                                                                                        \
    X(campaign_pause)                                                                                        \
    X(campaign_resume)                                                                                       \
    X(campaign_cancel)                                                                                       \
    X(campaign_remove)                                                                                       \
    X(carrier_routes)                                                                                        \
    X(carrier_route_explain)                                                                                 \
    X(vote_put)                                                                                              \
    X(vote_list)                                                                                             \
    X(vote_show)                                                                                             \
    X(vote_remove)                                                                                           \
    X(clock_put)                                                                                             \
    X(clock_show)
#define X(name) void api_##name(struct call *c);
CALL_HANDLERS(X)
#undef X

#endif
