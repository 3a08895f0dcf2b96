#include "query/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const error_names[] = {
    [QUERY_OK] = "ok",
    [QUERY_E_CHARACTER] = "character",
    [QUERY_E_STRING] = "string",
    [QUERY_E_NUMBER] = "number",
    [QUERY_E_SYNTAX] = "syntax",
    [QUERY_E_UNKNOWN_FIELD] = "unknown_field",
    [QUERY_E_UNKNOWN_EVENT] = "unknown_event",
    [QUERY_E_UNKNOWN_ATTRIBUTE] = "unknown_attribute",
    [QUERY_E_UNKNOWN_SEGMENT] = "unknown_segment",
    [QUERY_E_TYPE] = "type",
    [QUERY_E_ARGUMENT] = "argument",
    [QUERY_E_PLACE] = "place",
    [QUERY_E_PATTERN] = "pattern",
    [QUERY_E_COSTLY] = "costly",
    [QUERY_E_CYCLE] = "cycle",
    [QUERY_E_UNSUPPORTED] = "unsupported",
    [QUERY_E_TOO_LONG] = "too_long",
    [QUERY_E_TOO_DEEP] = "too_deep",
    [QUERY_E_TOO_MANY] = "too_many",
    [QUERY_E_NOMEM] = "nomem",
};

const char *query_error_name(enum query_error_code code)
{
    if ((size_t)code >= sizeof error_names / sizeof error_names[0] || !error_names[code])
        return "unknown";
    return error_names[code];
}

bool query_error_to_err(const struct query_error *e, struct err *out)
{
    enum err_code code = ERR_INVALID;
    if (e->code == QUERY_E_TOO_LONG || e->code == QUERY_E_TOO_DEEP || e->code == QUERY_E_TOO_MANY ||
        e->code == QUERY_E_COSTLY)
        code = ERR_LIMIT;
    else if (e->code == QUERY_E_NOMEM)
        code = ERR_NOMEM;
    static const char *const lists[] = {
        [QUERY_E_UNKNOWN_FIELD] = "field",
        [QUERY_E_UNKNOWN_EVENT] = "event",
        [QUERY_E_UNKNOWN_ATTRIBUTE] = "event",
        [QUERY_E_UNKNOWN_SEGMENT] = "segment",
    };
    const char *list = (size_t)e->code < sizeof lists / sizeof lists[0] ? lists[e->code] : NULL;
    if (list) /* for a person who is not at the query: where the names are */
        return err_set(out, code, "%s%s \"tessera %s list\" shows what there is", e->text,
                       e->suggestion[0] ? "" : ";", list);
    return err_set(out, code, "%s", e->text);
}

static void error_locate(struct query_error *e, struct strv text, uint32_t offset)
{
    size_t end = offset < text.n ? offset : text.n, start = 0;
    e->offset = (uint32_t)end;
    e->line = 1;
    for (size_t i = 0; i < end; i++) {
        if (text.p[i] == '\n') {
            e->line++;
            start = i + 1;
        }
    }
    e->column = 1 + (uint32_t)utf8_count(strv_sub(text, start, end - start));
}

/* Appends within e->text, cutting at whole characters. */
static void error_append(struct query_error *e, const char *s)
{
    size_t have = strlen(e->text), room = sizeof e->text - 1 - have;
    struct strv v = strv_from(s);
    size_t n = v.n <= room ? v.n : utf8_cut(v, room);
    memcpy(e->text + have, s, n);
    e->text[have + n] = '\0';
}

bool query_error_set(struct query_error *e, enum query_error_code code, struct strv text, uint32_t offset,
                     const char *tail, const char *fmt, ...)
{
    if (!e)
        return false;
    memset(e, 0, sizeof *e);
    e->code = code;
    error_locate(e, text, offset);
    char what[256], place[48];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (e->line == 1)
        snprintf(place, sizeof place, " at %u", (unsigned)e->column);
    else
        snprintf(place, sizeof place, " at line %u, %u", (unsigned)e->line, (unsigned)e->column);
    error_append(e, what);
    error_append(e, place);
    if (tail)
        error_append(e, tail);
    return false;
}

void query_error_suggest(struct query_error *e, struct strv name)
{
    if (!e || name.n == 0 || !strv_copy(name, e->suggestion, sizeof e->suggestion))
        return;
    error_append(e, "; did you mean \"");
    error_append(e, e->suggestion);
    error_append(e, "\"?");
}
