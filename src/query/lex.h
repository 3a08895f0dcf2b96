/* Text to tokens, all at once into an array, so that the parser can look ahead as far as it likes. Internal
 * to query/. Words and keywords are one kind: the grammar decides which is which. */
#ifndef TESSERA_QUERY_LEX_H
#define TESSERA_QUERY_LEX_H

#include "query/error.h"
#include "query/tree.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* [A-Za-z_][A-Za-z0-9_.]*, a dot only before another letter or digit */
    TOKEN_NUMBER, /* -12.5 */
    TOKEN_DATE,   /* 2026-11-21, real */
    TOKEN_STRING,
    TOKEN_EQ,
    TOKEN_NE,
    TOKEN_LT,
    TOKEN_LE,
    TOKEN_GT,
    TOKEN_GE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_PIPE,
    TOKEN_DOT,
    TOKEN_RANGE, /* .. */
    TOKEN_BAD,   /* the lexer stopped here; lex.error says why */
};

struct token {
    enum token_kind kind;
    uint32_t at, end;           /* octets of the text */
    struct strv word;           /* WORD: as written; STRING: without quotes and escapes */
    struct query_number number; /* NUMBER: normal form */
    bool is_int;                /* NUMBER: written without a fraction */
    int32_t days;               /* DATE */
};

struct lex {
    struct token *tokens; /* ends with END or BAD; freed by the caller */
    size_t n;
    struct query_error error; /* for BAD */
};

/* False only when memory ran out. Strings with escapes live in the query's arena. */
bool lex_run(struct lex *l, struct query *q);

#endif
