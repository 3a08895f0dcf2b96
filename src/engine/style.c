#include "engine/style.h"

/* The plan: 2 bits alphabet (1 = GSM 7-bit, 2 = UCS-2, 3 = Latin-1), 2 mode, 2 how septets are written, 4
 * single and 4 locking table, 2 level of replacement. Stored: bits keep their meaning. */
static const enum alphabet alphabets[] = { ALPHABET_UNKNOWN, ALPHABET_GSM7, ALPHABET_UCS2, ALPHABET_LATIN1 };
enum { WRITE_PLAIN, WRITE_PACKED, WRITE_LATIN1, WRITE_ASCII };

static bool style_languages(struct strv list, uint32_t *out, struct err *e)
{
    struct strv one;
    unsigned language;
    *out = 0;
    while (strv_next(&list, ',', &one)) {
        one = strv_trim(one);
        if (strv_eq_c(one, "all")) {
            *out |= SHIFT_ALL;
        } else if (shift_parse(one, &language) && language != SHIFT_DEFAULT) {
            *out |= SHIFT_BIT(language);
        } else if (one.n > 0) {
            return err_set(e, ERR_INVALID,
                           "\"" STRV_FMT
                           "\" is no language with tables of its own: there are tr, es, pt, bn, gu, "
                           "hi, kn, ml, or, pa, ta, te, ur, and \"all\"",
                           STRV_ARG(strv_sub(one, 0, 32)));
        }
    }
    return true;
}

static bool style_read(const struct carrier_options *c, struct parts_options *o, struct err *e)
{
    struct strv mode = strv_from(c->long_messages), level = strv_from(c->transliteration),
                wire = strv_from(c->alphabet);
    if ((mode.n > 0 && !parts_mode_parse(mode, &o->mode)) ||
        (level.n > 0 && !translit_parse(level, &o->translit)) ||
        (wire.n > 0 && !alphabet_parse(wire, &o->wire))) {
        return err_set(e, ERR_INVALID, "long_messages, transliteration or alphabet");
    }
    o->packed = c->packed;
    o->latin1 = c->latin1;
    o->no_ucs2 = !c->ucs2;
    if (!style_languages(strv_from(c->languages), &o->languages, e)) {
        return false;
    }
    /* Who reads Latin-1 or ASCII writes the septets himself: he cannot be told of tables. */
    if (o->wire != ALPHABET_GSM7 && (o->packed || o->languages != 0)) {
        return err_set(e, ERR_INVALID, "%s needs alphabet = \"gsm7\"", o->packed ? "packed" : "languages");
    }
    return true;
}

bool style_of(const struct carrier_options *c, struct parts_options *out, struct err *e)
{
    *out = (struct parts_options){ .mode = PARTS_UDH8 };
    if (!style_read(c, out, e)) {
        *out = (struct parts_options){ .mode = PARTS_UDH8 };
        return false;
    }
    return true;
}

uint32_t style_id(const struct parts_options *o)
{
    return (uint32_t)o->mode | (uint32_t)o->translit << 2 | (uint32_t)o->packed << 4 |
           (uint32_t)o->latin1 << 5 | (uint32_t)o->wire << 6 | (uint32_t)o->no_ucs2 << 11 |
           o->languages << 12;
}

static unsigned style_writing(bool packed, enum alphabet wire)
{
    return wire == ALPHABET_LATIN1  ? WRITE_LATIN1
           : wire == ALPHABET_ASCII ? WRITE_ASCII
           : packed                 ? WRITE_PACKED
                                    : WRITE_PLAIN;
}

static uint16_t style_pack(enum alphabet a, enum parts_mode mode, unsigned writing, struct shift s,
                           enum translit_level level)
{
    unsigned n = a == ALPHABET_GSM7 ? 1 : a == ALPHABET_UCS2 ? 2 : 3;
    return (uint16_t)(n | (unsigned)mode << 2 | (n == 1 ? writing : 0) << 4 | (unsigned)s.single << 6 |
                      (unsigned)s.locking << 10 | (unsigned)level << 14);
}

uint16_t style_plan(const struct parts_options *o, const struct parts_estimate *e)
{
    return style_pack(e->alphabet, o->mode, style_writing(o->packed, o->wire), e->shift, e->translit);
}

uint16_t style_plan_made(const struct parts *p)
{
    return style_pack(p->alphabet, p->mode, style_writing(p->packed, p->wire), p->shift, p->translit);
}

bool style_make(struct parts *p, struct strv utf8, uint16_t plan, uint16_t reference, struct buf *scratch)
{
    unsigned writing = plan >> 4 & 3;
    struct parts_options o = {
        .mode = (enum parts_mode)(plan >> 2 & 3),
        .reference = reference,
        .packed = writing == WRITE_PACKED,
        .wire = writing == WRITE_LATIN1  ? ALPHABET_LATIN1
                : writing == WRITE_ASCII ? ALPHABET_ASCII
                                         : ALPHABET_GSM7,
        .forced = true,
        .alphabet = alphabets[plan & 3],
        .shift = { .single = plan >> 6 & 15, .locking = plan >> 10 & 15 },
    };
    struct parts_estimate sent = { .shift = o.shift, .translit = (enum translit_level)(plan >> 14) };
    if (o.alphabet == ALPHABET_UNKNOWN) {
        return false;
    }
    buf_clear(scratch);
    if (sent.translit != TRANSLIT_OFF) {
        if (!parts_plan_text(utf8, &sent, scratch, NULL)) {
            return false;
        }
        utf8 = (struct strv){ (const char *)scratch->data, scratch->len };
    }
    bool ok = parts_make(p, utf8, &o);
    p->translit = sent.translit;
    return ok;
}
