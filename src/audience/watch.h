/* Watching segments: who entered and who left since the last look, at a cost that depends on what changed.
 * The members as of the last look are stored beside the segment, with all who ever were members since
 * watching began. A look is at one view and instant:
 *
 * - skipped, when neither what the query asks about nor the time that matters to it has changed: nothing is
 *   evaluated and nothing written (that it was is remembered in memory only);
 * - partial, when only some customers may be others and the query is about each customer by itself: those who
 *   changed (journal.h), and those who had an event between where a border of one of its windows was at the
 *   look before and where it is now. So a window of hours, and one of days at midnight, costs what fell out
 * of it. Events dated later than a look come in as time passes, likewise;
 * - full otherwise: percentiles, scores and p_alive after any change; ages, dates, days_since, min_per and
 * the like on another day (min_per over hours always); everything when the query or a segment it refers to
 * was changed, the zone is another, the clock went back, and (unless time does not matter) at the first look
 * of a process.
 *
 * The first look is the baseline and tells of nobody. A segment of which the query was changed tells who
 * entered and left by that. Inactive segments are not looked at; what happened meanwhile is told as one when
 * they are active again. */
#ifndef TESSERA_AUDIENCE_WATCH_H
#define TESSERA_AUDIENCE_WATCH_H

#include "audience/eval.h"
#include "audience/segment.h"

enum watch_kind { WATCH_BASELINE, WATCH_SKIPPED, WATCH_PARTIAL, WATCH_FULL };
const char *watch_kind_name(enum watch_kind k);

struct watch_state {
    usec_t since, at;                /* first and last look */
    uint64_t members;                /* as of the last look */
    uint64_t entered, left;          /* by all looks */
    uint64_t skipped, partial, full; /* how many there were; the baseline is full */
    enum watch_kind last;
    uint64_t evaluated; /* customers, by the last look that was not skipped */
    /* what it was worked out from */
    uint64_t stamp, change;
    usec_t latest; /* no event is later */
    usec_t fit;    /* of p_alive */
    uint64_t rows; /* of its changes */
};

struct watch_look { /* what a look found */
    char name[SEGMENT_MAX_NAME + 1];
    uint32_t version;
    struct watch_state state;
    bool first;
    uint64_t evaluated;                            /* customers, by this look */
    struct audience_set *members, *entered, *left; /* NULL when skipped */
};
void watch_look_free(struct watch_look *l);

/* Reads and evaluates. `anew`: the first look of this process. False with *e: the segment cannot be
 * evaluated, is not there or not active. */
bool watch_look(struct audience_view *v, struct strv name, const struct eval_options *o, bool anew,
                struct watch_look *out, struct err *e);
/* Writes what was found (of looks that were not skipped; nothing when all were), with the events of who
 * entered and left (segments that ask for them), in one transaction. What was changed meanwhile is passed
 * over, for the next look. */
bool watch_any(const struct watch_look *looks, size_t n); /* whether there is something to write */
bool watch_store(struct audience *a, const struct watch_look *looks, size_t n, struct err *e);

/* The active segment after `after` by name ("" = the first); false: none. */
bool watch_next(struct audience_view *v, struct strv after, char name[SEGMENT_MAX_NAME + 1]);
bool watch_get(struct catalog_txn *t, struct strv name,
               struct watch_state *out); /* as stored; false: not looked at yet */
/* The same with the looks since that were skipped. */
bool watch_seen(struct audience_view *v, struct strv name, struct watch_state *out);
/* As of the last look; NULL with *e, also ERR_NOT_FOUND when it was not looked at yet. The caller frees. */
struct audience_set *watch_members(struct catalog_txn *t, struct strv name, struct err *e);
struct audience_set *watch_ever(struct catalog_txn *t, struct strv name, struct err *e);

#define WATCH_ROWS 1000 /* of changes kept a segment */
struct watch_change {   /* a look at which somebody entered or left, or the first */
    uint64_t number;
    usec_t at;
    uint64_t entered, left, members;
    enum watch_kind kind;
};
typedef bool watch_change_fn(void *ctx, const struct watch_change *c);
/* The newest first, of those with a number below `before` (0: all); until fn returns false. */
void watch_changes(struct audience_view *v, struct strv name, uint64_t before, watch_change_fn *fn,
                   void *ctx);

/* In a writing transaction: the segment is removed. */
void watch_forget(struct catalog_txn *t, struct strv name);

#endif
