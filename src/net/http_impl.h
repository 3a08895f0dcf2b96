/* For net/ only: the inside of the HTTP server, shared by http.c (connections) and http_request.c (what
 * handlers see). */
#ifndef TESSERA_NET_HTTP_IMPL_H
#define TESSERA_NET_HTTP_IMPL_H

#include "net/conn.h"
#include "net/http.h"
#include "net/http_parse.h"
#include "net/listener.h"

struct http_place { /* where the server listens */
    struct http_place *next;
    struct http_server *server;
    struct listener *listener;
    bool is_unix;
};

struct http_server {
    struct loop *loop;
    struct http_options options;
    http_handler_fn *handler;
    void *arg;
    struct http_place *places;
    struct http_conn *conns;       /* all connections */
    struct http_request *requests; /* all that await their reply, those of clients that have gone too */
    unsigned running;
    size_t bodies; /* octets of all bodies held */
    bool stopping;
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct loop_task stopped_task;
    usec_t date_second; /* the Date header, made once a second */
    char date[40];
};

/*  reading head ──► reading body ──► running ──► sending (only what did not fit the connection's queue) ──┐
 *      ▲───────────────────────────────────────────────────────────────────────────────────────────────────┘
 *  and from any: closing (the last reply is on its way, input is thrown away) */
enum http_conn_state { HTTP_READ_HEAD, HTTP_READ_BODY, HTTP_RUNNING, HTTP_SENDING, HTTP_CLOSING };

struct http_conn {
    struct http_conn *next, **link;
    struct http_server *server;
    struct conn *conn;
    bool is_unix;
    enum http_conn_state state;
    struct http_request *request; /* being read or running */
    struct http_chunks chunks;
    size_t searched; /* octets of the head already searched for its end */
    bool in_data;    /* inside on_data: the loop there goes on by itself */
    bool rest;       /* the connection holds octets not looked at yet */
    bool close_after;
    struct buf pending; /* output that did not fit the connection's queue yet */
    size_t pending_from;
    struct loop_timer timer;
    uint64_t out_seen; /* octets sent when the timer was armed: has it moved since? */
};

struct http_request {
    struct http_request *next, **link;
    struct http_server *server; /* NULL: freed */
    struct http_conn *hc;       /* NULL: the client has gone */
    char *text;                 /* the head */
    struct http_head head;
    struct buf body;
    bool is_unix, has_uid, dispatched;
    uint32_t uid;
    struct buf reply_headers;
};

/* http.c */
void http_conn_send(struct http_conn *hc, const void *p, size_t n);
void http_conn_reply_done(struct http_conn *hc); /* the whole reply has been handed to http_conn_send */
const char *http_server_date(struct http_server *s);
void http_server_check_stopped(struct http_server *s);

/* http_request.c */
void http_request_free(struct http_request *r);
const char *http_status_text(int status);
/* A whole reply made by the server itself, before any handler. */
void http_refuse(struct http_conn *hc, int status, const char *why);

#endif
