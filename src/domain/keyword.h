/* Keywords at the beginning of an inbound text: a set of words or phrases, folded (utf8_fold_loose), each
 * with a number of the owner's. The longest phrase that the text begins with, at a word's end, wins.
 * Immutable between additions. */
#ifndef TESSERA_DOMAIN_KEYWORD_H
#define TESSERA_DOMAIN_KEYWORD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

#define KEYWORD_MAX_TEXT  64   /* octets of a keyword, folded */
#define KEYWORD_MAX_INPUT 2000 /* octets of an inbound text that are looked at */

struct keywords;

struct keywords *keywords_new(void);
void keywords_free(struct keywords *k);
/* ERR_INVALID when nothing is left after folding, ERR_LIMIT when too long, ERR_EXISTS when it is there
 * already. */
bool keywords_add(struct keywords *k, struct strv word, uint32_t value, struct err *e);
bool keywords_remove(struct keywords *k, struct strv word); /* whether it was there */
size_t keywords_count(const struct keywords *k);

struct keyword_match {
    uint32_t value;
    struct strv word; /* the keyword as folded; owned by the set */
    size_t rest;      /* offset in the folded text where the words after it begin */
};
/* `folded` must be a text folded by keyword_fold. */
bool keywords_find(const struct keywords *k, struct strv folded, struct keyword_match *m);
/* The words of a text, folded, separated by one space, at most KEYWORD_MAX_INPUT octets of it looked at; what
 * is not UTF-8 is replaced first. False only without memory. */
bool keyword_fold(struct buf *out, struct strv text);

#endif
