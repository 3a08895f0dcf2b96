/* Whose receipt it is: the ids carriers give, and what is learned of a carrier's habits.
 *
 * Some carriers write an id in hexadecimal in the response and in decimal in the receipt, or the other way.
 * An id with a letter in it betrays its form; one of digits alone is another message's id in the other form.
 * So which form a carrier has (enum spool_id_form) is learned from receipts that only one form explains: the
 * message is there and went to the receipt's number. Each is worth points (a letter in one of the two ids: 4,
 * digits and the number: 2, digits alone: 1); 12 of them, and three times as many as all other forms have,
 * and the form is learned: from then on it is the only one that is looked up.
 *
 * Until then a receipt that two forms explain waits with the unknown ones; and while responses of the
 * carrier are under way, so does one that one form explains, if it has other readings: its own response may
 * be among them. When something has been learned, what waits is looked through again. A carrier that changes
 * its habits is noticed by the receipts that are found no more, and is learned anew.
 *
 * Belongs to the writer; set and shown are for every thread. */
#ifndef TESSERA_STORE_SPOOL_IDS_H
#define TESSERA_STORE_SPOOL_IDS_H

#include "store/spool_orphan.h"

#include <stdatomic.h>

#define SPOOL_CARRIERS 256 /* those with a greater number have no form of their own */
#define SPOOL_DOC_IDS  '#' /* kind of the document: number of the carrier -> struct spool_idform */

/* What is known of one carrier, as it is stored. */
struct spool_idform {
    uint8_t version, learned; /* enum spool_id_form */
    uint8_t letters;          /* whether answers, receipts, were seen with hexadecimal letters */
    uint8_t spare;
    uint16_t seen[SPOOL_ID_FORMS];   /* receipts that the form explained */
    uint16_t points[SPOOL_ID_FORMS]; /* what speaks for it, until it is learned */
    uint16_t confirmed;              /* receipts found whose number was the message's */
    uint16_t elsewhere;              /* receipts whose id was found, but only with other numbers */
    uint16_t contrary;               /* since it was learned: receipts that only another form explained */
};
struct spool_ids {
    struct spool_idform form[SPOOL_CARRIERS + 1]; /* the last one is nobody's */
    bool changed[SPOOL_CARRIERS + 1], any_changed;
    uint32_t in_flight[SPOOL_CARRIERS + 1]; /* messages whose response is awaited */
    uint16_t misses[SPOOL_CARRIERS + 1];    /* receipts not found, one after the other */
    _Atomic uint8_t set[SPOOL_CARRIERS + 1];
    atomic_bool set_changed;
    _Atomic uint64_t shown[SPOOL_CARRIERS + 1];
    bool calm;     /* nothing is under way of a carrier of which nothing is learned */
    bool sweeping; /* what waits is being looked through, newest first */
    uint64_t sweep_at;
    usec_t sweep_since, sweep_again;
};

/* The one a receipt is about, or of which it may be. */
struct spool_ids_ask {
    uint16_t carrier;
    struct strv id;
    uint64_t to, other; /* the receipt's numbers: one of them should be the message's; 0 = unknown */
    enum { ASKED_FIRST, ASKED_MET, ASKED_AGAIN } when; /* it came; a response it may be of came; it waits */
};
struct spool_ids_found {
    uint64_t id;
    unsigned part;
    struct spool_record *r;
};

struct spool_core;
uint64_t spool_ids_key(uint16_t carrier, struct strv id);
void spool_ids_load(struct spool_core *c); /* after the deltas */
void spool_ids_in_flight(struct spool_core *c, uint16_t carrier, bool on);
void spool_ids_write(struct spool_core *c);
/* The id of a response: what it tells of the carrier's habits. */
void spool_ids_answered(struct spool_core *c, uint16_t carrier, struct strv id);
bool spool_ids_find(struct spool_core *c, const struct spool_ids_ask *a, struct spool_ids_found *out);
/* Applies the receipt that came before this response, once the response is in the index. */
void spool_ids_waiting(struct spool_core *c, uint16_t carrier, struct strv id);
/* The same number, or one of them without its country code. */
bool spool_ids_number_same(uint64_t a, uint64_t b);
/* Looks through a slice of the receipts that wait, when there is reason to. */
void spool_ids_sweep(struct spool_core *c);
bool spool_ids_busy(const struct spool_core *c);

#endif
