#include "query/lex.h"

#include "base/civil.h"
#include "base/decimal.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

struct lexer {
    struct lex *out;
    struct query *q;
    const char *p; /* q->text.p */
    size_t i, n, cap;
    bool nomem;
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lexer_peek(const struct lexer *x, size_t ahead)
{
    return x->i + ahead < x->n ? x->p[x->i + ahead] : '\0';
}

static struct token *lexer_add(struct lexer *x, enum token_kind kind, size_t at, size_t end)
{
    if (x->out->n == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 32;
        struct token *t = realloc(x->out->tokens, cap * sizeof *t);
        if (!t) {
            x->nomem = true;
            return NULL;
        }
        x->out->tokens = t;
        x->cap = cap;
    }
    struct token *t = &x->out->tokens[x->out->n++];
    memset(t, 0, sizeof *t);
    t->kind = kind;
    t->at = (uint32_t)at;
    t->end = (uint32_t)end;
    return t;
}

/* Ends the tokens with the error that out->error holds. */
static bool lexer_bad(struct lexer *x, size_t at)
{
    lexer_add(x, TOKEN_BAD, at, at);
    return false;
}

static void lexer_skip_space(struct lexer *x)
{
    while (x->i < x->n) {
        char c = x->p[x->i];
        if (c == '#') {
            while (x->i < x->n && x->p[x->i] != '\n')
                x->i++;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            x->i++;
        } else {
            return;
        }
    }
}

static bool lexer_word(struct lexer *x)
{
    size_t at = x->i;
    while (x->i < x->n) {
        char c = x->p[x->i], next = lexer_peek(x, 1);
        if (!is_letter(c) && !is_digit(c) && !(c == '.' && (is_letter(next) || is_digit(next))))
            break;
        x->i++;
    }
    struct token *t = lexer_add(x, TOKEN_WORD, at, x->i);
    if (!t)
        return false;
    t->word = strv_sub(x->q->text, at, x->i - at);
    return true;
}

/* Four digits, a hyphen and a digit begin a date; a number is never followed by a hyphen. */
static bool lexer_at_date(const struct lexer *x)
{
    for (size_t k = 0; k < 4; k++)
        if (!is_digit(lexer_peek(x, k)))
            return false;
    return lexer_peek(x, 4) == '-' && is_digit(lexer_peek(x, 5));
}

static bool lexer_date(struct lexer *x)
{
    size_t at = x->i;
    while (x->i < x->n && (is_digit(x->p[x->i]) || x->p[x->i] == '-'))
        x->i++;
    struct strv s = strv_sub(x->q->text, at, x->i - at);
    int32_t days;
    if (s.n != 10 || !civil_parse_date(s, &days)) {
        query_error_set(&x->out->error, QUERY_E_NUMBER, x->q->text, (uint32_t)at,
                        "; dates are written 2026-11-21", "no such date \"" STRV_FMT "\"",
                        STRV_ARG(strv_sub(s, 0, 40)));
        strv_copy(s, x->out->error.found, sizeof x->out->error.found);
        return lexer_bad(x, at);
    }
    struct token *t = lexer_add(x, TOKEN_DATE, at, x->i);
    if (!t)
        return false;
    t->days = days;
    return true;
}

static bool lexer_number(struct lexer *x)
{
    size_t at = x->i;
    bool is_int = true;
    if (x->p[x->i] == '-')
        x->i++;
    while (x->i < x->n && is_digit(x->p[x->i]))
        x->i++;
    if (lexer_peek(x, 0) == '.' && is_digit(lexer_peek(x, 1))) { /* so that 22..4 is a range */
        is_int = false;
        x->i++;
        while (x->i < x->n && is_digit(x->p[x->i]))
            x->i++;
    }
    struct strv s = strv_sub(x->q->text, at, x->i - at);
    struct strv digits = s;
    if (!is_int) /* "1.500000000000" is a number of one digit */
        while (digits.n && digits.p[digits.n - 1] == '0')
            digits.n--;
    if (digits.n && digits.p[digits.n - 1] == '.')
        digits.n--;
    int64_t units;
    unsigned scale;
    /* the least 64-bit number stands for "unset" wherever numbers are stored */
    if (!decimal_parse_any(digits, &units, &scale) || units == INT64_MIN) {
        query_error_set(&x->out->error, QUERY_E_NUMBER, x->q->text, (uint32_t)at,
                        "; at most 18 digits, 9 of them after the point",
                        "number \"" STRV_FMT "\" is too long", STRV_ARG(strv_sub(s, 0, 40)));
        strv_copy(s, x->out->error.found, sizeof x->out->error.found);
        return lexer_bad(x, at);
    }
    struct token *t = lexer_add(x, TOKEN_NUMBER, at, x->i);
    if (!t)
        return false;
    t->number.units = units;
    t->number.scale = (uint8_t)scale;
    t->is_int = is_int;
    return true;
}

static bool lexer_string_error(struct lexer *x, size_t at, const char *what, const char *tail)
{
    query_error_set(&x->out->error, QUERY_E_STRING, x->q->text, (uint32_t)at, tail, "%s", what);
    return lexer_bad(x, at);
}

static bool lexer_string(struct lexer *x)
{
    size_t at = x->i++, start = x->i, escapes = 0;
    while (x->i < x->n && x->p[x->i] != '"') {
        unsigned char c = (unsigned char)x->p[x->i];
        if (c == '\n' || c == '\r')
            return lexer_string_error(x, at, "string that begins", " is not closed in its line");
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return lexer_string_error(x, x->i, "control character in a string", NULL);
        if (c == '\\') {
            char next = lexer_peek(x, 1);
            if (next != '"' && next != '\\')
                return lexer_string_error(x, x->i, "unknown escape", "; only \\\" and \\\\ are known");
            escapes++;
            x->i++;
        }
        x->i++;
    }
    if (x->i >= x->n)
        return lexer_string_error(x, at, "string that begins", " is not closed");
    struct strv raw = strv_sub(x->q->text, start, x->i - start);
    x->i++;
    struct token *t = lexer_add(x, TOKEN_STRING, at, x->i);
    if (!t)
        return false;
    t->word = raw;
    if (escapes == 0)
        return true;
    char *s = query_alloc(x->q, raw.n - escapes);
    if (!s) {
        x->nomem = true;
        return false;
    }
    size_t n = 0;
    for (size_t k = 0; k < raw.n; k++) {
        if (raw.p[k] == '\\')
            k++;
        s[n++] = raw.p[k];
    }
    t->word = (struct strv){ s, n };
    return true;
}

static const struct { /* longest first */
    const char *text;
    enum token_kind kind;
    const char *instead; /* for BAD: what other languages' habits mean here */
} lexer_signs[] = {
    { "==", TOKEN_BAD, "=" },    { "<>", TOKEN_BAD, "!=" },  { "=<", TOKEN_BAD, "<=" },
    { "=>", TOKEN_BAD, ">=" },   { "&&", TOKEN_BAD, "and" }, { "||", TOKEN_BAD, "or" },
    { "!=", TOKEN_NE, NULL },    { "<=", TOKEN_LE, NULL },   { ">=", TOKEN_GE, NULL },
    { "..", TOKEN_RANGE, NULL }, { "=", TOKEN_EQ, NULL },    { "<", TOKEN_LT, NULL },
    { ">", TOKEN_GT, NULL },     { "(", TOKEN_OPEN, NULL },  { ")", TOKEN_CLOSE, NULL },
    { ",", TOKEN_COMMA, NULL },  { "|", TOKEN_PIPE, NULL },  { ".", TOKEN_DOT, NULL },
    { "!", TOKEN_BAD, "not" },   { "&", TOKEN_BAD, "and" },
};

static bool lexer_sign(struct lexer *x)
{
    struct strv rest = strv_sub(x->q->text, x->i, x->n - x->i);
    for (size_t k = 0; k < sizeof lexer_signs / sizeof lexer_signs[0]; k++) {
        struct strv sign = strv_from(lexer_signs[k].text);
        if (!strv_starts(rest, sign))
            continue;
        if (lexer_signs[k].kind == TOKEN_BAD) {
            query_error_set(&x->out->error, QUERY_E_CHARACTER, x->q->text, (uint32_t)x->i, NULL,
                            "unexpected \"%s\"", lexer_signs[k].text);
            strv_copy(sign, x->out->error.found, sizeof x->out->error.found);
            query_error_suggest(&x->out->error, strv_from(lexer_signs[k].instead));
            return lexer_bad(x, x->i);
        }
        x->i += sign.n;
        return lexer_add(x, lexer_signs[k].kind, x->i - sign.n, x->i) != NULL;
    }
    const char *p = rest.p, *end = rest.p + rest.n;
    int32_t cp = utf8_next(&p, end);
    const char *tail = NULL;
    if (cp == '\'' || cp == '`' || cp == 0xAB || cp == 0xBB || (cp >= 0x2018 && cp <= 0x201F))
        tail = "; strings are in straight double quotes: \"...\"";
    struct strv found = strv_sub(rest, 0, (size_t)(p - rest.p));
    if (cp < 0x20 || cp == 0x7F)
        query_error_set(&x->out->error, QUERY_E_CHARACTER, x->q->text, (uint32_t)x->i, NULL,
                        "unexpected control character");
    else
        query_error_set(&x->out->error, QUERY_E_CHARACTER, x->q->text, (uint32_t)x->i, tail,
                        "unexpected character " STRV_FMT, STRV_ARG(found));
    strv_copy(found, x->out->error.found, sizeof x->out->error.found);
    return lexer_bad(x, x->i);
}

static bool lexer_token(struct lexer *x)
{
    char c = x->p[x->i];
    if (is_letter(c))
        return lexer_word(x);
    if (lexer_at_date(x))
        return lexer_date(x);
    if (is_digit(c) || (c == '-' && is_digit(lexer_peek(x, 1))))
        return lexer_number(x);
    if (c == '"')
        return lexer_string(x);
    return lexer_sign(x);
}

/* Offset of the first malformed octet, or n. */
static size_t lexer_malformed(struct strv s)
{
    const char *p = s.p, *end = s.p + s.n;
    while (p < end) {
        const char *before = p;
        if (utf8_next(&p, end) < 0)
            return (size_t)(before - s.p);
    }
    return s.n;
}

bool lex_run(struct lex *l, struct query *q)
{
    memset(l, 0, sizeof *l);
    struct lexer x = { .out = l, .q = q, .p = q->text.p, .n = q->text.n };
    size_t malformed = lexer_malformed(q->text);
    if (malformed < q->text.n) {
        query_error_set(&l->error, QUERY_E_CHARACTER, q->text, (uint32_t)malformed, NULL,
                        "text that is not UTF-8");
        lexer_bad(&x, malformed);
    } else {
        for (lexer_skip_space(&x); x.i < x.n; lexer_skip_space(&x))
            if (!lexer_token(&x))
                break;
        if (x.i >= x.n && (l->n == 0 || l->tokens[l->n - 1].kind != TOKEN_BAD))
            lexer_add(&x, TOKEN_END, x.n, x.n);
    }
    if (x.nomem) {
        free(l->tokens);
        memset(l, 0, sizeof *l);
    }
    return !x.nomem;
}
