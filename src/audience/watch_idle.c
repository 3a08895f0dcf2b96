/* Looks that found nothing to do, remembered in memory: they are worth no transaction. Counted since the
 * state that is stored, and void once it is another. */
#include "audience/watch_inside.h"

#include "audience/audience_inside.h"
#include "base/hash.h"
#include "base/hmap.h"

#include <pthread.h>
#include <stdlib.h>

struct watch_idle {
    pthread_mutex_t lock;          /* looks are read by any thread */
    struct hmap base, skipped, at; /* by name */
};

struct watch_idle *watch_idle_new(void)
{
    struct watch_idle *x = calloc(1, sizeof *x);
    if (x && pthread_mutex_init(&x->lock, NULL) != 0) {
        free(x);
        return NULL;
    }
    return x;
}

void watch_idle_free(struct watch_idle *x)
{
    if (x) {
        hmap_free(&x->base);
        hmap_free(&x->skipped);
        hmap_free(&x->at);
        pthread_mutex_destroy(&x->lock);
        free(x);
    }
}

/* Of a stored state: another one, another base. */
static uint64_t idle_base(const struct watch_state *s)
{
    const uint64_t parts[] = {
        (uint64_t)s->since, (uint64_t)s->at, s->skipped, s->partial, s->full, s->change
    };
    return hash_stable(parts, sizeof parts);
}

void watch_idle_note(struct watch_idle *x, struct strv name, const struct watch_state *stored, usec_t now)
{
    const uint64_t key = hash_stable(name.p, name.n), base = idle_base(stored);
    uint64_t known, skipped = 0;
    pthread_mutex_lock(&x->lock);
    if (hmap_get(&x->base, key, &known) && known == base) {
        hmap_get(&x->skipped, key, &skipped);
    }
    /* without memory they are not counted */
    if (hmap_put(&x->skipped, key, skipped + 1) && hmap_put(&x->at, key, (uint64_t)now)) {
        hmap_put(&x->base, key, base);
    }
    pthread_mutex_unlock(&x->lock);
}

void watch_idle_add(struct watch_idle *x, struct strv name, struct watch_state *s)
{
    const uint64_t key = hash_stable(name.p, name.n);
    uint64_t known, skipped = 0, at = 0;
    pthread_mutex_lock(&x->lock);
    if (hmap_get(&x->base, key, &known) && known == idle_base(s) && hmap_get(&x->skipped, key, &skipped) &&
        hmap_get(&x->at, key, &at)) {
        s->skipped += skipped;
        s->at = (usec_t)at;
        s->last = WATCH_SKIPPED;
    }
    pthread_mutex_unlock(&x->lock);
}

bool watch_seen(struct audience_view *v, struct strv name, struct watch_state *out)
{
    bool known = watch_get(v->txn, name, out);
    if (known) {
        watch_idle_add(v->audience->idle, name, out);
    }
    return known;
}
