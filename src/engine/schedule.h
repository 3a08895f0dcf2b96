/* When something that was given a time may begin: an instant, or a reading of the recipient's own clock on
 * the wall, which is another instant in every zone. Quiet hours are asked besides. */
#ifndef TESSERA_ENGINE_SCHEDULE_H
#define TESSERA_ENGINE_SCHEDULE_H

#include "base/err.h"
#include "engine/engine.h"
#include "engine/facts.h"

/* The earliest instant for a clock: that at which the reading has come in all of its zones (zone_instant for
 * gaps and overlaps); without a zone the instance's own counts. 0: at once. */
usec_t schedule_instant(const struct facts *f, const struct engine_schedule *s, uint32_t clock);
/* False with *e: it is over already everywhere on earth, so it must be a mistake. */
bool schedule_check(const struct engine_schedule *s, usec_t wall, struct err *e);
/* For a person: "scheduled for 2026-12-01 10:00 of the recipient's time". */
void schedule_text(const struct engine_schedule *s, char *out, size_t size);

#endif
