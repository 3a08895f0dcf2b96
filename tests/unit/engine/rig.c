#include "rig.h"

#include "audience/import.h"
#include "audience/segment.h"
#include "net/listener.h"
#include "smpp/udh.h"
#include "store/spool_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- a client of the carrier's --- */

struct peer {
    struct peer *next;
    struct smsc *smsc;
    struct conn *conn;
    struct session *session;
    struct loop_timer timer;
    struct loop_task flush;
    bool counted;
};

static usec_t peer_now(const struct peer *p)
{
    return loop_now(p->smsc->r->loop);
}

static void peer_flush(void *arg)
{
    struct peer *p = arg;
    struct buf *out = session_output(p->session);
    if (out->len > 0 && conn_write(p->conn, out->data, out->len)) {
        buf_clear(out);
    }
    if (session_state(p->session) == SESSION_CLOSED) {
        conn_shutdown(p->conn);
    } else {
        loop_timer_at(&p->timer, session_next_tick(p->session));
    }
}

static void peer_tick(void *arg)
{
    struct peer *p = arg;
    session_tick(p->session, peer_now(p));
    loop_defer(&p->flush);
}

static void peer_on_bind(void *arg, const struct smpp_pdu *pdu)
{
    struct peer *p = arg;
    (void)pdu;
    if (p->smsc->bind_status == 0) {
        p->smsc->binds++;
        p->smsc->bound++;
        p->counted = true;
    }
    session_answer_bind(p->session, p->smsc->bind_status, peer_now(p));
}

static void submit_read(struct submit *s, const struct smpp_sm *sm)
{
    struct udh udh;
    struct strv octets = sm->short_message;
    strv_to_u64(sm->destination_addr, &s->to);
    strv_copy(sm->source_addr, s->from, sizeof s->from);
    strv_copy(sm->validity_period, s->validity, sizeof s->validity);
    s->part = s->parts = 1;
    if ((sm->esm_class & SMPP_ESM_UDHI) != 0 && udh_read(octets, &udh)) {
        s->part = udh.concat_seq;
        s->parts = udh.concat_total;
        octets = strv_sub(octets, 1u + (uint8_t)octets.p[0], octets.n);
    }
    strv_copy(strv_sub(octets, 0, sizeof s->text - 1), s->text, sizeof s->text);
}

void rig_answer(struct submit *s, uint32_t status)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)s->id);
    assert_false(s->answered);
    s->answered = true;
    if (s->peer != NULL) {
        session_answer_id(s->peer->session, SMPP_CMD(submit_sm), s->sequence, status,
                          status == 0 ? strv_from(id) : (struct strv){ 0 });
        loop_defer(&s->peer->flush);
    }
}

static void peer_on_pdu(void *arg, const struct smpp_pdu *pdu)
{
    struct peer *p = arg;
    struct smsc *m = p->smsc;
    assert_int_equal(pdu->command_id, SMPP_CMD(submit_sm));
    assert_true(m->n < sizeof m->submits / sizeof m->submits[0]);
    struct submit *s = &m->submits[m->n++];
    *s = (struct submit){ .smsc = m,
                          .peer = p,
                          .sequence = pdu->sequence_number,
                          .id = ++m->r->next_id,
                          .at = clock_wall(&m->r->clock) };
    submit_read(s, &pdu->sm);
    int64_t status = m->judge ? m->judge(s) : 0;
    if (status != JUDGE_WAIT && !s->answered) {
        rig_answer(s, (uint32_t)status);
    }
}

static void peer_on_response(void *arg, uint64_t token, const struct smpp_pdu *response, usec_t rtt)
{
    struct peer *p = arg;
    (void)token;
    (void)rtt;
    p->smsc->last_ack = response->command_status;
    p->smsc->acks++;
}

static void peer_on_unbind(void *arg)
{
    ((struct peer *)arg)->smsc->unbinds++;
}

static void peer_on_session_closed(void *arg, enum session_reason reason, const char *text)
{
    struct peer *p = arg;
    (void)reason;
    (void)text;
    p->smsc->bound -= p->counted;
    p->counted = false;
    loop_defer(&p->flush);
}

static const struct session_ops peer_session_ops = {
    .on_bind = peer_on_bind,
    .on_response = peer_on_response,
    .on_pdu = peer_on_pdu,
    .on_unbind = peer_on_unbind,
    .on_closed = peer_on_session_closed,
};

static size_t peer_on_data(struct conn *c, void *arg, const uint8_t *octets, size_t n)
{
    struct peer *p = arg;
    (void)c;
    size_t used = session_input(p->session, octets, n, peer_now(p));
    loop_defer(&p->flush);
    return used;
}

static void peer_destroy(void *arg)
{
    struct peer *p = arg;
    session_free(p->session);
    free(p);
}

static void peer_gone(struct peer *p)
{
    struct smsc *m = p->smsc;
    struct peer **link = &m->peers;
    session_disconnected(p->session, "gone", peer_now(p));
    while (*link != p) {
        link = &(*link)->next;
    }
    *link = p->next;
    for (size_t i = 0; i < m->n; i++) {
        if (m->submits[i].peer == p) {
            m->submits[i].peer = NULL;
        }
    }
    loop_timer_stop(&p->timer);
    loop_task_cancel(&p->flush);
    loop_free_later(m->r->loop, peer_destroy, p);
}

static void peer_on_conn_closed(struct conn *c, void *arg, enum conn_reason reason, const char *text)
{
    (void)c;
    (void)reason;
    (void)text;
    peer_gone(arg);
}

static const struct conn_ops peer_conn_ops = { .on_data = peer_on_data, .on_closed = peer_on_conn_closed };

static void smsc_accept(struct listener *ls, struct conn *c, void *arg)
{
    struct smsc *m = arg;
    struct session_options o = { .role = SESSION_SERVER,
                                 .version = SMPP_V34,
                                 .system_id = STRV("RIG"),
                                 .window = 100,
                                 .response_timeout = USEC_DAY,
                                 .enquire_interval = USEC_NEVER };
    struct peer *p = calloc(1, sizeof *p);
    struct err e = { 0 };
    (void)ls;
    assert_non_null(p);
    *p = (struct peer){ .next = m->peers, .smsc = m, .conn = c };
    p->session = session_new(&o, &peer_session_ops, p, &e);
    assert_non_null(p->session);
    m->peers = p;
    loop_timer_init(&p->timer, m->r->loop, peer_tick, p);
    loop_task_init(&p->flush, m->r->loop, peer_flush, p);
    conn_set_ops(c, &peer_conn_ops, p);
    session_start(p->session, peer_now(p));
}

static struct peer *smsc_bound_peer(const struct smsc *m)
{
    struct peer *p = m->peers;
    while (p != NULL && session_state(p->session) != SESSION_BOUND) {
        p = p->next;
    }
    assert_non_null(p);
    return p;
}

void rig_deliver(struct smsc *m, const struct smpp_sm *sm)
{
    struct peer *p = smsc_bound_peer(m);
    assert_int_not_equal(session_submit_sm(p->session, sm, NULL, 0, 1, peer_now(p)), 0);
    loop_defer(&p->flush);
}

void rig_receipt(const struct submit *s, const char *stat)
{
    char text[200], to[24];
    snprintf(to, sizeof to, "%llu", (unsigned long long)s->to);
    snprintf(text, sizeof text,
             "id:%llu sub:001 dlvrd:001 submit date:2611181200 done date:2611181201 stat:%s err:000 text:x",
             (unsigned long long)s->id, stat);
    struct smpp_sm sm = { .source_addr = strv_from(to),
                          .destination_addr = strv_from(s->from),
                          .esm_class = SMPP_ESM_RECEIPT,
                          .short_message = strv_from(text) };
    rig_deliver(s->smsc, &sm);
}

void rig_inbound(struct smsc *m, const char *from, const char *text)
{
    struct smpp_sm sm = { .source_addr_ton = 1,
                          .source_addr_npi = 1,
                          .source_addr = strv_from(from),
                          .destination_addr = STRV("12345"),
                          .short_message = strv_from(text) };
    rig_deliver(m, &sm);
}

void rig_drop(struct smsc *m)
{
    while (m->peers != NULL) {
        struct peer *p = m->peers;
        m->bound -= p->counted;
        p->counted = false;
        conn_free(p->conn);
        peer_gone(p);
    }
}

void rig_answer_all(struct smsc *m)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!m->submits[i].answered && m->submits[i].peer != NULL) {
            rig_answer(&m->submits[i], 0);
        }
    }
}

size_t rig_sent_to(const struct smsc *m, uint64_t number)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        n += m->submits[i].to == number;
    }
    return n;
}

/* --- the rig --- */

static void smsc_listen(struct rig *r, unsigned i)
{
    struct err e = { 0 };
    struct smsc *m = &r->smsc[i];
    struct listener_options lo = { .address = "127.0.0.1:0" };
    m->r = r;
    m->listener = listener_new(r->loop, &lo, smsc_accept, m, &e);
    assert_non_null(m->listener);
    r->carriers[i] = (struct carrier_options){
        .host = "127.0.0.1",
        .port = listener_port(m->listener),
        .system_id = "rig",
        .password = "secret",
        .transceivers = 1,
        .ucs2 = true,
        .version = 0x34,
        .window = 10,
        .response_timeout = 10 * USEC_SEC,
        .enquire_link = USEC_DAY,
        .bind_timeout = USEC_MINUTE,
        .connect_timeout = USEC_MINUTE,
        .reconnect_min = 100 * USEC_MS,
        .reconnect_max = 200 * USEC_MS,
        .validity = "relative",
        .sender = "TESSERA",
    };
    static const char *const names[RIG_CARRIERS] = { "acme", "beta", "gamma" };
    strv_copy(strv_from(names[i]), r->carriers[i].name, sizeof r->carriers[i].name);
}

int rig_setup(void **state)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err e = { 0 };
    const char *src = getenv("TESSERA_SRC");
    assert_non_null(r);
    strcpy(r->dir, "/tmp/tessera-engine-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->facts, sizeof r->facts, "%s/conf", src ? src : ".");
    clock_freeze(&r->clock, RIG_NOON);
    r->log = (struct log){ .fd = 2, .level = getenv("RIG_LOG") ? LOG_DEBUG : LOG_ERROR };
    r->loop = loop_new(&r->clock, &e);
    assert_non_null(r->loop);
    r->next_id = 1000000;
    for (unsigned i = 0; i < RIG_CARRIERS; i++) {
        smsc_listen(r, i);
    }
    r->o = (struct engine_options){
        .state_dir = r->dir,
        .facts_dir = r->facts,
        .zone = "Europe/Berlin",
        .spool_map = 64u << 20,
        .audience_map = 64u << 20,
        .clock = &r->clock,
        .log = &r->log,
        .carriers = r->carriers,
        .n_carriers = 1,
        .max_parts = 8,
        .max_attempts = 3,
        .retry_min = 2 * USEC_SEC,
        .retry_max = USEC_MINUTE,
        .quiet_low_confidence = true,
        .drain_timeout = 5 * USEC_SEC,
    };
    *state = r;
    return 0;
}

void rig_more_carriers(struct rig *r)
{
    r->o.n_carriers = 2;
    strcpy(r->carriers[1].prefixes, "44");
}

static void rig_remove(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", dir, f->d_name);
        unlink(path);
    }
    if (d != NULL) {
        closedir(d);
    }
    rmdir(dir);
}

int rig_teardown(void **state)
{
    struct rig *r = *state;
    rig_stop(r);
    for (unsigned i = 0; i < RIG_CARRIERS; i++) {
        rig_drop(&r->smsc[i]);
        listener_free(r->smsc[i].listener);
    }
    loop_turn(r->loop, 0);
    loop_free(r->loop);
    rig_remove(r->dir);
    free(r);
    return 0;
}

void rig_turn(struct rig *r)
{
    loop_turn(r->loop, USEC_MS);
}

void rig_pass(struct rig *r, usec_t dur)
{
    usec_t end = clock_wall(&r->clock) + dur, step = dur > 100 * USEC_SEC ? dur / 200 : 500 * USEC_MS;
    while (clock_wall(&r->clock) < end) {
        usec_t next = clock_wall(&r->clock) + step;
        clock_freeze(&r->clock, next < end ? next : end);
        rig_turn(r);
        rig_turn(r);
    }
}

void rig_quiet(struct rig *r)
{
    for (int i = 0; i < 50; i++) {
        rig_turn(r);
    }
}

void rig_start(struct rig *r)
{
    struct err e = { 0 };
    r->engine = engine_new(&r->o, r->loop, &e);
    if (r->engine == NULL) {
        fail_msg("engine: %s", e.text);
    }
    engine_start(r->engine);
}

void rig_start_bound(struct rig *r)
{
    rig_start(r);
    rig_until_passing(r, r->smsc[0].bound == 1);
}

int64_t rig_judge_wait(struct submit *s)
{
    (void)s;
    return JUDGE_WAIT;
}

void rig_stop(struct rig *r)
{
    engine_free(r->engine);
    r->engine = NULL;
    rig_turn(r);
}

void rig_restart(struct rig *r)
{
    rig_stop(r);
    rig_until(r, r->smsc[0].bound == 0);
    rig_start(r);
    rig_until_passing(r, r->smsc[0].bound > 0);
}

/* --- operators --- */

struct waiting {
    bool done;
    struct engine_sent sent;
    struct err err;
};

static void waiting_sent(void *ctx, const struct engine_sent *s)
{
    struct waiting *w = ctx;
    w->sent = *s;
    w->done = true;
}

static void waiting_done(void *ctx, const struct err *e)
{
    struct waiting *w = ctx;
    w->err = *e;
    w->done = true;
}

struct engine_sent rig_send_as(struct rig *r, const struct engine_send *s)
{
    struct waiting w = { 0 };
    engine_send(r->engine, s, waiting_sent, &w);
    assert_false(w.done); /* never from inside the call */
    rig_until(r, w.done);
    return w.sent;
}

struct engine_sent rig_send(struct rig *r, enum message_class c, uint64_t to, const char *text)
{
    struct number_text number = number_format(to);
    struct engine_send s = { .to = strv_from(number.s), .text = strv_from(text), .class_ = c };
    return rig_send_as(r, &s);
}

struct campaign_spec rig_spec(const char *name, const char *text)
{
    return (struct campaign_spec){ .name = strv_from(name),
                                   .sender = STRV("SHOP"),
                                   .text = strv_from(text),
                                   .segments = { STRV("all") },
                                   .n_segments = 1,
                                   .class_ = CLASS_PROMOTIONAL };
}

struct err rig_add(struct rig *r, const struct campaign_spec *s)
{
    struct waiting w = { 0 };
    engine_campaign_add(r->engine, s, waiting_done, &w);
    assert_false(w.done);
    rig_until(r, w.done);
    return w.err;
}

struct err rig_act(struct rig *r, const char *name, enum campaign_action a)
{
    struct waiting w = { 0 };
    engine_campaign_act(r->engine, strv_from(name), a, waiting_done, &w);
    assert_false(w.done);
    rig_until(r, w.done);
    return w.err;
}

enum campaign_state rig_campaign_state(struct rig *r, const char *name)
{
    const struct campaign *m = campaign_find(r->engine, strv_from(name));
    assert_non_null(m);
    return m->state;
}

struct err rig_consent(struct rig *r, uint64_t number, enum consent_action c)
{
    struct waiting w = { 0 };
    engine_consent(r->engine, number, c, STRV("test"), STRV("words"), waiting_done, &w);
    rig_until(r, w.done);
    return w.err;
}

void rig_vote_put(struct rig *r, const struct vote_spec *v)
{
    struct waiting w = { 0 };
    engine_vote_put(r->engine, v, waiting_done, &w);
    rig_until(r, w.done);
    assert_string_equal(w.err.text, "");
}

struct err rig_cancel(struct rig *r, uint64_t id)
{
    struct waiting w = { 0 };
    engine_message_cancel(r->engine, id, waiting_done, &w);
    assert_false(w.done);
    rig_until(r, w.done);
    return w.err;
}

struct err rig_resolve(struct rig *r, uint64_t id, bool resend)
{
    struct waiting w = { 0 };
    engine_message_resolve(r->engine, id, resend, waiting_done, &w);
    assert_false(w.done);
    rig_until(r, w.done);
    return w.err;
}

/* --- customers --- */

struct places {
    struct facts *facts;
};

static bool places_locate(void *ctx, uint64_t number, struct strv zone, struct strv region,
                          struct audience_place_of *out)
{
    struct places *p = ctx;
    struct err e = { 0 };
    uint32_t clock = clocks_of_zone(p->facts->clocks, number, zone, &e);
    (void)region;
    *out = (struct audience_place_of){ .clock = strv_from(clocks_text(p->facts->clocks, clock)) };
    return true;
}

void rig_populate(struct rig *r, const char *lines)
{
    struct err e = { 0 };
    struct query_error qe;
    struct audience_options ao = { .dir = r->dir, .map_size = r->o.audience_map, .nosync = true };
    struct audience *a = audience_open(&ao, &e);
    assert_non_null(a);
    struct facts_shared *shared = facts_shared_load(r->facts, &e);
    assert_non_null(shared);
    struct facts_options fo = { .dir = r->facts, .zone = r->o.zone, .low_confidence = true };
    struct places places = { .facts = facts_new(shared, &fo, &e) };
    struct audience_locator locator = { &places, places_locate };
    struct audience_import_options io = { .kind = IMPORT_CUSTOMERS,
                                          .mapping = STRV("phone=msisdn,zone=zone,name=first_name:text"),
                                          .now = RIG_NOON - USEC_DAY,
                                          .locator = &locator };
    struct audience_import *im = audience_import_begin(a, &io, &e);
    if (im == NULL || !audience_import_chunk(im, 0, strv_from(lines), true, &e)) {
        fail_msg("import: %s", e.text);
    }
    assert_int_equal(audience_import_progress(im)->rejected, 0);
    audience_import_free(im);
    static const char *const segments[][2] = { { "all", "msisdn is set" },
                                               { "g", "first_name = \"g\"" },
                                               { "not-g", "first_name != \"g\"" } };
    for (size_t i = 0; i < 3; i++) {
        if (!segment_save(a, strv_from(segments[i][0]), strv_from(segments[i][1]), SEGMENT_PUT, NULL,
                          &(struct segment_by){ .now = RIG_NOON }, &qe, &e)) {
            fail_msg("segment: %s", e.text);
        }
    }
    audience_close(a);
    facts_free(places.facts);
    facts_shared_free(shared);
}

void rig_populate_many(struct rig *r, uint64_t from, unsigned n)
{
    struct buf b = { 0 };
    buf_printf(&b, "phone,zone,name\n");
    for (unsigned i = 0; i < n; i++) {
        buf_printf(&b, "+%llu,,n%u\n", (unsigned long long)(from + i), i);
    }
    rig_populate(r, buf_cstr(&b));
    buf_free(&b);
}

void rig_set_full(struct rig *r, bool full)
{
    r->engine->spool->w.reserve = full ? r->o.spool_map : r->o.spool_map / 10;
}

/* --- what is stored --- */

static bool stored_one(void *ctx, const struct spool_view *v)
{
    *(struct stored_message *)ctx = (struct stored_message){
        .state = v->state, .reason = v->reason, .code = v->code, .until = v->until, .attempts = v->attempts
    };
    return true;
}

struct stored_message rig_message(struct rig *r, uint64_t id)
{
    struct err e = { 0 };
    struct stored_message m = { 0 };
    struct spool_reader *reader = spool_reader_new(r->engine->spool, &e);
    assert_non_null(reader);
    spool_get_message(reader, id, stored_one, &m);
    spool_reader_free(reader);
    return m;
}

enum message_state rig_state(struct rig *r, uint64_t id)
{
    return rig_message(r, id).state;
}

struct spool_counts rig_counts(struct rig *r, uint32_t campaign)
{
    struct err e = { 0 };
    struct spool_counts c;
    struct spool_reader *reader = spool_reader_new(r->engine->spool, &e);
    assert_non_null(reader);
    spool_get_counts(reader, campaign, &c);
    spool_reader_free(reader);
    return c;
}

uint64_t rig_settled(struct rig *r, uint32_t campaign)
{
    struct spool_counts c = rig_counts(r, campaign);
    uint64_t n = 0;
    for (enum message_state s = 0; s < MESSAGE_STATE_COUNT; s++) {
        n += message_state_settled(s) ? c.by_state[s] : 0;
    }
    return n;
}
