/* Named documents of the audience environment: definitions of segments and what their watch remembers,
 * progress of imports, the fitted model, what is known of fields. Opaque octets; whoever has a kind has its
 * format. Views, threads and errors: as in catalog.h. */
#ifndef TESSERA_STORE_DOCUMENTS_H
#define TESSERA_STORE_DOCUMENTS_H

#include "base/strv.h"
#include "store/catalog.h"

#define DOCUMENT_MAX_NAME 255

/* DOCUMENT_FRESH: named by a field's id (two octets): when a customer's value of it last changed. */
enum document_kind {
    DOCUMENT_SEGMENT = 's',
    DOCUMENT_SEGMENT_HISTORY = 'h', /* segment's name, NUL, number of the change (4 octets) */
    DOCUMENT_JOURNAL = 'j',         /* change number (8 octets) */
    DOCUMENT_WATCH = 'w',           /* segment's name: its state */
    DOCUMENT_WATCH_MEMBERS = 'W',   /* segment's name */
    DOCUMENT_WATCH_EVER = 'E',
    DOCUMENT_WATCH_CHANGE = 'c', /* segment's name, NUL, number (8 octets) */
    DOCUMENT_IMPORT = 'i',
    DOCUMENT_MODEL = 'm',
    DOCUMENT_FRESH = 'f',
    DOCUMENT_TRANSITIONS = 't' /* named by a field's id, too: which values may follow which */
};

bool document_get(struct catalog_txn *t, enum document_kind kind, struct strv name, struct strv *value);
bool document_put(struct catalog_txn *t, enum document_kind kind, struct strv name, struct strv value);
/* Whether it was there. */
bool document_delete(struct catalog_txn *t, enum document_kind kind, struct strv name);
/* By name, until fn returns false. */
typedef bool document_fn(void *ctx, struct strv name, struct strv value);
void document_each(struct catalog_txn *t, enum document_kind kind, document_fn *fn, void *ctx);
/* The same from a name on. */
void document_each_from(struct catalog_txn *t, enum document_kind kind, struct strv from, document_fn *fn,
                        void *ctx);

#endif
