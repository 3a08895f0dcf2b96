#include "domain/throttle.h"

void throttle_init(struct throttle *t)
{
    t->count = 0;
    t->not_before = INT64_MIN;
    t->not_before_name = NULL;
}

void throttle_not_before(struct throttle *t, usec_t at, const char *name)
{
    if (at > t->not_before) {
        t->not_before = at;
        t->not_before_name = name;
    }
}

void throttle_add(struct throttle *t, struct bucket *b, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->limits[i].bucket == b) {
            return;
        }
    }
    if (!b) {
        return;
    }
    if (t->count == THROTTLE_MAX) {
        throttle_not_before(t, USEC_NEVER, "too many limits");
        return;
    }
    t->limits[t->count].bucket = b;
    t->limits[t->count++].name = name;
}

usec_t throttle_when(const struct throttle *t, int64_t cost, usec_t now, const char **which)
{
    usec_t when = now;
    const char *name = NULL;
    if (t->not_before > when) {
        when = t->not_before;
        name = t->not_before_name;
    }
    for (size_t i = 0; i < t->count; i++) {
        usec_t at = bucket_when(t->limits[i].bucket, cost, now);
        if (at > when) {
            when = at;
            name = t->limits[i].name;
        }
    }
    if (which) {
        *which = name;
    }
    return when;
}

bool throttle_take(struct throttle *t, int64_t cost, usec_t now)
{
    if (t->not_before > now) {
        return false;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (!bucket_take(t->limits[i].bucket, cost, now)) {
            while (i-- > 0) {
                bucket_give_back(t->limits[i].bucket, cost);
            }
            return false;
        }
    }
    return true;
}
