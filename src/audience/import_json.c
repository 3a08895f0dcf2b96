#include "audience/import_json.h"

#include "audience/import_value.h"

#include <string.h>

struct json {
    const char *p, *end;
    struct buf *texts;
    char path[IMPORT_JSON_PATH];
    size_t path_n;
    unsigned depth;
    import_json_fn *fn;
    void *ctx;
    const char *reason;
};

static bool wrong(struct json *j, const char *reason)
{
    if (!j->reason) {
        j->reason = reason;
    }
    return false;
}

static void blanks(struct json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\r' || *j->p == '\n')) {
        j->p++;
    }
}

static bool next_is(struct json *j, char c)
{
    blanks(j);
    if (j->p < j->end && *j->p == c) {
        j->p++;
        return true;
    }
    return false;
}

/* --- strings --- */

static bool hex4(struct json *j, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++, j->p++) {
        char c = j->p < j->end ? *j->p : 0;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) {
            return wrong(j, "\\u without four hexadecimal digits");
        }
        *out = *out << 4 | digit;
    }
    return true;
}

static void put_utf8(struct buf *out, uint32_t c)
{
    if (c < 0x80) {
        buf_put_u8(out, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        buf_put_u8(out, (uint8_t)(0xC0 | c >> 6));
    } else if (c < 0x10000) {
        buf_put_u8(out, (uint8_t)(0xE0 | c >> 12));
        buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
    } else {
        buf_put_u8(out, (uint8_t)(0xF0 | c >> 18));
        buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 63)));
        buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 63)));
    }
    buf_put_u8(out, (uint8_t)(0x80 | (c & 63)));
}

static bool unicode(struct json *j)
{
    uint32_t c, low;
    if (!hex4(j, &c)) {
        return false;
    }
    if (c >= 0xD800 && c < 0xDC00) {
        if (j->end - j->p < 6 || j->p[0] != '\\' || j->p[1] != 'u') {
            return wrong(j, "half a surrogate pair");
        }
        j->p += 2;
        if (!hex4(j, &low)) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return wrong(j, "half a surrogate pair");
        }
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    } else if (c >= 0xDC00 && c < 0xE000) {
        return wrong(j, "half a surrogate pair");
    }
    put_utf8(j->texts, c);
    return true;
}

static bool escape(struct json *j)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = j->p < j->end ? *j->p++ : 0;
    if (c == 'u') {
        return unicode(j);
    }
    const char *at = c ? strchr(from, c) : NULL;
    if (!at) {
        return wrong(j, "an escape that there is not");
    }
    buf_put_u8(j->texts, (uint8_t)to[at - from]);
    return true;
}

/* Behind the opening quote; appended to texts. */
static bool string(struct json *j)
{
    while (j->p < j->end && *j->p != '"') {
        const char *from = j->p;
        while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20) {
            j->p++;
        }
        buf_put(j->texts, from, (size_t)(j->p - from));
        if (j->p < j->end && (unsigned char)*j->p < 0x20) {
            return wrong(j, "a control character in a text");
        }
        if (j->p < j->end && *j->p == '\\') {
            j->p++;
            if (!escape(j)) {
                return false;
            }
        }
    }
    if (j->p == j->end) {
        return wrong(j, "a text that does not end");
    }
    j->p++;
    return true;
}

/* --- numbers and words --- */

static bool digits(struct json *j)
{
    const char *from = j->p;
    while (j->p < j->end && *j->p >= '0' && *j->p <= '9') {
        j->p++;
    }
    return j->p > from;
}

static bool number(struct json *j)
{
    const char *from = j->p;
    j->p += *j->p == '-';
    bool zero = j->p < j->end && *j->p == '0';
    const char *first = j->p;
    if (!digits(j) || (zero && j->p - first > 1)) {
        return wrong(j, "no value");
    }
    if (j->p < j->end && *j->p == '.') {
        j->p++;
        if (!digits(j)) {
            return wrong(j, "a number that ends with its point");
        }
    }
    if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
        j->p++;
        j->p += j->p < j->end && (*j->p == '+' || *j->p == '-');
        if (!digits(j)) {
            return wrong(j, "a number without its exponent");
        }
    }
    buf_put(j->texts, from, (size_t)(j->p - from));
    return true;
}

static bool word(struct json *j, const char *text, bool put)
{
    size_t n = strlen(text);
    if ((size_t)(j->end - j->p) < n || memcmp(j->p, text, n) != 0) {
        return wrong(j, "no value");
    }
    j->p += n;
    if (put) {
        buf_put(j->texts, text, n);
    }
    return true;
}

/* A value that is neither object nor array. */
static bool scalar(struct json *j)
{
    blanks(j);
    if (j->p == j->end) {
        return wrong(j, "the line ends where a value belongs");
    }
    switch (*j->p) {
    case '"': j->p++; return string(j);
    case 't': return word(j, "true", true);
    case 'f': return word(j, "false", true);
    case 'n': return word(j, "null", false);
    default: return number(j);
    }
}

/* --- objects and arrays --- */

static bool tell(struct json *j, size_t from)
{
    const struct strv text = { (const char *)j->texts->data + from, j->texts->len - from };
    return j->fn(j->ctx, (struct strv){ j->path, j->path_n }, text) || wrong(j, "is refused");
}

/* Goes over a value of any kind without telling it. */
static bool pass_over(struct json *j)
{
    size_t from = j->texts->len;
    char close = 0;
    blanks(j);
    if (j->p < j->end && (*j->p == '[' || *j->p == '{')) {
        close = *j->p++ == '[' ? ']' : '}';
    }
    if (!close) {
        bool ok = scalar(j);
        j->texts->len = from;
        return ok;
    }
    if (++j->depth > IMPORT_JSON_DEPTH) {
        return wrong(j, "too deep");
    }
    bool ok = true;
    for (bool first = true; ok && !next_is(j, close); first = false) {
        ok = first || next_is(j, ',') || wrong(j, "a comma is missing");
        if (ok && close == '}') {
            ok = (next_is(j, '"') || wrong(j, "a name is missing")) && string(j) &&
                 (next_is(j, ':') || wrong(j, "a colon is missing"));
            j->texts->len = from;
        }
        ok = ok && pass_over(j);
    }
    j->depth--;
    return ok;
}

/* Behind '['. One text of all members, or IMPORT_NESTED. */
static bool array(struct json *j)
{
    size_t from = j->texts->len;
    bool nested = false, ok = true;
    for (bool first = true; ok && !next_is(j, ']'); first = false) {
        ok = first || next_is(j, ',') || wrong(j, "a comma is missing");
        blanks(j);
        if (ok && j->p < j->end && (*j->p == '[' || *j->p == '{')) {
            nested = true;
            ok = pass_over(j);
        } else if (ok) {
            buf_put_u8(j->texts, IMPORT_MEMBER);
            ok = scalar(j);
        }
    }
    if (ok && nested) {
        j->texts->len = from;
        buf_put_u8(j->texts, IMPORT_NESTED);
    }
    return ok && tell(j, from);
}

static bool object(struct json *j);

static bool member(struct json *j)
{
    size_t before = j->path_n, from = j->texts->len;
    if ((!next_is(j, '"') && !wrong(j, "a name is missing")) || !string(j)) {
        return false;
    }
    size_t n = j->texts->len - from, dot = before ? 1 : 0;
    if (n == 0 || before + dot + n > IMPORT_JSON_PATH) {
        return wrong(j, n ? "a name longer than 128 octets" : "an empty name");
    }
    if (dot) {
        j->path[before] = '.';
    }
    memcpy(j->path + before + dot, j->texts->data + from, n);
    j->path_n = before + dot + n;
    j->texts->len = from;
    if (!next_is(j, ':')) {
        return wrong(j, "a colon is missing");
    }
    bool ok;
    if (next_is(j, '{')) {
        ok = object(j);
    } else if (next_is(j, '[')) {
        ok = array(j);
    } else {
        ok = scalar(j) && tell(j, from);
    }
    j->path_n = before;
    return ok;
}

/* Behind '{'. */
static bool object(struct json *j)
{
    if (++j->depth > IMPORT_JSON_DEPTH) {
        return wrong(j, "too deep");
    }
    for (bool first = true; !next_is(j, '}'); first = false) {
        if (!first && !next_is(j, ',')) {
            return wrong(j, "a comma is missing");
        }
        if (!member(j)) {
            return false;
        }
    }
    j->depth--;
    return true;
}

bool import_json_read(struct strv line, struct buf *texts, import_json_fn *fn, void *ctx,
                      struct import_json_error *bad)
{
    struct json j = { .p = line.p, .end = line.p + line.n, .texts = texts, .fn = fn, .ctx = ctx };
    bool ok = next_is(&j, '{') ? object(&j) : wrong(&j, "not a JSON object");
    blanks(&j);
    if (ok && j.p != j.end) {
        ok = wrong(&j, "something follows the object");
    }
    if (!ok) {
        bad->octet = (size_t)(j.p - line.p) + 1;
        bad->reason = j.reason;
    }
    return ok;
}
