#include "engine/schedule.h"

#include "base/civil.h"

#include <stdio.h>

#define WESTMOST     (12 * USEC_HOUR) /* the last zone in which a reading comes is UTC-12 */
#define PAST_ALLOWED USEC_MINUTE      /* "now", by a clock that is a little behind */

usec_t schedule_instant(const struct facts *f, const struct engine_schedule *s, uint32_t clock)
{
    usec_t latest = 0;
    if (!s->local) {
        return s->at;
    }
    for (unsigned i = 0; i < clocks_zone_count(f->clocks, clock); i++) {
        const struct zone *z = zones_get(f->zones, strv_from(clocks_zone(f->clocks, clock, i)), NULL);
        usec_t t = z != NULL ? zone_instant(z, s->at) : 0;
        latest = t > latest ? t : latest;
    }
    return latest != 0 ? latest : zone_instant(f->zone, s->at);
}

bool schedule_check(const struct engine_schedule *s, usec_t wall, struct err *e)
{
    usec_t last = s->local ? s->at + WESTMOST : s->at;
    if (s->at == 0 || last + PAST_ALLOWED >= wall) {
        return true;
    }
    char text[96];
    schedule_text(s, text, sizeof text);
    return err_set(e, ERR_INVALID, "%s, which is past%s", text, s->local ? " everywhere" : "");
}

void schedule_text(const struct engine_schedule *s, char *out, size_t size)
{
    if (s->local) {
        snprintf(out, size, "scheduled for %.10s %.5s of the recipient's time", civil_format_utc(s->at).s,
                 civil_format_utc(s->at).s + 11);
    } else {
        snprintf(out, size, "scheduled for %s", civil_format_utc(s->at).s);
    }
}
