/* The limits that hold for few of a carrier's messages: who waits, who passes, and in which order. */
#include "rig.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DE UINT64_C(4915112300000)
#define FR UINT64_C(33612300000)
#define GB UINT64_C(447700900000)

static struct rate_options rates[4];

static void rate_of(struct rig *r, size_t i, const char *sender, const char *region, int64_t rate,
                    int64_t burst)
{
    rates[i] = (struct rate_options){ .rate = rate, .burst = burst };
    strcpy(rates[i].sender, sender);
    strcpy(rates[i].region, region);
    r->o.rates = rates;
    r->o.n_rates = i + 1;
}

static struct carrier *acme(struct rig *r)
{
    return r->engine->carriers[0];
}

static uint64_t send_from(struct rig *r, const char *sender, enum message_class class_, uint64_t to,
                          const char *text)
{
    struct number_text number = number_format(to);
    struct engine_send s = {
        .to = strv_from(number.s), .sender = strv_from(sender), .text = strv_from(text), .class_ = class_
    };
    struct engine_sent sent = rig_send_as(r, &s);
    assert_int_equal(sent.err.code, ERR_NONE);
    return sent.id;
}

static size_t seen_from(const struct smsc *m, const char *sender)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        n += strcmp(m->submits[i].from, sender) == 0;
    }
    return n;
}

/* The most parts in any second: of one sender, "" = of all. */
static size_t densest(const struct smsc *m, const char *sender)
{
    size_t most = 0;
    for (size_t i = 0; i < m->n; i++) {
        size_t n = 0;
        for (size_t k = i; k < m->n && m->submits[k].at < m->submits[i].at + USEC_SEC; k++) {
            n += sender[0] == 0 || strcmp(m->submits[k].from, sender) == 0;
        }
        most = n > most ? n : most;
    }
    return most;
}

static void a_senders_limit_holds_up_nobody_else(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "SLOW", "", 2, 1);
    rig_start_bound(r);
    for (unsigned i = 0; i < 6; i++) {
        send_from(r, "SLOW", CLASS_TRANSACTIONAL, DE + i, "slow");
    }
    for (unsigned i = 0; i < 6; i++) {
        send_from(r, "FAST", CLASS_TRANSACTIONAL, DE + 10 + i, "fast");
    }
    rig_until(r, seen_from(m, "FAST") == 6); /* the clock stands still */
    assert_int_equal(seen_from(m, "SLOW"), 1);
    assert_int_equal(acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside, 5);
    rig_until_passing(r, m->n == 12);
    assert_in_range(densest(m, "SLOW"), 2, 3);
    uint64_t last = 0;
    for (size_t i = 0; i < m->n; i++) { /* in the order in which they were accepted */
        if (strcmp(m->submits[i].from, "SLOW") == 0) {
            assert_true(m->submits[i].to > last);
            last = m->submits[i].to;
        }
    }
    assert_int_equal(acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside, 0);
    assert_int_equal(hmap_count(&acme(r)->lanes[CLASS_TRANSACTIONAL].waiting), 0);
}

static void count_accepted(void *ctx, const struct engine_sent *s)
{
    assert_int_equal(s->err.code, ERR_NONE);
    ++*(unsigned *)ctx;
}

static void beyond_the_bound_the_others_wait_too(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "SLOW", "", 1, 1);
    rig_start_bound(r);
    unsigned accepted = 0;
    for (unsigned i = 0; i < 2060; i++) { /* 1 goes, 2048 are put aside, 11 are not */
        struct number_text number = number_format(DE + i);
        struct engine_send s = { .to = strv_from(number.s),
                                 .sender = STRV("SLOW"),
                                 .text = STRV("slow"),
                                 .class_ = CLASS_TRANSACTIONAL };
        engine_send(r->engine, &s, count_accepted, &accepted);
    }
    rig_until(r, accepted == 2060);
    send_from(r, "FAST", CLASS_TRANSACTIONAL, FR, "fast");
    send_from(r, "FAST", CLASS_OTP, FR + 1, "code");
    rig_until(r, acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside == 2048 && m->n == 2);
    rig_quiet(r);
    assert_int_equal(m->n, 2);
    assert_string_equal(m->submits[1].text, "code"); /* it passes everything */
    rig_until_passing(r, seen_from(m, "FAST") == 2);
    assert_in_range(seen_from(m, "SLOW"), 12, 14);
}

static void every_limit_that_matches_is_kept(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "ACME", "", 5, 1);
    rate_of(r, 1, "", "DE", 3, 1);
    rate_of(r, 2, "ACME", "DE", 1, 1);
    rig_start_bound(r);
    for (unsigned i = 0; i < 4; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "a");
        send_from(r, "OTHER", CLASS_TRANSACTIONAL, DE + 10 + i, "b");
        send_from(r, "ACME", CLASS_TRANSACTIONAL, FR + i, "c");
    }
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, m->n == 12);
    assert_true(clock_wall(&r->clock) - begun >= 3 * USEC_SEC - 20 * USEC_MS); /* four of one a second */
    assert_true(densest(m, "ACME") <= 6);
    size_t most = 0;
    for (size_t i = 0; i < m->n; i++) {
        size_t n = 0;
        for (size_t k = i; k < m->n && m->submits[k].at < m->submits[i].at + USEC_SEC; k++) {
            n += m->submits[k].to / 100000 == DE / 100000;
        }
        most = n > most ? n : most;
    }
    assert_in_range(most, 1, 4);
}

static void a_region_without_its_state_is_the_whole(void **state)
{
    struct rig *r = *state;
    rate_of(r, 0, "", "US", 1, 1);
    rate_of(r, 1, "", "US-FL", 1, 1);
    rig_start_bound(r);
    struct outgoing o = { .m = { .to = UINT64_C(13055550101), .class_ = CLASS_TRANSACTIONAL } };
    o.clock = engine_clock_of_message(r->engine, &o.m);
    rates_resolve(acme(r), &o);
    assert_int_equal(o.n_limits, 2);
    struct outgoing ny = { .m = { .to = UINT64_C(12125550101), .class_ = CLASS_TRANSACTIONAL } };
    ny.clock = engine_clock_of_message(r->engine, &ny.m);
    rates_resolve(acme(r), &ny);
    assert_int_equal(ny.n_limits, 1);
    assert_int_equal(ny.limits[0], 0);
}

static void what_is_to_one_recipient_keeps_its_order_beyond_limits(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "SLOW", "", 1, 1);
    rig_start_bound(r);
    send_from(r, "SLOW", CLASS_TRANSACTIONAL, DE, "first");
    send_from(r, "SLOW", CLASS_TRANSACTIONAL, DE + 1, "second");
    send_from(r, "FAST", CLASS_TRANSACTIONAL, DE + 1, "third");
    send_from(r, "FAST", CLASS_TRANSACTIONAL, DE + 2, "passes");
    rig_until(r, m->n == 2);
    rig_quiet(r);
    assert_int_equal(m->n, 2);
    assert_string_equal(m->submits[1].text, "passes");
    rig_until_passing(r, m->n == 4);
    assert_string_equal(m->submits[2].text, "second");
    assert_string_equal(m->submits[3].text, "third");
}

static void a_one_time_password_comes_first_at_the_same_limit_too(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "ACME", "", 2, 2);
    rig_start_bound(r);
    for (unsigned i = 0; i < 10; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "one");
    }
    rig_until(r, m->n == 2);
    static char two_parts[200];
    memset(two_parts, 'x', sizeof two_parts - 1);
    send_from(r, "ACME", CLASS_OTP, FR, two_parts);
    send_from(r, "ELSE", CLASS_OTP, FR + 1, "code");
    rig_until(r, m->n == 3); /* what the limit does not hold for goes at once */
    assert_string_equal(m->submits[2].text, "code");
    rig_until_passing(r, m->n == 13);
    assert_int_equal(m->submits[3].to, FR); /* its two parts, though one of the others could go before */
    assert_int_equal(m->submits[4].to, FR);
}

static void carriers_share_a_limit_and_both_get_their_turn(void **state)
{
    struct rig *r = *state;
    static char two_parts[200];
    rig_more_carriers(r);
    rate_of(r, 0, "ACME", "", 4, 2);
    rig_start(r);
    rig_until_passing(r, r->smsc[0].bound == 1 && r->smsc[1].bound == 1);
    memset(two_parts, 'x', sizeof two_parts - 1);
    for (unsigned i = 0; i < 12; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "one part");
        send_from(r, "ACME", CLASS_TRANSACTIONAL, GB + i, two_parts);
    }
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, r->smsc[0].n + r->smsc[1].n >= 24);
    usec_t took = clock_wall(&r->clock) - begun; /* 36 parts less what had gone before */
    assert_true(took >= (24 - 2 - 2) * USEC_SEC / 4 && took < 10 * USEC_SEC);
    assert_in_range(r->smsc[0].n, 6, 12); /* neither waits for the other's end */
    assert_in_range(r->smsc[1].n, 12, 18);
}

static void a_bind_has_its_own_rate(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    r->carriers[0].transceivers = 2;
    r->carriers[0].bind_rate = 3;
    r->carriers[0].bind_burst = 1;
    r->carriers[0].window = 100;
    rig_start(r);
    rig_until_passing(r, m->bound == 2);
    for (unsigned i = 0; i < 20; i++) {
        rig_send(r, CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, m->n == 20);
    assert_true(clock_wall(&r->clock) - begun <= 6 * USEC_SEC); /* one of them alone: 19 / 3 s */
    for (size_t i = 0; i < m->n; i++) {
        size_t n = 0;
        for (size_t k = i; k < m->n && m->submits[k].at < m->submits[i].at + USEC_SEC; k++) {
            n += m->submits[k].peer == m->submits[i].peer;
        }
        assert_true(n <= 4);
    }
    rig_quiet(r);
}

static void a_reload_changes_them(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    struct err e = { 0 };
    rate_of(r, 0, "ACME", "", 1, 1);
    rig_start_bound(r);
    for (unsigned i = 0; i < 30; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_quiet(r);
    assert_int_equal(m->n, 1);
    rate_of(r, 0, "OTHER", "", 1, 1);
    rate_of(r, 1, "ACME", "", 5, 1); /* keeps what has accrued: nothing */
    assert_true(engine_reload(r->engine, &r->o, &e));
    rig_quiet(r);
    assert_int_equal(m->n, 1);
    rig_pass(r, USEC_SEC);
    rig_until(r, m->n > 1);
    rig_quiet(r);
    assert_in_range(m->n, 2, 6);
    r->o.n_rates = 0;
    assert_true(engine_reload(r->engine, &r->o, &e));
    rig_until(r, m->n == 30);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(m->submits[i].to, DE + i);
    }
    strcpy(rates[0].region, "Bavaria, or so");
    r->o.n_rates = 1;
    assert_false(engine_reload(r->engine, &r->o, &e)); /* and nothing has changed */
    assert_int_equal(r->engine->rates.n, 0);
}

static void a_restart_and_a_break_lose_none_that_wait(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    rate_of(r, 0, "ACME", "", 10, 1);
    rig_start_bound(r);
    for (unsigned i = 0; i < 10; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "Hello");
    }
    rig_until(r, acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside == 9);
    lane_again(acme(r), CLASS_TRANSACTIONAL);
    rig_until(r, acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside == 9);
    rig_restart(r);
    rig_until_passing(r, m->n == 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(rig_sent_to(m, DE + i), 1);
    }
}

static void a_campaign_goes_on_where_a_region_is_limited(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    struct buf b = { 0 };
    rate_of(r, 0, "", "DE", 2, 1);
    buf_printf(&b, "phone,zone,name\n");
    for (unsigned i = 0; i < 40; i++) {
        buf_printf(&b, "+%llu,,g\n", (unsigned long long)((i % 2 ? DE : FR) + i));
    }
    rig_populate(r, buf_cstr(&b));
    buf_free(&b);
    rig_start_bound(r);
    struct campaign_spec s = rig_spec("mixed", "hello");
    rig_add(r, &s);
    rig_act(r, "mixed", CAMPAIGN_START);
    usec_t begun = clock_wall(&r->clock);
    rig_until_passing(r, m->n >= 20);
    assert_true(clock_wall(&r->clock) - begun < 3 * USEC_SEC);
    size_t french = 0;
    for (size_t i = 0; i < m->n; i++) {
        french += m->submits[i].to / 100000 == FR / 100000;
    }
    assert_true(french >= 15);
    rig_until_passing(r, m->n == 40);
    assert_true(clock_wall(&r->clock) - begun >= 9 * USEC_SEC);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(rig_sent_to(m, (i % 2 ? DE : FR) + i), 1);
    }
    rig_until_passing(r, rig_campaign_state(r, "mixed") == CAMPAIGN_DONE);
}

/* Ten in flight to three recipients are refused in random order; from then on one at a time to each. */
static void what_is_throttled_in_any_order_goes_in_its_own(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    struct rnd rnd;
    uint64_t ids[10];
    rnd_seed(&rnd, 7);
    m->judge = rig_judge_wait;
    rig_start_bound(r);
    for (unsigned i = 0; i < 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        ids[i] = send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i % 3, text);
    }
    rig_until(r, m->n == 10);
    for (unsigned left = 10; left > 0; left--) {
        unsigned k = (unsigned)(rnd_u64(&rnd) % left), at = 0;
        while (m->submits[at].answered || k-- > 0) {
            at++;
        }
        rig_answer(&m->submits[at], SMPP_ESME_RTHROTTLED);
        rig_pass(r, 50 * USEC_MS);
        assert_int_equal(m->n, 10); /* it waits for those before it */
    }
    unsigned last[3] = { 0 };
    for (size_t i = 10; i < 20; i++) {
        rig_until_passing(r, m->n > i);
        unsigned text = (unsigned)atoi(m->submits[i].text);
        assert_true(i == 10 ? text == 0 : true);
        assert_true(text >= last[text % 3]);
        last[text % 3] = text;
        rig_answer(&m->submits[i], SMPP_ESME_ROK);
    }
    for (unsigned i = 0; i < 10; i++) {
        rig_until_passing(r, rig_state(r, ids[i]) == MESSAGE_SENT);
    }
    assert_int_equal(m->n, 20);
}

static struct rate_options overlap_of(const char *sender, const char *carrier, const char *prefix,
                                      const char *region, const char *class_)
{
    struct rate_options o = { .rate = 1, .burst = 1 };
    strcpy(o.sender, sender);
    strcpy(o.carrier, carrier);
    strcpy(o.prefix, prefix);
    strcpy(o.region, region);
    strcpy(o.class_, class_);
    return o;
}

static void too_many_for_one_message_are_refused(void **state)
{
    (void)state;
    struct rate_options list[ENGINE_MAX_RATES];
    struct err e = { 0 };
    char text[32];
    for (unsigned i = 0; i < ENGINE_MAX_RATES; i++) { /* a sender each */
        snprintf(text, sizeof text, "S%u", i);
        list[i] = overlap_of(text, "", "", i % 2 ? "DE" : "", "");
    }
    assert_true(rates_overlap_check(list, ENGINE_MAX_RATES, &e));
    for (unsigned i = 0; i < 17; i++) { /* prefixes within each other */
        snprintf(text, sizeof text, "%.*s", (int)i % 15 + 1, "491511231234567");
        list[i] = overlap_of("", "", text, i < 15 ? "" : "DE", "");
    }
    assert_false(rates_overlap_check(list, 17, &e));
    assert_string_equal(e.text,
                        "17 rates, from the 1. to the 17., hold for the same message; at most 16 may");
    assert_true(rates_overlap_check(list, 16, &e));
    list[16] = overlap_of("", "", "33,44", "", "");
    assert_true(rates_overlap_check(list, 17, &e));
    list[16] = overlap_of("ACME", "beta", "33, 4915", "US-FL,DE", "otp,promotional");
    assert_false(rates_overlap_check(list, 17, &e));
    list[15] = overlap_of("", "", "", "DE-BY", "transactional");
    assert_true(rates_overlap_check(list, 17, &e)); /* not both classes */
    list[15] = overlap_of("OTHER", "", "", "", "");
    assert_true(rates_overlap_check(list, 17, &e));
    for (unsigned i = 0; i < 200; i++) { /* hostile: it must end soon */
        snprintf(text, sizeof text, "S%u", i % 16);
        list[i] = overlap_of(i % 3 ? text : "", i % 5 ? "" : text, i % 7 ? "" : "49,33,1,2,3",
                             i % 11 ? "" : "DE,FR", i % 2 ? "otp,transactional" : "");
    }
    assert_false(rates_overlap_check(list, 200, &e));
}

static struct campaign_spec long_or_short(struct rig *r, const char *text, unsigned recipients)
{
    struct campaign_spec s = rig_spec("sale", text);
    s.class_ = CLASS_TRANSACTIONAL;
    s.sender = STRV("ACME");
    rig_populate_many(r, FR, recipients);
    return s;
}

static size_t seen_by_country(const struct smsc *m, uint64_t number)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        n += m->submits[i].to / 1000000 == number / 1000000;
    }
    return n;
}

static void a_campaign_of_long_texts_does_not_starve_beside_short_messages(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    static char two_parts[200];
    memset(two_parts, 'x', sizeof two_parts - 1);
    rate_of(r, 0, "ACME", "", 2, 2);
    struct campaign_spec s = long_or_short(r, two_parts, 10);
    rig_start_bound(r);
    for (unsigned i = 0; i < 60; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "short");
    }
    rig_add(r, &s);
    rig_act(r, "sale", CAMPAIGN_START);
    rig_until_passing(r, m->n >= 30); /* each has half of the parts, more or less */
    assert_in_range(seen_by_country(m, FR), 10, 18);
    assert_in_range(densest(m, ""), 2, 4);
    rig_until_passing(r, m->n == 80);
}

static void nor_does_a_long_message_beside_a_campaign_of_short_texts(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    static char two_parts[200];
    memset(two_parts, 'x', sizeof two_parts - 1);
    rate_of(r, 0, "ACME", "", 2, 2);
    struct campaign_spec s = long_or_short(r, "short", 60);
    rig_start_bound(r);
    rig_add(r, &s);
    rig_act(r, "sale", CAMPAIGN_START);
    rig_until_passing(r, m->n >= 6);
    send_from(r, "ACME", CLASS_TRANSACTIONAL, DE, two_parts);
    rig_until_passing(r, m->n >= 12);
    assert_int_equal(rig_sent_to(m, DE), 2);
}

static void nor_beside_new_short_messages_that_find_nothing_before_them(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    static char two_parts[200];
    memset(two_parts, 'x', sizeof two_parts - 1);
    rate_of(r, 0, "ACME", "", 2, 2);
    struct campaign_spec s = long_or_short(r, two_parts, 10);
    rig_start_bound(r);
    rig_add(r, &s);
    rig_act(r, "sale", CAMPAIGN_START);
    rig_until_passing(r, m->n == 2);
    for (unsigned i = 0; i < 20; i++) { /* one comes whenever there is a token for it */
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "short");
        for (unsigned k = 0; k < 26; k++) {
            rig_pass(r, 20 * USEC_MS);
        }
    }
    assert_in_range(seen_by_country(m, FR), 10, 16);
}

static void a_new_message_waits_for_its_recipients_last_one_while_slowed(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    rig_start_bound(r);
    send_from(r, "ACME", CLASS_TRANSACTIONAL, DE, "throttled");
    rig_until(r, m->n == 1);
    rig_answer(&m->submits[0], SMPP_ESME_RTHROTTLED);
    rig_until_passing(r, m->n == 2); /* again, and it is in flight */
    rig_pass(r, 5 * USEC_SEC);
    send_from(r, "ACME", CLASS_TRANSACTIONAL, DE, "second");
    rig_quiet(r);
    assert_int_equal(m->n, 2);
    send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + 1, "another's");
    rig_until_passing(r, m->n == 3);
    assert_string_equal(m->submits[2].text, "another's");
    rig_answer(&m->submits[1], SMPP_ESME_ROK);
    rig_until_passing(r, m->n == 4);
    assert_string_equal(m->submits[3].text, "second");
}

/* A load and a move to another carrier may both bring one; the first is on the wire. */
static void what_is_in_flight_is_not_taken_up_again(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    rig_start_bound(r);
    uint64_t id = send_from(r, "ACME", CLASS_TRANSACTIONAL, DE, "once");
    rig_until(r, m->n == 1);
    struct outgoing *o = calloc(1, sizeof *o);
    assert_non_null(o);
    o->m = (struct message){ .id = id,
                             .to = DE,
                             .sender = STRV("ACME"),
                             .text = STRV("once"),
                             .class_ = CLASS_TRANSACTIONAL,
                             .parts = 1 };
    o->clock = engine_clock_of_message(r->engine, &o->m);
    acme(r)->lanes[CLASS_TRANSACTIONAL].after = id;
    lane_put_back(acme(r), o);
    rig_quiet(r);
    rig_answer(&m->submits[0], SMPP_ESME_ROK);
    rig_until_passing(r, rig_state(r, id) == MESSAGE_SENT);
    assert_int_equal(m->n, 1);
    assert_int_equal(hmap_count(&acme(r)->in_flight), 0);
}

/* One recipient's outcome is late: others whose outcome has come do not wait for it. */
static void recipients_that_wait_do_not_wait_for_each_other(void **state)
{
    struct rig *r = *state;
    struct smsc *m = &r->smsc[0];
    m->judge = rig_judge_wait;
    r->carriers[0].response_timeout = 10 * USEC_MINUTE;
    rig_start_bound(r);
    for (unsigned i = 0; i < 3; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "first");
    }
    rig_until(r, m->n == 3);
    rig_answer(&m->submits[2], SMPP_ESME_RTHROTTLED);
    rig_until_passing(r, m->n == 4);
    for (unsigned i = 0; i < 3; i++) {
        send_from(r, "ACME", CLASS_TRANSACTIONAL, DE + i, "second");
    }
    rig_until_passing(r, acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside == 3);
    rig_answer(&m->submits[1], SMPP_ESME_ROK);
    rig_until_passing(r, m->n == 5);
    assert_int_equal(m->submits[4].to, DE + 1);
    rig_answer(&m->submits[3], SMPP_ESME_ROK);
    rig_until_passing(r, m->n == 6);
    assert_int_equal(m->submits[5].to, DE + 2);
    rig_answer(&m->submits[0], SMPP_ESME_ROK);
    rig_until_passing(r, m->n == 7);
    assert_int_equal(m->submits[6].to, DE);
    assert_int_equal(acme(r)->lanes[CLASS_TRANSACTIONAL].put_aside, 0);
    assert_int_equal(hmap_count(&acme(r)->lanes[CLASS_TRANSACTIONAL].waiting), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_senders_limit_holds_up_nobody_else),
        T(beyond_the_bound_the_others_wait_too),
        T(every_limit_that_matches_is_kept),
        T(a_region_without_its_state_is_the_whole),
        T(what_is_to_one_recipient_keeps_its_order_beyond_limits),
        T(a_one_time_password_comes_first_at_the_same_limit_too),
        T(carriers_share_a_limit_and_both_get_their_turn),
        T(a_bind_has_its_own_rate),
        T(a_reload_changes_them),
        T(a_restart_and_a_break_lose_none_that_wait),
        T(a_campaign_goes_on_where_a_region_is_limited),
        T(what_is_throttled_in_any_order_goes_in_its_own),
        cmocka_unit_test(too_many_for_one_message_are_refused),
        T(a_campaign_of_long_texts_does_not_starve_beside_short_messages),
        T(nor_does_a_long_message_beside_a_campaign_of_short_texts),
        T(nor_beside_new_short_messages_that_find_nothing_before_them),
        T(a_new_message_waits_for_its_recipients_last_one_while_slowed),
        T(what_is_in_flight_is_not_taken_up_again),
        T(recipients_that_wait_do_not_wait_for_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
