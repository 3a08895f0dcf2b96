/* Who may send which request on which kind of bind (SMPP 3.4 §2.3 table 2-1, 5.0 §2.4), as a table. Pure. */
#ifndef TESSERA_SESSION_RULES_H
#define TESSERA_SESSION_RULES_H

#include "session/session.h"

#include <stdbool.h>
#include <stdint.h>

enum rules_kind {
    RULES_UNKNOWN, /* no request of ours: a response, or a vendor's */
    RULES_BIND,    /* bind_transmitter, bind_receiver, bind_transceiver */
    RULES_OUTBIND, /* has no response */
    RULES_UNBIND,
    RULES_ENQUIRE,
    RULES_NOTICE, /* business without a response: alert_notification */
    RULES_BUSINESS,
};

enum rules_kind rules_kind(uint32_t command);
/* Whether `sender` may send it on a session bound as `bind`: an ESME needs the transmitting half, an SMSC the
 * receiving one. Only for RULES_NOTICE and RULES_BUSINESS. */
bool rules_allow(uint32_t command, enum session_role sender, enum session_bind bind);
enum session_bind rules_bind(uint32_t command);      /* of RULES_BIND */
uint32_t rules_bind_command(enum session_bind bind); /* the other way */

#endif
