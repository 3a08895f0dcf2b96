#include "audience/import_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names under which files keep what an import needs, most telling first. */
static const char *const number_names[] = { "msisdn", "phone", "phone_number", "mobile", "mobile_number",
                                            "number", NULL };
static const char *const time_names[] = { "time", "timestamp", "date", "at", "created_at", "datetime", NULL };
static const char *const id_names[] = { "event_id", "id", "order_id", NULL };

void import_map_free(struct import_map *m)
{
    free(m->columns);
    *m = (struct import_map){ 0 };
}

static bool map_is(const struct import_column *c, struct strv name)
{
    char clean[SCHEMA_MAX_NAME + 1];
    if (name.n == strlen(c->header) && strncasecmp(name.p, c->header, name.n) == 0) {
        return true;
    }
    return schema_clean_name(name, clean) && strcmp(clean, c->name) == 0;
}

/* What is there under the name: a customer's field, or an attribute of the event. */
static const struct schema_field *map_known(const struct audience_import_options *o,
                                            const struct schema *schema, struct strv name)
{
    if (o->kind == IMPORT_CUSTOMERS) {
        return schema_find_field(schema, name);
    }
    const struct schema_event *ev = schema_find_event(schema, o->event);
    return ev ? schema_find_attribute(ev, name) : NULL;
}

bool import_map_settable(const struct schema_field *f)
{
    return f->id != FIELD_MSISDN && f->id != FIELD_CLOCK && f->id != FIELD_CREATED && !f->hidden;
}

/* --- what the mapping says --- */

static bool map_type(struct import_column *c, const struct schema_field *known, struct strv type,
                     struct err *e)
{
    if (type.n && !schema_type_read(type, &c->type, &c->scale, e)) {
        return err_prefix(e, "the mapping");
    }
    if (!known) {
        return true;
    }
    if (type.n && (known->type != c->type || (known->type == SCHEMA_NUMBER && known->scale != c->scale))) {
        return err_set(e, ERR_EXISTS, "\"" STRV_FMT "\" is there already, as %s", STRV_ARG(known->name),
                       schema_type_name(known->type));
    }
    c->type = known->type;
    c->scale = known->scale;
    c->id = known->id;
    return true;
}

/* Targets that only a preset has. True: it was one. */
static bool map_special(struct import_column *c, struct strv *target)
{
    if (strv_eq_c(*target, "@region")) {
        c->target = IMPORT_LOCALE;
        return true;
    }
    if (strv_starts(*target, STRV("@need "))) {
        c->need = true;
        *target = strv_trim(strv_sub(*target, 6, target->n));
    }
    if (strv_starts(*target, STRV("@only(")) && target->p[target->n - 1] == ')') {
        c->target = IMPORT_ONLY;
        c->only = strv_sub(*target, 6, target->n - 7);
        return true;
    }
    if (strv_starts(*target, STRV("id+"))) {
        c->in_id = true;
        *target = strv_sub(*target, 3, target->n);
    }
    if (strv_starts(*target, STRV("@unit "))) {
        c->unit = true;
        *target = strv_trim(strv_sub(*target, 6, target->n));
    }
    return false;
}

static bool map_target(struct import_column *c, const struct audience_import_options *o,
                       const struct schema *schema, struct strv target, struct err *e)
{
    if (c->rank && map_special(c, &target)) {
        return true;
    }
    const char *colon = target.n ? memchr(target.p, ':', target.n) : NULL;
    size_t at = colon ? (size_t)(colon - target.p) : target.n;
    struct strv name = strv_trim(strv_sub(target, 0, at)),
                type = strv_trim(strv_sub(target, at + 1, target.n));
    bool events = o->kind == IMPORT_EVENTS;
    strv_copy(name, c->name, sizeof(c->name));
    if (!name.n || strv_eq_c(name, "-")) {
        c->target = IMPORT_LEAVE_OUT;
    } else if (strv_eq_c(name, "msisdn")) {
        c->target = IMPORT_MSISDN;
    } else if (events && strv_eq_c(name, "time")) {
        c->target = IMPORT_TIME;
    } else if (events && strv_eq_c(name, "id")) {
        c->target = IMPORT_ID;
    } else if (!schema_name_valid(name)) {
        return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" in the mapping cannot be a name",
                       STRV_ARG(strv_sub(name, 0, 80)));
    } else {
        const struct schema_field *known = map_known(o, schema, name);
        if (known && !import_map_settable(known)) {
            return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" cannot be imported", STRV_ARG(name));
        }
        c->target = IMPORT_FIELD;
        return map_type(c, known, type, e);
    }
    return true;
}

static bool map_entry(struct import_map *m, bool *said, const struct audience_import_options *o,
                      const struct schema *schema, struct strv entry, struct err *e)
{
    size_t at = entry.n;
    while (at > 0 && entry.p[at - 1] != '=') {
        at--;
    }
    if (at == 0) {
        return err_set(e, ERR_INVALID, "\"" STRV_FMT "\" in the mapping is not column=target",
                       STRV_ARG(strv_sub(entry, 0, 80)));
    }
    struct strv column = strv_trim(strv_sub(entry, 0, at - 1));
    struct strv target = strv_trim(strv_sub(entry, at, entry.n));
    for (size_t i = 0; i < m->n; i++) {
        if (!said[i] && map_is(&m->columns[i], column)) {
            said[i] = true;
            return map_target(&m->columns[i], o, schema, target, e);
        }
    }
    if (o->format == IMPORT_NDJSON) { /* it may come later */
        return true;
    }
    return err_set(e, ERR_INVALID, "the mapping names a column \"" STRV_FMT "\" that is not in the file",
                   STRV_ARG(strv_sub(column, 0, 80)));
}

/* --- what the preset says --- */

/* "*end" stands for every header with that end. */
static bool preset_is(const struct import_column *c, struct strv column)
{
    size_t n = strlen(c->header), end = column.n - 1;
    if (column.n < 2 || column.p[0] != '*') {
        return map_is(c, column);
    }
    return n >= end && strncasecmp(c->header + n - end, column.p + 1, end) == 0;
}

static bool preset_line(struct strv *rest, struct strv *column, struct strv *target)
{
    struct strv line;
    while (strv_next(rest, '\n', &line)) {
        line = strv_trim(line);
        *target = line;
        if (line.n && line.p[0] != '#' && strv_next(target, '\t', column) && target->n) {
            struct strv words;
            strv_next(target, '\t', &words); /* what follows is a note */
            *target = strv_trim(words);
            *column = strv_trim(*column);
            return true;
        }
    }
    return false;
}

struct strv audience_import_directive(struct strv preset, const char *name)
{
    struct strv column, target;
    while (preset_line(&preset, &column, &target)) {
        if (strv_eq_c(column, name)) {
            return target;
        }
    }
    return strv_from(NULL);
}

static bool map_preset(struct import_map *m, bool *said, const struct audience_import_options *o,
                       const struct schema *schema, struct err *e)
{
    struct strv rest = o->preset, column, target;
    for (unsigned rank = 1; preset_line(&rest, &column, &target); rank++) {
        for (size_t i = 0; column.p[0] != '@' && i < m->n; i++) {
            struct import_column *c = &m->columns[i];
            if (said[i] || !preset_is(c, column)) {
                continue;
            }
            said[i] = true;
            c->rank = rank;
            if (!map_target(c, o, schema, target, e)) {
                return err_prefix(e, "the ready mapping, column \"%s\"", c->header);
            }
            break;
        }
    }
    return true;
}

static bool map_said(struct import_map *m, bool *said, const struct audience_import_options *o,
                     const struct schema *schema, struct err *e)
{
    struct strv rest = o->mapping, entry;
    char separator = rest.n && memchr(rest.p, '\n', rest.n) ? '\n' : ',';
    while (strv_next(&rest, separator, &entry)) {
        entry = strv_trim(entry);
        if (entry.n && !map_entry(m, said, o, schema, entry, e)) {
            return false;
        }
    }
    return true;
}

/* --- what goes without saying --- */

static bool map_has(const struct import_map *m, enum import_target target)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->columns[i].target == target) {
            return true;
        }
    }
    return false;
}

static void map_find(struct import_map *m, bool *said, enum import_target target, const char *const *names)
{
    for (; *names && !map_has(m, target); names++) {
        for (size_t i = 0; i < m->n; i++) {
            if (!said[i] && strcmp(m->columns[i].name, *names) == 0) {
                said[i] = true;
                m->columns[i].target = target;
                break;
            }
        }
    }
}

static void map_rest(struct import_map *m, const bool *said, const struct audience_import_options *o,
                     const struct schema *schema)
{
    for (size_t i = 0; i < m->n; i++) {
        struct import_column *c = &m->columns[i];
        struct strv name = strv_from(c->name);
        const struct schema_field *known = map_known(o, schema, name);
        bool reserved =
            strv_eq_c(name, "msisdn") || (o->kind == IMPORT_EVENTS && memchr(c->name, '.', name.n));
        if (said[i] || !name.n || reserved || o->preset.n ||
            (known ? !import_map_settable(known) : o->ignore_unknown)) {
            continue;
        }
        c->target = IMPORT_FIELD;
        map_type(c, known, strv_from(NULL), NULL);
    }
}

/* Why no column may have the number: what the first line is instead, or what it names. A telephone number in
 * it is not repeated. */
static bool map_no_number(const struct import_map *m, bool csv, struct err *e)
{
    char names[160] = "";
    for (size_t i = 0, at = 0; i < m->n && at + 70 < sizeof(names); i++) {
        unsigned digits = 0;
        for (const char *p = m->columns[i].header; *p; p++) {
            digits += *p >= '0' && *p <= '9';
        }
        if (digits >= 7) {
            return err_set(
                e, ERR_INVALID,
                "no column has the number: the first line must name the columns, and this one has values");
        }
        at += (size_t)snprintf(names + at, sizeof(names) - at, "%s\"%.60s\"", i ? ", " : "",
                               m->columns[i].header);
    }
    return err_set(e, ERR_INVALID,
                   "no column has the number: say which with --map COLUMN=msisdn; columns are %s%s", names,
                   csv && m->n == 1 ? " alone (comma, semicolon or tab separate them)" : "");
}

static bool map_check(struct import_map *m, const struct audience_import_options *o, struct err *e)
{
    if (!map_has(m, IMPORT_MSISDN)) {
        return map_no_number(m, o->format != IMPORT_NDJSON, e);
    }
    if (o->kind == IMPORT_EVENTS && !map_has(m, IMPORT_TIME) && !o->default_time) {
        return err_set(e, ERR_INVALID, "no column has the time: say which with --map COLUMN=time");
    }
    for (size_t i = 0; i < m->n; i++) {
        struct import_column *c = &m->columns[i];
        const struct import_column *same = NULL;
        for (size_t j = 0; c->target && j < i; j++) {
            const struct import_column *d = &m->columns[j];
            if (d->target != c->target || (c->target == IMPORT_FIELD && strcmp(c->name, d->name) != 0)) {
                continue;
            }
            if (!d->rank || !c->rank) {
                return err_set(e, ERR_INVALID, "the columns \"%s\" and \"%s\" go to the same place",
                               d->header, c->header);
            }
            same = d;
        }
        if (c->target == IMPORT_FIELD) {
            c->shared = same != NULL;
            c->cell = same ? same->cell : m->n_cells++;
            m->guesses += c->type == SCHEMA_NONE;
            m->quantity = strcmp(c->name, "quantity") == 0 ? c->cell + 1 : m->quantity;
        }
    }
    return true;
}

/* How a number is to be read and whether the row counts come first, then as the preset has them, then the
 * rest. */
static unsigned map_rank(const struct import_column *c)
{
    return c->target == IMPORT_ONLY ? 0 : c->target == IMPORT_LOCALE ? 1 : c->rank ? 1 + c->rank : UINT32_MAX;
}

static void map_sort(struct import_map *m)
{
    for (size_t i = 0; i < m->n; i++) {
        size_t at = i;
        for (; at > 0 && map_rank(&m->columns[m->order[at - 1]]) > map_rank(&m->columns[i]); at--) {
            m->order[at] = m->order[at - 1];
        }
        m->order[at] = (uint16_t)i;
    }
}

bool import_map_make(struct import_map *m, const struct audience_import_options *o,
                     const struct schema *schema, const struct strv *header, size_t n, struct err *e)
{
    bool said[IMPORT_MAX_COLUMNS] = { false };
    *m = (struct import_map){ 0 };
    if (n > IMPORT_MAX_COLUMNS) {
        return err_set(e, ERR_LIMIT, "the header has %zu columns; at most %d are read", n,
                       IMPORT_MAX_COLUMNS);
    }
    m->columns = calloc(n ? n : 1, sizeof(*m->columns));
    if (!m->columns) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    m->n = n;
    for (size_t i = 0; i < n; i++) {
        struct strv text = strv_trim(header[i]);
        strv_copy(strv_sub(text, 0, sizeof(m->columns[i].header) - 1), m->columns[i].header,
                  sizeof(m->columns[i].header));
        if (!schema_clean_name(text, m->columns[i].name)) {
            m->columns[i].name[0] = '\0';
        }
        for (char *dot; o->kind == IMPORT_EVENTS && o->format == IMPORT_NDJSON &&
                        (dot = strchr(m->columns[i].name, '.')) != NULL;) {
            *dot = '_'; /* attributes have none: they are written event.attribute */
        }
    }
    bool ok = map_said(m, said, o, schema, e) && map_preset(m, said, o, schema, e);
    if (ok) {
        map_find(m, said, IMPORT_MSISDN, number_names);
        if (o->kind == IMPORT_EVENTS) {
            map_find(m, said, IMPORT_TIME, time_names);
            map_find(m, said, IMPORT_ID, id_names);
        }
        map_rest(m, said, o, schema);
        ok = map_check(m, o, e);
        map_sort(m);
    }
    if (!ok) {
        import_map_free(m);
    }
    return ok;
}

void import_map_guess(struct import_map *m, const struct import_guess *guesses, bool wait)
{
    m->guesses = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct import_column *c = &m->columns[i];
        if (c->target == IMPORT_FIELD && c->type == SCHEMA_NONE && wait && !guesses[i].seen) {
            m->guesses++;
        } else if (c->target == IMPORT_FIELD && c->type == SCHEMA_NONE) {
            c->type = import_guess_type(&guesses[i], &c->scale);
        }
    }
}

static bool map_unknown(struct catalog_txn *t, uint16_t event, const struct audience_import_options *o,
                        struct strv name, struct err *e)
{
    struct schema *s = schema_load(t, e);
    const struct schema_event *ev = s ? schema_event(s, event) : NULL;
    if (s && o->kind == IMPORT_CUSTOMERS) {
        schema_no_field(s, name, e);
    } else if (ev) {
        schema_no_attribute(ev, name, e);
    }
    schema_free(s);
    return false;
}

bool import_map_declare(struct import_map *m, struct catalog_txn *t, uint16_t event,
                        const struct audience_import_options *o, struct err *e)
{
    for (size_t i = 0; i < m->n; i++) {
        struct import_column *c = &m->columns[i];
        if (c->target != IMPORT_FIELD || c->id) {
            continue;
        }
        struct strv name = strv_from(c->name);
        if (o->known_only) {
            return map_unknown(t, event, o, name, e);
        }
        if (c->type == SCHEMA_NONE) { /* a name of which no line had a value yet */
            continue;
        }
        c->id = o->kind == IMPORT_CUSTOMERS
                    ? schema_add_field(t, name, c->type, c->scale, o->now, e)
                    : schema_add_attribute(t, event, name, c->type, c->scale, o->now, e);
        if (!c->id) {
            return err_prefix(e, "column \"%s\"", c->header);
        }
        c->declared = true;
    }
    return true;
}
