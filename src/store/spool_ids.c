/* The ids carriers give: one key for all spellings of an id, and what is learned of a carrier's habits.
 *
 * Some carriers write an id in hexadecimal in the response and in decimal in the receipt, or the other way.
 * An id with a letter in it betrays its form; one without may be either. So the other reading is tried only
 * while nothing learned of the carrier contradicts it, and for two ids of digits alone only when something
 * learned speaks for it: with carriers that count in decimal, reading "161" as "353" would hit another
 * message. */
#include "base/hash.h"
#include "smpp/receipt.h"
#include "store/spool_core.h"

#include <stdio.h>
#include <string.h>

enum { FORM_ANSWER_HEX = 1, FORM_RECEIPT_HEX = 2 };

static struct strv canonical(struct strv id, struct smpp_msgid *m)
{
    return smpp_msgid_canonical(id, MSGID_TEXT, m) ? env_view(m->s, m->n) : strv_sub(id, 0, 255);
}

static uint64_t key_of(uint16_t carrier, struct strv text)
{
    return hash_u64(hash_stable(text.p, text.n) + carrier);
}

uint64_t spool_ids_key(uint16_t carrier, struct strv id)
{
    struct smpp_msgid m;
    return key_of(carrier, canonical(id, &m));
}

/* A number in hexadecimal that cannot be decimal. */
static bool hex_with_letter(struct strv s)
{
    bool letter = false;
    if (s.n == 0 || s.n > 16)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 'a' && s.p[i] <= 'f')
            letter = true;
        else if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return letter;
}

static unsigned form_of(struct spool_core *c, uint16_t carrier)
{
    uint64_t f = 0;
    hmap_get(&c->forms, carrier, &f);
    return (unsigned)f;
}

void spool_ids_learn(struct spool_core *c, uint16_t carrier, struct strv id, bool receipt)
{
    struct smpp_msgid m;
    unsigned f = form_of(c, carrier), bit = receipt ? FORM_RECEIPT_HEX : FORM_ANSWER_HEX;
    if ((f & bit) || !hex_with_letter(canonical(id, &m)))
        return;
    hmap_put(&c->forms, carrier, f | bit);
    hmap_put(&c->forms_changed, carrier, f | bit);
}

void spool_ids_load(struct spool_core *c)
{
    hmap_clear(&c->forms);
    hmap_clear(&c->forms_changed);
    uint64_t n = env_meta_get(&c->t, "id_form_carriers");
    for (uint64_t i = 0; i < n && i <= UINT16_MAX; i++) {
        char name[32];
        snprintf(name, sizeof(name), "id_form_%u", (unsigned)i);
        uint64_t f = env_meta_get(&c->t, name);
        if (f)
            hmap_put(&c->forms, i, f);
    }
}

void spool_ids_write(struct spool_core *c)
{
    uint64_t carrier, f;
    for (size_t pos = 0; hmap_next(&c->forms_changed, &pos, &carrier, &f);) {
        char name[32];
        snprintf(name, sizeof(name), "id_form_%u", (unsigned)carrier);
        env_meta_put(&c->t, name, f);
        if (carrier >= env_meta_get(&c->t, "id_form_carriers"))
            env_meta_put(&c->t, "id_form_carriers", carrier + 1);
    }
    hmap_clear(&c->forms_changed);
}

/* Whether an answer and a receipt with these ids, one of which is the other read in the other base, may
 * belong together. */
static bool plausible(unsigned form, struct strv answer, struct strv receipt, bool answer_is_hex)
{
    bool a = (form & FORM_ANSWER_HEX) != 0, r = (form & FORM_RECEIPT_HEX) != 0;
    if (answer_is_hex)
        return !r && !hex_with_letter(receipt) && (a || hex_with_letter(answer));
    return !a && !hex_with_letter(answer) && (r || hex_with_letter(receipt));
}

unsigned spool_ids_alternates(struct spool_core *c, uint16_t carrier, struct strv id, bool receipt,
                              uint64_t keys[2])
{
    struct smpp_msgid m[3], as_hex;
    unsigned n = smpp_msgid_candidates(id, m), found = 0, form = form_of(c, carrier);
    for (unsigned i = 1; i < n; i++) {
        struct strv mine = env_view(m[0].s, m[0].n), other = env_view(m[i].s, m[i].n);
        bool mine_is_dec =
            smpp_msgid_canonical(mine, MSGID_DEC, &as_hex) && strv_eq(env_view(as_hex.s, as_hex.n), other);
        bool ok =
            receipt ? plausible(form, other, mine, mine_is_dec) : plausible(form, mine, other, !mine_is_dec);
        if (ok)
            keys[found++] = key_of(carrier, other);
    }
    return found;
}
