/* The engine joins the layers: carriers and their binds, the queue, campaigns, what comes in, and what
 * customers' records learn from it. It lives on the loop's thread; its disk work is on the spool's writer,
 * its reading and evaluating on worker threads. Every function is called on the loop's thread, every callback
 * comes there, never from inside the call that was given it.
 *
 * What is given is copied or used in the call only; what a callback is given lives as long as the call.
 * Instants that are told are wall clock, durations microseconds. Errors: false or NULL with
 * `struct err`, its text for a person. */
#ifndef TESSERA_ENGINE_ENGINE_H
#define TESSERA_ENGINE_ENGINE_H

#include "base/err.h"
#include "domain/vote.h"
#include "engine/options.h"
#include "engine/text.h"
#include "engine/tlvs.h"
#include "net/loop.h"

struct engine;
struct audience;
struct facts;

/* --- life --- */
/* Opens the stores (settling what was in flight), reads the facts, loads campaigns and votes. Options are
 * copied. */
struct engine *engine_new(const struct engine_options *o, struct loop *l, struct err *e);
void engine_start(struct engine *g); /* binds to the carriers, begins to send */
/* Takes what may change while running (rates, windows, timers, carriers added or with other addresses). Binds
 * whose options did not change stay up. False: nothing was changed. */
bool engine_reload(struct engine *g, const struct engine_options *o, struct err *e);
/* Stops intake, waits for responses (at most drain_timeout), unbinds; then `done`. */
void engine_drain(struct engine *g, void (*done)(void *ctx), void *ctx);
void engine_free(struct engine *g);
bool engine_draining(const struct engine *g);
usec_t engine_wall(const struct engine *g);
/* Leaves a mark in the state directory: the stores are written anew, without what was deleted, at the next
 * start. */
#define ENGINE_COMPACT_MARK "compact.wanted"
bool engine_compact_later(const struct engine *g, struct err *e);
/* The wall clock was set: everything that waits for it is looked at again. */
void engine_clock_changed(struct engine *g);

/* --- reading and writing on worker threads --- */
/* What a job sees on its thread. The readers belong to the thread. */
struct engine_view {
    struct spool_reader *spool;
    struct audience *audience;
    const struct facts *facts;
    const char *facts_dir;
    usec_t now; /* wall, when the job began */
    bool stopping;
};
/* run(view, job) on a query worker, then done(job) on the loop. False (ERR_BUSY): too much waits already;
 * nothing is called. */
bool engine_read(struct engine *g, void (*run)(const struct engine_view *v, void *job),
                 void (*done)(void *job), void *job, struct err *e);
/* The same on the audience writer: the one thread that writes the audience. */
bool engine_write(struct engine *g, void (*run)(const struct engine_view *v, void *job),
                  void (*done)(void *job), void *job, struct err *e);

/* Not before an instant, or before a reading of the recipient's own clock. */
struct engine_schedule {
    usec_t at;  /* wall; local: the reading as if it were UTC; 0 = at once */
    bool local; /* in each of the recipient's zones */
};

/* --- TLVs by name: engine/tlvs.h --- */
bool engine_tlv_put(const struct engine *g, struct strv name, struct strv value, struct buf *list,
                    struct err *e);
bool engine_tlv_next(const struct engine *g, struct strv list, size_t *pos, struct tlv_shown *out,
                     struct buf *scratch);

/* --- messages --- */
struct engine_send {
    struct strv to, sender, text, ref; /* sender "": the carrier's default */
    struct strv tlvs;                  /* a list made by engine_tlv_put */
    struct strv tag;                   /* for routes, and to find it by */
    enum message_class class_;
    struct engine_schedule schedule;
    usec_t valid_for; /* 0 = no limit */
};
struct engine_sent {
    struct err err; /* code ERR_NONE: accepted and synced */
    uint64_t id, to;
    enum message_state state;
    enum message_reason reason;
    usec_t until;
    char detail[256]; /* why it is held and until when, for a person */
    unsigned parts;
    struct strv text;           /* valid during the callback */
    struct parts_options style; /* by which it was planned */
};
typedef void (*engine_sent_fn)(void *ctx, const struct engine_sent *s);
void engine_send(struct engine *g, const struct engine_send *s, engine_sent_fn done, void *ctx);

/* How a text would be sent: by that carrier, or the one that the number goes by, or the first there is. */
struct engine_text_ask {
    struct strv text, carrier, sender, tag;
    uint64_t to; /* 0 = none */
    enum message_class class_;
};
/* Free *out with text_look_free when it succeeds. *carrier: its name. */
bool engine_text_preview(struct engine *g, const struct engine_text_ask *ask, struct text_look *out,
                         const char **carrier, struct err *e);

typedef void (*engine_done_fn)(void *ctx, const struct err *e); /* e->code ERR_NONE: done and synced */
void engine_message_cancel(struct engine *g, uint64_t id, engine_done_fn done, void *ctx);
/* One that waits: held until it is resumed. Resumed, it goes at once, but not before its time. */
void engine_message_pause(struct engine *g, uint64_t id, bool pause, engine_done_fn done, void *ctx);
/* ERR_NOT_FOUND in words. Returns false. */
bool engine_no_message(uint64_t id, struct err *e);
void engine_message_resolve(struct engine *g, uint64_t id, bool resend, engine_done_fn done, void *ctx);
/* What a carrier is asked about a message it has: where it is (SMPP 3.4 §4.8), to forget it (§4.9), to send
 * another text instead (§4.10). Each part is asked for. What it says is recorded: a final state, and
 * CANCELLED where it confirmed that; also when it says so after `done` was told that no answer came. */
enum errand_kind { ERRAND_QUERY, ERRAND_CANCEL, ERRAND_REPLACE };
struct engine_errand_part {
    unsigned n;          /* from 0 */
    bool asked;          /* false: the carrier gave no id for it, or its end is known */
    bool done;           /* the carrier said yes */
    uint32_t status;     /* its command_status when it said no */
    const char *problem; /* why there is no answer, for a person; "" when there is */
    /* ERRAND_QUERY */
    unsigned state; /* enum smpp_message_state */
    uint8_t error;  /* of the network, 0 = none */
    usec_t final_at;
};
struct engine_errand {
    struct err err; /* not ERR_NONE: nothing was asked, or no part had a yes; says why */
    const char *carrier;
    size_t n_parts;
    const struct engine_errand_part *parts;
};
typedef void (*engine_errand_fn)(void *ctx, const struct engine_errand *e);
/* `text`: for ERRAND_REPLACE. At most as long as the carrier's response_timeout, and 20 seconds. */
void engine_message_errand(struct engine *g, uint64_t id, enum errand_kind kind, struct strv text,
                           engine_errand_fn done, void *ctx);
void engine_consent(struct engine *g, uint64_t number, enum consent_action c, struct strv how,
                    struct strv words, engine_done_fn done, void *ctx);
/* Takes everything about a number out of both stores: see audience_erase and spool_erase. Whoever was
 * suppressed stays so. ERR_BUSY: a message is just on its way; ask again. `done` may be called from inside
 * this call, on failure. */
struct engine_erased {
    struct err err;
    bool customer;     /* it was one */
    uint64_t messages; /* and inbound messages */
    bool suppressed;   /* it was, and is */
};
typedef void (*engine_erased_fn)(void *ctx, const struct engine_erased *e);
void engine_erase(struct engine *g, uint64_t number, engine_erased_fn done, void *ctx);
bool engine_suppressed(const struct engine *g, uint64_t number);
size_t engine_suppressed_count(const struct engine *g);

/* Nothing is submitted to a paused carrier until it is resumed, also by a daemon started later; its binds
 * stay up, receipts and inbound messages are taken. Asking for what is so already is no error. Resuming also
 * starts binds that had stopped because the carrier refused our name or password. */
void engine_carrier_pause(struct engine *g, struct strv name, bool pause, engine_done_fn done, void *ctx);

/* --- campaigns --- */
enum campaign_state {
    CAMPAIGN_DRAFT,
    CAMPAIGN_STARTING,
    CAMPAIGN_RUNNING,
    CAMPAIGN_PAUSED,
    CAMPAIGN_DONE,
    CAMPAIGN_CANCELLED
};
const char *campaign_state_name(enum campaign_state s);
#define CAMPAIGN_MAX_SEGMENTS 16
#define CAMPAIGN_MAX_WEIGHT   100

struct campaign_spec {
    struct strv name, sender, text;
    struct strv tlvs; /* of its messages: a list made by engine_tlv_put */
    struct strv segments[CAMPAIGN_MAX_SEGMENTS], exclude[CAMPAIGN_MAX_SEGMENTS];
    size_t n_segments, n_exclude;
    enum message_class class_;
    usec_t valid_for; /* of each message from its acceptance; 0 = no limit */
    int64_t rate;     /* parts a second; 0 = the carrier's */
    unsigned weight;  /* its share of what campaigns and single messages of the class get, in parts; 0 is 1 */
};
/* A copy of what the engine knows of a campaign; strings live in the heap block it came in
 * (engine_campaign_free). */
struct campaign_info {
    struct campaign_spec spec;
    uint32_t id;
    enum campaign_state state;
    usec_t created, started, ended;
    struct engine_schedule schedule; /* as given at its start */
    uint64_t recipients;
    bool complete; /* every recipient has a final state or is waiting for nothing but a receipt */
    size_t n_clocks;
    struct campaign_clock_info {
        uint32_t clock;
        uint64_t recipients, claimed;
        bool open;
        usec_t changes; /* wall: when it closes, or opens: neither scheduled for later nor quiet hours */
        char text[96];  /* "DE Europe/Berlin" */
        char detail[200];
    } * clocks;
};
/* Suggests near names. */
struct campaign_info *engine_campaign_get(struct engine *g, struct strv name, struct err *e);
void engine_campaign_free(struct campaign_info *i);
void engine_campaign_each(struct engine *g, bool (*fn)(void *ctx, const struct campaign_info *i), void *ctx);
/* Whether no campaign that may still render its text has the field in it; else ERR_STATE says which has. */
bool engine_campaign_spares(struct engine *g, struct strv field, struct err *e);
void engine_campaign_add(struct engine *g, const struct campaign_spec *s, engine_done_fn done, void *ctx);
enum campaign_action { CAMPAIGN_START, CAMPAIGN_PAUSE, CAMPAIGN_RESUME, CAMPAIGN_CANCEL, CAMPAIGN_REMOVE };
/* Fixes who gets it now, and sends from the scheduled time on. */
void engine_campaign_start(struct engine *g, struct strv name, const struct engine_schedule *s,
                           engine_done_fn done, void *ctx);
void engine_campaign_act(struct engine *g, struct strv name, enum campaign_action a, engine_done_fn done,
                         void *ctx);

/* Evaluated on a query worker; the result is valid during the callback. `s`: as if it were started with that
 * schedule; NULL: with its own. */
struct campaign_preview {
    struct err err;
    bool has_cost;
    double cost; /* of all parts, by the routes and carriers of now */
    uint64_t recipients, suppressed, held, parts_total,
        by_parts[8];                      /* by_parts[7]: seven or more; [0]: refused */
    uint64_t gsm7, ucs2, latin1, sampled; /* of the recipients looked at: `sampled` of them */
    uint64_t languages[SHIFT_LANGUAGES];  /* whose texts take tables of that language */
    struct translit_report replaced;      /* in all their texts */
    size_t n_texts;
    struct {
        uint64_t number;
        const char *text;
        struct text_look look;
    } texts[3];
    size_t n_missing;
    struct {
        char field[64];
        uint64_t count;
    } missing[16];
    size_t n_clocks;
    const struct campaign_clock_info *clocks;
};
typedef void (*campaign_preview_fn)(void *ctx, const struct campaign_preview *p);
void engine_campaign_preview(struct engine *g, struct strv name, const struct engine_schedule *s,
                             campaign_preview_fn done, void *ctx);

/* --- routes --- */
struct engine_route_carrier {
    const char *name;
    uint32_t weight;
    int64_t cost;                     /* a part, in millionths */
    const char *health, *health_text; /* "up", "down", ...; why, for a person */
    double share;                     /* of what this rule decides, as things are */
};
/* A rule; views are valid until the next reload. */
struct engine_route {
    unsigned rule; /* from 1, in the order written; 0: the carriers' prefixes */
    struct strv prefix, region, class_, sender, campaign, tag;
    const char *strategy;
    size_t n_carriers;
    struct engine_route_carrier carriers[ENGINE_ROUTE_CARRIERS];
    const char *why, *why_text; /* engine_route_explain: "chosen", "other_prefix", "nothing_up", "later" */
};
size_t engine_route_count(const struct engine *g);
void engine_route_get(const struct engine *g, size_t i, struct engine_route *out); /* i from 1 */
struct engine_route_ask {
    uint64_t number;
    enum message_class class_;
    struct strv sender, campaign, tag;
};
struct engine_route_told {
    const char *carrier; /* NULL: nothing takes it */
    const char *region;  /* of the number; "" when unknown */
    unsigned rule;       /* 0: the carriers' prefixes */
    int64_t cost;
    bool healthy; /* false: it would wait */
};
/* What would become of such a message now. each() is called with every rule in order, then with the prefixes
 * (rule 0) when they name a carrier. */
void engine_route_explain(const struct engine *g, const struct engine_route_ask *ask,
                          void (*each)(void *ctx, const struct engine_route *r), void *ctx,
                          struct engine_route_told *told);

/* --- votes --- */
struct vote_spec {
    struct strv name, keyword;
    struct strv options[VOTE_MAX_OPTIONS];
    struct strv aliases[VOTE_MAX_OPTIONS]; /* comma-separated, "" when none */
    size_t n_options;
    bool last_wins;
    struct strv field; /* a set of the customers' that gets what is voted for; "" = none */
};
void engine_vote_put(struct engine *g, const struct vote_spec *s, engine_done_fn done, void *ctx);
/* False: a vote writes to the field; *e names it. */
bool engine_vote_spares(struct engine *g, struct strv field, struct err *e);
void engine_vote_remove(struct engine *g, struct strv name, engine_done_fn done, void *ctx);
/* Valid until the next turn of the loop; NULL and a suggestion when there is none of that name. */
const struct vote_spec *engine_vote_get(struct engine *g, struct strv name, struct err *e);
void engine_vote_each(struct engine *g, bool (*fn)(void *ctx, const struct vote_spec *v), void *ctx);

/* --- status: a copy of the loop's own figures --- */
struct bind_status {
    unsigned id;
    const char *mode, *state; /* names as in doc/api.md */
    char host[280], version[8], last_error[200];
    bool outbind;               /* the carrier has asked for it; host is where it came from */
    bool first_choice;          /* host is the first of the carrier's */
    usec_t since, next_attempt; /* wall; 0 = none */
    unsigned used, window;
    bool tls;
    usec_t certificate;       /* when the peer's ends, wall; 0 = none was shown */
    int64_t certificate_days; /* whole days left; negative: it has expired */
};
/* What came of a carrier's receipts, since the start. */
struct carrier_receipts {
    uint64_t intermediate;  /* on its way: recorded */
    uint64_t repeated;      /* had been recorded before, or an intermediate one after the final one */
    uint64_t contradicting; /* another final state than the one there is */
    uint64_t unknown;       /* their message was not known: kept */
    uint64_t unreadable;    /* marked as receipts, without an id */
};
struct carrier_status {
    const char *name, *state;
    int64_t rate_limit, bind_rate;
    uint64_t rate_last_s;
    int64_t rate_found;     /* after it asked to slow down; 0 = it has not: domain/adaptive.h */
    usec_t rate_since;      /* wall; 0 = not */
    const char *rate_cause; /* "throttled", "queue_full", "congested"; "" */
    usec_t throttled_until; /* wall: nothing is sent before; 0 = not */
    usec_t paused_since;    /* wall; 0 = not paused */
    uint64_t queue[CLASS_COUNT], in_flight;
    uint64_t submitted, answered, failed, lost, receipts, inbound; /* parts and PDUs since start */
    uint64_t tlvs_withheld; /* messages that went without their TLVs, to a peer of SMPP 3.3 */
    int64_t cost;       /* of the parts taken since the start, in millionths; 0 when no route has a cost */
    const char *health; /* for routes: "up", "down", "throttled", "failing" ... */
    struct carrier_receipts receipt_kinds;
    struct spool_id_view receipt_ids;
    usec_t own_certificate; /* when ours ends, wall; 0 = none */
    int64_t own_certificate_days;
    usec_t peer_certificate; /* the first of the binds' */
    size_t n_binds;
    struct bind_status binds[ENGINE_MAX_BINDS + ENGINE_MAX_OUTBINDS];
};
struct outbind_status {
    const char *listen; /* "": there is no listener */
    unsigned strangers; /* connections that have not said an outbind yet */
    uint64_t accepted, refused;
};
/* Its number; -1 with *e, which suggests a near name. */
int engine_carrier_find(const struct engine *g, struct strv name, struct err *e);
/* One of the configuration's rates. */
struct rate_status {
    const char *sender, *region, *prefix, *class_, *carrier; /* "" = any */
    int64_t rate, burst;
    uint64_t waiting; /* messages put aside for it, or behind one that is */
};
size_t engine_rate_count(const struct engine *g);
void engine_rate_status(const struct engine *g, size_t i, struct rate_status *out);
size_t engine_carrier_count(const struct engine *g);
const char *engine_carrier_name(const struct engine *g, size_t i); /* NULL: there is none of that number */
void engine_carrier_status(const struct engine *g, size_t i, struct carrier_status *out);
/* As configured. Valid until the next reload; has the password. */
const struct carrier_options *engine_carrier_options(const struct engine *g, size_t i);
/* What a status means at a carrier, and what follows. */
struct engine_status {
    uint32_t status;
    const char *name; /* NULL: of no version of the protocol */
    const char *text; /* the carrier's own, or the table's */
    enum smpp_status_class class_, usually;
    bool overridden;
    bool retry; /* tried again by this schedule: the first wait, the longest, attempts in all */
    usec_t first, most;
    unsigned attempts;
    char then[160]; /* the same for a person */
};
/* The whole table, then those of the carrier's own that are not in it. */
void engine_status_each(const struct engine *g, size_t carrier,
                        void (*fn)(void *ctx, const struct engine_status *s), void *ctx);
/* What the carrier's own rules tell of a status; "" when they do not. */
const char *engine_status_text(const struct engine *g, size_t carrier, uint32_t status);
void engine_outbind_status(const struct engine *g, struct outbind_status *out);
usec_t engine_started(const struct engine *g);
struct spool_recovered engine_recovered(const struct engine *g);
const struct facts *engine_facts(const struct engine *g);
/* Problems for /healthz: appends sentences separated by '\n'; "" when all is well. */
struct buf;
/* What is well now and will not be: certificates that end soon. The same form. */
void engine_warnings(const struct engine *g, struct buf *out);
void engine_problems(const struct engine *g, struct buf *out);

#endif
