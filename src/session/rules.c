#include "session/rules.h"

#define ESME 1
#define SMSC 2

static const struct rule {
    uint32_t command;
    uint8_t kind; /* enum rules_kind */
    uint8_t by;   /* ESME, SMSC */
} rules[] = {
    { SMPP_CMD_submit_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_deliver_sm, RULES_BUSINESS, SMSC },
    { SMPP_CMD_data_sm, RULES_BUSINESS, ESME | SMSC },
    { SMPP_CMD_enquire_link, RULES_ENQUIRE, ESME | SMSC },
    { SMPP_CMD_submit_multi, RULES_BUSINESS, ESME },
    { SMPP_CMD_query_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_cancel_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_replace_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_alert_notification, RULES_NOTICE, SMSC },
    { SMPP_CMD_broadcast_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_query_broadcast_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_cancel_broadcast_sm, RULES_BUSINESS, ESME },
    { SMPP_CMD_bind_transmitter, RULES_BIND, ESME },
    { SMPP_CMD_bind_receiver, RULES_BIND, ESME },
    { SMPP_CMD_bind_transceiver, RULES_BIND, ESME },
    { SMPP_CMD_outbind, RULES_OUTBIND, SMSC },
    { SMPP_CMD_unbind, RULES_UNBIND, ESME | SMSC },
};

static const struct rule *rules_find(uint32_t command)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].command == command)
            return &rules[i];
    return NULL;
}

enum rules_kind rules_kind(uint32_t command)
{
    const struct rule *r = rules_find(command);
    return r ? (enum rules_kind)r->kind : RULES_UNKNOWN;
}

bool rules_allow(uint32_t command, enum session_role sender, enum session_bind bind)
{
    const struct rule *r = rules_find(command);
    if (!r || (r->kind != RULES_BUSINESS && r->kind != RULES_NOTICE))
        return false;
    return sender == SESSION_CLIENT ? (r->by & ESME) && (bind & SESSION_TRANSMITTER)
                                    : (r->by & SMSC) && (bind & SESSION_RECEIVER);
}

enum session_bind rules_bind(uint32_t command)
{
    return command == (uint32_t)SMPP_CMD_bind_transmitter ? SESSION_TRANSMITTER
           : command == (uint32_t)SMPP_CMD_bind_receiver  ? SESSION_RECEIVER
                                                          : SESSION_TRANSCEIVER;
}

uint32_t rules_bind_command(enum session_bind bind)
{
    return bind == SESSION_TRANSMITTER ? SMPP_CMD_bind_transmitter
           : bind == SESSION_RECEIVER  ? SMPP_CMD_bind_receiver
                                       : SMPP_CMD_bind_transceiver;
}
