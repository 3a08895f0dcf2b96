#include "domain/sender.h"

#include <string.h>

#define MAX_ALPHANUMERIC 11
#define MAX_SHORT_CODE   8
#define MIN_SHORT_CODE   3
#define MIN_NUMBER       7
#define MAX_NUMBER       15

const char *sender_kind_name(enum sender_kind k)
{
    static const char *const names[] = { "alphanumeric", "international", "short_code" };
    return (unsigned)k < 3 ? names[k] : "?";
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* The digits of "+44 7700 900-123" and "80080"; 0 when something else is in it. Separators only with "+". */
static size_t read_digits(struct strv s, bool plus, char digits[MESSAGE_MAX_SENDER + 1])
{
    size_t n = 0;
    for (size_t i = plus ? 1 : 0; i < s.n; i++) {
        if (is_digit(s.p[i]) && n < MESSAGE_MAX_SENDER) {
            digits[n++] = s.p[i];
        } else if (!plus || (s.p[i] != ' ' && s.p[i] != '-')) {
            return 0;
        }
    }
    digits[n] = '\0';
    return n;
}

static bool parse_number(const char *digits, size_t n, bool plus, const struct sender_options *o,
                         struct sender *out, struct err *e)
{
    if (!plus && n >= MIN_SHORT_CODE && n <= MAX_SHORT_CODE) {
        out->kind = SENDER_SHORT_CODE;
        out->ton = o->short_ton;
        out->npi = o->short_npi;
    } else if (n < (plus ? MIN_NUMBER : MIN_SHORT_CODE) || n > MAX_NUMBER) {
        return err_set(
            e, ERR_INVALID,
            "the sender is no number: %zu digits; a short code has %d to %d, an international number %d to "
            "%d",
            n, MIN_SHORT_CODE, MAX_SHORT_CODE, MIN_NUMBER, MAX_NUMBER);
    } else if (digits[0] == '0') {
        return err_set(e, ERR_INVALID, "the sender must be an international number, with its country code");
    } else {
        out->kind = SENDER_INTERNATIONAL;
        out->ton = 1;
        out->npi = 1;
    }
    memcpy(out->address, digits, n + 1);
    return true;
}

static bool parse_text(struct strv s, struct sender *out, struct err *e)
{
    bool letter = false;
    if (s.n > MAX_ALPHANUMERIC) {
        return err_set(e, ERR_INVALID, "the sender has more than %d characters", MAX_ALPHANUMERIC);
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        letter = letter || is_letter(c);
        /* What ASCII and the GSM default alphabet (3GPP TS 23.038 §6.2.1) share; the escaped ones would take
         * two septets, and carriers do not agree on the others. */
        if (c < ' ' || c > '~' || strchr("[\\]^`{|}~", c)) {
            return err_set(e, ERR_INVALID,
                           "the sender has a character that is not in both ASCII and the GSM "
                           "alphabet, at octet %zu",
                           i + 1);
        }
    }
    if (!letter) {
        return err_set(e, ERR_INVALID, "the sender is neither a number nor a text with a letter in it");
    }
    out->kind = SENDER_ALPHANUMERIC;
    out->ton = 5;
    out->npi = 0;
    return strv_copy(s, out->address, sizeof out->address);
}

bool sender_parse(struct strv text, const struct sender_options *o, struct sender *out, struct err *e)
{
    const struct sender_options defaults = SENDER_DEFAULTS;
    char digits[MESSAGE_MAX_SENDER + 1];
    struct strv s = strv_trim(text);
    *out = (struct sender){ 0 };
    if (s.n == 0) {
        return err_set(e, ERR_INVALID, "the sender is empty");
    }
    bool plus = s.p[0] == '+';
    size_t n = read_digits(s, plus, digits);
    if (n > 0) {
        return parse_number(digits, n, plus, o ? o : &defaults, out, e);
    }
    return parse_text(s, out, e);
}
