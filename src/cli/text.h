/* Values as people read them: counts, sizes, durations, shares, instants in the local zone, and text of
 * others made harmless for a terminal. */
#ifndef TESSERA_CLI_TEXT_H
#define TESSERA_CLI_TEXT_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/strv.h"

#include <stdint.h>

struct text {
    char s[80];
};

struct text text_count(int64_t n);                     /* 12,345 */
struct text text_size(uint64_t octets);                /* 512 B, 1.5 MiB */
struct text text_duration(usec_t d);                   /* 340 ms, 2.4 s, 1 m 05 s, 3 h 20 m, 2 d 4 h */
struct text text_remaining(usec_t d);                  /* 0:07, 12:34, 1:02:03 */
struct text text_percent(int64_t part, int64_t whole); /* 61.7 %, < 0.1 %, 100 %; "" when whole is 0 */
struct text text_instant(usec_t wall);                 /* 2026-11-21 23:00:05 CET; "-" for 0 and USEC_NEVER */
struct text text_minute(usec_t wall);                  /* 2026-11-21 23:00 CET */

/* Appends s in one line: control characters, escapes and direction overrides shown as \n, \t or <U+001B>,
 * malformed octets as U+FFFD. */
void text_put_clean(struct buf *out, struct strv s);
/* A bar of at most `width` columns; in eighths of a column where the terminal has Unicode. */
void text_put_bar(struct buf *out, int64_t part, int64_t whole, unsigned width, bool unicode);
/* One field of a CSV record (RFC 4180), quoted where needed. */
void text_put_csv(struct buf *out, struct strv s);
/* A segment's name has letters, digits and - _ . only; everything else is a query. */
bool text_is_name(const char *word);

#endif
