/* How a carrier wants texts to be written: the words of its settings as the options of smpp/parts.h, and a
 * plan as the two octets that are stored with a message of several parts.
 *
 * The parts of a message are counted when it is accepted, by the style of the carrier it is for, and again
 * whenever another carrier takes it or the settings have changed. What is stored then is the plan: mode,
 * alphabet, tables, packing, level of replacement. Parts that are left of a message of which some were taken
 * are made by that plan, whatever the settings are now: parts of two plans cannot be joined. */
#ifndef TESSERA_ENGINE_STYLE_H
#define TESSERA_ENGINE_STYLE_H

#include "base/err.h"
#include "engine/options.h"
#include "smpp/parts.h"

/* False: a word is none, and *e (may be NULL) says which; *out is then the plain style. */
bool style_of(const struct carrier_options *c, struct parts_options *out, struct err *e);
/* The same number: the same style. */
uint32_t style_id(const struct parts_options *o);

/* Never 0. */
uint16_t style_plan(const struct parts_options *o, const struct parts_estimate *e);
uint16_t style_plan_made(const struct parts *p);
/* Makes the parts of a text by a plan, as they were made before. `scratch` is overwritten. */
bool style_make(struct parts *p, struct strv utf8, uint16_t plan, uint16_t reference, struct buf *scratch);

#endif
