/* SMPP PDUs as values: framing, decoding, validation, encoding, and text for people (SMPP 3.3, 3.4 §4, 5.0
 * §4).
 *
 * A PDU is decoded into `struct smpp_pdu`, whose strings are views into the input: they live as long as the
 * input does, nothing is copied or allocated. The structs of the union are made from the rows of pdu.def.
 * "Memory-safe" and "valid" are separate questions: smpp_pdu_decode() never reads outside its input and takes
 * any values, smpp_pdu_validate() gives the command_status that the specification answers them with. C-Octet
 * Strings are views without their NUL. */
#ifndef TESSERA_SMPP_PDU_H
#define TESSERA_SMPP_PDU_H

#include "base/buf.h"
#include "base/strv.h"
#include "smpp/status.h"
#include "smpp/tlv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMPP_HEADER_SIZE 16
#define SMPP_FRAME_MAX   65536 /* what a session takes unless it is told otherwise */
#define SMPP_TLVS_MAX    24    /* TLVs held one by one; further ones stay readable, see tlv_rest */

enum smpp_version { SMPP_V33 = 0x33, SMPP_V34 = 0x34, SMPP_V50 = 0x50 };

/* command_id of submit_sm is SMPP_CMD(submit_sm). */
#define SMPP_CMD(name) SMPP_CMD_##name
enum smpp_command {
#define PDU(name, id, layout, since) SMPP_CMD_##name = (id),
#include "smpp/pdu.def"
};
#define SMPP_RESPONSE UINT32_C(0x80000000) /* bit of a response's command_id */

/* struct smpp_bind, smpp_bind_resp, smpp_outbind, smpp_sm, smpp_id_resp, smpp_submit_multi,
 * smpp_submit_multi_resp, smpp_data_sm, smpp_query_sm, smpp_query_sm_resp, smpp_cancel_sm, smpp_replace_sm,
 * smpp_alert_notification, smpp_broadcast_sm, smpp_cancel_broadcast_sm: the fields by their names in the
 * specification. */
struct smpp_list {
    uint8_t count;      /* entries */
    struct strv octets; /* as on the wire, without the count: smpp_dest_next(), smpp_unsuccess_next() */
};
#define LAYOUT(layout)        struct smpp_##layout {
#define U8(field, bad)        uint8_t field;
#define CSTR(field, max, bad) struct strv field;
#define SM(field)             struct strv field;
#define DESTS(field)          struct smpp_list field;
#define UNSUCCESS(field)      struct smpp_list field;
#define END(layout)                                                                                          \
    uint8_t end_; /* so that no struct is empty */                                                           \
    }                                                                                                        \
    ;
#include "smpp/pdu.def"

struct smpp_tlv {
    uint16_t tag;
    struct strv value;
};

/* How far a PDU could be read. */
enum smpp_defect {
    SMPP_DEFECT_NONE,
    SMPP_DEFECT_LENGTH,  /* command_length below 16: nothing but what is there of the header */
    SMPP_DEFECT_COMMAND, /* unknown command_id: the header, and the body as `unknown` */
    SMPP_DEFECT_BODY,    /* the header; fields from the damage on are empty */
    SMPP_DEFECT_TLVS,    /* all mandatory fields, and the TLVs before the damage: usable for the lenient */
};

struct smpp_pdu {
    uint32_t command_length; /* as read; ignored and computed when encoding */
    uint32_t command_id, command_status, sequence_number;
    bool body_absent; /* a response of the header alone, usual for errors: all fields empty */
    uint8_t defect;   /* enum smpp_defect */
    uint16_t tlv_count;
    struct strv tlv_rest; /* TLVs beyond SMPP_TLVS_MAX, as on the wire; smpp_tlv_find() looks here too */
    union {
        struct smpp_bind bind;
        struct smpp_bind_resp bind_resp;
        struct smpp_outbind outbind;
        struct smpp_sm sm; /* submit_sm and deliver_sm */
        struct smpp_id_resp
            id_resp; /* submit_sm_resp, deliver_sm_resp, data_sm_resp, (query_)broadcast_sm_resp */
        struct smpp_submit_multi submit_multi;
        struct smpp_submit_multi_resp submit_multi_resp;
        struct smpp_data_sm data_sm;
        struct smpp_query_sm query_sm; /* and query_broadcast_sm */
        struct smpp_query_sm_resp query_sm_resp;
        struct smpp_cancel_sm cancel_sm;
        struct smpp_replace_sm replace_sm;
        struct smpp_alert_notification alert_notification;
        struct smpp_broadcast_sm broadcast_sm;
        struct smpp_cancel_broadcast_sm cancel_broadcast_sm;
        struct smpp_header header;
        struct strv unknown; /* body of a command_id that is none of ours */
    };
    struct smpp_tlv tlvs[SMPP_TLVS_MAX]; /* tlv_count of them, in the order of the wire */
};

/* Length of the frame at p: > 0 its command_length (it may not all be there yet), 0 when more octets are due
 * to tell, -1 when it is below 16 (at once) or above max (when the header is there, so that it can be
 * answered). */
long smpp_frame_length(const void *p, size_t n, size_t max);

enum smpp_decode { SMPP_DECODE_OK, SMPP_DECODE_NEED_MORE, SMPP_DECODE_BAD };

/* Decodes the PDU at the start of p[0..n); octets after its command_length are not looked at.
 * NEED_MORE: n is below command_length. BAD: *status (may be NULL) is the command_status to answer with, see
 * smpp_pdu_refuse(), and pdu->defect says how much is usable; a response is always usable by its header. */
enum smpp_decode smpp_pdu_decode(const void *p, size_t n, struct smpp_pdu *pdu, uint32_t *status);

/* SMPP_ESME_ROK, or the command_status that refuses this PDU: string sizes, times, flags, message length, TLV
 * sizes, operations younger than `version`. Lenient where carriers are: TON, NPI and reserved values pass. */
uint32_t smpp_pdu_validate(const struct smpp_pdu *pdu, enum smpp_version version);

/* Appends the PDU; false (and nothing appended) when a C-Octet String has a NUL in it, a counted field is
 * over 255 octets, a TLV over 65535, or memory is out. */
bool smpp_pdu_encode(const struct smpp_pdu *pdu, struct buf *out);

/* Appends "submit_sm seq=7 status=0 source_addr="TESSERA" ..." on one line; passwords are not shown, and of
 * short_message and TLVs only the hexadecimal octets up to a limit when `content` is set, else the length. */
bool smpp_pdu_dump(const struct smpp_pdu *pdu, bool content, struct buf *out);

const char *smpp_command_name(uint32_t command_id); /* "submit_sm"; NULL when unknown */
bool smpp_command_known(uint32_t command_id);
bool smpp_is_response(uint32_t command_id);
/* Command ids in the order of pdu.def, for tables and fuzz dictionaries: 0 after the last. */
uint32_t smpp_command_at(size_t i);

/* --- TLVs of a PDU (tags: smpp/tlv.h) --- */

/* The first with this tag; NULL-able `value`. */
bool smpp_tlv_find(const struct smpp_pdu *pdu, uint16_t tag, struct strv *value);
/* False when absent or of another size. */
bool smpp_tlv_get_u8(const struct smpp_pdu *pdu, uint16_t tag, uint8_t *out);
bool smpp_tlv_get_u16(const struct smpp_pdu *pdu, uint16_t tag, uint16_t *out);
bool smpp_tlv_get_u32(const struct smpp_pdu *pdu, uint16_t tag, uint32_t *out);
/* Of 1, 2 or 4 octets: lenient. */
bool smpp_tlv_get_uint(const struct smpp_pdu *pdu, uint16_t tag, uint32_t *out);
/* Up to the first NUL, or all when the sender forgot the NUL. */
bool smpp_tlv_get_cstr(const struct smpp_pdu *pdu, uint16_t tag, struct strv *out);
/* Iterates over all, those of tlv_rest too: start with *pos = 0. */
bool smpp_tlv_next(const struct smpp_pdu *pdu, size_t *pos, struct smpp_tlv *out);
/* Adds for encoding; the value must outlive the encoding. False when SMPP_TLVS_MAX are there. */
bool smpp_tlv_add(struct smpp_pdu *pdu, uint16_t tag, struct strv value);
/* Adds an integer of `width` 1, 2 or 4 octets, written to store[0..width), which must outlive the encoding.
 */
bool smpp_tlv_add_uint(struct smpp_pdu *pdu, uint16_t tag, uint32_t v, unsigned width, uint8_t *store);

/* --- short_message or message_payload, whichever carries the text (3.4 §5.3.2.32) --- */
struct strv smpp_pdu_message(const struct smpp_pdu *pdu); /* empty view where there is none */

/* --- entries of submit_multi and its response --- */
struct smpp_dest {
    uint8_t dest_flag; /* 1 = SME address, 2 = distribution list */
    uint8_t ton, npi;
    struct strv address; /* or the list's name */
};
struct smpp_unsuccess {
    uint8_t ton, npi;
    struct strv address;
    uint32_t error_status_code;
};
/* Iterate with `struct rd r = rd_from(list.octets.p, list.octets.n)`; false at the end or at damage. */
bool smpp_dest_next(struct rd *r, struct smpp_dest *out);
bool smpp_unsuccess_next(struct rd *r, struct smpp_unsuccess *out);
bool smpp_dest_put(struct buf *out, const struct smpp_dest *d); /* builds list.octets for encoding */
bool smpp_unsuccess_put(struct buf *out, const struct smpp_unsuccess *u);

/* --- PDUs a session writes all the time --- */

/* A zeroed PDU with this header; set the fields and encode it. Cheap: the TLV array is not cleared. */
void smpp_pdu_init(struct smpp_pdu *pdu, uint32_t command_id, uint32_t status, uint32_t sequence);
/* PDUs of the header alone: enquire_link(_resp), unbind(_resp), generic_nack, error responses. */
bool smpp_put_header(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence);
bool smpp_put_bind(struct buf *out, uint32_t command_id, uint32_t sequence, const struct smpp_bind *bind);
/* bind_*_resp with sc_interface_version when version is not 0. */
bool smpp_put_bind_resp(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence,
                        struct strv system_id, uint8_t version);
/* submit_sm_resp, data_sm_resp (message_id given), deliver_sm_resp (message_id empty): 3.4 §4.4.2, §4.6.2.
 * With a status other than 0 there is no body for submit_sm_resp, and the one NUL that 3.4 asks of
 * deliver_sm_resp. */
bool smpp_put_id_resp(struct buf *out, uint32_t command_id, uint32_t status, uint32_t sequence,
                      struct strv message_id);
bool smpp_put_submit_sm(struct buf *out, uint32_t sequence, const struct smpp_sm *sm,
                        const struct smpp_tlv *tlvs, size_t tlv_count);
bool smpp_put_deliver_sm(struct buf *out, uint32_t sequence, const struct smpp_sm *sm,
                         const struct smpp_tlv *tlvs, size_t tlv_count);
/* The answer to a request that cannot be served: its own response with the status, or generic_nack when the
 * command has none (unknown, outbind, alert_notification) or the header is damaged. Nothing for a response.
 */
bool smpp_pdu_refuse(struct buf *out, const struct smpp_pdu *request, uint32_t status);

/* --- esm_class (3.4 §5.2.12) --- */
#define SMPP_ESM_MODE         0x03 /* of submit_sm: 0 default, 1 datagram, 2 transaction, 3 store and forward */
#define SMPP_ESM_TYPE         0x3c
#define SMPP_ESM_RECEIPT      0x04 /* SMSC delivery receipt */
#define SMPP_ESM_DELIVERY_ACK 0x08
#define SMPP_ESM_USER_ACK     0x10
#define SMPP_ESM_INTERMEDIATE 0x20 /* intermediate delivery notification */
#define SMPP_ESM_UDHI         0x40
#define SMPP_ESM_REPLY_PATH   0x80
/* registered_delivery (3.4 §5.2.17) */
#define SMPP_REGISTERED_FINAL   0x01
#define SMPP_REGISTERED_FAILURE 0x02

#endif
