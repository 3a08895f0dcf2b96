#include "audience/import_csv.h"

#include <csv.h>
#include <string.h>

struct run {
    struct csv_parser parser;
    const struct import_csv_sink *sink;
    struct buf *texts;
    size_t record_texts; /* length of texts when the record began */
    struct strv fields[IMPORT_MAX_COLUMNS];
    size_t n;
    uint64_t line; /* of the record */
    bool stopped;
    char delimiter;
};

static bool run_start(struct run *r)
{
    if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return false;
    }
    csv_set_delim(&r->parser, (unsigned char)r->delimiter);
    csv_set_blk_size(&r->parser, 4096);
    return true;
}

static void on_field(void *text, size_t n, void *data)
{
    struct run *r = data;
    if (r->n < IMPORT_MAX_COLUMNS && !r->stopped) {
        /* Room was made for all the octets: the buffer does not move. */
        size_t at = r->texts->len;
        buf_put(r->texts, text, n);
        r->fields[r->n] = (struct strv){ (const char *)r->texts->data + at, n };
    }
    r->n++;
}

static void on_record(int end, void *data)
{
    struct run *r = data;
    (void)end;
    if (!r->stopped && !r->sink->record(r->sink->ctx, r->line, r->fields, r->n)) {
        r->stopped = true;
    }
    r->n = 0;
    r->record_texts = r->texts->len;
}

/* Where reading stands: the record began at `record`, its first line ends at `resume`. */
struct place {
    size_t at, record, resume;
    uint64_t line, record_line;
    bool inside;
};

/* Reports the record and goes back to the line after its first. */
static bool give_up(struct run *r, struct place *p, const char *reason)
{
    r->sink->broken(r->sink->ctx, p->record_line, r->n, reason);
    r->n = 0;
    r->texts->len = r->record_texts;
    csv_free(&r->parser);
    p->at = p->resume;
    p->line = p->record_line + 1;
    p->inside = false;
    return run_start(r);
}

static const char *too_much(const struct place *p, size_t end)
{
    if (end - p->record > IMPORT_MAX_RECORD) {
        return "the record is longer than 1 MiB";
    }
    return p->line - p->record_line >= IMPORT_MAX_LINES ? "a quote is opened and not closed" : NULL;
}

/* One line. False: out of memory. */
static bool read_line(struct run *r, struct place *p, struct strv octets)
{
    const char *newline = memchr(octets.p + p->at, '\n', octets.n - p->at);
    size_t end = newline ? (size_t)(newline - octets.p) + 1 : octets.n;
    if (!p->inside) {
        p->record = p->at;
        p->resume = end;
        p->record_line = r->line = p->line;
    }
    const char *reason = too_much(p, end);
    if (!reason) {
        size_t got = csv_parse(&r->parser, octets.p + p->at, end - p->at, on_field, on_record, r);
        if (got != end - p->at) {
            if (csv_error(&r->parser) == CSV_ENOMEM) {
                return false;
            }
            reason = "a quote in the middle of a field, or text after a closing quote";
        }
    }
    if (reason) {
        return give_up(r, p, reason);
    }
    p->at = end;
    p->line++;
    /* State 0 is the beginning of a record: anything else goes on in the next line. */
    p->inside = r->n > 0 || r->parser.pstate != 0;
    return true;
}

bool import_csv_read(struct strv octets, char delimiter, struct buf *texts,
                     const struct import_csv_sink *sink, uint64_t *line, struct err *e)
{
    struct run r = { .sink = sink, .texts = texts, .delimiter = delimiter, .line = *line };
    struct place p = { .line = *line };
    buf_clear(texts);
    if (!buf_reserve(texts, octets.n + 1) || !run_start(&r)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    bool ok = true;
    while (ok && !r.stopped && (p.at < octets.n || p.inside)) {
        if (p.at < octets.n) {
            ok = read_line(&r, &p, octets);
        } else if (csv_fini(&r.parser, on_field, on_record, &r) != 0) {
            ok = give_up(&r, &p, "a quote is opened and not closed");
        } else {
            p.inside = false;
        }
    }
    csv_free(&r.parser);
    *line = p.line;
    return ok || err_set(e, ERR_NOMEM, "out of memory");
}

char import_csv_delimiter(struct strv header)
{
    static const char known[] = { ',', ';', '\t' };
    for (size_t i = 0; i < sizeof(known); i++) {
        if (header.n && memchr(header.p, known[i], header.n)) {
            return known[i];
        }
    }
    return ',';
}
