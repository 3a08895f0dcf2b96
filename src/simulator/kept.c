#include "simulator/kept.h"

#include <stdlib.h>
#include <string.h>

bool kept_init(struct kept *k)
{
    k->slots = calloc(KEPT_MAX, sizeof *k->slots);
    return k->slots != NULL;
}

void kept_free(struct kept *k)
{
    free(k->slots);
    k->slots = NULL;
}

void kept_put(struct kept *k, const struct kept_message *m)
{
    k->slots[m->id % KEPT_MAX] = *m;
}

struct kept_message *kept_find(const struct kept *k, enum messageid_form form, struct strv id)
{
    uint64_t number;
    if (messageid_number(form, id, &number)) {
        struct kept_message *m = &k->slots[number % KEPT_MAX];
        return number != 0 && m->id == number ? m : NULL;
    }
    for (size_t i = 0; form == MESSAGEID_UUID && i < KEPT_MAX; i++) { /* rare: a person asked */
        if (k->slots[i].id != 0 && strv_eq_c(id, messageid_format(form, k->slots[i].id).s))
            return &k->slots[i];
    }
    return NULL;
}

void kept_quote(struct kept_message *m, struct strv text)
{
    m->text_n = (uint8_t)(text.n < KEPT_QUOTE ? text.n : KEPT_QUOTE);
    if (m->text_n)
        memcpy(m->text, text.p, m->text_n);
}

unsigned kept_state(const struct kept_message *m, usec_t now)
{
    return now >= m->due ? m->state : SMPP_STATE_ENROUTE;
}
