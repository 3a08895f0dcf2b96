#include "smpp/advice.h"

#include "base/utf8.h"

/* What is shown beside its number: not what is invisible, or would join what is before it. */
static bool is_shown(uint32_t cp)
{
    return cp > 0x20 && !(cp >= 0x7f && cp <= 0xa0) && !(cp >= 0x300 && cp <= 0x36f) &&
           !(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202f) &&
           !(cp >= 0x2060 && cp <= 0x206f) && !(cp >= 0xfe00 && cp <= 0xfe0f) && cp != 0xfeff && cp != 0xad &&
           cp < 0xe0000;
}

static void note_foreign(struct advice *a, uint32_t cp)
{
    for (unsigned i = 0; i < a->n_foreign; i++) {
        if (a->foreign[i].codepoint == cp) {
            a->foreign[i].count++;
            return;
        }
    }
    if (a->n_foreign < ADVICE_FOREIGN)
        a->foreign[a->n_foreign++] = (struct advice_foreign){ cp, 1 };
}

static void find_foreign(struct strv utf8, const struct parts_options *o, struct advice *a)
{
    for (const char *p = utf8.p, *end = utf8.p + utf8.n; p < end;) {
        const char *from = p;
        uint8_t septets[2];
        int32_t cp = utf8_next(&p, end);
        struct strv one = { from, (size_t)(p - from) };
        if (cp >= 0 && (alphabet_gsm7_from((uint32_t)cp, septets) == 0 ||
                        (o->wire != ALPHABET_GSM7 && !alphabet_can_encode(o->wire, one))))
            note_foreign(a, (uint32_t)cp);
    }
}

static unsigned fewer(unsigned parts, const struct parts_estimate *plan)
{
    return parts < plan->parts ? parts : 0;
}

void advice_make(struct strv utf8, const struct parts_options *o, const struct parts_estimate *plan,
                 struct advice *out)
{
    *out = (struct advice){ .n_foreign = 0 };
    if (plan->parts <= 1)
        return;
    struct parts_options other = *o;
    if (plan->alphabet != ALPHABET_GSM7) {
        find_foreign(utf8, o, out);
        out->parts_plain = fewer(parts_count_in(utf8, ALPHABET_GSM7, o->mode).parts, plan);
    }
    for (unsigned i = (unsigned)o->translit + 1; i <= TRANSLIT_FULL && out->parts_plain && !out->parts_level;
         i++) {
        other.translit = out->level = (enum translit_level)i;
        out->parts_level = fewer(parts_plan(utf8, &other).parts, plan);
    }
    if (plan->alphabet == ALPHABET_UCS2 && o->wire == ALPHABET_GSM7 && o->languages != SHIFT_ALL) {
        other = *o;
        other.languages = SHIFT_ALL;
        struct parts_estimate e = parts_plan(utf8, &other);
        out->parts_tables = fewer(e.parts, plan);
        out->tables = e.shift;
    }
    if (o->mode == PARTS_PAYLOAD)
        return;
    unsigned alone = parts_capacity_shifted(plan->alphabet, plan->shift, o->mode, true);
    unsigned part = parts_capacity_shifted(plan->alphabet, plan->shift, o->mode, false);
    unsigned last = plan->parts == 2 ? plan->units - alone : part - plan->left;
    if (last <= ADVICE_NEAR) {
        out->over = last;
        out->parts_over = plan->parts - 1;
    }
}

static void put_characters(const struct advice *a, struct buf *out)
{
    unsigned shown = a->n_foreign <= 4 ? a->n_foreign : 3;
    buf_printf(out, "the character%s ", a->n_foreign == 1 ? "" : "s");
    for (unsigned i = 0; i < shown; i++) {
        char c[4];
        size_t n = utf8_put(a->foreign[i].codepoint, c);
        const char *before = i == 0 ? "" : i + 1 == a->n_foreign ? " and " : ", ";
        buf_printf(out, "%sU+%04X", before, (unsigned)a->foreign[i].codepoint);
        if (is_shown(a->foreign[i].codepoint))
            buf_printf(out, " (%.*s)", (int)n, c);
    }
    if (shown < a->n_foreign)
        buf_printf(out, " and %u%s more", a->n_foreign - shown, a->n_foreign == ADVICE_FOREIGN ? " or" : "");
}

bool advice_text(const struct advice *a, const struct parts_estimate *plan, struct buf *out)
{
    size_t begin = out->len;
    if (a->parts_plain && a->n_foreign > 0) {
        put_characters(a, out);
        buf_printf(out, " force%s %s: %u parts rather than %u", a->n_foreign == 1 ? "s" : "",
                   plan->alphabet == ALPHABET_LATIN1 ? "Latin-1" : "UCS-2", plan->parts, a->parts_plain);
    }
    if (a->parts_level)
        buf_printf(out, "; transliteration = \"%s\" would make it %u", translit_name(a->level),
                   a->parts_level);
    if (a->parts_tables) {
        unsigned language = a->tables.locking ? a->tables.locking : a->tables.single;
        buf_printf(out, "%s%s tables would make it %u", out->len > begin ? "; " : "the ",
                   shift_name(language), a->parts_tables);
    }
    if (a->over)
        buf_printf(out, "%s%u %s less would make it %u", out->len > begin ? "; " : "", a->over,
                   a->over == 1 ? "character" : "characters", a->parts_over);
    return !out->failed;
}

bool advice_refusal(struct strv utf8, const struct parts_options *o, struct buf *out)
{
    struct advice a = { .n_foreign = 0 };
    struct parts_options other = *o;
    struct shift_map map;
    struct buf rest = { 0 };
    shift_map_init(&map, (struct shift){ 0, 0 });
    if (!translit_text(utf8, o->translit, &map, &rest, NULL)) {
        buf_free(&rest);
        return false;
    }
    find_foreign((struct strv){ (const char *)rest.data, rest.len }, o, &a);
    buf_free(&rest);
    buf_put_strv(out, STRV("the carrier takes no UCS-2 (ucs2 = false), which "));
    if (a.n_foreign > 0)
        put_characters(&a, out);
    else
        buf_put_strv(out, STRV("the text"));
    buf_put_strv(out, a.n_foreign > 1 ? STRV(" need") : STRV(" needs"));
    for (unsigned i = (unsigned)o->translit + 1; i <= TRANSLIT_FULL; i++) {
        other.translit = (enum translit_level)i;
        if (parts_plan(utf8, &other).parts != 0) {
            buf_printf(out, "; transliteration = \"%s\" would replace %s", translit_name(other.translit),
                       a.n_foreign > 1 ? "them" : "it");
            break;
        }
    }
    return !out->failed;
}
