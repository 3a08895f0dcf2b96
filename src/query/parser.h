/* What the files of the parser share: the cursor over tokens and its errors. Internal to query/. */
#ifndef TESSERA_QUERY_PARSER_H
#define TESSERA_QUERY_PARSER_H

#include "query/lex.h"
#include "query/parse.h"

struct parser {
    struct query *q;
    const struct token *t; /* current token; the last one is END or BAD and is never passed */
    const struct lex *lex;
    struct query_limits limits; /* no zeros */
    uint32_t depth;
    uint32_t where; /* inside that many `where` */
    struct query_error *e;
};

/* --- looking and taking --- */
const struct token *parser_ahead(const struct parser *p, size_t n); /* the n-th token from here, clamped */
bool parser_is(const struct token *t, const char *keyword);         /* a word, in any case */
bool parser_accept(struct parser *p, enum token_kind kind);
bool parser_accept_word(struct parser *p, const char *keyword);
bool parser_expect(struct parser *p, enum token_kind kind, const char *expected);
bool parser_expect_word(struct parser *p, const char *keyword);
uint32_t parser_last_end(const struct parser *p); /* where the token before this one ends */

/* --- errors: all return false --- */
bool parser_unexpected(struct parser *p, const char *expected);
/* As above, with the nearest of the words, when the token is a word. The list ends with NULL. */
bool parser_unexpected_word(struct parser *p, const char *expected, const char *const *words);
bool parser_nomem(struct parser *p);
void *parser_alloc(struct parser *p, size_t size); /* sets the error */
bool parser_enter(struct parser *p);               /* one level deeper; parser_leave() after success */
void parser_leave(struct parser *p);

/* --- parse_value.c --- */
bool parser_name(struct parser *p, const char *expected, struct strv *name, uint32_t *at);
bool parser_ref(struct parser *p, const char *expected, struct query_ref *ref);
bool parser_string(struct parser *p, struct strv *s);
/* A whole number of 1..QUERY_MAX_COUNT (or 0 with `zero`), then a unit. */
bool parser_count_unit(struct parser *p, bool zero, uint32_t *n, enum query_unit *unit);
bool parser_when(struct parser *p, struct query_when *when);
bool parser_window(struct parser *p, struct query_window *w);

/* --- parse_num.c --- */
struct query_num *parser_num(struct parser *p, const char *expected);
/* Whether a number that is not simply a name or a literal begins here: count(, age(, p_alive, ... */
bool parser_at_function(const struct parser *p);
/* After the word rfm: "(" event [ "," window ] ")" "." part. */
bool parser_rfm(struct parser *p, struct query_rfm *rfm);

/* --- parse.c --- */
struct query_node *parser_disj(struct parser *p);

#endif
