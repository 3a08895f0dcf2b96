#include "api/imports.h"

#include "api/call.h"
#include "api/import_facts.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPORT_ID         16 /* hexadecimal digits */
#define IMPORT_FROM_MAX   40
#define IMPORT_PRESET_MAX 65536

struct import_session {
    char id[IMPORT_ID + 1];
    struct imports *owner; /* NULL: no longer in its list */
    unsigned refs;         /* the list's and the calls' */
    bool busy, told;       /* a call works on it; its columns have been told */
    uint64_t used;
    struct audience_import_options o; /* texts point into the following */
    struct buf mapping, preset;
    char *event;
    char from[IMPORT_FROM_MAX + 1]; /* name of the ready mapping; "" = none */
    struct import_facts facts;
    struct audience_import *im; /* NULL until begun */
};

struct imports {
    struct import_session *list[IMPORTS_MAX];
    size_t n;
    uint64_t tick;
};

/* What a call has to do with a session: released with the call. */
struct import_job {
    struct import_session *s;
    uint64_t offset;
    bool last;
};

struct imports *imports_new(void)
{
    return calloc(1, sizeof(struct imports));
}

static void import_unref(struct import_session *s)
{
    if (--s->refs == 0) {
        audience_import_free(s->im);
        import_facts_free(&s->facts);
        buf_free(&s->mapping);
        buf_free(&s->preset);
        free(s->event);
        free(s);
    }
}

static void import_unlist(struct import_session *s)
{
    struct imports *o = s->owner;
    if (o == NULL) {
        return;
    }
    for (size_t i = 0; i < o->n; i++) {
        if (o->list[i] == s) {
            o->list[i] = o->list[--o->n];
            break;
        }
    }
    s->owner = NULL;
    import_unref(s);
}

void imports_free(struct imports *o)
{
    if (o != NULL) {
        while (o->n != 0) {
            import_unlist(o->list[0]);
        }
        free(o);
    }
}

static struct import_session *imports_find(const struct imports *o, struct strv id)
{
    for (size_t i = 0; i < o->n; i++) {
        if (strv_eq_c(id, o->list[i]->id)) {
            return o->list[i];
        }
    }
    return NULL;
}

/* Room for one more: the list's when there is any, else the session's that was not used for longest. */
static bool imports_make_room(struct imports *o, struct err *e)
{
    struct import_session *oldest = NULL;
    if (o->n < IMPORTS_MAX) {
        return true;
    }
    for (size_t i = 0; i < o->n; i++) {
        if (!o->list[i]->busy && (oldest == NULL || o->list[i]->used < oldest->used)) {
            oldest = o->list[i];
        }
    }
    if (oldest == NULL) {
        return err_set(e, ERR_BUSY, "%d imports are being worked on at once; try again later", IMPORTS_MAX);
    }
    import_unlist(oldest);
    return true;
}

static void import_release(void *job)
{
    struct import_job *j = job;
    if (j->s != NULL) {
        j->s->busy = false;
        if (j->s->im == NULL) { /* could not begin */
            import_unlist(j->s);
        }
        import_unref(j->s);
    }
}

/* The call works on the session from here until it ends. */
static struct import_job *import_claim(struct call *c, struct import_session *s)
{
    if (s->busy) {
        call_fail(c, ERR_BUSY, "import \"%s\" is still working on what it was given; try again", s->id);
        return NULL;
    }
    struct import_job *j = call_job(c, sizeof *j, import_release);
    if (j != NULL) {
        j->s = s;
        s->refs++;
        s->busy = true;
        s->used = ++c->api->imports->tick;
    }
    return j;
}

/* --- what is answered --- */

static void import_put_counts(json_t *out, const struct audience_import_progress *now,
                              const struct audience_import_progress *before)
{
    json_object_set_new(out, "rows", reply_u64(now->rows - before->rows));
    uint64_t rejected = now->rejected - before->rejected, repeated = now->repeated - before->repeated;
    uint64_t rows = now->rows - before->rows, skipped = now->skipped - before->skipped;
    json_object_set_new(
        out, "accepted",
        reply_u64(rows >= rejected + repeated + skipped ? rows - rejected - repeated - skipped : 0));
    json_object_set_new(out, "created", reply_u64(now->created - before->created));
    json_object_set_new(out, "updated", reply_u64(now->updated - before->updated));
    json_object_set_new(out, "unchanged", reply_u64(now->unchanged - before->unchanged));
    json_object_set_new(out, "events", reply_u64(now->events - before->events));
    json_object_set_new(out, "duplicates", reply_u64(repeated));
    json_object_set_new(out, "rejected", reply_u64(rejected));
    json_object_set_new(out, "skipped", reply_u64(skipped));
}

static json_t *import_state(const struct import_session *s)
{
    static const struct audience_import_progress nothing = { 0 };
    const struct audience_import_progress *p = audience_import_progress(s->im);
    json_t *out = json_object();
    json_object_set_new(out, "id", reply_cstr(s->id));
    json_object_set_new(out, "offset", reply_u64(p->offset));
    json_object_set_new(out, "finished", json_boolean(p->finished));
    import_put_counts(out, p, &nothing);
    return out;
}

json_t *import_put_rejects(struct audience_import *im)
{
    const struct audience_reject *list = NULL;
    size_t n = audience_import_rejects(im, &list);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "line", reply_u64(list[i].line));
        json_object_set_new(one, "column", reply_cstr(list[i].column));
        json_object_set_new(one, "value", reply_cstr(list[i].value));
        json_object_set_new(one, "reason", reply_cstr(list[i].reason));
        json_array_append_new(out, one);
    }
    audience_import_take_rejects(im);
    return out;
}

static bool import_put_column(void *ctx, struct strv column, struct strv target, struct strv type,
                              bool declared_now)
{
    json_t *one = json_object();
    json_object_set_new(one, "column", reply_text(column));
    json_object_set_new(one, "target", reply_text(target));
    json_object_set_new(one, "type", reply_text(type));
    json_object_set_new(one, "new", json_boolean(declared_now));
    json_array_append_new(ctx, one);
    return true;
}

/* --- POST /v1/imports --- */

struct import_asked {
    struct strv kind, type, region, name, format, mode, from;
    const json_t *map;
    bool dry_run, ignore_unknown, create_customers, atomic;
    int64_t size;
};

static const struct member IMPORT_MEMBERS[] = {
    { "kind", MEMBER_TEXT, true, offsetof(struct import_asked, kind), 1, 16 },
    { "type", MEMBER_TEXT, false, offsetof(struct import_asked, type), 0, SCHEMA_MAX_NAME },
    { "region", MEMBER_TEXT, false, offsetof(struct import_asked, region), 0, 15 },
    { "map", MEMBER_OBJECT, false, offsetof(struct import_asked, map), 0, 512 },
    { "dry_run", MEMBER_BOOL, false, offsetof(struct import_asked, dry_run), 0, 0 },
    { "name", MEMBER_TEXT, true, offsetof(struct import_asked, name), 1, 1024 },
    { "size", MEMBER_INT, true, offsetof(struct import_asked, size), 0, INT64_MAX },
    { "ignore_unknown", MEMBER_BOOL, false, offsetof(struct import_asked, ignore_unknown), 0, 0 },
    { "format", MEMBER_TEXT, false, offsetof(struct import_asked, format), 0, 16 },
    { "mode", MEMBER_TEXT, false, offsetof(struct import_asked, mode), 0, 16 },
    { "from", MEMBER_TEXT, false, offsetof(struct import_asked, from), 0, IMPORT_FROM_MAX },
    { "atomic", MEMBER_BOOL, false, offsetof(struct import_asked, atomic), 0, 0 },
    { "create_customers", MEMBER_BOOL, false, offsetof(struct import_asked, create_customers), 0, 0 },
};

/* "column=target" lines, as audience/import.h reads them. */
static bool import_mapping(const json_t *map, struct buf *out, struct err *e)
{
    const char *column;
    json_t *target;
    json_object_foreach((json_t *)map, column, target)
    {
        struct strv to = member_text(target);
        if (!json_is_string(target) || to.n == 0) {
            return err_set(e, ERR_INVALID, "\"map\": \"%.64s\" must go to a name (a text), or to \"-\"",
                           column);
        }
        if (strpbrk(column, "=,\r\n") != NULL || memchr(to.p, '\n', to.n) != NULL ||
            memchr(to.p, ',', to.n) != NULL) {
            return err_set(e, ERR_INVALID,
                           "\"map\": \"%.64s\": '=', ',' and line breaks are not possible in a mapping; "
                           "rename the column in the file's header",
                           column);
        }
        buf_printf(out, "%s=" STRV_FMT "\n", column, STRV_ARG(to));
    }
    return !out->failed || err_set(e, ERR_NOMEM, "out of memory");
}

static enum audience_import_mode import_mode(struct strv name)
{
    return strv_eq_c(name, "update")    ? IMPORT_UPDATE
           : strv_eq_c(name, "replace") ? IMPORT_REPLACE
                                        : IMPORT_UPSERT;
}

static bool import_check(const struct call *c, const struct import_asked *q, struct err *e)
{
    bool events = strv_eq_c(q->kind, "events");
    if (!events && !strv_eq_c(q->kind, "customers")) {
        return err_set(e, ERR_INVALID, "\"kind\" must be \"customers\" or \"events\"");
    }
    if (q->format.n != 0 && !strv_eq_c(q->format, "csv") && !strv_eq_c(q->format, "ndjson")) {
        return err_set(e, ERR_INVALID, "\"format\" must be \"csv\" or \"ndjson\"");
    }
    if (q->mode.n != 0 && !strv_eq_c(q->mode, "upsert") &&
        (events || import_mode(q->mode) == IMPORT_UPSERT)) {
        return err_set(e, ERR_INVALID,
                       events ? "\"mode\" is only for customers"
                              : "\"mode\" must be \"upsert\", \"update\" or \"replace\"");
    }
    for (size_t i = 0; i < q->from.n; i++) {
        char ch = q->from.p[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-')) {
            return err_set(e, ERR_INVALID, "\"from\" is the name of a ready mapping, such as \"shopify\"");
        }
    }
    if (events && q->type.n == 0 && q->from.n == 0) {
        return err_set(e, ERR_INVALID, "\"type\" is missing: what the events are, such as \"purchase\"");
    }
    if (!events && (q->type.n != 0 || q->create_customers)) {
        return err_set(e, ERR_INVALID, "\"%s\" is only for events",
                       q->type.n != 0 ? "type" : "create_customers");
    }
    const struct numbering *n = engine_facts(c->api->engine)->shared->numbering;
    if (q->region.n != 0 && numbering_country_code(n, q->region) == 0) {
        return err_set(e, ERR_INVALID, "unknown region \"" STRV_FMT "\"; write it as \"DE\" or \"US\"",
                       STRV_ARG(q->region));
    }
    return true;
}

/* The same file with the same meaning is the same session, also after a restart. */
static void import_make_id(const struct import_asked *q, struct strv mapping, char id[IMPORT_ID + 1])
{
    struct buf key = { 0 };
    buf_put_lstr(&key, q->kind);
    buf_put_lstr(&key, q->type);
    buf_put_lstr(&key, q->region);
    buf_put_lstr(&key, q->name);
    buf_put_u64(&key, (uint64_t)q->size);
    buf_put_u8(&key,
               (uint8_t)(q->dry_run | q->ignore_unknown << 1 | q->create_customers << 2 | q->atomic << 3));
    buf_put_lstr(&key, mapping);
    if (q->format.n + q->mode.n + q->from.n != 0) { /* sessions of before had none of them */
        buf_put_lstr(&key, q->format);
        buf_put_lstr(&key, q->mode);
        buf_put_lstr(&key, q->from);
    }
    uint8_t h[8];
    be_put64(h, hash_stable(key.data, key.len));
    hex_encode(h, sizeof h, id);
    buf_free(&key);
}

static struct import_session *import_new(struct call *c, const struct import_asked *q, const char *id,
                                         struct buf *mapping)
{
    struct import_session *s = calloc(1, sizeof *s);
    char *event = strv_dup(q->type);
    if (s == NULL || event == NULL) {
        free(s);
        free(event);
        err_set(&c->err, ERR_NOMEM, "out of memory");
        return NULL;
    }
    struct imports *o = c->api->imports;
    memcpy(s->id, id, sizeof s->id);
    s->owner = o;
    s->refs = 1;
    s->event = event;
    s->mapping = *mapping;
    *mapping = (struct buf){ 0 };
    s->o = (struct audience_import_options){
        .session = q->dry_run ? (struct strv){ 0 } : strv_from(s->id),
        .kind = strv_eq_c(q->kind, "events") ? IMPORT_EVENTS : IMPORT_CUSTOMERS,
        .event = strv_from(s->event),
        .mapping = { (const char *)s->mapping.data, s->mapping.len },
        .ignore_unknown = q->ignore_unknown,
        .validate = q->dry_run,
        .create_customers = q->create_customers,
        .atomic = q->atomic,
        .format = strv_eq_c(q->format, "ndjson") ? IMPORT_NDJSON : IMPORT_CSV,
        .mode = import_mode(q->mode),
    };
    strv_copy(q->from, s->from, sizeof s->from);
    import_facts_init(&s->facts, q->region, &s->o);
    o->list[o->n++] = s;
    return s;
}

/* The ready mapping is a file of the facts; what it says of kind and type must agree with what was asked. */
static bool import_preset(const struct engine_view *v, struct import_session *s, struct err *e)
{
    char path[1200];
    if (s->from[0] == '\0') {
        return true;
    }
    snprintf(path, sizeof path, "%s/import_%s.tsv", v->facts_dir, s->from);
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return err_set(e, ERR_NOT_FOUND, "there is no ready mapping \"%s\" (%s)", s->from, path);
    }
    if (buf_reserve(&s->preset, IMPORT_PRESET_MAX)) {
        s->preset.len = fread(s->preset.data, 1, IMPORT_PRESET_MAX, f);
    }
    fclose(f);
    s->o.preset = (struct strv){ (const char *)s->preset.data, s->preset.len };
    struct strv kind = audience_import_directive(s->o.preset, "@kind");
    bool events = s->o.kind == IMPORT_EVENTS;
    if (kind.n != 0 && strv_eq_c(kind, "events") != events) {
        return err_set(e, ERR_INVALID, "the ready mapping \"%s\" is for %s: import %s", s->from,
                       events ? "customers" : "events", events ? "customers" : "events");
    }
    if (events && s->o.event.n == 0) {
        s->o.event = audience_import_directive(s->o.preset, "@type");
    }
    return true;
}

static void import_run_begin(const struct engine_view *v, struct call *c)
{
    struct import_session *s = ((struct import_job *)c->job)->s;
    import_facts_ahead(&s->facts, v->facts, &s->o);
    s->o.now = v->now;
    s->im = import_preset(v, s, &c->err) ? audience_import_begin(v->audience, &s->o, &c->err) : NULL;
    if (s->im != NULL) {
        c->out = import_state(s);
        c->status = audience_import_progress(s->im)->finished ? 200 : 201;
    }
}

void api_import_begin(struct call *c)
{
    struct import_asked q = { 0 };
    struct buf mapping = { 0 };
    char id[IMPORT_ID + 1];
    if (!call_members(c, IMPORT_MEMBERS, sizeof IMPORT_MEMBERS / sizeof IMPORT_MEMBERS[0], &q)) {
        return;
    }
    if (!import_check(c, &q, &c->err) || (q.map != NULL && !import_mapping(q.map, &mapping, &c->err))) {
        goto out;
    }
    import_make_id(&q, (struct strv){ (const char *)mapping.data, mapping.len }, id);
    struct import_session *s = imports_find(c->api->imports, strv_from(id));
    if (s != NULL && !s->busy && !s->o.validate) {
        c->out = import_state(s);
        c->status = audience_import_progress(s->im)->finished ? 200 : 201;
        goto out;
    }
    if (s != NULL && !s->busy) {
        import_unlist(s); /* a rehearsal begins anew */
        s = NULL;
    }
    if (s == NULL) {
        s = imports_make_room(c->api->imports, &c->err) ? import_new(c, &q, id, &mapping) : NULL;
    }
    if (s == NULL) {
        goto out;
    }
    buf_free(&mapping);
    if (import_claim(c, s) != NULL) {
        call_write(c, import_run_begin, NULL);
    } else if (!s->busy) {
        import_unlist(s); /* not begun, and nobody will */
    }
    return;
out:
    buf_free(&mapping);
    call_reply(c);
}

/* --- PUT /v1/imports/ID --- */

static void import_run_piece(const struct engine_view *v, struct call *c)
{
    struct import_job *j = c->job;
    struct import_session *s = j->s;
    const struct audience_import_progress before = *audience_import_progress(s->im);
    s->facts.facts = v->facts;
    if (!audience_import_chunk(s->im, j->offset, http_body(c->r), j->last, &c->err)) {
        return;
    }
    const struct audience_import_progress *p = audience_import_progress(s->im);
    c->out = json_object();
    json_object_set_new(c->out, "offset", reply_u64(p->offset));
    import_put_counts(c->out, p, &before);
    json_object_set_new(c->out, "rejects", import_put_rejects(s->im));
    if (!s->told) {
        json_t *columns = json_array();
        audience_import_columns(s->im, import_put_column, columns);
        json_object_set_new(c->out, "columns", columns);
        s->told = true;
    }
    json_object_set_new(c->out, "finished", json_boolean(p->finished));
}

static struct import_session *import_of(struct call *c)
{
    struct import_session *s = imports_find(c->api->imports, c->param[0]);
    if (s == NULL) {
        call_fail(c, ERR_NOT_FOUND,
                  "no import \"" STRV_FMT
                  "\" is in memory: POST /v1/imports again, its answer says where to go on",
                  STRV_ARG(strv_sub(c->param[0], 0, 64)));
    }
    return s;
}

void api_import_piece(struct call *c)
{
    uint64_t offset = UINT64_MAX, last = 0;
    if (!call_query_u64(c, "offset", 0, INT64_MAX, &offset) || !call_query_u64(c, "last", 0, 1, &last)) {
        return;
    }
    if (offset == UINT64_MAX) {
        call_fail(c, ERR_INVALID, "parameter \"offset\" is missing: where in the file the piece begins");
        return;
    }
    struct import_session *s = import_of(c);
    struct import_job *j = s != NULL ? import_claim(c, s) : NULL;
    if (j != NULL) {
        j->offset = offset;
        j->last = last == 1;
        call_write(c, import_run_piece, NULL);
    }
}

/* --- DELETE /v1/imports/ID --- */

static void import_run_end(const struct engine_view *v, struct call *c)
{
    struct import_session *s = ((struct import_job *)c->job)->s;
    if (!s->o.validate) {
        audience_import_forget(v->audience, s->o.session, &c->err);
    }
}

static void import_then_end(struct call *c)
{
    import_unlist(((struct import_job *)c->job)->s);
    call_reply(c);
}

void api_import_end(struct call *c)
{
    struct import_session *s = import_of(c);
    if (s != NULL && import_claim(c, s) != NULL) {
        call_write(c, import_run_end, import_then_end);
    }
}
