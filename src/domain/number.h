/* Telephone numbers as people and files write them, to MSISDN and back. Pure: knows numbering plans from a
 * `struct numbering` and the trunk and international prefixes of regions from a table of its own.
 *
 * Read: "+44 7700 900123", "0044...", "011 44...", "(+49) 151...", "+44 (0)7700...", "tel:+44...", national
 * forms ("07700 900123" with default region "GB"), digits of other scripts, an extension at the end (dropped:
 * a message cannot reach it). Not read: letters for digits ("1800 FLOWERS"), with no library: an O typed for
 * a 0 must not become a 6.
 *
 * Who reads what: international forms are always read here. The digits of a national form (one with the
 * country's own code and no "+" that is too long to be national is not) go to libphonenumber first, where the
 * build has it (number_library.h). Its reading is taken when it holds the number for valid and the plans of
 * `struct numbering` have the country and the length; so it wins where the two read differently (Argentina's
 * mobile 15), and the plans decide what is a country and how long its numbers are. Else the reading here
 * counts, and its sentence where there is none: a number that is only possible (an area newer than the
 * library) is not lost. */
#ifndef TESSERA_DOMAIN_NUMBER_H
#define TESSERA_DOMAIN_NUMBER_H

#include "base/err.h"
#include "base/strv.h"
#include "domain/numbering.h"

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_MAX_DIGITS 15
#define NUMBER_MAX_INPUT  250 /* octets */

/* `default_region` ("GB", or "" when only international forms are taken) reads national forms. ERR_INVALID
 * with a sentence that says what is wrong (and never the number itself), ERR_NOT_FOUND for an unknown default
 * region. */
bool number_parse(const struct numbering *n, struct strv text, struct strv default_region, uint64_t *out,
                  struct err *e);
bool number_has_library(void); /* whether national forms are read by libphonenumber */
/* Canonical digits only, with or without "+": no plan is asked. For the API's own output read back. */
bool number_parse_digits(struct strv text, uint64_t *out);

struct number_text {
    char s[24];
};
struct number_text number_format(uint64_t number); /* "+447700900123"; "" for 0 */
struct number_text number_mask(uint64_t number);   /* "+4477009*****": the last five digits hidden */
unsigned number_digits(uint64_t number);           /* how many; 0 for 0 */

#endif
