#include "audience/cross.h"

#include "query/print.h"

/* Parts those that are left by condition i, and each part by the conditions behind it. */
static bool cross_split(struct cross *x, struct audience_set *const *sets, size_t i, unsigned cell,
                        const struct audience_set *left)
{
    if (i == x->n) {
        x->cells[cell] = audience_set_count(left);
        return true;
    }
    bool ok = true;
    for (unsigned holds = 0; ok && holds < 2; holds++) {
        struct audience_set *part = audience_set_copy(left);
        ok = part && (holds ? audience_set_and : audience_set_andnot)(part, sets[i]) &&
             cross_split(x, sets, i + 1, cell | holds << i, part);
        audience_set_free(part);
    }
    return ok;
}

bool cross_count(struct audience_view *v, const struct query *const *queries, size_t n,
                 const struct eval_options *o, struct cross *out, size_t *at, struct query_error *qe,
                 struct err *e)
{
    struct audience_set *sets[CROSS_MAX] = { NULL };
    if (n < 1 || n > CROSS_MAX) {
        return err_set(e, ERR_INVALID, "a cross table has 1 to %d conditions", CROSS_MAX);
    }
    *out = (struct cross){ .n = n };
    struct audience_set *existing = audience_existing(v, e);
    bool ok = existing != NULL;
    if (ok && (ok = eval_queries(v, queries, n, o, sets, at, qe, e))) {
        for (size_t i = 0; i < n; i++) {
            out->alone[i] = audience_set_count(sets[i]);
        }
        out->customers = audience_set_count(existing);
        ok = cross_split(out, sets, 0, 0, existing) || err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        audience_set_free(sets[i]); /* NULL when they could not be evaluated */
    }
    audience_set_free(existing);
    return ok;
}

bool cross_put_query(const struct query *const *queries, size_t n, unsigned cell, struct buf *out)
{
    struct buf text = { 0 };
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        buf_put_strv(&text, i == 0 ? STRV("") : STRV(" and "));
        buf_put_strv(&text, cell >> i & 1 ? STRV("(") : STRV("not ("));
        ok = query_print(queries[i], &text);
        buf_put_u8(&text, ')');
    }
    ok = ok && !text.failed;
    const struct query_limits any = { .max_length = UINT32_MAX,
                                      .max_depth = QUERY_DEPTH_CEILING,
                                      .max_conditions = UINT32_MAX };
    struct query *q = ok ? query_parse((struct strv){ (const char *)text.data, text.len }, &any, NULL) : NULL;
    ok = q && query_print(q, out); /* with the parentheses it needs */
    query_free(q);
    buf_free(&text);
    return ok;
}
