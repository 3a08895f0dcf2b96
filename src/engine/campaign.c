#include "engine/internal.h"

#include "audience/segment.h"

#include <stdlib.h>
#include <string.h>

#define CAMPAIGN_DOC_VERSION 1

const char *campaign_state_name(enum campaign_state s)
{
    static const char *const names[] = { "draft", "starting", "running", "paused", "done", "cancelled" };
    return names[s];
}

/* --- stored form: version, then fields as below; strings with their length --- */

static void campaign_put_list(struct buf *b, const struct strv *list, size_t n)
{
    buf_put_varint(b, n);
    for (size_t i = 0; i < n; i++) {
        buf_put_lstr(b, list[i]);
    }
}

void campaign_encode(const struct campaign *m, struct buf *b)
{
    buf_put_u8(b, CAMPAIGN_DOC_VERSION);
    buf_put_u32(b, m->id);
    buf_put_u8(b, (uint8_t)m->state);
    buf_put_u8(b, (uint8_t)m->spec.class_);
    buf_put_svarint(b, m->created);
    buf_put_svarint(b, m->started);
    buf_put_svarint(b, m->ended);
    buf_put_svarint(b, m->spec.valid_for);
    buf_put_svarint(b, m->spec.rate);
    buf_put_varint(b, m->recipients);
    buf_put_lstr(b, m->spec.sender);
    buf_put_lstr(b, m->spec.text);
    campaign_put_list(b, m->spec.segments, m->spec.n_segments);
    campaign_put_list(b, m->spec.exclude, m->spec.n_exclude);
}

/* Strings are kept in one buffer that never moves afterwards: it is reserved whole before. */
static struct strv campaign_keep(struct campaign *m, struct strv s)
{
    size_t at = m->strings.len;
    buf_put_strv(&m->strings, s);
    buf_put_u8(&m->strings, 0);
    return (struct strv){ (const char *)m->strings.data + at, s.n };
}

static bool campaign_copy_spec(struct campaign *m, const struct campaign_spec *s, struct err *e)
{
    size_t need = s->name.n + s->sender.n + s->text.n + 3;
    for (size_t i = 0; i < s->n_segments; i++) {
        need += s->segments[i].n + 1;
    }
    for (size_t i = 0; i < s->n_exclude; i++) {
        need += s->exclude[i].n + 1;
    }
    if (!buf_reserve(&m->strings, need)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    m->spec = *s;
    m->spec.name = campaign_keep(m, s->name);
    m->spec.sender = campaign_keep(m, s->sender);
    m->spec.text = campaign_keep(m, s->text);
    for (size_t i = 0; i < s->n_segments; i++) {
        m->spec.segments[i] = campaign_keep(m, s->segments[i]);
    }
    for (size_t i = 0; i < s->n_exclude; i++) {
        m->spec.exclude[i] = campaign_keep(m, s->exclude[i]);
    }
    return true;
}

static struct campaign *campaign_new(struct engine *g, const struct campaign_spec *s, struct err *e)
{
    struct campaign *m = calloc(1, sizeof *m);
    if (m == NULL || !campaign_copy_spec(m, s, e)) {
        err_set(e, ERR_NOMEM, "out of memory");
        campaign_free(m);
        return NULL;
    }
    m->g = g;
    ring_init(&m->ahead, sizeof(struct outgoing *), 0);
    bucket_init(&m->rate, s->rate, s->rate > 10 ? s->rate / 10 : 1, engine_mono(g));
    m->template_ = template_parse(s->text, NULL, e);
    if (m->template_ == NULL) {
        campaign_free(m);
        return NULL;
    }
    return m;
}

void campaign_free(struct campaign *m)
{
    if (m == NULL) {
        return;
    }
    struct outgoing *o;
    while (ring_pop(&m->ahead, &o)) {
        outgoing_free(o);
    }
    ring_free(&m->ahead);
    for (size_t i = 0; i < m->n_clocks; i++) {
        audience_set_free(m->clocks[i].set);
    }
    free(m->clocks);
    template_free(m->template_);
    buf_free(&m->strings);
    free(m);
}

static size_t campaign_get_list(struct rd *r, struct strv *list)
{
    uint64_t n = rd_varint(r);
    n = n <= CAMPAIGN_MAX_SEGMENTS ? n : CAMPAIGN_MAX_SEGMENTS;
    for (size_t i = 0; i < n; i++) {
        list[i] = rd_lstr(r);
    }
    return (size_t)n;
}

static bool campaign_add_to(struct engine *g, struct campaign *m)
{
    struct campaign **p = realloc(g->campaigns, (g->n_campaigns + 1) * sizeof *p);
    if (p == NULL) {
        return false;
    }
    g->campaigns = p;
    g->campaigns[g->n_campaigns++] = m;
    return true;
}

static struct campaign *campaign_decode(struct engine *g, struct strv name, struct strv doc, struct err *e)
{
    struct rd r = rd_from(doc.p, doc.n);
    struct campaign_spec s = { .name = name };
    if (rd_u8(&r) != CAMPAIGN_DOC_VERSION) {
        err_set(e, ERR_VERSION, "campaign \"" STRV_FMT "\" was written by another version", STRV_ARG(name));
        return NULL;
    }
    uint32_t id = rd_u32(&r);
    uint8_t state = rd_u8(&r), class_ = rd_u8(&r);
    usec_t created = rd_svarint(&r), started = rd_svarint(&r), ended = rd_svarint(&r);
    s.valid_for = rd_svarint(&r);
    s.rate = rd_svarint(&r);
    uint64_t recipients = rd_varint(&r);
    s.sender = rd_lstr(&r);
    s.text = rd_lstr(&r);
    s.n_segments = campaign_get_list(&r, s.segments);
    s.n_exclude = campaign_get_list(&r, s.exclude);
    if (r.failed || state > CAMPAIGN_CANCELLED || class_ >= CLASS_COUNT) {
        err_set(e, ERR_CORRUPT, "the record of campaign \"" STRV_FMT "\" is damaged", STRV_ARG(name));
        return NULL;
    }
    s.class_ = class_;
    struct campaign *m = campaign_new(g, &s, e);
    if (m != NULL) {
        m->id = id;
        m->state = state == CAMPAIGN_STARTING ? CAMPAIGN_DRAFT : (enum campaign_state)state;
        m->created = created;
        m->started = started;
        m->ended = ended;
        m->recipients = recipients;
    }
    return m;
}

struct campaign_loading {
    struct engine *g;
    struct campaign *m;
    struct err *e;
    bool ok;
};

static bool campaign_load_clock(void *ctx, const struct spool_clock_set *set, uint32_t next, uint64_t done)
{
    struct campaign_loading *l = ctx;
    struct campaign *m = l->m;
    struct campaign_clock *p = realloc(m->clocks, (m->n_clocks + 1) * sizeof *p);
    if (p == NULL) {
        l->ok = err_set(l->e, ERR_NOMEM, "out of memory");
        return false;
    }
    m->clocks = p;
    struct campaign_clock *k = &m->clocks[m->n_clocks];
    *k = (struct campaign_clock){ .book = set->clock,
                                  .clock = engine_clock_of_book(l->g, set->clock),
                                  .count = set->count,
                                  .claimed = done,
                                  .next_claim = next,
                                  .produce_from = next };
    k->set = audience_set_deserialize(set->set, l->e);
    if (k->set == NULL) {
        l->ok = false;
        return false;
    }
    m->n_clocks++;
    return true;
}

static bool campaign_load_one(void *ctx, struct strv name, struct strv doc)
{
    struct campaign_loading *l = ctx;
    struct campaign *m = campaign_decode(l->g, name, doc, l->e);
    if (m == NULL || !campaign_add_to(l->g, m)) {
        l->ok = false;
        return false;
    }
    if (m->id > l->g->last_campaign_id) {
        l->g->last_campaign_id = m->id;
    }
    return true;
}

bool campaign_load_docs(struct engine *g, struct spool_reader *r, struct err *e)
{
    struct campaign_loading l = { g, NULL, e, true };
    spool_each_doc(r, DOC_CAMPAIGN, campaign_load_one, &l);
    for (size_t i = 0; l.ok && i < g->n_campaigns; i++) {
        l.m = g->campaigns[i];
        if (l.m->state == CAMPAIGN_RUNNING || l.m->state == CAMPAIGN_PAUSED) {
            spool_each_audience(r, l.m->id, campaign_load_clock, &l);
        }
    }
    return l.ok;
}

/* --- finding --- */

struct campaign *campaign_find(const struct engine *g, struct strv name)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        if (strv_eq(g->campaigns[i]->spec.name, name)) {
            return g->campaigns[i];
        }
    }
    return NULL;
}

struct campaign *campaign_by_id(const struct engine *g, uint32_t id)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        if (g->campaigns[i]->id == id) {
            return g->campaigns[i];
        }
    }
    return NULL;
}

struct campaign *campaign_need(const struct engine *g, struct strv name, struct err *e)
{
    struct campaign *m = campaign_find(g, name);
    if (m != NULL) {
        return m;
    }
    const struct campaign *near = NULL;
    unsigned best = 3;
    for (size_t i = 0; i < g->n_campaigns; i++) {
        unsigned d = strv_distance(g->campaigns[i]->spec.name, name);
        if (d < best) {
            best = d;
            near = g->campaigns[i];
        }
    }
    if (near != NULL) {
        err_set(e, ERR_NOT_FOUND, "no campaign \"" STRV_FMT "\"; did you mean \"" STRV_FMT "\"?",
                STRV_ARG(name), STRV_ARG(near->spec.name));
    } else {
        err_set(e, ERR_NOT_FOUND, "no campaign \"" STRV_FMT "\"", STRV_ARG(name));
    }
    return NULL;
}

/* --- life --- */

struct stored {
    engine_done_fn done;
    void *ctx;
    struct err err;
};

static void campaign_stored(void *ctx, const struct spool_result *r)
{
    struct stored *l = ctx;
    if (r->code != ERR_NONE) {
        err_set(&l->err, r->code, "%s", r->text);
    }
    l->done(l->ctx, &l->err);
    free(l);
}

static void campaign_store(struct campaign *m, spool_done done, void *ctx)
{
    struct buf b = { 0 };
    campaign_encode(m, &b);
    spool_put_doc(m->g->spool, DOC_CAMPAIGN, m->spec.name, (struct strv){ (const char *)b.data, b.len }, done,
                  ctx);
    engine_touch_spool(m->g);
    buf_free(&b);
}

/* The only place where the state changes. */
void campaign_move(struct campaign *m, enum campaign_state to, const char *why)
{
    log_event(m->g->log, LOG_INFO, "campaign_state", "campaign=%s from=%s to=%s why=%s", m->spec.name.p,
              campaign_state_name(m->state), campaign_state_name(to), log_quote(strv_from(why)).s);
    m->state = to;
    if (to == CAMPAIGN_DONE || to == CAMPAIGN_CANCELLED) {
        m->ended = engine_wall(m->g);
    }
}

void campaign_set_state(struct campaign *m, enum campaign_state to, const char *why)
{
    campaign_move(m, to, why);
    campaign_store(m, NULL, NULL);
}

void campaign_job_back(struct campaign *m)
{
    if (--m->jobs == 0 && m->removed) {
        campaign_free(m);
    }
}

static bool campaign_check(const struct engine *g, const struct campaign_spec *s, struct err *e)
{
    struct sender sender;
    if (s->name.n == 0 || s->name.n >= ENGINE_NAME_MAX) {
        return err_set(e, ERR_INVALID, "a campaign's name has 1 to %d characters", ENGINE_NAME_MAX - 1);
    }
    for (size_t i = 0; i < s->name.n; i++) {
        char c = s->name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              strchr("-_.", c))) {
            return err_set(e, ERR_INVALID, "a campaign's name has letters, digits, '-', '_' and '.' only");
        }
    }
    if (campaign_find(g, s->name) != NULL) {
        return err_set(e, ERR_EXISTS, "there is a campaign \"" STRV_FMT "\" already", STRV_ARG(s->name));
    }
    if (s->n_segments == 0) {
        return err_set(e, ERR_INVALID, "a campaign needs a segment");
    }
    if (strv_trim(s->text).n == 0) {
        return err_set(e, ERR_INVALID, "a campaign needs a text");
    }
    return s->sender.n == 0 || sender_parse(s->sender, NULL, &sender, e) || err_prefix(e, "sender");
}

struct campaign_adding {
    struct campaign *m;
    engine_done_fn done;
    void *ctx;
    struct err err;
};

/* On the query thread: do the segments exist, are the template's fields known? */
static void campaign_verify(const struct engine_view *v, void *job)
{
    struct campaign_adding *j = job;
    const struct campaign_spec *s = &j->m->spec;
    struct audience_view *av = audience_view_begin(v->audience, &j->err);
    if (av == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n_segments + s->n_exclude && j->err.code == ERR_NONE; i++) {
        struct strv name = i < s->n_segments ? s->segments[i] : s->exclude[i - s->n_segments];
        char *text = segment_query_text(av, name);
        if (text == NULL) {
            err_set(&j->err, ERR_NOT_FOUND, "no segment \"" STRV_FMT "\"; see `tessera segment list`",
                    STRV_ARG(name));
        }
        free(text);
    }
    const char *names[TEMPLATE_MAX_FIELDS * 16];
    char store[TEMPLATE_MAX_FIELDS * 16][SCHEMA_MAX_NAME + 1];
    struct template_names known = { names, 0 };
    for (size_t i = 0; i < av->schema->n_fields && known.count < TEMPLATE_MAX_FIELDS * 16; i++) {
        if (!av->schema->fields[i].hidden) {
            strv_copy(av->schema->fields[i].name, store[known.count], sizeof store[0]);
            names[known.count] = store[known.count];
            known.count++;
        }
    }
    audience_view_end(av);
    if (j->err.code == ERR_NONE) {
        struct template *t = template_parse(s->text, &known, &j->err);
        template_free(t);
    }
}

static void campaign_added(void *ctx, const struct spool_result *r)
{
    struct campaign_adding *j = ctx;
    struct campaign *m = j->m;
    if (r->code != ERR_NONE) {
        err_set(&j->err, r->code, "%s", r->text);
        campaign_free(m);
    } else if (!campaign_add_to(m->g, m)) {
        err_set(&j->err, ERR_NOMEM, "out of memory");
        campaign_free(m);
    } else {
        campaign_move(m, CAMPAIGN_DRAFT, "added");
    }
    j->done(j->ctx, &j->err);
    free(j);
}

static void campaign_verified(void *job)
{
    struct campaign_adding *j = job;
    if (j->err.code == ERR_NONE && campaign_find(j->m->g, j->m->spec.name) != NULL) {
        err_set(&j->err, ERR_EXISTS, "there is a campaign \"%s\" already", j->m->spec.name.p);
    }
    if (j->err.code != ERR_NONE) {
        j->done(j->ctx, &j->err);
        campaign_free(j->m);
        free(j);
        return;
    }
    campaign_store(j->m, campaign_added, j);
}

void engine_campaign_add(struct engine *g, const struct campaign_spec *s, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct campaign *m = campaign_check(g, s, &e) ? campaign_new(g, s, &e) : NULL;
    struct campaign_adding *j = m ? calloc(1, sizeof *j) : NULL;
    if (j == NULL) {
        campaign_free(m);
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    m->id = ++g->last_campaign_id;
    m->created = engine_wall(g);
    *j = (struct campaign_adding){ .m = m, .done = done, .ctx = ctx };
    if (!engine_submit(g, &g->query, campaign_verify, campaign_verified, j, &e)) {
        campaign_free(m);
        free(j);
        engine_answer_later(g, done, ctx, &e);
    }
}

static void campaign_remove(struct engine *g, struct campaign *m)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        if (g->campaigns[i] == m) {
            g->campaigns[i] = g->campaigns[--g->n_campaigns];
            break;
        }
    }
    spool_put_doc(g->spool, DOC_CAMPAIGN, m->spec.name, (struct strv){ 0 }, NULL, NULL);
    m->removed = true;
    m->jobs++;
    campaign_job_back(m);
}

/* Which moves an operator may make; -1: none. */
static int campaign_target(enum campaign_state from, enum campaign_action a)
{
    switch (a) {
    case CAMPAIGN_START: return from == CAMPAIGN_DRAFT ? CAMPAIGN_STARTING : -1;
    case CAMPAIGN_PAUSE: return from == CAMPAIGN_RUNNING || from == CAMPAIGN_PAUSED ? CAMPAIGN_PAUSED : -1;
    case CAMPAIGN_RESUME: return from == CAMPAIGN_PAUSED || from == CAMPAIGN_RUNNING ? CAMPAIGN_RUNNING : -1;
    case CAMPAIGN_CANCEL:
        return from == CAMPAIGN_DRAFT || from == CAMPAIGN_RUNNING || from == CAMPAIGN_PAUSED
                   ? CAMPAIGN_CANCELLED
                   : -1;
    case CAMPAIGN_REMOVE: return from == CAMPAIGN_DRAFT ? CAMPAIGN_DRAFT : -1;
    }
    return -1;
}

void engine_campaign_act(struct engine *g, struct strv name, enum campaign_action a, engine_done_fn done,
                         void *ctx)
{
    static const char *const verbs[] = { "started", "paused", "resumed", "cancelled", "removed" };
    struct err e = { 0 };
    struct campaign *m = campaign_need(g, name, &e);
    if (m == NULL) {
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    int to = campaign_target(m->state, a);
    if (to < 0) {
        err_set(&e, ERR_STATE, "campaign \"%s\" is %s: it cannot be %s", m->spec.name.p,
                campaign_state_name(m->state), verbs[a]);
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    if (a == CAMPAIGN_START) {
        campaign_begin(m, done, ctx);
        return;
    }
    struct stored *l = calloc(1, sizeof *l);
    if (l == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    *l = (struct stored){ .done = done, .ctx = ctx };
    if (a == CAMPAIGN_REMOVE) {
        campaign_remove(g, m);
        engine_answer_later(g, done, ctx, &e);
        free(l);
        return;
    }
    if ((int)m->state != to) {
        campaign_move(m, (enum campaign_state)to, "an operator");
    }
    if (to == CAMPAIGN_CANCELLED) {
        campaign_drop_candidates(m);
    }
    campaign_store(m, campaign_stored, l);
    campaign_kick(m);
}

/* --- for people --- */

void campaign_fill_clock_info(struct campaign *m, size_t i, struct campaign_clock_info *out)
{
    const struct campaign_clock *k = &m->clocks[i];
    struct engine *g = m->g;
    struct quiet_why why;
    usec_t wall = engine_wall(g);
    const struct quiet_state *q = gate_quiet(&g->gate, k->clock, m->spec.class_, wall);
    *out = (struct campaign_clock_info){
        .clock = k->clock, .recipients = k->count, .claimed = k->claimed, .open = q->open, .changes = q->until
    };
    strv_copy(strv_from(clocks_text(g->facts->clocks, k->clock)), out->text, sizeof out->text);
    if (!q->open && !quiet_allowed(g->facts->quiet, k->clock, m->spec.class_, wall, &why)) {
        strv_copy(strv_from(why.text), out->detail, sizeof out->detail);
    }
}

static struct campaign_info *campaign_info_of(struct campaign *m)
{
    struct campaign_info *i = calloc(1, sizeof *i + m->n_clocks * sizeof *i->clocks);
    if (i == NULL) {
        return NULL;
    }
    i->spec = m->spec; /* the strings are the campaign's: the info is used up before the loop goes on */
    i->id = m->id;
    i->state = m->state;
    i->created = m->created;
    i->started = m->started;
    i->ended = m->ended;
    i->recipients = m->recipients;
    i->complete = m->state == CAMPAIGN_DONE || m->state == CAMPAIGN_CANCELLED;
    i->clocks = (struct campaign_clock_info *)(i + 1);
    i->n_clocks = m->state == CAMPAIGN_RUNNING || m->state == CAMPAIGN_PAUSED ? m->n_clocks : 0;
    for (size_t k = 0; k < i->n_clocks; k++) {
        campaign_fill_clock_info(m, k, &i->clocks[k]);
    }
    return i;
}

struct campaign_info *engine_campaign_get(struct engine *g, struct strv name, struct err *e)
{
    struct campaign *m = campaign_need(g, name, e);
    struct campaign_info *i = m ? campaign_info_of(m) : NULL;
    if (m != NULL && i == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
    }
    return i;
}

void engine_campaign_free(struct campaign_info *i)
{
    free(i);
}

void engine_campaign_each(struct engine *g, bool (*fn)(void *ctx, const struct campaign_info *i), void *ctx)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        struct campaign_info *info = campaign_info_of(g->campaigns[i]);
        bool go_on = info != NULL && fn(ctx, info);
        free(info);
        if (!go_on) {
            return;
        }
    }
}
