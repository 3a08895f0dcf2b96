/* Votes as the engine keeps them: definitions in the spool's documents, words in a matcher. Counting is the
 * spool's. */
#include "base/nearest.h"
#include "engine/internal.h"

#include <stdlib.h>
#include <string.h>

#define VOTE_DOC_VERSION 1

struct vote {
    struct vote_spec spec; /* views into strings */
    struct buf strings;
    uint32_t id; /* in the matcher */
};

void votes_encode(const struct vote_spec *s, struct buf *b)
{
    buf_put_u8(b, VOTE_DOC_VERSION);
    buf_put_u8(b, s->last_wins);
    buf_put_lstr(b, s->keyword);
    buf_put_varint(b, s->n_options);
    for (size_t i = 0; i < s->n_options; i++) {
        buf_put_lstr(b, s->options[i]);
        buf_put_lstr(b, s->aliases[i]);
    }
    buf_put_lstr(b, s->field);
}

bool votes_decode(struct strv name, struct strv doc, struct vote_spec *s, struct err *e)
{
    struct rd r = rd_from(doc.p, doc.n);
    *s = (struct vote_spec){ .name = name };
    if (rd_u8(&r) != VOTE_DOC_VERSION) {
        return err_set(e, ERR_VERSION, "vote \"" STRV_FMT "\" was written by another version",
                       STRV_ARG(name));
    }
    s->last_wins = rd_u8(&r) != 0;
    s->keyword = rd_lstr(&r);
    uint64_t n = rd_varint(&r);
    s->n_options = n <= VOTE_MAX_OPTIONS ? (size_t)n : VOTE_MAX_OPTIONS;
    for (size_t i = 0; i < s->n_options; i++) {
        s->options[i] = rd_lstr(&r);
        s->aliases[i] = rd_lstr(&r);
    }
    s->field = rd_left(&r) != 0 ? rd_lstr(&r) : strv_from(NULL); /* there were none once */
    return !r.failed ||
           err_set(e, ERR_CORRUPT, "the record of vote \"" STRV_FMT "\" is damaged", STRV_ARG(name));
}

static void vote_free(struct vote *v)
{
    if (v != NULL) {
        buf_free(&v->strings);
        free(v);
    }
}

static struct strv vote_keep(struct vote *v, struct strv s)
{
    size_t at = v->strings.len;
    buf_put_strv(&v->strings, s);
    buf_put_u8(&v->strings, 0);
    return (struct strv){ (const char *)v->strings.data + at, s.n };
}

static struct vote *vote_new(const struct vote_spec *s, struct err *e)
{
    struct vote *v = calloc(1, sizeof *v);
    size_t need = s->name.n + s->keyword.n + s->field.n + 3;
    for (size_t i = 0; i < s->n_options; i++) {
        need += s->options[i].n + s->aliases[i].n + 2;
    }
    if (v == NULL || !buf_reserve(&v->strings, need)) {
        err_set(e, ERR_NOMEM, "out of memory");
        vote_free(v);
        return NULL;
    }
    v->spec = *s;
    v->spec.name = vote_keep(v, s->name);
    v->spec.keyword = vote_keep(v, s->keyword);
    v->spec.field = vote_keep(v, s->field);
    for (size_t i = 0; i < s->n_options; i++) {
        v->spec.options[i] = vote_keep(v, s->options[i]);
        v->spec.aliases[i] = vote_keep(v, s->aliases[i]);
    }
    return v;
}

/* The definition as the matcher wants it; `defs` and `aliases` are the caller's storage. */
static struct vote_def vote_def_of(const struct vote *v, struct vote_option_def *defs,
                                   struct strv (*aliases)[VOTE_MAX_ALIASES])
{
    for (size_t i = 0; i < v->spec.n_options; i++) {
        struct strv rest = v->spec.aliases[i], one;
        unsigned n = 0;
        while (n < VOTE_MAX_ALIASES && strv_next(&rest, ',', &one)) {
            one = strv_trim(one);
            if (one.n > 0) {
                aliases[i][n++] = one;
            }
        }
        defs[i] = (struct vote_option_def){ v->spec.options[i], aliases[i], n };
    }
    return (struct vote_def){ v->id, v->spec.keyword, defs, (unsigned)v->spec.n_options };
}

static bool vote_add_words(struct engine *g, struct vote *v, struct err *e)
{
    struct vote_option_def defs[VOTE_MAX_OPTIONS];
    struct strv(*aliases)[VOTE_MAX_ALIASES] = calloc(VOTE_MAX_OPTIONS, sizeof *aliases);
    if (aliases == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    v->id = ++g->last_vote;
    struct vote_def d = vote_def_of(v, defs, aliases);
    bool ok = vote_check(&d, e) && votes_add(g->vote_words, &d, e);
    free(aliases);
    return ok;
}

static size_t vote_index(const struct engine *g, struct strv name)
{
    size_t i = 0;
    while (i < g->n_votes && !strv_eq(g->votes[i]->spec.name, name)) {
        i++;
    }
    return i;
}

static bool vote_insert(struct engine *g, struct vote *v, struct err *e)
{
    struct vote **p = realloc(g->votes, (g->n_votes + 1) * sizeof *p);
    if (p == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    g->votes = p;
    g->votes[g->n_votes++] = v;
    return true;
}

struct vote_loading {
    struct engine *g;
    struct err *e;
    bool ok;
};

static bool vote_load_one(void *ctx, struct strv name, struct strv doc)
{
    struct vote_loading *l = ctx;
    struct vote_spec s;
    struct vote *v = votes_decode(name, doc, &s, l->e) ? vote_new(&s, l->e) : NULL;
    l->ok = v != NULL && vote_add_words(l->g, v, l->e) && vote_insert(l->g, v, l->e);
    if (!l->ok) {
        vote_free(v);
    }
    return l->ok;
}

bool votes_load_docs(struct engine *g, struct spool_reader *r, struct err *e)
{
    struct vote_loading l = { g, e, true };
    g->vote_words = votes_new();
    if (g->vote_words == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    spool_each_doc(r, DOC_VOTE, vote_load_one, &l);
    return l.ok;
}

void votes_free_all(struct engine *g)
{
    for (size_t i = 0; i < g->n_votes; i++) {
        vote_free(g->votes[i]);
    }
    free(g->votes);
    votes_free(g->vote_words);
}

const struct vote_spec *votes_find(const struct engine *g, struct strv text, int *option)
{
    struct vote_match m = votes_match(g->vote_words, text);
    *option = m.result == VOTE_OPTION ? (int)m.option : -1;
    for (size_t i = 0; m.result != VOTE_NO_KEYWORD && i < g->n_votes; i++) {
        if (g->votes[i]->id == m.vote) {
            return &g->votes[i]->spec;
        }
    }
    return NULL;
}

const struct vote_spec *votes_at(const struct engine *g, size_t i)
{
    return &g->votes[i]->spec;
}

/* --- by operators --- */

struct vote_storing {
    engine_done_fn done;
    void *ctx;
};

static void vote_stored(void *ctx, const struct spool_result *r)
{
    struct vote_storing *j = ctx;
    struct err e = { 0 };
    spool_result_ok(r, &e);
    j->done(j->ctx, &e);
    free(j);
}

static bool vote_valid(const struct vote_spec *s, struct err *e)
{
    if (s->name.n == 0 || s->name.n >= ENGINE_NAME_MAX) {
        return err_set(e, ERR_INVALID, "a vote's name has 1 to %d characters", ENGINE_NAME_MAX - 1);
    }
    if (s->n_options < 2) {
        return err_set(e, ERR_INVALID, "a vote needs at least two options");
    }
    return true;
}

static bool vote_swap(struct engine *g, struct vote *v, struct err *e)
{
    size_t i = vote_index(g, v->spec.name);
    struct vote *old = i < g->n_votes ? g->votes[i] : NULL;
    if (old != NULL) {
        votes_remove(g->vote_words, old->id);
    }
    if (!vote_add_words(g, v, e)) {
        struct err ignored;
        if (old != NULL) {
            vote_add_words(g, old, &ignored);
        }
        return false;
    }
    if (old == NULL) {
        return vote_insert(g, v, e);
    }
    g->votes[i] = v;
    vote_free(old);
    return true;
}

static void vote_put_doc(struct engine *g, struct strv name, const struct vote_spec *s, engine_done_fn done,
                         void *ctx)
{
    struct vote_storing *j = calloc(1, sizeof *j);
    struct buf b = { 0 };
    struct err e = { 0 };
    if (j == NULL) {
        err_set(&e, ERR_NOMEM, "out of memory");
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    *j = (struct vote_storing){ done, ctx };
    if (s != NULL) {
        votes_encode(s, &b);
    }
    spool_put_doc(g->spool, DOC_VOTE, name, (struct strv){ (const char *)b.data, b.len }, vote_stored, j);
    engine_touch_spool(g);
    buf_free(&b);
}

void engine_vote_put(struct engine *g, const struct vote_spec *s, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    struct vote *v = vote_valid(s, &e) ? vote_new(s, &e) : NULL;
    if (v == NULL || !vote_swap(g, v, &e)) {
        vote_free(v);
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    vote_put_doc(g, v->spec.name, &v->spec, done, ctx);
}

void engine_vote_remove(struct engine *g, struct strv name, engine_done_fn done, void *ctx)
{
    struct err e = { 0 };
    size_t i = vote_index(g, name);
    if (engine_vote_get(g, name, &e) == NULL) {
        engine_answer_later(g, done, ctx, &e);
        return;
    }
    struct vote *v = g->votes[i];
    votes_remove(g->vote_words, v->id);
    g->votes[i] = g->votes[--g->n_votes];
    vote_put_doc(g, v->spec.name, NULL, done, ctx);
    vote_free(v);
}

const struct vote_spec *engine_vote_get(struct engine *g, struct strv name, struct err *e)
{
    size_t i = vote_index(g, name);
    if (i < g->n_votes) {
        return &g->votes[i]->spec;
    }
    struct nearest near;
    nearest_begin(&near, name);
    for (i = 0; i < g->n_votes; i++) {
        nearest_offer(&near, g->votes[i]->spec.name);
    }
    nearest_refuse(&near, "vote", name, "tessera vote list", e);
    return NULL;
}

void engine_vote_each(struct engine *g, bool (*fn)(void *ctx, const struct vote_spec *v), void *ctx)
{
    for (size_t i = 0; i < g->n_votes; i++) {
        if (!fn(ctx, &g->votes[i]->spec)) {
            return;
        }
    }
}

bool engine_vote_spares(struct engine *g, struct strv field, struct err *e)
{
    for (size_t i = 0; i < g->n_votes; i++) {
        const struct vote_spec *s = &g->votes[i]->spec;
        if (s->field.n != 0 && strv_eq(s->field, field)) {
            return err_set(e, ERR_STATE,
                           "what is voted for in \"" STRV_FMT "\" goes into " STRV_FMT
                           ": remove the vote, or add it again with another set, first",
                           STRV_ARG(s->name), STRV_ARG(field));
        }
    }
    return true;
}
