/* What people see of a campaign. */
#include "engine/internal.h"

#include <stdlib.h>

const char *campaign_state_name(enum campaign_state s)
{
    static const char *const names[] = { "draft", "starting", "running", "paused", "done", "cancelled" };
    return names[s];
}

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
