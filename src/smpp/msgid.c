/* Message ids as keys: the same message under the ids of its response and of its receipt. */
#include "smpp/receipt.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool all_digits(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

static bool all_hex(struct strv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isxdigit((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

static struct strv view(const struct smpp_msgid *id)
{
    return (struct strv){ id->s, id->n };
}

/* Trimmed, lower case, without leading zeros (but "0" stays). */
static bool as_text(struct strv id, struct smpp_msgid *out)
{
    out->n = 0;
    memset(out->s, 0, sizeof out->s);
    id = strv_trim(id);
    while (id.n > 1 && id.p[0] == '0')
        id = strv_sub(id, 1, id.n - 1);
    if (id.n == 0 || id.n >= sizeof out->s)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        out->s[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out->s[id.n] = '\0';
    out->n = (uint8_t)id.n;
    return true;
}

static bool dec_to_hex(const struct smpp_msgid *text, struct smpp_msgid *out)
{
    uint64_t v;
    if (!all_digits(view(text)) || !strv_to_u64(view(text), &v))
        return false;
    int n = snprintf(out->s, sizeof out->s, "%llx", (unsigned long long)v);
    out->n = (uint8_t)n;
    return true;
}

static bool hex_to_dec(const struct smpp_msgid *text, struct smpp_msgid *out)
{
    uint64_t v = 0;
    if (!all_hex(view(text)) || text->n > 16)
        return false;
    for (size_t i = 0; i < text->n; i++) {
        char c = text->s[i];
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    int n = snprintf(out->s, sizeof out->s, "%llu", (unsigned long long)v);
    out->n = (uint8_t)n;
    return true;
}

bool smpp_msgid_canonical(struct strv id, enum msgid_form form, struct smpp_msgid *out)
{
    struct smpp_msgid text;
    if (!as_text(id, &text)) {
        *out = text;
        return false;
    }
    *out = text;
    switch (form) {
    case MSGID_HEX: return all_hex(view(&text));
    case MSGID_DEC: return dec_to_hex(&text, out);
    default: return true;
    }
}

bool smpp_msgid_decimal(struct strv id, struct smpp_msgid *out)
{
    struct smpp_msgid text;
    return as_text(id, &text) && hex_to_dec(&text, out);
}

unsigned smpp_msgid_candidates(struct strv id, struct smpp_msgid out[3])
{
    unsigned n = 1;
    if (!as_text(id, &out[0]))
        return 0;
    if (dec_to_hex(&out[0], &out[n]) && !strv_eq(view(&out[n]), view(&out[0])))
        n++;
    if (hex_to_dec(&out[0], &out[n]) && !strv_eq(view(&out[n]), view(&out[0])))
        n++;
    return n;
}

/* Whether `hex` read as a hexadecimal number is the decimal number `dec`. */
static bool same_number(const struct smpp_msgid *hex, const struct smpp_msgid *dec)
{
    struct smpp_msgid as_dec;
    return all_digits(view(dec)) && hex_to_dec(hex, &as_dec) && strv_eq(view(&as_dec), view(dec));
}

enum receipt_id_match receipt_id_same(struct strv a, struct strv b)
{
    struct smpp_msgid x, y;
    if (!as_text(a, &x) || !as_text(b, &y))
        return RECEIPT_ID_DIFFERENT;
    if (strv_eq(view(&x), view(&y)))
        return RECEIPT_ID_SAME;
    if (!same_number(&x, &y) && !same_number(&y, &x))
        return RECEIPT_ID_DIFFERENT;
    /* a letter proves which of the two is hexadecimal */
    return all_digits(view(&x)) && all_digits(view(&y)) ? RECEIPT_ID_MAYBE : RECEIPT_ID_SAME;
}
