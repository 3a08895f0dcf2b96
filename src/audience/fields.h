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
