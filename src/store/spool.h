/* The spool: the durable queue of messages, what happened to them, what came in, and what must not be
 * forgotten (consent, votes, campaigns). One LMDB environment, one writer thread; the loop hands operations
 * over and is told, on its own thread, when the transaction that holds them is synced ("Durability" of
 * doc/ARCHITECTURE.md).
 *
 * Threads: every function is called from the loop's thread unless its comment says "any thread". Callbacks
 * run on the loop's thread inside spool_poll(). Order: operations take effect in the order they were handed
 * over; their callbacks run in that order too. Bounds: at most `queue_max` operations wait; then operations
 * marked [intake] answer ERR_BUSY at once. Operations that end something already begun (answers, receipts,
 * moves) are never refused: they may exceed the mark by what is in flight, which is bounded by the windows.
 * Full: the intake closes while what the messages under way will still need (responses, receipts, their
 * indexes) and the reserve would not fit any more: [intake] operations complete with ERR_FULL, the others go
 * on, so that whatever was accepted can be brought to its end.
 */
#ifndef TESSERA_STORE_SPOOL_H
#define TESSERA_STORE_SPOOL_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "domain/consent.h"
#include "domain/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

/* What to do with a message that was in flight without a recorded response, at start and when a response
 * times out: READY again, left in state UNCERTAIN until somebody decides (then to READY, FAILED or
 * CANCELLED), or FAILED. The reason is UNCERTAIN in each case. spool_accept_refused may also accept in state
 * READY (a campaign's message for a carrier that is down). */
enum spool_uncertain { UNCERTAIN_RESEND, UNCERTAIN_HOLD, UNCERTAIN_FAIL };

struct spool_options {
    const char *dir;      /* created with mode 0700 when missing; holds spool.mdb and its lock */
    size_t map_size;      /* octets */
    size_t reserve;       /* octets of the map kept for ending what has begun; 0 = a tenth */
    size_t queue_max;     /* operations waiting for the writer; 0 = 65536 */
    usec_t orphan_keep;   /* receipts of unknown messages are kept so long; 0 = three days */
    usec_t keep_messages; /* deleted when they have been over for so long; 0 = never */
    usec_t keep_inbound;  /* the same for inbound messages */
    bool nosync;          /* tests only */
    const struct clock *clock;
    enum spool_uncertain uncertain[CLASS_COUNT];
};

/* Result of one operation, valid during the callback. */
struct spool_sweep;
struct spool_result {
    enum err_code code;                  /* ERR_NONE: synced */
    const char *text;                    /* for a person, "" when fine */
    uint64_t id;                         /* the message, where there is one */
    uint16_t reference;                  /* what joins its parts: of one accepted or claimed */
    const struct spool_sweep *sweep;     /* spool_sweep(): how to go on; NULL for others */
    const struct spool_settled *settled; /* answer and receipt: see below; NULL when nothing was resolved */
};
typedef void (*spool_done)(void *ctx, const struct spool_result *r);
/* Whether it is synced; else why not, in `e`. */
static inline bool spool_result_ok(const struct spool_result *r, struct err *e)
{
    return r->code == ERR_NONE || err_set(e, r->code, "%s", r->text);
}

/* What a receipt did. */
enum spool_receipt_effect {
    RECEIPT_UNSEEN,       /* it was none */
    RECEIPT_FINAL,        /* recorded: the message, or its part, has come to its end */
    RECEIPT_INTERMEDIATE, /* recorded: on its way */
    RECEIPT_REPEATED,     /* had been recorded before */
    RECEIPT_LATE,         /* an intermediate one after the final one: says nothing */
    RECEIPT_CONTRADICTS,  /* another final state than the one there is: the first counts */
};

/* What an answer or receipt made of its message. */
struct spool_settled {
    uint64_t id, to;
    uint32_t campaign, customer;
    enum message_state before, after; /* equal: the message did not move (a part of several, a repeat) */
    bool duplicate;                   /* this receipt had been recorded before */
    enum spool_receipt_effect receipt;
};

/* Opens or creates; refuses a store of another version or a torn one (ERR_VERSION, ERR_CORRUPT), and one that
 * another process holds (ERR_EXISTS). What was in flight is settled by the policy before this returns. */
struct spool *spool_open(const struct spool_options *o, struct err *e);
/* Writes it anew, without what was deleted; it must not be open. See env_compact (store/env.h). */
struct env_compacted;
bool spool_compact(const struct spool_options *o, struct env_compacted *out, struct err *e);
/* Commits what was handed over, stops the writer, frees. Callbacks still due are called with their results.
 */
void spool_close(struct spool *s);   /* what callbacks hand over during it is dropped, without a callback */
int spool_fd(const struct spool *s); /* readable when spool_poll() has something to do */
void spool_poll(struct spool *s);    /* runs callbacks of what has been synced */
/* Hands the gathered batch to the writer now (else when it is idle or at 4096). */
void spool_flush(struct spool *s);
/* How many more [intake] operations are taken now; none while it is stalled. */
size_t spool_room(const struct spool *s);

/* Other times for retention, as in the options. Deleting is done a little at a time, by the writer: a block
 * of 72 neighbouring messages goes when each of them is over (or sent, without a receipt) and old. Counters
 * stay, and what people consented to. */
void spool_keep(struct spool *s, usec_t messages, usec_t inbound);
void spool_keep_receipts(struct spool *s, usec_t unknown); /* the same for receipts of unknown messages; 0 =
                                                              as long as there is room (100,000) */

/* --- messages --- */

/* [intake] Accepts a message in state READY, HELD (reason, until; 0 or USEC_NEVER: until somebody moves it)
 * or a final refusal (SUPPRESSED ...: kept for the log and counted). Returns the id, given at once; 0 when
 * refused (ERR_BUSY; no callback then). The views in `m` are copied. */
uint64_t spool_accept(struct spool *s, const struct message *m, enum message_state state,
                      enum message_reason reason, usec_t until, spool_done done, void *ctx);

/* A campaign's cursor of one clock: moved in the same transaction as the message it belongs to. `expected` is
 * what the cursor (next dense customer id, not +1) must be before; it becomes the message's customer id + 1.
 * When it is not, the operation completes with ERR_STATE and nothing is changed: so a refused operation
 * (ERR_FULL) also stops those behind it, and a campaign can have neither a gap nor a duplicate. */
struct spool_cursor {
    uint32_t clock;
    uint32_t expected;
};

/* [intake] Campaign and direct path: accepted and claimed (IN_FLIGHT) in one transaction. `cursor` NULL: no
 * campaign. */
uint64_t spool_accept_claimed(struct spool *s, const struct message *m, const struct spool_cursor *cursor,
                              spool_done done, void *ctx);
/* [intake] The same for a customer who gets nothing (state SUPPRESSED, FAILED ...; counted in the report). */
uint64_t spool_accept_refused(struct spool *s, const struct message *m, const struct spool_cursor *cursor,
                              enum message_state state, enum message_reason reason, spool_done done,
                              void *ctx);

/* READY -> IN_FLIGHT, before any part is written to a socket. Wait for the callback. */
void spool_claim(struct spool *s, uint64_t id, spool_done done, void *ctx);

/* The response to one part (0-based). command_status 0: `carrier_id` is the carrier's message id, recorded
 * for receipts under (carrier, canonical forms). When the last part is answered the message becomes SENT, or
 * FAILED with CARRIER_STATUS when a part was refused for good. */
struct spool_answer {
    uint64_t id;
    uint8_t part;
    uint16_t carrier;
    uint32_t command_status;
    struct strv carrier_id;
    usec_t at;
    int64_t cost; /* of the part, in millionths: added to what its campaign cost at the carrier */
    uint8_t cut;  /* spool_cut() of the message as it was sent; 0 = as it is now */
};
/* How a message is cut into parts, in few bits: a response that comes late may be about pieces of before,
 * which say nothing of those of now. Never 0. */
static inline uint8_t spool_cut(unsigned parts, unsigned plan)
{
    return parts > 1 ? (uint8_t)(2 + (parts * 31 + plan * 7 + plan / 256) % 254) : 1;
}
/* One that is cut otherwise by now completes with ERR_STATE and changes nothing. A repeated success completes
 * with ERR_EXISTS and changes nothing. A late success is recorded, and makes a message that waits again
 * (READY, HELD, UNCERTAIN) SENT when it was the last part; a late refusal is ERR_STATE. */
void spool_answer(struct spool *s, const struct spool_answer *a, spool_done done, void *ctx);

/* Any other move: IN_FLIGHT -> READY/HELD (retry), READY -> HELD, HELD -> CANCELLED, ...
 * `code`: a command_status or 0. A move the life does not allow completes with ERR_STATE and changes nothing.
 */
void spool_move(struct spool *s, uint64_t id, enum message_state to, enum message_reason reason,
                uint32_t code, usec_t until, spool_done done, void *ctx);

/* The same, with the bind on which it was tried; it is kept in the message's history. */
struct spool_place {
    int bind; /* -1: none is known */
    struct strv host;
};
void spool_move_at(struct spool *s, uint64_t id, enum message_state to, enum message_reason reason,
                   uint32_t code, usec_t until, const struct spool_place *place, spool_done done, void *ctx);
/* The carrier sends this text instead: kept in the message's history. */
void spool_replaced(struct spool *s, uint64_t id, struct strv text, usec_t at, spool_done done, void *ctx);

/* A READY message changes its queue from one carrier to another, where it has `parts` made by `plan` (0 when
 * it is one). ERR_STATE, and nothing is changed: it is not READY, not in that queue, or some of its parts
 * have been taken already. */
void spool_reroute(struct spool *s, uint64_t id, uint16_t from, uint16_t to, unsigned parts, uint16_t plan,
                   spool_done done, void *ctx);
/* IN_FLIGHT -> READY, untried, with other parts than it was accepted with: its carrier wants them otherwise
 * now. ERR_STATE when some of its parts have been answered. */
void spool_replan(struct spool *s, uint64_t id, unsigned parts, uint16_t plan, spool_done done, void *ctx);

/* How far an intermediate receipt says the message has come. */
enum spool_stage { STAGE_NONE, STAGE_OTHER, STAGE_SCHEDULED, STAGE_ACCEPTED, STAGE_ENROUTE };
const char *spool_stage_name(enum spool_stage s); /* "enroute"; NULL for STAGE_NONE */

/* A delivery receipt. Unknown ids are kept (orphans) for `orphan_keep` and applied when their answer comes,
 * or when the carrier's form of ids has been learned. */
struct spool_receipt {
    uint16_t carrier;
    struct strv carrier_id;
    enum message_state
        state;              /* DELIVERED, UNDELIVERABLE, ...; SENT for an intermediate one (recorded only) */
    enum spool_stage stage; /* of an intermediate one */
    struct strv tlvs;       /* that came with it, kept in the history: engine/tlvs.h */
    uint32_t error;         /* the network's error code as a number, 0 when none */
    uint64_t to, other; /* the message's recipient as the receipt has it, in either of its addresses; 0 = not
                           known. It tells which of two messages is meant, while the carrier's form of ids is
                           not known */
    usec_t at;
};
void spool_receipt(struct spool *s, const struct spool_receipt *r, spool_done done, void *ctx);

/* What the carrier said of one part (0-based) when it was asked: a final state, or CANCELLED when it has
 * confirmed that. As a receipt for that part, whatever its id; a message all of whose parts were cancelled,
 * or delivered and cancelled, becomes CANCELLED. ERR_STATE: the part was never taken by the carrier. */
void spool_part_state(struct spool *s, uint64_t id, uint8_t part, enum message_state state, uint32_t error,
                      usec_t at, spool_done done, void *ctx);
/* The ids of a carrier: how those of its receipts come from those of its responses. */
enum spool_id_form {
    SPOOL_IDS_AUTO,    /* to be learned; not learned yet */
    SPOOL_IDS_SAME,    /* the same, but for case, leading zeros and blanks */
    SPOOL_IDS_HEX_DEC, /* hexadecimal in the response, decimal in the receipt */
    SPOOL_IDS_DEC_HEX, /* decimal in the response, hexadecimal in the receipt */
    SPOOL_ID_FORMS
};
const char *spool_id_form_name(enum spool_id_form f); /* "auto", "same", "hex_dec", "dec_hex" */
bool spool_id_form_parse(struct strv s, enum spool_id_form *out);
/* Sets it, or has it learned (AUTO). What waits is then looked through again. */
void spool_set_id_form(struct spool *s, uint16_t carrier, enum spool_id_form f);
struct spool_id_view {
    enum spool_id_form set, form;  /* form: the one in use; AUTO: none yet, everything is tried */
    unsigned seen[SPOOL_ID_FORMS]; /* receipts that a form explained, at most 999 */
    unsigned elsewhere; /* receipts whose id was there, but of messages to other numbers only, while it was
                           learned */
};
void spool_get_id_form(const struct spool *s, uint16_t carrier, struct spool_id_view *out); /* any thread */

/* --- ready queue: bounded look-ahead --- */

/* A message as loaded for sending. Heap block; the receiver frees it with free(). Views point into it. */
struct spool_loaded {
    struct message m;
    uint16_t attempts; /* how often it was in flight, but for times it came back untried (reason other than
                          RETRY and UNCERTAIN) */
    uint32_t parts_done[8]; /* bit set: part already answered OK (do not send it again) */
};
typedef void (*spool_loaded_fn)(void *ctx, struct spool_loaded **list, size_t n, bool more);
/* `lane`: the class; CLASS_COUNT more for what is parked.
 * Loads up to `max` READY messages of (carrier, lane) with id > after, oldest first; the callback comes on
 * the loop's thread. The list is the receiver's. `more`: there were further ones. */
void spool_load_ready(struct spool *s, uint16_t carrier, unsigned lane, uint64_t after, size_t max,
                      spool_loaded_fn fn, void *ctx);

/* Moves HELD messages whose `until` has come to READY, at most `max`. The result's id is how many were moved;
 * the next instant at which something is due is spool_next_due() after the callback (USEC_NEVER: none). */
void spool_release_due(struct spool *s, usec_t now, size_t max, spool_done done, void *ctx);
usec_t spool_next_due(const struct spool *s);
/* READY messages per carrier and lane, as of the last synced batch. */
uint64_t spool_ready_count(const struct spool *s, uint16_t carrier, enum message_class lane);
uint64_t spool_parked_count(const struct spool *s, uint16_t carrier, enum message_class lane); /* of these */

/* --- many at once --- */

/* What is held for the sake of a campaign that is paused is held until this "instant", so that it is found
 * together. */
#define SPOOL_PAUSED_FIRST (USEC_NEVER - (INT64_C(1) << 33))
static inline usec_t spool_paused_until(uint32_t campaign)
{
    return SPOOL_PAUSED_FIRST + campaign;
}

/* Moves messages that wait, a slice of them an operation: hand over what the callback gives as `sweep`, until
 * that says `done`. The result's id is how many were moved. */
struct spool_sweep {
    uint32_t campaign; /* 0 = of any */
    uint32_t reasons;  /* of those held: bits 1 << REASON_...; 0 = any */
    usec_t from, to;   /* of those held: until an instant in [from, to] */
    bool ready;        /* those that are READY too */
    enum message_state state;
    enum message_reason reason;
    bool done;
    /* where this slice begins, and where the next: a transaction that has no space is done again. 0 at first
     */
    struct spool_sweep_at {
        uint64_t a, b;
        uint8_t phase;
    } at, next;
};
void spool_sweep(struct spool *s, const struct spool_sweep *w, spool_done done, void *ctx);

/* --- inbound, consent, votes: one operation, one transaction --- */

struct spool_inbound {
    uint16_t carrier;
    uint64_t from;
    struct strv to;   /* short code or number it was sent to */
    struct strv text; /* UTF-8 */
    struct strv tlvs; /* that came with it: engine/tlvs.h */
    usec_t at;
    uint64_t
        dedup; /* stable hash of what makes it the same message, or 0; a repeat within a day is not counted */
    /* Find the newest message sent to `from` within 7 days: this answers it. The first answer to a message
     * counts as replied for its campaign (FEED_REPLY too), a STOP as opted out. */
    bool find_reply_to;
    enum consent_action consent;
    struct strv consent_word; /* the exact words */
    struct strv vote;         /* name of the vote, "" when none */
    uint16_t option;          /* 0-based */
    bool vote_last_wins;      /* false: the first vote counts */
};
/* [intake] When refused for want of room, `done` is called at once with ERR_BUSY. The result's id is the
 * inbound message's; code ERR_EXISTS: a duplicate, nothing was changed. */
void spool_inbound(struct spool *s, const struct spool_inbound *in, spool_done done, void *ctx);

/* A consent change by an operator or the API (`how`: "api", "cli", "import"). */
void spool_consent(struct spool *s, uint64_t number, enum consent_action c, struct strv how,
                   struct strv words, usec_t at, spool_done done, void *ctx);

/* --- erasing: everything that a number left here --- */

/* Cancels its waiting messages (reason ERASED), takes number, text, reference and tag out of all its
 * messages, what came in from it, its votes (tallies stay), its ledger and its index, in one transaction. Who
 * was suppressed stays so, by a mark: a hash of the number with a key of this store. The result's id is how
 * many messages and inbound messages it was. ERR_BUSY, nothing was changed: one of its messages is being sent
 * at this instant, or was accepted just now. */
void spool_erase(struct spool *s, uint64_t number, spool_done done, void *ctx);
/* The mark; its highest bit is set, as no number's is. */
#define SPOOL_MARK (UINT64_C(1) << 63)
uint64_t spool_erase_mark(const struct spool *s, uint64_t number);

/* --- named documents: campaigns, votes, settings. Opaque octets to the store --- */
/* kind: one of the letters the engine chooses. Putting an empty value deletes. */
void spool_put_doc(struct spool *s, char kind, struct strv name, struct strv value, spool_done done,
                   void *ctx);

/* A campaign's audience: one opaque block (a serialised bitmap) a clock, put in the same transaction as its
 * document, which is of this kind. What was put before for the campaign is replaced; cursors stay. */
#define SPOOL_DOC_CAMPAIGN 'm'
struct spool_clock_set {
    uint32_t clock;
    struct strv set;
    uint64_t count;
};
void spool_put_audience(struct spool *s, uint32_t campaign, const struct spool_clock_set *sets, size_t n,
                        struct strv doc_name, struct strv doc, spool_done done, void *ctx);

/* --- activity feed: what the customers' records must learn, in order, until it has been applied --- */
enum spool_feed_kind {
    FEED_SENT = 1,
    FEED_DELIVERED,
    FEED_FAILED,
    FEED_INBOUND,
    FEED_REPLY,
    FEED_STOP,
    FEED_START
};
struct spool_feed {
    uint64_t seq;
    enum spool_feed_kind kind;
    uint64_t number;
    uint32_t customer; /* id + 1, or 0 */
    uint32_t campaign;
    usec_t at;
};
/* Forgets everything up to and including `seq`. */
void spool_feed_trim(struct spool *s, uint64_t seq);
uint64_t spool_feed_last(const struct spool *s); /* highest seq synced, 0 when none */

/* --- reading: any thread, each reader used by one thread at a time --- */
struct spool_reader;
struct spool_reader *spool_reader_new(struct spool *s, struct err *e);
void spool_reader_free(struct spool_reader *r);

/* Up to `max` feed records with seq > after; returns how many. */
size_t spool_feed_read(struct spool_reader *r, uint64_t after, struct spool_feed *out, size_t max);

/* One message with all that is known of it. Views are valid until the callback returns. */
struct spool_part_view {
    uint32_t command_status;
    uint32_t error; /* the network's, by its last receipt; 0 = none */
    struct strv carrier_id;
    enum spool_stage stage;   /* by its last intermediate receipt */
    enum message_state state; /* IN_FLIGHT (no response yet), SENT, DELIVERED, ... */
};
/* Something that kept it from going at once, or an attempt that did not succeed. */
#define SPOOL_EVENTS 16 /* kept of a message */
struct spool_event {
    enum message_state to; /* what it became; NONE: its text was replaced */
    enum message_reason reason;
    uint32_t code;  /* command_status or 0 */
    bool tried;     /* it was in flight: this is what came of an attempt */
    uint32_t count; /* so often in a row, from `at` to `last` */
    usec_t at, last;
    usec_t until; /* HELD: what was to be next */
    uint16_t carrier;
    int bind;         /* -1: not known */
    struct strv host; /* and port; "" when not known */
    struct strv text; /* what it was replaced by */
    struct strv tlvs; /* that came with a receipt, which the event is then: `to` is what it says */
};
struct spool_view {
    struct message m;
    enum message_state state;
    enum message_reason reason;
    uint32_t code; /* command_status or network error */
    usec_t until, changed_at, sent_at, final_at;
    uint16_t attempts; /* as in spool_loaded */
    size_t n_parts;
    const struct spool_part_view *parts;
    size_t n_events; /* oldest first; spool_get_message only */
    const struct spool_event *events;
    uint64_t events_dropped; /* older ones, which have been forgotten */
};
typedef bool (*spool_view_fn)(void *ctx, const struct spool_view *v); /* false stops */
/* False: not there. */
bool spool_get_message(struct spool_reader *r, uint64_t id, spool_view_fn fn, void *ctx);

struct spool_filter {
    uint64_t number;    /* 0 = any */
    uint32_t campaign;  /* 0 = any */
    int state;          /* -1 = any, else enum message_state */
    uint32_t carrier;   /* its number + 1; 0 = any */
    struct strv tag;    /* "" = any */
    usec_t from, to;    /* accepted in [from, to); 0 = open */
    uint64_t before_id; /* newest first: ids below this; 0 = from the newest */
    size_t max;
};
/* Newest first. Returns the id to continue before, or 0 at the end. The number is found by an index, times by
 * halving (as far as the wall clock was not set back by more than an hour), the rest
 * by a bounded scan (at most 100,000 records a call; then the continuation is returned with what was found).
 */
uint64_t spool_find_messages(struct spool_reader *r, const struct spool_filter *f, spool_view_fn fn,
                             void *ctx);

/* Counts by state and reason of one campaign (0 = of everything). */
struct spool_counts {
    uint64_t by_state[MESSAGE_STATE_COUNT];
    uint64_t failed_by_reason[REASON_COUNT]; /* of all final states but DELIVERED */
    struct {
        uint32_t command_status;
        uint64_t count;
    } failed_by_status[32]; /* most frequent statuses, zero-count at the end */
    uint64_t parts_sent, replied, opted_out;
};
void spool_get_counts(struct spool_reader *r, uint32_t campaign, struct spool_counts *out);

/* What a campaign cost, by carrier: the parts it took, at the costs of then, in millionths. */
typedef bool (*spool_cost_fn)(void *ctx, uint16_t carrier, uint64_t parts, int64_t cost);
void spool_each_cost(struct spool_reader *r, uint32_t campaign, spool_cost_fn fn, void *ctx);

typedef bool (*spool_doc_fn)(void *ctx, struct strv name, struct strv value);
void spool_each_doc(struct spool_reader *r, char kind, spool_doc_fn fn, void *ctx);

typedef bool (*spool_clock_fn)(void *ctx, const struct spool_clock_set *set, uint32_t next_customer,
                               uint64_t done);
/* Each clock of a campaign: its set, the next dense customer id (not +1) that has not been claimed, and how
 * many were. */
void spool_each_audience(struct spool_reader *r, uint32_t campaign, spool_clock_fn fn, void *ctx);

/* Numbers, and marks (SPOOL_MARK) of those that were erased. */
typedef bool (*spool_number_fn)(void *ctx, uint64_t number);
void spool_each_suppressed(struct spool_reader *r, spool_number_fn fn, void *ctx);
struct spool_consent_view {
    uint64_t number;
    enum consent_action consent;
    usec_t at;
    struct strv how, words;
};
typedef bool (*spool_consent_fn)(void *ctx, const struct spool_consent_view *v);
/* Its ledger, oldest first. */
void spool_each_consent(struct spool_reader *r, uint64_t number, spool_consent_fn fn, void *ctx);

struct spool_inbound_view {
    uint64_t id, from, reply_to;
    struct strv to, text, vote, tlvs;
    usec_t at;
    enum consent_action consent;
};
typedef bool (*spool_inbound_fn)(void *ctx, const struct spool_inbound_view *v);
/* Newest first; number 0 = all. Returns the id to continue before, or 0. */
uint64_t spool_find_inbound(struct spool_reader *r, uint64_t number, uint64_t before_id, size_t max,
                            spool_inbound_fn fn, void *ctx);

/* The votes of a number. */
typedef bool (*spool_vote_fn)(void *ctx, struct strv vote, uint16_t option);
void spool_each_vote_of(struct spool_reader *r, uint64_t number, spool_vote_fn fn, void *ctx);

/* Receipts whose message is not known (yet). */
struct spool_unknown_view {
    uint64_t seq;
    uint16_t carrier;
    struct strv carrier_id;
    uint64_t to; /* 0 = not known */
    enum message_state state;
    enum spool_stage stage;
    uint32_t error;
    usec_t at;
};
typedef bool (*spool_unknown_fn)(void *ctx, const struct spool_unknown_view *v);
/* Newest first; carrier -1 = all. Returns the seq to continue before, or 0. At most 100,000 are looked at. */
uint64_t spool_find_unknown(struct spool_reader *r, int carrier, uint64_t before_seq, size_t max,
                            spool_unknown_fn fn, void *ctx);

/* Votes per option of one vote; returns distinct voters. */
uint64_t spool_vote_tally(struct spool_reader *r, struct strv vote, uint64_t *counts, size_t options);

/* Size, for status and alarms. */
struct spool_usage {
    uint64_t map_size, used;
    uint64_t messages, feed_pending, orphans; /* stored now */
    uint64_t retired;                         /* messages that retention has deleted, ever */
    usec_t oldest;                            /* acceptance of the oldest message there is; 0 = none */
    usec_t retained_at;                       /* when retention last looked; 0 = never */
    uint64_t commits, operations;             /* since open */
    bool intake_closed; /* the reserve has been reached, or new work was just refused for space */
    bool stalled;       /* not even what has begun can be written: no space; tried again */
};
/* Any thread: what is wrong about the space, for a person; "" when nothing is. */
const char *spool_problem(const struct spool *s);
void spool_get_usage(struct spool_reader *r, struct spool_usage *out);

/* What recovery found at open. */
struct spool_recovered {
    uint64_t in_flight, resent, held, failed;
};
struct spool_recovered spool_get_recovered(const struct spool *s);

#endif
