#include "smpp/status.h"

#include <string.h>

struct row {
    uint32_t number;
    enum smpp_status_class class;
    const char *name, *text;
};

static const struct row rows[] = {
#define STATUS(name, number, class, text) { number, SMPP_CLASS_##class, #name, text },
#include "smpp/status.def"
};
#define ROWS (sizeof rows / sizeof *rows)

/* The rows are in ascending order (a test holds them to it). */
static const struct row *find(uint32_t status)
{
    if (status == 0)
        return rows;
    size_t lo = 0, hi = ROWS;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (rows[mid].number < status)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < ROWS && rows[lo].number == status ? &rows[lo] : NULL;
}

const char *smpp_status_name(uint32_t status)
{
    const struct row *r = find(status);
    return r ? r->name : NULL;
}

const char *smpp_status_text(uint32_t status)
{
    const struct row *r = find(status);
    if (r)
        return r->text;
    /* 3.4 Table 5-2: 0x400..0x4ff are the vendor's */
    return status >= 0x400 && status <= 0x4ff ? "a status of the carrier's own" : "an unassigned status";
}

enum smpp_status_class smpp_status_class(uint32_t status)
{
    const struct row *r = find(status);
    return r ? r->class : SMPP_CLASS_PERMANENT;
}

static const char *const class_names[] = { "ok", "temporary", "throttled", "permanent", "bind_fault" };

const char *smpp_status_class_name(enum smpp_status_class c)
{
    return (unsigned)c < sizeof class_names / sizeof *class_names ? class_names[c] : "permanent";
}

bool smpp_status_class_parse(struct strv name, enum smpp_status_class *out)
{
    for (unsigned i = 0; i < sizeof class_names / sizeof *class_names; i++) {
        if (strv_eq_c(name, class_names[i])) {
            *out = (enum smpp_status_class)i;
            return true;
        }
    }
    return false;
}

static bool parse_hex(struct strv digits, uint32_t *out)
{
    uint32_t v = 0;
    if (digits.n == 0 || digits.n > 8)
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *out = v;
    return true;
}

bool smpp_status_parse(struct strv text, uint32_t *out)
{
    uint64_t v;
    if (strv_to_u64(text, &v)) {
        if (v > UINT32_MAX)
            return false;
        *out = (uint32_t)v;
        return true;
    }
    if (text.n > 2 && text.p[0] == '0' && (text.p[1] | 0x20) == 'x')
        return parse_hex(strv_sub(text, 2, text.n - 2), out);
    for (size_t i = 0; i < ROWS; i++) {
        if (strv_ieq_c(text, rows[i].name) || strv_ieq_c(text, rows[i].name + strlen("ESME_"))) {
            *out = rows[i].number;
            return true;
        }
    }
    return false;
}

bool smpp_status_at(size_t i, uint32_t *status)
{
    if (i >= ROWS)
        return false;
    *status = rows[i].number;
    return true;
}

/* --- message_state --- */

static const struct {
    const char *name, *word;
} states[] = {
    [SMPP_STATE_ENROUTE] = { "enroute", "ENROUTE" },
    [SMPP_STATE_DELIVERED] = { "delivered", "DELIVRD" },
    [SMPP_STATE_EXPIRED] = { "expired", "EXPIRED" },
    [SMPP_STATE_DELETED] = { "deleted", "DELETED" },
    [SMPP_STATE_UNDELIVERABLE] = { "undeliverable", "UNDELIV" },
    [SMPP_STATE_ACCEPTED] = { "accepted", "ACCEPTD" },
    [SMPP_STATE_UNKNOWN] = { "unknown", "UNKNOWN" },
    [SMPP_STATE_REJECTED] = { "rejected", "REJECTD" },
    [SMPP_STATE_SKIPPED] = { "skipped", "SKIPPED" },
};
#define STATES (sizeof states / sizeof *states)

const char *smpp_state_name(unsigned state)
{
    return state < STATES ? states[state].name : NULL;
}

const char *smpp_state_word(unsigned state)
{
    return state < STATES ? states[state].word : NULL;
}

unsigned smpp_state_from_word(struct strv word)
{
    for (unsigned i = 1; i < STATES; i++)
        if (strv_ieq_c(word, states[i].word))
            return i;
    return SMPP_STATE_NONE;
}

bool smpp_state_is_final(unsigned state)
{
    return state < STATES && state != SMPP_STATE_NONE && state != SMPP_STATE_ENROUTE &&
           state != SMPP_STATE_ACCEPTED;
}
