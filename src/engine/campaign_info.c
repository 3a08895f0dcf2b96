/* What people see of a campaign. */
#include "engine/internal.h"
#include "engine/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *campaign_state_name(enum campaign_state s)
{
    static const char *const names[] = { "draft", "starting", "running", "paused", "done", "cancelled" };
    return names[s];
}

void campaign_schedule_clocks(struct campaign *m)
{
    for (size_t i = 0; i < m->n_clocks; i++) {
        m->clocks[i].opens = schedule_instant(m->g->facts, &m->schedule, m->clocks[i].clock);
    }
}

void campaign_fill_clock_info(struct engine *g, uint32_t clock, enum message_class c,
                              const struct engine_schedule *s, struct campaign_clock_info *out)
{
    struct quiet_why why = { .reason = REASON_NONE };
    char detail[sizeof why.text + 112] = "";
    usec_t wall = engine_wall(g), opens = schedule_instant(g->facts, s, clock);
    const struct quiet_state *q = gate_quiet(&g->gate, clock, c, wall);
    bool early = opens > wall;
    out->clock = clock;
    out->open = q->open && !early;
    out->changes = early ? opens : q->until;
    if (early) {
        schedule_text(s, detail, 96);
    }
    if (!out->open && !quiet_allowed(g->facts->quiet, clock, c, early ? opens : wall, &why)) {
        size_t n = strlen(detail);
        snprintf(detail + n, sizeof detail - n, "%s%s", early ? "; then " : "", why.text);
        out->changes = why.until;
    }
    strv_copy(strv_from(detail), out->detail, sizeof out->detail);
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
    i->schedule = m->schedule;
    i->recipients = m->recipients;
    i->complete = m->state == CAMPAIGN_DONE || m->state == CAMPAIGN_CANCELLED;
    i->clocks = (struct campaign_clock_info *)(i + 1);
    i->n_clocks = m->state == CAMPAIGN_RUNNING || m->state == CAMPAIGN_PAUSED ? m->n_clocks : 0;
    for (size_t k = 0; k < i->n_clocks; k++) {
        const struct campaign_clock *from = &m->clocks[k];
        i->clocks[k] = (struct campaign_clock_info){ .recipients = from->count, .claimed = from->claimed };
        strv_copy(strv_from(clocks_text(m->g->facts->clocks, from->clock)), i->clocks[k].text,
                  sizeof i->clocks[k].text);
        campaign_fill_clock_info(m->g, from->clock, m->spec.class_, &m->schedule, &i->clocks[k]);
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

bool engine_campaign_spares(struct engine *g, struct strv field, struct err *e)
{
    for (size_t i = 0; i < g->n_campaigns; i++) {
        const struct campaign *m = g->campaigns[i];
        bool over = m->state == CAMPAIGN_DONE || m->state == CAMPAIGN_CANCELLED;
        for (size_t k = 0; !over && k < template_field_count(m->template_); k++) {
            if (strv_eq_c(field, template_field(m->template_, k))) {
                return err_set(e, ERR_STATE,
                               "campaign \"" STRV_FMT "\" (%s) has {{" STRV_FMT "}} in its text: %s first",
                               STRV_ARG(m->spec.name), campaign_state_name(m->state), STRV_ARG(field),
                               m->state == CAMPAIGN_DRAFT ? "remove it" : "let it end, or cancel it");
            }
        }
    }
    return true;
}
