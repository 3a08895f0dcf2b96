#include "audience/rfm.h"

#include "domain/table.h"

#include <stdlib.h>
#include <string.h>

#define MOST_ROWS RFM_CELLS

struct rfm_classes {
    struct table table; /* the names point into it */
    struct rfm_class rows[MOST_ROWS];
    size_t n;
};

#define CLASS(name, r1, r2, f1, f2, m1, m2)                                                                  \
    {                                                                                                        \
        { name, sizeof name - 1 }, { r1, r2 }, { f1, f2 },                                                   \
        {                                                                                                    \
            m1, m2                                                                                           \
        }                                                                                                    \
    }

static const struct rfm_class builtin[] = {
    CLASS("champions", 4, 5, 4, 5, 4, 5),
    CLASS("cannot lose them", 1, 2, 4, 5, 4, 5),
    CLASS("loyal customers", 3, 5, 4, 5, 1, 5),
    CLASS("at risk", 1, 2, 3, 5, 1, 5),
    CLASS("new customers", 5, 5, 1, 1, 1, 5),
    CLASS("promising", 4, 4, 1, 1, 1, 5),
    CLASS("potential loyalists", 4, 5, 2, 3, 1, 5),
    CLASS("need attention", 3, 3, 3, 3, 1, 5),
    CLASS("about to sleep", 3, 3, 1, 2, 1, 5),
    CLASS("hibernating", 2, 2, 1, 2, 1, 5),
    CLASS("lost", 1, 1, 1, 2, 1, 5),
};

static bool score_digit(char c, uint8_t *out)
{
    *out = (uint8_t)(c - '0');
    return c >= '1' && c <= '0' + RFM_SCORES;
}

/* "4" or "2-5" */
static bool score_range(struct strv s, uint8_t *from, uint8_t *to)
{
    if (s.n == 1)
        return score_digit(s.p[0], from) && score_digit(s.p[0], to);
    return s.n == 3 && s.p[1] == '-' && score_digit(s.p[0], from) && score_digit(s.p[2], to) && *from <= *to;
}

static bool classes_row(struct rfm_classes *c, const struct strv *fields, struct err *e)
{
    struct rfm_class *row = &c->rows[c->n];
    row->name = strv_trim(fields[0]);
    if (row->name.n == 0)
        return table_error(&c->table, e, "a class needs a name");
    if (c->n + 1 == MOST_ROWS)
        return table_error(&c->table, e, "more than %d rows", MOST_ROWS - 1);
    if (!score_range(fields[1], &row->r.from, &row->r.to) ||
        !score_range(fields[2], &row->f.from, &row->f.to) ||
        !score_range(fields[3], &row->m.from, &row->m.to))
        return table_error(&c->table, e, "scores are 1 to 5, as in \"4\" or \"2-5\"");
    c->n++;
    return true;
}

static struct rfm_classes *classes_read(struct rfm_classes *c, struct err *e)
{
    struct strv fields[4];
    bool ok = true;
    e->code = ERR_NONE;
    while (ok && table_next(&c->table, fields, e))
        ok = classes_row(c, fields, e);
    if (ok && e->code == ERR_NONE)
        return c;
    rfm_classes_free(c);
    return NULL;
}

static struct rfm_classes *classes_new(struct err *e)
{
    struct rfm_classes *c = calloc(1, sizeof *c);
    if (!c)
        err_set(e, ERR_NOMEM, "out of memory");
    return c;
}

#define COLUMNS "class,r,f,m"

struct rfm_classes *rfm_classes_load(const char *path, struct err *e)
{
    struct rfm_classes *c = classes_new(e);
    if (c && table_load(&c->table, path, COLUMNS, e))
        return classes_read(c, e);
    free(c);
    return NULL;
}

struct rfm_classes *rfm_classes_from(struct strv text, const char *name, struct err *e)
{
    struct rfm_classes *c = classes_new(e);
    if (c && table_from(&c->table, text, name, COLUMNS, e))
        return classes_read(c, e);
    free(c);
    return NULL;
}

void rfm_classes_free(struct rfm_classes *c)
{
    if (!c)
        return;
    table_free(&c->table);
    free(c);
}

const struct rfm_class *rfm_classes_rows(const struct rfm_classes *c, size_t *n)
{
    *n = c ? c->n : sizeof builtin / sizeof builtin[0];
    return c ? c->rows : builtin;
}

const struct rfm_class *rfm_class_of(const struct rfm_classes *c, unsigned r, unsigned f, unsigned m)
{
    size_t n;
    const struct rfm_class *rows = rfm_classes_rows(c, &n);
    for (size_t i = 0; i < n; i++)
        if (r >= rows[i].r.from && r <= rows[i].r.to && f >= rows[i].f.from && f <= rows[i].f.to &&
            m >= rows[i].m.from && m <= rows[i].m.to)
            return &rows[i];
    return NULL;
}
