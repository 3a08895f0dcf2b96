/* The built-in fields, events and attributes, as rows. Ids are stored in data: never change or reuse one. */
#ifndef TESSERA_STORE_SCHEMA_TABLE_H
#define TESSERA_STORE_SCHEMA_TABLE_H

#include "store/schema.h"

#define SCHEMA_FIRST_OWN_FIELD 512 /* ids below are built in */
#define SCHEMA_FIRST_OWN_EVENT 64

struct schema_row {
    uint16_t id;
    uint16_t event; /* 0: a field of customers */
    const char *name;
    enum schema_type type;
    uint8_t scale;
    bool hidden;
};
struct schema_event_row {
    uint16_t id;
    const char *name;
};

extern const struct schema_row schema_rows[];
extern const size_t schema_rows_count;
extern const struct schema_event_row schema_event_rows[];
extern const size_t schema_event_rows_count;

#endif
