/* The model the evaluator is tested against: customers and happenings as plain arrays, put into a real store,
 * and a slow, obvious evaluator that looks at one customer after the other. It shares the parser with the
 * product, and nothing of how things are stored, planned or counted. */
#ifndef TESSERA_TESTS_EVAL_MODEL_H
#define TESSERA_TESTS_EVAL_MODEL_H

#include "audience/audience.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "domain/zone.h"
#include "query/tree.h"

enum {
    F_MSISDN,
    F_GENDER,
    F_REGION,
    F_TIER,
    F_ZONE,
    F_BIRTH,
    F_SIGNUP,
    F_CREATED,
    F_BALANCE,
    F_VISITS,
    F_NEWS,
    F_TAGS,
    F_INTERESTS,
    F_HOME,
    FIELDS,
};
enum { A_AMOUNT, A_QUANTITY, A_PRODUCT, A_DUE, A_GIFT, A_PRICE, ATTRIBUTES };
enum { E_PURCHASE, E_CART_ADD, E_INBOUND, E_CSAT, EVENTS };

struct model_value {
    bool set;
    int64_t n; /* number (scaled), date, yes/no */
    const char *text;
    uint32_t members; /* bits: places in model_words */
    int32_t lat, lon; /* 10^-7 degrees */
};

struct model_event {
    int type;
    uint32_t customer;
    int64_t second;
    size_t arrival; /* happenings of one second are in this order */
    struct model_value attribute[ATTRIBUTES];
};

struct model_customer {
    bool exists;
    const char *clock; /* "" = none */
    struct model_value field[FIELDS];
    const struct zone *zone; /* own, or the instance's */
    size_t first, end;       /* events: in order of time, of one second as they arrived */
};

struct model_name {
    const char *name;
    enum query_type type;
    unsigned scale;
    uint16_t id[EVENTS]; /* in the store; fields: id[0]; attributes by event, 0 = the event has none */
};

struct model {
    usec_t now;
    struct zones *zones;
    const struct zone *zone;
    uint32_t n; /* customers, erased ones too */
    struct model_customer *customers;
    size_t n_events;
    struct model_event *events;
    struct model_name fields[FIELDS], attributes[ATTRIBUTES];
    char dir[64];
    struct audience *audience;
    /* segments: name and text */
    size_t n_segments;
    char *segments[16][2];
};

extern const char *const model_words[]; /* texts in use, ended by NULL */
extern const char *const model_event_names[EVENTS];
extern const uint16_t model_event_ids[EVENTS];

void model_make(struct model *m, uint64_t seed, uint32_t customers, size_t events);
void model_free(struct model *m);
void model_add_segment(struct model *m, const char *name, const char *query);

/* --- eval_reference.c --- */

/* Who is a member: answers[i] of customer i. */
void reference_evaluate(const struct model *m, const struct query *q, bool *answers);

/* --- eval_random.c --- */

/* A random query that the model's schema accepts, appended. */
void random_query(struct rnd *r, const struct model *m, struct buf *out);

#endif
