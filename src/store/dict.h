/* Dictionaries: a text of a field, attribute or set is stored as a code. One dictionary a field or attribute
 * (its id is the `space`). Codes are dense from 1 in order of first appearance and never change; 0 = none.
 * Two texts are the same when their case-folded NFKC forms are equal (base/utf8.h); the spelling kept is the
 * first. Dictionaries of sets and event attributes are part of the truth. Views, threads
 * and errors: as in catalog.h. */
#ifndef TESSERA_STORE_DICT_H
#define TESSERA_STORE_DICT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "store/catalog.h"

#define DICT_MAX_TEXT 4096 /* octets */

uint32_t dict_find(struct catalog_txn *t, uint16_t space, struct strv text); /* 0: not there, or not UTF-8 */
uint32_t dict_count(struct catalog_txn *t, uint16_t space);                  /* codes are 1..count */
/* Original spelling. */
bool dict_text(struct catalog_txn *t, uint16_t space, uint32_t code, struct strv *out);

/* Every code ascending, until fn returns false. `text` is the original spelling; fold it to compare. */
typedef bool dict_fn(void *ctx, uint32_t code, struct strv text);
void dict_each(struct catalog_txn *t, uint16_t space, dict_fn *fn, void *ctx);

/* In a write transaction: the code, given now if need be; 0 with *e (too long, not UTF-8). */
uint32_t dict_intern(struct catalog_txn *t, uint16_t space, struct strv text, struct err *e);

/* In a write transaction: the text is no more; nobody may use the code. The caller says so to every cache. */
void dict_forget(struct catalog_txn *t, uint16_t space, uint32_t code);

/* Deletes the whole dictionary, at most `max` texts; false when there may be more. */
bool dict_clear(struct catalog_txn *t, uint16_t space, size_t max);

/* The form that is compared, appended to `out`. False: not UTF-8 or no memory. */
bool dict_fold(struct buf *out, struct strv text);

#endif
