#include "engine/internal.h"

#include "audience/activity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUERY_JOBS  256
#define LOOKUP_JOBS 4096
#define WRITER_JOBS 256
#define RELEASE_MAX 10000 /* held messages made ready in one operation */
#define SECOND      USEC_SEC
#define CLOCK_STEP  (2 * USEC_SEC) /* less is the clock being adjusted */

/* --- the clock book --- */

static bool book_set(struct engine *g, uint32_t number, uint32_t clock)
{
    if (number >= g->book_cap) {
        size_t cap = number + 256u;
        uint32_t *p = realloc(g->book_to_clock, cap * sizeof *p);
        if (p == NULL) {
            return false;
        }
        memset(p + g->book_cap, 0, (cap - g->book_cap) * sizeof *p);
        g->book_to_clock = p;
        g->book_cap = cap;
    }
    g->book_to_clock[number] = clock;
    if (number > g->book_count) {
        g->book_count = number;
    }
    return hmap_put(&g->clock_to_book, clock, number);
}

static void book_stored(void *ctx, const struct spool_result *r)
{
    struct engine *g = ctx;
    g->book_unsaved = g->book_unsaved || r->code != ERR_NONE;
}

static void book_put(struct engine *g, uint32_t number)
{
    char name[16];
    snprintf(name, sizeof name, "%u", number);
    spool_put_doc(g->spool, DOC_CLOCK, strv_from(name),
                  strv_from(clocks_text(g->facts->clocks, g->book_to_clock[number])), book_stored, g);
    engine_touch_spool(g);
}

uint32_t engine_book_of_clock(struct engine *g, uint32_t clock)
{
    uint64_t number;
    if (hmap_get(&g->clock_to_book, clock, &number)) {
        return (uint32_t)number;
    }
    uint32_t next = (uint32_t)g->book_count + 1;
    if (!book_set(g, next, clock)) {
        return 0; /* go by the number */
    }
    book_put(g, next);
    return next;
}

/* A full store may have refused a number, of a clock or a carrier, that messages will be stored with later:
 * after a restart it must mean the same. */
static void engine_save_books(struct engine *g)
{
    if (!g->book_unsaved) {
        return;
    }
    g->book_unsaved = false;
    for (uint32_t i = 1; i <= g->book_count; i++) {
        book_put(g, i);
    }
    carriers_save(g);
}

uint32_t engine_clock_of_book(const struct engine *g, uint32_t book)
{
    return book > 0 && book <= g->book_count ? g->book_to_clock[book] : CLOCKS_UNKNOWN;
}

uint32_t engine_clock_of_message(struct engine *g, const struct message *m)
{
    return m->clock != 0 ? engine_clock_of_book(g, m->clock) : clocks_of_number(g->facts->clocks, m->to);
}

static bool book_load_one(void *ctx, struct strv name, struct strv value)
{
    struct engine *g = ctx;
    uint64_t number;
    if (strv_to_u64(name, &number) && number > 0 && number < CLOCKS_MAX) {
        book_set(g, (uint32_t)number, clocks_intern(g->facts->clocks, value, NULL));
    }
    return true;
}

/* --- the spool's callbacks --- */

static void engine_hand_over(void *arg)
{
    struct engine *g = arg;
    spool_flush(g->spool);
}

void engine_touch_spool(struct engine *g)
{
    loop_defer(&g->spool_task);
}

static void engine_on_spool(void *arg)
{
    struct engine *g = arg;
    spool_poll(g->spool);
    activity_pump(g);
    for (size_t i = 0; i < g->n_carriers; i++) {
        dispatch_kick(g->carriers[i]);
    }
}

static void engine_release_due(struct engine *g);

static void engine_released(void *ctx, const struct spool_result *r)
{
    struct engine *g = ctx;
    g->releasing = false;
    if (r->code != ERR_NONE || r->id == 0) {
        return;
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        for (enum message_class lane = 0; lane < LANE_COUNT; lane++) {
            lane_again(g->carriers[i], lane);
        }
    }
    if (!g->closing) {
        engine_release_due(g); /* there may be more: the store moves fewer at a time when space is short */
    }
}

static void engine_release_due(struct engine *g)
{
    usec_t wall = engine_wall(g);
    if (!g->releasing && spool_next_due(g->spool) <= wall) {
        g->releasing = true;
        spool_release_due(g->spool, wall, RELEASE_MAX, engine_released, g);
        engine_touch_spool(g);
    }
}

void engine_store_alarm(struct engine *g, const char *event, enum err_code code, const char *text)
{
    strv_copy(strv_from(text), g->alarm, sizeof g->alarm);
    if (engine_mono(g) < g->alarm_again) {
        return; /* one of many */
    }
    g->alarm_again = engine_mono(g) + SECOND;
    log_event(g->log, LOG_ERROR, event, "code=%s text=%s", err_code_name(code), log_quote(strv_from(text)).s);
}

static void engine_check_drained(struct engine *g);

/* The wall clock may be set at any time, by an operator or by the network's. What is due then goes by itself.
 */
static void engine_check_clock(struct engine *g)
{
    usec_t before = g->wall_less_mono;
    g->wall_less_mono = clock_wall(g->clock) - clock_mono(g->clock);
    usec_t by = g->wall_less_mono - before;
    if (by > -CLOCK_STEP && by < CLOCK_STEP) {
        return;
    }
    log_event(g->log, LOG_WARN, "clock_set", "by_s=%lld", (long long)(by / SECOND));
    gate_forget(&g->gate);
    if (by < 0) {
        sweep_clock_back(g);
    }
}

static void engine_second(void *arg)
{
    struct engine *g = arg;
    loop_timer_in(&g->second, SECOND);
    engine_check_clock(g);
    for (size_t i = 0; i < g->n_carriers; i++) {
        carrier_second(g->carriers[i]);
        dispatch_kick(g->carriers[i]); /* also for campaigns whose clocks have opened */
    }
    for (size_t i = 0; i < g->n_campaigns; i++) {
        g->campaigns[i]->stalled = false;
    }
    g->feed_stalled = false;
    engine_save_books(g);
    engine_release_due(g);
    activity_pump(g);
    fit_second(g);
    watch_second(g);
    engine_check_drained(g);
}

/* --- life --- */

bool engine_compact_later(const struct engine *g, struct err *e)
{
    char path[sizeof g->state_dir + 32];
    snprintf(path, sizeof path, "%s/%s", g->state_dir, ENGINE_COMPACT_MARK);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || close(fd) != 0) {
        return err_set_errno(e, errno, "cannot make %s", path);
    }
    return true;
}

struct facts_options engine_facts_options(const struct engine *g)
{
    return (struct facts_options){
        .dir = g->facts_dir,
        .zoneinfo = g->zoneinfo[0] ? g->zoneinfo : NULL,
        .zone = g->zone,
        .quiet_margin = g->o.quiet_margin,
        .low_confidence = g->o.quiet_low_confidence,
    };
}

static bool engine_load_suppressed(void *ctx, uint64_t number)
{
    return gate_suppress(&((struct engine *)ctx)->gate, number);
}

static bool engine_open(struct engine *g, const struct engine_options *o, struct err *e)
{
    struct facts_options fo = engine_facts_options(g);
    struct spool_options so = { .dir = g->state_dir,
                                .map_size = o->spool_map,
                                .reserve = o->spool_reserve,
                                .orphan_keep = o->keep_unknown,
                                .keep_messages = o->keep_messages,
                                .keep_inbound = o->keep_inbound,
                                .queue_max = o->spool_queue,
                                .clock = o->clock };
    struct audience_options ao = { .dir = g->state_dir, .map_size = o->audience_map };
    memcpy(so.uncertain, o->uncertain, sizeof so.uncertain);
    if ((g->shared = facts_shared_load(g->facts_dir, e)) == NULL) {
        return false;
    }
    g->shared->limits = o->query_limits;
    g->shared->query_threads = o->query_threads;
    if ((g->facts = facts_new(g->shared, &fo, e)) == NULL || (g->spool = spool_open(&so, e)) == NULL ||
        (g->audience = audience_open(&ao, e)) == NULL) {
        return false;
    }
    gate_init(&g->gate, g->facts);
    g->gate.spool = g->spool;
    g->spool_watch = loop_watch_new(g->loop, spool_fd(g->spool), engine_on_spool, g, e);
    return g->spool_watch != NULL && thread_start(g, &g->query, "query", QUERY_JOBS, e) &&
           thread_start(g, &g->lookup, "lookup", LOOKUP_JOBS, e) &&
           thread_start(g, &g->writer, "audience", WRITER_JOBS, e);
}

static bool engine_load(struct engine *g, const struct engine_options *o, struct err *e)
{
    struct spool_reader *r = spool_reader_new(g->spool, e);
    if (r == NULL) {
        return false;
    }
    spool_each_doc(r, DOC_CLOCK, book_load_one, g);
    spool_each_suppressed(r, engine_load_suppressed, g);
    g->fed = audience_feed_seq(g->audience);
    bool ok = carriers_load(g, r, o, e);
    pause_load_docs(g, r);
    ok = ok && carriers_route(g, o, e) && rates_set(g, o, e) && campaign_load_docs(g, r, e) &&
         votes_load_docs(g, r, e);
    spool_reader_free(r);
    return ok;
}

struct engine *engine_new(const struct engine_options *o, struct loop *l, struct err *e)
{
    struct engine *g = calloc(1, sizeof *g);
    if (g == NULL) {
        err_set(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    g->o = *o;
    g->o.carriers = NULL;
    g->o.routes = NULL;
    g->o.rates = NULL;
    g->o.tlvs = NULL;
    g->tlvs = tlvs_new(o->tlvs, o->n_tlvs, e);
    if (g->tlvs == NULL) {
        free(g);
        return NULL;
    }
    g->loop = l;
    g->clock = o->clock;
    g->log = o->log;
    g->started = clock_wall(o->clock);
    rnd_seed_system(&g->rnd);
    strv_copy(strv_from(o->state_dir), g->state_dir, sizeof g->state_dir);
    strv_copy(strv_from(o->facts_dir), g->facts_dir, sizeof g->facts_dir);
    strv_copy(strv_from(o->zoneinfo), g->zoneinfo, sizeof g->zoneinfo);
    strv_copy(strv_from(o->zone), g->zone, sizeof g->zone);
    g->answers_end = &g->answers;
    loop_task_init(&g->spool_task, l, engine_hand_over, g);
    intake_init(g);
    loop_task_init(&g->answer_task, l, engine_answer_run, g);
    loop_timer_init(&g->second, l, engine_second, g);
    attempts_init(&g->attempts, l, &g->rnd);
    if (!attempts_set_limit(&g->attempts, o->bind_attempts)) {
        err_set(e, ERR_NOMEM, "out of memory");
        engine_free(g);
        return NULL;
    }
    struct err none = { 0 };
    if (!engine_open(g, o, e) || !engine_load(g, o, e)) {
        engine_free(g);
        return NULL;
    }
    g->outbind = outbind_new(g, &o->outbind, &none);
    if (none.code != ERR_NONE) {
        *e = none;
        engine_free(g);
        return NULL;
    }
    return g;
}

void engine_start(struct engine *g)
{
    struct spool_recovered rec = spool_get_recovered(g->spool);
    log_event(g->log, rec.in_flight ? LOG_WARN : LOG_INFO, "engine_started",
              "carriers=%zu campaigns=%zu suppressed=%zu tzdata=%s uncertain=%llu resent=%llu held=%llu "
              "failed=%llu",
              g->n_carriers, g->n_campaigns, hmap_count(&g->gate.suppressed), zones_version(g->facts->zones),
              (unsigned long long)rec.in_flight, (unsigned long long)rec.resent, (unsigned long long)rec.held,
              (unsigned long long)rec.failed);
    for (size_t i = 0; i < g->n_carriers; i++) {
        carrier_start(g->carriers[i]);
    }
    g->wall_less_mono = clock_wall(g->clock) - clock_mono(g->clock);
    sweep_recover(g);
    if (g->fed != 0) { /* killed between noting and forgetting: else it waits for the next happening */
        spool_feed_trim(g->spool, g->fed);
        engine_touch_spool(g);
    }
    loop_timer_in(&g->second, 0);
}

bool engine_reload(struct engine *g, const struct engine_options *o, struct err *e)
{
    if (!rates_check(o, e)) {
        return false;
    }
    struct tlvs *tlvs = tlvs_new(o->tlvs, o->n_tlvs, e), *before = g->tlvs;
    if (tlvs == NULL) {
        return false;
    }
    g->tlvs = tlvs; /* carriers name them */
    if (!carriers_reload(g, o, e)) {
        g->tlvs = before;
        tlvs_free(tlvs);
        return false;
    }
    tlvs_free(before);
    if (!rates_set(g, o, e)) {
        return false;
    }
    attempts_set_limit(&g->attempts, o->bind_attempts);
    g->o.tls_expiry_warning = o->tls_expiry_warning;
    g->o.max_parts = o->max_parts;
    g->o.max_attempts = o->max_attempts;
    g->o.retry_min = o->retry_min;
    g->o.retry_max = o->retry_max;
    memcpy(g->o.uncertain, o->uncertain, sizeof g->o.uncertain);
    g->o.drain_timeout = o->drain_timeout;
    spool_keep(g->spool, o->keep_messages, o->keep_inbound);
    spool_keep_receipts(g->spool, o->keep_unknown);
    g->o.reroute_after = o->reroute_after;
    g->o.segments_sweep = o->segments_sweep;
    if (zones_reload(g->facts->zones, NULL)) {
        gate_forget(&g->gate);
        for (size_t i = 0; i < g->n_campaigns; i++) {
            campaign_schedule_clocks(g->campaigns[i]);
        }
    }
    for (size_t i = 0; i < g->n_campaigns; i++) {
        campaign_drop_candidates(g->campaigns[i]); /* their carriers may be others now */
    }
    return true;
}

bool engine_tlv_put(const struct engine *g, struct strv name, struct strv value, struct buf *list,
                    struct err *e)
{
    return tlvs_put(g->tlvs, name, value, list, e);
}

bool engine_tlv_next(const struct engine *g, struct strv list, size_t *pos, struct tlv_shown *out,
                     struct buf *scratch)
{
    struct smpp_tlv tlv;
    if (!tlvs_next(list, pos, &tlv)) {
        return false;
    }
    tlvs_show(g->tlvs, &tlv, out, scratch);
    return true;
}

/* --- the end --- */

static void engine_check_drained(struct engine *g)
{
    if (!g->draining || g->drained == NULL) {
        return;
    }
    bool idle = true, down = true, late = engine_mono(g) >= g->drain_until;
    for (size_t i = 0; i < g->n_carriers; i++) {
        idle = idle && hmap_count(&g->carriers[i]->in_flight) == 0;
    }
    for (size_t i = 0; i < g->n_carriers; i++) {
        if (idle || late) {
            carrier_stop(g->carriers[i], "shutting down");
        }
        if (late) {
            carrier_hurry(g->carriers[i]);
        }
        down = down && carrier_all_down(g->carriers[i]);
    }
    if (down || engine_mono(g) >= g->drain_until + 10 * USEC_SEC) {
        void (*done)(void *) = g->drained;
        g->drained = NULL;
        done(g->drained_ctx);
    } else {
        loop_timer_in(&g->second, 20 * USEC_MS); /* soon again: shutting down is waited for */
    }
}

void engine_drain(struct engine *g, void (*done)(void *ctx), void *ctx)
{
    g->draining = true;
    g->drained = done;
    g->drained_ctx = ctx;
    g->drain_until = clock_mono(g->clock) + g->o.drain_timeout;
    loop_timer_in(&g->second, 0);
}

void engine_free(struct engine *g)
{
    if (g == NULL) {
        return;
    }
    g->draining = g->closing = true; /* what comes back from now on begins nothing new */
    loop_timer_stop(&g->second);
    thread_stop(&g->query); /* jobs under way come back first: they look at campaigns */
    thread_stop(&g->lookup);
    thread_stop(&g->writer);
    outbind_free(g->outbind);
    loop_watch_free(g->spool_watch);
    for (size_t i = 0; i < g->n_carriers; i++) {
        carrier_abandon(g->carriers[i]); /* what is in flight is recorded as uncertain */
    }
    spool_close(g->spool);
    intake_stop(g);
    errands_stop(g);
    sweeps_stop(g);
    engine_answer_run(g);
    loop_task_cancel(&g->answer_task);
    loop_task_cancel(&g->spool_task);
    thread_free(&g->query);
    thread_free(&g->lookup);
    thread_free(&g->writer);
    for (size_t i = 0; i < g->n_carriers; i++) {
        carrier_free(g->carriers[i]);
    }
    free(g->carriers);
    attempts_free(&g->attempts);
    for (size_t i = 0; i < g->n_campaigns; i++) {
        campaign_free(g->campaigns[i]);
    }
    free(g->campaigns);
    votes_free_all(g);
    audience_close(g->audience);
    route_free(g->route);
    tlvs_free(g->tlvs);
    rates_free(&g->rates);
    gate_free(&g->gate);
    facts_free(g->facts);
    facts_shared_free(g->shared);
    free(g->book_to_clock);
    hmap_free(&g->clock_to_book);
    free(g);
}

bool engine_draining(const struct engine *g)
{
    return g->draining;
}

usec_t engine_wall(const struct engine *g)
{
    return clock_wall(g->clock);
}

void engine_clock_changed(struct engine *g)
{
    gate_forget(&g->gate);
    loop_timer_in(&g->second, 0);
}
