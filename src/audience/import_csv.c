#include "audience/import_csv.h"

#include <csv.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* --- lines without quotes, which most are: split where they lie --- */

/* Bits of the first `n` (at most 16) octets that are one of the three. */
static inline unsigned find_16(const char *p, size_t n, char a, char b, char c)
{
#ifdef __SSE2__
    if (n >= 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        return (unsigned)_mm_movemask_epi8(_mm_or_si128(
            _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(a)), _mm_cmpeq_epi8(x, _mm_set1_epi8(b))),
            _mm_cmpeq_epi8(x, _mm_set1_epi8(c))));
    }
#endif
    unsigned found = 0;
    for (unsigned i = 0; i < 16 && i < n; i++) {
        found |= (unsigned)(p[i] == a || p[i] == b || p[i] == c) << i;
    }
    return found;
}

static bool is_blank(char c, char delimiter)
{
    return (c == ' ' || c == '\t') && c != delimiter;
}

/* As libcsv has it: blanks around a field are not part of it. */
static void plain_field(struct run *r, const char *from, const char *to)
{
    while (from < to && is_blank(*from, r->delimiter)) {
        from++;
    }
    while (from < to && is_blank(to[-1], r->delimiter)) {
        to--;
    }
    if (r->n < IMPORT_MAX_COLUMNS) {
        r->fields[r->n] = (struct strv){ from, (size_t)(to - from) };
    }
    r->n++;
}

/* A record that is this one line, its newline left out. False, and nothing done: it is for the library. */
static bool plain_line(struct run *r, const char *line, size_t n)
{
    size_t from = 0;
    n -= n && line[n - 1] == '\r';
    for (size_t at = 0; at < n; at += 16) {
        for (unsigned found = find_16(line + at, n - at, r->delimiter, '"', '\r'); found;
             found &= found - 1) {
            size_t i = at + (unsigned)__builtin_ctz(found);
            if (i < n && line[i] != r->delimiter) {
                r->n = 0;
                return false;
            }
            if (i < n) {
                plain_field(r, line + from, line + i);
                from = i + 1;
            }
        }
    }
    plain_field(r, line + from, line + n);
    if (r->n > 1 || r->fields[0].n) { /* else the line is blank */
        r->stopped = !r->sink->record(r->sink->ctx, r->line, r->fields, r->n);
    }
    r->n = 0;
    return true;
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
    if (!reason && !p->inside && plain_line(r, octets.p + p->at, end - p->at - (newline != NULL))) {
        p->at = end;
        p->line++;
        return true;
    }
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

size_t import_csv_room(struct strv octets, size_t most)
{
    return octets.n > most && octets.n - most > IMPORT_MAX_RECORD ? most + IMPORT_MAX_RECORD : octets.n;
}

bool import_csv_read(struct strv octets, char delimiter, struct buf *texts,
                     const struct import_csv_sink *sink, uint64_t *line, struct err *e)
{
    size_t used;
    return import_csv_read_some(octets, octets.n, &used, delimiter, texts, sink, line, e);
}

bool import_csv_read_some(struct strv octets, size_t most, size_t *used, char delimiter, struct buf *texts,
                          const struct import_csv_sink *sink, uint64_t *line, struct err *e)
{
    struct run r = { .sink = sink, .texts = texts, .delimiter = delimiter, .line = *line };
    struct place p = { .line = *line };
    buf_clear(texts);
    if (!buf_reserve(texts, import_csv_room(octets, most) + 1) || !run_start(&r)) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    bool ok = true;
    while (ok && !r.stopped && (p.at < octets.n || p.inside) && (p.at < most || p.inside)) {
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
    *used = p.at;
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
