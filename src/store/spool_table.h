/* The tables of the spool's environment and the layout of their records, shared by the writer (spool_apply
 * and what it uses) and the readers (spool_read). A change of anything here is a new SPOOL_VERSION.
 *
 * The hot path appends. A message takes an id from a dense, growing sequence; what belongs to many
 * neighbouring ids shares one value of one page, so that a batch of thousands of messages is some tens of
 * puts:
 *
 *   message   first id            -> block of immutable messages with consecutive ids, packed up to a page
 *   state     id / 72             -> 72 records of 56 octets: what may change; exactly one page
 *   delta     seq                 -> changes to single records that wait to be written into their block
 *   part      id / 72             -> what came back for parts of those 72: responses, receipts of long ones
 *   queue     carrier,lane,id/72  -> bitmap of READY messages; the in-flight set under its own carrier number
 *   held      until, id           -> (empty)
 *   count     campaign            -> its counters; 0 is everything
 *   cost      campaign, carrier   -> parts taken, and what they cost
 *   feed      first seq           -> up to 127 feed records
 *
 * Found by another key (receipt by the carrier's id, message by number): a log-structured index, see
 * spool_index.h; tables rid_* and num_*.
 *
 *   orphan    seq                 -> a receipt whose message is not known yet
 *   doc       kind, name          -> opaque
 *   aud       campaign, clock     -> count, set;      audcur: the same key -> next customer, done
 *   ledger    number, seq         -> a consent change; suppressed: number -> at
 *   inbound   id                  -> an inbound message; innum: number, id -> (empty)
 *   dedup     hash                -> at, id;          dedupat: at, hash -> (empty), for forgetting
 *   history   id                  -> what became of it on its way, if it did not go at once: spool_history.h
 *   vote      name NUL number     -> option;          tally: name NUL option -> count
 *
 * Numbers in keys are big-endian; records are in the byte order of the machine, as LMDB's own pages are.
 */
#ifndef TESSERA_STORE_SPOOL_TABLE_H
#define TESSERA_STORE_SPOOL_TABLE_H

#include "base/buf.h"
#include "domain/message.h"
#include "store/env.h"
#include "store/spool.h"

#define SPOOL_FORMAT  "tessera-spool"
#define SPOOL_VERSION 1

#define SPOOL_TABLES(X)                                                                                      \
    X(MESSAGE, "message")                                                                                    \
    X(STATE, "state")                                                                                        \
    X(DELTA, "delta")                                                                                        \
    X(PART, "part")                                                                                          \
    X(QUEUE, "queue")                                                                                        \
    X(HELD, "held")                                                                                          \
    X(COUNT, "count")                                                                                        \
    X(FEED, "feed")                                                                                          \
    X(RID_TAIL, "rid_tail")                                                                                  \
    X(RID_RUN, "rid_run")                                                                                    \
    X(RID_CHUNK, "rid_chunk")                                                                                \
    X(NUM_TAIL, "num_tail")                                                                                  \
    X(NUM_RUN, "num_run")                                                                                    \
    X(NUM_CHUNK, "num_chunk")                                                                                \
    X(ORPHAN, "orphan")                                                                                      \
    X(DOC, "doc")                                                                                            \
    X(AUD, "aud")                                                                                            \
    X(AUDCUR, "audcur")                                                                                      \
    X(LEDGER, "ledger")                                                                                      \
    X(SUPPRESSED, "suppressed")                                                                              \
    X(INBOUND, "inbound")                                                                                    \
    X(INNUM, "innum")                                                                                        \
    X(DEDUP, "dedup")                                                                                        \
    X(DEDUPAT, "dedupat")                                                                                    \
    X(VOTE, "vote")                                                                                          \
    X(TALLY, "tally")                                                                                        \
    X(HISTORY, "history")                                                                                    \
    X(COST, "cost")

enum spool_table {
#define X(id, name) SPOOL_##id,
    SPOOL_TABLES(X)
#undef X
        SPOOL_TABLE_COUNT
};

/* --- state --- */

#define SPOOL_BLOCK_IDS 72

enum spool_flag {
    SPOOL_CLASS = 3,        /* mask: enum message_class */
    SPOOL_ANSWERED = 4,     /* the only part has been taken by the carrier */
    SPOOL_INTERMEDIATE = 8, /* an intermediate receipt came */
    SPOOL_REPLIED = 16,     /* an inbound message answered it */
    SPOOL_STAGE = 96,       /* mask: how far the intermediate receipt said it was */
    SPOOL_PARKED = 128,     /* see struct message; until it is claimed */
};
/* The stage of a message of one part, see enum spool_stage. Without bits it is OTHER, as in an earlier
 * version. */
static inline enum spool_stage spool_table_stage(unsigned flags)
{
    return flags & SPOOL_INTERMEDIATE ? (enum spool_stage)(STAGE_OTHER + (flags & SPOOL_STAGE) / 32)
                                      : STAGE_NONE;
}
static inline uint8_t spool_table_with_stage(uint8_t flags, unsigned stage)
{
    unsigned bits = stage == STAGE_NONE || stage > STAGE_ENROUTE ? 0 : stage - STAGE_OTHER;
    return (uint8_t)((flags & ~(unsigned)SPOOL_STAGE) | SPOOL_INTERMEDIATE | bits * 32);
}

struct spool_record {
    uint8_t state, reason, parts, flags;
    uint32_t code;
    int64_t when; /* HELD: until; from SENT on: when it was sent; else 0 */
    int64_t changed;
    uint64_t to;
    uint32_t campaign, customer;
    uint16_t carrier, attempts;
    uint32_t clock;           /* of the clock book; 0 = none */
    uint32_t rev;             /* counts changes: see spool_delta.h */
    uint16_t plan, reference; /* of more than one part: how they are made (the engine's), and what joins them;
                                 0: see spool_refs.h */
};
struct spool_state_block {
    uint32_t version, spare[11];
    struct spool_record r[SPOOL_BLOCK_IDS];
};
_Static_assert(sizeof(struct spool_record) == 56, "a record is 56 octets");
_Static_assert(sizeof(struct spool_state_block) == ENV_PAGE_PAYLOAD, "a block fills a page");

/* Copies the record of `id` from a state value, deltas apart; false when the value is malformed. A record in
 * state NONE is none. */
bool spool_table_record(struct strv block, uint64_t id, struct spool_record *out);

/* --- message: one record in a block; the rest of a message is in its state record --- */

/* Appends the immutable record of m. */
bool spool_table_put_message(struct buf *out, const struct message *m);
/* Block: u8 version, u8 n, u16 offset[n] (from the start of the records), records. */
#define SPOOL_MESSAGES_MAX 200
/* Finds `id` in the block with first id `first` and fills in what is stored there. */
bool spool_table_message(struct strv block, uint64_t first, uint64_t id, struct message *m);
/* How many ids the block holds, 0 when it is malformed. */
unsigned spool_table_message_count(struct strv block);
/* The rest of the message, from its state record. */
void spool_table_complete(struct message *m, uint64_t id, const struct spool_record *r);

/* --- part: entries after one version octet; a later entry for the same part and kind replaces --- */

#define SPOOL_PART_ANSWER                                                                                    \
    0 /* kind; other kinds: enum message_state of a receipt, SENT: an intermediate one */
/* The value of an intermediate receipt: its stage above the network's error. */
#define SPOOL_STAGE_SHIFT 24
#define SPOOL_ERROR_MASK  0xffffffu
struct spool_part {
    uint8_t slot, part, kind;
    uint32_t value; /* answer: command_status; receipt: network error */
    struct strv carrier_id;
};
bool spool_table_put_part(struct buf *out, const struct spool_part *p);
/* Steps through a part value: start with *pos = 0. */
bool spool_table_next_part(struct strv block, size_t *pos, struct spool_part *p);

/* What is known of all parts of one message. */
struct spool_parts {
    unsigned answered, refused, delivered, cancelled;
    uint8_t taken[32];    /* bit set: answered with status 0 */
    uint8_t done[32];     /* bit set: answered */
    uint8_t receipt[256]; /* last receipt's state, 0 = none */
    uint8_t stage[256];   /* the furthest of the intermediate ones, which need not be in order here */
    uint32_t status[256]; /* of the answer */
    uint32_t refused_status;
    unsigned ended; /* parts with a final receipt */
    enum message_state
        bad; /* final receipt of the first part that ended otherwise than DELIVERED or CANCELLED, or NONE */
    uint32_t bad_error;
    uint32_t error[256]; /* of the receipt */
    struct strv carrier_id[256];
};
/* Whether a receipt of this state takes the place of the one there is: a final one stays, but for UNKNOWN,
 * which gives way to one that knows. */
bool spool_table_receipt_counts(enum message_state had, enum message_state now);
/* Adds one entry. After the last: spool_table_collect_end(). */
void spool_table_collect_part(struct spool_parts *out, const struct spool_part *p);
void spool_table_collect_end(struct spool_parts *out, unsigned n_parts);
/* All that a part value says of `id`; with _end when nothing is to be added. */
void spool_table_collect(struct strv block, uint64_t id, unsigned n_parts, struct spool_parts *out);

/* --- queue --- */

#define SPOOL_FLIGHT_LANE UINT64_C(0xFFFFFF) /* carrier 0xFFFF, lane 0xFF */
struct spool_bits {
    uint64_t w[2];
};
static inline uint64_t spool_table_lane(uint16_t carrier, unsigned lane)
{
    return (uint64_t)carrier << 8 | lane;
}
/* Where it waits when it is READY. */
static inline uint64_t spool_table_lane_of(const struct spool_record *r)
{
    return spool_table_lane(r->carrier,
                            (r->flags & SPOOL_CLASS) + (r->flags & SPOOL_PARKED ? CLASS_COUNT : 0u));
}
static inline uint64_t spool_table_queue_key(uint64_t lane, uint64_t block)
{
    return lane << 40 | block;
}

/* --- counters --- */

#define SPOOL_COUNT_STATES   16
#define SPOOL_COUNT_REASONS  32
#define SPOOL_COUNT_STATUSES 128
#define SPOOL_STATUS_OTHER   UINT32_MAX /* takes what does not fit in the table of statuses */
struct spool_count_record {
    uint32_t version, n_status;
    uint64_t by_state[SPOOL_COUNT_STATES], by_reason[SPOOL_COUNT_REASONS];
    uint64_t parts_sent, replied, opted_out;
    struct {
        uint32_t status, spare;
        uint64_t count;
    } status[SPOOL_COUNT_STATUSES]; /* only n_status of them are stored */
};
_Static_assert(MESSAGE_STATE_COUNT <= SPOOL_COUNT_STATES && REASON_COUNT <= SPOOL_COUNT_REASONS,
               "room for every state and reason");
size_t spool_table_count_size(const struct spool_count_record *r);
bool spool_table_get_count(struct env_txn *t, uint32_t campaign, struct spool_count_record *r);

/* --- feed --- */

#define SPOOL_FEED_PER_BLOCK 127
struct spool_feed_record {
    uint64_t number;
    int64_t at;
    uint32_t customer, campaign, kind, spare;
};

/* --- named values of the meta table --- */
#define SPOOL_META_FEED_TRIMMED "feed_trimmed"
#define SPOOL_META_LEDGER       "ledger_seq"
#define SPOOL_META_RETIRED      "retired"     /* messages that retention has deleted */
#define SPOOL_META_RETAINED_AT  "retained_at" /* wall, of its last slice */
#define SPOOL_META_RID_DEAD     "rid_dead"    /* entries that name deleted messages */
#define SPOOL_META_ERASE_KEY    "erase_key"   /* and "0", "1": the two halves */
#define SPOOL_META_NUM_DEAD     "num_dead"

#endif
