/* Opt-out, opt-in and help words (conf/optout_keywords.tsv): what an inbound text asks for. In any language
 * and writing: case, diacritics, punctuation and extra space do not matter (utf8_fold_loose). A stop word is
 * honoured everywhere, whatever region or language its row names.
 *
 * - stop: the whole message is the word, or it begins with STOP, STOPALL or UNSUBSCRIBE and has at most
 *   three more words ("Stop texting me please"), or is a stop word and a courtesy ("cancel please").
 * - start, help: the whole message is the word. YES is a start word only while a double opt-in is pending.
 *
 * Immutable after loading: any thread may ask. */
#ifndef TESSERA_DOMAIN_CONSENT_H
#define TESSERA_DOMAIN_CONSENT_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>

enum consent_action { CONSENT_NONE, CONSENT_STOP, CONSENT_START, CONSENT_HELP };
const char *consent_action_name(enum consent_action a); /* "none", "stop", "start", "help" */

struct consent;

struct consent *consent_load(const char *path, struct err *e); /* errors name file and line */
struct consent *consent_parse(struct strv text, const char *name, struct err *e);
void consent_free(struct consent *c);

/* `*word` (may be NULL) is the word that matched as the table writes it, owned by `c`; "" for none. */
enum consent_action consent_match(const struct consent *c, struct strv text, bool opt_in_pending,
                                  const char **word);

#endif
