/* Inside of audience/: the handle, and what every writing function shares. */
#ifndef TESSERA_AUDIENCE_AUDIENCE_INSIDE_H
#define TESSERA_AUDIENCE_AUDIENCE_INSIDE_H

#include "audience/audience.h"
#include "audience/dict_cache.h"
#include "audience/directory.h"
#include "audience/import.h"
#include "audience/index.h"
#include "audience/journal.h"
#include "store/customers.h"

/* A field that is becoming another: every record that is written gets the new value beside the old one. */
struct field_change {
    struct schema_field from, to; /* names are not set; to.id 0: nothing is changed */
    uint64_t bad;                 /* values that came meanwhile and do not fit */
};

struct audience {
    struct field_change change;
    struct catalog *catalog;
    char *dir;             /* of the store */
    uint64_t schema_moves; /* fields renamed or dropped: what imports know of columns is void */
    struct watch_idle *idle;
    uint64_t forgotten; /* how often texts were taken out of dictionaries: caches of before are void */
};

/* What a changing field's new value lives in, of one record at a time. */
struct derived {
    struct customer_value *values;
    size_t cap_values;
    uint32_t *codes;
    size_t cap_codes;
    struct buf text;
};

/* One writing transaction over customers and events. Begin, change, end with commit or abort. */
struct audience_writer {
    struct audience *audience;
    struct catalog_txn *txn;
    struct index *index;
    struct dict_cache dict;
    uint64_t forgotten;              /* the audience's, when the cache was begun */
    usec_t now;                      /* what is noted as the time of fields' changes; 0: nothing is */
    struct audience_number *numbers; /* of customers made in this transaction, still to be indexed */
    size_t n_numbers, cap_numbers;
    struct hmap fresh;      /* their numbers -> ids; not while there is a directory */
    struct journal journal; /* whom this transaction touches */
    struct directory directory;
    struct derived derived;
    uint64_t directory_change; /* of the catalog, as of which it is complete */
    uint64_t asked;            /* numbers looked for since there was one */
};

bool audience_writer_init(struct audience_writer *w, struct audience *a, struct err *e);
void audience_writer_free(struct audience_writer *w);
bool audience_writer_begin(struct audience_writer *w, struct err *e);
void audience_writer_abort(struct audience_writer *w); /* harmless when nothing is open */
/* `changed`: customers or events did change (the view's change number grows). */
/* Writes what has gathered in memory into the open transaction, so that it need not hold all of a long one.
 */
bool audience_writer_flush(struct audience_writer *w, struct err *e);
bool audience_writer_commit(struct audience_writer *w, bool changed, struct err *e);

/* About so many numbers will be asked for in this transaction: worth a directory, or not. Never needed. */
void audience_writer_expect(struct audience_writer *w, size_t numbers);
static inline void audience_writer_soon(const struct audience_writer *w, uint64_t msisdn)
{
    if (directory_there(&w->directory)) {
        directory_prefetch(&w->directory, msisdn);
    }
}
/* field_change.c: *r with the new value of the field that is being changed; its values are then the writer's.
 */
bool audience_writer_derive(struct audience_writer *w, struct customer_record *r, struct err *e);
void derived_free(struct derived *d);
/* fields.c: refuses what a segment would not survive. */
bool audience_change_schema(struct audience *a, struct strv name, struct strv to, uint16_t prepared,
                            struct err *e);
bool audience_writer_find(struct audience_writer *w, uint64_t msisdn, uint32_t *id);
/* Makes a customer of r; clock and a missing region come from the locator (may be NULL). */
bool audience_writer_create(struct audience_writer *w, const struct audience_locator *locator,
                            struct customer_record *r, uint32_t *id, struct err *e);
/* The same of a record whose values were encoded before and whose clock is known; r's values are not looked
 * at. The caller gives the index what they are, and asks audience_writer_derives first. */
bool audience_writer_add(struct audience_writer *w, const struct customer_record *r, struct strv values,
                         uint32_t *id, struct err *e);
/* Every record that is written gets another value, of a field that is changing its type. */
static inline bool audience_writer_derives(const struct audience_writer *w)
{
    return w->audience->change.to.id != 0;
}
/* Replaces `before` by `after`; the clock is looked up again when zone or region changed. */
bool audience_writer_replace(struct audience_writer *w, const struct audience_locator *locator, uint32_t id,
                             const struct customer_record *before, struct customer_record *after,
                             struct err *e);

#endif
