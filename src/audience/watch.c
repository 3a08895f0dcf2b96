#include "audience/watch.h"

#include "audience/alive.h"
#include "audience/audience_inside.h"
#include "audience/eval_time.h"
#include "audience/journal.h"
#include "audience/segment_inside.h"
#include "audience/watch_inside.h"
#include "base/hash.h"
#include "store/documents.h"
#include "store/events.h"

#include <string.h>

const char *watch_kind_name(enum watch_kind k)
{
    static const char *const NAMES[] = { "baseline", "skipped", "partial", "full" };
    return NAMES[k <= WATCH_FULL ? k : 0];
}

void watch_look_free(struct watch_look *l)
{
    audience_set_free(l->members);
    audience_set_free(l->entered);
    audience_set_free(l->left);
    *l = (struct watch_look){ .first = false };
}

struct looking {
    struct audience_view *v;
    const struct eval_options *o;
    struct watch_class class;
    struct watch_state before;
    bool known; /* there is a `before` */
    struct journal_sum changed;
    usec_t fit;
    struct watch_look *out;
    struct err *e;
};

/* --- what has to be done --- */

/* Whether the days so many hours ago are the same, for all that are asked about. */
static bool look_same_days(const struct looking *x)
{
    const struct watch_class *c = &x->class;
    const usec_t was = x->before.at, is = x->o->now;
    const struct zone *zone = x->o->zone;
    bool same = !c->days || eval_time_at(was, zone).today == eval_time_at(is, zone).today;
    for (size_t i = 0; same && i < c->n_ago; i++) {
        const usec_t ago = c->ago[i] * USEC_HOUR;
        same = eval_time_at(was - ago, zone).today == eval_time_at(is - ago, zone).today;
    }
    return same;
}

/* Whether everybody must be evaluated, whoever changed. */
static bool look_whole(const struct looking *x, bool anew)
{
    const struct watch_class *c = &x->class;
    const struct watch_state *b = &x->before;
    return b->stamp != c->stamp || x->o->now < b->at || c->hours || (anew && (c->days || c->zoned)) ||
           !look_same_days(x) || (c->population && x->v->change != b->change) ||
           (c->alive && x->fit != b->fit) || x->changed.everybody;
}

/* Adds whom time alone may have moved. */
static bool look_slide(struct looking *x)
{
    const struct watch_slid s = {
        .from = x->before.at, .to = x->o->now, .zone = x->o->zone, .ahead = x->before.latest > x->before.at
    };
    return watch_slide(x->v->txn, &x->class, &s, x->changed.among, x->e);
}

/* --- the latest event --- */

static bool latest_block(void *ctx, const struct events_block *b)
{
    usec_t *latest = ctx;
    for (uint32_t row = 0; row < b->rows; row++) {
        usec_t at = b->day * USEC_DAY + packed_get(&b->second, row) * USEC_SEC;
        *latest = at > *latest ? at : *latest;
    }
    return true;
}

/* No event is later than this: as the journal says, or, where it says nothing, as those of today and later do
 * (earlier ones are seen already). */
static bool look_latest(struct looking *x, usec_t *latest)
{
    usec_t known = x->known ? x->before.latest : 0;
    *latest = x->changed.latest > known ? x->changed.latest : known;
    if (!x->class.events || (x->known && !x->changed.missing && x->before.stamp == x->class.stamp)) {
        return true;
    }
    const int32_t today = (int32_t)(x->o->now / USEC_DAY);
    for (size_t i = 0; i < x->v->schema->n_events; i++) {
        events_each(x->v->txn, x->v->schema->events[i].id, today, INT32_MAX, latest_block, latest);
    }
    return catalog_ok(x->v->txn, x->e);
}

/* --- evaluating --- */

static bool look_nomem(struct looking *x, bool ok)
{
    return ok || err_set(x->e, ERR_NOMEM, "out of memory");
}

/* Among the customers that changed, or (NULL) everybody. */
static bool look_evaluate(struct looking *x, const struct audience_set *among)
{
    struct watch_look *out = x->out;
    struct eval_options o = *x->o;
    struct query_error qe;
    o.among = among;
    struct audience_set *was =
        x->known ? watch_members(x->v->txn, strv_from(out->name), x->e) : audience_set_new();
    struct audience_set *now = was ? eval_segment(x->v, strv_from(out->name), &o, &qe, x->e) : NULL;
    bool ok = now != NULL;
    if (ok) {
        out->members = audience_set_copy(now);
        out->entered = audience_set_copy(now);
        out->left = audience_set_copy(was);
        ok = look_nomem(
            x, out->members && out->entered && out->left && audience_set_andnot(out->entered, was) &&
                   (!among || audience_set_and(out->left, among)) && audience_set_andnot(out->left, now));
    }
    if (ok && among) { /* the others stay as they were */
        ok =
            look_nomem(x, audience_set_or(out->members, was) && audience_set_andnot(out->members, out->left));
    }
    audience_set_free(was);
    audience_set_free(now);
    return ok;
}

/* Nothing is written of a look that is skipped: the next one then goes on from the same state. */
static bool look_skip(struct looking *x)
{
    watch_idle_note(x->v->audience->idle, strv_from(x->out->name), &x->before, x->o->now);
    watch_idle_add(x->v->audience->idle, strv_from(x->out->name), &x->out->state);
    return true;
}

static bool look_take(struct looking *x, enum watch_kind kind)
{
    struct watch_state *s = &x->out->state;
    const struct audience_set *among = kind == WATCH_PARTIAL ? x->changed.among : NULL;
    if (x->known) {
        watch_idle_add(x->v->audience->idle, strv_from(x->out->name), s);
    }
    s->last = kind;
    s->at = x->o->now;
    s->stamp = x->class.stamp;
    s->change = x->v->change;
    s->fit = x->fit;
    if (!look_evaluate(x, among)) {
        return false;
    }
    s->evaluated = among ? audience_set_count(among) : audience_count(x->v);
    x->out->evaluated = s->evaluated;
    s->members = audience_set_count(x->out->members);
    *(kind == WATCH_PARTIAL ? &s->partial : &s->full) += 1;
    if (kind != WATCH_BASELINE) {
        s->entered += audience_set_count(x->out->entered);
        s->left += audience_set_count(x->out->left);
    }
    return true;
}

static bool look_run(struct looking *x, bool anew)
{
    struct alive_fit fit;
    if (x->class.alive && alive_fit_get(x->v, &fit)) {
        x->fit = fit.at;
    }
    x->out->state = x->before;
    if (x->known && !journal_read(x->v->txn, x->before.change, x->v->change, &x->changed, x->e)) {
        return false;
    }
    if (!look_latest(x, &x->out->state.latest)) {
        return false;
    }
    if (!x->known) {
        x->out->state.since = x->o->now;
        x->out->first = true;
        return look_take(x, WATCH_BASELINE);
    }
    if (look_whole(x, anew)) {
        return look_take(x, WATCH_FULL);
    }
    if (!look_slide(x)) {
        return false;
    }
    if (x->v->change == x->before.change && audience_set_empty(x->changed.among)) {
        return look_skip(x);
    }
    return look_take(x, x->class.population ? WATCH_FULL : WATCH_PARTIAL);
}

/* Days and hours are the zone's: in another one the query is another. */
static uint64_t stamp_of_zone(uint64_t stamp, const struct zone *zone)
{
    const char *name = zone ? zone_name(zone) : "";
    return stamp ^ (*name ? hash_stable(name, strlen(name)) : 0);
}

bool watch_look(struct audience_view *v, struct strv name, const struct eval_options *o, bool anew,
                struct watch_look *out, struct err *e)
{
    struct looking x = { .v = v, .o = o, .out = out, .e = e };
    struct segment s;
    *out = (struct watch_look){ .first = false };
    if (!segment_find(v->txn, name, &s) || !s.active || !strv_copy(name, out->name, sizeof out->name)) {
        return err_set(e, ERR_NOT_FOUND, "there is no active segment of this name");
    }
    out->version = s.version;
    x.known = watch_get(v->txn, name, &x.before);
    bool ok = watch_classify(v, &s, o->limits, &x.class, e);
    x.class.stamp = stamp_of_zone(x.class.stamp, o->zone);
    ok = ok && look_run(&x, anew) && catalog_ok(v->txn, e);
    audience_set_free(x.changed.among);
    watch_class_free(&x.class);
    if (!ok) {
        watch_look_free(out);
    }
    return ok;
}

/* --- names --- */

struct next {
    struct strv after;
    char *name;
    bool found;
};

static bool next_document(void *ctx, struct strv name, struct strv value)
{
    struct next *n = ctx;
    struct segment s;
    if (strv_eq(name, n->after) || !segment_decode(name, value, &s) || !s.active) {
        return true;
    }
    n->found = strv_copy(name, n->name, SEGMENT_MAX_NAME + 1);
    return !n->found;
}

bool watch_next(struct audience_view *v, struct strv after, char name[SEGMENT_MAX_NAME + 1])
{
    char from[SEGMENT_MAX_NAME + 1]; /* after and name may be one */
    if (!strv_copy(after, from, sizeof from)) {
        return false;
    }
    struct next n = { strv_from(from), name, false };
    document_each_from(v->txn, DOCUMENT_SEGMENT, n.after, next_document, &n);
    return n.found;
}
