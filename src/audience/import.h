/* Import of customers and events from CSV or NDJSON, in chunks, each one durable transaction. A session is
 * begun with what the columns mean; its progress (octets done, counts) is committed with each chunk, so that
 * a repeated chunk is passed over and a session goes on after a restart.
 *
 * CSV: RFC 4180 with a header row; a byte order mark, CRLF or LF, and blank lines are fine. A chunk ends at
 * the end of a record. A bad line is refused with its number (in the file, from 1), its column and the
 * reason, and the rest goes on; `validate` goes through everything and writes nothing.
 *
 * NDJSON: an object a line (import_json.h); members of objects inside become "outer.inner" (of events
 * "outer_inner"), arrays of plain values the members of a set; a name that comes later is a column from then
 * on. A chunk ends at the end of a line.
 *
 * Columns: `mapping` says "column=target", several separated by commas or newlines; target is a name, with a
 * type when it is new and the guess from the first chunk is not wanted ("total=amount:number(2)",
 * "hobbies=interests:set"), or "-" to leave the column out. Columns not named go to what has their own
 * (cleaned) name; when there is nothing of that name it is declared, or left out with `ignore_unknown`.
 * Targets of both kinds: "msisdn" (required; when not mapped: phone, phone_number, mobile, number, msisdn).
 * Of events: "time" (required; when not mapped: time, date, timestamp, at, created_at), "id" (when not
 * mapped: event_id, order_id; an event whose id was seen before is counted as a repeat and not stored again).
 *
 * `preset` is a mapping for files as a certain program writes them, one "column TAB target" a line, which the
 * mapping overrules. What is not in the file is passed over; columns it does not name are left out. Targets
 * besides the above: "@region" (a country code: how the row's numbers are to be read), "@only(a|b)" (other
 * rows are passed over),
 * "@unit amount" (amount of one; times "quantity" of the row), "id+TARGET" (part of the id as well), "@need
 * TARGET" (rows with nothing there, or 0, are passed over). A column "*end" is every one with that end.
 * Several columns may go to one place: the first that is not empty counts, in the preset's order; those of
 * "id" are joined. An apostrophe before a digit or one of +-=@ is not part of a value.
 * "@kind TAB customers|events" and "@type TAB TYPE" say what the file is for.
 *
 * `mode`: UPSERT makes customers that are new and changes what the file has of others; UPDATE refuses rows of
 * numbers that are no customers; REPLACE is UPSERT, and of the customers that are in the file, fields the row
 * has no value for become unset (but for msisdn, created, and the region, which then is the number's).
 * Customers that are not in the file are left alone.
 *
 * `atomic`: the pieces are put aside (in a file without a name in the store's directory, at most
 * AUDIENCE_ATOMIC_MAX octets), and with the last one all are applied in one transaction: one rejected row, a
 * kill at any instant, a full disk, and nothing of it is there. The audience's writer does nothing else
 * meanwhile (about as long as the import would take anyway); sending and queries go on. It cannot be resumed:
 * what was put aside is gone with the process.
 *
 * Values: numbers and dates as ISO 8601 says; a time without an offset is in the instance's zone, a date is
 * its midnight; yes/no as yes, no, true, false, 1, 0, y, n; members of a set separated by ; or | or comma; a
 * place "latitude,longitude". Empty = leave what is there. */
#ifndef TESSERA_AUDIENCE_IMPORT_H
#define TESSERA_AUDIENCE_IMPORT_H

#include "audience/audience.h"

/* What the numbers mean, asked of the layers that know, on the calling thread. */
struct audience_place_of { /* texts live until the next call */
    struct strv clock;     /* "" = unknown */
    struct strv region;    /* used when the customer has no region of its own; "" = unknown */
};
struct audience_locator {
    void *ctx;
    /* zone and region are the customer's own, "" when unset. False: nothing is known. */
    bool (*locate)(void *ctx, uint64_t msisdn, struct strv zone, struct strv region,
                   struct audience_place_of *out);
};

enum audience_import_kind { IMPORT_CUSTOMERS, IMPORT_EVENTS };
enum audience_import_format { IMPORT_CSV, IMPORT_NDJSON };
enum audience_import_mode { IMPORT_UPSERT, IMPORT_UPDATE, IMPORT_REPLACE };

struct audience_import_options {
    struct strv session; /* unique name of this import, at most 64 octets; "" = cannot be resumed */
    enum audience_import_kind kind;
    struct strv event;   /* type of the events; declared when new */
    struct strv mapping; /* see above */
    struct strv preset;
    enum audience_import_format format;
    enum audience_import_mode mode; /* of customers */
    bool ignore_unknown;
    bool validate;         /* write nothing: a rehearsal */
    bool atomic;           /* the whole file or nothing: see below */
    bool known_only;       /* names that nothing has are an error: nothing is declared */
    usec_t default_time;   /* events: of rows that do not say one; 0: they are refused */
    bool create_customers; /* events: a number that is no customer makes one; else the line is refused */
    char delimiter;        /* 0 = comma */
    usec_t now;
    /* parse_number and instant_of may be called on another thread, one call after the other, while the
     * calling one is inside of audience_import_chunk (see audience_import_soon). */
    void *ctx;
    /* National or international form to digits; false with the reason. `region`: of this row, "" when it does
     * not say. NULL: international form only. */
    bool (*parse_number)(void *ctx, struct strv text, struct strv region, uint64_t *msisdn, struct err *e);
    /* The instant of a local reading (see zone_instant) in the instance's zone. NULL: UTC. */
    usec_t (*instant_of)(void *ctx, int64_t local_usec);
    const struct audience_locator *locator; /* NULL: no clocks, no regions */
    /* One that gives the same, to be called on the thread that reads. NULL: there is none, and new customers
     * cost the calling thread more. */
    const struct audience_locator *locator_ahead;
};

#define AUDIENCE_ATOMIC_MAX ((uint64_t)1 << 30)

struct audience_reject {
    uint64_t line;
    char column[64]; /* header's name, "" when it concerns the whole line */
    char value[64];  /* cut; digits of numbers are not masked: this goes back to who sent the file */
    char reason[160];
};
#define AUDIENCE_MAX_REJECTS 1000 /* kept; all are counted */

struct audience_import_progress {         /* of the whole session so far */
    uint64_t offset;                      /* octets done: where the next chunk begins */
    uint64_t lines;                       /* of the file, read so far */
    uint64_t rows;                        /* records without the header and blank lines */
    uint64_t created, updated, unchanged; /* customers */
    uint64_t events, repeated;            /* events stored; seen before */
    uint64_t rejected;
    uint64_t skipped; /* rows that the preset's @only and @need pass over */
    bool finished;
};

/* What a preset says under "@kind" or "@type"; "" when nothing. */
struct strv audience_import_directive(struct strv preset, const char *name);

struct audience_import;

/* NULL with *e: options that cannot be. A session of that name begun before goes on where it was; its kind
 * must be the same. Copies the options' texts; callbacks and locator must outlive the import. */
struct audience_import *audience_import_begin(struct audience *a, const struct audience_import_options *o,
                                              struct err *e);
void audience_import_free(struct audience_import *im); /* what was committed stays; NULL is fine */

/* Writes: `offset` is where the chunk lies in the file. A chunk done before is passed over; ERR_STATE when
 * there is a gap; ERR_INVALID when the header cannot be used or the chunk ends inside a record; ERR_LIMIT: a
 * record longer than 1 MiB or more than 512 columns in the header. After false nothing of the chunk was
 * stored, and it may be sent again. */
bool audience_import_chunk(struct audience_import *im, uint64_t offset, struct strv octets, bool is_last,
                           struct err *e);

/* Says what the chunk after the next one will be, so that reading it may begin while that one is applied. The
 * octets stay where they are until that chunk is done, or the import is freed, or another chunk was given
 * instead. Then the callbacks may be called on another thread until then. Never needed. */
void audience_import_soon(struct audience_import *im, struct strv octets);

const struct audience_import_progress *audience_import_progress(const struct audience_import *im);
/* Rejects since the last audience_import_take_rejects; the list belongs to the import and is gone with the
 * next chunk or take. */
size_t audience_import_rejects(const struct audience_import *im, const struct audience_reject **list);
void audience_import_take_rejects(struct audience_import *im);

/* What each column of the header goes to, for people: "phone -> msisdn (number)". After the first chunk. */
typedef bool audience_import_column_fn(void *ctx, struct strv column, struct strv target, struct strv type,
                                       bool declared_now);
void audience_import_columns(const struct audience_import *im, audience_import_column_fn *fn, void *ctx);

/* Writes: forgets the progress of a finished or given up session. */
bool audience_import_forget(struct audience *a, struct strv session, struct err *e);

#endif
