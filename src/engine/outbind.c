#include "engine/outbind.h"

#include "engine/internal.h"
#include "net/conn.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

#define OUTBIND_LONGEST 512 /* octets of the PDU; 41 and what TLVs there may be */
#define OUTBIND_LOG_GAP USEC_SEC
#define OUTBIND_NO_PEER "no carrier has this address among its outbind_peers"

/* A connection whose outbind has not come yet. */
struct stranger {
    struct stranger *next, **link;
    struct outbind *b;
    struct conn *conn;
    struct loop_timer timer;
};

struct outbind {
    struct engine *g;
    struct listener *listener;
    usec_t certificate; /* when ours ends, wall; 0: plain */
    struct stranger *strangers;
    unsigned n_strangers, most;
    usec_t timeout;
    uint64_t accepted, refused;
    usec_t log_again;
    uint64_t unsaid; /* refused since the last line of the log */
};

static void outbind_refuse(struct outbind *b, const struct conn *c, const char *why, struct strv who)
{
    usec_t now = engine_mono(b->g);
    b->refused++;
    if (now < b->log_again) {
        b->unsaid++;
        return;
    }
    char name[17];
    strv_copy(strv_sub(who, 0, sizeof name - 1), name, sizeof name);
    log_event(b->g->log, LOG_WARN, "outbind_refused", "peer=%s system_id=%s why=%s unsaid=%llu", conn_peer(c),
              log_quote(strv_from(name)).s, log_quote(strv_from(why)).s, (unsigned long long)b->unsaid);
    b->unsaid = 0;
    b->log_again = now + OUTBIND_LOG_GAP;
}

/* --- strangers --- */

static void stranger_free(void *p)
{
    free(p);
}

/* The connection is somebody else's now, or is freed by the caller. */
static void stranger_drop(struct stranger *s)
{
    *s->link = s->next;
    if (s->next != NULL) {
        s->next->link = s->link;
    }
    loop_timer_stop(&s->timer);
    s->b->n_strangers--;
    loop_free_later(s->b->g->loop, stranger_free, s);
}

static void stranger_refuse(struct stranger *s, const char *why, struct strv who)
{
    struct conn *c = s->conn;
    outbind_refuse(s->b, c, why, who);
    stranger_drop(s);
    conn_free(c);
}

static void stranger_on_timer(void *arg)
{
    stranger_refuse(arg, "no outbind in time", (struct strv){ 0 });
}

/* The carrier whose agreed name and password these are; every carrier is compared in whole, so that the time
 * it takes tells nothing. */
static struct carrier *outbind_find(const struct outbind *b, const struct conn *c,
                                    const struct smpp_outbind *said)
{
    struct carrier *found = NULL;
    for (size_t i = 0; i < b->g->n_carriers; i++) {
        struct carrier *k = b->g->carriers[i];
        const struct carrier_options *o = &k->o;
        bool name = strv_eq_secret(strv_from(o->outbind_system_id), said->system_id);
        bool password = strv_eq_secret(strv_from(o->outbind_password), said->password);
        bool here =
            k->configured && o->outbind_system_id[0] != 0 && network_list_has(strv_from(o->outbind_peers), c);
        found = (int)name & (int)password & (int)here ? k : found;
    }
    return found;
}

static void stranger_judge(struct stranger *s, const uint8_t *p, size_t n)
{
    struct smpp_pdu pdu;
    struct outbind *b = s->b;
    struct conn *c = s->conn;
    const char *why = NULL;
    smpp_pdu_decode(p, n, &pdu, NULL);
    if (pdu.command_id != SMPP_CMD(outbind) || pdu.defect == SMPP_DEFECT_BODY) {
        stranger_refuse(s, "the first PDU is no outbind", (struct strv){ 0 });
        return;
    }
    struct carrier *k = outbind_find(b, c, &pdu.outbind);
    if (k == NULL) {
        stranger_refuse(s, "no carrier has such an outbind_system_id and outbind_password for this address",
                        pdu.outbind.system_id);
    } else if (!carrier_adopt(k, c, &why)) {
        stranger_refuse(s, why, pdu.outbind.system_id);
    } else {
        b->accepted++;
        log_event(b->g->log, LOG_INFO, "outbind", "carrier=%s peer=%s", k->o.name, conn_peer(c));
        stranger_drop(s);
        conn_call_again(c); /* its session reads the outbind, and binds */
    }
}

static size_t stranger_on_data(struct conn *c, void *arg, const uint8_t *p, size_t n)
{
    struct stranger *s = arg;
    long length = smpp_frame_length(p, n, OUTBIND_LONGEST);
    (void)c;
    if (length < 0) {
        stranger_refuse(s, "the first PDU is no outbind", (struct strv){ 0 });
    } else if (length > 0 && (size_t)length <= n) {
        stranger_judge(s, p, (size_t)length);
    }
    return 0;
}

static void stranger_on_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)reason;
    outbind_refuse(((struct stranger *)arg)->b, c, text, (struct strv){ 0 });
    stranger_drop(arg);
}

static const struct conn_ops stranger_ops = { .on_data = stranger_on_data, .on_closed = stranger_on_closed };

/* --- the listener --- */

/* Addresses that no carrier names are not even listened to. */
static bool outbind_known_peer(const struct outbind *b, const struct conn *c)
{
    for (size_t i = 0; i < b->g->n_carriers; i++) {
        const struct carrier_options *o = &b->g->carriers[i]->o;
        if (o->outbind_system_id[0] != 0 && network_list_has(strv_from(o->outbind_peers), c)) {
            return true;
        }
    }
    return false;
}

/* Before the handshake, so that those who are nobody's do not take the places of those who are. */
static bool outbind_admit(struct conn *c, void *arg)
{
    struct outbind *b = arg;
    if (outbind_known_peer(b, c)) {
        return true;
    }
    outbind_refuse(b, c, OUTBIND_NO_PEER, (struct strv){ 0 });
    return false;
}

static void outbind_on_accept(struct listener *ls, struct conn *c, void *arg)
{
    struct outbind *b = arg;
    const char *why = b->g->draining              ? "shutting down"
                      : !outbind_known_peer(b, c) ? OUTBIND_NO_PEER
                      : b->n_strangers >= b->most ? "too many connections without an outbind"
                                                  : NULL;
    struct stranger *s = why == NULL ? calloc(1, sizeof *s) : NULL;
    (void)ls;
    if (s == NULL) {
        outbind_refuse(b, c, why != NULL ? why : "out of memory", (struct strv){ 0 });
        conn_free(c);
        return;
    }
    *s = (struct stranger){ .b = b, .conn = c, .next = b->strangers, .link = &b->strangers };
    if (s->next != NULL) {
        s->next->link = &s->next;
    }
    b->strangers = s;
    b->n_strangers++;
    conn_set_ops(c, &stranger_ops, s);
    loop_timer_init(&s->timer, b->g->loop, stranger_on_timer, s);
    loop_timer_in(&s->timer, b->timeout);
}

static bool outbind_listen(struct outbind *b, const struct outbind_options *o, struct err *e)
{
    struct tls_options to = { .cert_file = o->tls_cert,
                              .key_file = o->tls_key[0] ? o->tls_key : NULL,
                              .ca_file = o->tls_ca[0] ? o->tls_ca : NULL,
                              .require_client = o->tls_ca[0] != 0 };
    struct tls_ctx *tls = o->tls_cert[0] ? tls_server_new(&to, e) : NULL;
    if (o->tls_cert[0] && tls == NULL) {
        return false;
    }
    if (tls != NULL && !tls_cert_expiry(tls, &b->certificate)) {
        b->certificate = 0;
    }
    struct listener_options lo = { .address = o->listen,
                                   .tls = tls,
                                   .max_conns = o->most + ENGINE_MAX_CARRIERS * ENGINE_MAX_OUTBINDS,
                                   .handshake_timeout = o->timeout,
                                   .admit = outbind_admit };
    b->listener = listener_new(b->g->loop, &lo, outbind_on_accept, b, e);
    tls_free(tls);
    return b->listener != NULL;
}

struct outbind *outbind_new(struct engine *g, const struct outbind_options *o, struct err *e)
{
    if (o->listen == NULL || o->listen[0] == 0) {
        return NULL;
    }
    struct outbind *b = calloc(1, sizeof *b);
    if (b == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    *b = (struct outbind){ .g = g, .most = o->most, .timeout = o->timeout };
    if (!outbind_listen(b, o, e)) {
        err_prefix(e, "outbind.listen");
        free(b);
        return NULL;
    }
    log_event(g->log, LOG_INFO, "outbind_listening", "address=%s tls=%s", listener_address(b->listener),
              o->tls_cert[0] ? "yes" : "no");
    return b;
}

void outbind_free(struct outbind *b)
{
    if (b == NULL) {
        return;
    }
    while (b->strangers != NULL) {
        struct conn *c = b->strangers->conn;
        stranger_drop(b->strangers);
        conn_free(c);
    }
    listener_free(b->listener);
    loop_free_later(b->g->loop, stranger_free, b);
}

usec_t outbind_certificate(const struct outbind *b)
{
    return b != NULL ? b->certificate : 0;
}

void outbind_status(const struct outbind *b, struct outbind_status *out)
{
    *out = (struct outbind_status){ .listen = "" };
    if (b != NULL) {
        *out = (struct outbind_status){ .listen = listener_address(b->listener),
                                        .strangers = b->n_strangers,
                                        .accepted = b->accepted,
                                        .refused = b->refused };
    }
}
