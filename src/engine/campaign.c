/* The lives of campaigns: added, started, paused, resumed, cancelled, removed; one function changes the
 * state. */
#include "base/nearest.h"
#include "engine/internal.h"

#include "audience/segment.h"
#include "engine/schedule.h"

#include <stdlib.h>
#include <string.h>

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
    size_t need = s->name.n + s->sender.n + s->text.n + s->tlvs.n + 4;
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
    m->spec.tlvs = campaign_keep(m, s->tlvs);
    for (size_t i = 0; i < s->n_segments; i++) {
        m->spec.segments[i] = campaign_keep(m, s->segments[i]);
    }
    for (size_t i = 0; i < s->n_exclude; i++) {
        m->spec.exclude[i] = campaign_keep(m, s->exclude[i]);
    }
    return true;
}

struct campaign *campaign_new(struct engine *g, const struct campaign_spec *s, struct err *e)
{
    struct campaign *m = calloc(1, sizeof *m);
    if (m == NULL || !campaign_copy_spec(m, s, e)) {
        err_set(e, ERR_NOMEM, "out of memory");
        campaign_free(m);
        return NULL;
    }
    m->g = g;
    g->campaign_tlvs = g->campaign_tlvs || s->tlvs.n > 0;
    ring_init(&m->ahead, sizeof(struct outgoing *), 0);
    bucket_init(&m->rate, s->rate, s->rate > 10 ? s->rate / 10 : 1, engine_mono(g));
    m->template_ = template_parse(s->text, NULL, e);
    if (m->template_ == NULL) {
        campaign_free(m);
        return NULL;
    }
    return m;
}

void campaign_free_clocks(struct campaign *m)
{
    for (size_t i = 0; i < m->n_clocks; i++) {
        audience_set_free(m->clocks[i].set);
    }
    free(m->clocks);
    m->clocks = NULL;
    m->n_clocks = 0;
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
    campaign_free_clocks(m);
    template_free(m->template_);
    buf_free(&m->strings);
    free(m);
}

bool campaign_add_to(struct engine *g, struct campaign *m)
{
    struct campaign **p = realloc(g->campaigns, (g->n_campaigns + 1) * sizeof *p);
    if (p == NULL) {
        return false;
    }
    g->campaigns = p;
    g->campaigns[g->n_campaigns++] = m;
    return true;
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
    struct nearest near;
    nearest_begin(&near, name);
    for (size_t i = 0; i < g->n_campaigns; i++) {
        nearest_offer(&near, g->campaigns[i]->spec.name);
    }
    nearest_refuse(&near, "campaign", name, "tessera campaign list", e);
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
    spool_result_ok(r, &l->err);
    l->done(l->ctx, &l->err);
    free(l);
}

static void campaign_store(struct campaign *m, enum campaign_state state, spool_done done, void *ctx)
{
    struct buf b = { 0 };
    if (campaign_encode(m, state, &b)) {
        spool_put_doc(m->g->spool, DOC_CAMPAIGN, m->spec.name, (struct strv){ (const char *)b.data, b.len },
                      done, ctx);
        engine_touch_spool(m->g);
    } else if (done != NULL) { /* an empty document would delete what is stored */
        struct spool_result r = { .code = ERR_NOMEM, .text = "out of memory" };
        done(ctx, &r);
    }
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
    campaign_store(m, to, NULL, NULL);
}

/* Nobody is taken of it any more: its sets, which may be large, are not needed, but by jobs under way. */
static void campaign_let_go(struct campaign *m)
{
    if (m->jobs > 0 || (m->state != CAMPAIGN_DONE && m->state != CAMPAIGN_CANCELLED)) {
        return;
    }
    for (size_t i = 0; i < m->n_clocks; i++) {
        audience_set_free(m->clocks[i].set);
        m->clocks[i].set = NULL;
    }
}

void campaign_check_done(struct campaign *m)
{
    if (m->state != CAMPAIGN_RUNNING) {
        return; /* a paused one stays so: some of its messages may wait */
    }
    for (size_t i = 0; i < m->n_clocks; i++) {
        if (m->clocks[i].claimed < m->clocks[i].count) {
            return;
        }
    }
    campaign_set_state(m, CAMPAIGN_DONE,
                       m->recipients ? "every recipient has been taken up" : "nobody is in the audience");
    campaign_let_go(m);
}

void campaign_job_back(struct campaign *m)
{
    if (--m->jobs > 0) {
        return;
    }
    if (m->removed) {
        campaign_free(m);
    } else {
        campaign_let_go(m);
    }
}

static bool campaign_check(const struct engine *g, const struct campaign_spec *s, struct err *e)
{
    struct sender sender;
    if (s->name.n == 0 || s->name.n >= ENGINE_NAME_MAX) {
        return err_set(e, ERR_INVALID, "a campaign's name has 1 to %d characters", ENGINE_NAME_MAX - 1);
    }
    if (!strv_is_name(s->name)) {
        return err_set(e, ERR_INVALID, "a campaign's name has letters, digits, '-', '_' and '.' only");
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

static bool campaign_segment_found(void *ctx, const struct segment *s)
{
    (void)ctx;
    (void)s;
    return true;
}

bool campaign_check_text(const struct audience_view *av, struct strv text, struct err *e)
{
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
    struct template *t = template_parse(text, &known, e);
    template_free(t);
    return t != NULL;
}

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
            segment_get(av, name, campaign_segment_found, NULL, &j->err); /* names the nearest */
        }
        free(text);
    }
    if (j->err.code == ERR_NONE) {
        campaign_check_text(av, s->text, &j->err);
    }
    audience_view_end(av);
}

static void campaign_take_out(struct engine *g, const struct campaign *m)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        if (g->campaigns[i] == m) {
            g->campaigns[i] = g->campaigns[--g->n_campaigns];
            return;
        }
    }
}

static void campaign_added(void *ctx, const struct spool_result *r)
{
    struct campaign_adding *j = ctx;
    struct campaign *m = j->m;
    if (!spool_result_ok(r, &j->err)) {
        campaign_take_out(m->g, m);
        m->removed = true;
    } else {
        campaign_move(m, CAMPAIGN_DRAFT, "added");
    }
    j->done(j->ctx, &j->err);
    campaign_job_back(m);
    free(j);
}

/* It has its name from now on: a second one of the same name must not overwrite its record. Nobody can start
 * it before it is stored. */
static void campaign_verified(void *job)
{
    struct campaign_adding *j = job;
    struct campaign *m = j->m;
    if (j->err.code == ERR_NONE && campaign_find(m->g, m->spec.name) != NULL) {
        err_set(&j->err, ERR_EXISTS, "there is a campaign \"%s\" already", m->spec.name.p);
    } else if (j->err.code == ERR_NONE && !campaign_add_to(m->g, m)) {
        err_set(&j->err, ERR_NOMEM, "out of memory");
    }
    if (j->err.code != ERR_NONE) {
        j->done(j->ctx, &j->err);
        campaign_free(m);
        free(j);
        return;
    }
    m->jobs++;
    m->state = CAMPAIGN_STARTING;
    campaign_store(m, CAMPAIGN_DRAFT, campaign_added, j);
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

/* The record is freed when it is gone from the store, too. */
struct campaign_removing {
    struct campaign *m;
    engine_done_fn done;
    void *ctx;
};

static void campaign_removed(void *ctx, const struct spool_result *r)
{
    struct campaign_removing *j = ctx;
    struct err e = { 0 };
    spool_result_ok(r, &e);
    j->done(j->ctx, &e);
    campaign_job_back(j->m);
    free(j);
}

static void campaign_remove(struct engine *g, struct campaign *m, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct campaign_removing *j = calloc(1, sizeof *j);
    if (j == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    *j = (struct campaign_removing){ m, done, ctx };
    campaign_take_out(g, m);
    m->removed = true;
    m->jobs++;
    spool_put_doc(g->spool, DOC_CAMPAIGN, m->spec.name, (struct strv){ 0 }, campaign_removed, j);
    engine_touch_spool(g);
}

/* Which moves an operator may make; -1: none. */
static int campaign_target(enum campaign_state from, enum campaign_action a)
{
    switch (a) {
    case CAMPAIGN_START: return from == CAMPAIGN_DRAFT ? CAMPAIGN_STARTING : -1;
    case CAMPAIGN_PAUSE:
        return from == CAMPAIGN_RUNNING || from == CAMPAIGN_PAUSED || from == CAMPAIGN_DONE ? CAMPAIGN_PAUSED
                                                                                            : -1;
    case CAMPAIGN_RESUME: return from == CAMPAIGN_PAUSED || from == CAMPAIGN_RUNNING ? CAMPAIGN_RUNNING : -1;
    case CAMPAIGN_CANCEL:
        return from == CAMPAIGN_DRAFT || from == CAMPAIGN_RUNNING || from == CAMPAIGN_PAUSED ||
                       from == CAMPAIGN_DONE
                   ? CAMPAIGN_CANCELLED
                   : -1;
    case CAMPAIGN_REMOVE: return from == CAMPAIGN_DRAFT ? CAMPAIGN_DRAFT : -1;
    }
    return -1;
}

static void campaign_start(struct campaign *m, const struct engine_schedule *s, engine_done_fn done,
                           void *ctx)
{
    struct err e = { 0 };
    if (m->state != CAMPAIGN_DRAFT) {
        err_set(&e, ERR_STATE, "campaign \"%s\" is %s: it cannot be started", m->spec.name.p,
                campaign_state_name(m->state));
    }
    if (e.code != ERR_NONE || !schedule_check(s, engine_wall(m->g), &e)) {
        engine_answer_later(m->g, done, ctx, &e);
        return;
    }
    m->schedule = *s;
    campaign_begin(m, done, ctx);
    if (m->state != CAMPAIGN_STARTING) {
        m->schedule = (struct engine_schedule){ 0 }; /* refused: it will be told */
    }
}

void engine_campaign_start(struct engine *g, struct strv name, const struct engine_schedule *s,
                           engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct campaign *m = campaign_need(g, name, &e);
    if (m == NULL) {
        engine_answer_later(g, done, ctx, &e);
    } else {
        campaign_start(m, s, done, ctx);
    }
}

/* Paused, resumed or cancelled. */
static void campaign_change(struct campaign *m, enum campaign_state to, engine_done_fn done, void *ctx)
{
    struct engine *g = m->g;
    struct err e = { 0 };
    struct stored *l = calloc(1, sizeof *l);
    if (l == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    *l = (struct stored){ .done = done, .ctx = ctx };
    enum campaign_state from = m->state;
    if (from != to) {
        campaign_move(m, to, "an operator");
    }
    if (to == CAMPAIGN_CANCELLED) {
        campaign_drop_candidates(m);
        campaign_let_go(m);
        sweep_cancel(g, m->id);
    } else if (from == CAMPAIGN_PAUSED && to == CAMPAIGN_RUNNING) {
        sweep_resume(g, m->id);
        campaign_check_done(m);
    }
    campaign_store(m, m->state, campaign_stored, l);
    campaign_kick(m);
}

/* One that is done: whether there is anything left of it that could be paused or cancelled. */
struct campaign_left {
    struct campaign *m;
    enum campaign_state to;
    uint64_t waiting;
    engine_done_fn done;
    void *ctx;
};

static void campaign_left_read(const struct engine_view *v, void *job)
{
    struct campaign_left *j = job;
    struct spool_counts n;
    spool_get_counts(v->spool, j->m->id, &n);
    j->waiting = n.by_state[MESSAGE_HELD] + n.by_state[MESSAGE_READY] + n.by_state[MESSAGE_IN_FLIGHT];
}

static void campaign_left_told(void *job)
{
    struct campaign_left *j = job;
    struct campaign *m = j->m;
    struct err e = { 0 };
    if (m->state == CAMPAIGN_DONE && j->waiting == 0) {
        err_set(&e, ERR_STATE, "campaign \"%s\" is done, and none of its messages waits", m->spec.name.p);
        j->done(j->ctx, &e);
    } else {
        campaign_change(m, j->to, j->done, j->ctx);
    }
    campaign_job_back(m);
    free(j);
}

static void campaign_change_done(struct campaign *m, enum campaign_state to, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct campaign_left *j = calloc(1, sizeof *j);
    if (j == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
    } else {
        *j = (struct campaign_left){ .m = m, .to = to, .done = done, .ctx = ctx };
        if (engine_submit(m->g, &m->g->lookup, campaign_left_read, campaign_left_told, j, &e)) {
            m->jobs++;
            return;
        }
        free(j);
    }
    engine_answer_later(m->g, done, ctx, &e);
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
        campaign_start(m, &(struct engine_schedule){ 0 }, done, ctx);
        return;
    }
    if (a == CAMPAIGN_REMOVE) {
        campaign_remove(g, m, done, ctx);
        return;
    }
    if (m->state == CAMPAIGN_DONE) {
        campaign_change_done(m, (enum campaign_state)to, done, ctx);
    } else {
        campaign_change(m, (enum campaign_state)to, done, ctx);
    }
}
