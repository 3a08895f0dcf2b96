/* The writer's side of the spool: what an operation does to the store. Internal to the spool.
 *
 * How it works. The loop encodes operations into a batch: an array of fixed records and one buffer of octets,
 * reused, nothing allocated an operation (spool_ops.c). A full batch, or what has gathered when the writer is
 * idle, goes to the writer through a mailbox; the writer takes all that is waiting and runs it in one
 * transaction (spool_writer.c):
 *
 *   begin ── apply each operation in order ── write what the parts gathered ── commit (sync)
 *            │ spool_apply: messages          │ blocks, queue, counts, feed,   └─ look-ahead loads, from
 *            │ spool_people: the rest         │ tails of the indexes, cursors     the synced state; then the
 *            └ both change a message only by  └                                   batches are posted back
 *              spool_life_set()
 *
 * Inside a transaction the parts keep what they touch in memory and write it once, in key order, at its end;
 * changes to few messages of a block go to a log first (spool_delta.h). What the parts remember across
 * transactions is reloaded from the store after an abort: there is one source of truth. Chores (merging runs
 * of an index, folding the log) are done a slice a transaction, and when nothing else is to do.
 *
 * Full: an abort for want of space is repeated without the [intake] operations, which complete with ERR_FULL;
 * if that fails too, the rest is kept and tried again until there is space (spool_writer.c).
 */
#ifndef TESSERA_STORE_SPOOL_CORE_H
#define TESSERA_STORE_SPOOL_CORE_H

#include "store/spool_block.h"
#include "store/spool_count.h"
#include "store/spool_history.h"
#include "store/spool_ids.h"
#include "store/spool_index.h"
#include "store/spool_orphan.h"
#include "store/spool_queue.h"
#include "store/spool_refs.h"
#include "store/spool_retain.h"

enum spool_op_kind {
    OP_ACCEPT,
    OP_CLAIM,
    OP_ANSWER,
    OP_MOVE,
    OP_RECEIPT,
    OP_LOAD,
    OP_RELEASE,
    OP_INBOUND,
    OP_CONSENT,
    OP_DOC,
    OP_AUDIENCE,
    OP_TRIM,
    OP_REROUTE,
    OP_PART_STATE,
    OP_REPLACED,
    OP_ERASE,
    OP_REPLAN,
    OP_SWEEP,
};

/* Octets in the batch's data. */
struct spool_span {
    uint32_t at, n;
};

struct spool_op {
    uint8_t kind; /* enum spool_op_kind */
    bool intake;
    uint8_t code;       /* result: enum err_code */
    bool has_settled;   /* result */
    uint16_t reference; /* result: of the message's parts */
    void *done, *ctx;   /* spool_done, or spool_loaded_fn of OP_LOAD */
    uint64_t id;        /* the message; result for the others */
    union {
        struct {
            uint64_t to;
            uint32_t campaign, customer, home; /* home: the recipient's clock in the book */
            uint32_t clock, expected;          /* the cursor moved */
            uint16_t carrier;
            uint16_t plan;
            uint8_t class_, parts, state, reason;
            bool moves_cursor, parked;
            usec_t until;
            struct spool_span body;
        } accept;
        struct {
            int64_t cost;
            usec_t at;
            struct spool_span tlvs; /* of a receipt */
            struct spool_span id;
            uint64_t to, other; /* a receipt's numbers */
            uint32_t value;     /* command_status, network error */
            uint16_t carrier;
            uint8_t part, state, stage, cut;
        } answer; /* and receipt */
        struct {
            usec_t until;
            uint32_t code;
            uint8_t to, reason;
            int16_t bind;
            struct spool_span host;
        } move;
        struct {
            uint16_t from, to, plan;
            uint8_t parts;
        } reroute; /* and replan */
        struct {
            uint64_t after;
            size_t max;
            uint16_t carrier;
            uint8_t lane;
            /* result */
            struct spool_loaded **list;
            size_t n;
            bool more;
        } load;
        struct {
            usec_t now;
            size_t max;
        } release;
        struct spool_sweep sweep;
        struct {
            struct spool_span body; /* an encoded struct, see spool_people.c */
        } other;
        uint64_t seq;    /* trim */
        uint64_t number; /* erase */
    } u;
    struct spool_settled settled; /* result */
};

struct spool_cursor_row {
    uint32_t campaign, clock;
    uint32_t next;
    uint32_t spare;
    uint64_t done;
};

struct spool_core {
    struct env *env;
    const struct clock *clock;
    enum spool_uncertain uncertain[CLASS_COUNT];
    uint64_t erase_key[2]; /* of spool_erase_mark */
    _Atomic int64_t orphan_keep;
    struct env_txn t; /* the write transaction */
    usec_t now;       /* of its begin */
    bool tight;       /* of this operation: space is short */
    bool broken;      /* what is remembered could not be reloaded after an abort */

    struct spool_deltas deltas;
    struct spool_blocks blocks;
    struct spool_queue queue;
    struct spool_count count;
    struct spool_index rid, num;
    struct spool_orphans orphans;
    struct spool_refs refs;
    struct spool_retain retain;

    /* feed: what this transaction adds */
    struct spool_feed_record *feed;
    size_t n_feed, cap_feed;
    uint64_t feed_last, feed_trimmed;

    /* campaign cursors this transaction moved */
    struct hmap cursor_index; /* campaign << 32 | clock -> place */
    struct spool_cursor_row *cursors;
    size_t n_cursors, cap_cursors;

    struct spool_ids ids;
    uint64_t message_last, inbound_last, ledger_last;
    usec_t next_due;
    bool held_changed;
    usec_t purge_at;
    bool purging; /* more receipts are to be forgotten than a slice */
};

/* --- spool_core.c: opening, transactions --- */
bool spool_core_load(struct spool_core *c); /* inside a transaction; also after an abort */
void spool_core_free(struct spool_core *c);
bool spool_core_begin(struct spool_core *c);
/* Writes what has gathered and commits; false: nothing has happened, c->t.code says why. The caller then
 * calls spool_core_reload(). */
bool spool_core_commit(struct spool_core *c);
bool spool_core_reload(struct spool_core *c);     /* after a failure: everything from the store again */
bool spool_core_busy(const struct spool_core *c); /* housekeeping is waiting */
void spool_core_feed(struct spool_core *c, enum spool_feed_kind kind, uint64_t number, uint32_t customer,
                     uint32_t campaign, usec_t at);
void spool_core_trim(struct spool_core *c, uint64_t seq);
/* Moves a campaign's cursor from `expected` past the customer; false: it stands elsewhere. */
bool spool_core_cursor(struct spool_core *c, uint32_t campaign, uint32_t clock, uint32_t expected,
                       uint32_t customer);
/* Settles by policy what is in flight; its own transactions. */
bool spool_core_settle_flight(struct spool_core *c, struct spool_recovered *out);

/* --- spool_life.c: the one function that changes a message's state --- */
void spool_life_set(struct spool_core *c, uint64_t id, struct spool_record *r, enum message_state to,
                    enum message_reason reason, uint32_t code, usec_t until, usec_t at);
/* Its present state goes into its history. `tried`: what came of an attempt; `bind` -1: not known. */
void spool_life_note(struct spool_core *c, uint64_t id, const struct spool_record *r, bool tried, int bind,
                     struct strv host);
size_t spool_life_release(struct spool_core *c, usec_t now, size_t max);
usec_t spool_life_next_due(struct spool_core *c);

/* --- spool_sweep.c --- */
size_t spool_sweep_slice(struct spool_core *c, struct spool_sweep *w); /* how many were moved */

/* --- spool_apply.c --- */
/* Runs one operation; its result is in it. `data`: the batch's octets. */
void spool_apply(struct spool_core *c, struct spool_op *op, const uint8_t *data, bool skip_intake);
/* A receipt that waited, now that its message is known. */
void spool_apply_kept(struct spool_core *c, const struct spool_ids_found *f, const struct spool_orphan *o);

/* --- spool_people.c: inbound, consent, votes, documents, audiences --- */
void spool_people_inbound(struct spool_core *c, struct spool_op *op, struct strv body);
void spool_people_consent(struct spool_core *c, struct spool_op *op, struct strv body);
void spool_people_doc(struct spool_core *c, struct spool_op *op, struct strv body);
void spool_people_audience(struct spool_core *c, struct spool_op *op, struct strv body);

/* --- spool_erase.c --- */
void spool_erase_apply(struct spool_core *c, struct spool_op *op);
/* What a number is suppressed as: itself, or (after it was erased) its mark. False: it is not. */
bool spool_erase_find(struct env_txn *t, uint64_t number, const uint64_t key[2], uint64_t *as);

/* --- spool_load.c: look-ahead, from a read transaction --- */
void spool_load_run(struct spool_core *c, struct env_txn *t, struct spool_op *op);

#endif
