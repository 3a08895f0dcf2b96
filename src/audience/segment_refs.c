#include "audience/segment_inside.h"

#include "store/documents.h"

#include <stdlib.h>

/* --- references --- */

struct references {
    bool (*fn)(void *ctx, struct strv name);
    void *ctx;
    struct strv *seen;
    size_t n, cap;
    bool ok;
};

static bool reference_node(void *ctx, const struct query_node *node)
{
    struct references *r = ctx;
    if (node->kind != QUERY_SEGMENT) {
        return true;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (strv_eq(r->seen[i], node->segment.name)) {
            return true;
        }
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 8;
        struct strv *p = realloc(r->seen, cap * sizeof(*p));
        if (!p) {
            r->ok = false;
            return false;
        }
        r->seen = p;
        r->cap = cap;
    }
    r->seen[r->n++] = node->segment.name;
    return r->ok = r->fn(r->ctx, node->segment.name);
}

bool segment_references(const struct query *q, bool (*fn)(void *ctx, struct strv name), void *ctx)
{
    struct references r = { .fn = fn, .ctx = ctx, .ok = true };
    query_walk(q->root, true, reference_node, &r);
    free(r.seen);
    return r.ok;
}

/* Walks what a segment refers to, and what that refers to, looking for one name. */
struct search {
    struct catalog_txn *txn;
    struct strv wanted;
    char (*seen)[SEGMENT_MAX_NAME + 1];
    size_t n, cap;
    unsigned depth;
    bool found, failed;
};

static bool search_reference(void *ctx, struct strv name);

static bool search_query(struct search *s, struct strv text)
{
    struct query *q = query_parse(text, &query_limits_most, NULL);
    bool ok = !q || segment_references(q, search_reference, s);
    query_free(q);
    return ok;
}

static bool search_remember(struct search *s, struct strv name)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        void *p = realloc(s->seen, cap * sizeof(*s->seen));
        if (!p) {
            return false;
        }
        s->seen = p;
        s->cap = cap;
    }
    return strv_copy(name, s->seen[s->n++], sizeof(*s->seen));
}

static bool search_reference(void *ctx, struct strv name)
{
    struct search *s = ctx;
    struct segment found;
    if (strv_eq(name, s->wanted)) {
        s->found = true;
        return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (strv_eq_c(name, s->seen[i])) {
            return true;
        }
    }
    if (!segment_find(s->txn, name, &found)) {
        return true;
    }
    if (s->depth >= 64 || !search_remember(s, name)) {
        s->failed = true;
        return false;
    }
    s->depth++;
    bool ok = search_query(s, found.query);
    s->depth--;
    return ok;
}

bool segment_leads_to(struct catalog_txn *t, const struct query *q, struct strv wanted, bool *failed)
{
    struct search s = { .txn = t, .wanted = wanted };
    segment_references(q, search_reference, &s);
    free(s.seen);
    *failed = s.failed;
    return s.found;
}

/* Finds segments whose query names `wanted`. */
struct user {
    struct strv wanted;
    char name[SEGMENT_MAX_NAME + 1];
    bool active_only, uses;
    bool (*fn)(void *ctx, struct strv name); /* NULL: the first one is enough */
    void *ctx;
};

static bool user_reference(void *ctx, struct strv name)
{
    struct user *u = ctx;
    u->uses = strv_eq(name, u->wanted);
    return !u->uses;
}

static bool user_document(void *ctx, struct strv name, struct strv value)
{
    struct user *u = ctx;
    struct segment s;
    if (strv_eq(name, u->wanted) || !segment_decode(name, value, &s) || (u->active_only && !s.active)) {
        return true;
    }
    struct query *q = query_parse(s.query, &query_limits_most, NULL);
    if (q) {
        segment_references(q, user_reference, u);
    }
    query_free(q);
    if (!u->uses) {
        return true;
    }
    strv_copy(name, u->name, sizeof(u->name));
    u->uses = u->fn == NULL;
    return u->fn && u->fn(u->ctx, name);
}

void segment_users(struct audience_view *v, struct strv name, bool (*fn)(void *ctx, struct strv name),
                   void *ctx)
{
    struct user u = { .wanted = name, .fn = fn, .ctx = ctx };
    document_each(v->txn, DOCUMENT_SEGMENT, user_document, &u);
}

bool segment_unused(struct catalog_txn *t, struct strv name, bool active_only, struct err *e)
{
    struct user u = { .wanted = name, .active_only = active_only };
    document_each(t, DOCUMENT_SEGMENT, user_document, &u);
    return !u.uses ||
           err_set(e, ERR_STATE, "the segment \"%s\" refers to \"" STRV_FMT "\"", u.name, STRV_ARG(name));
}
