/* What the engine is told at its start and at a reload: plain values, already checked for type and bounds by
 * the configuration's schema. Strings are copied by engine_new. */
#ifndef TESSERA_ENGINE_OPTIONS_H
#define TESSERA_ENGINE_OPTIONS_H

#include "base/clock.h"
#include "base/log.h"
#include "domain/message.h"
#include "query/parse.h"
#include "smpp/status.h"
#include "store/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_MAX_CARRIERS   64
#define ENGINE_MAX_BINDS      32 /* of one carrier */
#define ENGINE_MAX_HOSTS      8  /* of one carrier */
#define ENGINE_MAX_OUTBINDS   4  /* of one carrier, besides its binds */
#define ENGINE_ROUTE_CARRIERS 16 /* of one route */
#define ENGINE_MAX_RATES      256
#define ENGINE_MAX_STATUSES   64 /* of one carrier */
#define ENGINE_TAG_MAX        65 /* octets with the NUL */
#define ENGINE_NAME_MAX       64 /* octets with the NUL: carriers, campaigns, votes, segments */

#define ENGINE_MAX_TLVS       32  /* declared */
#define ENGINE_CARRIER_TLVS   16  /* of one carrier */
#define TLVS_MAX_OCTETS       512 /* of one message, in all */

/* A TLV that is declared; or, of a carrier, what it is sent and under which tag. */
struct tlv_options {
    char name[40], type[12]; /* "cstring", "string", "octets", "int8", "int16", "int32", "flag" */
    uint16_t tag;            /* 0, of a carrier: as declared */
    unsigned max;            /* octets, the NUL of a cstring included; 0 = 255 */
    char value[256];         /* for messages that say none; "": none */
};

struct carrier_options {
    char name[32];
    char host[256]; /* name or address, without port */
    uint16_t port;
    struct carrier_host {
        char name[256];
        uint16_t port;
    } hosts[ENGINE_MAX_HOSTS]; /* in the order of preference; none: host and port alone */
    size_t n_hosts;
    usec_t failback; /* on another host than the first: try the first so often; 0 = never */
    char system_id[17], password[10], system_type[14]; /* SMPP 3.4 §5.2.1-3: with NUL 16, 9, 13; one spare */
    char address_range[42];
    unsigned transceivers, transmitters,
        receivers;                 /* how many binds of each; their sum at most ENGINE_MAX_BINDS */
    uint8_t version;               /* 0x33, 0x34, 0x50 */
    uint8_t untold_version;        /* of a carrier that tells none in its bind_resp; 0 = 0x34 */
    unsigned window;               /* outstanding submissions a bind */
    int64_t rate, burst;           /* parts a second, 0 = no limit; parts */
    int64_t bind_rate, bind_burst; /* the same of each bind */
    unsigned congestion; /* congestion_state from which on it is slowed; 0 = never (SMPP 5.0 §4.8.4.18) */
    usec_t response_timeout, enquire_link, enquire_timeout, bind_timeout, connect_timeout;
    usec_t reconnect_min, reconnect_max; /* backoff between attempts, with jitter */
    usec_t already_bound_wait;           /* the first pause after ESME_RALYBND */
    bool tls, tls_verify;
    char tls_min[8]; /* "1.2", "1.3" */
    char tls_ca[256], tls_cert[256], tls_key[256], tls_name[256];
    char outbind_system_id[17], outbind_password[10]; /* what its outbind must carry; "" = none is taken */
    char outbind_peers[512];                          /* networks it may come from, see net/network.h */
    char outbind_mode[16];                            /* what we bind as then */
    char long_messages[12], transliteration[12],
        alphabet[12];    /* how texts are written: words as in style.c; */
    char languages[128]; /* "": what is plain */
    bool packed, latin1, ucs2;
    struct tlv_options tlvs[ENGINE_CARRIER_TLVS];
    size_t n_tlvs;
    char validity[12]; /* "relative", "absolute", "none": how the carrier is told until when a message is
                          worth anything (SMPP 3.4 §5.2.16) */
    char service_type[6];
    char prefixes[512];                  /* "49,44": routes; "" = every number no other carrier names */
    char sender[MESSAGE_MAX_SENDER + 1]; /* default sender */
    unsigned max_failures; /* percent of a minute's submissions; from there on routes avoid it; 0 = never */
    char receipt_ids[8];   /* "auto", "same", "hex_dec", "dec_hex": store/spool.h */
    char receipts_by[12]; /* "esm_class", "text", "either": what makes a message of the carrier's a receipt */
    struct status_rule {  /* what a status means here, against smpp/status.def */
        uint32_t status;
        enum smpp_status_class class_;
        char text[120]; /* "": the table's */
    } statuses[ENGINE_MAX_STATUSES];
    size_t n_statuses;
};

/* A limit of what its keys select: engine/rates.h. "" = any. */
struct rate_options {
    char prefix[512], region[256], class_[64], sender[MESSAGE_MAX_SENDER + 1], carrier[32];
    int64_t rate, burst; /* parts a second; parts */
};

/* A rule of where messages go: domain/route.h. "" = any. */
struct route_options {
    char prefix[512], region[256], class_[64], sender[MESSAGE_MAX_SENDER + 1], campaign[ENGINE_NAME_MAX];
    char tag[ENGINE_TAG_MAX], strategy[16];
    struct route_carrier {
        char name[32];
        unsigned weight;
        int64_t cost; /* a part, in millionths */
    } carriers[ENGINE_ROUTE_CARRIERS];
    size_t n_carriers;
};

/* Where carriers ask us to bind: engine/outbind.h. */
struct outbind_options {
    const char *listen;                      /* "192.0.2.1:2775", as listener.h says; "" or NULL = nowhere */
    const char *tls_cert, *tls_key, *tls_ca; /* "" = plain; with tls_ca peers must show a certificate of it */
    unsigned most;                           /* connections without an outbind at once */
    usec_t timeout;                          /* for TLS, then for the outbind */
};

struct engine_options {
    const char *state_dir;
    const char *facts_dir;            /* numbering.tsv, quiet_hours.tsv, holidays.tsv, optout_keywords.tsv */
    const char *zoneinfo;             /* directory of TZif files */
    const char *zone;                 /* the instance's own zone: what "today" means in a query */
    struct query_limits query_limits; /* 0 = the default */
    unsigned query_threads;           /* for one query: 0, 1 or 2 */
    size_t spool_map, audience_map;   /* octets */
    size_t spool_reserve;             /* 0 = a tenth */
    size_t spool_queue;               /* 0 = default */
    struct clock *clock;              /* kept by pointer */
    const struct log *log;            /* kept by pointer */
    const struct carrier_options *carriers;
    size_t n_carriers;
    struct outbind_options outbind;     /* taken at the start only */
    usec_t tls_expiry_warning;          /* so long before a certificate ends it is told; 0 = never */
    unsigned bind_attempts;             /* a minute over all carriers and binds; 0 = no limit */
    const struct route_options *routes; /* in the order in which they are tried */
    size_t n_routes;
    const struct tlv_options *tlvs; /* declared */
    size_t n_tlvs;
    const struct rate_options *rates;
    size_t n_rates;
    usec_t segments_sweep; /* segments are looked at so often for who entered and left; 0 = never */
    usec_t reroute_after;  /* a carrier is down so long before messages that wait for it go elsewhere */
    unsigned max_parts;
    unsigned max_attempts;
    usec_t retry_min, retry_max;
    enum spool_uncertain uncertain[CLASS_COUNT];
    bool quiet_low_confidence;          /* obey rules whose source is of low confidence */
    usec_t quiet_margin;                /* close a window so much early */
    usec_t keep_messages, keep_inbound; /* retention, after a message's end; 0 = for ever */
    usec_t keep_unknown;                /* receipts of unknown messages */
    usec_t drain_timeout;               /* how long SIGTERM waits for responses */
};

#endif
