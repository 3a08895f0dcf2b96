/* The syntax tree of a query: plain structs in one arena, owned by `struct query`, freed at once. The parser
 * (parse.h) makes it, the check (check.h) fills in what the names mean, the printer (print.h) writes it, and
 * planner and evaluator read it.
 *
 * Normal form, which parser and printer keep: `and`/`or` have two or more operands, none of the same kind as
 * themselves; numbers have no trailing zeros in the fraction; an aggregate without a window is `lifetime`; a
 * set test with one string is `has` or `has none`. So two texts that differ only in spacing, comments, case
 * of keywords, superfluous parentheses or spelling of numbers give equal trees. */
#ifndef TESSERA_QUERY_TREE_H
#define TESSERA_QUERY_TREE_H

#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- what names mean: filled in by query_check, never by the parser --- */

enum query_type {
    QUERY_TYPE_NONE = 0,
    QUERY_TYPE_TEXT,
    QUERY_TYPE_NUMBER,
    QUERY_TYPE_DATE,
    QUERY_TYPE_BOOL,
    QUERY_TYPE_SET,
    QUERY_TYPE_PLACE,
};

struct query_symbol {
    enum query_type type;
    uint8_t scale; /* numbers: digits of the fraction */
    uint32_t id;   /* the schema's own handle of a field or attribute */
};

/* Names that only mean something inside `where`, in the customer's own zone. */
enum query_builtin {
    QUERY_NOT_BUILTIN = 0,
    QUERY_HOUR,    /* 0..23 */
    QUERY_WEEKDAY, /* 1 = Monday .. 7 = Sunday */
    QUERY_MONTH,   /* 1..12 */
};

/* A name used as a value: a customer's field, or inside `where` an attribute of the source's events. */
struct query_ref {
    struct strv name;
    uint32_t at; /* octet offset into query.text; likewise everywhere below */
    enum query_builtin builtin;
    struct query_symbol symbol; /* of the field, or of the attribute in the source's first event */
    /* Inside `where`: the attribute's symbol in each event of the source, in order; else NULL. */
    const struct query_symbol *per_event;
};

/* --- literals --- */

struct query_number { /* exact: units / 10^scale */
    int64_t units;
    uint8_t scale;
};

enum query_unit { QUERY_UNIT_HOUR, QUERY_UNIT_DAY, QUERY_UNIT_WEEK, QUERY_UNIT_MONTH, QUERY_UNIT_YEAR };

enum query_when_kind { QUERY_WHEN_DATE, QUERY_WHEN_TODAY, QUERY_WHEN_AGO };

struct query_when {
    enum query_when_kind kind;
    int32_t days; /* DATE: since 1970-01-01 */
    uint32_t n;   /* AGO: that many units before now; 0..QUERY_MAX_COUNT */
    enum query_unit unit;
    uint32_t at;
};

enum query_window_kind {
    QUERY_WINDOW_LIFETIME,
    QUERY_WINDOW_LAST,    /* n units; calendar days in the instance's zone, today included; hours roll */
    QUERY_WINDOW_THIS,    /* the calendar unit so far */
    QUERY_WINDOW_BETWEEN, /* both days included */
};

struct query_window {
    enum query_window_kind kind;
    uint32_t n; /* LAST: 1..QUERY_MAX_COUNT */
    enum query_unit unit;
    struct query_when from, to;
    uint32_t at;
};

#define QUERY_MAX_COUNT 100000 /* most units in a window or `ago`: years stay within the calendar's reach */

/* --- numbers --- */

enum query_fn {
    QUERY_COUNT,
    QUERY_SUM,
    QUERY_AVG,
    QUERY_MIN,
    QUERY_MAX,
    QUERY_FIRST,
    QUERY_LAST,
    QUERY_DISTINCT,
    QUERY_SHARE,
    QUERY_DAYS_SINCE,
    QUERY_MIN_PER,
};

struct query_event {
    struct strv name;
    uint32_t at;
    uint32_t id;                /* checked */
    struct query_symbol symbol; /* checked: of the source's attribute, when it has one */
};

struct query_aggregate {
    enum query_fn fn;
    enum query_unit per; /* MIN_PER */
    struct query_event *events;
    size_t n_events;       /* at least 1 */
    struct strv attribute; /* n == 0: none */
    uint32_t attribute_at;
    struct query_node *where; /* NULL: none */
    struct query_window window;
};

enum query_rfm_part { QUERY_RFM_R, QUERY_RFM_F, QUERY_RFM_M, QUERY_RFM_SCORE, QUERY_RFM_CLASS };

struct query_rfm {
    struct query_event event;
    struct query_window window;
    enum query_rfm_part part;
    uint32_t at;
};

enum query_num_kind {
    QUERY_NUM_LITERAL,
    QUERY_NUM_FIELD,
    QUERY_NUM_AGGREGATE,
    QUERY_NUM_AGE,        /* of the date `field`, in whole years */
    QUERY_NUM_PERCENTILE, /* of `operand`, 0..1 */
    QUERY_NUM_RFM,
    QUERY_NUM_P_ALIVE,
};

struct query_num {
    enum query_num_kind kind;
    uint32_t at;
    union {
        struct query_number literal;
        struct query_ref field; /* FIELD, AGE */
        struct query_aggregate aggregate;
        struct query_num *operand;
        struct query_rfm rfm;
    };
};

/* --- conditions --- */

enum query_cmp { QUERY_EQ, QUERY_NE, QUERY_LT, QUERY_LE, QUERY_GT, QUERY_GE };

enum query_tcmp { QUERY_TEXT_EQ, QUERY_TEXT_NE, QUERY_TEXT_CONTAINS, QUERY_TEXT_STARTS, QUERY_TEXT_MATCHES };

enum query_has { QUERY_HAS, QUERY_HAS_ANY, QUERY_HAS_ALL, QUERY_HAS_NONE };

enum query_date_op { QUERY_BEFORE, QUERY_AFTER, QUERY_ON };

enum query_node_kind {
    QUERY_OR,
    QUERY_AND,
    QUERY_NOT,
    /* conditions; everything up to QUERY_TEXT_IN is false of an unset value, negated or not */
    QUERY_COMPARE,     /* num cmp num */
    QUERY_BETWEEN,     /* num [not] between num and num, ends included */
    QUERY_RANGE,       /* num in INT..INT, which wraps when from > to */
    QUERY_TEXT,        /* text tcmp string */
    QUERY_TEXT_IN,     /* text [not] in (strings) */
    QUERY_SET_HAS,     /* set has ... */
    QUERY_BOOL,        /* field */
    QUERY_IS_SET,      /* field is [not] set */
    QUERY_DATE,        /* date before/after/on when */
    QUERY_DATE_WITHIN, /* date within last/next n units */
    QUERY_ANNIVERSARY, /* anniversary(date) within last/next n days */
    QUERY_NEAR,        /* place within n km of (latitude, longitude) */
    QUERY_SEGMENT,     /* [ever] in segment */
    QUERY_SURVEY,      /* survey "name" status tcmp string */
    QUERY_TENURE,      /* customer for at least n units */
    QUERY_BUCKET,      /* bucket("salt") cmp number */
};

struct query_text { /* what a text condition looks at: a field, or rfm(...).class */
    bool is_rfm;
    union {
        struct query_ref field;
        struct query_rfm rfm;
    };
};

struct query_node {
    enum query_node_kind kind;
    uint32_t at, end; /* the condition's octets in query.text are [at, end) */
    uint32_t clause;  /* conditions outside `where` are numbered in the order of the text, from 0 */
    bool negated;     /* BETWEEN, TEXT_IN: with `not`; IS_SET: `is not set` */
    union {
        struct { /* OR, AND (n >= 2), NOT (n == 1) */
            struct query_node **items;
            size_t n;
        } operands;
        struct {
            struct query_num *left, *right;
            enum query_cmp op;
        } compare;
        struct {
            struct query_num *value, *low, *high;
        } between;
        struct {
            struct query_num *value;
            int64_t from, to;
        } range;
        struct { /* TEXT: one string; TEXT_IN: n */
            struct query_text value;
            enum query_tcmp op;
            struct strv *strings;
            size_t n;
        } text;
        struct {
            struct query_ref field;
            enum query_has op;
            struct strv *strings;
            size_t n;
        } has;
        struct query_ref field; /* BOOL, IS_SET */
        struct {
            struct query_ref field;
            enum query_date_op op;
            struct query_when when;
        } date;
        struct { /* DATE_WITHIN, ANNIVERSARY (unit is DAY) */
            struct query_ref field;
            bool next;
            uint32_t n;
            enum query_unit unit;
        } within;
        struct {
            struct query_ref field;
            struct query_number km, latitude, longitude;
        } near;
        struct {
            struct strv name;
            uint32_t name_at;
            bool ever;
        } segment;
        struct {
            struct strv name;
            uint32_t name_at;
            enum query_tcmp op;
            struct strv status;
        } survey;
        struct {
            uint32_t n;
            enum query_unit unit;
        } tenure;
        struct {
            struct strv salt;
            enum query_cmp op;
            struct query_number value;
        } bucket;
    };
};

/* --- the whole --- */

struct query_block;

struct query {
    struct strv text; /* own copy of the source; all names point into it */
    struct query_node *root;
    uint32_t conditions; /* all, inside `where` too */
    uint32_t clauses;    /* conditions outside `where`: node->clause is 0..clauses-1 */
    bool checked;        /* query_check has succeeded */
    struct query_block *blocks;
};

/* An empty query with a copy of `text`, for builders of trees (the parser, tests). NULL: out of memory. */
struct query *query_new(struct strv text);
void query_free(struct query *q); /* with every node; NULL is fine */
/* Zeroed memory that lives as long as the query. NULL: out of memory. */
void *query_alloc(struct query *q, size_t size);

/* Whether the trees mean the same text: places (at, end) and what check filled in are not compared. */
bool query_equal(const struct query *a, const struct query *b);

/* Calls `fn` for every node, parents first, in the order of the text; with `into_where` also inside the
 * aggregates' `where`. Stops with false when `fn` returns false. */
typedef bool query_visit_fn(void *ctx, const struct query_node *node);
bool query_walk(const struct query_node *root, bool into_where, query_visit_fn *fn, void *ctx);

/* The numbers a condition compares, at most three; how many. */
size_t query_node_nums(const struct query_node *node, struct query_num *nums[3]);

/* Whether the same data can give another answer at another time: ages, windows, today, ago, days_since... A
 * segment that does not, and whose inputs did not change, need not be evaluated again. Segments referred to
 * are not looked into. */
bool query_uses_time(const struct query *q);

/* The source text of one condition, trimmed: for breakdowns. */
struct strv query_node_text(const struct query *q, const struct query_node *node);

#endif
