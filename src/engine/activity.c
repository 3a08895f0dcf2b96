/* From the spool's feed to the customers' records: read on the audience writer, applied there with the feed's
 * sequence number in the same transaction, then forgotten in the spool. Exactly once, whatever is killed
 * when. */
#include "engine/internal.h"

#include "audience/activity.h"

#include <stdlib.h>

#define ACTIVITY_BATCH 8192

struct activity_job {
    struct engine *g;
    uint64_t last; /* applied up to here; 0: nothing */
    struct err err;
    struct buf noting; /* votes that write to the customers */
    struct votes_noted noted;
    struct spool_feed feed[ACTIVITY_BATCH];
    struct audience_activity list[ACTIVITY_BATCH];
};

static uint16_t activity_event(enum spool_feed_kind k)
{
    switch (k) {
    case FEED_SENT: return EVENT_SENT;
    case FEED_DELIVERED: return EVENT_DELIVERED;
    case FEED_FAILED: return EVENT_FAILED;
    case FEED_INBOUND: return EVENT_INBOUND;
    case FEED_REPLY: return EVENT_REPLY;
    case FEED_STOP: return EVENT_STOP;
    case FEED_START: return EVENT_START;
    }
    return EVENT_INBOUND;
}

static void activity_run(const struct engine_view *v, void *job)
{
    struct activity_job *j = job;
    struct audience_feed_options o = { 0 };
    struct audience_feed_result result;
    uint64_t after = audience_feed_seq(v->audience);
    size_t n = v->stopping ? 0 : spool_feed_read(v->spool, after, j->feed, ACTIVITY_BATCH);
    j->last = after;
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct spool_feed *f = &j->feed[i];
        j->list[i] = (struct audience_activity){ .seq = f->seq,
                                                 .event = activity_event(f->kind),
                                                 .number = f->number,
                                                 .customer = f->customer,
                                                 .campaign = f->campaign,
                                                 .at = f->at };
    }
    if (votes_note(v, (struct strv){ (const char *)j->noting.data, j->noting.len }, j->feed, n, &j->noted,
                   &j->err) &&
        audience_apply_feed(v->audience, j->list, n, j->feed[n - 1].seq, &o, &result, &j->err)) {
        j->last = j->feed[n - 1].seq;
    }
}

static void activity_done(void *job)
{
    struct activity_job *j = job;
    struct engine *g = j->g;
    g->feeding = false;
    if (j->noted.refused != 0) {
        log_event(g->log, LOG_WARN, "vote_not_noted", "vote=%s field=%s reason=\"no set of that name\"",
                  log_quote(strv_from(j->noted.vote)).s, log_quote(strv_from(j->noted.field)).s);
    }
    if (j->err.code != ERR_NONE) {
        g->feed_stalled = true;
        engine_store_alarm(g, "activity_refused", j->err.code, j->err.text);
    } else if (j->last > g->fed) {
        g->fed = j->last;
        spool_feed_trim(g->spool, j->last);
        engine_touch_spool(g);
        activity_pump(g);
    }
    buf_free(&j->noting);
    free(j);
}

void activity_pump(struct engine *g)
{
    if (g->feeding || g->feed_stalled || g->closing || spool_feed_last(g->spool) <= g->fed) {
        return;
    }
    struct activity_job *j = malloc(sizeof *j);
    if (j == NULL) {
        return; /* the engine's second tries again */
    }
    j->g = g;
    j->err = (struct err){ 0 };
    j->noting = (struct buf){ 0 };
    j->noted = (struct votes_noted){ 0 };
    votes_put_noting(g, &j->noting);
    g->feeding = engine_submit(g, &g->writer, activity_run, activity_done, j, NULL);
    if (!g->feeding) {
        buf_free(&j->noting);
        free(j);
    }
}
