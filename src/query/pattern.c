#include "query/pattern.h"

#include "base/buf.h"
#include "base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One text takes STEPS + STEPS_OCTET * its octets at most: quadratic patterns over short texts pass, what
 * grows exponentially does not. */
#define STEPS       2000u
#define STEPS_OCTET 100u
#define HEAP_KIB    1024u /* of backtracking, a text */
#define NESTED      32u   /* parentheses */

struct query_pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *match;
};

/* --- folding the literal characters --- */

static bool ascii_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool literal(char c)
{
    return (unsigned char)c >= 0x80 || ascii_alnum(c);
}

/* How many octets from p[i] on have a meaning of their own and are not text: escapes with their arguments,
 * what follows "(?" and "(*". */
static size_t raw_length(struct strv p, size_t i)
{
    size_t k = i + 1;
    if (p.p[i] == '(' && k < p.n && (p.p[k] == '?' || p.p[k] == '*')) {
        const bool verb = p.p[k] == '*';
        k++;
        while (k < p.n && (verb ? p.p[k] != ')' : ascii_alnum(p.p[k]) || p.p[k] == '^' || p.p[k] == '-'))
            k++;
        return k - i;
    }
    if (p.p[i] != '\\' || k >= p.n)
        return 1;
    const char escape = p.p[k];
    for (k++; k < p.n && ((unsigned char)p.p[k] & 0xC0) == 0x80;)
        k++; /* the rest of an escaped character */
    if (k < p.n && p.p[k] == '{' && strchr("pPxoNgkuU", escape))
        while (k < p.n && p.p[k - 1] != '}')
            k++;
    else if (k < p.n && strchr("pPc", escape))
        k++;
    return k - i;
}

/* Characters that fold to signs (a full-width parenthesis) are still text. */
static bool put_folded(struct buf *out, struct strv run)
{
    struct buf folded = { 0 };
    bool ok = utf8_fold(&folded, run);
    for (size_t i = 0; ok && i < folded.len; i++) {
        char c = (char)folded.data[i];
        if (!literal(c))
            ok = buf_put_u8(out, '\\');
        ok = ok && buf_put_u8(out, (uint8_t)c);
    }
    buf_free(&folded);
    return ok;
}

static bool pattern_fold(struct buf *out, struct strv p)
{
    for (size_t i = 0; i < p.n;) {
        size_t n = 0;
        bool plain = true;
        for (; i + n < p.n && literal(p.p[i + n]); n++)
            plain = plain && (unsigned char)p.p[i + n] < 0x80;
        if (n == 0) {
            n = raw_length(p, i);
            plain = true;
        }
        struct strv part = strv_sub(p, i, n);
        if (plain ? !buf_put_strv(out, part) : !put_folded(out, part))
            return false;
        i += n;
    }
    return true;
}

/* --- compiling --- */

static pcre2_code *pattern_compile(struct strv p, int *error, PCRE2_SIZE *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return NULL;
    pcre2_set_parens_nest_limit(context, NESTED);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)p.p, p.n,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                      error, at, context);
    pcre2_compile_context_free(context);
    return code;
}

static struct query_pattern *pattern_ready(pcre2_code *code)
{
    struct query_pattern *p = calloc(1, sizeof *p);
    if (!p) {
        pcre2_code_free(code);
        return NULL;
    }
    p->code = code;
    p->data = pcre2_match_data_create(1, NULL);
    p->match = pcre2_match_context_create(NULL);
    if (p->data && p->match) {
        pcre2_set_heap_limit(p->match, HEAP_KIB);
        return p;
    }
    query_pattern_free(p);
    return NULL;
}

struct query_pattern *query_pattern_new(struct strv pattern, char *why, size_t size)
{
    struct buf folded = { 0 };
    int error = 0;
    PCRE2_SIZE at = 0;
    struct query_pattern *p = NULL;
    if (pattern.n > QUERY_PATTERN_LENGTH) {
        snprintf(why, size, "it is longer than %d octets", QUERY_PATTERN_LENGTH);
        return NULL;
    }
    snprintf(why, size, "out of memory");
    if (pattern_fold(&folded, pattern)) {
        pcre2_code *code = pattern_compile((struct strv){ buf_cstr(&folded), folded.len }, &error, &at);
        if (code)
            p = pattern_ready(code);
        else if (error)
            pcre2_get_error_message(error, (PCRE2_UCHAR *)why, size);
    }
    buf_free(&folded);
    return p;
}

void query_pattern_free(struct query_pattern *p)
{
    if (!p)
        return;
    pcre2_match_context_free(p->match);
    pcre2_match_data_free(p->data);
    pcre2_code_free(p->code);
    free(p);
}

enum query_pattern_found query_pattern_find(struct query_pattern *p, struct strv folded)
{
    pcre2_set_match_limit(p->match, STEPS + STEPS_OCTET * (uint32_t)folded.n);
    int found = pcre2_match(p->code, (PCRE2_SPTR)(folded.n ? folded.p : ""), folded.n, 0, PCRE2_NO_UTF_CHECK,
                            p->data, p->match);
    if (found >= 0)
        return QUERY_PATTERN_YES;
    if (found == PCRE2_ERROR_NOMATCH)
        return QUERY_PATTERN_NO;
    return found == PCRE2_ERROR_NOMEMORY ? QUERY_PATTERN_NOMEM : QUERY_PATTERN_COSTLY;
}
