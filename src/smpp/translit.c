/* Characters that GSM 7-bit text lacks, in letters that it has. */
#include "smpp/translit.h"

#include "base/utf8.h"

#include <string.h>

#define MARKS_FROM 0x300
#define MARKS_TO   0x36f
#define ZWNJ       0x200c
#define ZWJ        0x200d
#define HARD_SIGN  0x44a

static const struct row {
    uint16_t from;
    uint8_t level;
    char to[5];
} rows[] = {
#define TYPOGRAPHIC(from, to) { from, TRANSLIT_TYPOGRAPHIC, to },
#define FULL(from, to)        { from, TRANSLIT_FULL, to },
#include "smpp/translit.def"
};

static const char *const names[] = { "off", "typographic", "full" };

const char *translit_name(enum translit_level level)
{
    return names[level <= TRANSLIT_FULL ? level : TRANSLIT_OFF];
}

bool translit_parse(struct strv name, enum translit_level *level)
{
    for (unsigned i = 0; i <= TRANSLIT_FULL; i++) {
        if (strv_eq_c(name, names[i])) {
            *level = (enum translit_level)i;
            return true;
        }
    }
    return false;
}

static bool is_mark(int32_t cp)
{
    return cp >= MARKS_FROM && cp <= MARKS_TO;
}

const char *translit_of(uint32_t codepoint, enum translit_level level)
{
    size_t low = 0, high = sizeof rows / sizeof *rows;
    while (low < high) {
        size_t at = (low + high) / 2;
        if (rows[at].from == codepoint)
            return rows[at].level <= level ? rows[at].to : NULL;
        if (rows[at].from < codepoint)
            low = at + 1;
        else
            high = at;
    }
    return level == TRANSLIT_FULL && codepoint <= INT32_MAX && is_mark((int32_t)codepoint) ? "" : NULL;
}

/* --- what stands around a character --- */

static bool is_upper(int32_t cp)
{
    return cp > 0 && utf8_lower(cp) != cp;
}

static bool is_lower(int32_t cp)
{
    return cp > 0 && utf8_upper(cp) != cp;
}

/* Latin, Greek, Cyrillic and what they share: marks and joiners there are ornaments. Elsewhere they spell. */
static bool is_plain_script(int32_t cp)
{
    return cp < 0x590 || (cp >= 0x1e00 && cp < 0x2000);
}

/* The replacement of `cp` between its neighbours; NULL = stays. */
static const char *replacement(int32_t cp, int32_t before, int32_t after, enum translit_level level,
                               char capitals[5])
{
    const char *to = cp < 0 ? NULL : translit_of((uint32_t)cp, level);
    if (!to)
        return NULL;
    if ((is_mark(cp) || cp == ZWNJ || cp == ZWJ) && !is_plain_script(before))
        return NULL;
    /* Silent in Russian, where e, yo, yu or ya follows; a vowel in Bulgarian, where they never do. */
    if (utf8_lower(cp) == HARD_SIGN &&
        (after == 0x415 || after == 0x435 || after == 0x401 || after == 0x451 ||
         (utf8_lower(after) >= 0x44e && utf8_lower(after) <= 0x44f)))
        return "";
    if (to[0] == '\0' || to[1] == '\0' || !is_upper(cp) || is_lower(after) ||
        !(is_upper(after) || is_upper(before)))
        return to;
    /* A capital among capitals: Zh is ZH then. */
    size_t i = 0;
    for (; to[i]; i++)
        capitals[i] = (char)(to[i] >= 'a' && to[i] <= 'z' ? to[i] - 'a' + 'A' : to[i]);
    capitals[i] = '\0';
    return capitals;
}

static void note(struct translit_report *r, uint32_t from, const char *to)
{
    if (!r)
        return;
    r->replaced++;
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->changes[i].from == from && strcmp(r->changes[i].to, to) == 0) {
            r->changes[i].count++;
            return;
        }
    }
    if (r->n == TRANSLIT_CHANGES)
        return;
    struct translit_change *c = &r->changes[r->n++];
    c->from = from;
    c->count = 1;
    strv_copy(strv_from(to), c->to, sizeof c->to);
}

static bool has_marks(struct strv s)
{
    /* U+0300..U+036F begin with 0xcc or 0xcd */
    return s.n && (memchr(s.p, 0xcc, s.n) || memchr(s.p, 0xcd, s.n));
}

static bool replace(struct strv s, enum translit_level level, const struct shift_map *map, struct buf *out,
                    struct translit_report *report)
{
    int32_t before = -1, after = -1;
    char capitals[5];
    for (const char *p = s.p, *end = s.p + s.n; p < end;) {
        const char *from = p;
        int32_t cp = utf8_next(&p, end);
        const char *to = NULL;
        if (cp >= 0 && shift_map_code(map, (uint32_t)cp) == 0) {
            const char *ahead = p;
            after = utf8_next(&ahead, end);
            to = replacement(cp, before, after, level, capitals);
        }
        if (to) {
            note(report, (uint32_t)cp, to);
            buf_put(out, to, strlen(to));
        } else {
            buf_put(out, from, (size_t)(p - from));
        }
        before = cp;
    }
    return !out->failed;
}

bool translit_text(struct strv utf8, enum translit_level level, const struct shift_map *map, struct buf *out,
                   struct translit_report *report)
{
    if (utf8.n == 0)
        return true;
    if (level == TRANSLIT_OFF)
        return buf_put_strv(out, utf8);
    if (!has_marks(utf8) || !utf8_valid(utf8))
        return replace(utf8, level, map, out, report);
    struct buf composed = { 0 };
    bool ok = utf8_nfc(&composed, utf8) &&
              replace((struct strv){ (const char *)composed.data, composed.len }, level, map, out, report);
    buf_free(&composed);
    return ok;
}
