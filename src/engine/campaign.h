/* A campaign is a set of customers a clock and a cursor in each: messages are produced from it just in time,
 * as fast as the carrier takes them, and the claim of a customer is one transaction with the message
 * ("Durability" of doc/ARCHITECTURE.md).
 *
 *   draft ──► starting ──► running ◄──► paused
 *     ▲___________│           │ └──────────┴──► cancelled
 *      (refused)              └──► done (every recipient claimed)
 *
 * campaign.c keeps their lives, campaign_doc.c their stored form, campaign_info.c what people see; launch.c
 * begins them, produce.c makes the candidates, preview.c looks ahead. */
#ifndef TESSERA_ENGINE_CAMPAIGN_H
#define TESSERA_ENGINE_CAMPAIGN_H

#include "audience/audience.h"
#include "audience/set.h"
#include "base/bucket.h"
#include "base/ring.h"
#include "domain/template.h"
#include "engine/engine.h"
#include "engine/gate.h"
#include "engine/outgoing.h"

struct carrier;

struct campaign_clock {
    uint32_t book, clock;     /* in the spool's book; in the loop's dictionary */
    struct audience_set *set; /* never changes while the campaign lives: the look-up thread reads it */
    uint64_t count, claimed;
    usec_t opens;          /* wall: nothing before; 0 = at once */
    uint32_t next_claim;   /* the stored cursor, as far as its changes have come back */
    uint32_t produce_from; /* where the next candidate is looked for */
    uint32_t generation;   /* candidates of an older one are thrown away */
    bool exhausted;        /* nothing behind produce_from */
};

struct campaign {
    struct engine *g;
    struct campaign_spec spec; /* views into `strings` */
    struct buf strings;
    uint32_t id;
    enum campaign_state state;
    usec_t created, started, ended;
    struct engine_schedule schedule;
    uint64_t recipients;
    struct template *template_;
    struct campaign_clock *clocks;
    size_t n_clocks, next_clock;
    struct ring ahead;           /* struct outgoing *: candidates, not accepted yet */
    const struct outgoing *head; /* the first candidate, since when another carrier looks at it (mono) */
    usec_t head_since;
    bool producing, stalled;
    unsigned jobs; /* on other threads that look at this campaign */
    bool removed;  /* free when the last job is back */
    struct bucket rate;
    uint16_t styled; /* the carrier that took the last one produced */
};

/* --- campaign.c --- */
struct campaign *campaign_new(struct engine *g, const struct campaign_spec *s, struct err *e);
void campaign_free(struct campaign *m);
bool campaign_add_to(struct engine *g, struct campaign *m);
/* The state, in memory only. */
void campaign_move(struct campaign *m, enum campaign_state to, const char *why);
struct campaign *campaign_find(const struct engine *g, struct strv name);
struct campaign *campaign_by_id(const struct engine *g, uint32_t id);
void campaign_set_state(struct campaign *m, enum campaign_state to, const char *why); /* and stores it */
void campaign_job_back(struct campaign *m);
void campaign_free_clocks(struct campaign *m);
/* Suggests a near name. */
struct campaign *campaign_need(const struct engine *g, struct strv name, struct err *e);
/* Done when every recipient has been taken up. */
void campaign_check_done(struct campaign *m);

/* Whether the fields of its text are all there. */
bool campaign_check_text(const struct audience_view *av, struct strv text, struct err *e);

/* --- campaign_doc.c --- */
/* Its stored form, as of this state. False: out of memory. */
bool campaign_encode(const struct campaign *m, enum campaign_state state, struct buf *b);
bool campaign_load_docs(struct engine *g, struct spool_reader *r, struct err *e);

/* --- campaign_info.c --- */
/* Whether a clock is open now for the class under the schedule, until when, or when it opens and why it is
 * not: fills what depends on the instant. */
void campaign_fill_clock_info(struct engine *g, uint32_t clock, enum message_class c,
                              const struct engine_schedule *s, struct campaign_clock_info *out);
void campaign_schedule_clocks(struct campaign *m); /* again, as zones may have changed */

/* --- launch.c --- */
/* Evaluates who is to get it now, stores it by clock, and runs. */
void campaign_begin(struct campaign *m, engine_done_fn done, void *ctx);
/* The union of the segments less the exclusions. On a worker's thread; NULL with *e. */
struct audience_set *launch_recipients(const struct engine_view *v, struct audience_view *av,
                                       const struct campaign_spec *s, struct err *e);

/* --- produce.c: for the dispatcher --- */
/* The next candidate of the campaigns of this class for this carrier, by their weights (fair.h); *start: its
 * turn. It stays where it is. NULL: none now; `later` is brought forward to when a campaign's own rate allows
 * one. */
struct outgoing *campaign_peek_any(struct carrier *c, enum message_class class_, usec_t *later,
                                   uint64_t *start);
void campaign_pop(struct campaign *m);
struct bucket *campaign_rate(struct campaign *m);
/* Accepts and claims; gives it its id. False: refused at once, `done` is not called. */
bool campaign_claim(struct outgoing *o, spool_done done);
void campaign_claimed(struct outgoing *o); /* synced: it is a message like others now */
/* By the store: produced again later. Frees it. */
void campaign_refused(struct outgoing *o, enum err_code code);
/* Taken from the head, but not to be sent. Frees it. */
void campaign_divert(struct outgoing *o, enum gate_answer a);
void campaign_drop_candidates(struct campaign *m);
void campaign_route_again(struct campaign *m); /* candidates: carriers have come or gone */
void campaign_kick(struct campaign *m);        /* carriers look again */

/* A customer's message: the text rendered; "" when there is none. */
struct produced {
    uint32_t customer; /* dense id */
    uint64_t number;
    struct strv text; /* in the job's buffer */
    unsigned missing; /* fields without value */
    size_t first_missing;
};
/* Renders for `n` ids in order, on the thread of the view; fn gets each that exists. */
bool produce_render(const struct engine_view *v, const struct template *t, const uint32_t *ids, size_t n,
                    bool (*fn)(void *ctx, const struct produced *p), void *ctx, struct err *e);

#endif
