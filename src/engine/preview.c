/* What a campaign would do if it were started now: recipients, parts, alphabets, texts, who is held and until
 * when. */
#include "engine/internal.h"

#include "audience/eval.h"
#include "domain/numbering.h"
#include "store/customers.h"

#include <stdlib.h>
#include <string.h>

#define PREVIEW_SAMPLE 100000u /* recipients rendered at most; above, an even sample */
#define PREVIEW_BATCH  512

struct preview {
    struct campaign *m;
    campaign_preview_fn done;
    void *ctx;
    struct campaign_preview p;
    struct campaign_clock_info *clocks;
    char **clock_texts; /* whole: those of the info are cut */
    char *texts[3];
    struct buf scratch;
    struct audience_set *all;
    struct hmap suppressed; /* a copy: the gate belongs to the loop */
    const struct template *t;
    struct route *route; /* a reference */
    uint8_t health[ENGINE_MAX_CARRIERS * 4];
    struct parts_options styles[ENGINE_MAX_CARRIERS * 4]; /* by carrier */
    unsigned max_parts;
    const struct numbering *numbering;
    struct rnd rnd;
    uint64_t stride;
    struct engine_schedule schedule;
};

static bool preview_add_clock(void *ctx, uint32_t clock, struct strv text, const struct audience_set *part,
                              uint64_t count)
{
    struct preview *j = ctx;
    (void)clock;
    (void)part;
    struct campaign_clock_info *p = realloc(j->clocks, (j->p.n_clocks + 1) * sizeof *p);
    j->clocks = p ? p : j->clocks;
    char **texts = realloc(j->clock_texts, (j->p.n_clocks + 1) * sizeof *texts);
    j->clock_texts = texts ? texts : j->clock_texts;
    if (p == NULL || texts == NULL || (texts[j->p.n_clocks] = strv_dup(text)) == NULL) {
        return err_set(&j->p.err, ERR_NOMEM, "out of memory");
    }
    p[j->p.n_clocks] = (struct campaign_clock_info){ .recipients = count };
    strv_copy(text, p[j->p.n_clocks].text, sizeof p->text);
    j->p.n_clocks++;
    return true;
}

static void preview_missing(struct preview *j, const char *name)
{
    struct campaign_preview *p = &j->p;
    size_t i = 0;
    while (i < p->n_missing && strcmp(p->missing[i].field, name) != 0) {
        i++;
    }
    if (i == p->n_missing) {
        if (i == sizeof p->missing / sizeof p->missing[0]) {
            return;
        }
        strv_copy(strv_from(name), p->missing[i].field, sizeof p->missing[i].field);
        p->missing[i].count = 0;
        p->n_missing++;
    }
    p->missing[i].count++;
}

/* The carrier that would be chosen. */
static bool preview_route(struct preview *j, const struct produced *r, struct route_choice *choice)
{
    const struct campaign_spec *s = &j->m->spec;
    struct route_query q = {
        .number = r->number, .class_ = s->class_, .sender = s->sender, .campaign = s->name
    };
    struct numbering_hit hit;
    if (route_asks_region(j->route) && numbering_lookup(j->numbering, r->number, &hit)) {
        q.region = strv_from(hit.region);
    }
    return route_choose(j->route, &q, j->health, rnd_u64(&j->rnd), choice);
}

static bool preview_one(void *ctx, const struct produced *r)
{
    struct preview *j = ctx;
    struct campaign_preview *p = &j->p;
    struct route_choice choice = { .carrier = 0 };
    bool routed = preview_route(j, r, &choice);
    const struct parts_options *style = &j->styles[routed ? choice.carrier : 0];
    struct parts_estimate e = { .parts = 0 };
    if (r->text.n > 0) {
        e = parts_plan(r->text, style);
    }
    unsigned parts = e.parts <= j->max_parts ? e.parts : 0;
    p->sampled++;
    p->by_parts[parts < 7 ? parts : 7]++;
    p->parts_total += parts;
    p->cost += routed ? (double)(choice.cost * parts) / 1e6 : 0;
    p->gsm7 += r->text.n > 0 && e.alphabet == ALPHABET_GSM7;
    p->ucs2 += e.parts > 0 && e.alphabet == ALPHABET_UCS2;
    p->latin1 += r->text.n > 0 && e.alphabet == ALPHABET_LATIN1;
    unsigned language = e.shift.locking != 0 ? e.shift.locking : e.shift.single;
    p->languages[language] += language != SHIFT_DEFAULT;
    if (e.translit != TRANSLIT_OFF) {
        buf_clear(&j->scratch);
        parts_plan_text(r->text, &e, &j->scratch, &p->replaced);
    }
    if (r->missing > 0) {
        preview_missing(j, template_field(j->t, r->first_missing));
    }
    if (p->n_texts < 3 && (j->texts[p->n_texts] = strv_dup(r->text)) != NULL) {
        p->texts[p->n_texts].number = r->number;
        p->texts[p->n_texts].text = j->texts[p->n_texts];
        text_look(r->text, style, &p->texts[p->n_texts].look);
        p->n_texts++;
    }
    return true;
}

/* Suppressed numbers that are recipients: looked up the short way round, from the numbers. */
static void preview_suppressed(struct preview *j, struct audience_view *av)
{
    size_t pos = 0;
    uint64_t number, v;
    uint32_t id;
    while (hmap_next(&j->suppressed, &pos, &number, &v)) {
        if (customer_find(av->txn, number, &id) && audience_set_contains(j->all, id)) {
            j->p.suppressed++;
        }
    }
}

static void preview_render(const struct engine_view *v, struct preview *j)
{
    uint32_t ids[PREVIEW_BATCH], from = 0;
    size_t n;
    uint64_t seen = 0;
    while (j->p.err.code == ERR_NONE && !v->stopping &&
           (n = audience_set_read(j->all, from, ids, PREVIEW_BATCH)) > 0) {
        from = ids[n - 1] + 1;
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
            if (seen++ % j->stride == 0) {
                ids[kept++] = ids[i];
            }
        }
        if (kept > 0 && !produce_render(v, j->t, ids, kept, preview_one, j, &j->p.err)) {
            return;
        }
        if (from == 0) {
            return; /* the last possible id */
        }
    }
}

static void preview_run(const struct engine_view *v, void *job)
{
    struct preview *j = job;
    struct audience_view *av = audience_view_begin(v->audience, &j->p.err);
    if (av == NULL) {
        return;
    }
    j->all = launch_recipients(v, av, &j->m->spec, &j->p.err);
    if (j->all != NULL && audience_split_clocks(av, j->all, preview_add_clock, j, &j->p.err)) {
        j->p.recipients = audience_set_count(j->all);
        j->stride = j->p.recipients / PREVIEW_SAMPLE + 1;
        preview_suppressed(j, av);
    }
    audience_view_end(av);
    if (j->all != NULL && j->p.err.code == ERR_NONE) {
        preview_render(v, j);
    }
}

static void preview_done(void *job)
{
    struct preview *j = job;
    struct campaign *m = j->m;
    struct engine *g = m->g;
    for (size_t i = 0; i < j->p.n_clocks; i++) {
        struct campaign_clock_info *k = &j->clocks[i];
        k->clock = clocks_intern(g->facts->clocks, strv_from(j->clock_texts[i]), NULL);
        campaign_fill_clock_info(g, k->clock, m->spec.class_, &j->schedule, k);
        j->p.held += k->open ? 0 : k->recipients;
    }
    j->p.clocks = j->clocks;
    if (j->p.sampled > 0 && j->p.sampled < j->p.recipients) {
        j->p.parts_total =
            (uint64_t)((double)j->p.parts_total * (double)j->p.recipients / (double)j->p.sampled);
        j->p.cost *= (double)j->p.recipients / (double)j->p.sampled;
    }
    j->done(j->ctx, &j->p);
    for (size_t i = 0; i < 3; i++) {
        free(j->texts[i]);
        text_look_free(&j->p.texts[i].look);
    }
    for (size_t i = 0; i < j->p.n_clocks; i++) {
        free(j->clock_texts[i]);
    }
    free(j->clock_texts);
    free(j->clocks);
    audience_set_free(j->all);
    route_free(j->route);
    hmap_free(&j->suppressed);
    buf_free(&j->scratch);
    free(j);
    campaign_job_back(m);
}

static void preview_refused(void *ctx, const struct err *e)
{
    struct preview *j = ctx;
    j->p.err = *e;
    j->done(j->ctx, &j->p);
    free(j);
}

void engine_campaign_preview(struct engine *g, struct strv name, const struct engine_schedule *s,
                             campaign_preview_fn done, void *ctx)
{
    struct err e = { 0 };
    struct preview *j = calloc(1, sizeof *j);
    if (j == NULL) {
        struct campaign_preview p = { .err = { .code = ERR_NOMEM, .text = "out of memory" } };
        done(ctx, &p);
        return;
    }
    *j = (struct preview){ .m = campaign_need(g, name, &e), .done = done, .ctx = ctx };
    if (j->m != NULL) {
        j->t = j->m->template_;
        j->schedule = s != NULL ? *s : j->m->schedule;
        j->route = route_ref(g->route);
        memcpy(j->health, g->health, sizeof j->health);
        for (size_t i = 0; i < g->n_carriers; i++) {
            j->styles[i] = carrier_style(g->carriers[i]);
        }
        j->max_parts = g->o.max_parts < PARTS_MAX ? g->o.max_parts : PARTS_MAX;
        j->numbering = g->facts->shared->numbering;
        j->p.has_cost = route_has_costs(g->route);
        rnd_seed(&j->rnd, 1); /* a preview of the same is the same */
        size_t pos = 0;
        uint64_t number, v;
        while (hmap_next(&g->gate.suppressed, &pos, &number, &v)) {
            hmap_put(&j->suppressed, number, 1);
        }
    }
    if (j->m == NULL || !engine_submit(g, &g->query, preview_run, preview_done, j, &e)) {
        hmap_free(&j->suppressed);
        route_free(j->route);
        engine_answer_later(g, preview_refused, j, &e);
        return;
    }
    j->m->jobs++;
}
