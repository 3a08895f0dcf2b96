#include "smpp/parts.h"

#include "base/utf8.h"
#include "smpp/parts_inside.h"
#include "smpp/udh.h"

#define NO_LIMIT    UINT32_MAX
#define MAX_PAYLOAD 65535 /* octets a TLV can hold */
#define MAX_HEADER  13    /* length, 16-bit concatenation, two tables */
#define UDHI        0x40

static const char *const mode_names[] = { "udh8", "udh16", "sar", "payload" };

const char *parts_mode_name(enum parts_mode mode)
{
    return mode_names[mode <= PARTS_PAYLOAD ? mode : PARTS_UDH8];
}

bool parts_mode_parse(struct strv name, enum parts_mode *mode)
{
    for (unsigned i = 0; i <= PARTS_PAYLOAD; i++) {
        if (strv_eq_c(name, mode_names[i])) {
            *mode = (enum parts_mode)i;
            return true;
        }
    }
    return false;
}

/* Octets of the elements that name tables. */
static unsigned elements_size(struct shift s)
{
    return (s.single ? 3 : 0) + (s.locking ? 3 : 0);
}

/* Octets of header of a part. */
static unsigned header_size(enum parts_mode mode, struct shift s, bool alone)
{
    unsigned n = elements_size(s) + (alone || mode > PARTS_UDH16 ? 0 : mode == PARTS_UDH16 ? 6 : 5);
    return n ? n + 1 : 0;
}

unsigned parts_capacity_shifted(enum alphabet a, struct shift s, enum parts_mode mode, bool alone)
{
    if (mode == PARTS_PAYLOAD)
        return NO_LIMIT;
    /* With SAR the carrier puts the header in, 8 bits wide or what it likes. */
    unsigned octets = 140 - header_size(mode == PARTS_SAR ? PARTS_UDH8 : mode, s, alone);
    switch (a) {
    case ALPHABET_GSM7:
    case ALPHABET_ASCII: return octets * 8 / 7; /* IA5 goes over the air as septets */
    case ALPHABET_UCS2: return octets / 2;
    default: return octets;
    }
}

unsigned parts_capacity(enum alphabet a, enum parts_mode mode, bool alone)
{
    return parts_capacity_shifted(a, (struct shift){ 0, 0 }, mode, alone);
}

static size_t fit(const struct parts_coding *c, struct strv utf8, size_t capacity, size_t *units)
{
    return c->map ? shift_fit(c->map, utf8, capacity, units)
                  : alphabet_fit(c->alphabet, utf8, capacity, units);
}

/* Octets of `rest` for one part: whole characters, and not inside a grapheme cluster unless that fills the
 * part alone. Of the 7- and 8-bit alphabets only CR LF is one. */
static size_t cut(const struct parts_coding *c, struct strv rest, size_t capacity, size_t *units)
{
    size_t n = fit(c, rest, capacity, units), whole = n;
    if (n == rest.n || n == 0 || c->alphabet == ALPHABET_BINARY)
        return n;
    if (c->alphabet == ALPHABET_UCS2 || c->map)
        whole = utf8_cut(rest, n);
    else if (rest.p[n - 1] == '\r' && rest.p[n] == '\n')
        whole = n - 1;
    if (whole == 0 || whole == n)
        return n;
    return fit(c, strv_sub(rest, 0, whole), capacity, units);
}

struct parts_estimate parts_count_coded(struct strv utf8, const struct parts_coding *c, enum parts_mode mode)
{
    struct parts_estimate e = { .alphabet = c->alphabet, .shift = c->shift, .parts = 1 };
    size_t units;
    unsigned capacity = parts_capacity_shifted(c->alphabet, c->shift, mode, true);
    if (fit(c, utf8, capacity, &units) == utf8.n) {
        e.units = (uint32_t)units;
        e.left = mode == PARTS_PAYLOAD ? 0 : (uint32_t)(capacity - units);
        return e;
    }
    capacity = parts_capacity_shifted(c->alphabet, c->shift, mode, false);
    e.parts = 0;
    for (struct strv rest = utf8; rest.n; e.parts++) {
        size_t n = cut(c, rest, capacity, &units);
        e.units += (uint32_t)units;
        e.left = (uint32_t)(capacity - units);
        rest = strv_sub(rest, n, rest.n - n);
    }
    return e;
}

struct parts_estimate parts_count_in(struct strv utf8, enum alphabet a, enum parts_mode mode)
{
    struct parts_coding c = { .alphabet = a };
    return parts_count_coded(utf8, &c, mode);
}

struct parts_estimate parts_count(struct strv utf8, enum parts_mode mode)
{
    return parts_count_in(utf8, alphabet_choose(utf8), mode);
}

void parts_free(struct parts *p)
{
    buf_free(&p->octets);
    buf_free(&p->scratch);
    p->count = 0;
}

/* --- making them --- */

static bool encode(const struct parts_coding *c, struct strv text, struct buf *out)
{
    if (c->map)
        return shift_encode(c->map, text, out, NULL);
    return alphabet_encode(c->alphabet == ALPHABET_GSM7 ? c->wire : c->alphabet, text, out, NULL);
}

/* Seven bits to a septet, from the first septet boundary after the header. The reader of octets cannot tell
 * seven zero bits at the end from an '@': a CR is put there instead, as TS 23.038 §6.1.2.3.1 does. */
static bool encode_packed(struct parts *p, const struct parts_coding *c, struct strv text)
{
    struct buf septets = { 0 };
    bool ok = encode(c, text, &septets);
    unsigned fill = (7 - 8 * p->header % 7) % 7;
    bool spare = (fill + 7 * septets.len) % 8 == 1;
    ok = ok &&
         alphabet_pack7((struct strv){ (const char *)septets.data, septets.len }, fill, spare, &p->octets);
    buf_free(&septets);
    return ok;
}

/* Appends one part; its header, if any, is written when the count is known. */
static bool add_part(struct parts *p, const struct parts_coding *c, struct strv text)
{
    static const uint8_t blank[MAX_HEADER];
    if (p->count == PARTS_MAX || (p->header && !buf_put(&p->octets, blank, p->header)))
        return false;
    if (!(p->packed ? encode_packed(p, c, text) : encode(c, text, &p->octets)))
        return false;
    if (p->mode == PARTS_PAYLOAD && p->octets.len > MAX_PAYLOAD)
        return false;
    p->end[p->count++] = (uint32_t)p->octets.len;
    return true;
}

static void write_headers(struct parts *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t *at = p->octets.data + (i ? p->end[i - 1] : 0);
        unsigned n = 1;
        at[0] = 0;
        if (p->count > 1 && p->mode <= PARTS_UDH16)
            n = udh_write_concat(at, p->mode == PARTS_UDH16 ? 16 : 8, p->reference, (uint8_t)p->count,
                                 (uint8_t)(i + 1));
        at[0] = (uint8_t)(at[0] + shift_write_elements(p->shift, at + n));
    }
}

static bool split(struct parts *p, struct strv utf8, const struct parts_coding *c)
{
    size_t units;
    p->header = (uint8_t)header_size(p->mode, c->shift, true);
    unsigned capacity = parts_capacity_shifted(c->alphabet, c->shift, p->mode, true);
    if (fit(c, utf8, capacity, &units) == utf8.n)
        return add_part(p, c, utf8);

    p->header = (uint8_t)header_size(p->mode, c->shift, false);
    capacity = parts_capacity_shifted(c->alphabet, c->shift, p->mode, false);
    for (struct strv rest = utf8; rest.n;) {
        size_t n = cut(c, rest, capacity, &units);
        if (!add_part(p, c, strv_sub(rest, 0, n)))
            return false;
        rest = strv_sub(rest, n, rest.n - n);
    }
    return true;
}

static bool make(struct parts *p, struct strv utf8, const struct parts_coding *c, enum parts_mode mode,
                 uint16_t reference)
{
    buf_clear(&p->octets);
    p->alphabet = c->alphabet;
    p->shift = c->shift;
    p->mode = mode;
    p->wire = c->wire;
    p->reference = reference;
    p->count = 0;
    p->data_coding = data_coding_for(c->alphabet);
    bool ok = split(p, utf8, c);
    p->udhi = ok && p->header > 0;
    if (p->udhi)
        write_headers(p);
    if (!ok)
        p->count = 0;
    return ok;
}

bool parts_split(struct parts *p, struct strv utf8, enum alphabet a, enum parts_mode mode, uint16_t reference)
{
    struct parts_coding c = { .alphabet = a };
    p->packed = false;
    p->translit = TRANSLIT_OFF;
    return make(p, utf8, &c, mode, reference);
}

/* As parts_plan decides, without counting: nothing can be better than one part, and where no tables may be
 * chosen there is nothing else. */
static bool is_plain(struct strv utf8, const struct parts_options *o)
{
    size_t units;
    if (o->forced || !parts_is_plain(utf8, o->wire))
        return false;
    return !o->languages || alphabet_fit(ALPHABET_GSM7, utf8, 160, &units) == utf8.n;
}

static bool make_planned(struct parts *p, struct strv utf8, const struct parts_options *o)
{
    struct shift_map map;
    struct parts_estimate plan = parts_plan_with(utf8, o, &p->scratch);
    struct parts_coding c = { .alphabet = plan.alphabet, .shift = plan.shift, .wire = o->wire };
    if (plan.parts == 0) {
        p->count = 0;
        return false;
    }
    if (parts_is_shifted(c.shift)) {
        shift_map_init(&map, c.shift);
        c.map = &map;
    }
    if (plan.translit != TRANSLIT_OFF) {
        buf_clear(&p->scratch);
        if (!parts_plan_text(utf8, &plan, &p->scratch, NULL)) {
            p->count = 0;
            return false;
        }
        utf8 = (struct strv){ (const char *)p->scratch.data, p->scratch.len };
    }
    p->packed = o->packed && c.alphabet == ALPHABET_GSM7 && o->wire == ALPHABET_GSM7;
    p->translit = plan.translit;
    return make(p, utf8, &c, o->mode, o->reference);
}

bool parts_make(struct parts *p, struct strv utf8, const struct parts_options *o)
{
    if (!is_plain(utf8, o))
        return make_planned(p, utf8, o);
    p->packed = o->packed && o->wire == ALPHABET_GSM7;
    p->translit = TRANSLIT_OFF;
    return make(p, utf8, &(struct parts_coding){ .alphabet = ALPHABET_GSM7, .wire = o->wire }, o->mode,
                o->reference);
}

struct strv parts_get(const struct parts *p, unsigned i)
{
    uint32_t start = i && i < p->count ? p->end[i - 1] : 0;
    if (i >= p->count || p->end[i] == start)
        return (struct strv){ NULL, 0 };
    return (struct strv){ (const char *)p->octets.data + start, p->end[i] - start };
}

struct strv parts_data(const struct parts *p, unsigned i)
{
    struct strv part = parts_get(p, i);
    return strv_sub(part, p->udhi ? p->header : 0, part.n);
}

/* Whether a payload is no longer than one short message. */
static bool is_short(const struct parts *p)
{
    size_t most = parts_capacity_shifted(p->alphabet, p->shift, PARTS_UDH8, true) + p->header;
    if (p->alphabet == ALPHABET_UCS2 || p->packed)
        most = 140;
    return p->octets.len <= most;
}

struct parts_fields parts_fields(const struct parts *p, unsigned i)
{
    struct strv part = parts_get(p, i);
    struct parts_fields f = { .data_coding = p->data_coding, .esm_class = p->udhi ? UDHI : 0 };
    if (p->mode == PARTS_PAYLOAD && !is_short(p))
        f.message_payload = part;
    else
        f.short_message = part;
    if (p->mode == PARTS_SAR && p->count > 1) {
        f.sar = true;
        f.sar_msg_ref_num = p->reference;
        f.sar_total_segments = (uint8_t)p->count;
        f.sar_segment_seqnum = (uint8_t)(i + 1);
    }
    return f;
}
