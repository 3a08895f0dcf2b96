/* Quiet hours: whether a message of a class may be sent to a clock at an instant, and when that changes
 * (conf/quiet_hours.tsv, conf/holidays.tsv; the rules of reading are in conf/README.md).
 *
 * - Region chain: the region and its country; of each the primary row of the class, else of class "all";
 *   none in the whole chain: region "*". Every row found must be open, in every zone of the clock (or in the
 *   row's own zone), each with its own date. Windows are half-open.
 * - One-time passwords are exempt from everything.
 * - Days outside the years that holidays.tsv covers: a row with a holiday rule of its own is open only when
 *   both the weekday's and the holiday's cell are.
 * - No zone known, or one that cannot be loaded: not open, unless every row has no limit at all.
 * - The closing margin: nothing is started when the window closes within `margin`. allowed, next_open and
 *   state respect it; closes_at is the legal end.
 *
 * Plans are compiled per clock and class on first use and kept: one thread owns a `struct quiet`. Asking
 * costs well under a microsecond for one zone. Instants are wall clock. */
#ifndef TESSERA_DOMAIN_QUIET_H
#define TESSERA_DOMAIN_QUIET_H

#include "base/clock.h"
#include "base/err.h"
#include "domain/clocks.h"
#include "domain/message.h"
#include "domain/zone.h"

#include <stdbool.h>

#define QUIET_DEFAULT_MARGIN (5 * USEC_MINUTE)
#define QUIET_HORIZON        (400 * USEC_DAY)

struct quiet;

struct quiet_options {
    const char *rules_path, *holidays_path;
    struct clocks *clocks; /* kept; must live longer, as must zones */
    struct zones *zones;
    usec_t margin;        /* 0 = none; QUIET_DEFAULT_MARGIN is the product's default; at most 12 hours */
    bool skip_low;        /* leave rows of confidence "low" out, as if they did not exist */
    bool skip_unverified; /* leave rows of basis "unverified" out */
};

/* Errors name file and line. NULL on failure. */
struct quiet *quiet_load(const struct quiet_options *o, struct err *e);
void quiet_free(struct quiet *q);

/* Why a message may not go, for a person. */
struct quiet_why {
    enum message_reason reason; /* REASON_NONE (it may), REASON_QUIET_HOURS, REASON_NO_CLOCK */
    usec_t until;               /* the next instant it may; USEC_NEVER when none is known */
    char text[512]; /* "quiet hours in DE (Europe/Berlin) until 2026-11-22 08:00 +01:00; rule: ..." */
};

/* Whether a message of the class may be started now. `why` may be NULL; filling it costs a search for the
 * next opening. */
bool quiet_allowed(struct quiet *q, uint32_t clock, enum message_class c, usec_t at, struct quiet_why *why);

/* What the dispatcher keeps per clock and class: valid until `until`, then ask again. */
struct quiet_state {
    bool open;
    usec_t until;     /* open: when starting ends (closing less margin); closed: when it opens; USEC_NEVER */
    usec_t closes_at; /* open: the legal end, for validity periods; USEC_NEVER when none; closed: 0 */
};
struct quiet_state quiet_ask(struct quiet *q, uint32_t clock, enum message_class c, usec_t at);

/* The earliest instant >= from at which quiet_allowed; USEC_NEVER when none within QUIET_HORIZON. */
usec_t quiet_next_open(struct quiet *q, uint32_t clock, enum message_class c, usec_t from);
/* When the window that holds `at` ends (without margin); `at` itself when it is closed; USEC_NEVER when it
 * does not end within QUIET_HORIZON. */
usec_t quiet_closes_at(struct quiet *q, uint32_t clock, enum message_class c, usec_t at);

/* The most messages a recipient may get in a rolling window, by the rows of the clock. */
struct quiet_cap {
    uint32_t max_messages, hours;
    const char *region;
};
unsigned quiet_caps(struct quiet *q, uint32_t clock, enum message_class c, struct quiet_cap caps[2]);

/* Forgets compiled plans: after zones_reload (also noticed by itself) or changed data. */
void quiet_forget(struct quiet *q);

#endif
