/* Requests of the API over the daemon's Unix socket (libcurl). One connection, kept; one request at a time.
 */
#ifndef TESSERA_CLI_CLIENT_H
#define TESSERA_CLI_CLIENT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <jansson.h>
#include <stdbool.h>

#define CLIENT_MAX_REPLY ((size_t)256 << 20)

struct client;

enum client_result {
    CLIENT_ANSWERED,    /* the daemon answered, whatever it said */
    CLIENT_UNREACHABLE, /* nobody listens there, or not for us */
    CLIENT_BROKEN,      /* it hung up in between, or what came is no answer */
    CLIENT_INTERRUPTED, /* a signal is waiting that ends the program */
};

struct client_reply {
    long status;
    long retry_after;     /* seconds; 0 = not said */
    json_t *doc;          /* NULL unless CLIENT_ANSWERED */
    bool missing, denied; /* CLIENT_UNREACHABLE: there is no socket; we may not open it */
};

struct client *client_new(const char *socket_path, struct err *e);
void client_free(struct client *c); /* NULL is fine */
/* How long one answer may take; ten minutes when nothing is said. */
void client_set_patience(struct client *c, usec_t d);

/* `body` may be NULL. The doc is the caller's (json_decref). Anything but CLIENT_ANSWERED sets *e. */
enum client_result client_ask(struct client *c, const char *method, const char *path, const json_t *body,
                              struct client_reply *r, struct err *e);
/* PUT of octets. */
enum client_result client_put(struct client *c, const char *path, struct strv octets, struct client_reply *r,
                              struct err *e);

/* --- paths --- */
/* Appends one segment with its "/", or a parameter with its "?" or "&" (nothing when value is NULL), each
 * escaped (RFC 3986 §2.1). */
void client_path_add(struct buf *path, const char *segment);
void client_path_query(struct buf *path, const char *name, const char *value);

#endif
