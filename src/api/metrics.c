/* /metrics: the same figures as /v1/status in the text format of Prometheus (version 0.0.4). */
#include "api/call.h"
#include "api/stores.h"

#include <inttypes.h>
#include <string.h>

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

static void metric_head(struct buf *b, const char *name, enum metric_type type, const char *help)
{
    buf_printf(b, "# HELP tessera_%s %s\n# TYPE tessera_%s %s\n", name, help, name,
               type == METRIC_COUNTER ? "counter" : "gauge");
}

static void metric_one(struct buf *b, const char *name, enum metric_type type, const char *help,
                       uint64_t value)
{
    metric_head(b, name, type, help);
    buf_printf(b, "tessera_%s %" PRIu64 "\n", name, value);
}

/* A label's value: backslash, quote and newline are escaped. */
static void metric_label(struct buf *b, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buf_printf(b, "\\n");
            continue;
        }
        if (*value == '"' || *value == '\\') {
            buf_put_u8(b, '\\');
        }
        buf_put_u8(b, (uint8_t)*value);
    }
}

/* --- what each carrier has one of --- */

static uint64_t metric_bound(const struct carrier_status *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n_binds; i++) {
        n += strcmp(s->binds[i].state, "bound") == 0;
    }
    return n;
}

static uint64_t metric_window(const struct carrier_status *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n_binds; i++) {
        n += strcmp(s->binds[i].state, "bound") == 0 ? s->binds[i].window : 0;
    }
    return n;
}

static uint64_t metric_stopped(const struct carrier_status *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n_binds; i++) {
        n += strcmp(s->binds[i].state, "stopped") == 0;
    }
    return n;
}

static uint64_t metric_peer_certificate(const struct carrier_status *s)
{
    return (uint64_t)(s->peer_certificate / USEC_SEC);
}

static uint64_t metric_own_certificate(const struct carrier_status *s)
{
    return (uint64_t)(s->own_certificate / USEC_SEC);
}

static uint64_t metric_elsewhere(const struct carrier_status *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n_binds; i++) {
        n += !s->binds[i].first_choice && strcmp(s->binds[i].state, "bound") == 0;
    }
    return n;
}

#define METRIC_OF(field)                                                                                     \
    static uint64_t metric_##field(const struct carrier_status *s)                                           \
    {                                                                                                        \
        return s->field;                                                                                     \
    }
METRIC_OF(n_binds)
METRIC_OF(in_flight)
METRIC_OF(submitted)
METRIC_OF(answered)
METRIC_OF(failed)
METRIC_OF(lost)
METRIC_OF(receipts)
METRIC_OF(inbound)
METRIC_OF(rate_last_s)
#undef METRIC_OF

#define METRIC_OF_RECEIPTS(field)                                                                            \
    static uint64_t metric_receipts_##field(const struct carrier_status *s)                                  \
    {                                                                                                        \
        return s->receipt_kinds.field;                                                                       \
    }
METRIC_OF_RECEIPTS(intermediate)
METRIC_OF_RECEIPTS(repeated)
METRIC_OF_RECEIPTS(contradicting)
METRIC_OF_RECEIPTS(unknown)
METRIC_OF_RECEIPTS(unreadable)
#undef METRIC_OF_RECEIPTS

static uint64_t metric_rate_limit(const struct carrier_status *s)
{
    return s->rate_limit > 0 ? (uint64_t)s->rate_limit : 0;
}

static uint64_t metric_up(const struct carrier_status *s)
{
    return metric_bound(s) != 0;
}

static uint64_t metric_throttled(const struct carrier_status *s)
{
    return s->rate_found != 0;
}

static uint64_t metric_rate_found(const struct carrier_status *s)
{
    return (uint64_t)s->rate_found;
}

static const struct {
    const char *name;
    enum metric_type type;
    const char *help;
    uint64_t (*value)(const struct carrier_status *s);
} METRICS_CARRIER[] = {
    { "carrier_up", METRIC_GAUGE, "1 when at least one bind is bound.", metric_up },
    { "carrier_throttled", METRIC_GAUGE, "1 while the carrier has asked to slow down.", metric_throttled },
    { "binds", METRIC_GAUGE, "Binds that are configured.", metric_n_binds },
    { "binds_up", METRIC_GAUGE, "Binds that are bound.", metric_bound },
    { "binds_stopped", METRIC_GAUGE,
      "Binds whose name or password the carrier refused: an operator is needed.", metric_stopped },
    { "binds_elsewhere", METRIC_GAUGE, "Binds that are bound to another host than the first.",
      metric_elsewhere },
    { "peer_certificate_expiry_seconds", METRIC_GAUGE,
      "When the carrier's certificate ends, in seconds since 1970; 0 without TLS.", metric_peer_certificate },
    { "own_certificate_expiry_seconds", METRIC_GAUGE,
      "When our certificate for it ends, in seconds since 1970; 0 without one.", metric_own_certificate },
    { "window_size", METRIC_GAUGE, "Submissions that may be outstanding on the binds that are bound.",
      metric_window },
    { "in_flight", METRIC_GAUGE, "Messages claimed and not yet answered.", metric_in_flight },
    { "rate_limit", METRIC_GAUGE, "Parts a second that are allowed; 0 is no limit.", metric_rate_limit },
    { "rate_found", METRIC_GAUGE,
      "Parts a second found after the carrier asked to slow down; 0 while it has not.", metric_rate_found },
    { "rate_last_second", METRIC_GAUGE, "Parts submitted in the last whole second.", metric_rate_last_s },
    { "submitted_total", METRIC_COUNTER, "Parts submitted.", metric_submitted },
    { "answered_total", METRIC_COUNTER, "Submissions answered, whatever the answer.", metric_answered },
    { "failed_total", METRIC_COUNTER, "Submissions the carrier refused.", metric_failed },
    { "lost_total", METRIC_COUNTER, "Submissions whose response never came.", metric_lost },
    { "receipts_total", METRIC_COUNTER, "Delivery receipts received.", metric_receipts },
    { "receipts_intermediate_total", METRIC_COUNTER, "Receipts of messages that are still on their way.",
      metric_receipts_intermediate },
    { "receipts_repeated_total", METRIC_COUNTER, "Receipts that had been recorded before.",
      metric_receipts_repeated },
    { "receipts_contradicting_total", METRIC_COUNTER, "Receipts with another final state than the first.",
      metric_receipts_contradicting },
    { "receipts_unknown_total", METRIC_COUNTER, "Receipts whose message was not known when they came.",
      metric_receipts_unknown },
    { "receipts_unreadable_total", METRIC_COUNTER, "Receipts without an id.", metric_receipts_unreadable },
    { "inbound_total", METRIC_COUNTER, "Inbound messages received.", metric_inbound },
};

static void metrics_carriers(const struct engine *g, struct buf *b)
{
    struct carrier_status s;
    for (size_t m = 0; m < sizeof METRICS_CARRIER / sizeof METRICS_CARRIER[0]; m++) {
        metric_head(b, METRICS_CARRIER[m].name, METRICS_CARRIER[m].type, METRICS_CARRIER[m].help);
        for (size_t i = 0; i < engine_carrier_count(g); i++) {
            engine_carrier_status(g, i, &s);
            buf_printf(b, "tessera_%s{carrier=\"", METRICS_CARRIER[m].name);
            metric_label(b, s.name);
            buf_printf(b, "\"} %" PRIu64 "\n", METRICS_CARRIER[m].value(&s));
        }
    }
    metric_head(b, "queue", METRIC_GAUGE, "Messages ready to be sent.");
    for (size_t i = 0; i < engine_carrier_count(g); i++) {
        engine_carrier_status(g, i, &s);
        for (unsigned k = 0; k < CLASS_COUNT; k++) {
            buf_printf(b, "tessera_queue{carrier=\"");
            metric_label(b, s.name);
            buf_printf(b, "\",class=\"%s\"} %" PRIu64 "\n", message_class_name((enum message_class)k),
                       s.queue[k]);
        }
    }
}

/* --- the whole --- */

static bool metrics_count_campaign(void *ctx, const struct campaign_info *i)
{
    ((uint64_t *)ctx)[i->state]++;
    return true;
}

static void metrics_campaigns(struct engine *g, struct buf *b)
{
    uint64_t n[CAMPAIGN_CANCELLED + 1] = { 0 };
    engine_campaign_each(g, metrics_count_campaign, n);
    metric_head(b, "campaigns", METRIC_GAUGE, "Campaigns by state.");
    for (unsigned i = 0; i <= CAMPAIGN_CANCELLED; i++) {
        buf_printf(b, "tessera_campaigns{state=\"%s\"} %" PRIu64 "\n",
                   campaign_state_name((enum campaign_state)i), n[i]);
    }
}

static void metrics_run(const struct engine_view *v, struct call *c)
{
    struct buf *b = &c->text;
    struct stores s;
    if (!stores_read(v, &s, &c->err)) {
        return;
    }
    metric_head(b, "messages", METRIC_GAUGE, "Messages by state.");
    for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_STATE_COUNT; i++) {
        buf_printf(b, "tessera_messages{state=\"%s\"} %" PRIu64 "\n",
                   message_state_name((enum message_state)i), s.counts.by_state[i]);
    }
    metric_one(b, "spool_map_bytes", METRIC_GAUGE, "Size of the spool's map.", s.spool.map_size);
    metric_one(b, "spool_used_bytes", METRIC_GAUGE, "Used of the spool's map.", s.spool.used);
    metric_one(b, "spool_messages", METRIC_GAUGE, "Messages in the spool.", s.spool.messages);
    metric_one(b, "spool_intake_closed", METRIC_GAUGE,
               "1 when the reserve has been reached: nothing new is taken.", s.spool.intake_closed);
    metric_one(b, "spool_orphan_receipts", METRIC_GAUGE, "Receipts kept for ids that are not known yet.",
               s.spool.orphans);
    metric_one(b, "spool_commits_total", METRIC_COUNTER, "Transactions synced.", s.spool.commits);
    metric_one(b, "spool_operations_total", METRIC_COUNTER, "Operations in them.", s.spool.operations);
    metric_one(b, "audience_map_bytes", METRIC_GAUGE, "Size of the audience's map.", s.audience.map_size);
    metric_one(b, "audience_used_bytes", METRIC_GAUGE, "Used of the audience's map.", s.audience.used);
    metric_one(b, "audience_customers", METRIC_GAUGE, "Customers.", s.customers);
    metric_one(b, "audience_events", METRIC_GAUGE, "Events of customers.", s.events);
    metric_one(b, "feed_pending", METRIC_GAUGE, "Happenings the customers' records have not learnt yet.",
               s.spool.feed_pending);
}

void api_status_metrics(struct call *c)
{
    struct engine *g = c->api->engine;
    struct buf *b = &c->text;
    c->type = "text/plain; version=0.0.4; charset=utf-8";
    metric_head(b, "build_info", METRIC_GAUGE, "Always 1; the version is the label.");
    buf_printf(b, "tessera_build_info{version=\"%s\"} 1\n", c->api->version);
    metric_one(b, "start_time_seconds", METRIC_GAUGE, "When the daemon started, in seconds since 1970.",
               (uint64_t)(engine_started(g) / USEC_SEC));
    metric_one(b, "draining", METRIC_GAUGE, "1 while the daemon is shutting down.", engine_draining(g));
    metric_one(b, "suppressed_numbers", METRIC_GAUGE, "Numbers that have opted out.",
               engine_suppressed_count(g));
    struct outbind_status ob;
    engine_outbind_status(g, &ob);
    metric_one(b, "outbind_waiting", METRIC_GAUGE, "Connections that have not said an outbind yet.",
               ob.strangers);
    metric_one(b, "outbind_accepted_total", METRIC_COUNTER, "Outbinds on which we have bound.", ob.accepted);
    metric_one(b, "outbind_refused_total", METRIC_COUNTER,
               "Connections closed because no right outbind came.", ob.refused);
    metrics_carriers(g, b);
    metrics_campaigns(g, b);
    call_read(c, metrics_run, NULL);
}
