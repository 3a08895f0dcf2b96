#include "cli/import_tell.h"

#include "base/utf8.h"
#include "cli/doc.h"
#include "cli/text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define IMPORT_DRAW_EVERY   (100 * USEC_MS)
#define IMPORT_JSON_REJECTS 1000
#define IMPORT_BAR          24

static usec_t import_now(void)
{
    static const struct clock system_clock;
    return clock_mono(&system_clock);
}

void import_tell_begin(struct import_tell *t, struct cli *c, const char *name, const char *doing,
                       uint64_t size)
{
    FILE *file = t->file;
    *t = (struct import_tell){ .c = c, .name = name, .doing = doing, .size = size, .file = file };
    t->began = import_now();
    t->rejects = json_array();
}

void import_tell_end(struct import_tell *t)
{
    import_tell_clear(t);
    buf_free(&t->shown);
    json_decref(t->rejects);
    json_decref(t->columns);
    t->rejects = t->columns = NULL;
}

/* --- progress --- */

static void import_put_figures(const struct import_tell *t, struct buf *out, uint64_t at,
                               const struct import_tally *n, usec_t took)
{
    int64_t rows = n->rows - t->began_rows;
    if (t->size != 0) {
        buf_printf(out, " of %s", text_size(t->size).s);
    }
    buf_printf(out, "  %s rows", text_count(n->rows).s);
    if (took < USEC_SEC / 2) {
        return;
    }
    double seconds = (double)took / (double)USEC_SEC;
    buf_printf(out, "  %s rows/s", text_count((int64_t)((double)rows / seconds)).s);
    if (t->size > at && at > t->began_at) {
        double left = (double)took * (double)(t->size - at) / (double)(at - t->began_at);
        buf_printf(out, "  %s left", text_remaining((usec_t)left).s);
    }
}

void import_tell_progress(struct import_tell *t, uint64_t at, const struct import_tally *n)
{
    usec_t now = import_now();
    if (!t->c->term.err || (now - t->drawn < IMPORT_DRAW_EVERY && at < t->size)) {
        return;
    }
    struct buf out = { 0 };
    t->drawn = now;
    text_put_clean(&out, strv_from(t->name));
    buf_printf(&out, "  %s  ", t->doing);
    if (t->size != 0) {
        size_t bar_at = out.len;
        text_put_bar(&out, (int64_t)at, (int64_t)t->size, IMPORT_BAR, t->c->term.unicode);
        size_t width = utf8_width((struct strv){ (const char *)out.data + bar_at, out.len - bar_at });
        buf_printf(&out, "%*s %3u %%  ", (int)(IMPORT_BAR - width), "", (unsigned)(at * 100 / t->size));
    }
    buf_printf(&out, "%s", text_size(at).s);
    import_put_figures(t, &out, at, n, now - t->began);
    /* What is wider than the terminal would go on in the next line and stay there. */
    unsigned room = term_width(STDERR_FILENO);
    while (room > 1 && utf8_width((struct strv){ (const char *)out.data, out.len }) >= room) {
        out.len = utf8_cut((struct strv){ (const char *)out.data, out.len }, out.len - 1);
    }
    fprintf(stderr, "\r%s\033[K", buf_cstr(&out));
    fflush(stderr);
    t->line = true;
    buf_free(&out);
}

void import_tell_clear(struct import_tell *t)
{
    if (t->line) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        t->line = false;
    }
}

/* --- rejects --- */

static void import_put_reject(struct buf *out, const json_t *r)
{
    buf_printf(out, "  line %lld", (long long)doc_int(r, "line"));
    if (doc_strv(r, "column").n != 0) {
        buf_put_strv(out, STRV(", column "));
        text_put_clean(out, doc_strv(r, "column"));
    }
    buf_put_strv(out, STRV(": "));
    if (doc_strv(r, "value").n != 0) {
        buf_put_u8(out, '"');
        text_put_clean(out, doc_strv(r, "value"));
        buf_put_strv(out, STRV("\": "));
    }
    text_put_clean(out, doc_strv(r, "reason"));
    buf_put_u8(out, '\n');
}

static bool import_write_reject(struct import_tell *t, const json_t *r, struct err *e)
{
    struct buf row = { 0 };
    buf_printf(&row, "%lld,", (long long)doc_int(r, "line"));
    text_put_csv(&row, doc_strv(r, "column"));
    buf_put_u8(&row, ',');
    text_put_csv(&row, doc_strv(r, "value"));
    buf_put_u8(&row, ',');
    text_put_csv(&row, doc_strv(r, "reason"));
    buf_put_u8(&row, '\n');
    bool ok = !row.failed && fwrite(row.data, 1, row.len, t->file) == row.len;
    buf_free(&row);
    return ok || err_set_errno(e, errno, "the rejects cannot be written");
}

bool import_tell_rejects(struct import_tell *t, const json_t *rejects, struct err *e)
{
    for (size_t i = 0; i < json_array_size(rejects); i++) {
        json_t *r = json_array_get(rejects, i);
        if (t->n_rejects++ < IMPORT_SHOWN_REJECTS) {
            import_put_reject(&t->shown, r);
        }
        if (json_array_size(t->rejects) < IMPORT_JSON_REJECTS) {
            json_array_append(t->rejects, r);
        }
        if (t->file != NULL && !import_write_reject(t, r, e)) {
            return false;
        }
    }
    return t->file == NULL || fflush(t->file) == 0 ||
           err_set_errno(e, errno, "the rejects cannot be written");
}

void import_tell_show_rejects(struct import_tell *t, int64_t rejected)
{
    int64_t now = rejected - t->began_rejected;
    if (now <= 0 || t->n_rejects == 0) {
        return;
    }
    import_tell_clear(t);
    fprintf(stderr, "tessera: %s: %s %s rejected%s\n%s", t->name, text_count(now).s,
            now == 1 ? "line was" : "lines were", now > IMPORT_SHOWN_REJECTS ? ", the first:" : ":",
            buf_cstr(&t->shown));
    if (now > IMPORT_SHOWN_REJECTS && t->file == NULL) {
        fprintf(stderr, "  and %s more; --rejects FILE writes all of them\n",
                text_count(now - IMPORT_SHOWN_REJECTS).s);
    }
    if (t->began_rejected != 0) {
        fprintf(stderr, "  and %s in an earlier run, which broke off\n", text_count(t->began_rejected).s);
    }
}

/* --- what came of it --- */

void import_tally_add(struct import_tally *n, const json_t *counts)
{
    n->rows += doc_int(counts, "rows");
    n->accepted += doc_int(counts, "accepted");
    n->created += doc_int(counts, "created");
    n->updated += doc_int(counts, "updated");
    n->unchanged += doc_int(counts, "unchanged");
    n->events += doc_int(counts, "events");
    n->duplicates += doc_int(counts, "duplicates");
    n->rejected += doc_int(counts, "rejected");
    n->skipped += doc_int(counts, "skipped");
}

json_t *import_tally_json(const struct import_tally *n)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rows", (json_int_t)n->rows, "accepted",
                     (json_int_t)n->accepted, "created", (json_int_t)n->created, "updated",
                     (json_int_t)n->updated, "unchanged", (json_int_t)n->unchanged, "events",
                     (json_int_t)n->events, "duplicates", (json_int_t)n->duplicates, "rejected",
                     (json_int_t)n->rejected, "skipped", (json_int_t)n->skipped);
}

static void import_put_count(struct buf *out, const char *what, int64_t n, bool always)
{
    if (n != 0 || always) {
        buf_printf(out, ", %s %s", text_count(n).s, what);
    }
}

void import_tally_put(const struct cli *c, struct buf *out, const struct import_tell *t,
                      const struct import_tally *n, bool dry_run, bool events)
{
    usec_t took = import_now() - t->began;
    cli_put_styled(c, out, STYLE_STRONG, t->name);
    buf_printf(out, ": %s%s %s in %s", dry_run ? "looked at " : "", text_count(n->rows).s,
               n->rows == 1 ? "row" : "rows", text_duration(took).s);
    int64_t rows = n->rows - t->began_rows;
    if (took > USEC_SEC / 10 && rows > 1000) {
        buf_printf(out, " (%s a second)", text_count((int64_t)((double)rows * 1e6 / (double)took)).s);
    }
    buf_put_strv(out, STRV("\n"));
    struct buf line = { 0 };
    if (dry_run) {
        import_put_count(&line, "can be imported", n->accepted, true);
    } else if (events) {
        import_put_count(&line, "events", n->events, true);
        import_put_count(&line, "known before", n->duplicates, false);
        import_put_count(&line, "customers created", n->created, false);
    } else {
        import_put_count(&line, "created", n->created, true);
        import_put_count(&line, "updated", n->updated, true);
        import_put_count(&line, "unchanged", n->unchanged, true);
    }
    import_put_count(&line, "rejected", n->rejected, true);
    import_put_count(&line, "passed over by the ready mapping", n->skipped, false);
    buf_printf(out, "  %s\n", line.len > 2 ? buf_cstr(&line) + 2 : "");
    buf_free(&line);
    if (t->began_at != 0) {
        buf_printf(out, "  (an earlier run had come as far as %s)\n", text_size(t->began_at).s);
    }
    import_tell_put_columns(t, out, !dry_run);
    if (dry_run) {
        buf_put_strv(out, STRV("  nothing was changed\n"));
    }
}

void import_tell_put_columns(const struct import_tell *t, struct buf *out, bool only_new)
{
    struct table *table = cli_table(t->c, 2);
    table_column(table, "column", TABLE_LEFT);
    table_column(table, "goes to", TABLE_LEFT);
    table_column(table, "type", TABLE_LEFT);
    table_column(table, "", TABLE_LEFT);
    for (size_t i = 0; i < json_array_size(t->columns); i++) {
        const json_t *col = json_array_get(t->columns, i);
        if (!only_new || doc_bool(col, "new")) {
            table_strv(table, doc_strv(col, "column"), STYLE_PLAIN);
            table_strv(table, doc_strv(col, "target"), STYLE_PLAIN);
            table_strv(table, doc_strv(col, "type"), STYLE_PLAIN);
            table_styled(table, doc_bool(col, "new") ? "new" : "", STYLE_FAINT);
        }
    }
    if (table_rows(table) != 0) {
        table_put(table, out);
    }
    table_free(table);
}
