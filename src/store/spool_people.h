/* How the operations about people and documents travel from the loop to the writer: encoded into the batch's
 * octets. An inbound message is stored as it travelled. Any thread. */
#ifndef TESSERA_STORE_SPOOL_PEOPLE_H
#define TESSERA_STORE_SPOOL_PEOPLE_H

#include "store/spool_table.h"

#define SPOOL_VOTE_NAME_MAX 255
#define SPOOL_DOC_NAME_MAX  (ENV_KEY_MAX - 1)
#define SPOOL_VOTERS        UINT16_MAX /* the option that counts distinct voters */

bool spool_people_put_inbound(struct buf *out, const struct spool_inbound *in);
/* *reply_to: the message it answers, 0 on the way: the writer finds it (SPOOL_REPLY_AT). */
bool spool_people_read_inbound(struct strv body, struct spool_inbound *in, uint64_t *reply_to);
#define SPOOL_REPLY_AT 31 /* where it is in the body */

struct spool_consent_change {
    uint64_t number;
    enum consent_action consent;
    usec_t at;
    struct strv how, words;
};
bool spool_people_put_consent(struct buf *out, const struct spool_consent_change *c);
bool spool_people_read_consent(struct strv body, struct spool_consent_change *c);

/* Keys: name, NUL, number or option. */
struct spool_vote_key {
    uint8_t b[SPOOL_VOTE_NAME_MAX + 1 + 8];
    size_t n;
};
struct strv spool_people_vote_key(struct spool_vote_key *k, struct strv vote, uint64_t number);
struct strv spool_people_tally_key(struct spool_vote_key *k, struct strv vote, uint16_t option);

#endif
