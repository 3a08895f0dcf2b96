/* kill -9 at random instants under load, then an audit: what was acknowledged is there, what has a recorded
 * response is never sent again, the campaign has no gap and no duplicate, the counters are what is there.
 *
 * The load runs in a child that tells each acknowledgement through a pipe; the parent kills it after a random
 * number of them and drains the pipe. No environment is open in the parent when it forks. */
#include "spool_fixture.h"

#include "base/random.h"
#include "store/spool_internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS   20
#define WINDOW   300
#define CAMPAIGN 5
#define MAX_IDS  400000

enum ack { ACK_CLAIMED = 1, ACK_ANSWERED, ACK_RECEIPT, ACK_ACCEPTED, ACK_CLAIM, ACK_STOP };
struct ack_record {
    uint64_t id;
    uint32_t what, spare;
};

/* --- the load --- */

static struct load {
    struct fx *f;
    int pipe;
    uint32_t next; /* the campaign's next customer */
    unsigned flying;
    uint64_t stops;
} load;

static void tell(enum ack what, uint64_t id)
{
    struct ack_record r = { id, what, 0 };
    if (write(load.pipe, &r, sizeof(r)) != sizeof(r))
        _exit(3);
}

static void on_receipt(void *ctx, const struct spool_result *r)
{
    (void)ctx;
    if (r->code != ERR_NONE || !r->settled)
        _exit(4);
    tell(ACK_RECEIPT, r->id);
    load.flying--;
}

static void on_answer(void *ctx, const struct spool_result *r)
{
    char cid[32];
    (void)ctx;
    if (r->code != ERR_NONE)
        _exit(5);
    tell(ACK_ANSWERED, r->id);
    snprintf(cid, sizeof(cid), "k%llu", (unsigned long long)r->id);
    struct spool_receipt p = {
        .carrier = 1, .carrier_id = strv_from(cid), .state = MESSAGE_DELIVERED, .at = T0
    };
    spool_receipt(load.f->s, &p, on_receipt, NULL);
}

/* Claimed: it is "on the wire" now; the carrier answers. */
static void answer(uint64_t id)
{
    char cid[32];
    snprintf(cid, sizeof(cid), "k%llu", (unsigned long long)id);
    struct spool_answer a = { .id = id, .carrier = 1, .carrier_id = strv_from(cid), .at = T0 };
    spool_answer(load.f->s, &a, on_answer, NULL);
}

static void on_claimed(void *ctx, const struct spool_result *r)
{
    (void)ctx;
    if (r->code != ERR_NONE)
        _exit(6);
    tell(ACK_CLAIMED, r->id);
    answer(r->id);
}

static void on_claim(void *ctx, const struct spool_result *r)
{
    (void)ctx;
    if (r->code != ERR_NONE)
        _exit(7);
    tell(ACK_CLAIM, r->id);
    answer(r->id);
}

static void on_accepted(void *ctx, const struct spool_result *r)
{
    (void)ctx;
    if (r->code != ERR_NONE)
        _exit(8);
    tell(ACK_ACCEPTED, r->id);
    spool_claim(load.f->s, r->id, on_claim, NULL);
}

static void on_stop(void *ctx, const struct spool_result *r)
{
    tell(r->code == ERR_NONE ? ACK_STOP : 0, (uint64_t)(uintptr_t)ctx);
    load.flying--;
}

static void produce(void)
{
    while (load.flying < WINDOW) {
        struct message m = fx_message(447700900000 + load.flying);
        m.class_ = CLASS_OTP;
        load.flying++;
        if (load.flying % 50 == 49) {
            uint64_t number = 447700800000 + load.stops++;
            spool_consent(load.f->s, number, CONSENT_STOP, STRV("api"), STRV(""), T0, on_stop,
                          (void *)(uintptr_t)number);
        } else if (load.flying % 3 == 0) {
            spool_accept(load.f->s, &m, MESSAGE_READY, REASON_NONE, 0, on_accepted, NULL);
        } else {
            m.campaign = CAMPAIGN;
            m.customer = load.next + 1;
            spool_accept_claimed(load.f->s, &m, &(struct spool_cursor){ 0, load.next }, on_claimed, NULL);
            load.next++;
        }
    }
}

static void run_child(struct fx *f, int fd, uint32_t next, uint64_t stops)
{
    struct err e;
    f->s = spool_open(&f->o, &e);
    if (!f->s)
        _exit(2);
    f->s->w.core.deltas.fold_at = 200; /* so that it is killed while folding, too */
    load = (struct load){ .f = f, .pipe = fd, .next = next, .stops = stops };
    for (;;) {
        produce();
        spool_flush(f->s);
        struct pollfd p = { .fd = spool_fd(f->s), .events = POLLIN };
        poll(&p, 1, -1);
        spool_poll(f->s);
    }
}

/* --- the audit --- */

static uint8_t acked[MAX_IDS]; /* bit per enum ack */
static uint8_t stopped[MAX_IDS];

static size_t drain(int fd, size_t until)
{
    struct ack_record r[64];
    size_t n = 0, have = 0;
    while (n < until) {
        ssize_t got = read(fd, (char *)r + have, sizeof(r) - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        have += (size_t)got;
        for (size_t i = 0; i < have / sizeof(r[0]); i++) {
            assert_true(r[i].what >= ACK_CLAIMED && r[i].what <= ACK_STOP);
            if (r[i].what == ACK_STOP)
                stopped[r[i].id - 447700800000] = 1;
            else
                acked[r[i].id] |= (uint8_t)(1u << r[i].what);
            n++;
        }
        memmove(r, (char *)r + have / sizeof(r[0]) * sizeof(r[0]), have % sizeof(r[0]));
        have %= sizeof(r[0]);
    }
    return n;
}

struct audit {
    struct spool_counts all, campaign;
    uint64_t customers;
    uint32_t below; /* the last customer seen, going down */
};

static bool audit_one(void *ctx, const struct spool_view *v)
{
    struct audit *a = ctx;
    unsigned k = acked[v->m.id];
    a->all.by_state[v->state]++;
    if (v->m.campaign == CAMPAIGN) {
        a->campaign.by_state[v->state]++;
        assert_int_equal(v->m.customer, a->below - 1); /* no gap, no duplicate, in order */
        a->below = v->m.customer;
        a->customers++;
    }
    if (k & 1u << ACK_RECEIPT)
        assert_int_equal(v->state, MESSAGE_DELIVERED);
    else if (k & 1u << ACK_ANSWERED)
        assert_true(v->state == MESSAGE_SENT || v->state == MESSAGE_DELIVERED); /* never ready again */
    assert_int_not_equal(v->state, MESSAGE_IN_FLIGHT);                          /* settled at open */
    return true;
}

static bool note_next(void *ctx, const struct spool_clock_set *set, uint32_t next, uint64_t done)
{
    uint32_t *out = ctx;
    (void)set;
    assert_int_equal(next, done);
    *out = next;
    return true;
}

static bool note_stop(void *ctx, uint64_t number)
{
    uint64_t *n = ctx;
    stopped[number - 447700800000] = 0; /* found */
    ++*n;
    return true;
}

/* Opens, looks at everything, closes; gives what the next child goes on with. */
static void audit(struct fx *f, uint32_t *next, uint64_t *stops)
{
    struct audit a = { 0 };
    struct spool_filter q = { .state = -1, .max = SIZE_MAX };
    fx_open(f);
    spool_each_audience(f->r, CAMPAIGN, note_next, next);
    a.below = *next + 1;
    do
        q.before_id = spool_find_messages(f->r, &q, audit_one, &a);
    while (q.before_id);
    assert_int_equal(a.customers, *next);
    struct spool_counts all = fx_counts(f, 0), campaign = fx_counts(f, CAMPAIGN);
    assert_memory_equal(all.by_state, a.all.by_state, sizeof(all.by_state));
    assert_memory_equal(campaign.by_state, a.campaign.by_state, sizeof(campaign.by_state));
    assert_int_equal(all.by_state[MESSAGE_READY],
                     spool_ready_count(f->s, 1, CLASS_OTP)); /* what is uncertain is resent */
    for (uint64_t id = 1; id < MAX_IDS; id++)
        assert_true(!acked[id] || fx_get(f, id)->found);
    *stops = 0;
    spool_each_suppressed(f->r, note_stop, stops);
    for (size_t i = 0; i < MAX_IDS; i++)
        assert_false(stopped[i]); /* every acknowledged one was found */
    fx_close(f);
}

static void nothing_acknowledged_is_lost(void **state)
{
    struct fx *f = *state;
    struct rnd r;
    uint32_t next = 0;
    uint64_t stops = 0, total = 0;
    struct spool_clock_set set = { 0, STRV("all"), 1 };
    rnd_seed(&r, 42);
    spool_put_audience(f->s, CAMPAIGN, &set, 1, STRV("c"), STRV("d"), NULL, NULL);
    fx_sync(f);
    fx_close(f);
    f->o.nosync = false;
    f->o.uncertain[CLASS_OTP] = UNCERTAIN_RESEND;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(fds[0]);
            run_child(f, fds[1], next, stops);
        }
        close(fds[1]);
        total += drain(fds[0], 1 + rnd_below(&r, 5000));
        assert_int_equal(kill(pid, SIGKILL), 0);
        total += drain(fds[0], SIZE_MAX);
        close(fds[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status)); /* it did not end by itself */
        audit(f, &next, &stops);
    }
    assert_true(total > ROUNDS * 100);
    fx_open(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_acknowledged_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
