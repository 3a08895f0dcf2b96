/* Values out of the API's documents. What is missing or of another type reads as nothing ("" or 0), so that a
 * daemon of a newer version does not break a table. */
#ifndef TESSERA_CLI_DOC_H
#define TESSERA_CLI_DOC_H

#include "base/clock.h"
#include "base/strv.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const char *doc_text(const json_t *o, const char *name);
struct strv doc_strv(const json_t *o, const char *name);
int64_t doc_int(const json_t *o, const char *name); /* reals are rounded */
double doc_real(const json_t *o, const char *name);
bool doc_bool(const json_t *o, const char *name);
usec_t doc_instant(const json_t *o, const char *name); /* 0 for null */
const json_t *doc_get(const json_t *o, const char *name);

/* Sets a member unless the value is NULL or "". */
void doc_set_text(json_t *o, const char *name, const char *value);

#endif
