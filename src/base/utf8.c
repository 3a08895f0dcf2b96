#include "base/utf8.h"

#include <stdlib.h>
#include <utf8proc.h>

/* --- RFC 3629 §4, as the table of well-formed sequences (Unicode 15 table 3-7)
 * --- */

int32_t utf8_next(const char **p, const char *end)
{
    const uint8_t *s = (const uint8_t *)*p;
    size_t left = (size_t)(end - *p);
    if (left == 0) {
        return -2;
    }
    uint8_t c = s[0];
    (*p)++;
    if (c < 0x80) {
        return c;
    }
    unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c < 0xc2 || c > 0xf4 || left <= more) {
        return -1;
    }
    /* The second octet's range excludes overlong forms, surrogates and what is
     * above U+10FFFF. */
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) {
        return -1;
    }
    int32_t cp = (int32_t)(c & (0x3fu >> more)) << 6 | (s[1] & 0x3f);
    for (unsigned i = 2; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return -1;
        }
        cp = cp << 6 | (s[i] & 0x3f);
    }
    *p += more;
    return cp;
}

size_t utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        if (cp >= 0xd800 && cp <= 0xdfff) {
            return 0;
        }
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    if (cp > 0x10ffff) {
        return 0;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

static bool utf8_ascii(struct strv s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++) {
        all |= (unsigned char)s.p[i];
    }
    return all < 0x80;
}

bool utf8_valid(struct strv s)
{
    if (utf8_ascii(s)) {
        return true;
    }
    int32_t cp;
    for (const char *p = s.p, *end = s.p + s.n; (cp = utf8_next(&p, end)) != -2;) {
        if (cp < 0) {
            return false;
        }
    }
    return true;
}

size_t utf8_count(struct strv s)
{
    size_t n = 0;
    if (s.n) {
        for (const char *p = s.p, *end = s.p + s.n; utf8_next(&p, end) != -2;) {
            n++;
        }
    }
    return n;
}

bool utf8_put_clean(struct buf *out, struct strv s)
{
    if (utf8_ascii(s)) {
        return buf_put_strv(out, s);
    }
    for (const char *p = s.p, *end = s.p + s.n, *from = p; p < end; from = p) {
        int32_t cp = utf8_next(&p, end);
        buf_put_strv(out, cp < 0 ? STRV("\xef\xbf\xbd") : (struct strv){ from, (size_t)(p - from) });
    }
    return !out->failed;
}

/* --- normal forms --- */

#define FOLD_OPTIONS (UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD)

/* utf8proc's own result buffer, appended and freed. */
static bool utf8_map(struct buf *out, struct strv s, utf8proc_option_t options)
{
    utf8proc_uint8_t *done = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n, &done, options);
    bool ok = n >= 0 && buf_put(out, done, (size_t)n);
    free(done);
    return ok;
}

bool utf8_nfc(struct buf *out, struct strv s)
{
    if (utf8_ascii(s)) {
        return buf_put_strv(out, s);
    }
    return utf8_valid(s) && utf8_map(out, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

/* The iota below is a mark that folds to a letter: marks behind it must have
 * been brought into order before. */
static bool utf8_has_iota_below(struct strv s)
{
    int32_t cp;
    for (const char *p = s.p, *end = s.p + s.n; (cp = utf8_next(&p, end)) != -2;) {
        if (cp == 0x0345 || (cp >= 0x1f80 && cp <= 0x1ffc)) {
            return true;
        }
    }
    return false;
}

/* Unicode 15 §3.13, D145 and D146: NFD comes before the folding; it matters for
 * the iota below only. */
static bool utf8_map_folded(struct buf *out, struct strv s, utf8proc_option_t extra)
{
    if (!utf8_has_iota_below(s)) {
        return utf8_map(out, s, FOLD_OPTIONS | extra);
    }
    struct buf ordered = { 0 };
    bool ok = utf8_map(&ordered, s, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE) &&
              utf8_map(out, (struct strv){ (const char *)ordered.data, ordered.len }, FOLD_OPTIONS | extra);
    buf_free(&ordered);
    return ok;
}

static bool utf8_fold_ascii(struct buf *out, struct strv s)
{
    if (!buf_reserve(out, s.n)) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        out->data[out->len++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return true;
}

bool utf8_fold(struct buf *out, struct strv s)
{
    if (utf8_ascii(s)) {
        return utf8_fold_ascii(out, s);
    }
    return utf8_valid(s) && utf8_map_folded(out, s, UTF8PROC_COMPOSE);
}

/* Marks that are ornaments of a letter in Latin, Greek, Cyrillic, Hebrew and
 * Arabic writing. The vowel signs of Indic and South-East Asian scripts and the
 * kana voicing marks are combining too, but they make another word. */
static bool utf8_is_ornament(int32_t cp)
{
    static const struct {
        int32_t from, to;
    } ranges[] = {
        { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x05bf, 0x05bf }, { 0x05c1, 0x05c2 },
        { 0x05c4, 0x05c5 }, { 0x05c7, 0x05c7 }, { 0x0610, 0x061a }, { 0x0640, 0x0640 }, { 0x064b, 0x065f },
        { 0x0670, 0x0670 }, { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 }, { 0x06ea, 0x06ed },
        { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (cp >= ranges[i].from && cp <= ranges[i].to) {
            return true;
        }
    }
    return false;
}

/* Letters whose stroke or missing dot is no separate mark in Unicode, as people
 * without the key type them. The dotless i has to be among them: capital I
 * folds to i, so CIKIS and its lower-case form would differ. */
static int32_t utf8_plain_letter(int32_t cp)
{
    switch (cp) {
    case 0x0131: return 'i';
    case 0x0142: return 'l';
    case 0x00f8: return 'o';
    case 0x0111: return 'd';
    case 0x0127: return 'h';
    default: return cp;
    }
}

static bool utf8_is_gap(int32_t cp)
{
    if (cp < 0x80) {
        return !((cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z'));
    }
    utf8proc_category_t c = utf8proc_category(cp);
    return (c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO) ||
           (c >= UTF8PROC_CATEGORY_ZS && c <= UTF8PROC_CATEGORY_CC);
}

static void utf8_put_loose(struct buf *out, struct strv folded)
{
    bool gap = false, any = false;
    int32_t cp;
    for (const char *p = folded.p, *end = folded.p + folded.n; (cp = utf8_next(&p, end)) >= 0;) {
        if (utf8_is_gap(cp)) {
            gap = any;
            continue;
        }
        if (utf8_is_ornament(cp)) {
            continue;
        }
        if (gap) {
            buf_put_u8(out, ' ');
            gap = false;
        }
        char t[4];
        buf_put(out, t, utf8_put((uint32_t)utf8_plain_letter(cp), t));
        any = true;
    }
}

bool utf8_fold_loose(struct buf *out, struct strv s)
{
    struct buf whole = { 0 }, bare = { 0 };
    bool ok = utf8_valid(s);
    if (ok && s.n) {
        ok = utf8_map_folded(&whole, s, UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE);
        if (ok && whole.len) {
            utf8_put_loose(&bare, (struct strv){ (const char *)whole.data, whole.len });
            ok = !bare.failed && utf8_nfc(out, (struct strv){ (const char *)bare.data, bare.len });
        }
    }
    buf_free(&whole);
    buf_free(&bare);
    return ok;
}

/* --- what is seen --- */

size_t utf8_cut(struct strv s, size_t max)
{
    if (s.n <= max) {
        return s.n;
    }
    size_t cut = 0;
    utf8proc_int32_t state = 0;
    int32_t last = -1;
    for (const char *p = s.p, *end = s.p + s.n; p < end;) {
        size_t at = (size_t)(p - s.p);
        if (at > max) {
            break;
        }
        int32_t cp = utf8_next(&p, end);
        /* A malformed octet is a cluster of its own. */
        if (cp < 0 || last < 0) {
            cut = at;
            state = 0;
        } else if (utf8proc_grapheme_break_stateful(last, cp, &state)) {
            cut = at;
        }
        last = cp;
    }
    return cut;
}

int32_t utf8_upper(int32_t cp)
{
    return utf8proc_toupper(cp);
}

int32_t utf8_lower(int32_t cp)
{
    return utf8proc_tolower(cp);
}

int32_t utf8_title(int32_t cp)
{
    return utf8proc_totitle(cp);
}

bool utf8_is_word(int32_t cp)
{
    utf8proc_category_t c = utf8proc_category(cp);
    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_ME) || c == UTF8PROC_CATEGORY_ND;
}

size_t utf8_width(struct strv s)
{
    size_t width = 0;
    if (s.n) {
        int32_t cp;
        for (const char *p = s.p, *end = s.p + s.n; (cp = utf8_next(&p, end)) != -2;) {
            int w = cp < 0 ? 1 : utf8proc_charwidth(cp);
            width += w > 0 ? (size_t)w : 0;
        }
    }
    return width;
}
