/* A declaration as it is stored: one record each in the table `schema`, under its kind and id. For schema.c,
 * which reads them, and schema_change.c, which writes them. The name is a view: of the transaction when it
 * was read. */
#ifndef TESSERA_STORE_SCHEMA_STORED_H
#define TESSERA_STORE_SCHEMA_STORED_H

#include "store/schema.h"

#define SCHEMA_RECORD_VERSION 1

struct schema_stored {
    char kind; /* 'F', 'E', 'A'; 'D': a field that was dropped and is being cleared away; 'N': one being
                  prepared */
    uint16_t id, event;
    enum schema_type type;
    uint8_t scale;
    usec_t created;
    struct strv name;
};

#endif
