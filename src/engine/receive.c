/* What carriers send us: receipts and inbound messages. Each is answered only when it is synced
 * ("Durability" of doc/ARCHITECTURE.md); one that cannot be stored now is answered with a temporary error,
 * and the carrier sends it again. */
#include "engine/internal.h"

#include "base/hash.h"
#include "smpp/alphabet.h"
#include "smpp/receipt.h"
#include "smpp/udh.h"

#include <stdlib.h>

/* A request of the carrier's that waits for its transaction. The bind may be gone by then. */
struct ack {
    struct carrier *c;
    unsigned link;
    uint32_t generation, command_id, sequence;
    enum consent_action consent; /* to be taken over when synced */
    uint64_t from;
    uint64_t stops; /* the gate's when it came */
};

static void ack_answer(const struct ack *a, uint32_t status)
{
    struct link *k = carrier_find_link(a->c, a->link, a->generation);
    if (k != NULL) {
        link_answer(k, a->generation, a->command_id, a->sequence, status);
    }
}

static uint32_t ack_status(enum err_code code)
{
    switch (code) {
    case ERR_NONE:
    case ERR_EXISTS: return SMPP_ESME_ROK; /* had been stored before */
    case ERR_BUSY: return SMPP_ESME_RTHROTTLED;
    default: return SMPP_ESME_RX_T_APPN;
    }
}

static struct ack *ack_new(struct carrier *c, struct link *k, const struct smpp_pdu *pdu)
{
    struct ack *a = calloc(1, sizeof *a);
    if (a == NULL) {
        link_answer(k, link_generation(k), pdu->command_id, pdu->sequence_number, SMPP_ESME_RX_T_APPN);
        return NULL;
    }
    *a = (struct ack){ .c = c,
                       .link = link_id(k),
                       .generation = link_generation(k),
                       .command_id = pdu->command_id,
                       .sequence = pdu->sequence_number };
    return a;
}

/* --- receipts --- */

enum message_state receive_state(unsigned s)
{
    switch (s) {
    case SMPP_STATE_DELIVERED: return MESSAGE_DELIVERED;
    case SMPP_STATE_EXPIRED: return MESSAGE_EXPIRED;
    case SMPP_STATE_DELETED: return MESSAGE_DELETED;
    case SMPP_STATE_SKIPPED:
    case SMPP_STATE_UNDELIVERABLE: return MESSAGE_UNDELIVERABLE;
    case SMPP_STATE_REJECTED: return MESSAGE_REJECTED;
    case SMPP_STATE_UNKNOWN: return MESSAGE_UNKNOWN;
    default: return MESSAGE_SENT; /* on its way: recorded only */
    }
}

static enum spool_stage receipt_stage(const struct receipt *r)
{
    switch (receipt_state(r)) {
    case SMPP_STATE_ENROUTE: return STAGE_ENROUTE;
    case SMPP_STATE_ACCEPTED: return STAGE_ACCEPTED;
    default: return r->scheduled ? STAGE_SCHEDULED : STAGE_OTHER;
    }
}

static void receipt_count(struct carrier *c, const struct spool_result *r)
{
    struct carrier_receipts *n = &c->receipt_kinds;
    if (r->settled == NULL) {
        n->unknown++;
        return;
    }
    switch (r->settled->receipt) {
    case RECEIPT_INTERMEDIATE: n->intermediate++; break;
    case RECEIPT_REPEATED:
    case RECEIPT_LATE: n->repeated++; break;
    case RECEIPT_CONTRADICTS:
        n->contradicting++;
        log_event(c->g->log, LOG_DEBUG, "receipt_contradicts", "carrier=%s id=%llu state=%s", c->o.name,
                  (unsigned long long)r->id, message_state_name(r->settled->after));
        break;
    default: break;
    }
}

static void receipt_stored(void *ctx, const struct spool_result *r)
{
    struct ack *a = ctx;
    if (r->code == ERR_NONE) {
        receipt_count(a->c, r);
    }
    ack_answer(a, ack_status(r->code));
    free(a);
}

/* Carriers write the recipient's number into the source, some into the destination. */
static uint64_t receipt_number(struct strv address)
{
    uint64_t n = 0;
    return number_parse_digits(address, &n) || strv_to_u64(address, &n) ? n : 0;
}

static void receive_receipt(struct carrier *c, struct link *k, const struct smpp_pdu *pdu,
                            const struct receipt *r)
{
    struct engine *g = c->g;
    struct strv id = receipt_id(r);
    bool data = pdu->command_id == SMPP_CMD(data_sm);
    uint64_t error = r->error_code;
    if (id.n == 0) {
        c->receipt_kinds.unreadable++;
        if (engine_mono(g) >= c->unreadable_again) { /* one of many: a carrier may send nothing else */
            c->unreadable_again = engine_mono(g) + USEC_SEC;
            log_event(g->log, LOG_WARN, "receipt_without_id", "carrier=%s bind=%u so_far=%llu", c->o.name,
                      link_id(k), (unsigned long long)c->receipt_kinds.unreadable);
        }
        link_answer(k, link_generation(k), pdu->command_id, pdu->sequence_number, SMPP_ESME_ROK);
        return;
    }
    if (!r->has_error && (!strv_to_u64(r->err, &error) || error > UINT32_MAX)) {
        error = 0;
    }
    struct ack *a = ack_new(c, k, pdu);
    if (a == NULL) {
        return;
    }
    /* An intermediate notification (esm_class, SMPP 3.4 §5.2.12) is never the end, whatever it names. */
    struct spool_receipt sr = {
        .carrier = c->number,
        .carrier_id = id,
        .state = r->intermediate ? MESSAGE_SENT : receive_state(receipt_state(r)),
        .stage = receipt_stage(r),
        .error = (uint32_t)error,
        .to = receipt_number(data ? pdu->data_sm.source_addr : pdu->sm.source_addr),
        .other = receipt_number(data ? pdu->data_sm.destination_addr : pdu->sm.destination_addr),
        .at = engine_wall(g),
    };
    struct buf tlvs = { 0 };
    tlvs_declared_of_pdu(g->tlvs, pdu, &tlvs);
    sr.tlvs = (struct strv){ (const char *)tlvs.data, tlvs.len };
    c->receipts++;
    spool_receipt(g->spool, &sr, receipt_stored, a);
    buf_free(&tlvs);
    engine_touch_spool(g);
}

/* --- inbound messages --- */

/* The text as UTF-8: without its user data header, out of its alphabet. */
static void inbound_text(const struct carrier *c, const struct smpp_pdu *pdu, struct buf *out)
{
    struct strv octets = smpp_pdu_message(pdu);
    uint8_t esm = pdu->command_id == SMPP_CMD(data_sm) ? pdu->data_sm.esm_class : pdu->sm.esm_class;
    uint8_t coding = pdu->command_id == SMPP_CMD(data_sm) ? pdu->data_sm.data_coding : pdu->sm.data_coding;
    struct alphabet_reading how = { .smsc_default = c->style.wire, .packed = c->style.packed };
    struct alphabet_message m;
    alphabet_decode_message(coding, esm, octets, &how, out, &m);
}

static void inbound_stored(void *ctx, const struct spool_result *r)
{
    struct ack *a = ctx;
    if (r->code == ERR_NONE && a->consent == CONSENT_START) {
        gate_unsuppress(&a->c->g->gate, a->from, a->stops);
    }
    ack_answer(a, ack_status(r->code));
    free(a);
}

static void inbound_understand(struct engine *g, struct spool_inbound *in)
{
    const char *word;
    int option;
    in->consent = consent_match(g->shared->consent, in->text, false, &word);
    if (in->from == 0) { /* nobody's consent, and nobody's vote; but a person should know */
        if (in->consent == CONSENT_STOP) {
            log_event(g->log, LOG_WARN, "stop_without_number", "carrier=%s",
                      g->carriers[in->carrier]->o.name);
        }
        in->consent = CONSENT_NONE;
        return;
    }
    in->consent_word = in->text;
    if (in->consent == CONSENT_STOP || in->consent == CONSENT_START) {
        return;
    }
    in->consent = CONSENT_NONE;
    const struct vote_spec *v = votes_find(g, in->text, &option);
    if (v != NULL && option >= 0) {
        in->vote = v->name;
        in->option = (uint16_t)option;
        in->vote_last_wins = v->last_wins;
    }
}

/* 0: an alphanumeric sender, or a national form nobody can read; kept, but nobody's activity. */
static uint64_t inbound_sender(const struct engine *g, struct strv source)
{
    uint64_t from = 0;
    if (!number_parse_digits(source, &from) && !number_parse(g->shared->numbering, source, (struct strv){ 0 },
                                                             &from, NULL)) { /* 0044..., +44 77.. */
        return 0;
    }
    return from;
}

/* Only a reference of the carrier's or the handset's own tells a message that is sent again from one that
 * says the same. */
static uint64_t inbound_dedup(const struct carrier *c, const struct smpp_pdu *pdu, uint64_t from,
                              struct strv to)
{
    struct strv ref;
    if (!smpp_tlv_find(pdu, SMPP_TLV_user_message_reference, &ref)) {
        return 0;
    }
    struct buf b = { 0 };
    buf_put_u16(&b, c->number);
    buf_put_u64(&b, from);
    buf_put_lstr(&b, to);
    buf_put_lstr(&b, ref);
    buf_put_lstr(&b, smpp_pdu_message(pdu));
    uint64_t h = b.failed ? 0 : hash_stable(b.data, b.len);
    buf_free(&b);
    return h;
}

static void receive_inbound(struct carrier *c, struct link *k, const struct smpp_pdu *pdu)
{
    struct engine *g = c->g;
    bool data = pdu->command_id == SMPP_CMD(data_sm);
    struct strv source = data ? pdu->data_sm.source_addr : pdu->sm.source_addr;
    struct buf text = { .limit = 64 * 1024 }, tlvs = { 0 };
    uint64_t from = 0;
    struct ack *a = ack_new(c, k, pdu);
    if (a == NULL) {
        return;
    }
    from = inbound_sender(g, source);
    inbound_text(c, pdu, &text);
    tlvs_of_pdu(pdu, &tlvs);
    struct spool_inbound in = {
        .carrier = c->number,
        .from = from,
        .to = data ? pdu->data_sm.destination_addr : pdu->sm.destination_addr,
        .text = { (const char *)text.data, text.len },
        .tlvs = { (const char *)tlvs.data, tlvs.len },
        .at = engine_wall(g),
        .find_reply_to = from != 0,
    };
    in.dedup = inbound_dedup(c, pdu, from, in.to);
    inbound_understand(g, &in);
    a->consent = in.consent;
    a->from = from;
    a->stops = g->gate.stops;
    if (in.consent == CONSENT_STOP && from != 0) {
        gate_suppress(&g->gate,
                      from); /* at once: nothing goes to this number while the transaction is under way */
    }
    c->inbound++;
    log_event(g->log, LOG_INFO, "inbound", "carrier=%s from=%s consent=%s vote=%s", c->o.name,
              log_number(g->log, from).s, consent_action_name(in.consent), log_quote(in.vote).s);
    spool_inbound(g->spool, &in, inbound_stored, a);
    engine_touch_spool(g);
    buf_free(&text);
    buf_free(&tlvs);
}

/* A text that looks like a receipt is none: esm_class decides, or the TLV that only receipts have; unless the
 * carrier is known to get it wrong. */
static bool receive_is_receipt(const struct carrier *c, const struct receipt *r)
{
    bool text = r->verdict == RECEIPT_FULL, tlv = r->tlv_id.n > 0;
    switch (c->receipts_by) {
    case RECEIPTS_BY_TEXT: return text || tlv;
    case RECEIPTS_BY_EITHER: return r->marked || text || tlv;
    default: return r->marked || tlv;
    }
}

void receive_configure(struct carrier *c)
{
    enum spool_id_form form = SPOOL_IDS_AUTO;
    struct strv by = strv_from(c->o.receipts_by);
    spool_id_form_parse(strv_from(c->o.receipt_ids), &form);
    spool_set_id_form(c->g->spool, c->number, form);
    c->receipts_by = strv_eq_c(by, "text")     ? RECEIPTS_BY_TEXT
                     : strv_eq_c(by, "either") ? RECEIPTS_BY_EITHER
                                               : RECEIPTS_BY_ESM_CLASS;
}

void receive_request(struct carrier *c, struct link *k, const struct smpp_pdu *pdu)
{
    struct buf scratch = { 0 };
    struct receipt r;
    if (pdu->command_id == SMPP_CMD(alert_notification)) {
        return; /* has no answer */
    }
    if (pdu->command_id != SMPP_CMD(deliver_sm) && pdu->command_id != SMPP_CMD(data_sm)) {
        link_answer(k, link_generation(k), pdu->command_id, pdu->sequence_number, SMPP_ESME_RINVCMDID);
        return;
    }
    receipt_read(pdu, &scratch, &r);
    if (receive_is_receipt(c, &r)) {
        receive_receipt(c, k, pdu, &r);
    } else {
        receive_inbound(c, k, pdu);
    }
    buf_free(&scratch);
}
