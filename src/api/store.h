/* The rebuild of the index that the API has begun, if any. */
#ifndef TESSERA_API_STORE_H
#define TESSERA_API_STORE_H

#include <jansson.h>
#include <stdbool.h>

struct api;
struct store_rebuild;

struct store_rebuild *store_rebuild_new(struct api *a); /* NULL: out of memory */
/* Clears away, a part a job of the audience writer, what fields that were dropped have left. At the start
 * too: an earlier daemon may not have come to its end. */
void store_clear_fields(struct store_rebuild *r);
/* Whether a change of a field's type is under way; begins one (which has been begun in the audience). */
struct audience_changing;
bool store_is_changing(const struct store_rebuild *r);
void store_change_field(struct store_rebuild *r, const struct audience_changing *c);
json_t *store_change_progress(const struct store_rebuild *r);
void store_rebuild_free(struct store_rebuild *r);

#endif
