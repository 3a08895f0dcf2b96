/* Segments: named queries, stored with who they are (version, times, active) and what the last evaluation
 * counted. Saving parses and checks the query, and refuses a reference to what does not exist, to an inactive
 * segment, or around a cycle; what is referred to cannot be deleted or made inactive. Evaluation is in
 * eval.h. */
#ifndef TESSERA_AUDIENCE_SEGMENT_H
#define TESSERA_AUDIENCE_SEGMENT_H

#include "audience/audience.h"
#include "query/check.h"
#include "query/parse.h"

#define SEGMENT_MAX_NAME 64 /* letters, digits, '-', '_', '.' */

struct segment {
    struct strv name;
    struct strv query; /* as written */
    uint32_t version;  /* from 1, grows with every change of the query, also past a removal */
    bool active;
    bool events; /* who enters and leaves is told in the event log, too (watch.h) */
    usec_t created, changed;
    usec_t counted_at;       /* 0: never */
    uint64_t count;          /* of the last evaluation that was noted */
    uint64_t counted_change; /* the view's change number then */
    uint32_t counted_version;
};

/* The schema of a view as the language asks for it; `out` is valid while the view is. With segments:
 * references are looked up, too (active ones only). */
void segment_query_schema(struct audience_view *v, bool with_segments, struct query_schema *out);

/* Parsed and checked; NULL with *qe. Free with query_free. */
struct query *segment_parse(struct audience_view *v, struct strv text, const struct query_limits *limits,
                            struct query_error *qe);

typedef bool segment_fn(void *ctx, const struct segment *s); /* views live during the call */
/* False with ERR_NOT_FOUND (the nearest name in the text). */
bool segment_get(struct audience_view *v, struct strv name, segment_fn *fn, void *ctx, struct err *e);
void segment_each(struct audience_view *v, segment_fn *fn, void *ctx); /* by name */
/* The query's text copied to the heap with its NUL, for resolving `in segment`: NULL when there is no such
 * active segment. */
char *segment_query_text(struct audience_view *v, struct strv name);
/* Names of the segments a query refers to, each once. */
bool segment_references(const struct query *q, bool (*fn)(void *ctx, struct strv name), void *ctx);

/* Calls fn for each stored segment whose query names `name`. */
void segment_users(struct audience_view *v, struct strv name, bool (*fn)(void *ctx, struct strv name),
                   void *ctx);

/* --- what became of a segment: one row a change, kept when it is removed --- */

enum segment_event {
    SEGMENT_ADDED = 1,
    SEGMENT_CHANGED,
    SEGMENT_ACTIVATED,
    SEGMENT_DEACTIVATED,
    SEGMENT_REMOVED
};
const char *segment_event_name(enum segment_event what); /* "added" */
struct segment_version {
    uint32_t version;
    enum segment_event what;
    usec_t at;
    struct strv who;   /* who asked for it; "": not known */
    struct strv query; /* as of then; "" of a removal */
};
typedef bool segment_version_fn(void *ctx, const struct segment_version *v); /* views live during the call */
void segment_history(struct audience_view *v, struct strv name, segment_version_fn *fn,
                     void *ctx); /* the oldest first */

struct segment_by { /* who changes it, and when; for the history */
    usec_t now;
    struct strv who; /* at most 64 octets are kept */
};

enum segment_save { SEGMENT_ADD, SEGMENT_CHANGE, SEGMENT_PUT }; /* must not exist, must exist, either */
/* Writes. *qe (may be NULL) has the place when the query is at fault. */
bool segment_save(struct audience *a, struct strv name, struct strv query, enum segment_save how,
                  const struct query_limits *limits, const struct segment_by *by, struct query_error *qe,
                  struct err *e);
bool segment_set_active(struct audience *a, struct strv name, bool active, const struct segment_by *by,
                        struct err *e);
bool segment_set_events(struct audience *a, struct strv name, bool events, struct err *e);
/* ERR_STATE with the name of a segment that refers to it. What was watched of it is forgotten. */
bool segment_delete(struct audience *a, struct strv name, const struct segment_by *by, struct err *e);
/* Notes what an evaluation counted. Not an error when the segment is gone or changed meanwhile. */
bool segment_note_count(struct audience *a, struct strv name, uint32_t version, uint64_t change,
                        uint64_t count, usec_t at, struct err *e);

#endif
