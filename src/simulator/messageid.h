/* Message ids as carriers write them: a number in hexadecimal or decimal digits, or a UUID made from it. */
#ifndef TESSERA_SIMULATOR_MESSAGEID_H
#define TESSERA_SIMULATOR_MESSAGEID_H

#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

enum messageid_form { MESSAGEID_HEX, MESSAGEID_DECIMAL, MESSAGEID_UUID };

struct messageid {
    char s[40];
};

struct messageid messageid_format(enum messageid_form form, uint64_t id);
/* The number of an id written in hexadecimal or decimal digits; false: is none, or the form is UUID. */
bool messageid_number(enum messageid_form form, struct strv text, uint64_t *out);
bool messageid_form_parse(struct strv name, enum messageid_form *out); /* "hex", "decimal", "uuid" */

#endif
