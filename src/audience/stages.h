/* Which values of a text field may follow which ("lead>prospect, prospect>customer, *>lost"), stored with the
 * schema as a document named by the field's id. A rule is FROM>TO: "*" stands for any value, an empty FROM
 * for none (">lead": a first value must be one of those; without such rules any value that a rule names may
 * be). Keeping a value, and taking it away, is always allowed. Texts compare as the language does. Every
 * change of such a field is an event "field_change" (import_stages.c). */
#ifndef TESSERA_AUDIENCE_STAGES_H
#define TESSERA_AUDIENCE_STAGES_H

#include "audience/audience.h"
#include "base/buf.h"

#define STAGES_MAX       16   /* fields with rules */
#define STAGES_MAX_RULES 4000 /* octets of one field's */

struct stages { /* zero-initialise */
    size_t n;
    uint16_t field[STAGES_MAX];
    char *rules[STAGES_MAX];
};

/* Replaces what was there. */
bool stages_load(struct stages *s, struct catalog_txn *t, struct err *e);
void stages_free(struct stages *s);
/* As the language compares them. */
bool stages_same(struct strv a, struct strv b);
/* `from` "" = unset. False: *why says it in a sentence. */
bool stages_allow(struct strv rules, struct strv from, struct strv to, struct buf *why);

/* Writes: the rules of a text field; "" removes them. ERR_INVALID says which rule cannot be read. */
bool audience_set_transitions(struct audience *a, struct strv field, struct strv rules, struct err *e);
/* "" = none; lives as long as the view. */
struct strv audience_transitions(struct audience_view *v, uint16_t field);

#endif
