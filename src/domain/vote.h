/* Votes by text: an inbound "LUNCH sushi", "lunch 2" or "  Lunch,  SUSHI! " counted for an option. The text
 * must begin with the vote's keyword; the rest must be an option: its number (from 1), its name or an alias.
 * Decides only; who counts what (one a number, last, one a day) is the engine's. */
#ifndef TESSERA_DOMAIN_VOTE_H
#define TESSERA_DOMAIN_VOTE_H

#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stdint.h>

#define VOTE_MAX_OPTIONS 100
#define VOTE_MAX_ALIASES 20 /* of one option */

struct votes; /* the votes that are open, each with a number of the owner's */

struct vote_option_def {
    struct strv name;
    const struct strv *aliases;
    unsigned alias_count;
};

struct vote_def {
    uint32_t vote; /* the owner's id */
    struct strv keyword;
    const struct vote_option_def *options;
    unsigned option_count;
};

/* Checks a definition by itself: keyword and names not empty, every word of the options unambiguous after
 * folding, no name that reads as another option's number. */
bool vote_check(const struct vote_def *d, struct err *e);

struct votes *votes_new(void);
void votes_free(struct votes *v);
/* Copies; ERR_EXISTS: keyword taken. */
bool votes_add(struct votes *v, const struct vote_def *d, struct err *e);
bool votes_remove(struct votes *v, uint32_t vote);
size_t votes_count(const struct votes *v);

enum vote_result {
    VOTE_NO_KEYWORD,     /* the text is not for a vote */
    VOTE_OPTION,         /* a valid vote */
    VOTE_UNKNOWN_OPTION, /* the keyword and something that is no option */
    VOTE_NO_OPTION,      /* the keyword alone */
};

struct vote_match {
    enum vote_result result;
    uint32_t vote;   /* not for VOTE_NO_KEYWORD */
    unsigned option; /* 0-based; only for VOTE_OPTION */
};
struct vote_match votes_match(const struct votes *v, struct strv text);

#endif
