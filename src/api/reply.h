/* From the project's errors and values to what the API says: statuses, error bodies, JSON values. Pure. */
#ifndef TESSERA_API_REPLY_H
#define TESSERA_API_REPLY_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "query/error.h"

#include <jansson.h>
#include <stdint.h>

/* doc/api.md's table of errors. */
int reply_status(enum err_code code);
const char *reply_code(enum err_code code);

/* {"error":{"code":...,"message":...}} */
json_t *reply_error(const char *code, const char *message);
/* Adds "line", "column" and "suggestion" of a query's error. */
void reply_error_place(json_t *error, const struct query_error *qe);

/* Any octets as a JSON string: what is not UTF-8 is replaced. */
json_t *reply_octets(struct strv octets); /* in hexadecimal; at most 1000, else null */
json_t *reply_text(struct strv s);
json_t *reply_cstr(const char *s);
json_t *reply_instant(usec_t wall);    /* null for 0 and USEC_NEVER */
json_t *reply_local(usec_t reading);   /* "2026-12-01T10:00:00" */
json_t *reply_number(uint64_t msisdn); /* "+44..."; null for 0 */
json_t *reply_id(uint64_t id);         /* "17": ids may exceed what a double holds */
json_t *reply_u64(uint64_t v);         /* at most INT64_MAX */

#endif
