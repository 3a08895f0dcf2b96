#include "simulator/messageid.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* RFC 9562 §5.8: version 8, of one's own making. The first half alone is a bijection of the id. */
static struct messageid messageid_uuid(uint64_t id)
{
    uint64_t a = hash_u64(id), b = hash_u64(~id);
    struct messageid m;
    snprintf(m.s, sizeof m.s, "%08" PRIx64 "-%04" PRIx64 "-8%03" PRIx64 "-8%03" PRIx64 "-%012" PRIx64,
             a >> 32, a >> 16 & 0xffff, a >> 4 & 0xfff, a & 0xf, b & UINT64_C(0xffffffffffff));
    return m;
}

struct messageid messageid_format(enum messageid_form form, uint64_t id)
{
    struct messageid m;
    if (form == MESSAGEID_UUID)
        return messageid_uuid(id);
    snprintf(m.s, sizeof m.s, form == MESSAGEID_HEX ? "%" PRIx64 : "%" PRIu64, id);
    return m;
}

bool messageid_number(enum messageid_form form, struct strv text, uint64_t *out)
{
    char digits[sizeof((struct messageid *)0)->s];
    if (form == MESSAGEID_UUID || !strv_copy(text, digits, sizeof digits))
        return false;
    *out = strtoull(digits, NULL, form == MESSAGEID_HEX ? 16 : 10);
    return strv_eq_c(text, messageid_format(form, *out).s);
}

bool messageid_form_parse(struct strv name, enum messageid_form *out)
{
    static const char *const names[] = { "hex", "decimal", "uuid" };
    for (unsigned i = 0; i < 3; i++)
        if (strv_eq_c(name, names[i])) {
            *out = i;
            return true;
        }
    return false;
}
