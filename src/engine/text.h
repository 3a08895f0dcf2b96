/* How a text would be sent, for a person: alphabet, tables, parts, what is replaced, what would save parts.
 */
#ifndef TESSERA_ENGINE_TEXT_H
#define TESSERA_ENGINE_TEXT_H

#include "base/err.h"
#include "smpp/parts.h"

struct text_look {
    struct parts_options style;
    struct parts_estimate plan;      /* plan.parts above PARTS_MAX, or 0: cannot be sent */
    struct translit_report replaced; /* n 0: the text goes as it is */
    struct buf sent;                 /* as it goes, when something is replaced */
    struct buf advice;               /* what would save parts, or why it cannot be sent; empty: nothing */
};

/* Never fails: what finds no memory is left out. */
void text_look(struct strv utf8, const struct parts_options *style, struct text_look *out);
void text_look_free(struct text_look *t);

/* Whether the carrier cannot be sent it at all, for want of UCS-2; *e (ERR_STATE) says why. */
bool text_refused(struct strv utf8, const struct parts_options *style, struct err *e);

#endif
