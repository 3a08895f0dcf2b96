/* The engine's own state, shared by the files of this folder and by nobody else. */
#ifndef TESSERA_ENGINE_INTERNAL_H
#define TESSERA_ENGINE_INTERNAL_H

#include "audience/audience.h"
#include "base/random.h"
#include "domain/vote.h"
#include "engine/campaign.h"
#include "engine/carrier.h"
#include "engine/engine.h"
#include "engine/gate.h"
#include "engine/outbind.h"
#include "engine/rates.h"
#include "engine/routing.h"
#include "engine/tlvs.h"
#include "engine/worker.h"

/* kinds of documents in the spool */
enum { DOC_CARRIER = 'c', DOC_CLOCK = 'k', DOC_CAMPAIGN = 'm', DOC_VOTE = 'v', DOC_PAUSE = 'p' };

struct engine {
    struct engine_options o;
    char state_dir[512], facts_dir[512], zoneinfo[512], zone[64];
    struct loop *loop;
    struct clock *clock;
    const struct log *log;
    struct rnd rnd;
    struct facts_shared *shared;
    struct facts *facts; /* the loop's */
    struct gate gate;
    struct spool *spool;
    struct loop_watch *spool_watch;
    struct loop_task spool_task; /* hands the turn's operations over */
    struct audience *audience;
    usec_t started;

    struct attempts attempts;  /* of all binds */
    struct outbind *outbind;   /* NULL: no listener */
    struct carrier **carriers; /* by number; never NULL below n_carriers */
    size_t n_carriers;
    struct route *route;
    struct tlvs *tlvs;
    bool campaign_tlvs; /* some campaign has any */
    struct rates rates;
    uint8_t health[ENGINE_MAX_CARRIERS * 4]; /* enum route_health by carrier: see routing.c */

    /* the clock book: number in the spool (from 1) <-> the loop's clock id */
    uint32_t *book_to_clock;     /* [number] */
    size_t book_count, book_cap; /* numbers given so far; 0 is none's */
    struct hmap clock_to_book;
    bool book_unsaved; /* a number, of a clock or carrier, was refused by the store: see engine_save_books */

    struct campaign **campaigns;
    size_t n_campaigns, next_campaign; /* whose turn it is */
    uint32_t last_campaign_id;

    struct vote **votes;
    size_t n_votes;
    uint32_t last_vote;
    struct votes *vote_words;

    /* threads: queries may be long, look-ups are short, one writes the audience */
    struct engine_thread {
        struct worker *worker;
        struct engine_view view;
        struct facts *facts;
    } query, lookup, writer;

    struct loop_task answer_task;
    struct answer *answers, **answers_end; /* due in the next turn */

    /* single messages whose recipients are being looked up, and those that wait for it */
    struct intake_batch {
        struct engine *g;
        struct intake *first, *waiting, *last;
        size_t n; /* waiting */
        bool busy;
        struct loop_task task;
    } looking;

    usec_t watch_next; /* when watch.c looks again, by the monotonic clock; 0: not begun */
    bool watch_running, watch_anew;
    usec_t fit_next; /* when fit.c looks again, by the monotonic clock */
    struct errand *errands;
    uint32_t last_errand;
    struct sweep *sweeps;

    bool feeding;      /* an activity job is under way */
    bool feed_stalled; /* the last one failed: the engine's second tries again */
    uint64_t fed;
    bool releasing;
    usec_t wall_less_mono; /* as of the last second: when it changes the wall clock was set */
    struct loop_timer second;
    bool draining; /* nothing new is begun, and nothing sent; what is in flight comes to its end */
    bool closing;  /* engine_free: nothing may be begun that somebody waits for */
    void (*drained)(void *);
    void *drained_ctx;
    usec_t drain_until; /* mono */
    usec_t alarm_again; /* mono: not logged before */
    char alarm[256];    /* the last thing a person should know of the stores; "" when all is well */
};

static inline usec_t engine_mono(const struct engine *g)
{
    return loop_now(g->loop);
}

/* Call after handing an operation to the spool: the turn's operations go together. */
void engine_touch_spool(struct engine *g);
/* A job on one of the threads; see engine_read(). */
bool engine_submit(struct engine *g, struct engine_thread *t,
                   void (*run)(const struct engine_view *v, void *job), void (*done)(void *job), void *job,
                   struct err *e);

/* The store refused something: an alarm for /healthz, and a line in the log, at most one a second. */
void engine_store_alarm(struct engine *g, const char *event, enum err_code code, const char *text);

/* thread.c */
bool thread_start(struct engine *g, struct engine_thread *t, const char *name, size_t limit, struct err *e);
void thread_stop(struct engine_thread *t); /* its jobs come back inside the call */
void thread_free(struct engine_thread *t);
/* done(ctx, e) in the next turn: never from inside the call that was given it. */
void engine_answer_later(struct engine *g, engine_done_fn done, void *ctx, const struct err *e);
void engine_answer_run(void *g); /* those that are due */

/* carriers.c */
/* Those the spool knows keep their numbers; new ones get the next. */
bool carriers_load(struct engine *g, struct spool_reader *r, const struct engine_options *o, struct err *e);
void carriers_save(struct engine *g); /* writes their numbers again */
/* Makes the routes anew. */
bool carriers_route(struct engine *g, const struct engine_options *o, struct err *e);
bool carriers_reload(struct engine *g, const struct engine_options *o, struct err *e);

/* The clock book. */
/* Its number; gives one, durable before what refers to it. */
uint32_t engine_book_of_clock(struct engine *g, uint32_t clock);
uint32_t engine_clock_of_book(const struct engine *g, uint32_t book); /* CLOCKS_UNKNOWN when there is none */
/* The clock a message lives by. */
uint32_t engine_clock_of_message(struct engine *g, const struct message *m);

/* intake.c */
void intake_init(struct engine *g);
void intake_stop(struct engine *g); /* answers those that wait */
/* pause.c */
/* Suggests a near name. */
struct carrier *engine_carrier_need(const struct engine *g, struct strv name, struct err *e);
void pause_load_docs(struct engine *g, struct spool_reader *r);
/* receive.c */
void receive_configure(struct carrier *c); /* takes the carrier's options */
void receive_request(struct carrier *c, struct link *k, const struct smpp_pdu *pdu);
/* What a message_state of the protocol makes of a message; SENT: it is on its way. */
enum message_state receive_state(unsigned s);
/* errand.c: what is asked of a carrier about messages it has */
bool errand_owns(uint64_t token);
void errand_pump(struct carrier *c); /* before anything else is submitted */
void errand_response(struct engine *g, uint64_t token, const struct smpp_pdu *r);
void errand_lost(struct engine *g, uint64_t token, enum session_lost why);
void errands_stop(struct engine *g); /* answers those that wait */
/* fit.c: the model of p_alive, made anew by itself */
void fit_second(struct engine *g);
/* watch.c: who entered and left segments */
void watch_second(struct engine *g);
/* sweep.c: many messages of the store, moved in slices by its writer */
void sweep_begin(struct engine *g, const struct spool_sweep *w);
void sweep_resume(struct engine *g, uint32_t campaign); /* what is held since the campaign was paused goes */
void sweep_cancel(struct engine *g, uint32_t campaign); /* all that waits of it */
void sweep_clock_back(struct engine *g); /* what is held by the clock on the wall is asked anew */
void sweep_recover(struct engine *g);    /* goes on with what the end of the daemon broke off */
void sweeps_stop(struct engine *g);
/* activity.c */
void activity_pump(struct engine *g);
/* votes.c */
bool votes_load_docs(struct engine *g, struct spool_reader *r, struct err *e);
void votes_free_all(struct engine *g);
/* The vote a text is for; NULL: none. *option is -1 when the text names none. */
const struct vote_spec *votes_find(const struct engine *g, struct strv text, int *option);
const struct vote_spec *votes_at(const struct engine *g, size_t i); /* i < n_votes */
/* The stored form of a vote; decoded, texts are views into it. */
void votes_encode(const struct vote_spec *s, struct buf *b);
bool votes_decode(struct strv name, struct strv doc, struct vote_spec *s, struct err *e);

/* votes_note.c: what is voted for, into a set of the customers' */
struct votes_noted {
    size_t refused; /* votes of which the field is no set (any more), */
    char vote[ENGINE_NAME_MAX], field[SCHEMA_MAX_NAME + 1]; /* the last of them */
};
void votes_put_noting(const struct engine *g,
                      struct buf *out); /* for votes_note: nothing when there are none */
/* On the audience writer, before the feed's number is stored; what is repeated changes nothing. */
bool votes_note(const struct engine_view *v, struct strv noting, const struct spool_feed *feed, size_t n,
                struct votes_noted *noted, struct err *e);
/* facts of a thread */
struct facts_options engine_facts_options(const struct engine *g);

#endif
