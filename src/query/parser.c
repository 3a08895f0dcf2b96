#include "query/parser.h"

#include "base/nearest.h"

#include <stdio.h>

const struct token *parser_ahead(const struct parser *p, size_t n)
{
    size_t at = (size_t)(p->t - p->lex->tokens);
    return &p->lex->tokens[at + n < p->lex->n ? at + n : p->lex->n - 1];
}

bool parser_is(const struct token *t, const char *keyword)
{
    return t->kind == TOKEN_WORD && strv_ieq_c(t->word, keyword);
}

static void parser_next(struct parser *p)
{
    if (p->t->kind != TOKEN_END && p->t->kind != TOKEN_BAD)
        p->t++;
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
    if (p->t->kind != kind)
        return false;
    parser_next(p);
    return true;
}

bool parser_accept_word(struct parser *p, const char *keyword)
{
    if (!parser_is(p->t, keyword))
        return false;
    parser_next(p);
    return true;
}

bool parser_expect(struct parser *p, enum token_kind kind, const char *expected)
{
    return parser_accept(p, kind) || parser_unexpected(p, expected);
}

bool parser_expect_word(struct parser *p, const char *keyword)
{
    if (parser_accept_word(p, keyword))
        return true;
    char expected[48];
    snprintf(expected, sizeof expected, "\"%s\"", keyword);
    const char *const words[] = { keyword, NULL };
    return parser_unexpected_word(p, expected, words);
}

uint32_t parser_last_end(const struct parser *p)
{
    return p->t == p->lex->tokens ? 0 : p->t[-1].end;
}

bool parser_unexpected(struct parser *p, const char *expected)
{
    if (p->t->kind == TOKEN_BAD) {
        if (p->e)
            *p->e = p->lex->error;
        return false;
    }
    struct strv found = strv_sub(p->q->text, p->t->at, p->t->end - p->t->at);
    char tail[160];
    snprintf(tail, sizeof tail, "; expected %s", expected);
    if (p->t->kind == TOKEN_END)
        query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, p->t->at, tail, "unexpected end");
    else if (p->t->kind == TOKEN_STRING)
        query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, p->t->at, tail, "unexpected string " STRV_FMT,
                        STRV_ARG(strv_sub(found, 0, 60)));
    else
        query_error_set(p->e, QUERY_E_SYNTAX, p->q->text, p->t->at, tail, "unexpected \"" STRV_FMT "\"",
                        STRV_ARG(strv_sub(found, 0, 60)));
    if (p->e) {
        strv_copy(found, p->e->found, sizeof p->e->found);
        strv_copy(strv_from(expected), p->e->expected, sizeof p->e->expected);
    }
    return false;
}

bool parser_unexpected_word(struct parser *p, const char *expected, const char *const *words)
{
    parser_unexpected(p, expected);
    if (p->t->kind == TOKEN_WORD) {
        struct nearest s;
        nearest_begin(&s, p->t->word);
        for (; *words; words++)
            nearest_offer(&s, strv_from(*words));
        if (!strv_eq(nearest_found(&s), p->t->word)) /* the right word in a wrong place */
            query_error_suggest(p->e, nearest_found(&s));
    }
    return false;
}

bool parser_nomem(struct parser *p)
{
    return query_error_set(p->e, QUERY_E_NOMEM, p->q->text, p->t->at, NULL, "out of memory");
}

void *parser_alloc(struct parser *p, size_t size)
{
    void *m = query_alloc(p->q, size);
    if (!m)
        parser_nomem(p);
    return m;
}

bool parser_enter(struct parser *p)
{
    if (p->depth >= p->limits.max_depth)
        return query_error_set(p->e, QUERY_E_TOO_DEEP, p->q->text, p->t->at, NULL,
                               "nested deeper than the limit of %u (query.max_depth)",
                               (unsigned)p->limits.max_depth);
    p->depth++;
    return true;
}

void parser_leave(struct parser *p)
{
    p->depth--;
}
