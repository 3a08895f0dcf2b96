/* Changing what customers are made of while everything goes on. */
#ifndef TESSERA_AUDIENCE_FIELDS_H
#define TESSERA_AUDIENCE_FIELDS_H

#include "audience/audience.h"

/* Writes: the field has another name from now on. ERR_STATE: a segment asks for it by the old one (which, is
 * said); built-in fields keep theirs. */
bool audience_rename_field(struct audience *a, struct strv name, struct strv to, struct err *e);
/* Writes: the field is gone for everybody at once; ERR_STATE as above. What customers had of it is cleared
 * away by audience_clear_fields. */
bool audience_drop_field(struct audience *a, struct strv name, struct err *e);

/* --- another type --- */
/* What a value becomes is what its text would be in an import: text to number where it is one, number to
 * another number of digits where none is lost, text to a set of its members, anything but a set to text. */
struct audience_change_check {
    uint64_t values, bad; /* that the field has; that do not fit */
    char example[64];     /* the first of them */
};
/* Looks at every value: ERR_INVALID says how many do not fit. */
bool audience_change_check(struct audience_view *v, struct strv name, struct strv type,
                           struct audience_change_check *out, struct err *e);
/* Writes: begins (one at a time); then part by part, until finished; the last one switches: until then
 * everybody sees the old field, then the new one. What cannot be changed after all (a value that came
 * meanwhile, a segment that would not be understood any more) ends it with the error, and the field is as it
 * was. What is left of either is cleared away by audience_clear_fields. */
struct audience_changing { /* zero-initialise */
    char name[SCHEMA_MAX_NAME + 1];
    uint32_t at, of; /* customers */
    bool finished;
};
bool audience_change_begin(struct audience *a, struct strv name, struct strv type, usec_t now,
                           struct audience_changing *c, struct err *e);
bool audience_change_part(struct audience *a, struct audience_changing *c, struct err *e);

/* Writes: clears a part of what was dropped (records, index, texts) away, in one transaction. May be given up
 * at any time and begun again. */
struct audience_clearing { /* zero-initialise */
    uint32_t at;           /* customers below it are done with `field` */
    uint16_t field;
    uint64_t cleared; /* customers that had a value */
    bool finished;    /* nothing waits */
};
bool audience_clear_fields(struct audience *a, struct audience_clearing *c, struct err *e);

#endif
