#include "audience/segment.h"

#include "audience/audience_inside.h"
#include "audience/eval.h"
#include "audience/segment_inside.h"
#include "audience/watch.h"
#include "base/nearest.h"
#include "store/documents.h"

#include <stdlib.h>

/* --- stored form --- */

static bool segment_store(struct catalog_txn *t, const struct segment *s, struct err *e)
{
    struct buf b = { 0 };
    buf_put_u8(&b, SEGMENT_VERSION);
    buf_put_varint(&b, s->version);
    buf_put_u8(&b, s->active);
    buf_put_svarint(&b, s->created);
    buf_put_svarint(&b, s->changed);
    buf_put_svarint(&b, s->counted_at);
    buf_put_varint(&b, s->count);
    buf_put_varint(&b, s->counted_change);
    buf_put_varint(&b, s->counted_version);
    buf_put_lstr(&b, s->query);
    buf_put_u8(&b, s->events);
    bool ok = !b.failed || err_set(e, ERR_NOMEM, "out of memory");
    if (ok) {
        document_put(t, DOCUMENT_SEGMENT, s->name, (struct strv){ (const char *)b.data, b.len });
        ok = catalog_ok(t, e);
    }
    buf_free(&b);
    return ok;
}

/* --- reading --- */

static bool segment_near(void *ctx, struct strv name, struct strv value)
{
    (void)value;
    nearest_offer(ctx, name);
    return true;
}

static bool segment_unknown(struct catalog_txn *t, struct strv name, struct err *e)
{
    struct nearest n;
    nearest_begin(&n, name);
    if (!catalog_ok(t, e)) {
        return false;
    }
    document_each(t, DOCUMENT_SEGMENT, segment_near, &n);
    return nearest_refuse(&n, "segment", name, "tessera segment list", e);
}

bool segment_get(struct audience_view *v, struct strv name, segment_fn *fn, void *ctx, struct err *e)
{
    struct segment s;
    if (!segment_find(v->txn, name, &s)) {
        return segment_unknown(v->txn, name, e);
    }
    fn(ctx, &s);
    return true;
}

struct each {
    segment_fn *fn;
    void *ctx;
};

static bool segment_each_document(void *ctx, struct strv name, struct strv value)
{
    struct each *each = ctx;
    struct segment s;
    return !segment_decode(name, value, &s) || each->fn(each->ctx, &s);
}

void segment_each(struct audience_view *v, segment_fn *fn, void *ctx)
{
    struct each each = { fn, ctx };
    document_each(v->txn, DOCUMENT_SEGMENT, segment_each_document, &each);
}

char *segment_query_text(struct audience_view *v, struct strv name)
{
    struct segment s;
    return segment_find(v->txn, name, &s) && s.active ? strv_dup(s.query) : NULL;
}

/* --- writing --- */

static bool segment_name_check(struct strv name, struct err *e)
{
    bool ok = name.n > 0 && name.n <= SEGMENT_MAX_NAME && name.p[0] != '.' && name.p[0] != '-';
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
             c == '_' || c == '.';
    }
    return ok ||
           err_set(e, ERR_INVALID, "a segment's name is 1 to %d letters, digits, - _ .", SEGMENT_MAX_NAME);
}

/* Parses and checks in the transaction that will store it. */
static bool segment_check(struct audience_view *v, struct strv name, struct strv text,
                          const struct query_limits *limits, struct query_error *qe, struct err *e)
{
    struct query_error local = { 0 };
    qe = qe ? qe : &local;
    struct query *q = segment_parse(v, text, limits, qe);
    bool failed = false, ok = q && eval_supported(q, qe);
    if (ok && segment_leads_to(v->txn, q, name, &failed)) {
        ok = query_error_set(qe, QUERY_E_CYCLE, text, 0, "",
                             "the segment \"" STRV_FMT "\" would refer to itself", STRV_ARG(name));
    }
    query_free(q);
    if (failed) {
        return err_set(e, ERR_LIMIT, "segments refer to each other too deeply");
    }
    return ok || query_error_to_err(qe, e);
}

static bool segment_fill(struct segment *s, bool exists, struct strv name, struct strv query, uint32_t last,
                         usec_t now)
{
    bool same = exists && strv_eq(s->query, query);
    if (!exists) {
        *s = (struct segment){ .active = true, .created = now, .version = last };
    }
    s->name = name;
    s->query = query;
    s->version += !same;
    s->changed = same ? s->changed : now;
    return !same;
}

static bool segment_save_in(struct audience_view *v, struct strv name, struct strv query,
                            enum segment_save how, const struct query_limits *limits,
                            const struct segment_by *by, struct query_error *qe, struct err *e)
{
    struct segment s;
    bool exists = segment_find(v->txn, name, &s);
    if (exists && how == SEGMENT_ADD) {
        return err_set(e, ERR_EXISTS, "there is a segment \"" STRV_FMT "\" already", STRV_ARG(name));
    }
    if (!exists && how == SEGMENT_CHANGE) {
        return segment_unknown(v->txn, name, e);
    }
    if (!segment_check(v, name, query, limits, qe, e)) {
        return false;
    }
    const struct segment before = s;
    if (!segment_fill(&s, exists, name, query, segment_history_last(v->txn, name), by->now)) {
        return true;
    }
    const struct segment_version version = { .version = s.version,
                                             .what = exists ? SEGMENT_CHANGED : SEGMENT_ADDED,
                                             .at = by->now,
                                             .who = by->who,
                                             .query = query };
    return segment_history_add(v->txn, exists ? &before : NULL, name, &version, e) &&
           segment_store(v->txn, &s, e);
}

bool segment_save(struct audience *a, struct strv name, struct strv query, enum segment_save how,
                  const struct query_limits *limits, const struct segment_by *by, struct query_error *qe,
                  struct err *e)
{
    if (qe) {
        *qe = (struct query_error){ 0 };
    }
    if (!segment_name_check(name, e)) {
        return false;
    }
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    struct schema *schema = t ? schema_load(t, e) : NULL;
    struct audience_view v = { .txn = t, .schema = schema, .audience = a };
    bool ok = schema && segment_save_in(&v, name, query, how, limits, by, qe, e);
    schema_free(schema);
    if (ok) {
        return catalog_commit(t, e);
    }
    catalog_end(t);
    return false;
}

/* A change of what is stored beside the query; `change` sees the segment and may refuse. */
static bool segment_alter(struct audience *a, struct strv name,
                          bool (*change)(struct catalog_txn *t, struct segment *s, void *ctx, struct err *e),
                          void *ctx, struct err *e)
{
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    struct segment s;
    bool ok = t != NULL;
    char *query = NULL;
    if (ok && !segment_find(t, name, &s)) {
        ok = segment_unknown(t, name, e);
    } else if (ok) {
        query = strv_dup(s.query); /* the write may move what it points to */
        s.query = (struct strv){ query, query ? s.query.n : 0 };
        ok =
            query ? change(t, &s, ctx, e) && segment_store(t, &s, e) : err_set(e, ERR_NOMEM, "out of memory");
    }
    free(query);
    if (ok) {
        return catalog_commit(t, e);
    }
    catalog_end(t);
    return false;
}

struct activation {
    bool active;
    const struct segment_by *by;
    struct catalog_txn *txn;
    struct err *e;
};

static bool reference_active(void *ctx, struct strv name)
{
    struct activation *a = ctx;
    struct segment s;
    return (segment_find(a->txn, name, &s) && s.active) ||
           err_set(a->e, ERR_STATE, "it refers to \"" STRV_FMT "\", which is not active", STRV_ARG(name));
}

static bool alter_active(struct catalog_txn *t, struct segment *s, void *ctx, struct err *e)
{
    struct activation *a = ctx;
    a->txn = t;
    a->e = e;
    if (s->active == a->active) {
        return true;
    }
    if (!a->active && !segment_unused(t, s->name, true, e)) {
        return false;
    }
    struct query *q = a->active ? query_parse(s->query, &query_limits_most, NULL) : NULL;
    bool ok = !q || segment_references(q, reference_active, a);
    query_free(q);
    const struct segment_version version = { .version = s->version,
                                             .what = a->active ? SEGMENT_ACTIVATED : SEGMENT_DEACTIVATED,
                                             .at = a->by->now,
                                             .who = a->by->who,
                                             .query = s->query };
    ok = ok && segment_history_add(t, s, s->name, &version, e);
    s->active = a->active;
    s->changed = a->by->now;
    return ok;
}

bool segment_set_active(struct audience *a, struct strv name, bool active, const struct segment_by *by,
                        struct err *e)
{
    struct activation activation = { .active = active, .by = by };
    return segment_alter(a, name, alter_active, &activation, e);
}

bool segment_delete(struct audience *a, struct strv name, const struct segment_by *by, struct err *e)
{
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    struct segment s;
    if (!t) {
        return false;
    }
    bool ok = (segment_find(t, name, &s) || segment_unknown(t, name, e)) && segment_unused(t, name, false, e);
    if (ok) {
        const struct segment_version version = {
            .version = s.version, .what = SEGMENT_REMOVED, .at = by->now, .who = by->who
        };
        ok = segment_history_add(t, &s, name, &version, e);
    }
    if (ok) {
        watch_forget(t, name);
        document_delete(t, DOCUMENT_SEGMENT, name);
        return catalog_commit(t, e);
    }
    catalog_end(t);
    return false;
}

static bool alter_events(struct catalog_txn *t, struct segment *s, void *ctx, struct err *e)
{
    (void)t;
    (void)e;
    s->events = *(const bool *)ctx;
    return true;
}

bool segment_set_events(struct audience *a, struct strv name, bool events, struct err *e)
{
    return segment_alter(a, name, alter_events, &events, e);
}

struct noted {
    uint32_t version;
    uint64_t change, count;
    usec_t at;
};

static bool alter_count(struct catalog_txn *t, struct segment *s, void *ctx, struct err *e)
{
    struct noted *n = ctx;
    (void)t;
    (void)e;
    if (s->version == n->version) {
        s->counted_at = n->at;
        s->count = n->count;
        s->counted_change = n->change;
        s->counted_version = n->version;
    }
    return true;
}

bool segment_note_count(struct audience *a, struct strv name, uint32_t version, uint64_t change,
                        uint64_t count, usec_t at, struct err *e)
{
    struct noted n = { .version = version, .change = change, .count = count, .at = at };
    struct err local = { 0 };
    if (segment_alter(a, name, alter_count, &n, &local) || local.code == ERR_NOT_FOUND) {
        return true;
    }
    if (e) {
        *e = local;
    }
    return false;
}
