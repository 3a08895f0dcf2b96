#include "engine/fair.h"

/* Divided by every weight up to 10 without a rest, and fine enough for the others. */
#define FAIR_PART UINT64_C(2520000)

void fair_free(struct fair *f)
{
    hmap_free(&f->campaigns);
}

uint64_t fair_start(const struct fair *f, enum message_class class_, uint32_t campaign)
{
    uint64_t t = f->singles[class_];
    if (campaign != 0 && !hmap_get(&f->campaigns, campaign, &t)) {
        t = 0;
    }
    return t > f->now[class_] ? t : f->now[class_];
}

void fair_take(struct fair *f, enum message_class class_, uint32_t campaign, unsigned weight, unsigned parts)
{
    uint64_t start = fair_start(f, class_, campaign);
    uint64_t next = start + parts * FAIR_PART / (weight > 0 ? weight : 1);
    f->now[class_] = start;
    if (campaign == 0) {
        f->singles[class_] = next;
    } else {
        hmap_put(&f->campaigns, campaign, next); /* without memory it is as if it had just come */
    }
}
