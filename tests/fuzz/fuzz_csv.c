/* Files of other people: CSV records with their line numbers. The first octet chooses the delimiter. Every
 * record and every complaint lies between the first line and the last, in order, and a record handed over in
 * two halves (cut where a record ends) reads as the whole does. */
#include "fuzz.h"

#include "audience/import_csv.h"

#include <stdlib.h>
#include <string.h>

struct seen {
    uint64_t line, records, broken, fields, octets;
    unsigned limit;
};

static void require(bool ok)
{
    if (!ok)
        abort();
}

static bool record(void *ctx, uint64_t line, const struct strv *fields, size_t n)
{
    struct seen *s = ctx;
    require(line >= s->line);
    s->line = line;
    s->records++;
    for (size_t i = 0; i < n && i < IMPORT_MAX_COLUMNS; i++) {
        s->fields++;
        for (size_t k = 0; k < fields[i].n; k++) /* reads every octet */
            s->octets += (uint8_t)fields[i].p[k];
    }
    return s->limit == 0 || --s->limit > 0;
}

static void broken(void *ctx, uint64_t line, size_t column, const char *reason)
{
    struct seen *s = ctx;
    require(line >= s->line && reason != NULL && column <= IMPORT_MAX_RECORD);
    s->line = line;
    s->broken++;
}

static struct seen read_all(struct strv text, char delimiter, unsigned limit)
{
    struct seen s = { .limit = limit };
    const struct import_csv_sink sink = { &s, record, broken };
    struct buf texts = { 0 };
    struct err e = { 0 };
    uint64_t line = 1, lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n' || text.p[i] == '\r';
    import_csv_read(text, delimiter, &texts, &sink, &line, &e);
    require(line >= 1 && line <= lines + 1 && s.line <= lines);
    buf_free(&texts);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = { ',', ';', '\t', '|' };
    if (size < 1)
        return 0;
    struct strv text = { (const char *)data + 1, size - 1 };
    struct seen all = read_all(text, delimiters[data[0] % 4], 0);
    struct seen some = read_all(text, delimiters[data[0] % 4], 1);
    require(some.records <= 1 && some.records <= all.records);
    char found = import_csv_delimiter(text);
    require(found == ',' || found == ';' || found == '\t');
    return 0;
}
