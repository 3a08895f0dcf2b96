/* What a client asks for: submits are judged, answered, and get their outcome; what is asked about them is an
 * errand.
 */
#include "simulator/impl.h"

#include "smpp/alphabet.h"
#include "smpp/udh.h"

#include <stdio.h>

/* A submit_sm, data_sm or submit_multi, in what they have in common. */
struct submit {
    const struct smpp_pdu *pdu;
    struct delivery_address from;
    struct strv text; /* octets, with the user data header */
    uint8_t esm_class, data_coding, registered;
    uint64_t id;
    usec_t at; /* wall clock */
    bool udhi;
    struct udh udh;
};

static usec_t submit_now(const struct peer *p)
{
    return loop_now(p->sim->loop);
}

/* --- answers --- */

static void submit_answer(struct peer *p, const struct submit *m, uint32_t status, usec_t delay)
{
    struct simulator *s = p->sim;
    struct peer_answer a = { .due = submit_now(p) + delay,
                             .command = m->pdu->command_id,
                             .sequence = m->pdu->sequence_number,
                             .status = status,
                             .id = status == SMPP_ESME_ROK ? m->id : 0 };
    if (delay > 0 && ring_push(delay == s->o.response_delay ? &p->answers : &p->late, &a))
        return;
    struct messageid id = messageid_format(s->o.id_form, a.id);
    session_answer_id(p->session, a.command, a.sequence, status, a.id ? strv_from(id.s) : (struct strv){ 0 });
}

/* --- the journal --- */

static void submit_log_text(struct simulator *s, const struct submit *m)
{
    struct data_coding dc = data_coding_read(m->data_coding, ALPHABET_GSM7);
    struct strv octets = m->udhi ? m->udh.data : m->text;
    buf_clear(&s->text);
    alphabet_decode(dc.alphabet, octets, &s->text);
}

static void submit_log(struct peer *p, const struct submit *m, struct strv to, const char *event,
                       const char *status)
{
    struct simulator *s = p->sim;
    if (!journal_on(&s->journal))
        return;
    char part[24] = "";
    struct messageid id = messageid_format(s->o.id_form, m->id);
    if (m->udhi && m->udh.concat_bits)
        snprintf(part, sizeof part, "%u/%u/%u", m->udh.concat_ref, m->udh.concat_seq, m->udh.concat_total);
    submit_log_text(s, m);
    struct journal_line line = { .event = event,
                                 .account = strv_from(p->account->system_id),
                                 .from = strv_from(m->from.digits),
                                 .to = to,
                                 .status = status,
                                 .part = strv_from(part),
                                 .text = { (const char *)s->text.data, s->text.len } };
    if (m->id)
        line.message_id = strv_from(id.s);
    impl_log(s, &line);
}

/* --- what becomes of it --- */

static void submit_reply(struct peer *p, const struct submit *m, const struct delivery_address *to,
                         usec_t delay)
{
    struct simulator *s = p->sim;
    bool last = !m->udhi || !m->udh.concat_bits || m->udh.concat_seq == m->udh.concat_total;
    if (!last || !s->o.reply_count || rnd_unit(&s->rnd) >= s->o.reply_rate)
        return;
    const char *text = s->o.reply_texts[rnd_below(&s->rnd, s->o.reply_count)];
    struct strv reply_to = strv_from(s->o.reply_to ? s->o.reply_to : m->from.digits);
    usec_t jitter = (usec_t)rnd_below(&s->rnd, (uint64_t)s->o.reply_delay + 1);
    impl_inbound(s, strv_from(to->digits), reply_to, strv_from(text), delay + s->o.reply_delay + jitter,
                 m->id, NULL);
}

static bool submit_wants_receipt(const struct simulator *s, const struct kept_message *m)
{
    if (s->o.receipts != SIMULATOR_RECEIPTS_REQUESTED)
        return s->o.receipts == SIMULATOR_RECEIPTS_ALWAYS;
    switch (m->registered & 3) { /* 3.4 §5.2.17, 5.0 §4.7.21 */
    case 1: return true;
    case 2: return m->state != SMPP_STATE_DELIVERED;
    case 3: return m->state == SMPP_STATE_DELIVERED;
    default: return false;
    }
}

void submit_receipt(struct simulator *s, const struct kept_message *m)
{
    if (!submit_wants_receipt(s, m))
        return;
    if (faults_hit(&s->o.faults, FAULT_LOST_RECEIPT, &s->rnd)) {
        s->stats.faults++;
        return;
    }
    struct delivery *d = delivery_new((struct strv){ m->text, m->text_n });
    usec_t now = loop_now(s->loop), delay = m->due > now ? m->due - now : 0;
    if (!d)
        return;
    d->account = m->account;
    d->id = m->id;
    d->submitted = m->submitted;
    d->state = m->state;
    d->from = m->to;
    d->to = m->from;
    if (faults_hit(&s->o.faults, FAULT_DUPLICATE_RECEIPT, &s->rnd)) {
        struct delivery *twin = delivery_copy(d);
        s->stats.faults++;
        if (twin)
            dispatch_add(s, twin, delay);
    }
    dispatch_add(s, d, delay);
}

static void submit_outcome(struct peer *p, const struct submit *m, const struct delivery_address *to,
                           bool early)
{
    struct simulator *s = p->sim;
    unsigned state = outcomes_pick(&s->o.outcomes, &s->rnd);
    usec_t delay = early ? 0 : s->o.response_delay + s->o.receipt_delay;
    if (!early && s->o.receipt_jitter)
        delay += (usec_t)rnd_below(&s->rnd, (uint64_t)s->o.receipt_jitter + 1);
    struct kept_message kept = { .id = m->id,
                                 .account = p->account,
                                 .from = m->from,
                                 .to = *to,
                                 .submitted = m->at,
                                 .due = submit_now(p) + delay,
                                 .done = m->at + delay,
                                 .state = (uint8_t)state,
                                 .registered = m->registered,
                                 .data_coding = m->data_coding };
    kept_quote(&kept, m->udhi ? m->udh.data : m->text);
    kept_put(&s->kept, &kept);
    submit_receipt(s, &kept);
    if (state == SMPP_STATE_DELIVERED)
        submit_reply(p, m, to, delay);
}

/* --- faults --- */

static void submit_put_garbage(struct peer *p)
{
    uint8_t octets[48];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(rnd_u64(&p->sim->rnd) | 0x40); /* a length far beyond any PDU */
    buf_put(session_output(p->session), octets, sizeof octets);
}

/* Faults in which the submit is not taken: true when one happened. */
static bool submit_fault_before(struct peer *p, const struct submit *m, struct strv to)
{
    struct simulator *s = p->sim;
    static const enum fault kinds[] = { FAULT_RESET, FAULT_GARBAGE, FAULT_STALL, FAULT_SYSTEM_ERROR,
                                        FAULT_NACK };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!faults_hit(&s->o.faults, kinds[i], &s->rnd))
            continue;
        s->stats.faults++;
        submit_log(p, m, to, "fault", faults_name(kinds[i]));
        switch (kinds[i]) {
        case FAULT_RESET: conn_close(p->conn); break;
        case FAULT_GARBAGE: submit_put_garbage(p); break;
        case FAULT_STALL:
            conn_pause_read(p->conn);
            loop_timer_in(&p->stall, s->o.stall_time);
            return false; /* late, but taken */
        case FAULT_SYSTEM_ERROR: submit_answer(p, m, SMPP_ESME_RSYSERR, s->o.response_delay); return true;
        default:
            smpp_put_header(session_output(p->session), SMPP_CMD(generic_nack), SMPP_ESME_RSYSERR,
                            m->pdu->sequence_number);
            break;
        }
        session_forgo_answer(p->session);
        return true;
    }
    return false;
}

static void submit_answer_taken(struct peer *p, const struct submit *m, struct strv to)
{
    struct simulator *s = p->sim;
    if (faults_hit(&s->o.faults, FAULT_LOST_RESPONSE, &s->rnd)) {
        s->stats.faults++;
        submit_log(p, m, to, "fault", faults_name(FAULT_LOST_RESPONSE));
        session_forgo_answer(p->session);
        return;
    }
    bool late = faults_hit(&s->o.faults, FAULT_LATE_RESPONSE, &s->rnd);
    s->stats.faults += late;
    submit_answer(p, m, SMPP_ESME_ROK, late ? s->o.late_time : s->o.response_delay);
    uint32_t response = m->pdu->command_id | SMPP_RESPONSE;
    struct messageid id = messageid_format(s->o.id_form, m->id);
    if (faults_hit(&s->o.faults, FAULT_DUPLICATE_RESPONSE, &s->rnd)) {
        s->stats.faults++;
        smpp_put_id_resp(session_output(p->session), response, 0, m->pdu->sequence_number, strv_from(id.s));
    }
    if (faults_hit(&s->o.faults, FAULT_UNKNOWN_RESPONSE, &s->rnd)) {
        s->stats.faults++;
        smpp_put_id_resp(session_output(p->session), response, 0, m->pdu->sequence_number ^ 0x40000000,
                         strv_from(id.s));
    }
}

/* --- submits --- */

static uint32_t submit_judge(struct simulator *s, struct strv to, usec_t now)
{
    if (to.n == 0)
        return SMPP_ESME_RINVDSTADR;
    if (!bucket_take(&s->throttle, 1, now))
        return SMPP_ESME_RTHROTTLED;
    return s->stats.waiting >= s->o.max_waiting ? SMPP_ESME_RMSGQFUL : SMPP_ESME_ROK;
}

static bool submit_accept(struct peer *p, struct submit *m, struct strv to)
{
    struct simulator *s = p->sim;
    s->stats.submits++;
    m->at = impl_wall(s);
    m->udhi = (m->esm_class & SMPP_ESM_UDHI) && udh_read(m->text, &m->udh);
    if (submit_fault_before(p, m, to))
        return false;
    uint32_t status = submit_judge(s, to, submit_now(p));
    if (status != SMPP_ESME_ROK) {
        *(status == SMPP_ESME_RTHROTTLED ? &s->stats.throttled : &s->stats.refused) += 1;
        submit_log(p, m, to, "submit", smpp_status_name(status));
        submit_answer(p, m, status, s->o.response_delay);
        return false;
    }
    s->stats.accepted++;
    m->id = s->next_id++;
    submit_log(p, m, to, "submit", smpp_status_name(status));
    return true;
}

static void submit_one(struct peer *p, struct submit *m, uint8_t ton, uint8_t npi, struct strv to)
{
    struct delivery_address address;
    if (!submit_accept(p, m, to))
        return;
    delivery_address_set(&address, ton, npi, to);
    bool early = faults_hit(&p->sim->o.faults, FAULT_EARLY_RECEIPT, &p->sim->rnd);
    p->sim->stats.faults += early;
    submit_outcome(p, m, &address, early);
    if (early) { /* the receipt goes out now, the response after it */
        dispatch_on_timer(p->sim);
        dispatch_on_task(p->sim);
    }
    submit_answer_taken(p, m, to);
}

/* The three have the same members, by the same names, in different structs. */
#define SUBMIT_READ(m, pdu, body)                                                                            \
    do {                                                                                                     \
        *(m) = (struct submit){ .pdu = (pdu),                                                                \
                                .text = smpp_pdu_message(pdu),                                               \
                                .esm_class = (body)->esm_class,                                              \
                                .data_coding = (body)->data_coding,                                          \
                                .registered = (body)->registered_delivery };                                 \
        delivery_address_set(&(m)->from, (body)->source_addr_ton, (body)->source_addr_npi,                   \
                             (body)->source_addr);                                                           \
    } while (0)

static void submit_sm(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_sm *sm = &pdu->sm;
    struct submit m;
    SUBMIT_READ(&m, pdu, sm);
    submit_one(p, &m, sm->dest_addr_ton, sm->dest_addr_npi, sm->destination_addr);
}

static void submit_data(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_data_sm *sm = &pdu->data_sm;
    struct submit m;
    SUBMIT_READ(&m, pdu, sm);
    submit_one(p, &m, sm->dest_addr_ton, sm->dest_addr_npi, sm->destination_addr);
}

/* One message_id for all, a receipt for each (3.4 §4.5.2). */
static void submit_multi(struct peer *p, const struct smpp_pdu *pdu)
{
    const struct smpp_submit_multi *sm = &pdu->submit_multi;
    struct submit m;
    SUBMIT_READ(&m, pdu, sm);
    struct rd rd = rd_from(sm->dests.octets.p, sm->dests.octets.n);
    struct smpp_dest dest;
    if (!smpp_dest_next(&rd, &dest)) {
        submit_accept(p, &m, STRV(""));
        return;
    }
    if (!submit_accept(p, &m, dest.address))
        return;
    do {
        struct delivery_address to;
        delivery_address_set(&to, dest.ton, dest.npi, dest.address);
        submit_outcome(p, &m, &to, false);
    } while (smpp_dest_next(&rd, &dest));
    struct smpp_pdu resp;
    struct messageid id = messageid_format(p->sim->o.id_form, m.id);
    smpp_pdu_init(&resp, SMPP_CMD(submit_multi_resp), SMPP_ESME_ROK, pdu->sequence_number);
    resp.submit_multi_resp.message_id = strv_from(id.s);
    session_answer_pdu(p->session, &resp);
}

void submit_take(struct peer *p, const struct smpp_pdu *pdu)
{
    switch (pdu->command_id) {
    case SMPP_CMD(submit_sm): submit_sm(p, pdu); return;
    case SMPP_CMD(data_sm): submit_data(p, pdu); return;
    case SMPP_CMD(submit_multi): submit_multi(p, pdu); return;
    default: break;
    }
    if (!errand_take(p, pdu))
        session_answer(p->session, pdu->command_id, pdu->sequence_number, SMPP_ESME_RINVCMDID);
}
