/* UTF-8: strict decoding, normal forms, case folding (utf8proc). */
#ifndef TESSERA_BASE_UTF8_H
#define TESSERA_BASE_UTF8_H

#include "base/buf.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

/* Next code point of [*p, end), advancing *p; -1 at a malformed sequence (advances one octet) and -2 at the
 * end. Overlong forms, surrogates and values above U+10FFFF are malformed (RFC 3629 §3). */
int32_t utf8_next(const char **p, const char *end);
/* Writes 1..4 octets, returns how many; 0 for a value that is no scalar value. */
size_t utf8_put(uint32_t cp, char out[4]);
bool utf8_valid(struct strv s);
size_t utf8_count(struct strv s); /* code points; a malformed octet counts one */
/* Appends s with each malformed octet replaced by U+FFFD. */
bool utf8_put_clean(struct buf *out, struct strv s);
/* Appends the canonical composition (NFC), or NFKC with case folding: two texts match without regard to case
 * when their folded forms are equal. False when s is not UTF-8 or memory ran out. */
bool utf8_nfc(struct buf *out, struct strv s);
bool utf8_fold(struct buf *out, struct strv s);
/* Folded, diacritics stripped, every run of white space and punctuation one space, ends trimmed: for
 * keywords. */
bool utf8_fold_loose(struct buf *out, struct strv s);
/* Length in octets of the longest prefix of s with at most max octets that ends at an extended grapheme
 * cluster's end. */
size_t utf8_cut(struct strv s, size_t max);
/* The simple case mappings of one code point (itself where there is none), and whether it can stand inside a
 * word: letters, marks, digits. */
int32_t utf8_upper(int32_t cp);
int32_t utf8_lower(int32_t cp);
int32_t utf8_title(int32_t cp);
bool utf8_is_word(int32_t cp);
/* Columns on a terminal. */
size_t utf8_width(struct strv s);

#endif
