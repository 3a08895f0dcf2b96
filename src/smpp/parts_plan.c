/* Which alphabet, which tables and which replacements a text is sent with. */
#include "smpp/parts_inside.h"

#include "base/utf8.h"

struct search {
    struct strv text;
    const struct parts_options *o;
    struct buf *scratch;
    struct parts_estimate best; /* parts 0: none yet */
    unsigned best_kind;         /* of its tables: 0 default, 1 single, 2 locking, 3 both */
    bool plain;                 /* something fits into the default alphabet: nothing is compared with UCS-2 */
};

/* Fewest parts, then the text least changed, then the tables a handset that lacks them spoils least, then
 * units; equal in all that, the first that was tried. */
static bool is_better(const struct parts_estimate *a, unsigned a_kind, const struct parts_estimate *b,
                      unsigned b_kind)
{
    if (a->parts != b->parts)
        return a->parts < b->parts || b->parts == 0;
    if (a->translit != b->translit)
        return a->translit < b->translit;
    if (a->replaced != b->replaced)
        return a->replaced < b->replaced;
    if (a_kind != b_kind)
        return a_kind < b_kind;
    return a->units < b->units;
}

static bool has_all(const struct parts_coding *c, struct strv text)
{
    return c->map ? shift_can_encode(c->map, text) : parts_is_plain(text, c->wire);
}

/* One candidate: the text replaced up to a level for these tables. False when they do not have all of it. */
static bool try_tables(struct search *s, struct shift tables, enum translit_level level)
{
    struct shift_map map;
    struct translit_report report = { .replaced = 0 };
    bool shifted = parts_is_shifted(tables);
    struct parts_coding c = { ALPHABET_GSM7, tables, shifted ? &map : NULL, s->o->wire };
    struct strv text = s->text;
    if (shifted || level != TRANSLIT_OFF)
        shift_map_init(&map, tables);
    if (level != TRANSLIT_OFF) {
        buf_clear(s->scratch);
        if (!translit_text(text, level, &map, s->scratch, &report))
            return false;
        text = (struct strv){ (const char *)s->scratch->data, s->scratch->len };
    }
    if (!has_all(&c, text))
        return false;
    struct parts_estimate e = parts_count_coded(text, &c, s->o->mode);
    unsigned kind = (tables.single ? 1u : 0) + (tables.locking ? 2u : 0);
    e.translit = level;
    e.replaced = report.replaced;
    if (shifted && s->o->mode == PARTS_SAR && e.parts > 1)
        return true;
    if (is_better(&e, kind, &s->best, s->best_kind)) {
        s->best = e;
        s->best_kind = kind;
    }
    return true;
}

static void try_languages(struct search *s, uint32_t languages, enum translit_level level)
{
    for (unsigned i = SHIFT_TURKISH; i < SHIFT_LANGUAGES; i++) {
        if (!(languages & SHIFT_BIT(i)))
            continue;
        uint8_t id = (uint8_t)i;
        try_tables(s, (struct shift){ .single = id }, level);
        if (shift_has_locking(i)) {
            try_tables(s, (struct shift){ .locking = id }, level);
            try_tables(s, (struct shift){ .single = id, .locking = id }, level);
        }
    }
}

/* The languages with characters that are foreign to the default alphabet: of the first such character when
 * all of them must be kept, else of any of them. */
static uint32_t languages_of(struct strv text, bool any)
{
    uint32_t set = 0;
    uint8_t septets[2];
    for (const char *p = text.p, *end = text.p + text.n; p < end;) {
        int32_t cp = utf8_next(&p, end);
        if (cp < 0)
            return 0;
        if (alphabet_gsm7_from((uint32_t)cp, septets))
            continue;
        set |= shift_languages_with((uint32_t)cp);
        if (!any)
            break;
    }
    return set;
}

/* A text that the default alphabet does not have. */
static struct parts_estimate plan_foreign(struct search *s)
{
    bool narrow = s->o->latin1 && alphabet_can_encode(ALPHABET_LATIN1, s->text);
    struct parts_estimate wide =
        parts_count_in(s->text, narrow ? ALPHABET_LATIN1 : ALPHABET_UCS2, s->o->mode);
    bool national = s->o->languages && s->o->mode != PARTS_PAYLOAD;
    for (unsigned i = TRANSLIT_OFF; i <= (unsigned)s->o->translit && !s->plain; i++) {
        enum translit_level level = (enum translit_level)i;
        struct strv rest = s->text; /* what is left to national tables */
        if (level != TRANSLIT_OFF) {
            s->plain = try_tables(s, (struct shift){ 0, 0 }, level);
            if (!s->plain)
                rest = (struct strv){ (const char *)s->scratch->data, s->scratch->len };
            if (!s->plain && strv_eq(rest, s->text))
                continue; /* nothing to replace: tried already */
        }
        if (national)
            try_languages(s, languages_of(rest, s->plain) & s->o->languages, level);
    }
    bool none = s->o->no_ucs2 && !narrow;
    bool worth = s->plain || none || s->best.parts < wide.parts;
    if (s->best.parts && worth)
        return s->best;
    return none ? (struct parts_estimate){ .alphabet = ALPHABET_UCS2 } : wide;
}

static struct parts_estimate plan_forced(struct strv utf8, const struct parts_options *o)
{
    struct shift_map map;
    struct parts_coding c = { .alphabet = o->alphabet };
    if (o->alphabet == ALPHABET_GSM7 && parts_is_shifted(o->shift)) {
        shift_map_init(&map, o->shift);
        c.shift = o->shift;
        c.map = &map;
    }
    return parts_count_coded(utf8, &c, o->mode);
}

/* Characters of a text that is UTF-8, without looking at them. */
static size_t count_characters(struct strv utf8)
{
    size_t n = 0;
    for (size_t i = 0; i < utf8.n; i++)
        n += ((uint8_t)utf8.p[i] & 0xc0) != 0x80;
    return n;
}

struct parts_estimate parts_plan_with(struct strv utf8, const struct parts_options *o, struct buf *scratch)
{
    if (o->forced)
        return plan_forced(utf8, o);
    struct search s = { .text = utf8, .o = o, .scratch = scratch };
    if (!parts_is_plain(utf8, o->wire))
        return plan_foreign(&s);
    s.best = parts_count_in(utf8, ALPHABET_GSM7, o->mode);
    /* What is an escape pair there can be one septet of a locking table. */
    if (o->languages && s.best.parts > 1 && s.best.units > count_characters(utf8))
        try_languages(&s, o->languages, TRANSLIT_OFF);
    return s.best;
}

struct parts_estimate parts_plan(struct strv utf8, const struct parts_options *o)
{
    struct buf scratch = { 0 };
    struct parts_estimate e = parts_plan_with(utf8, o, &scratch);
    buf_free(&scratch);
    return e;
}

bool parts_plan_text(struct strv utf8, const struct parts_estimate *plan, struct buf *out,
                     struct translit_report *report)
{
    struct shift_map map;
    if (plan->translit == TRANSLIT_OFF)
        return utf8.n == 0 || buf_put_strv(out, utf8);
    shift_map_init(&map, plan->shift);
    return translit_text(utf8, plan->translit, &map, out, report);
}
