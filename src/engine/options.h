/* What the engine is told at its start and at a reload: plain values, already checked for type and bounds by
 * the configuration's schema. Strings are copied by engine_new. */
#ifndef TESSERA_ENGINE_OPTIONS_H
#define TESSERA_ENGINE_OPTIONS_H

#include "base/clock.h"
#include "base/log.h"
#include "domain/message.h"
#include "store/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_MAX_CARRIERS 64
#define ENGINE_MAX_BINDS    32 /* of one carrier */
#define ENGINE_NAME_MAX     64 /* octets with the NUL: carriers, campaigns, votes, segments */

struct carrier_options {
    char name[32];
    char host[256]; /* name or address, without port */
    uint16_t port;
    char system_id[17], password[10], system_type[14]; /* SMPP 3.4 §5.2.1-3: with NUL 16, 9, 13; one spare */
    char address_range[42];
    unsigned transceivers, transmitters,
        receivers;       /* how many binds of each; their sum at most ENGINE_MAX_BINDS */
    uint8_t version;     /* 0x33, 0x34, 0x50 */
    unsigned window;     /* outstanding submissions a bind */
    int64_t rate, burst; /* parts a second, 0 = no limit; parts */
    usec_t response_timeout, enquire_link, bind_timeout, connect_timeout;
    usec_t reconnect_min, reconnect_max; /* backoff between attempts, with jitter */
    bool tls, tls_verify;
    char tls_ca[256], tls_cert[256], tls_key[256], tls_name[256];
    bool udh16;        /* 16-bit concatenation references */
    char validity[12]; /* "relative", "absolute", "none": how the carrier is told until when a message is
                          worth anything (SMPP 3.4 §5.2.16) */
    char service_type[6];
    char prefixes[512];                  /* "49,44": routes; "" = every number no other carrier names */
    char sender[MESSAGE_MAX_SENDER + 1]; /* default sender */
};

struct engine_options {
    const char *state_dir;
    const char *facts_dir;          /* numbering.tsv, quiet_hours.tsv, holidays.tsv, optout_keywords.tsv */
    const char *zoneinfo;           /* directory of TZif files */
    const char *zone;               /* the instance's own zone: what "today" means in a query */
    size_t spool_map, audience_map; /* octets */
    size_t spool_reserve;           /* 0 = a tenth */
    size_t spool_queue;             /* 0 = default */
    struct clock *clock;            /* kept by pointer */
    const struct log *log;          /* kept by pointer */
    const struct carrier_options *carriers;
    size_t n_carriers;
    unsigned max_parts;
    unsigned max_attempts;
    usec_t retry_min, retry_max;
    enum spool_uncertain uncertain[CLASS_COUNT];
    bool quiet_low_confidence;          /* obey rules whose source is of low confidence */
    usec_t quiet_margin;                /* close a window so much early */
    usec_t keep_messages, keep_inbound; /* retention, after a message's end; 0 = for ever */
    usec_t drain_timeout;               /* how long SIGTERM waits for responses */
};

#endif
