/* The frame of the grammar and its conditions. */
#include "query/parse.h"

#include "query/parser.h"

#include <stdlib.h>
#include <string.h>

/* --- conditions that begin with a keyword --- */

static bool cond_within_count(struct parser *p, struct query_node *n)
{
    n->within.next = parser_accept_word(p, "next");
    if (!n->within.next && !parser_expect_word(p, "last"))
        return false;
    return parser_count_unit(p, false, &n->within.n, &n->within.unit);
}

static bool cond_anniversary(struct parser *p, struct query_node *n)
{
    n->kind = QUERY_ANNIVERSARY;
    if (!parser_accept(p, TOKEN_WORD) || !parser_accept(p, TOKEN_OPEN) ||
        !parser_ref(p, "the name of a date", &n->within.field) || !parser_expect(p, TOKEN_CLOSE, "\")\"") ||
        !parser_expect_word(p, "within"))
        return false;
    const struct token *count = parser_ahead(p, 1);
    if (!cond_within_count(p, n))
        return false;
    if (n->within.unit != QUERY_UNIT_DAY)
        return query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, count->at, "; expected days",
                               "an anniversary in units other than days");
    return true;
}

static bool parser_cmp(struct parser *p, enum query_cmp *op)
{
    if (p->t->kind < TOKEN_EQ || p->t->kind > TOKEN_GE)
        return false;
    *op = (enum query_cmp)(p->t->kind - TOKEN_EQ);
    return parser_accept(p, p->t->kind);
}

static bool cond_bucket(struct parser *p, struct query_node *n)
{
    n->kind = QUERY_BUCKET;
    if (!parser_accept(p, TOKEN_WORD) || !parser_accept(p, TOKEN_OPEN) ||
        !parser_string(p, &n->bucket.salt) || !parser_expect(p, TOKEN_CLOSE, "\")\""))
        return false;
    if (!parser_cmp(p, &n->bucket.op))
        return parser_unexpected(p, "a comparison: =, !=, <, <=, > or >=");
    if (p->t->kind != TOKEN_NUMBER)
        return parser_unexpected(p, "a number");
    n->bucket.value = p->t->number;
    return parser_accept(p, TOKEN_NUMBER);
}

static bool cond_segment(struct parser *p, struct query_node *n)
{
    n->kind = QUERY_SEGMENT;
    n->segment.ever = parser_accept_word(p, "ever");
    if (!parser_expect_word(p, "in") || !parser_expect_word(p, "segment"))
        return false;
    n->segment.name_at = p->t->at;
    return parser_string(p, &n->segment.name);
}

/* The operator of a text condition, or false without taking anything. */
static bool parser_tcmp(struct parser *p, enum query_tcmp *op)
{
    if (parser_accept(p, TOKEN_EQ)) {
        *op = QUERY_TEXT_EQ;
    } else if (parser_accept(p, TOKEN_NE)) {
        *op = QUERY_TEXT_NE;
    } else if (parser_accept_word(p, "contains")) {
        *op = QUERY_TEXT_CONTAINS;
    } else if (parser_accept_word(p, "matches")) {
        *op = QUERY_TEXT_MATCHES;
    } else if (parser_is(p->t, "starts") && parser_is(parser_ahead(p, 1), "with")) {
        parser_accept(p, TOKEN_WORD);
        parser_accept(p, TOKEN_WORD);
        *op = QUERY_TEXT_STARTS;
    } else {
        return false;
    }
    return true;
}

static bool cond_survey(struct parser *p, struct query_node *n)
{
    n->kind = QUERY_SURVEY;
    parser_accept(p, TOKEN_WORD);
    n->survey.name_at = p->t->at;
    if (!parser_string(p, &n->survey.name) || !parser_expect_word(p, "status"))
        return false;
    if (!parser_tcmp(p, &n->survey.op))
        return parser_unexpected(p, "=, !=, contains, starts with or matches");
    return parser_string(p, &n->survey.status);
}

static bool cond_tenure(struct parser *p, struct query_node *n)
{
    n->kind = QUERY_TENURE;
    parser_accept(p, TOKEN_WORD);
    return parser_expect_word(p, "for") && parser_expect_word(p, "at") && parser_expect_word(p, "least") &&
           parser_count_unit(p, false, &n->tenure.n, &n->tenure.unit);
}

typedef bool cond_fn(struct parser *p, struct query_node *n);

/* A keyword begins such a condition only together with what must follow it; else it is a name. */
static cond_fn *cond_keyword(const struct parser *p)
{
    const struct token *next = parser_ahead(p, 1);
    if (next->kind == TOKEN_OPEN)
        return parser_is(p->t, "anniversary") ? cond_anniversary
               : parser_is(p->t, "bucket")    ? cond_bucket
                                              : NULL;
    if (parser_is(p->t, "survey") && next->kind == TOKEN_STRING)
        return cond_survey;
    if (parser_is(p->t, "customer") && parser_is(next, "for"))
        return cond_tenure;
    if (parser_is(p->t, "in") && parser_is(next, "segment"))
        return cond_segment;
    if (parser_is(p->t, "ever") && parser_is(next, "in") && parser_is(parser_ahead(p, 2), "segment"))
        return cond_segment;
    return NULL;
}

/* --- conditions that begin with a value --- */

static bool parser_strings(struct parser *p, struct strv **strings, size_t *n)
{
    size_t cap = 0;
    struct strv *list = NULL;
    *n = 0;
    do {
        if (*n == cap) {
            cap = cap ? cap * 2 : 4;
            struct strv *more = parser_alloc(p, cap * sizeof *more);
            if (!more)
                return false;
            if (*n)
                memcpy(more, list, *n * sizeof *more);
            list = more;
        }
        if (!parser_string(p, &list[*n]))
            return false;
        ++*n;
    } while (parser_accept(p, TOKEN_COMMA));
    *strings = list;
    return parser_expect(p, TOKEN_CLOSE, "\",\" or \")\"");
}

/* The left side as a field; tests of fields have nothing else there. */
static bool cond_field(struct parser *p, const struct query_num *left, const char *test,
                       struct query_ref *ref)
{
    if (left->kind == QUERY_NUM_FIELD) {
        *ref = left->field;
        return true;
    }
    return query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, left->at, NULL,
                           "\"%s\" needs the name of a field on its left, not a number", test);
}

/* The left side as a text: a field or rfm(...).class. */
static bool cond_text_value(struct parser *p, const struct query_num *left, const char *test,
                            struct query_text *text)
{
    text->is_rfm = left->kind == QUERY_NUM_RFM && left->rfm.part == QUERY_RFM_CLASS;
    if (text->is_rfm) {
        text->rfm = left->rfm;
        return true;
    }
    return cond_field(p, left, test, &text->field);
}

static bool cond_text(struct parser *p, struct query_node *n, const struct query_num *left,
                      enum query_tcmp op)
{
    static const char *const names[] = { "=", "!=", "contains", "starts with", "matches" };
    n->kind = QUERY_TEXT;
    n->text.op = op;
    n->text.n = 1;
    n->text.strings = parser_alloc(p, sizeof *n->text.strings);
    return n->text.strings && cond_text_value(p, left, names[op], &n->text.value) &&
           parser_string(p, n->text.strings);
}

static bool cond_compare(struct parser *p, struct query_node *n, struct query_num *left)
{
    uint32_t at = p->t->at;
    enum query_cmp op;
    parser_cmp(p, &op);
    if (p->t->kind == TOKEN_STRING) {
        if (op != QUERY_EQ && op != QUERY_NE)
            return query_error_set(p->e, QUERY_E_TYPE, p->q->text, at,
                                   "; texts compare with =, !=, contains, starts with, matches",
                                   "a string cannot be compared this way");
        return cond_text(p, n, left, op == QUERY_EQ ? QUERY_TEXT_EQ : QUERY_TEXT_NE);
    }
    if (p->t->kind == TOKEN_DATE)
        return query_error_set(p->e, QUERY_E_TYPE, p->q->text, at,
                               "; dates compare with before, after, on and within",
                               "a date cannot be compared this way");
    n->kind = QUERY_COMPARE;
    n->compare.op = op;
    n->compare.left = left;
    n->compare.right = parser_num(p, "a number, a string, a field or a function");
    return n->compare.right != NULL;
}

static bool cond_between(struct parser *p, struct query_node *n, struct query_num *left)
{
    n->kind = QUERY_BETWEEN;
    n->between.value = left;
    n->between.low = parser_num(p, "a number, a field or a function");
    if (!n->between.low || !parser_expect_word(p, "and"))
        return false;
    n->between.high = parser_num(p, "a number, a field or a function");
    return n->between.high != NULL;
}

static bool parser_integer(struct parser *p, int64_t *v)
{
    if (p->t->kind != TOKEN_NUMBER || !p->t->is_int)
        return parser_unexpected(p, "a whole number");
    *v = p->t->number.units;
    return parser_accept(p, TOKEN_NUMBER);
}

static bool cond_in(struct parser *p, struct query_node *n, struct query_num *left)
{
    if (parser_accept(p, TOKEN_OPEN)) {
        n->kind = QUERY_TEXT_IN;
        return cond_text_value(p, left, "in", &n->text.value) &&
               parser_strings(p, &n->text.strings, &n->text.n);
    }
    if (n->negated || p->t->kind != TOKEN_NUMBER)
        return parser_unexpected(p, n->negated
                                        ? "\"(\" and strings"
                                        : "strings in parentheses, or a range of whole numbers (22..4)");
    n->kind = QUERY_RANGE;
    n->range.value = left;
    return parser_integer(p, &n->range.from) && parser_expect(p, TOKEN_RANGE, "\"..\"") &&
           parser_integer(p, &n->range.to);
}

static bool cond_has(struct parser *p, struct query_node *n, const struct query_num *left)
{
    n->kind = QUERY_SET_HAS;
    n->has.op = QUERY_HAS_ALL; /* `has ("a", "b")`: has them both */
    if (parser_accept_word(p, "any"))
        n->has.op = QUERY_HAS_ANY;
    else if (parser_accept_word(p, "none"))
        n->has.op = QUERY_HAS_NONE;
    else
        parser_accept_word(p, "all");
    if (!cond_field(p, left, "has", &n->has.field))
        return false;
    if (parser_accept(p, TOKEN_OPEN)) {
        if (!parser_strings(p, &n->has.strings, &n->has.n))
            return false;
    } else {
        if (p->t->kind != TOKEN_STRING)
            return parser_unexpected(p, "a string, strings in parentheses, any, all or none");
        n->has.strings = parser_alloc(p, sizeof *n->has.strings);
        if (!n->has.strings || !parser_string(p, n->has.strings))
            return false;
        n->has.n = 1;
    }
    if (n->has.n == 1 && n->has.op != QUERY_HAS_NONE)
        n->has.op = QUERY_HAS;
    return true;
}

static bool cond_is_set(struct parser *p, struct query_node *n, const struct query_num *left)
{
    n->kind = QUERY_IS_SET;
    n->negated = parser_accept_word(p, "not");
    return parser_expect_word(p, "set") && cond_field(p, left, "is set", &n->field);
}

static bool cond_date(struct parser *p, struct query_node *n, const struct query_num *left,
                      enum query_date_op op)
{
    static const char *const names[] = { "before", "after", "on" };
    n->kind = QUERY_DATE;
    n->date.op = op;
    return cond_field(p, left, names[op], &n->date.field) && parser_when(p, &n->date.when);
}

/* One number of `near`, within bounds in whole units. */
static bool near_number(struct parser *p, struct query_number *out, int64_t low, int64_t high,
                        const char *what)
{
    if (p->t->kind != TOKEN_NUMBER)
        return parser_unexpected(p, what);
    struct query_number v = p->t->number;
    int64_t one = 1;
    for (unsigned i = 0; i < v.scale; i++)
        one *= 10;
    if (v.units < low * one || v.units > high * one)
        return query_error_set(p->e, QUERY_E_NUMBER, p->q->text, p->t->at, NULL, "%s must be from %d to %d",
                               what, (int)low, (int)high);
    *out = v;
    return parser_accept(p, TOKEN_NUMBER);
}

static bool cond_within(struct parser *p, struct query_node *n, const struct query_num *left)
{
    if (p->t->kind != TOKEN_NUMBER) {
        static const char *const words[] = { "last", "next", NULL };
        n->kind = QUERY_DATE_WITHIN;
        if (!parser_is(p->t, "last") && !parser_is(p->t, "next"))
            return parser_unexpected_word(p, "last, next, or a number of km", words);
        return cond_field(p, left, "within", &n->within.field) && cond_within_count(p, n);
    }
    n->kind = QUERY_NEAR;
    return cond_field(p, left, "within", &n->near.field) &&
           near_number(p, &n->near.km, 0, 20100, "a distance in km") && parser_expect_word(p, "km") &&
           parser_expect_word(p, "of") && parser_expect(p, TOKEN_OPEN, "\"(\"") &&
           near_number(p, &n->near.latitude, -90, 90, "a latitude") &&
           parser_expect(p, TOKEN_COMMA, "\",\"") &&
           near_number(p, &n->near.longitude, -180, 180, "a longitude") &&
           parser_expect(p, TOKEN_CLOSE, "\")\"");
}

static bool cond_ends(const struct parser *p)
{
    return p->t->kind == TOKEN_END || p->t->kind == TOKEN_CLOSE || p->t->kind == TOKEN_COMMA ||
           parser_is(p->t, "and") || parser_is(p->t, "or");
}

static bool cond_value(struct parser *p, struct query_node *n)
{
    static const char *const words[] = { "and",      "or",     "in",      "between", "not",
                                         "contains", "starts", "matches", "has",     "is",
                                         "before",   "after",  "on",      "within",  NULL };
    struct query_num *left = parser_num(p, "a condition");
    if (!left)
        return false;
    if (p->t->kind >= TOKEN_EQ && p->t->kind <= TOKEN_GE)
        return cond_compare(p, n, left);
    enum query_tcmp op;
    if (parser_tcmp(p, &op))
        return cond_text(p, n, left, op);
    n->negated = parser_accept_word(p, "not");
    if (parser_accept_word(p, "between"))
        return cond_between(p, n, left);
    if (parser_accept_word(p, "in"))
        return cond_in(p, n, left);
    if (n->negated)
        return parser_unexpected(p, "\"between\" or \"in\" after \"not\"");
    if (parser_accept_word(p, "has"))
        return cond_has(p, n, left);
    if (parser_accept_word(p, "is"))
        return cond_is_set(p, n, left);
    static const char *const dates[] = { "before", "after", "on" };
    for (int i = 0; i < 3; i++)
        if (parser_accept_word(p, dates[i]))
            return cond_date(p, n, left, (enum query_date_op)i);
    if (parser_accept_word(p, "within"))
        return cond_within(p, n, left);
    if (left->kind != QUERY_NUM_FIELD)
        return parser_unexpected(p, "a comparison: =, !=, <, <=, >, >=, between or in");
    if (!cond_ends(p))
        return parser_unexpected_word(p, "a comparison, \"and\", \"or\" or the end", words);
    n->kind = QUERY_BOOL;
    n->field = left->field;
    return true;
}

static struct query_node *parser_cond(struct parser *p)
{
    if (p->q->conditions >= p->limits.max_conditions) {
        query_error_set(p->e, QUERY_E_TOO_MANY, p->q->text, p->t->at, NULL,
                        "more conditions than the limit of %u (query.max_conditions)",
                        (unsigned)p->limits.max_conditions);
        return NULL;
    }
    struct query_node *n = parser_alloc(p, sizeof *n);
    if (!n)
        return NULL;
    p->q->conditions++;
    if (!p->where)
        n->clause = p->q->clauses++;
    n->at = p->t->at;
    cond_fn *keyword = cond_keyword(p);
    if (keyword && p->where) {
        query_error_set(p->e, QUERY_E_PLACE, p->q->text, n->at,
                        "; inside \"where\" are the event's attributes, hour, weekday, month and literals",
                        "unexpected \"" STRV_FMT "\"", STRV_ARG(p->t->word));
        return NULL;
    }
    if (!(keyword ? keyword(p, n) : cond_value(p, n)))
        return NULL;
    n->end = parser_last_end(p);
    return n;
}

/* --- and, or, not --- */

struct operands { /* grows in the arena */
    struct query_node **items;
    size_t n, cap;
};

static bool operands_add(struct parser *p, struct operands *o, struct query_node *node)
{
    if (o->n == o->cap) {
        o->cap = o->cap ? o->cap * 2 : 4;
        struct query_node **more = parser_alloc(p, o->cap * sizeof(struct query_node *));
        if (!more)
            return false;
        if (o->n)
            memcpy(more, o->items, o->n * sizeof(struct query_node *));
        o->items = more;
    }
    o->items[o->n++] = node;
    return true;
}

/* `(a and b) and c` is `a and b and c`. */
static bool operands_join(struct parser *p, struct operands *o, enum query_node_kind kind,
                          struct query_node *node)
{
    if (!node)
        return false;
    if (node->kind != kind)
        return operands_add(p, o, node);
    for (size_t i = 0; i < node->operands.n; i++)
        if (!operands_add(p, o, node->operands.items[i]))
            return false;
    return true;
}

static struct query_node *operands_node(struct parser *p, const struct operands *o, enum query_node_kind kind,
                                        uint32_t at)
{
    if (o->n == 1)
        return o->items[0];
    struct query_node *node = parser_alloc(p, sizeof *node);
    if (!node)
        return NULL;
    node->kind = kind;
    node->at = at;
    node->end = parser_last_end(p);
    node->operands.items = o->items;
    node->operands.n = o->n;
    return node;
}

static struct query_node *parser_unary(struct parser *p)
{
    uint32_t at = p->t->at;
    if (parser_accept_word(p, "not")) {
        if (!parser_enter(p))
            return NULL;
        struct operands o = { 0 };
        struct query_node *node = parser_unary(p), *negation = NULL;
        if (node && operands_add(p, &o, node) && (negation = parser_alloc(p, sizeof *negation))) {
            negation->kind = QUERY_NOT;
            negation->at = at;
            negation->end = parser_last_end(p);
            negation->operands.items = o.items;
            negation->operands.n = 1;
        }
        parser_leave(p);
        return negation;
    }
    if (parser_accept(p, TOKEN_OPEN)) {
        if (!parser_enter(p))
            return NULL;
        struct query_node *node = parser_disj(p);
        parser_leave(p);
        return node && parser_expect(p, TOKEN_CLOSE, "\"and\", \"or\" or \")\"") ? node : NULL;
    }
    return parser_cond(p);
}

static struct query_node *parser_conj(struct parser *p)
{
    struct operands o = { 0 };
    uint32_t at = p->t->at;
    do {
        if (!operands_join(p, &o, QUERY_AND, parser_unary(p)))
            return NULL;
    } while (parser_accept_word(p, "and"));
    return operands_node(p, &o, QUERY_AND, at);
}

struct query_node *parser_disj(struct parser *p)
{
    struct operands o = { 0 };
    uint32_t at = p->t->at;
    do {
        if (!operands_join(p, &o, QUERY_OR, parser_conj(p)))
            return NULL;
    } while (parser_accept_word(p, "or"));
    return operands_node(p, &o, QUERY_OR, at);
}

/* --- the whole --- */

static struct query_limits limits_settle(const struct query_limits *given)
{
    struct query_limits l = given ? *given : (struct query_limits){ 0 };
    if (l.max_length == 0)
        l.max_length = QUERY_DEFAULT_LENGTH;
    if (l.max_depth == 0)
        l.max_depth = QUERY_DEFAULT_DEPTH;
    if (l.max_depth > QUERY_DEPTH_CEILING)
        l.max_depth = QUERY_DEPTH_CEILING;
    if (l.max_conditions == 0)
        l.max_conditions = QUERY_DEFAULT_CONDITIONS;
    return l;
}

static struct query *parse_fail(struct query *q)
{
    query_free(q);
    return NULL;
}

const struct query_limits query_limits_most = { 1u << 30, QUERY_DEPTH_CEILING, UINT32_MAX };

struct query *query_parse(struct strv text, const struct query_limits *given, struct query_error *e)
{
    struct query_limits limits = limits_settle(given);
    if (e)
        memset(e, 0, sizeof *e);
    if (text.n > limits.max_length || text.n > UINT32_MAX / 2) {
        query_error_set(e, QUERY_E_TOO_LONG, STRV(""), 0, NULL,
                        "text of %zu octets is longer than the limit of %u (query.max_length)", text.n,
                        (unsigned)limits.max_length);
        return NULL;
    }
    struct query *q = query_new(text);
    struct lex lex;
    if (!q || !lex_run(&lex, q)) {
        query_error_set(e, QUERY_E_NOMEM, STRV(""), 0, NULL, "out of memory");
        return parse_fail(q);
    }
    struct parser p = { .q = q, .t = lex.tokens, .lex = &lex, .limits = limits, .e = e };
    q->root = parser_disj(&p);
    bool ok = q->root && (p.t->kind == TOKEN_END || parser_unexpected(&p, "\"and\", \"or\" or the end"));
    free(lex.tokens);
    return ok ? q : parse_fail(q);
}
