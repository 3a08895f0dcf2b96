#include "simulator/simulator.h"

#include "net/tls.h"
#include "simulator/impl.h"
#include "smpp/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void simulator_defaults(struct simulator_options *o)
{
    *o = (struct simulator_options){
        .listen = "127.0.0.1:2775",
        .smsc_id = "TESSERA-SMSC",
        .version = SMPP_V34,
        .window = 100,
        .enquire_interval = 30 * USEC_SEC,
        .receipt_delay = 200 * USEC_MS,
        .stall_time = 5 * USEC_SEC,
        .late_time = 90 * USEC_SEC,
        .reply_delay = 500 * USEC_MS,
        .stop_time = 5 * USEC_SEC,
        .max_waiting = 2000000,
    };
    outcomes_parse(STRV("delivered=1"), &o->outcomes, NULL);
}

usec_t impl_wall(const struct simulator *s)
{
    return clock_wall(loop_clock(s->loop));
}

void impl_log(struct simulator *s, const struct journal_line *line)
{
    struct journal_line dated = *line;
    if (!journal_on(&s->journal))
        return;
    dated.at = impl_wall(s);
    journal_put(&s->journal, &dated);
    loop_defer(&s->journal_flush);
}

static void simulator_on_journal(void *arg)
{
    journal_flush(&((struct simulator *)arg)->journal);
}

static struct account *simulator_account_new(struct strv system_id)
{
    struct account *a = calloc(1, sizeof *a);
    if (a) {
        strv_copy(system_id, a->system_id, sizeof a->system_id);
        ring_init(&a->ready, sizeof(struct delivery *), 0);
    }
    return a;
}

struct account *impl_account(struct simulator *s, struct strv system_id)
{
    struct account **a = &s->accounts;
    for (; *a; a = &(*a)->next)
        if (strv_eq_c(system_id, (*a)->system_id))
            return *a;
    *a = simulator_account_new(system_id);
    return *a;
}

/* --- listening --- */

static void simulator_on_accept(struct listener *ls, struct conn *c, void *arg)
{
    (void)ls;
    peer_accept(arg, c);
}

static bool simulator_listen(struct simulator *s, const char *address, struct err *err)
{
    struct listener_options lo = { .address = address, .tls = s->tls };
    s->listener = listener_new(s->loop, &lo, simulator_on_accept, s, err);
    if (!s->listener)
        return false;
    s->port = listener_port(s->listener);
    strv_copy(strv_from(listener_address(s->listener)), s->address, sizeof s->address);
    return true;
}

static bool simulator_load_tls(struct simulator *s, struct err *err)
{
    struct tls_options to = { .cert_file = s->o.tls_cert,
                              .key_file = s->o.tls_key,
                              .ca_file = s->o.tls_client_ca,
                              .require_client = s->o.tls_client_ca != NULL };
    if (!s->o.tls_cert)
        return true;
    s->tls = tls_server_new(&to, err);
    return s->tls != NULL;
}

static void simulator_on_stopping(void *arg)
{
    struct simulator *s = arg;
    if (!s->stopped || s->peers)
        return;
    void (*stopped)(void *) = s->stopped;
    s->stopped = NULL;
    journal_flush(&s->journal);
    stopped(s->stopped_arg);
}

/* Clients that do not answer do not keep us. */
static void simulator_on_stop_timer(void *arg)
{
    simulator_drop(arg);
}

static void simulator_init(struct simulator *s)
{
    if (s->o.seed)
        rnd_seed(&s->rnd, s->o.seed);
    else
        rnd_seed_system(&s->rnd);
    /* ids that do not come again after a restart, whatever the seed: 2^20 a second are never reached */
    s->next_id = (uint64_t)(impl_wall(s) / USEC_SEC) << 20 | 1;
    simulator_set_throttle(s, s->o.throttle_rate);
    loop_timer_init(&s->timer, s->loop, dispatch_on_timer, s);
    loop_task_init(&s->dispatch, s->loop, dispatch_on_task, s);
    loop_task_init(&s->journal_flush, s->loop, simulator_on_journal, s);
    loop_task_init(&s->stopping, s->loop, simulator_on_stopping, s);
    loop_timer_init(&s->stop_timer, s->loop, simulator_on_stop_timer, s);
}

struct simulator *simulator_new(struct loop *l, const struct simulator_options *o, struct err *err)
{
    struct simulator *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(err, ERR_NOMEM, "no memory");
        return NULL;
    }
    s->o = *o;
    s->loop = l;
    s->journal.fd = -1;
    simulator_init(s);
    s->any = simulator_account_new(STRV("-"));
    if (!s->any || !kept_init(&s->kept) || !journal_open(&s->journal, o->journal_path, err) ||
        !simulator_load_tls(s, err) || !simulator_listen(s, o->listen, err)) {
        simulator_free(s);
        return NULL;
    }
    return s;
}

void simulator_free(struct simulator *s)
{
    if (!s)
        return;
    s->stopped = NULL;
    listener_free(s->listener);
    while (s->peers)
        peer_free(s->peers);
    dispatch_free_all(s);
    loop_timer_stop(&s->timer);
    loop_task_cancel(&s->dispatch);
    loop_task_cancel(&s->journal_flush);
    loop_task_cancel(&s->stopping);
    loop_timer_stop(&s->stop_timer);
    for (struct account *a; (a = s->accounts);) {
        s->accounts = a->next;
        ring_free(&a->ready);
        free(a);
    }
    if (s->any)
        ring_free(&s->any->ready);
    free(s->any);
    journal_close(&s->journal);
    tls_free(s->tls);
    kept_free(&s->kept);
    buf_free(&s->scratch);
    buf_free(&s->text);
    free(s);
}

uint16_t simulator_port(const struct simulator *s)
{
    return s->port;
}

const char *simulator_address(const struct simulator *s)
{
    return s->address;
}

bool simulator_journal_whole(const struct simulator *s)
{
    return !s->journal.failed;
}

const struct simulator_stats *simulator_stats(const struct simulator *s)
{
    return &s->stats;
}

/* --- inbound --- */

static bool simulator_inbound_part(struct simulator *s, const struct delivery *like, struct strv octets,
                                   usec_t delay)
{
    struct delivery *d = delivery_new(octets);
    if (!d)
        return false;
    d->from = like->from;
    d->to = like->to;
    d->esm_class = like->esm_class;
    d->data_coding = like->data_coding;
    d->follows = like->follows;
    dispatch_add(s, d, delay);
    return true;
}

bool impl_inbound(struct simulator *s, struct strv from, struct strv to, struct strv text, usec_t delay,
                  uint64_t follows, struct err *err)
{
    struct delivery like = { .follows = follows };
    if (!delivery_address_parse(from, &like.from) || !delivery_address_parse(to, &like.to))
        return err_set(err, ERR_INVALID, "an address has 1 to 20 characters, digits only after '+'");
    struct parts parts = { 0 };
    uint16_t reference = (uint16_t)rnd_u64(&s->rnd);
    bool fine = parts_split(&parts, text, alphabet_choose(text), PARTS_UDH8, reference);
    like.esm_class = parts.udhi ? SMPP_ESM_UDHI : 0;
    like.data_coding = parts.data_coding;
    for (unsigned i = 0; fine && i < parts.count; i++)
        fine = simulator_inbound_part(s, &like, parts_get(&parts, i), delay);
    parts_free(&parts);
    return fine || err_set(err, ERR_LIMIT, "the text is too long, or memory is out");
}

bool simulator_inbound(struct simulator *s, struct strv from, struct strv to, struct strv text, usec_t delay,
                       struct err *err)
{
    return impl_inbound(s, from, to, text, delay, 0, err);
}

/* --- settings while it runs --- */

void simulator_set_throttle(struct simulator *s, int64_t rate)
{
    int64_t burst = s->o.throttle_burst ? s->o.throttle_burst : rate;
    s->o.throttle_rate = rate;
    bucket_init(&s->throttle, rate, burst > 0 ? burst : 1, loop_now(s->loop));
}

void simulator_set_faults(struct simulator *s, const struct faults *f)
{
    s->o.faults = *f;
}

void simulator_set_outcomes(struct simulator *s, const struct outcomes *o)
{
    s->o.outcomes = *o;
}

void simulator_set_response_delay(struct simulator *s, usec_t delay)
{
    s->o.response_delay = delay;
}

void simulator_set_receipt_delay(struct simulator *s, usec_t delay, usec_t jitter)
{
    s->o.receipt_delay = delay;
    s->o.receipt_jitter = jitter;
}

/* --- up and down --- */

void simulator_drop(struct simulator *s)
{
    for (struct peer *p = s->peers; p; p = p->next)
        conn_close(p->conn);
}

void simulator_down(struct simulator *s)
{
    listener_free(s->listener);
    s->listener = NULL;
    simulator_drop(s);
}

bool simulator_up(struct simulator *s, struct err *err)
{
    return s->listener || simulator_listen(s, s->address, err);
}

void simulator_unbind(struct simulator *s)
{
    for (struct peer *p = s->peers; p; p = p->next) {
        session_unbind(p->session, loop_now(s->loop));
        peer_touch(p);
    }
}

void simulator_stop(struct simulator *s, void (*stopped)(void *arg), void *arg)
{
    listener_free(s->listener);
    s->listener = NULL;
    s->stopped = stopped;
    s->stopped_arg = arg;
    simulator_unbind(s);
    loop_timer_in(&s->stop_timer, s->o.stop_time);
    loop_defer(&s->stopping);
}
