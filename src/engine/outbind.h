/* Outbind (SMPP 3.4 §2.2.1, §4.1.7): a carrier that has something for us connects and asks us to bind on that
 * connection. Who asks is a stranger until its address is one of the carrier's peers and its outbind carries
 * the system_id and password agreed on, and our own password is not said before. Strangers are limited in
 * number, octets and time; what is refused is counted, and logged at most once a second.
 *
 *   accepted ──► waiting for the outbind ──► a link of that carrier (link_adopt), which binds
 *                     └── refused: closed */
#ifndef TESSERA_ENGINE_OUTBIND_H
#define TESSERA_ENGINE_OUTBIND_H

#include "engine/engine.h"

struct outbind;

/* NULL without an error when no listener is configured. The options are not kept. */
struct outbind *outbind_new(struct engine *g, const struct outbind_options *o, struct err *e);
void outbind_free(struct outbind *b);                /* links that were made live on; NULL is fine */
usec_t outbind_certificate(const struct outbind *b); /* when ours ends, wall; 0: plain, or no listener */
void outbind_status(const struct outbind *b, struct outbind_status *out);

#endif
