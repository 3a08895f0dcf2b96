/* The small parts of the grammar: names, strings, counts with units, dates, windows. */
#include "query/parser.h"

static bool name_reserved(struct strv s)
{
    return strv_ieq_c(s, "and") || strv_ieq_c(s, "or") || strv_ieq_c(s, "not");
}

/* Names are in lower case; who writes Gender means gender. */
static bool name_capital(struct parser *p, const struct token *t)
{
    query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, t->at, NULL,
                    "name \"" STRV_FMT "\" with capital letters", STRV_ARG(strv_sub(t->word, 0, 60)));
    if (p->e)
        strv_copy(t->word, p->e->found, sizeof p->e->found);
    if (t->word.n < 64) {
        char lower[64];
        for (size_t i = 0; i < t->word.n; i++)
            lower[i] = (char)(t->word.p[i] >= 'A' && t->word.p[i] <= 'Z' ? t->word.p[i] + 32 : t->word.p[i]);
        query_error_suggest(p->e, (struct strv){ lower, t->word.n });
    }
    return false;
}

bool parser_name(struct parser *p, const char *expected, struct strv *name, uint32_t *at)
{
    const struct token *t = p->t;
    if (t->kind != TOKEN_WORD || name_reserved(t->word))
        return parser_unexpected(p, expected);
    for (size_t i = 0; i < t->word.n; i++)
        if (t->word.p[i] >= 'A' && t->word.p[i] <= 'Z')
            return name_capital(p, t);
    *name = t->word;
    *at = t->at;
    return parser_accept(p, TOKEN_WORD);
}

bool parser_ref(struct parser *p, const char *expected, struct query_ref *ref)
{
    return parser_name(p, expected, &ref->name, &ref->at);
}

bool parser_string(struct parser *p, struct strv *s)
{
    if (p->t->kind != TOKEN_STRING)
        return parser_unexpected(p, "a string in double quotes");
    *s = p->t->word;
    return parser_accept(p, TOKEN_STRING);
}

static const char *const unit_words[] = { "hour", "day",   "week",   "month", "year", "hours",
                                          "days", "weeks", "months", "years", NULL };

static bool parser_unit(struct parser *p, enum query_unit *unit)
{
    for (size_t i = 0; unit_words[i]; i++) {
        if (parser_accept_word(p, unit_words[i])) {
            *unit = (enum query_unit)(i % 5);
            return true;
        }
    }
    return parser_unexpected_word(p, "hours, days, weeks, months or years", unit_words);
}

bool parser_count_unit(struct parser *p, bool zero, uint32_t *n, enum query_unit *unit)
{
    const struct token *t = p->t;
    if (t->kind != TOKEN_NUMBER || !t->is_int)
        return parser_unexpected(p, "a whole number");
    if (t->number.units < (zero ? 0 : 1) || t->number.units > QUERY_MAX_COUNT) {
        query_error_set(p->e, QUERY_E_NUMBER, p->q->text, t->at, NULL, "count out of range (%d to %d)",
                        zero ? 0 : 1, QUERY_MAX_COUNT);
        if (p->e)
            strv_copy(strv_sub(p->q->text, t->at, t->end - t->at), p->e->found, sizeof p->e->found);
        return false;
    }
    *n = (uint32_t)t->number.units;
    return parser_accept(p, TOKEN_NUMBER) && parser_unit(p, unit);
}

bool parser_when(struct parser *p, struct query_when *when)
{
    when->at = p->t->at;
    if (p->t->kind == TOKEN_DATE) {
        when->kind = QUERY_WHEN_DATE;
        when->days = p->t->days;
        return parser_accept(p, TOKEN_DATE);
    }
    if (parser_accept_word(p, "today")) {
        when->kind = QUERY_WHEN_TODAY;
        return true;
    }
    if (p->t->kind != TOKEN_NUMBER)
        return parser_unexpected(p, "a date (2026-11-21), today, or a time ago (2 years ago)");
    when->kind = QUERY_WHEN_AGO;
    return parser_count_unit(p, true, &when->n, &when->unit) && parser_expect_word(p, "ago");
}

bool parser_window(struct parser *p, struct query_window *w)
{
    static const char *const words[] = { "last", "this", "lifetime", "between", NULL };
    w->at = p->t->at;
    if (parser_accept_word(p, "lifetime")) {
        w->kind = QUERY_WINDOW_LIFETIME;
        return true;
    }
    if (parser_accept_word(p, "last")) {
        w->kind = QUERY_WINDOW_LAST;
        return parser_count_unit(p, false, &w->n, &w->unit);
    }
    if (parser_accept_word(p, "this")) {
        w->kind = QUERY_WINDOW_THIS;
        return parser_unit(p, &w->unit);
    }
    if (parser_accept_word(p, "between")) {
        w->kind = QUERY_WINDOW_BETWEEN;
        return parser_when(p, &w->from) && parser_expect_word(p, "and") && parser_when(p, &w->to);
    }
    return parser_unexpected_word(p, "a window: last 7 days, this month, lifetime, or between two dates",
                                  words);
}
