#include "cli/split.h"

#include <string.h>

size_t split_header(struct strv octets, bool at_end)
{
    bool quoted = false;
    for (size_t i = 0; i < octets.n; i++) {
        quoted = quoted != (octets.p[i] == '"');
        if (octets.p[i] == '\n' && !quoted) {
            return i + 1;
        }
    }
    return at_end ? octets.n : 0;
}

char split_delimiter(struct strv header)
{
    static const char KNOWN[] = { ',', ';', '\t' };
    for (size_t i = 0; i < sizeof KNOWN; i++) {
        if (header.n != 0 && memchr(header.p, KNOWN[i], header.n) != NULL) {
            return KNOWN[i];
        }
    }
    return ',';
}

enum split_state { RECORD_BEGIN, FIELD_BEGIN, PLAIN, QUOTED, QUOTE_IN_QUOTED, AFTER_QUOTED, BROKEN };

static enum split_state split_step(enum split_state s, char c, char delimiter)
{
    bool newline = c == '\n' || c == '\r';
    switch (s) {
    case RECORD_BEGIN:
    case FIELD_BEGIN:
        if (newline) {
            return RECORD_BEGIN;
        }
        if (c == delimiter) {
            return FIELD_BEGIN;
        }
        return c == '"' ? QUOTED : c == ' ' || c == '\t' ? s : PLAIN;
    case PLAIN: return newline ? RECORD_BEGIN : c == delimiter ? FIELD_BEGIN : c == '"' ? BROKEN : PLAIN;
    case QUOTED: return c == '"' ? QUOTE_IN_QUOTED : QUOTED;
    case QUOTE_IN_QUOTED:
        if (c == '"') {
            return QUOTED;
        } /* fall through */
    case AFTER_QUOTED:
        if (newline) {
            return RECORD_BEGIN;
        }
        return c == delimiter ? FIELD_BEGIN : c == ' ' || c == '\t' ? AFTER_QUOTED : BROKEN;
    case BROKEN: break;
    }
    return BROKEN;
}

size_t split_record(struct strv octets, char delimiter, bool at_end)
{
    enum split_state s = RECORD_BEGIN;
    size_t first_line = 0, at = 0;
    for (unsigned lines = 1; at < octets.n; lines++) {
        const char *newline = memchr(octets.p + at, '\n', octets.n - at);
        size_t end = newline != NULL ? (size_t)(newline - octets.p) + 1 : octets.n;
        if (newline == NULL && !at_end) {
            return first_line != 0 && end > SPLIT_MAX_RECORD ? first_line : 0;
        }
        first_line = first_line == 0 ? end : first_line;
        if (end > SPLIT_MAX_RECORD || lines > SPLIT_MAX_LINES) {
            return first_line;
        }
        for (; at < end && s != BROKEN; at++) {
            s = split_step(s, octets.p[at], delimiter);
        }
        if (s == BROKEN) {
            return first_line;
        }
        if (s == RECORD_BEGIN) {
            return end;
        }
    }
    return at_end ? first_line != 0 && s == QUOTED ? first_line : octets.n : 0;
}

static size_t split_line(struct strv octets, bool at_end)
{
    const char *newline = memchr(octets.p, '\n', octets.n);
    return newline != NULL ? (size_t)(newline - octets.p) + 1 : at_end ? octets.n : 0;
}

size_t split_piece(const struct split *s, struct strv octets, size_t header, bool at_end)
{
    size_t n = header;
    for (size_t records = 0; n < octets.n; records++) {
        struct strv rest = strv_sub(octets, n, octets.n);
        size_t one = s->lines ? split_line(rest, at_end) : split_record(rest, s->delimiter, at_end);
        if (one == 0) {
            /* What is there is enough for a piece only if the record that is not complete goes into the next.
             */
            return octets.n >= s->target ? n : 0;
        }
        if (n != 0 && (n + one > s->target || (s->max_records != 0 && records == s->max_records))) {
            return n;
        }
        n += one;
    }
    return n >= s->target || at_end ? n : 0;
}
