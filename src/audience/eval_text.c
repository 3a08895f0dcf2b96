/* Texts against one condition: compared folded, over the dictionary of distinct texts and not per customer.
 */
#include "audience/eval_internal.h"

#include "query/pattern.h"
#include "store/dict.h"

#include <stdlib.h>
#include <string.h>

bool eval_text_init(struct eval *ev, enum query_tcmp op, struct strv wanted, uint32_t at, struct eval_text *t)
{
    char why[120];
    *t = (struct eval_text){ .op = op, .at = at };
    if (op == QUERY_TEXT_MATCHES) {
        t->pattern = query_pattern_new(wanted, why, sizeof why);
        return t->pattern || err_set(ev->err, ERR_INVALID, "no regular expression: %s", why);
    }
    return dict_fold(&t->wanted, wanted) || eval_nomem(ev);
}

void eval_text_free(struct eval_text *t)
{
    query_pattern_free(t->pattern);
    buf_free(&t->wanted);
    buf_free(&t->folded);
    memset(t, 0, sizeof *t);
}

static bool text_costly(struct eval *ev, const struct eval_text *t)
{
    struct query_error e;
    query_error_set(&e, QUERY_E_COSTLY, ev->q->text, t->at,
                    " on one of the texts there are; repetitions inside repetitions make it so",
                    "the regular expression takes too many steps");
    query_error_to_err(&e, ev->err);
    if (ev->qe)
        *ev->qe = e;
    return false;
}

static bool text_find(struct eval *ev, struct eval_text *t, struct strv folded, bool *holds)
{
    enum query_pattern_found found = query_pattern_find(t->pattern, folded);
    *holds = found == QUERY_PATTERN_YES;
    if (found == QUERY_PATTERN_NOMEM)
        return eval_nomem(ev);
    return found != QUERY_PATTERN_COSTLY || text_costly(ev, t);
}

bool eval_text_holds(struct eval *ev, struct eval_text *t, struct strv text, bool *holds)
{
    *holds = false;
    buf_clear(&t->folded);
    if (!dict_fold(&t->folded, text))
        return true; /* what is not UTF-8 matches nothing */
    struct strv folded = { (const char *)t->folded.data, t->folded.len };
    struct strv wanted = { (const char *)t->wanted.data, t->wanted.len };
    switch (t->op) {
    case QUERY_TEXT_EQ: *holds = strv_eq(folded, wanted); return true;
    case QUERY_TEXT_NE: *holds = !strv_eq(folded, wanted); return true;
    case QUERY_TEXT_STARTS: *holds = strv_starts(folded, wanted); return true;
    case QUERY_TEXT_CONTAINS:
        *holds = wanted.n == 0 || (folded.n && memmem(folded.p, folded.n, wanted.p, wanted.n));
        return true;
    case QUERY_TEXT_MATCHES: return text_find(ev, t, folded, holds);
    }
    return true;
}

/* --- codes --- */

static bool codes_add(struct eval *ev, struct scan_test *t, uint32_t code)
{
    if (code == 0)
        return true;
    size_t need = code / 64 + 1;
    if (need * 64 > t->n_codes) {
        uint64_t *more = realloc(t->codes, need * sizeof *more);
        if (!more)
            return eval_nomem(ev);
        memset(more + t->n_codes / 64, 0, (need - t->n_codes / 64) * sizeof *more);
        t->codes = more;
        t->n_codes = need * 64;
    }
    t->codes[code / 64] |= UINT64_C(1) << (code % 64);
    return true;
}

struct search {
    struct eval *ev;
    struct scan_test *t;
    struct eval_text text;
    bool ok;
};

static bool search_code(void *ctx, uint32_t code, struct strv text)
{
    struct search *s = ctx;
    bool holds;
    s->ok = eval_text_holds(s->ev, &s->text, text, &holds) && (!holds || codes_add(s->ev, s->t, code));
    return s->ok;
}

static bool test_search(struct eval *ev, uint16_t space, enum query_tcmp op, struct strv wanted, uint32_t at,
                        struct scan_test *t)
{
    struct search s = { .ev = ev, .t = t };
    t->kind = SCAN_CODES;
    s.ok = eval_text_init(ev, op, wanted, at, &s.text);
    if (s.ok)
        dict_each(ev->txn, space, search_code, &s);
    eval_text_free(&s.text);
    return s.ok;
}

bool eval_text_test(struct eval *ev, uint16_t space, enum query_tcmp op, struct strv wanted, uint32_t at,
                    struct scan_test *t)
{
    if (op > QUERY_TEXT_NE)
        return test_search(ev, space, op, wanted, at, t);
    uint32_t code = dict_find(ev->txn, space, wanted);
    *t = (struct scan_test){
        .kind = SCAN_RANGE, .outside = op == QUERY_TEXT_NE, .low = code ? code : 1, .high = code
    };
    return true;
}

bool eval_text_among(struct eval *ev, uint16_t space, const struct strv *wanted, size_t n, bool outside,
                     struct scan_test *t)
{
    t->kind = SCAN_CODES;
    t->outside = outside;
    for (size_t i = 0; i < n; i++)
        if (!codes_add(ev, t, dict_find(ev->txn, space, wanted[i])))
            return false;
    return true;
}
