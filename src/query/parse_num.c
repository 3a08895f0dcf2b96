/* Numbers: literals, fields, aggregates and functions. */
#include "query/parser.h"

/* The keyword at place i is enum query_fn i. */
static const char *const fn_words[] = { "count", "sum",      "avg",   "min",        "max",     "first",
                                        "last",  "distinct", "share", "days_since", "min_per", NULL };

/* Everything that is followed by a parenthesis, for suggestions. */
static const char *const function_words[] = { "count",   "sum",  "avg",        "min",   "max",
                                              "first",   "last", "distinct",   "share", "days_since",
                                              "min_per", "age",  "percentile", "rfm",   "anniversary",
                                              "bucket",  NULL };

static int fn_find(const struct token *t)
{
    for (int i = 0; fn_words[i]; i++)
        if (parser_is(t, fn_words[i]))
            return i;
    return -1;
}

bool parser_at_function(const struct parser *p)
{
    if (p->t->kind != TOKEN_WORD)
        return false;
    return parser_ahead(p, 1)->kind == TOKEN_OPEN || parser_is(p->t, "p_alive");
}

/* "purchase.amount" is one word; the event's name ends at the first dot. */
static bool source_split(struct parser *p, struct query_event *event, struct query_aggregate *a)
{
    struct strv word = event->name;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] != '.')
            continue;
        event->name = strv_sub(word, 0, i);
        a->attribute = strv_sub(word, i + 1, word.n - i - 1);
        a->attribute_at = event->at + (uint32_t)i + 1;
        if (p->t->kind == TOKEN_PIPE)
            return parser_unexpected(p, "the attribute after the last event");
        return true;
    }
    return true;
}

static bool parser_source(struct parser *p, struct query_aggregate *a)
{
    struct query_event *events = NULL;
    size_t n = 0, cap = 0;
    do {
        if (n == cap) {
            cap = cap ? cap * 2 : 2;
            struct query_event *more = parser_alloc(p, cap * sizeof *more);
            if (!more)
                return false;
            for (size_t i = 0; i < n; i++)
                more[i] = events[i];
            events = more;
        }
        if (!parser_name(p, "the name of an event", &events[n].name, &events[n].at))
            return false;
        if (!source_split(p, &events[n++], a))
            return false;
    } while (parser_accept(p, TOKEN_PIPE));
    a->events = events;
    a->n_events = n;
    if (a->attribute.n == 0 && parser_accept(p, TOKEN_DOT))
        return parser_name(p, "the name of an attribute", &a->attribute, &a->attribute_at);
    return true;
}

static bool parser_where(struct parser *p, struct query_aggregate *a)
{
    if (!parser_enter(p))
        return false;
    p->where++;
    a->where = parser_disj(p);
    p->where--;
    parser_leave(p);
    return a->where != NULL;
}

static bool parser_per(struct parser *p, struct query_aggregate *a)
{
    static const char *const words[] = { "hour", "day", "week", "month", "year", NULL };
    for (int i = 0; words[i]; i++) {
        if (!parser_accept_word(p, words[i]))
            continue;
        a->per = (enum query_unit)i;
        return parser_expect(p, TOKEN_COMMA, "\",\" and an event");
    }
    return parser_unexpected_word(p, "hour, day, week, month or year", words);
}

/* After "count(" and the like. */
static bool parser_aggregate(struct parser *p, struct query_aggregate *a)
{
    if (a->fn == QUERY_MIN_PER && !parser_per(p, a))
        return false;
    if (!parser_source(p, a))
        return false;
    if (parser_accept_word(p, "where") && !parser_where(p, a))
        return false;
    bool windowed = parser_accept(p, TOKEN_COMMA);
    if (windowed && !parser_window(p, &a->window))
        return false;
    if (!windowed && a->fn == QUERY_MIN_PER)
        return parser_unexpected(p, a->where ? "\",\" and a window" : "\"where\", or \",\" and a window");
    const char *expected = windowed   ? "\")\""
                           : a->where ? "\",\" and a window, or \")\""
                                      : "\"where\", \",\" and a window, or \")\"";
    static const char *const words[] = { "where", NULL };
    if (parser_accept(p, TOKEN_CLOSE))
        return true;
    return windowed || a->where ? parser_unexpected(p, expected) : parser_unexpected_word(p, expected, words);
}

bool parser_rfm(struct parser *p, struct query_rfm *rfm)
{
    static const char *const words[] = { "r", "f", "m", "score", "class", NULL };
    if (!parser_expect(p, TOKEN_OPEN, "\"(\"") ||
        !parser_name(p, "the name of an event", &rfm->event.name, &rfm->event.at))
        return false;
    if (parser_accept(p, TOKEN_COMMA) && !parser_window(p, &rfm->window))
        return false;
    if (!parser_expect(p, TOKEN_CLOSE, "\")\"") ||
        !parser_expect(p, TOKEN_DOT, "\".\" and r, f, m, score or class"))
        return false;
    for (int i = 0; words[i]; i++) {
        if (parser_accept_word(p, words[i])) {
            rfm->part = (enum query_rfm_part)i;
            return true;
        }
    }
    return parser_unexpected_word(p, "r, f, m, score or class", words);
}

static bool parser_percentile(struct parser *p, struct query_num *num)
{
    if (!parser_enter(p))
        return false;
    num->operand = parser_num(p, "a number, a field or a function");
    parser_leave(p);
    return num->operand && parser_expect(p, TOKEN_CLOSE, "\")\"");
}

static bool parser_inside_where(struct parser *p)
{
    struct strv found = p->t->word;
    query_error_set(p->e, QUERY_E_PLACE, p->q->text, p->t->at,
                    "; inside \"where\" are the event's attributes, hour, weekday, month and literals",
                    "unexpected \"" STRV_FMT "\"", STRV_ARG(strv_sub(found, 0, 60)));
    if (p->e)
        strv_copy(found, p->e->found, sizeof p->e->found);
    return false;
}

static bool parser_function(struct parser *p, struct query_num *num)
{
    if (p->where)
        return parser_inside_where(p);
    if (parser_accept_word(p, "p_alive")) {
        num->kind = QUERY_NUM_P_ALIVE;
        return true;
    }
    int fn = fn_find(p->t);
    if (fn >= 0) {
        num->kind = QUERY_NUM_AGGREGATE;
        num->aggregate.fn = (enum query_fn)fn;
        return parser_accept(p, TOKEN_WORD) && parser_accept(p, TOKEN_OPEN) &&
               parser_aggregate(p, &num->aggregate);
    }
    if (parser_accept_word(p, "age")) {
        num->kind = QUERY_NUM_AGE;
        return parser_accept(p, TOKEN_OPEN) && parser_ref(p, "the name of a date", &num->field) &&
               parser_expect(p, TOKEN_CLOSE, "\")\"");
    }
    if (parser_accept_word(p, "percentile")) {
        num->kind = QUERY_NUM_PERCENTILE;
        return parser_accept(p, TOKEN_OPEN) && parser_percentile(p, num);
    }
    if (parser_is(p->t, "rfm")) {
        num->kind = QUERY_NUM_RFM;
        num->rfm.at = p->t->at;
        return parser_accept(p, TOKEN_WORD) && parser_rfm(p, &num->rfm);
    }
    return parser_unexpected_word(p, "a function", function_words);
}

struct query_num *parser_num(struct parser *p, const char *expected)
{
    struct query_num *num = parser_alloc(p, sizeof *num);
    if (!num)
        return NULL;
    num->at = p->t->at;
    if (p->t->kind == TOKEN_NUMBER) {
        num->kind = QUERY_NUM_LITERAL;
        num->literal = p->t->number;
        parser_accept(p, TOKEN_NUMBER);
        return num;
    }
    if (parser_at_function(p))
        return parser_function(p, num) ? num : NULL;
    num->kind = QUERY_NUM_FIELD;
    return parser_ref(p, expected, &num->field) ? num : NULL;
}
