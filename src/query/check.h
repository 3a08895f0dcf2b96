/* Names and types: looks every name of a tree up in a schema and refuses what does not fit, with the nearest
 * name as a suggestion. The schema is asked through callbacks, so that this folder knows of no store. */
#ifndef TESSERA_QUERY_CHECK_H
#define TESSERA_QUERY_CHECK_H

#include "query/error.h"
#include "query/tree.h"

/* `name` callbacks give the i-th name, or false past the last one; they serve suggestions only. */
struct query_schema {
    void *ctx;
    bool (*field)(void *ctx, struct strv name, struct query_symbol *out);
    bool (*field_name)(void *ctx, size_t i, struct strv *name);
    bool (*event)(void *ctx, struct strv name, uint32_t *id);
    bool (*event_name)(void *ctx, size_t i, struct strv *name);
    bool (*attribute)(void *ctx, uint32_t event, struct strv name, struct query_symbol *out);
    bool (*attribute_name)(void *ctx, uint32_t event, size_t i, struct strv *name);
    /* Both NULL: references to segments are not looked up here. */
    bool (*segment)(void *ctx, struct strv name);
    bool (*segment_name)(void *ctx, size_t i, struct strv *name);
};

/* Fills in the symbols of the tree and sets q->checked. May be called again with another schema. */
bool query_check(struct query *q, const struct query_schema *schema, struct query_error *e);

/* "text", "number", "date", "yes/no", "set", "place" */
const char *query_type_name(enum query_type type);

#endif
