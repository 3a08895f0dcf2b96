#include "cli/table.h"

#include "base/utf8.h"
#include "cli/text.h"

#include <stdlib.h>

#define TABLE_GAP        2
#define TABLE_LAST_LEAST 12 /* columns the last one keeps, however narrow the terminal */

struct cell {
    size_t at, len, width;
    enum style style;
};

struct table {
    struct table_look look;
    struct {
        const char *title;
        enum table_align align;
        size_t width;
    } columns[TABLE_MAX_COLUMNS];
    size_t n_columns;
    struct cell *cells;
    size_t n_cells, cap_cells;
    struct buf texts;
    bool header_done, titled;
};

struct table *table_new(const struct table_look *look)
{
    struct table *t = calloc(1, sizeof *t);
    if (t != NULL) {
        t->look = *look;
    }
    return t;
}

void table_free(struct table *t)
{
    if (t != NULL) {
        buf_free(&t->texts);
        free(t->cells);
        free(t);
    }
}

void table_column(struct table *t, const char *title, enum table_align align)
{
    if (t != NULL && t->n_columns < TABLE_MAX_COLUMNS) {
        t->columns[t->n_columns].title = title;
        t->columns[t->n_columns].align = align;
        t->columns[t->n_columns++].width = utf8_width(strv_from(title));
        t->titled = t->titled || title[0] != '\0';
    }
}

static struct strv table_cell_text(const struct table *t, const struct cell *c)
{
    return c->len != 0 ? (struct strv){ (const char *)t->texts.data + c->at, c->len } : (struct strv){ 0 };
}

/* The text was appended to t->texts from `at` on. */
static void table_add(struct table *t, size_t at, enum style style)
{
    if (t->n_cells == t->cap_cells) {
        size_t cap = t->cap_cells != 0 ? t->cap_cells * 2 : 64;
        struct cell *p = realloc(t->cells, cap * sizeof *p);
        if (p == NULL) {
            return;
        }
        t->cells = p;
        t->cap_cells = cap;
    }
    struct cell *c = &t->cells[t->n_cells];
    *c = (struct cell){ .at = at, .len = t->texts.len - at, .style = style };
    c->width = utf8_width(table_cell_text(t, c));
    size_t column = t->n_cells++ % t->n_columns;
    if (c->width > t->columns[column].width) {
        t->columns[column].width = c->width;
    }
}

void table_strv(struct table *t, struct strv text, enum style style)
{
    if (t != NULL && t->n_columns != 0) {
        size_t at = t->texts.len;
        text_put_clean(&t->texts, text);
        table_add(t, at, style);
    }
}

void table_raw(struct table *t, struct strv text, enum style style)
{
    if (t != NULL && t->n_columns != 0) {
        size_t at = t->texts.len;
        buf_put_strv(&t->texts, text);
        table_add(t, at, style);
    }
}

void table_text(struct table *t, const char *text)
{
    table_strv(t, strv_from(text), STYLE_PLAIN);
}

void table_styled(struct table *t, const char *text, enum style style)
{
    table_strv(t, strv_from(text), style);
}

void table_count(struct table *t, int64_t n)
{
    table_styled(t, text_count(n).s, n == 0 ? STYLE_FAINT : STYLE_PLAIN);
}

size_t table_rows(const struct table *t)
{
    return t != NULL && t->n_columns != 0 ? t->n_cells / t->n_columns : 0;
}

static void table_put_spaces(struct buf *out, size_t n)
{
    for (; n > 0; n--) {
        buf_put_u8(out, ' ');
    }
}

/* The longest prefix that fits in so many columns. */
static struct strv table_cut(struct strv text, size_t columns)
{
    while (utf8_width(text) > columns && text.n != 0) {
        text.n = utf8_cut(text, text.n - 1);
    }
    return text;
}

static void table_put_last(const struct table *t, struct buf *out, struct strv text, size_t width,
                           size_t used, enum style style)
{
    size_t room = t->look.width > used + TABLE_LAST_LEAST ? t->look.width - used : TABLE_LAST_LEAST;
    if (t->look.width == 0 || width <= room) {
        term_put_style(out, t->look.colour, style, text);
        return;
    }
    struct strv dots = t->look.unicode ? STRV("\xE2\x80\xA6") : STRV("...");
    term_put_style(out, t->look.colour, style, table_cut(text, room - utf8_width(dots)));
    buf_put_strv(out, dots);
}

static void table_put_cell(const struct table *t, struct buf *out, size_t column, struct strv text,
                           size_t width, enum style style, size_t *used)
{
    bool last = column + 1 == t->n_columns, right = t->columns[column].align == TABLE_RIGHT;
    size_t pad = t->columns[column].width - width;
    if (right) {
        table_put_spaces(out, pad);
    }
    if (last && !right) {
        table_put_last(t, out, text, width, *used, style);
        return;
    }
    term_put_style(out, t->look.colour, style, text);
    if (!last) {
        table_put_spaces(out, (right ? 0 : pad) + TABLE_GAP);
    }
    *used += t->columns[column].width + TABLE_GAP;
}

static void table_trim(struct buf *out)
{
    while (out->len != 0 && out->data[out->len - 1] == ' ') {
        out->len--;
    }
    buf_put_u8(out, '\n');
}

void table_put(struct table *t, struct buf *out)
{
    if (t == NULL || t->n_columns == 0) {
        return;
    }
    if (!t->header_done && t->titled) {
        size_t used = t->look.indent;
        table_put_spaces(out, t->look.indent);
        for (size_t k = 0; k < t->n_columns; k++) {
            struct strv title = strv_from(t->columns[k].title);
            table_put_cell(t, out, k, title, utf8_width(title), STYLE_FAINT, &used);
        }
        table_trim(out);
    }
    t->header_done = true;
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns) {
        size_t used = t->look.indent;
        table_put_spaces(out, t->look.indent);
        for (size_t k = 0; k < t->n_columns; k++) {
            const struct cell *c = &t->cells[i + k];
            table_put_cell(t, out, k, table_cell_text(t, c), c->width, c->style, &used);
        }
        table_trim(out);
    }
    t->n_cells = 0;
    buf_clear(&t->texts);
}
