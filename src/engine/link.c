/* The life of a bind: its states, its attempts, when it begins and ends, and what is asked of it. */
#include "engine/link_internal.h"

#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINK_STEADY (10 * USEC_SEC) /* bound for less is a failure too: the next attempts wait longer */

const char *link_state_name(enum link_state s)
{
    static const char *const names[] = { "down",  "waiting",   "connecting", "binding",
                                         "bound", "unbinding", "stopped" };
    return names[s];
}

void link_move(struct link *k, enum link_state to, const char *why)
{
    enum link_state before = k->state;
    if (before == to) {
        return;
    }
    k->state = to;
    k->since = link_now(k);
    log_event(k->env.log, to == LINK_STOPPED ? LOG_ERROR : LOG_INFO, "bind_state",
              "carrier=%s bind=%u mode=%s from=%s to=%s why=%s", k->o->name, k->id,
              session_bind_name(k->mode), link_state_name(before), link_state_name(to),
              log_quote(strv_from(why)).s);
    k->ops->on_state(k->arg, k, before);
}

void link_set_error(struct link *k, const char *text)
{
    strv_copy(strv_from(text), k->last_error, sizeof k->last_error);
}

void link_wait(struct link *k, const char *why)
{
    if (k->stopping || k->outbind) {
        link_move(k, LINK_DOWN, why);
        return;
    }
    if (k->bind_fault) {
        link_move(k, LINK_STOPPED, why);
        return;
    }
    if (k->bound_at != 0 && link_now(k) - k->bound_at >= LINK_STEADY) {
        link_hosts_steady(&k->hosts);
    }
    k->bound_at = 0;
    usec_t delay = 0;
    if (!link_hosts_next(&k->hosts, k->o)) {
        if (k->hosts.most > 0) {
            link_move(k, LINK_DOWN, why);
            return;
        }
        if (k->hosts.held) {
            link_set_error(k, "already bound: waiting for the old session to end");
        }
        delay = link_hosts_pause(&k->hosts, k->o, k->env.rnd);
        why = k->last_error[0] ? k->last_error : why;
    }
    k->next_attempt = link_now(k) + delay;
    link_move(k, LINK_WAITING, why);
    loop_timer_at(&k->timer, k->next_attempt);
}

struct link_address {
    char s[280];
};

static struct link_address link_address(const struct link *k)
{
    const struct carrier_host *h = &k->o->hosts[k->hosts.host];
    struct link_address a;
    snprintf(a.s, sizeof a.s, strchr(h->name, ':') ? "[%s]:%u" : "%s:%u", h->name, h->port);
    return a;
}

bool link_adopt(struct link *k, struct conn *c, struct err *e)
{
    k->outbind = true;
    k->generation++;
    if (!link_open_session(k, e)) {
        return false;
    }
    k->conn = c;
    link_take_certificate(k, c);
    conn_set_ops(c, &link_conn_ops, k);
    session_start(k->session, link_now(k));
    link_move(k, LINK_BINDING, "outbind");
    link_touch(k);
    return true;
}

static void link_connect(struct link *k)
{
    struct err e = { 0 };
    struct conn_options co = {
        .host = k->o->hosts[k->hosts.host].name,
        .port = k->o->hosts[k->hosts.host].port,
        .connect_timeout = k->o->connect_timeout,
        .tls = k->env.tls,
        .tls_name = k->o->tls_name[0] ? k->o->tls_name : NULL,
    };
    k->generation++;
    k->next_attempt = 0;
    if (link_open_session(k, &e)) {
        k->conn = conn_connect(k->env.loop, &co, &link_conn_ops, k, &e);
        if (k->conn != NULL) {
            link_move(k, LINK_CONNECTING, link_address(k).s);
            return;
        }
        session_free(k->session);
        k->session = NULL;
    }
    link_set_error(k, e.text);
    link_wait(k, e.text);
}

static void link_go(void *arg)
{
    struct link *k = arg;
    if (k->state == LINK_WAITING) {
        link_connect(k);
    }
}

/* Every attempt counts against what may be tried in a minute. */
static void link_attempt(struct link *k)
{
    if (attempts_ask(k->env.attempts, &k->attempt)) {
        link_connect(k);
        return;
    }
    usec_t at = attempts_next(k->env.attempts);
    k->next_attempt = at > link_now(k) ? at : link_now(k);
    if (k->last_error[0] == 0) {
        link_set_error(k, "bind_attempts_per_minute is reached");
    }
}

static void link_tick(void *arg)
{
    struct link *k = arg;
    if (k->session != NULL && k->state != LINK_CONNECTING) {
        session_tick(k->session, link_now(k));
        link_touch(k);
    } else if (k->state == LINK_WAITING) {
        link_attempt(k);
    }
}

struct link *link_new(const struct carrier_options *o, enum session_bind mode, unsigned id,
                      const struct link_env *env, const struct link_ops *ops, void *arg, struct err *e)
{
    struct link *k = calloc(1, sizeof *k);
    if (k == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    *k = (struct link){ .o = o, .mode = mode, .id = id, .env = *env, .ops = ops, .arg = arg };
    if (env->tls != NULL) {
        tls_ref(env->tls);
    }
    k->generation = (uint32_t)rnd_u64(env->rnd); /* that of a bind that was replaced must not fit */
    loop_timer_init(&k->timer, env->loop, link_tick, k);
    loop_task_init(&k->flush, env->loop, link_flush, k);
    k->attempt = (struct attempt){ .go = link_go, .arg = k };
    return k;
}

void link_free(struct link *k)
{
    if (k == NULL) {
        return;
    }
    loop_timer_stop(&k->timer);
    loop_task_cancel(&k->flush);
    attempts_cancel(&k->attempt);
    conn_free(k->conn);
    session_free(k->session);
    tls_free(k->env.tls);
    free(k);
}

void link_set_tls(struct link *k, struct tls_ctx *tls)
{
    if (tls != NULL) {
        tls_ref(tls);
    }
    tls_free(k->env.tls);
    k->env.tls = tls;
}

void link_start(struct link *k, usec_t delay)
{
    k->stopping = false;
    k->bind_fault = false;
    if (k->state == LINK_DOWN || k->state == LINK_STOPPED) {
        link_hosts_begin(&k->hosts);
        link_move(k, LINK_WAITING, "start");
        k->next_attempt = link_now(k) + delay;
        loop_timer_in(&k->timer, delay);
    }
}

void link_try(struct link *k, unsigned hosts)
{
    k->hosts.most = hosts;
    link_start(k, 0);
}

void link_stop(struct link *k, const char *why)
{
    k->stopping = true;
    attempts_cancel(&k->attempt);
    if (k->session != NULL && (k->state == LINK_BOUND || k->state == LINK_UNBINDING)) {
        link_move(k, LINK_UNBINDING, why);
        session_unbind(k->session, link_now(k));
        link_touch(k);
    } else if (k->conn != NULL) {
        conn_close(k->conn); /* nothing is in flight; on_closed moves it to LINK_DOWN */
    } else {
        loop_timer_stop(&k->timer);
        link_move(k, LINK_DOWN, why);
    }
}

void link_hurry(struct link *k)
{
    if (k->stopping && k->state == LINK_UNBINDING && k->session != NULL) {
        session_unbind_now(k->session, link_now(k));
        link_touch(k);
    }
}

void link_abandon(struct link *k)
{
    loop_timer_stop(&k->timer);
    attempts_cancel(&k->attempt);
    loop_task_cancel(&k->flush);
    conn_free(k->conn);
    k->conn = NULL;
    k->state = LINK_DOWN;
    if (k->session != NULL) {
        session_disconnected(k->session, "the bind was taken out of the configuration", link_now(k));
        loop_task_cancel(&k->flush);
    }
}

void link_kick(struct link *k)
{
    if (k->state == LINK_BOUND) {
        link_move(k, LINK_UNBINDING, "the carrier says this bind is at fault");
        session_unbind(k->session, link_now(k));
        link_touch(k);
    }
}

enum link_state link_state(const struct link *k)
{
    return k->state;
}

enum session_bind link_mode(const struct link *k)
{
    return k->mode;
}

unsigned link_host(const struct link *k)
{
    return k->hosts.host;
}

usec_t link_certificate(const struct link *k)
{
    return k->certificate;
}

const char *link_last_error(const struct link *k)
{
    return k->last_error;
}

unsigned link_id(const struct link *k)
{
    return k->id;
}

unsigned link_room(const struct link *k)
{
    if (k->state != LINK_BOUND || k->session == NULL) {
        return 0;
    }
    unsigned room = session_window_room(k->session);
    return room > k->reserved ? room - k->reserved : 0;
}

void link_reserve(struct link *k, unsigned n)
{
    k->reserved += n;
}

void link_release(struct link *k, unsigned n)
{
    k->reserved -= n < k->reserved ? n : k->reserved;
}

bool link_submit_sm(struct link *k, const struct smpp_sm *sm, const struct smpp_tlv *tlvs, size_t n_tlvs,
                    uint64_t token)
{
    if (k->state != LINK_BOUND || k->session == NULL ||
        session_submit_sm(k->session, sm, tlvs, n_tlvs, token, link_now(k)) == 0) {
        return false;
    }
    link_touch(k);
    return true;
}

enum smpp_version link_version(const struct link *k)
{
    return k->session != NULL ? session_version(k->session) : (enum smpp_version)k->o->version;
}

bool link_submit(struct link *k, const struct smpp_pdu *pdu, uint64_t token)
{
    if (k->state != LINK_BOUND || k->session == NULL ||
        session_submit(k->session, pdu, token, link_now(k)) == 0) {
        return false;
    }
    link_touch(k);
    return true;
}

uint32_t link_generation(const struct link *k)
{
    return k->generation;
}

void link_answer(struct link *k, uint32_t generation, uint32_t command_id, uint32_t sequence, uint32_t status)
{
    if (k->session != NULL && k->generation == generation && k->conn != NULL) {
        session_answer(k->session, command_id, sequence, status);
        link_touch(k);
    }
}

void link_get_status(const struct link *k, struct bind_status *out, usec_t wall_minus_mono)
{
    *out = (struct bind_status){
        .id = k->id,
        .mode = session_bind_name(k->mode),
        .state = link_state_name(k->state),
        .since = k->since ? k->since + wall_minus_mono : 0,
        .next_attempt = k->next_attempt ? k->next_attempt + wall_minus_mono : 0,
        .used = k->session ? session_outstanding(k->session) : 0,
        .window = k->o->window,
        .tls = k->outbind ? k->conn != NULL && conn_is_tls(k->conn) : k->env.tls != NULL,
        .certificate = k->certificate,
    };
    strv_copy(strv_from(k->outbind && k->conn != NULL ? conn_peer(k->conn) : link_address(k).s), out->host,
              sizeof out->host);
    out->first_choice = k->hosts.host == 0;
    out->outbind = k->outbind;
    unsigned v = k->state == LINK_BOUND ? (unsigned)session_version(k->session) & 0xff : 0;
    if (v != 0) {
        snprintf(out->version, sizeof out->version, "%x.%x", v >> 4, v & 15);
    }
    strv_copy(strv_from(k->last_error), out->last_error, sizeof out->last_error);
}
