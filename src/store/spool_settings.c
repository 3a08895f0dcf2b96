/* What of the spool may be set and asked while it runs, from any thread, and what its kinds are called. */
#include "store/spool_internal.h"

void spool_keep(struct spool *s, usec_t messages, usec_t inbound)
{
    atomic_store(&s->w.core.retain.messages, messages);
    atomic_store(&s->w.core.retain.inbound, inbound);
}

void spool_keep_receipts(struct spool *s, usec_t unknown)
{
    atomic_store(&s->w.core.orphan_keep, unknown ? unknown : INT64_MAX / 2);
}

void spool_set_id_form(struct spool *s, uint16_t carrier, enum spool_id_form f)
{
    struct spool_ids *x = &s->w.core.ids;
    if (carrier < SPOOL_CARRIERS && atomic_exchange(&x->set[carrier], (uint8_t)f) != (uint8_t)f)
        atomic_store(&x->set_changed, true);
}

void spool_get_id_form(const struct spool *s, uint16_t carrier, struct spool_id_view *out)
{
    *out = (struct spool_id_view){ 0 };
    if (carrier >= SPOOL_CARRIERS)
        return;
    uint64_t v = atomic_load(&s->w.core.ids.shown[carrier]);
    out->set = (enum spool_id_form)atomic_load(&s->w.core.ids.set[carrier]);
    out->elsewhere = v & 1023;
    for (unsigned i = SPOOL_ID_FORMS - 1; i >= SPOOL_IDS_SAME; i--) {
        v >>= 10;
        out->seen[i] = v & 1023;
    }
    out->form = out->set != SPOOL_IDS_AUTO ? out->set : (enum spool_id_form)(v >> 10);
}

static const char *const id_form_names[] = { "auto", "same", "hex_dec", "dec_hex" };

const char *spool_id_form_name(enum spool_id_form f)
{
    return (unsigned)f < SPOOL_ID_FORMS ? id_form_names[f] : "?";
}

bool spool_id_form_parse(struct strv s, enum spool_id_form *out)
{
    for (unsigned i = 0; i < SPOOL_ID_FORMS; i++) {
        if (strv_eq_c(s, id_form_names[i])) {
            *out = (enum spool_id_form)i;
            return true;
        }
    }
    return false;
}

const char *spool_stage_name(enum spool_stage s)
{
    static const char *const names[] = { NULL, "other", "scheduled", "accepted", "enroute" };
    return (unsigned)s <= STAGE_ENROUTE ? names[s] : NULL;
}
