/* An engine with the API on a Unix socket in a temporary directory, and a client of a few lines: one loop,
 * one thread, no carrier that answers. */
#ifndef TESSERA_TESTS_API_HARNESS_H
#define TESSERA_TESTS_API_HARNESS_H

#include "api/api.h"

#include <jansson.h>

struct harness {
    char dir[64], socket[96];
    struct clock clock;
    struct log log;
    struct loop *loop;
    struct engine *engine;
    struct api *api;
    /* of the last answer */
    int status;
    char head[4096];
    char *body;   /* NUL-terminated */
    json_t *json; /* NULL when the body is none */
};

/* Given a fresh daemon at 2026-11-18T12:00:00Z (a Wednesday), with the test clock settable when `settable`.
 */
struct harness *harness_new(bool settable);
/* Stops engine and API and starts them anew over the same directory. */
void harness_restart(struct harness *h);
void harness_free(struct harness *h);

/* When `method path` is asked with the body (NULL: none), then h->status, h->body and h->json are the answer.
 */
void harness_ask(struct harness *h, const char *method, const char *path, const char *body);
/* The same; fails the test when the status is another. */
void harness_expect(struct harness *h, int status, const char *method, const char *path, const char *body);
/* Asks and does not wait for the answer, only until the request has been taken. Gives the connection. */
int harness_begin(struct harness *h, const char *method, const char *path, const char *body);
/* Fails unless the last answer is an error with this code and these words in its message. */
void harness_error(const struct harness *h, const char *code, const char *words);
/* A member of the last answer by path: "clauses.0.count". NULL when not there. */
json_t *harness_get(const struct harness *h, const char *path);
long long harness_int(const struct harness *h, const char *path);    /* fails when it is no number */
const char *harness_text(const struct harness *h, const char *path); /* fails when it is no text */
bool harness_true(const struct harness *h, const char *path);

#endif
