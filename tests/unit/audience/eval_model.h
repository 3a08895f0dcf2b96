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
    FIELDS, /* then those of a schema made at random */
    FIELDS_MOST = FIELDS + 8,
};
enum { A_AMOUNT, A_QUANTITY, A_PRODUCT, A_DUE, A_GIFT, A_PRICE, A_NAME, A_STATUS, ATTRIBUTES };
enum { ATTRIBUTES_MOST = ATTRIBUTES + 6 };
enum { E_PURCHASE, E_CART_ADD, E_INBOUND, E_CSAT, E_SURVEY, EVENTS };
enum { EVENTS_MOST = EVENTS + 3 };

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
    struct model_value attribute[ATTRIBUTES_MOST];
};

struct model_customer {
    bool exists;
    const char *clock; /* "" = none */
    struct model_value field[FIELDS_MOST];
    const struct zone *zone; /* own, or the instance's */
    size_t first, end;       /* events: in order of time, of one second as they arrived */
};

struct model_name {
    const char *name;
    enum query_type type;
    unsigned scale[EVENTS_MOST]; /* as id */
    uint16_t id[EVENTS_MOST]; /* in the store; fields: id[0]; attributes by event, 0 = the event has none */
};

struct model {
    usec_t now;
    struct zones *zones;
    const struct zone *zone;
    uint32_t first; /* id of the first customer, given: the others follow */
    uint32_t n;     /* customers, erased ones too */
    struct model_customer *customers;
    size_t n_events;
    struct model_event *events;
    struct model_name fields[FIELDS_MOST], attributes[ATTRIBUTES_MOST];
    const char *event_names[EVENTS_MOST];
    uint16_t event_ids[EVENTS_MOST];
    int n_fields, n_attributes, n_event_types;
    double alive[4]; /* r, alpha, a, b */
    char dir[64];
    struct audience *audience;
    /* segments: name and text */
    size_t n_segments;
    char *segments[16][2];
};

extern const char *const model_words[]; /* texts in use, ended by NULL */

/* m->now and m->zones are given, and m->zone unless it is UTC. With `own`: fields, events and attributes of a
 * random schema beside the built-in ones. */
void model_make(struct model *m, uint64_t seed, uint32_t customers, size_t events, bool own);
void model_free(struct model *m);
void model_add_segment(struct model *m, const char *name, const char *query);

/* --- eval_reference.c --- */

/* Who is a member: answers[i] of customer i. */
void reference_evaluate(const struct model *m, const struct query *q, bool *answers);

/* --- eval_random.c --- */

/* A random query that the model's schema accepts, appended. */
void random_query(struct rnd *r, const struct model *m, struct buf *out);

#endif
