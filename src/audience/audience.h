/* The audience: customers, their fields, sets and events, and the segments made of them, over one LMDB
 * environment. No threads in here, but that an import reads ahead on one while it is called. Reading goes
 * through a view and may happen on any thread; writing functions (they take `struct audience *` and say
 * "writes") are called by one thread at a time, do one transaction, and are durable when they return true.
 *
 * Layers: store/ keeps octets; everything that understands bitmaps is here. */
#ifndef TESSERA_AUDIENCE_AUDIENCE_H
#define TESSERA_AUDIENCE_AUDIENCE_H

#include "audience/set.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "store/catalog.h"
#include "store/schema.h"

struct audience;

struct audience_options {
    const char *dir;
    size_t map_size; /* octets; 0 = the default of catalog.h */
    bool nosync;     /* tests only */
};

struct audience *audience_open(const struct audience_options *o, struct err *e);
void audience_close(struct audience *a); /* every view must have ended; NULL is fine */

/* --- a view: one snapshot. Short-lived: begin, evaluate, copy out, end --- */

struct audience_view {
    struct catalog_txn *txn;     /* for the read functions of store/ */
    const struct schema *schema; /* as of the snapshot */
    uint64_t change;             /* the same number: customers and events are the same */
    struct audience *audience;
};

struct audience_view *audience_view_begin(struct audience *a, struct err *e);
void audience_view_end(struct audience_view *v); /* NULL is fine */

/* --- sets in the index; the caller frees the result; NULL with *e when memory ran out or data is torn --- */

struct audience_set *audience_existing(struct audience_view *v, struct err *e);
/* Who has this member in the set field; code from dict_find(txn, field, text). Code 0: nobody. */
struct audience_set *audience_members(struct audience_view *v, uint16_t field, uint32_t code, struct err *e);
uint64_t audience_count(struct audience_view *v); /* customers that exist */

/* The set by clock ("Clocks and quiet hours" of doc/ARCHITECTURE.md): fn gets each clock's text and its part
 * of the set; parts are disjoint and together the whole set; customers without a clock come with the empty
 * text. The part is owned by the caller of fn and lives during the call. False: fn returned false or *e. */
typedef bool audience_clock_fn(void *ctx, uint32_t clock, struct strv text, const struct audience_set *part,
                               uint64_t count);
bool audience_split_clocks(struct audience_view *v, const struct audience_set *set, audience_clock_fn *fn,
                           void *ctx, struct err *e);

/* --- the schema as people see it --- */

struct audience_coverage {
    uint64_t customers; /* that have the field set */
    uint64_t distinct;  /* different texts, members or values; 0: more than AUDIENCE_MAX_DISTINCT values */
    usec_t changed;     /* when a customer's value last changed, as imports say; 0 = not known */
};
#define AUDIENCE_MAX_DISTINCT 65536 /* of numbers, dates and places; texts and members are counted all */
bool audience_field_coverage(struct audience_view *v, const struct schema_field *f,
                             struct audience_coverage *out, struct err *e);
struct audience_event_coverage {
    uint64_t events;
    usec_t first, last; /* days' beginnings, UTC; 0 when there is none */
};
bool audience_event_coverage(struct audience_view *v, const struct schema_event *ev,
                             struct audience_event_coverage *out, struct err *e);

/* Writes: declare a field, event or attribute ("purchase.colour"). False with ERR_EXISTS when it is there
 * with another type. */
bool audience_declare_field(struct audience *a, struct strv name, struct strv type, usec_t now,
                            struct err *e);
bool audience_declare_event(struct audience *a, struct strv name, usec_t now, struct err *e);
bool audience_declare_attribute(struct audience *a, struct strv event, struct strv name, struct strv type,
                                usec_t now, struct err *e);

/* Writes: takes a customer out with fields, sets and events, and every text (of fields, members, attributes)
 * that nobody else has used; what a field of the customer was before it was changed goes with
 * audience_forget_unused. The id is never used again. False with ERR_NOT_FOUND. */
bool audience_erase(struct audience *a, uint64_t msisdn, struct err *e);

/* Writes: forgets each text of a field that no customer has any more: what people had before it was changed.
 * Looks at everything; before the store is written anew. */
bool audience_forget_unused(struct audience *a, struct err *e);

void audience_get_usage(struct audience_view *v, struct catalog_usage *out);

/* Compares the whole index (numbers, columns, sets, counters, order of events) with the truth. The first
 * difference is *e with ERR_CORRUPT. */
bool audience_verify(struct audience_view *v, struct err *e);

#endif
