#include "cli/suggest.h"

struct suggest suggest_begin(struct strv name)
{
    return (struct suggest){ .name = name };
}

void suggest_offer(struct suggest *s, const char *candidate)
{
    struct strv c = strv_from(candidate);
    /* A third of the letters may be wrong. */
    unsigned tolerance = (unsigned)(s->name.n + 2) / 3;
    unsigned d = strv_distance(s->name, c);
    if (s->name.n >= 3 && strv_starts(c, s->name)) {
        d = 1; /* unfinished: "camp" */
    }
    if (d > (tolerance < 3 ? tolerance : 3)) {
        return;
    }
    if (s->best == NULL || d < s->distance) {
        s->best = candidate;
        s->distance = d;
    }
}
