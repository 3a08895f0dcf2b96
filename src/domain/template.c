#include "domain/template.h"

#include "base/nearest.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILTERS  8
#define MAX_NAME     64
#define MAX_TRUNCATE 1000

enum filter_kind { FILTER_DEFAULT, FILTER_UPPER, FILTER_LOWER, FILTER_TITLE, FILTER_TRUNCATE };

static const struct {
    const char *name;
    bool argument;
} filter_names[] = {
    [FILTER_DEFAULT] = { "default", true },   [FILTER_UPPER] = { "upper", false },
    [FILTER_LOWER] = { "lower", false },      [FILTER_TITLE] = { "title", false },
    [FILTER_TRUNCATE] = { "truncate", true },
};
#define FILTER_KINDS (sizeof filter_names / sizeof *filter_names)

struct filter {
    enum filter_kind kind;
    unsigned count;   /* truncate */
    struct strv text; /* default: into the template's pool */
};

#define NO_FIELD SIZE_MAX

struct part {
    struct strv text; /* literal, when field is NO_FIELD: into the template's pool */
    size_t field;
    unsigned filter_count;
    struct filter filters[MAX_FILTERS];
};

struct template
{
    char *pool; /* source and unquoted texts: never longer than the source */
    size_t pool_used;
    struct part *parts;
    size_t part_count, part_cap;
    char *fields[TEMPLATE_MAX_FIELDS];
    size_t field_count;
};

/* --- parsing --- */

struct parser {
    struct template *t;
    const struct template_names *known;
    struct strv text;
    size_t at;
    struct err *e;
};

/* "column N: ..."; columns count characters. */
__attribute__((format(printf, 3, 4))) static bool fail(struct parser *p, size_t at, const char *fmt, ...)
{
    char what[240];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    return err_set(p->e, ERR_INVALID, "column %zu: %s", utf8_count(strv_sub(p->text, 0, at)) + 1, what);
}

static bool looking_at(const struct parser *p, const char *s)
{
    return strv_starts(strv_sub(p->text, p->at, p->text.n), strv_from(s));
}

static void skip_space(struct parser *p)
{
    while (p->at < p->text.n && strchr(" \t\r\n", p->text.p[p->at]) && p->text.p[p->at]) {
        p->at++;
    }
}

static char *pool_take(struct template *t, size_t n)
{
    char *s = t->pool + t->pool_used;
    t->pool_used += n;
    return s;
}

static struct part *add_part(struct parser *p)
{
    struct template *t = p->t;
    if (t->part_count == t->part_cap) {
        size_t cap = t->part_cap ? t->part_cap * 2 : 8;
        struct part *more = realloc(t->parts, cap * sizeof *more);
        if (!more) {
            err_set(p->e, ERR_NOMEM, "out of memory");
            return NULL;
        }
        t->parts = more;
        t->part_cap = cap;
    }
    struct part *part = &t->parts[t->part_count++];
    *part = (struct part){ .field = NO_FIELD };
    return part;
}

static struct strv read_word(struct parser *p)
{
    size_t from = p->at;
    for (; p->at < p->text.n; p->at++) {
        char c = p->text.p[p->at];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '.')) {
            break;
        }
    }
    return strv_sub(p->text, from, p->at - from);
}

/* A text in double or single quotes, with \\ and \" in it. */
static bool read_quoted(struct parser *p, struct strv *out)
{
    size_t from = p->at;
    char quote = p->text.p[p->at++];
    char *to = p->t->pool + p->t->pool_used, *start = to;
    for (; p->at < p->text.n; p->at++) {
        char c = p->text.p[p->at];
        if (c == quote) {
            p->at++;
            *out = (struct strv){ start, (size_t)(to - start) };
            p->t->pool_used += out->n;
            return true;
        }
        if (c == '\\' && p->at + 1 < p->text.n) {
            c = p->text.p[++p->at];
            if (c != quote && c != '\\') {
                return fail(p, p->at - 1, "only \\%c and \\\\ may follow a backslash", quote);
            }
        }
        *to++ = c;
    }
    return fail(p, from, "this quote is not closed");
}

static bool at_quote(const struct parser *p)
{
    return p->at < p->text.n && (p->text.p[p->at] == '"' || p->text.p[p->at] == '\'');
}

/* The nearest of some names, when it is near enough to be what was meant. */
static const char *template_nearest(struct strv name, const char *const *names, size_t count)
{
    struct nearest near;
    const char *best = NULL;
    nearest_begin(&near, name);
    for (size_t i = 0; i < count; i++) {
        if (nearest_offer(&near, strv_from(names[i]))) {
            best = names[i];
        }
    }
    return best;
}

static bool check_field(struct parser *p, struct strv name, size_t at)
{
    if (!p->known || p->known->count == 0) {
        return true;
    }
    for (size_t i = 0; i < p->known->count; i++) {
        if (strv_eq_c(name, p->known->names[i])) {
            return true;
        }
    }
    const char *near = template_nearest(name, p->known->names, p->known->count);
    return fail(p, at, "unknown field \"" STRV_FMT "\"%s%s%s \"tessera field list\" shows what there is",
                STRV_ARG(strv_sub(name, 0, 64)), near ? "; did you mean \"" : ";", near ? near : "",
                near ? "\"?" : "");
}

static bool read_field(struct parser *p, size_t *field)
{
    size_t at = p->at;
    struct strv name = read_word(p);
    if (name.n == 0) {
        return fail(p, at, "the name of a field is missing");
    }
    if (name.n > MAX_NAME) {
        return fail(p, at, "the field's name is longer than %d characters", MAX_NAME);
    }
    if (!check_field(p, name, at)) {
        return false;
    }
    for (size_t i = 0; i < p->t->field_count; i++) {
        if (strv_eq_c(name, p->t->fields[i])) {
            *field = i;
            return true;
        }
    }
    if (p->t->field_count == TEMPLATE_MAX_FIELDS) {
        return fail(p, at, "more than %d different fields", TEMPLATE_MAX_FIELDS);
    }
    char *copy = strv_dup(name);
    if (!copy) {
        return err_set(p->e, ERR_NOMEM, "out of memory");
    }
    *field = p->t->field_count;
    p->t->fields[p->t->field_count++] = copy;
    return true;
}

static bool read_argument(struct parser *p, struct filter *f)
{
    skip_space(p);
    if (f->kind == FILTER_DEFAULT) {
        return at_quote(p) ? read_quoted(p, &f->text)
                           : fail(p, p->at, "default needs a text in quotes: default:\"there\"");
    }
    size_t at = p->at;
    uint64_t n;
    if (!strv_to_u64(read_word(p), &n) || n < 1 || n > MAX_TRUNCATE) {
        return fail(p, at, "truncate needs a number of characters from 1 to %d", MAX_TRUNCATE);
    }
    f->count = (unsigned)n;
    return true;
}

static bool read_filter(struct parser *p, struct filter *f)
{
    skip_space(p);
    size_t at = p->at;
    struct strv name = read_word(p);
    unsigned kind = 0;
    while (kind < FILTER_KINDS && !strv_eq_c(name, filter_names[kind].name)) {
        kind++;
    }
    if (kind == FILTER_KINDS) {
        const char *names[FILTER_KINDS];
        for (unsigned i = 0; i < FILTER_KINDS; i++) {
            names[i] = filter_names[i].name;
        }
        const char *near = template_nearest(name, names, FILTER_KINDS);
        return fail(p, at, "unknown filter \"" STRV_FMT "\"; %s%s", STRV_ARG(strv_sub(name, 0, MAX_NAME)),
                    near ? "did you mean " : "there are default, upper, lower, title, truncate",
                    near ? near : "");
    }
    *f = (struct filter){ .kind = (enum filter_kind)kind };
    skip_space(p);
    bool colon = looking_at(p, ":");
    if (colon != filter_names[kind].argument) {
        return fail(p, p->at, colon ? "%s takes no argument" : "%s needs \":\" and an argument",
                    filter_names[kind].name);
    }
    p->at += colon;
    return !colon || read_argument(p, f);
}

/* After "{{". */
static bool read_place(struct parser *p, size_t opened)
{
    struct part *part = add_part(p);
    if (!part) {
        return false;
    }
    skip_space(p);
    if (at_quote(p) ? !read_quoted(p, &part->text) : !read_field(p, &part->field)) {
        return false;
    }
    skip_space(p);
    while (looking_at(p, "|")) {
        p->at++;
        if (part->filter_count == MAX_FILTERS) {
            return fail(p, p->at, "more than %d filters", MAX_FILTERS);
        }
        if (!read_filter(p, &part->filters[part->filter_count])) {
            return false;
        }
        part->filter_count++;
        skip_space(p);
    }
    if (looking_at(p, "}}")) {
        p->at += 2;
        return true;
    }
    return p->at >= p->text.n ? fail(p, opened, "\"{{\" is not closed with \"}}\"")
                              : fail(p, p->at, "\"|\" or \"}}\" expected");
}

static bool read_literal(struct parser *p)
{
    size_t from = p->at;
    while (p->at < p->text.n && !looking_at(p, "{{")) {
        p->at++;
    }
    struct part *part = add_part(p);
    if (!part) {
        return false;
    }
    size_t n = p->at - from;
    char *s = pool_take(p->t, n);
    memcpy(s, p->text.p + from, n);
    part->text = (struct strv){ s, n };
    return true;
}

static bool parse(struct parser *p)
{
    if (p->text.n > TEMPLATE_MAX_TEXT) {
        return err_set(p->e, ERR_LIMIT, "the text is longer than %d octets", TEMPLATE_MAX_TEXT);
    }
    if (!utf8_valid(p->text)) {
        return err_set(p->e, ERR_INVALID, "the text is not UTF-8");
    }
    while (p->at < p->text.n) {
        size_t opened = p->at;
        bool place = looking_at(p, "{{");
        p->at += place ? 2 : 0;
        if (place ? !read_place(p, opened) : !read_literal(p)) {
            return false;
        }
    }
    return true;
}

struct template *template_parse(struct strv text, const struct template_names *known, struct err *e)
{
    struct template *t = calloc(1, sizeof *t);
    if (!t || !(t->pool = malloc(text.n + 1))) {
        free(t);
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    struct parser p = { .t = t, .known = known, .text = text, .e = e };
    if (!parse(&p)) {
        template_free(t);
        return NULL;
    }
    return t;
}

void template_free(struct template *t)
{
    if (t) {
        for (size_t i = 0; i < t->field_count; i++) {
            free(t->fields[i]);
        }
        free(t->parts);
        free(t->pool);
        free(t);
    }
}

size_t template_field_count(const struct template *t)
{
    return t->field_count;
}

const char *template_field(const struct template *t, size_t i)
{
    return i < t->field_count ? t->fields[i] : NULL;
}

bool template_is_constant(const struct template *t)
{
    return t->field_count == 0;
}

/* --- rendering --- */

/* The first n characters as a reader counts them (extended grapheme clusters), no space left at the end. */
static struct strv first_characters(struct strv s, unsigned n)
{
    size_t end = 0;
    while (n-- > 0 && end < s.n) {
        struct strv rest = strv_sub(s, end, s.n);
        size_t step = 0;
        for (size_t max = 1; max <= rest.n && (step = utf8_cut(rest, max)) == 0; max++) {
        }
        end += step ? step : rest.n;
    }
    struct strv cut = strv_sub(s, 0, end);
    while (end < s.n && cut.n && cut.p[cut.n - 1] == ' ') {
        cut.n--;
    }
    return cut;
}

/* "o'neil" is two words to raise, "it's" is one. */
static bool goes_on_after_apostrophe(const char *p, const char *end)
{
    int32_t one = utf8_next(&p, end), two = utf8_next(&p, end);
    return one >= 0 && utf8_is_word(one) && (two < 0 || !utf8_is_word(two));
}

static bool put_mapped(enum filter_kind kind, bool raise, int32_t c, struct buf *out)
{
    char octets[4];
    if (raise && c == 0xdf) { /* a capital sharp s exists, but not in the alphabets of short messages */
        return buf_put(out, kind == FILTER_TITLE ? "Ss" : "SS", 2);
    }
    int32_t mapped = !raise ? utf8_lower(c) : kind == FILTER_TITLE ? utf8_title(c) : utf8_upper(c);
    return buf_put(out, octets, utf8_put((uint32_t)mapped, octets));
}

/* The value is UTF-8. */
static bool map_case(enum filter_kind kind, struct strv s, struct buf *out)
{
    if (s.n == 0) {
        return true;
    }
    bool inside = false; /* of a word: title raises first letters and lowers the others */
    for (const char *p = s.p, *end = s.p + s.n; p < end;) {
        int32_t c = utf8_next(&p, end);
        bool raise = kind == FILTER_UPPER || (kind == FILTER_TITLE && !inside);
        bool apostrophe = c == '\'' || c == 0x2019;
        inside = utf8_is_word(c) || (inside && apostrophe && goes_on_after_apostrophe(p, end));
        if (!put_mapped(kind, raise, c, out)) {
            return false;
        }
    }
    return true;
}

/* One filter: from *value to *value, by way of `store` where new text is made. */
static bool apply(const struct filter *f, struct strv *value, bool *there, struct buf *store)
{
    switch (f->kind) {
    case FILTER_DEFAULT:
        if (value->n == 0) {
            *value = f->text;
            *there = true;
        }
        return true;
    case FILTER_TRUNCATE: *value = first_characters(*value, f->count); return true;
    case FILTER_UPPER:
    case FILTER_LOWER:
    case FILTER_TITLE: break;
    }
    struct buf mapped = { .limit = TEMPLATE_MAX_RENDER };
    if (!map_case(f->kind, *value, &mapped)) {
        buf_free(&mapped);
        return false;
    }
    buf_free(store);
    *store = mapped;
    *value = (struct strv){ (const char *)store->data, store->len };
    return true;
}

struct render {
    const struct template *t;
    template_lookup *lookup;
    void *ctx;
    struct buf *out;
    struct template_report *report;
};

static bool render_part(struct render *r, const struct part *part)
{
    struct strv value = part->text;
    struct buf clean = { .limit = TEMPLATE_MAX_RENDER }, store = { 0 };
    bool there = true, ok = true;
    if (part->field != NO_FIELD) {
        value = (struct strv){ 0 };
        there = r->lookup(r->ctx, part->field, r->t->fields[part->field], &value);
        if (!there) {
            value = (struct strv){ 0 };
        } else if (!utf8_valid(value)) {
            ok = utf8_put_clean(&clean, value);
            value = (struct strv){ (const char *)clean.data, clean.len };
        }
    }
    for (unsigned i = 0; ok && i < part->filter_count; i++) {
        ok = apply(&part->filters[i], &value, &there, &store);
    }
    if (ok && !there) {
        if (r->report->missing++ == 0) {
            r->report->first_missing = part->field;
        }
    }
    ok = ok && (value.n == 0 || buf_put_strv(r->out, value));
    buf_free(&clean);
    buf_free(&store);
    return ok;
}

bool template_render(const struct template *t, template_lookup *lookup, void *ctx, struct buf *out,
                     struct template_report *report, struct err *e)
{
    struct template_report unused;
    struct render r = { t, lookup, ctx, out, report ? report : &unused };
    size_t before = out->len;
    *r.report = (struct template_report){ 0 };
    for (size_t i = 0; i < t->part_count; i++) {
        if (!render_part(&r, &t->parts[i])) {
            return err_set(e, ERR_NOMEM, "out of memory, or the text grew too long");
        }
        if (out->len - before > TEMPLATE_MAX_RENDER) {
            return err_set(e, ERR_LIMIT, "the rendered text is longer than %d octets", TEMPLATE_MAX_RENDER);
        }
    }
    return true;
}
