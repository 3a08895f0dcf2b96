/* Customers for people and for templates: found by number or id, with fields in readable form, and what they
 * have done. Everything is read from one view; texts point into it. */
#ifndef TESSERA_AUDIENCE_LOAD_H
#define TESSERA_AUDIENCE_LOAD_H

#include "audience/audience.h"
#include "base/buf.h"
#include "store/customers.h"

struct audience_customer {
    uint32_t id;
    struct customer_record record; /* values in store/customers.h */
    struct strv clock;             /* "" when none is known */
    struct audience_view *view;
};

/* fn gets the customer during the call only; false stops a batch. */
typedef bool audience_customer_fn(void *ctx, const struct audience_customer *c);

/* False with ERR_NOT_FOUND when there is no such customer. */
bool audience_load_number(struct audience_view *v, uint64_t msisdn, audience_customer_fn *fn, void *ctx,
                          struct err *e);
bool audience_load_id(struct audience_view *v, uint32_t id, audience_customer_fn *fn, void *ctx,
                      struct err *e);
/* Ids in any order (ascending is fastest); those that do not exist are passed over. */
bool audience_load_batch(struct audience_view *v, const uint32_t *ids, size_t n, audience_customer_fn *fn,
                         void *ctx, struct err *e);

/* A field's value as text, appended: numbers without trailing zeros, dates in ISO form, "yes"/"no", sets
 * joined by ", ", places "lat,lon". False: unset (nothing appended). "msisdn" gives "+digits". Resolve a name
 * once with schema_find_field. */
bool audience_customer_text(const struct audience_customer *c, uint16_t field, struct buf *out);

/* Any value as text, as above; false: it has none. */
bool audience_value_text(struct catalog_txn *t, const struct schema_field *f, const struct customer_value *v,
                         struct buf *out);
/* Any value of a field or attribute that is not a set, as a column has it, in the same form. */
bool audience_column_text(struct audience_view *v, const struct schema_field *f, int64_t value,
                          struct buf *out);

/* Every set field in order of the schema, until fn returns false. */
typedef bool audience_field_fn(void *ctx, const struct schema_field *field, struct strv text);
bool audience_customer_fields(const struct audience_customer *c, audience_field_fn *fn, void *ctx);

/* What the customer has done, by type of event, those that occurred. */
typedef bool audience_activity_fn(void *ctx, const struct schema_event *ev, uint64_t count, usec_t first,
                                  usec_t last);
bool audience_customer_activity(struct audience_view *v, uint32_t id, audience_activity_fn *fn, void *ctx,
                                struct err *e);

/* The customer's events, type by type, in no certain order within one; the attributes that are set, as texts.
 */
struct audience_event {
    const struct schema_event *type;
    usec_t at; /* whole seconds */
    size_t n;
    const struct schema_field *const *attributes; /* [n] */
    const struct strv *texts;                     /* [n] */
};
typedef bool audience_event_fn(void *ctx, const struct audience_event *ev);
bool audience_customer_events(struct audience_view *v, uint32_t id, audience_event_fn *fn, void *ctx,
                              struct err *e);

#endif
