#include "engine/internal.h"
#include "engine/style.h"

#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

#define CARRIER_WINDOW 10 /* when none is given, as in session.h */

static void carrier_free_link(void *p)
{
    link_free(p);
}

/* A bind that is in no list any more has come to its end. */
static void carrier_forget_link(struct carrier *c, struct link *k)
{
    size_t pos = 0;
    uint64_t id, p;
    while (hmap_next(&c->in_flight, &pos, &id, &p)) {
        struct outgoing *o = (struct outgoing *)(uintptr_t)p;
        o->link = o->link == k ? NULL : o->link;
    }
    loop_free_later(c->g->loop, carrier_free_link, k);
}

static void carrier_drop_leaving(struct carrier *c, size_t i)
{
    struct link *k = c->leaving[i];
    c->leaving[i] = c->leaving[--c->n_leaving];
    carrier_forget_link(c, k);
}

static void carrier_drop_outbind(struct carrier *c, struct link *k)
{
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] == k) {
            c->outbinds[i] = NULL;
            carrier_forget_link(c, k);
        }
    }
}

static void carrier_on_state(void *arg, struct link *k, enum link_state before)
{
    struct carrier *c = arg;
    (void)before;
    for (size_t i = 0; link_state(k) == LINK_DOWN && i < c->n_leaving; i++) {
        if (c->leaving[i] == k) {
            carrier_drop_leaving(c, i);
            break;
        }
    }
    if (link_state(k) == LINK_DOWN) {
        carrier_drop_outbind(c, k);
    }
    failback_on_state(c, k);
    routing_look(c);
    dispatch_kick(c);
}

static void carrier_on_room(void *arg, struct link *k)
{
    (void)k;
    dispatch_kick(arg);
}

static void carrier_on_response(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    struct carrier *c = arg;
    if (errand_owns(token)) {
        errand_response(c->g, token, r);
    } else {
        outcome_response(c, k, token, r);
    }
}

static void carrier_on_lost(void *arg, struct link *k, uint64_t token, enum session_lost why)
{
    struct carrier *c = arg;
    if (errand_owns(token)) {
        errand_lost(c->g, token, why);
    } else {
        outcome_lost(c, k, token, why);
    }
}

static void carrier_on_late(void *arg, struct link *k, uint64_t token, const struct smpp_pdu *r)
{
    struct carrier *c = arg;
    (void)k;
    if (errand_owns(token)) {
        errand_response(c->g, token, r);
    } else {
        outcome_late(c, token, r);
    }
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

/* *out NULL: plain. */
static bool carrier_make_tls(const struct carrier_options *o, struct tls_ctx **out, struct err *e)
{
    *out = NULL;
    if (o->host[0] == 0 || !o->tls) {
        return true;
    }
    struct tls_options to = {
        .ca_file = o->tls_ca[0] ? o->tls_ca : NULL,
        .cert_file = o->tls_cert[0] ? o->tls_cert : NULL,
        .key_file = o->tls_key[0] ? o->tls_key : NULL,
        .insecure = !o->tls_verify,
        .tls13_only = strcmp(o->tls_min, "1.3") == 0,
    };
    *out = tls_client_new(&to, e);
    return *out != NULL || err_prefix(e, "carrier \"%s\"", o->name);
}

bool carrier_check(const struct carrier_options *o, struct err *e)
{
    struct tls_ctx *tls;
    struct parts_options style;
    bool ok = carrier_make_tls(o, &tls, e);
    tls_free(tls);
    return ok && style_of(o, &style, e);
}

static void carrier_take_options(struct carrier *c, const struct carrier_options *o)
{
    c->o = *o;
    c->o.window = o->window > 0 ? o->window : CARRIER_WINDOW;
    c->configured = o->host[0] != 0;
    if (c->o.n_hosts == 0 && c->configured) {
        strv_copy(strv_from(o->host), c->o.hosts[0].name, sizeof c->o.hosts[0].name);
        c->o.hosts[0].port = o->port;
        c->o.n_hosts = 1;
    }
    style_of(o, &c->style, NULL); /* checked before, as are they: */
    tlvs_carrier_set(c->g->tlvs, o, &c->tlvs, NULL);
    receive_configure(c);
}

struct link *carrier_new_link(struct carrier *c, enum session_bind mode, unsigned id, struct err *e)
{
    struct link_env env = {
        .loop = c->g->loop, .log = c->g->log, .rnd = &c->g->rnd, .tls = c->tls, .attempts = &c->g->attempts
    };
    return link_new(&c->o, mode, id, &env, &carrier_link_ops, c, e);
}

bool carrier_takes_tlvs(const struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        if (link_state(c->links[i]) == LINK_BOUND && link_version(c->links[i]) < SMPP_V34) {
            return false;
        }
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        const struct link *k = c->outbinds[i];
        if (k != NULL && link_state(k) == LINK_BOUND && link_version(k) < SMPP_V34) {
            return false;
        }
    }
    return c->o.version != SMPP_V33;
}

struct parts_options carrier_style(const struct carrier *c)
{
    struct parts_options o = c->style;
    if (o.mode >= PARTS_SAR && !carrier_takes_tlvs(c)) {
        o.mode = PARTS_UDH8;
    }
    return o;
}

void carrier_plan(const struct carrier *c, struct message *m, struct parts_estimate *out)
{
    struct parts_options o = carrier_style(c);
    *out = parts_plan(m->text, &o);
    m->parts = (uint8_t)(out->parts <= PARTS_MAX ? out->parts : 0);
    m->plan = m->parts > 1 ? style_plan(&o, out) : 0;
}

bool carrier_adopt(struct carrier *c, struct conn *conn, const char **why)
{
    enum session_bind mode = SESSION_RECEIVER;
    size_t i = 0;
    struct err e = { 0 };
    session_bind_parse(strv_from(c->o.outbind_mode), &mode);
    while (i < ENGINE_MAX_OUTBINDS && c->outbinds[i] != NULL) {
        i++;
    }
    *why = i == ENGINE_MAX_OUTBINDS ? "the carrier has asked for as many binds as it may" : "out of memory";
    struct link *k =
        i < ENGINE_MAX_OUTBINDS ? carrier_new_link(c, mode, ENGINE_MAX_BINDS + (unsigned)i, &e) : NULL;
    if (k == NULL) {
        return false;
    }
    c->outbinds[i] = k;
    if (!link_adopt(k, conn, &e)) {
        c->outbinds[i] = NULL;
        link_free(k);
        return false;
    }
    return true;
}

static bool carrier_make_links(struct carrier *c, struct err *e)
{
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
            struct link *k = carrier_new_link(c, kinds[i].mode, id, e);
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
    carrier_take_options(c, o);
    bucket_init(&c->rate, o->rate, o->burst, engine_mono(g));
    adaptive_init(&c->adaptive, o->rate);
    for (size_t i = 0; i < CARRIER_BINDS; i++) {
        bucket_init(&c->bind_rate[i], o->bind_rate, o->bind_burst, engine_mono(g));
    }
    dispatch_init(c);
    if (!carrier_make_tls(o, &c->tls, e) || (c->configured && !carrier_make_links(c, e))) {
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
    for (size_t i = 0; i < c->n_leaving; i++) {
        link_free(c->leaving[i]);
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        link_free(c->outbinds[i]);
    }
    link_free(c->trying);
    tls_free(c->tls);
    tlvs_carrier_free(&c->tlvs);
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

/* `a` has been taken, so has at least one. */
static bool carrier_same_hosts(const struct carrier_options *a, const struct carrier_options *b)
{
    if (b->n_hosts == 0) {
        return a->n_hosts == 1;
    }
    if (a->n_hosts != b->n_hosts) {
        return false;
    }
    for (size_t i = 0; i < b->n_hosts; i++) {
        if (a->hosts[i].port != b->hosts[i].port || strcmp(a->hosts[i].name, b->hosts[i].name) != 0) {
            return false;
        }
    }
    return true;
}

/* Whether binds made with `a` serve for `b` too: all but rates, routes, sender and the way texts are written.
 */
static bool carrier_same_binds(const struct carrier_options *a, const struct carrier_options *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && strcmp(a->system_id, b->system_id) == 0 &&
           strcmp(a->password, b->password) == 0 && strcmp(a->system_type, b->system_type) == 0 &&
           strcmp(a->address_range, b->address_range) == 0 && a->transceivers == b->transceivers &&
           a->transmitters == b->transmitters && a->receivers == b->receivers && a->version == b->version &&
           a->window == (b->window ? b->window : CARRIER_WINDOW) &&
           a->response_timeout == b->response_timeout && a->enquire_link == b->enquire_link &&
           a->bind_timeout == b->bind_timeout && a->connect_timeout == b->connect_timeout &&
           a->untold_version == b->untold_version && a->enquire_timeout == b->enquire_timeout &&
           strcmp(a->tls_min, b->tls_min) == 0 && carrier_same_hosts(a, b) && a->tls == b->tls &&
           a->tls_verify == b->tls_verify && strcmp(a->tls_ca, b->tls_ca) == 0 &&
           strcmp(a->tls_cert, b->tls_cert) == 0 && strcmp(a->tls_key, b->tls_key) == 0 &&
           strcmp(a->tls_name, b->tls_name) == 0;
}

void carrier_retire(struct carrier *c, struct link *k, const char *why)
{
    if (c->n_leaving == CARRIER_BINDS) { /* one reload after the other: the oldest must go now */
        link_abandon(c->leaving[0]);
        carrier_drop_leaving(c, 0);
    }
    c->leaving[c->n_leaving++] = k;
    link_stop(k, why);
    if (link_state(k) == LINK_DOWN && c->n_leaving > 0 && c->leaving[c->n_leaving - 1] == k) {
        carrier_drop_leaving(c, c->n_leaving - 1); /* it was down already: nobody tells */
    }
}

static void carrier_retire_outbinds(struct carrier *c)
{
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        struct link *k = c->outbinds[i];
        c->outbinds[i] = NULL;
        if (k != NULL) {
            carrier_retire(c, k, "taken out of the configuration");
        }
    }
}

/* The binds there are end in good order; new ones take over. */
static void carrier_retire_links(struct carrier *c)
{
    struct link *old[ENGINE_MAX_BINDS];
    size_t n = c->n_links;
    memcpy(old, c->links, n * sizeof *old);
    c->n_links = 0;
    failback_drop(c);
    for (size_t i = 0; i < n; i++) {
        carrier_retire(c, old[i], "taken out of the configuration");
    }
    carrier_retire_outbinds(c);
}

/* Whether who may ask for a bind, and for which, is as before. */
static bool carrier_same_outbind(const struct carrier_options *a, const struct carrier_options *b)
{
    return strcmp(a->outbind_system_id, b->outbind_system_id) == 0 &&
           strcmp(a->outbind_password, b->outbind_password) == 0 &&
           strcmp(a->outbind_peers, b->outbind_peers) == 0 && strcmp(a->outbind_mode, b->outbind_mode) == 0;
}

/* The binds stay. Certificates may have been renewed under the same names: they are taken at the next
 * connection. */
static void carrier_refresh(struct carrier *c, const struct carrier_options *o, struct tls_ctx *tls)
{
    if (!carrier_same_outbind(&c->o, o)) {
        carrier_retire_outbinds(c);
    }
    carrier_take_options(c, o);
    tls_free(c->tls);
    c->tls = tls;
    for (size_t i = 0; i < c->n_links; i++) {
        link_set_tls(c->links[i], tls);
        link_start(c->links[i], 0); /* one that had stopped over a wrong password tries again */
    }
    if (c->trying != NULL) {
        link_set_tls(c->trying, tls);
    }
    dispatch_kick(c);
}

bool carrier_reconfigure(struct carrier *c, const struct carrier_options *o, struct err *e)
{
    bool same = c->configured && carrier_same_binds(&c->o, o);
    struct tls_ctx *tls = NULL;
    if (!carrier_make_tls(o, &tls, e)) {
        return false;
    }
    bucket_set_rate(&c->rate, o->rate, o->burst, engine_mono(c->g));
    adaptive_set_limit(&c->adaptive, o->rate, engine_mono(c->g));
    for (size_t i = 0; i < CARRIER_BINDS; i++) {
        bucket_set_rate(&c->bind_rate[i], o->bind_rate, o->bind_burst, engine_mono(c->g));
    }
    if (same) {
        carrier_refresh(c, o, tls);
        return true;
    }
    carrier_retire_links(c);
    carrier_take_options(c, o);
    tls_free(c->tls);
    c->tls = tls;
    if (c->configured && !carrier_make_links(c, e)) {
        return false;
    }
    carrier_start(c);
    return true;
}

void carrier_abandon(struct carrier *c)
{
    failback_drop(c);
    for (size_t i = 0; i < c->n_links; i++) {
        link_abandon(c->links[i]);
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] != NULL) {
            link_abandon(c->outbinds[i]);
        }
    }
    for (size_t i = 0; i < c->n_leaving; i++) {
        link_abandon(c->leaving[i]);
    }
}

void carrier_stop(struct carrier *c, const char *why)
{
    failback_drop(c);
    for (size_t i = 0; i < c->n_links; i++) {
        link_stop(c->links[i], why);
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] != NULL) {
            link_stop(c->outbinds[i], why);
        }
    }
}

void carrier_hurry(struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        link_hurry(c->links[i]);
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] != NULL) {
            link_hurry(c->outbinds[i]);
        }
    }
    for (size_t i = 0; i < c->n_leaving; i++) {
        link_hurry(c->leaving[i]);
    }
}

bool carrier_all_down(const struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        if (link_state(c->links[i]) != LINK_DOWN) {
            return false;
        }
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] != NULL) {
            return false;
        }
    }
    return c->n_leaving == 0;
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
    bool sends = bound > 0 || carrier_bound(c); /* on a bind that the carrier asked for */
    if (stopped == c->n_links && !sends) {
        return "stopped";
    }
    return bound == c->n_links ? "up" : sends ? "degraded" : "down";
}

void carrier_second(struct carrier *c)
{
    c->rate_last = c->rate_sum;
    c->rate_sum = 0;
    outcome_second(c);
    routing_look(c);
    failback_second(c);
    certificates_second(c);
}

struct bucket *carrier_bind_rate(struct carrier *c, const struct link *k)
{
    return c->o.bind_rate > 0 ? &c->bind_rate[link_id(k) % CARRIER_BINDS] : NULL;
}

/* The better of the two, of which `best` may be NULL and has room for `*most`. */
static struct link *carrier_better(struct carrier *c, struct link *best, struct link *k, unsigned *most,
                                   unsigned cost, usec_t *later)
{
    unsigned room = link_room(k);
    if (room <= *most) {
        return best;
    }
    struct bucket *rate = carrier_bind_rate(c, k);
    usec_t now = engine_mono(c->g), when = rate != NULL ? bucket_when(rate, cost, now) : now;
    if (when > now) {
        if (later != NULL && when < *later) {
            *later = when;
        }
        return best;
    }
    *most = room;
    return k;
}

struct link *carrier_pick(struct carrier *c, unsigned parts, unsigned cost, usec_t *later)
{
    struct link *best = NULL;
    unsigned most = parts > 0 ? parts - 1 : 0;
    for (size_t i = 0; i < c->n_links; i++) {
        best = carrier_better(c, best, c->links[(c->next_link + i) % c->n_links], &most, cost, later);
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        if (c->outbinds[i] != NULL) {
            best = carrier_better(c, best, c->outbinds[i], &most, cost, later);
        }
    }
    c->next_link++;
    return best;
}

bool carrier_bound(const struct carrier *c)
{
    for (size_t i = 0; i < c->n_links; i++) {
        if (link_state(c->links[i]) == LINK_BOUND && link_mode(c->links[i]) != SESSION_RECEIVER) {
            return true;
        }
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        const struct link *k = c->outbinds[i];
        if (k != NULL && link_state(k) == LINK_BOUND && link_mode(k) != SESSION_RECEIVER) {
            return true;
        }
    }
    return false;
}

struct link *carrier_find_link(const struct carrier *c, unsigned id, uint32_t generation)
{
    if (id < c->n_links && link_generation(c->links[id]) == generation) {
        return c->links[id];
    }
    for (size_t i = 0; i < ENGINE_MAX_OUTBINDS; i++) {
        struct link *k = c->outbinds[i];
        if (k != NULL && link_id(k) == id && link_generation(k) == generation) {
            return k;
        }
    }
    for (size_t i = 0; i < c->n_leaving; i++) {
        if (link_id(c->leaving[i]) == id && link_generation(c->leaving[i]) == generation) {
            return c->leaving[i];
        }
    }
    return NULL;
}

enum smpp_status_class carrier_status_class(const struct carrier *c, uint32_t status)
{
    for (size_t i = 0; status != 0 && i < c->o.n_statuses; i++) {
        if (c->o.statuses[i].status == status) {
            return c->o.statuses[i].class_;
        }
    }
    return smpp_status_class(status);
}
