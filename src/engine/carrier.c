#include "engine/internal.h"

#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

static void carrier_on_state(void *arg, struct link *k, enum link_state before)
{
    struct carrier *c = arg;
    (void)k;
    (void)before;
    dispatch_kick(c);
}

static void carrier_on_room(void *arg, struct link *k)
{
    (void)k;
    dispatch_kick(arg);
}

static void carrier_on_response(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    dispatch_response(arg, k, token, r);
}

static void carrier_on_lost(void *arg, struct link *k, uint64_t token, enum session_lost why)
{
    dispatch_lost(arg, k, token, why);
}

static void carrier_on_late(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    dispatch_late(arg, k, token, r);
}

static void carrier_on_request(void *arg, struct link *k, const struct smpp_pdu *pdu)
{
    receive_request(arg, k, pdu);
}

static const struct link_ops carrier_link_ops = {
    .on_state = carrier_on_state,
    .on_room = carrier_on_room,
    .on_response = carrier_on_response,
    .on_lost = carrier_on_lost,
    .on_late = carrier_on_late,
    .on_request = carrier_on_request,
};

static bool carrier_make_tls(struct carrier *c, struct err *e)
{
    if (!c->o.tls) {
        return true;
    }
    struct tls_options to = {
        .ca_file = c->o.tls_ca[0] ? c->o.tls_ca : NULL,
        .cert_file = c->o.tls_cert[0] ? c->o.tls_cert : NULL,
        .key_file = c->o.tls_key[0] ? c->o.tls_key : NULL,
        .insecure = !c->o.tls_verify,
    };
    c->tls = tls_client_new(&to, e);
    return c->tls != NULL || err_prefix(e, "carrier \"%s\"", c->o.name);
}

static bool carrier_make_links(struct carrier *c, struct err *e)
{
    struct link_env env = { .loop = c->g->loop, .log = c->g->log, .rnd = &c->g->rnd, .tls = c->tls };
    const struct {
        enum session_bind mode;
        unsigned count;
    } kinds[] = {
        { SESSION_TRANSCEIVER, c->o.transceivers },
        { SESSION_TRANSMITTER, c->o.transmitters },
        { SESSION_RECEIVER, c->o.receivers },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (unsigned j = 0; j < kinds[i].count && c->n_links < ENGINE_MAX_BINDS; j++) {
            unsigned id = (unsigned)c->n_links;
            struct link *k = link_new(&c->o, kinds[i].mode, id, &env, &carrier_link_ops, c, e);
            if (k == NULL) {
                return false;
            }
            c->links[c->n_links++] = k;
        }
    }
    return true;
}

struct carrier *carrier_new(struct engine *g, uint16_t number, const struct carrier_options *o, struct err *e)
{
    struct carrier *c = calloc(1, sizeof *c);
    if (c == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    c->g = g;
    c->number = number;
    c->o = *o;
    c->configured = o->host[0] != 0;
    bucket_init(&c->rate, o->rate, o->burst, engine_mono(g));
    dispatch_init(c);
    if (c->configured && (!carrier_make_tls(c, e) || !carrier_make_links(c, e))) {
        carrier_free(c);
        return NULL;
    }
    return c;
}

void carrier_free(struct carrier *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_links; i++) {
        link_free(c->links[i]);
    }
    tls_free(c->tls);
    dispatch_free(c);
    free(c);
}

void carrier_start(struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        link_start(c->links[i], 0);
    }
    dispatch_kick(c);
}

/* Whether binds made with `a` serve for `b` too: all but rates, routes, sender and the way texts are written.
 */
static bool carrier_same_binds(const struct carrier_options *a, const struct carrier_options *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && strcmp(a->system_id, b->system_id) == 0 &&
           strcmp(a->password, b->password) == 0 && strcmp(a->system_type, b->system_type) == 0 &&
           strcmp(a->address_range, b->address_range) == 0 && a->transceivers == b->transceivers &&
           a->transmitters == b->transmitters && a->receivers == b->receivers && a->version == b->version &&
           a->window == b->window && a->response_timeout == b->response_timeout &&
           a->enquire_link == b->enquire_link && a->bind_timeout == b->bind_timeout &&
           a->connect_timeout == b->connect_timeout && a->tls == b->tls && a->tls_verify == b->tls_verify &&
           strcmp(a->tls_ca, b->tls_ca) == 0 && strcmp(a->tls_cert, b->tls_cert) == 0 &&
           strcmp(a->tls_key, b->tls_key) == 0 && strcmp(a->tls_name, b->tls_name) == 0;
}

static void carrier_free_link(void *p)
{
    link_free(p);
}

bool carrier_reconfigure(struct carrier *c, const struct carrier_options *o, struct err *e)
{
    struct carrier_options before = c->o;
    bool same = c->configured && carrier_same_binds(&c->o, o);
    bucket_set_rate(&c->rate, o->rate, o->burst, engine_mono(c->g));
    c->o = *o;
    if (same) {
        for (size_t i = 0; i < c->n_links; i++) {
            link_start(c->links[i], 0); /* one that had stopped over a wrong password tries again */
        }
        dispatch_kick(c);
        return true;
    }
    struct tls_ctx *old = c->tls;
    c->tls = NULL;
    if (o->host[0] != 0 && !carrier_make_tls(c, e)) {
        c->tls = old;
        c->o = before;
        return false;
    }
    for (size_t i = 0; i < c->n_links; i++) {
        link_abandon(c->links[i]);
        loop_free_later(c->g->loop, carrier_free_link, c->links[i]);
    }
    c->n_links = 0;
    tls_free(old);
    c->configured = o->host[0] != 0;
    if (c->configured && !carrier_make_links(c, e)) {
        return false;
    }
    carrier_start(c);
    return true;
}

void carrier_stop(struct carrier *c, const char *why)
{
    for (size_t i = 0; i < c->n_links; i++) {
        link_stop(c->links[i], why);
    }
}

bool carrier_all_down(const struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        if (link_state(c->links[i]) != LINK_DOWN) {
            return false;
        }
    }
    return true;
}

const char *carrier_state_name(const struct carrier *c)
{
    size_t bound = 0, stopped = 0;
    for (size_t i = 0; i < c->n_links; i++) {
        bound += link_state(c->links[i]) == LINK_BOUND;
        stopped += link_state(c->links[i]) == LINK_STOPPED;
    }
    if (!c->configured) {
        return "removed";
    }
    if (c->paused) {
        return "paused";
    }
    if (stopped == c->n_links) {
        return "stopped";
    }
    return bound == c->n_links ? "up" : bound > 0 ? "degraded" : "down";
}

void carrier_second(struct carrier *c)
{
    c->rate_last = c->rate_sum;
    c->rate_sum = 0;
}

struct link *carrier_pick(struct carrier *c, unsigned parts)
{
    struct link *best = NULL;
    unsigned most = parts > 0 ? parts - 1 : 0;
    for (size_t i = 0; i < c->n_links; i++) {
        struct link *k = c->links[(c->next_link + i) % c->n_links];
        unsigned room = link_room(k);
        if (room > most) {
            most = room;
            best = k;
        }
    }
    c->next_link++;
    return best;
}
