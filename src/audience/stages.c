#include "audience/stages.h"

#include "audience/audience_inside.h"
#include "store/documents.h"

#include <stdlib.h>
#include <string.h>

static struct strv field_key(uint8_t key[2], uint16_t field)
{
    be_put16(key, field);
    return (struct strv){ (const char *)key, 2 };
}

bool stages_same(struct strv a, struct strv b)
{
    struct buf x = { 0 }, y = { 0 };
    bool same = dict_fold(&x, a) && dict_fold(&y, b) && x.len == y.len &&
                (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
    buf_free(&x);
    buf_free(&y);
    return same;
}

/* False: no rule is left. One that cannot be read has an empty `to`. */
static bool next_rule(struct strv *rest, struct strv *from, struct strv *to)
{
    struct strv item;
    if (!strv_next(rest, ',', &item)) {
        return false;
    }
    const char *arrow = item.n ? memchr(item.p, '>', item.n) : NULL;
    *from = *to = strv_from(NULL);
    if (arrow) {
        size_t at = (size_t)(arrow - item.p);
        *from = strv_trim(strv_sub(item, 0, at));
        *to = strv_trim(strv_sub(item, at + 1, item.n));
    }
    return true;
}

static bool is_any(struct strv name)
{
    return strv_eq_c(name, "*");
}

struct judged {
    bool known;    /* a rule names the value */
    bool allowed;  /* and one lets it follow */
    bool initials; /* there are rules of first values */
};

static struct judged judge(struct strv rules, struct strv from, struct strv to)
{
    struct judged j = { 0 };
    struct strv a, b;
    while (next_rule(&rules, &a, &b)) {
        bool target = is_any(b) || stages_same(b, to);
        j.known = j.known || target || (a.n && stages_same(a, to));
        j.initials = j.initials || !a.n;
        j.allowed = j.allowed || (target && (from.n ? a.n && (is_any(a) || stages_same(a, from)) : !a.n));
    }
    j.allowed = j.allowed || (!from.n && !j.initials && j.known);
    return j;
}

/* Names of the rules, each once, those that `from` leads to or all. */
static void list_names(struct buf *out, struct strv rules, struct strv from, bool all)
{
    struct strv rest = rules, a, b, names[2 * 64];
    size_t n = 0;
    while (n + 2 <= sizeof(names) / sizeof(names[0]) && next_rule(&rest, &a, &b)) {
        bool leads = from.n ? is_any(a) || (a.n && stages_same(a, from)) : !a.n;
        struct strv said[2] = { all ? a : strv_from(NULL), all || leads ? b : strv_from(NULL) };
        for (size_t k = 0; k < 2; k++) {
            bool there = !said[k].n || is_any(said[k]) || (!all && stages_same(said[k], from));
            for (size_t i = 0; !there && i < n; i++) {
                there = stages_same(names[i], said[k]);
            }
            if (!there) {
                buf_printf(out, "%s" STRV_FMT, n ? ", " : "", STRV_ARG(said[k]));
                names[n++] = said[k];
            }
        }
    }
    if (n == 0) {
        buf_printf(out, "nothing");
    }
}

bool stages_allow(struct strv rules, struct strv from, struct strv to, struct buf *why)
{
    struct judged j;
    if (from.n && stages_same(from, to)) {
        return true;
    }
    j = judge(rules, from, to);
    if (j.allowed) {
        return true;
    }
    if (!j.known) {
        buf_printf(why, "\"" STRV_FMT "\" is none of: ", STRV_ARG(to));
        list_names(why, rules, from, true);
        return false;
    }
    if (from.n) {
        buf_printf(why, "\"" STRV_FMT "\" may not follow \"" STRV_FMT "\"; allowed: ", STRV_ARG(to),
                   STRV_ARG(from));
    } else {
        buf_printf(why, "\"" STRV_FMT "\" may not be the first value; allowed: ", STRV_ARG(to));
    }
    list_names(why, rules, from, false);
    return false;
}

struct loading {
    struct stages *s;
    bool ok;
};

static bool load_one(void *ctx, struct strv name, struct strv value)
{
    struct loading *x = ctx;
    if (name.n != 2 || x->s->n == STAGES_MAX) {
        return x->ok = false;
    }
    x->s->field[x->s->n] = be_get16((const uint8_t *)name.p);
    x->s->rules[x->s->n] = strv_dup(value);
    return x->ok = x->s->rules[x->s->n++] != NULL;
}

bool stages_load(struct stages *s, struct catalog_txn *t, struct err *e)
{
    struct loading x = { s, true };
    stages_free(s);
    document_each(t, DOCUMENT_TRANSITIONS, load_one, &x);
    return x.ok || err_set(e, ERR_NOMEM, "the fields' transitions cannot be read");
}

void stages_free(struct stages *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->rules[i]);
    }
    *s = (struct stages){ 0 };
}

static bool rules_valid(struct strv rules, struct err *e)
{
    struct strv rest = rules, from, to;
    size_t n = 0;
    if (rules.n > STAGES_MAX_RULES) {
        return err_set(e, ERR_LIMIT, "transitions of more than %d octets", STAGES_MAX_RULES);
    }
    while (next_rule(&rest, &from, &to)) {
        n++;
        if (!to.n || memchr(to.p, '>', to.n)) {
            return err_set(e, ERR_INVALID, "rule %zu of the transitions is not FROM>TO (\"lead>prospect\")",
                           n);
        }
    }
    return n <= 64 || err_set(e, ERR_LIMIT, "more than 64 transitions");
}

static bool set_rules(struct catalog_txn *t, struct strv name, struct strv rules, struct err *e)
{
    uint8_t key[2];
    struct strv before;
    struct stages all = { 0 };
    struct schema *s = schema_load(t, e);
    const struct schema_field *f = s ? schema_find_field(s, name) : NULL;
    bool text = f && f->type == SCHEMA_TEXT && !f->hidden && f->id != FIELD_REGION && f->id != FIELD_ZONE;
    uint16_t id = f ? f->id : 0;
    bool ok = s && (text || (f ? err_set(e, ERR_INVALID,
                                         "\"" STRV_FMT "\" cannot have transitions: only text fields can, "
                                         "but for region and zone",
                                         STRV_ARG(name))
                               : schema_no_field(s, name, e)));
    schema_free(s);
    if (!ok) {
        return false;
    }
    if (!rules.n) {
        document_delete(t, DOCUMENT_TRANSITIONS, field_key(key, id));
        return catalog_ok(t, e);
    }
    if (!stages_load(&all, t, e)) {
        return false;
    }
    size_t n = all.n;
    stages_free(&all);
    if (n == STAGES_MAX && !document_get(t, DOCUMENT_TRANSITIONS, field_key(key, id), &before)) {
        return err_set(e, ERR_LIMIT, "%d fields have transitions already", STAGES_MAX);
    }
    document_put(t, DOCUMENT_TRANSITIONS, field_key(key, id), rules);
    return catalog_ok(t, e);
}

bool audience_set_transitions(struct audience *a, struct strv field, struct strv rules, struct err *e)
{
    rules = strv_trim(rules);
    if (rules.n && !rules_valid(rules, e)) {
        return false;
    }
    struct catalog_txn *t = catalog_begin_write(a->catalog, e);
    if (t && set_rules(t, field, rules, e)) {
        return catalog_commit(t, e);
    }
    if (t) {
        catalog_end(t);
    }
    return false;
}

struct strv audience_transitions(struct audience_view *v, uint16_t field)
{
    uint8_t key[2];
    struct strv rules = strv_from(NULL);
    document_get(v->txn, DOCUMENT_TRANSITIONS, field_key(key, field), &rules);
    return rules;
}
