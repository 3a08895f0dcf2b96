#include "domain/failures.h"

#include <string.h>

/* Seconds in which nothing happened are emptied when the window passes over them. */
static void failures_slide(struct failures *f, usec_t mono)
{
    int64_t now = mono / USEC_SEC;
    if (now - f->second >= FAILURES_SECONDS) {
        memset(f->all, 0, sizeof f->all);
        memset(f->bad, 0, sizeof f->bad);
        f->second = now;
    }
    while (f->second < now) {
        f->second++;
        f->all[f->second % FAILURES_SECONDS] = 0;
        f->bad[f->second % FAILURES_SECONDS] = 0;
    }
}

void failures_note(struct failures *f, usec_t mono, bool bad)
{
    failures_slide(f, mono);
    f->all[f->second % FAILURES_SECONDS]++;
    f->bad[f->second % FAILURES_SECONDS] += bad;
}

struct failures_sum failures_of_minute(struct failures *f, usec_t mono)
{
    struct failures_sum s = { 0 };
    failures_slide(f, mono);
    for (unsigned i = 0; i < FAILURES_SECONDS; i++) {
        s.all += f->all[i];
        s.bad += f->bad[i];
    }
    return s;
}
