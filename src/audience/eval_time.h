/* The calendar of one evaluation: what "today", windows, ages and anniversaries mean at its one instant, in
 * the instance's zone. Pure. Days are since 1970-01-01, instants of events whole seconds. */
#ifndef TESSERA_AUDIENCE_EVAL_TIME_H
#define TESSERA_AUDIENCE_EVAL_TIME_H

#include "base/clock.h"
#include "domain/zone.h"
#include "query/tree.h"

struct eval_time {
    usec_t now;
    int64_t now_s;           /* second that holds `now` */
    const struct zone *zone; /* NULL = UTC */
    int32_t today;
};

struct eval_time eval_time_at(usec_t now, const struct zone *zone);

int32_t eval_time_day_of(const struct eval_time *t, int64_t second); /* local day */
int64_t eval_time_day_start(const struct eval_time *t, int32_t day); /* its first second */
/* `days` moved by n units (hours do not move a date). */
int32_t eval_time_move(int32_t days, int64_t n, enum query_unit unit);
int32_t eval_time_when(const struct eval_time *t, const struct query_when *w); /* a local day */

struct eval_span { /* seconds, both included; empty when from > to */
    int64_t from, to;
};
/* The window up to now. */
struct eval_span eval_time_window(const struct eval_time *t, const struct query_window *w);

/* The whole units inside a window, one after the other: *at begins as 0 and is for this function only. A
 * calendar window ends with today as a whole. False: no more. */
bool eval_time_next_unit(const struct eval_time *t, const struct query_window *w, enum query_unit unit,
                         int64_t *at, bool *begun, struct eval_span *out);

/* First and last day of `within last/next n units`. */
void eval_time_within(const struct eval_time *t, bool next, uint32_t n, enum query_unit unit, int32_t *first,
                      int32_t *last);

int64_t eval_time_age(int32_t today, int32_t birth); /* whole years; negative before birth */
/* The last day of birth that gives an age of at least `years`. */
int32_t eval_time_age_cutoff(int32_t today, int32_t years);

/* For every day of the year the latest year in which its anniversary falls into [first, last]; INT32_MIN when
 * none does. The index is month * 32 + day; a 29 February falls on 1 March in other years. */
struct eval_anniversary {
    int32_t year[13 * 32];
};
void eval_time_anniversaries(int32_t first, int32_t last, struct eval_anniversary *out);

#endif
