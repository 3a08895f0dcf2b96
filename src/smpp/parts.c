#include "smpp/parts.h"

#include "base/utf8.h"
#include "smpp/udh.h"

#include <string.h>

#define NO_LIMIT UINT32_MAX

unsigned parts_capacity(enum alphabet a, enum parts_mode mode, bool alone)
{
    /* 140 octets of user data, less the header in whole units */
    static const unsigned septets[] = { 160, 153, 152 }, units[] = { 70, 67, 66 },
                          octets[] = { 140, 134, 133 };
    unsigned column = alone ? 0 : mode == PARTS_UDH16 ? 2 : 1;
    if (mode == PARTS_PAYLOAD)
        return NO_LIMIT;
    switch (a) {
    case ALPHABET_GSM7:
    case ALPHABET_ASCII: return septets[column]; /* IA5 goes over the air as septets */
    case ALPHABET_UCS2: return units[column];
    default: return octets[column];
    }
}

/* Octets of `rest` for one part: whole characters, and not inside a grapheme cluster unless that fills the
 * part alone. Of the 7- and 8-bit alphabets only CR LF is one, and that may be split. */
static size_t cut(enum alphabet a, struct strv rest, size_t capacity, size_t *units)
{
    size_t n = alphabet_fit(a, rest, capacity, units);
    if (a != ALPHABET_UCS2 || n == rest.n)
        return n;
    size_t whole = utf8_cut(rest, n);
    if (whole == 0 || whole == n)
        return n;
    return alphabet_fit(a, strv_sub(rest, 0, whole), capacity, units);
}

struct parts_estimate parts_count_in(struct strv utf8, enum alphabet a, enum parts_mode mode)
{
    struct parts_estimate e = { .alphabet = a, .parts = 1 };
    size_t units;
    unsigned capacity = parts_capacity(a, mode, true);
    if (alphabet_fit(a, utf8, capacity, &units) == utf8.n) {
        e.units = (uint32_t)units;
        e.left = mode == PARTS_PAYLOAD ? 0 : (uint32_t)(capacity - units);
        return e;
    }
    capacity = parts_capacity(a, mode, false);
    e.parts = 0;
    for (struct strv rest = utf8; rest.n; e.parts++) {
        size_t n = cut(a, rest, capacity, &units);
        e.units += (uint32_t)units;
        e.left = (uint32_t)(capacity - units);
        rest = strv_sub(rest, n, rest.n - n);
    }
    return e;
}

struct parts_estimate parts_count(struct strv utf8, enum parts_mode mode)
{
    return parts_count_in(utf8, alphabet_choose(utf8), mode);
}

void parts_free(struct parts *p)
{
    buf_free(&p->octets);
    p->count = 0;
}

/* Appends one part; its header, if any, is numbered when the count is known. */
static bool add_part(struct parts *p, struct strv text, unsigned header)
{
    static const uint8_t blank[7];
    if (p->count == PARTS_MAX || !buf_put(&p->octets, blank, header))
        return false;
    if (!alphabet_encode(p->alphabet, text, &p->octets, NULL))
        return false;
    p->end[p->count++] = (uint32_t)p->octets.len;
    return true;
}

static void number_parts(struct parts *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t *at = p->octets.data + (i ? p->end[i - 1] : 0);
        udh_write_concat(at, p->mode == PARTS_UDH16 ? 16 : 8, p->reference, (uint8_t)p->count,
                         (uint8_t)(i + 1));
    }
}

static unsigned header_size(enum parts_mode mode)
{
    return mode == PARTS_UDH8 ? 6 : mode == PARTS_UDH16 ? 7 : 0;
}

bool parts_split(struct parts *p, struct strv utf8, enum alphabet a, enum parts_mode mode, uint16_t reference)
{
    size_t units;
    buf_clear(&p->octets);
    p->alphabet = a;
    p->mode = mode;
    p->reference = reference;
    p->count = 0;
    p->udhi = false;
    p->data_coding = data_coding_for(a);
    if (alphabet_fit(a, utf8, parts_capacity(a, mode, true), &units) == utf8.n)
        return add_part(p, utf8, 0);

    unsigned header = header_size(mode), capacity = parts_capacity(a, mode, false);
    for (struct strv rest = utf8; rest.n;) {
        size_t n = cut(a, rest, capacity, &units);
        if (!add_part(p, strv_sub(rest, 0, n), header)) {
            p->count = 0;
            return false;
        }
        rest = strv_sub(rest, n, rest.n - n);
    }
    p->udhi = header > 0;
    if (p->udhi)
        number_parts(p);
    return true;
}

struct strv parts_get(const struct parts *p, unsigned i)
{
    if (i >= p->count)
        return (struct strv){ NULL, 0 };
    uint32_t start = i ? p->end[i - 1] : 0;
    return (struct strv){ (const char *)p->octets.data + start, p->end[i] - start };
}

struct strv parts_data(const struct parts *p, unsigned i)
{
    struct strv part = parts_get(p, i);
    unsigned header = p->udhi ? header_size(p->mode) : 0;
    return strv_sub(part, header, part.n);
}
