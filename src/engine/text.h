/* How a text would be sent, for a person: alphabet, tables, parts, what is replaced, what would save parts.
 */
#ifndef TESSERA_ENGINE_TEXT_H
#define TESSERA_ENGINE_TEXT_H

#include "smpp/parts.h"

struct text_look {
    struct parts_options style;
    struct parts_estimate plan;      /* plan.parts above PARTS_MAX: cannot be sent */
    struct translit_report replaced; /* n 0: the text goes as it is */
    struct buf sent;                 /* as it goes, when something is replaced */
    struct buf advice;               /* what would save parts; empty: nothing */
};

/* Never fails: what finds no memory is left out. */
void text_look(struct strv utf8, const struct parts_options *style, struct text_look *out);
void text_look_free(struct text_look *t);

#endif
