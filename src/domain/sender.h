/* Sender addresses: is it possible, and with which type of number and numbering plan does it go on the wire
 * (SMPP 3.4 §5.2.5, §5.2.6). Pure.
 *
 *   alphanumeric  "TESSERA"        TON 5, NPI 0: 1..11 characters of the GSM alphabet that ASCII has too,
 *                                  a letter among them (3GPP TS 23.040 §9.1.2.5: 11 fill the 10 octets)
 *   international "+447700900123"  TON 1, NPI 1: 7..15 digits, with or without "+" (9 digits and more are
 *                                  never a short code)
 *   short code    "80080"          TON and NPI by options, else 3 and 0: 3..8 digits, not with "+" */
#ifndef TESSERA_DOMAIN_SENDER_H
#define TESSERA_DOMAIN_SENDER_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/message.h"

#include <stdbool.h>
#include <stdint.h>

enum sender_kind { SENDER_ALPHANUMERIC, SENDER_INTERNATIONAL, SENDER_SHORT_CODE };
const char *sender_kind_name(enum sender_kind k);

struct sender_options {
    uint8_t short_ton, short_npi;
};
#define SENDER_DEFAULTS ((struct sender_options){ .short_ton = 3, .short_npi = 0 })

struct sender {
    enum sender_kind kind;
    uint8_t ton, npi;
    char address[MESSAGE_MAX_SENDER + 1]; /* as it goes on the wire: digits without "+", or the text */
};

/* `o` NULL: SENDER_DEFAULTS. ERR_INVALID says what is wrong. White space at the ends is cut off. */
bool sender_parse(struct strv text, const struct sender_options *o, struct sender *out, struct err *e);
/* TON and NPI of a recipient: always international. */
#define SENDER_DEST_TON 1
#define SENDER_DEST_NPI 1

#endif
