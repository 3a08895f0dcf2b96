/* What a client asks about a message it submitted: query_sm, cancel_sm, replace_sm (SMPP 3.4 §4.8 to §4.10).
 * A message is named by its id, its sender must be that of the submission, and it must be the client's own;
 * until it has its final state, which is when its receipt is due, it can be cancelled and replaced. */
#include "simulator/impl.h"

#include "smpp/alphabet.h"
#include "smpp/time.h"

struct errand_address {
    uint8_t ton, npi;
    struct strv digits;
};

static bool errand_same(const struct delivery_address *a, const struct errand_address *b)
{
    return a->ton == b->ton && a->npi == b->npi && strv_eq_c(b->digits, a->digits);
}

static struct kept_message *errand_find(const struct peer *p, struct strv id,
                                        const struct errand_address *from)
{
    struct kept_message *m = kept_find(&p->sim->kept, p->sim->o.id_form, id);
    return m && m->account == p->account && errand_same(&m->from, from) ? m : NULL;
}

static void errand_log(struct peer *p, const char *event, struct strv id, const struct kept_message *m,
                       const char *status, struct strv text)
{
    struct journal_line line = { .event = event,
                                 .account = strv_from(p->account->system_id),
                                 .message_id = id,
                                 .status = status,
                                 .text = text };
    if (m) {
        line.from = strv_from(m->from.digits);
        line.to = strv_from(m->to.digits);
    }
    impl_log(p->sim, &line);
}

static void errand_answer(struct peer *p, const struct smpp_pdu *pdu, uint32_t status)
{
    session_answer(p->session, pdu->command_id, pdu->sequence_number, status);
}

static void errand_query(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_query_sm *q = &pdu->query_sm;
    struct errand_address from = { q->source_addr_ton, q->source_addr_npi, q->source_addr };
    const struct kept_message *m = errand_find(p, q->message_id, &from);
    if (!m) {
        errand_log(p, "query", q->message_id, NULL, smpp_status_name(SMPP_ESME_RQUERYFAIL), STRV(""));
        errand_answer(p, pdu, SMPP_ESME_RQUERYFAIL);
        return;
    }
    char date[SMPP_TIME_SIZE] = "";
    struct smpp_pdu r;
    unsigned state = kept_state(m, loop_now(p->sim->loop));
    smpp_pdu_init(&r, SMPP_CMD(query_sm_resp), SMPP_ESME_ROK, pdu->sequence_number);
    r.query_sm_resp.message_id = q->message_id;
    r.query_sm_resp.message_state = (uint8_t)state;
    if (smpp_state_is_final(state)) {
        smpp_time_from_instant(m->done, date);
        r.query_sm_resp.error_code = (uint8_t)outcomes_error(state);
    }
    r.query_sm_resp.final_date = strv_from(date);
    errand_log(p, "query", q->message_id, m, smpp_state_name(state), STRV(""));
    session_answer_pdu(p->session, &r);
}

static bool errand_open(const struct peer *p, const struct kept_message *m)
{
    return m && !smpp_state_is_final(kept_state(m, loop_now(p->sim->loop)));
}

/* Its receipt then says DELETED, and comes now. */
static void errand_cancel(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_cancel_sm *c = &pdu->cancel_sm;
    struct simulator *s = p->sim;
    struct errand_address from = { c->source_addr_ton, c->source_addr_npi, c->source_addr };
    struct errand_address to = { c->dest_addr_ton, c->dest_addr_npi, c->destination_addr };
    struct kept_message *m = errand_find(p, c->message_id, &from);
    bool fits = m && (c->destination_addr.n == 0 || errand_same(&m->to, &to));
    uint32_t status = fits && errand_open(p, m) ? SMPP_ESME_ROK : SMPP_ESME_RCANCELFAIL;
    errand_log(p, "cancel", c->message_id, m, smpp_status_name(status), STRV(""));
    errand_answer(p, pdu, status);
    if (status == SMPP_ESME_ROK) {
        dispatch_forget(s, m->id, true);
        m->state = SMPP_STATE_DELETED;
        m->due = loop_now(s->loop);
        m->done = impl_wall(s);
        submit_receipt(s, m);
    }
}

/* Text and registered_delivery are the new ones; when it is delivered, and what becomes of it, stay. */
static void errand_replace(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_replace_sm *r = &pdu->replace_sm;
    struct simulator *s = p->sim;
    struct errand_address from = { r->source_addr_ton, r->source_addr_npi, r->source_addr };
    struct kept_message *m = errand_find(p, r->message_id, &from);
    uint32_t status = errand_open(p, m) ? SMPP_ESME_ROK : SMPP_ESME_RREPLACEFAIL;
    buf_clear(&s->text);
    alphabet_decode(data_coding_read(m ? m->data_coding : 0, ALPHABET_GSM7).alphabet, r->short_message,
                    &s->text);
    errand_log(p, "replace", r->message_id, m, smpp_status_name(status),
               (struct strv){ (const char *)s->text.data, s->text.len });
    errand_answer(p, pdu, status);
    if (status == SMPP_ESME_ROK) {
        kept_quote(m, r->short_message);
        m->registered = r->registered_delivery;
        dispatch_forget(s, m->id, false);
        submit_receipt(s, m);
    }
}

bool errand_take(struct peer *p, const struct smpp_pdu *pdu)
{
    switch (pdu->command_id) {
    case SMPP_CMD(query_sm): errand_query(p, pdu); return true;
    case SMPP_CMD(cancel_sm): errand_cancel(p, pdu); return true;
    case SMPP_CMD(replace_sm): errand_replace(p, pdu); return true;
    default: return false;
    }
}
