/* What customers and events are made of: fields, types of events and their attributes, each declared once
 * with a name, a type and an id that is never reused. Built-in ones come from the table in schema_table.c and
 * need no declaration; the rest are declared by an operator or by the mapping of an import.
 *
 * Fields and attributes share one space of ids (u16): the id names the column and the dictionary of its
 * texts. Names are [a-z_][a-z0-9_.]* without the dot for attributes, at most 63 octets; names given with
 * capitals, spaces or dashes are made so by schema_clean_name. */
#ifndef TESSERA_STORE_SCHEMA_H
#define TESSERA_STORE_SCHEMA_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"
#include "store/catalog.h"

enum schema_type {
    SCHEMA_NONE = 0,
    SCHEMA_TEXT,   /* value: dictionary code */
    SCHEMA_NUMBER, /* value: scaled by `scale` */
    SCHEMA_DATE,   /* value: days since 1970-01-01 */
    SCHEMA_BOOL,   /* value: PACKED_YES, PACKED_NO */
    SCHEMA_SET,    /* members by dictionary code; fields only */
    SCHEMA_PLACE,  /* value: packed_place() */
};

/* Ids of built-in fields the code itself knows; more are in schema_table.c. */
enum {
    FIELD_MSISDN = 1, /* number: the E.164 digits; every customer has it */
    FIELD_CLOCK = 2, /* text: the rule set and zones the customer lives by (engine's text); not for queries */
    FIELD_REGION = 3,  /* text: "DE-BY"; filled from the number when not given */
    FIELD_ZONE = 4,    /* text: the customer's own time zone; wins over the number's */
    FIELD_CREATED = 5, /* date: first seen here */
    FIELD_SIGNUP = 6,  /* date: first seen by the business */
    FIELD_TAGS = 7,    /* set */
};

/* Ids of built-in events the code itself knows. */
enum {
    EVENT_PURCHASE = 1,
    EVENT_INBOUND = 2,
    EVENT_REPLY = 3,
    EVENT_SENT = 4,
    EVENT_DELIVERED = 5,
    EVENT_FAILED = 6,
    EVENT_CLICK = 7,
    EVENT_STOP = 8,
    EVENT_START = 9,
    EVENT_SURVEY = 14,
    EVENT_SEGMENT_ENTER = 16,
    EVENT_SEGMENT_LEAVE = 17,
    EVENT_FIELD_CHANGE = 18,
};
/* Attribute of the activity events: the campaign's number. */
enum { ATTRIBUTE_CAMPAIGN = 65 };
/* Attributes of the event "survey": which survey, and how it stands with the customer ("invited"). */
enum { ATTRIBUTE_SURVEY_NAME = 130, ATTRIBUTE_SURVEY_STATUS = 132 };
/* Attribute "segment" of who entered and who left one. */
enum { ATTRIBUTE_SEGMENT_ENTER = 150, ATTRIBUTE_SEGMENT_LEAVE = 151 };

/* Attributes of "field_change": of fields with transitions, what they were and became. */
enum { ATTRIBUTE_CHANGE_FIELD = 160, ATTRIBUTE_CHANGE_FROM = 161, ATTRIBUTE_CHANGE_TO = 162 };

#define SCHEMA_MAX_FIELDS 4096 /* fields and attributes together */
#define SCHEMA_MAX_EVENTS 512
#define SCHEMA_MAX_NAME   63

struct schema_field { /* or attribute */
    uint16_t id;
    enum schema_type type;
    uint8_t scale; /* numbers */
    bool builtin;
    bool hidden;      /* not for queries and lists */
    usec_t created;   /* 0 = built in */
    struct strv name; /* points into the schema */
};

struct schema_event {
    uint16_t id;
    bool builtin;
    usec_t created;
    struct strv name;
    const struct schema_field *attributes; /* in order of declaration */
    size_t n_attributes;
};

/* A copy of the schema as of one transaction; immutable. */
struct schema {
    const struct schema_field *fields;
    size_t n_fields;
    const struct schema_event *events;
    size_t n_events;
};

struct schema *schema_load(struct catalog_txn *t, struct err *e);
void schema_free(struct schema *s); /* NULL is fine */

/* NULL when there is none. */
const struct schema_field *schema_find_field(const struct schema *s, struct strv name);
const struct schema_field *schema_field(const struct schema *s, uint16_t id);
/* ERR_NOT_FOUND in words: with the nearest name there is. Return false. */
bool schema_no_field(const struct schema *s, struct strv name, struct err *e);
bool schema_no_event(const struct schema *s, struct strv name, struct err *e);
bool schema_no_attribute(const struct schema_event *ev, struct strv name, struct err *e);
const struct schema_event *schema_find_event(const struct schema *s, struct strv name);
const struct schema_event *schema_event(const struct schema *s, uint16_t id);
const struct schema_field *schema_find_attribute(const struct schema_event *ev, struct strv name);
const struct schema_field *schema_attribute(const struct schema_event *ev, uint16_t id);

/* In a write transaction; the id, or 0 with *e. ERR_EXISTS: declared already, with another type; declared
 * already with the same type and scale gives the id there is. Load the schema again afterwards. */
uint16_t schema_add_field(struct catalog_txn *t, struct strv name, enum schema_type type, unsigned scale,
                          usec_t now, struct err *e);
uint16_t schema_add_event(struct catalog_txn *t, struct strv name, usec_t now, struct err *e);
uint16_t schema_add_attribute(struct catalog_txn *t, uint16_t event, struct strv name, enum schema_type type,
                              unsigned scale, usec_t now, struct err *e);

/* In a write transaction. Neither is for what is built in (ERR_INVALID). ERR_EXISTS: the new name is taken.
 */
bool schema_rename_field(struct catalog_txn *t, struct strv name, struct strv to, struct err *e);
/* The field has no name any more: nobody finds it, no list shows it (it is hidden). What customers have of it
 * is still there, until the caller has cleared it away and says schema_forget_field. */
bool schema_drop_field(struct catalog_txn *t, struct strv name, struct err *e);
/* A field that nobody sees yet, on its way to take the place of `name` with another type; its id, or 0. */
uint16_t schema_prepare_field(struct catalog_txn *t, struct strv name, enum schema_type type, unsigned scale,
                              usec_t now, struct err *e);
/* It takes that place; the old one is dropped. */
bool schema_switch_field(struct catalog_txn *t, struct strv name, uint16_t prepared, struct err *e);
/* `except`: one that is being prepared; 0: none is, and what was prepared earlier waits too. */
/* One that waits to be cleared away. */
bool schema_dropped(const struct schema *s, uint16_t except, uint16_t *field);
void schema_forget_field(struct catalog_txn *t, uint16_t field);

const char *schema_type_name(enum schema_type type); /* "text", "number", "date", "bool", "set", "place" */
/* "number", "number(3)" (scale 2 when not said), "yes/no" and "bool", ... */
bool schema_type_read(struct strv s, enum schema_type *type, unsigned *scale, struct err *e); /* or *e */
bool schema_type_parse(struct strv s, enum schema_type *type, unsigned *scale);
bool schema_name_valid(struct strv name);
/* "Birth Date" -> "birth_date". False when nothing usable is left. `out` holds SCHEMA_MAX_NAME + 1. */
bool schema_clean_name(struct strv name, char *out);

#endif
