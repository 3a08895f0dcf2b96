/* What was seen of segments, as it is stored, and the events of who entered and left. */
#include "audience/watch.h"

#include "audience/audience_inside.h"
#include "audience/segment_inside.h"
#include "store/dict.h"
#include "store/documents.h"
#include "store/events.h"

#include <stdlib.h>

#define STATE_VERSION 1

/* --- state --- */

static bool state_decode(struct strv octets, struct watch_state *s)
{
    struct rd r = rd_from(octets.p, octets.n);
    if (rd_u8(&r) != STATE_VERSION) {
        return false;
    }
    s->since = rd_svarint(&r);
    s->at = rd_svarint(&r);
    s->members = rd_varint(&r);
    s->entered = rd_varint(&r);
    s->left = rd_varint(&r);
    s->skipped = rd_varint(&r);
    s->partial = rd_varint(&r);
    s->full = rd_varint(&r);
    s->last = rd_u8(&r);
    s->evaluated = rd_varint(&r);
    s->stamp = rd_u64(&r);
    s->change = rd_varint(&r);
    s->latest = rd_svarint(&r);
    s->fit = rd_svarint(&r);
    s->rows = rd_varint(&r);
    return !r.failed;
}

static void state_put(struct catalog_txn *t, struct strv name, const struct watch_state *s, struct buf *b)
{
    buf_clear(b);
    buf_put_u8(b, STATE_VERSION);
    buf_put_svarint(b, s->since);
    buf_put_svarint(b, s->at);
    buf_put_varint(b, s->members);
    buf_put_varint(b, s->entered);
    buf_put_varint(b, s->left);
    buf_put_varint(b, s->skipped);
    buf_put_varint(b, s->partial);
    buf_put_varint(b, s->full);
    buf_put_u8(b, (uint8_t)s->last);
    buf_put_varint(b, s->evaluated);
    buf_put_u64(b, s->stamp);
    buf_put_varint(b, s->change);
    buf_put_svarint(b, s->latest);
    buf_put_svarint(b, s->fit);
    buf_put_varint(b, s->rows);
    if (!b->failed) {
        document_put(t, DOCUMENT_WATCH, name, (struct strv){ (const char *)b->data, b->len });
    }
}

bool watch_get(struct catalog_txn *t, struct strv name, struct watch_state *out)
{
    struct strv octets;
    *out = (struct watch_state){ 0 };
    return document_get(t, DOCUMENT_WATCH, name, &octets) && state_decode(octets, out);
}

static struct audience_set *watch_set(struct catalog_txn *t, enum document_kind kind, struct strv name,
                                      struct err *e)
{
    struct strv octets;
    if (document_get(t, kind, name, &octets)) {
        return audience_set_deserialize(octets, e);
    }
    err_set(e, ERR_NOT_FOUND, "the segment was not looked at yet");
    return NULL;
}

struct audience_set *watch_members(struct catalog_txn *t, struct strv name, struct err *e)
{
    return watch_set(t, DOCUMENT_WATCH_MEMBERS, name, e);
}

struct audience_set *watch_ever(struct catalog_txn *t, struct strv name, struct err *e)
{
    return watch_set(t, DOCUMENT_WATCH_EVER, name, e);
}

static void set_put(struct catalog_txn *t, enum document_kind kind, struct strv name,
                    const struct audience_set *set, struct buf *b)
{
    buf_clear(b);
    if (audience_set_serialize(set, b) && !b->failed) {
        document_put(t, kind, name, (struct strv){ (const char *)b->data, b->len });
    } else {
        b->failed = true;
    }
}

/* --- changes --- */

struct change_key { /* name, NUL, number */
    char b[SEGMENT_MAX_NAME + 1 + 8];
};

static struct strv change_prefix(struct change_key *k, struct strv name)
{
    name = strv_sub(name, 0, SEGMENT_MAX_NAME);
    strv_copy(name, k->b, SEGMENT_MAX_NAME + 1);
    return (struct strv){ k->b, name.n + 1 };
}

static struct strv change_key(struct change_key *k, struct strv name, uint64_t number)
{
    struct strv key = change_prefix(k, name);
    be_put64((uint8_t *)k->b + key.n, number);
    key.n += 8;
    return key;
}

static void change_put(struct catalog_txn *t, const struct watch_look *l, uint64_t number, struct buf *b)
{
    struct change_key k;
    const struct strv name = strv_from(l->name);
    buf_clear(b);
    buf_put_u8(b, STATE_VERSION);
    buf_put_svarint(b, l->state.at);
    buf_put_varint(b, l->first ? 0 : audience_set_count(l->entered));
    buf_put_varint(b, l->first ? 0 : audience_set_count(l->left));
    buf_put_varint(b, l->state.members);
    buf_put_u8(b, (uint8_t)l->state.last);
    if (b->failed) {
        return;
    }
    document_put(t, DOCUMENT_WATCH_CHANGE, change_key(&k, name, number),
                 (struct strv){ (const char *)b->data, b->len });
    if (number > WATCH_ROWS) {
        document_delete(t, DOCUMENT_WATCH_CHANGE, change_key(&k, name, number - WATCH_ROWS));
    }
}

static bool change_decode(struct strv octets, uint64_t number, struct watch_change *c)
{
    struct rd r = rd_from(octets.p, octets.n);
    if (rd_u8(&r) != STATE_VERSION) {
        return false;
    }
    c->number = number;
    c->at = rd_svarint(&r);
    c->entered = rd_varint(&r);
    c->left = rd_varint(&r);
    c->members = rd_varint(&r);
    c->kind = rd_u8(&r);
    return !r.failed;
}

void watch_changes(struct audience_view *v, struct strv name, uint64_t before, watch_change_fn *fn, void *ctx)
{
    struct watch_state s;
    if (!watch_get(v->txn, name, &s)) {
        return;
    }
    for (uint64_t n = before != 0 && before <= s.rows ? before - 1 : s.rows; n > 0; n--) {
        struct change_key k;
        struct strv octets;
        struct watch_change c;
        if (!document_get(v->txn, DOCUMENT_WATCH_CHANGE, change_key(&k, name, n), &octets) ||
            (change_decode(octets, n, &c) && !fn(ctx, &c))) {
            return;
        }
    }
}

void watch_forget(struct catalog_txn *t, struct strv name)
{
    struct watch_state s;
    struct change_key k;
    uint64_t rows = watch_get(t, name, &s) ? s.rows : 0;
    for (uint64_t n = rows; n > 0 && document_delete(t, DOCUMENT_WATCH_CHANGE, change_key(&k, name, n));
         n--) {
    }
    document_delete(t, DOCUMENT_WATCH, name);
    document_delete(t, DOCUMENT_WATCH_MEMBERS, name);
    document_delete(t, DOCUMENT_WATCH_EVER, name);
}

/* --- events --- */

struct telling {
    struct audience_writer *w;
    uint32_t *customers;
    usec_t *at;
    int64_t *names;
    size_t n;
    usec_t now;
    int64_t code;
};

static bool tell_customer(void *ctx, uint32_t id)
{
    struct telling *x = ctx;
    x->customers[x->n] = id;
    x->at[x->n] = x->now;
    x->names[x->n++] = x->code;
    return true;
}

/* An event for each of the set that is still a customer. *told: there was one. */
static bool tell(struct audience_writer *w, const struct watch_look *l, const struct audience_set *who,
                 bool entered, const struct audience_set *existing, bool *told, struct err *e)
{
    const uint16_t attribute = entered ? ATTRIBUTE_SEGMENT_ENTER : ATTRIBUTE_SEGMENT_LEAVE;
    struct audience_set *set = audience_set_copy(who);
    bool ok = (set && audience_set_and(set, existing)) || err_set(e, ERR_NOMEM, "out of memory");
    size_t n = ok ? (size_t)audience_set_count(set) : 0;
    if (ok && n > 0) {
        struct telling x = { .w = w, .now = l->state.at / USEC_SEC * USEC_SEC };
        x.code = dict_intern(w->txn, attribute, strv_from(l->name), e);
        x.customers = calloc(n, sizeof *x.customers);
        x.at = calloc(n, sizeof *x.at);
        x.names = calloc(n, sizeof *x.names);
        ok = x.code != 0 && ((x.customers && x.at && x.names) || err_set(e, ERR_NOMEM, "out of memory"));
        if (ok) {
            audience_set_each(set, tell_customer, &x);
            const int64_t *const values = x.names;
            const struct events_batch b = { .type = entered ? EVENT_SEGMENT_ENTER : EVENT_SEGMENT_LEAVE,
                                            .n = n,
                                            .customer = x.customers,
                                            .at = x.at,
                                            .n_attributes = 1,
                                            .attribute = &attribute,
                                            .values = &values,
                                            .coded = 1 };
            ok = events_append(w->txn, &b, e);
            journal_add_events(&w->journal, x.customers, x.at, n);
            *told = true;
        }
        free(x.customers);
        free(x.at);
        free(x.names);
    }
    audience_set_free(set);
    return ok;
}

/* --- storing --- */

static bool store_sets(struct catalog_txn *t, const struct watch_look *l, struct buf *b, struct err *e)
{
    const struct strv name = strv_from(l->name);
    struct strv octets;
    const struct audience_set *more = l->first ? l->members : l->entered;
    struct audience_set *ever = document_get(t, DOCUMENT_WATCH_EVER, name, &octets)
                                    ? audience_set_deserialize(octets, e)
                                    : audience_set_new();
    bool ok = ever && (audience_set_or(ever, more) || err_set(e, ERR_NOMEM, "out of memory"));
    if (ok) {
        audience_set_compact(ever);
        audience_set_compact(l->members);
        set_put(t, DOCUMENT_WATCH_MEMBERS, name, l->members, b);
        set_put(t, DOCUMENT_WATCH_EVER, name, ever, b);
    }
    audience_set_free(ever);
    return ok;
}

static bool store_look(struct audience_writer *w, const struct watch_look *l,
                       const struct audience_set *existing, struct buf *b, bool *told, struct err *e)
{
    const struct strv name = strv_from(l->name);
    struct watch_state s = l->state, stored;
    struct segment now;
    bool known = watch_get(w->txn, name, &stored);
    if (!l->members || !segment_find(w->txn, name, &now) || !now.active || now.version != l->version ||
        known == l->first) {
        return true; /* the next look sees what it is now */
    }
    const bool events = now.events, any = !audience_set_empty(l->entered) || !audience_set_empty(l->left);
    s.rows = stored.rows;
    if ((any || l->first) && !store_sets(w->txn, l, b, e)) {
        return false;
    }
    if (any || l->first) {
        change_put(w->txn, l, ++s.rows, b);
    }
    if (any && events && !l->first &&
        (!tell(w, l, l->entered, true, existing, told, e) ||
         !tell(w, l, l->left, false, existing, told, e))) {
        return false;
    }
    state_put(w->txn, name, &s, b);
    return (!b->failed || err_set(e, ERR_NOMEM, "out of memory")) && catalog_ok(w->txn, e);
}

struct slowest {
    struct catalog_txn *txn;
    uint64_t change;
};

static bool slowest_segment(void *ctx, struct strv name, struct strv value)
{
    struct slowest *x = ctx;
    struct segment s;
    struct watch_state state;
    if (segment_decode(name, value, &s) && s.active && watch_get(x->txn, name, &state) &&
        state.change < x->change) {
        x->change = state.change;
    }
    return true;
}

bool watch_any(const struct watch_look *looks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (looks[i].members) {
            return true;
        }
    }
    return false;
}

bool watch_store(struct audience *a, const struct watch_look *looks, size_t n, struct err *e)
{
    if (!watch_any(looks, n)) {
        return true;
    }
    struct audience_writer w;
    struct buf b = { 0 };
    struct audience_set *existing = NULL;
    bool told = false, ok = audience_writer_init(&w, a, e) && audience_writer_begin(&w, e);
    if (ok) {
        struct audience_view v = { .txn = w.txn, .audience = a };
        existing = audience_existing(&v, e);
        ok = existing != NULL;
    }
    for (size_t i = 0; ok && i < n; i++) {
        ok = store_look(&w, &looks[i], existing, &b, &told, e);
    }
    if (ok) {
        struct slowest x = { w.txn, catalog_number(w.txn, CATALOG_CHANGE) };
        document_each(w.txn, DOCUMENT_SEGMENT, slowest_segment, &x);
        journal_purge(w.txn, x.change);
        ok = catalog_ok(w.txn, e);
    }
    ok = ok && audience_writer_commit(&w, told, e);
    audience_set_free(existing);
    buf_free(&b);
    audience_writer_free(&w);
    return ok;
}
