/* command_status and message_state as tables (SMPP 3.4 §5.1.3, §5.2.28; 5.0 §4.7.6, §4.7.15): number, name,
 * what to do about it, and a sentence for a person. Pure; every text is static. */
#ifndef TESSERA_SMPP_STATUS_H
#define TESSERA_SMPP_STATUS_H

#include "base/strv.h"

#include <stdbool.h>

#include <stddef.h>
#include <stdint.h>

enum smpp_status {
#define STATUS(name, number, class, text) SMPP_##name = (number),
#include "smpp/status.def"
};

/* What a sender does with a response (FEATURES A8). */
enum smpp_status_class {
    SMPP_CLASS_OK,
    SMPP_CLASS_TEMPORARY,  /* try the same message again later */
    SMPP_CLASS_THROTTLED,  /* too fast: slow the carrier down, then again */
    SMPP_CLASS_PERMANENT,  /* this message will never be taken */
    SMPP_CLASS_BIND_FAULT, /* the session is not what it should be: bind again, then again */
};

/* "ESME_RTHROTTLED"; NULL when the number is not of 3.4 or 5.0. */
const char *smpp_status_name(uint32_t status);
/* "the carrier is throttling: ..."; never NULL, unknown and vendor values have a sentence of their own. */
const char *smpp_status_text(uint32_t status);
/* Unknown and vendor-specific values (0x400..0x4ff) are permanent: repeating what nobody understands is not
 * safe. */
enum smpp_status_class smpp_status_class(uint32_t status);
const char *smpp_status_class_name(enum smpp_status_class c); /* "ok", "temporary", "throttled", ... */
bool smpp_status_class_parse(struct strv name, enum smpp_status_class *out);
/* "ESME_RTHROTTLED", "RTHROTTLED" in any case, "0x58" or "88". */
bool smpp_status_parse(struct strv text, uint32_t *out);
/* The i-th row of the table: false after the last. */
bool smpp_status_at(size_t i, uint32_t *status);

/* message_state (3.4 §5.2.28, 5.0 §4.7.15); 0 is "scheduled" in 5.0 and "none" in this project. */
enum smpp_message_state {
    SMPP_STATE_NONE = 0,
    SMPP_STATE_ENROUTE = 1,
    SMPP_STATE_DELIVERED = 2,
    SMPP_STATE_EXPIRED = 3,
    SMPP_STATE_DELETED = 4,
    SMPP_STATE_UNDELIVERABLE = 5,
    SMPP_STATE_ACCEPTED = 6,
    SMPP_STATE_UNKNOWN = 7,
    SMPP_STATE_REJECTED = 8,
    SMPP_STATE_SKIPPED = 9,
};
const char *smpp_state_name(unsigned state); /* "delivered"; NULL when none of the above or 0 */
const char *smpp_state_word(unsigned state); /* "DELIVRD", as in receipts; NULL likewise */
/* The state of a receipt's stat word, in any case; SMPP_STATE_NONE when it is none of the nine. */
unsigned smpp_state_from_word(struct strv word);
bool smpp_state_is_final(unsigned state); /* false for enroute, accepted, none and unassigned numbers */

#endif
