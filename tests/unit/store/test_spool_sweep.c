/* Many that wait, moved together: all of them and no others, whatever else is in the same transaction. */
#include "spool_fixture.h"

#include <string.h>

#define CAMPAIGN 7

struct swept {
    struct fx *f;
    struct spool_sweep w;
    const struct message *late; /* becomes ready between two slices; NULL: none */
    uint64_t moved;
    bool over;
    enum err_code code;
};

static void slice(void *ctx, const struct spool_result *r)
{
    struct swept *x = ctx;
    x->code = r->code;
    x->moved += r->code == ERR_NONE ? r->id : 0;
    x->over = r->code != ERR_NONE || r->sweep->done;
    if (!x->over) {
        x->w = *r->sweep;
        if (x->late != NULL)
            spool_accept(x->f->s, x->late, MESSAGE_READY, REASON_NONE, 0, NULL, NULL);
        x->late = NULL;
        spool_sweep(x->f->s, &x->w, slice, x);
    }
}

static void sweep(struct fx *f, struct swept *x, const struct spool_sweep *w)
{
    *x = (struct swept){ .f = f, .w = *w };
    spool_sweep(f->s, w, slice, x);
}

static void sweep_end(struct swept *x)
{
    while (!x->over)
        fx_sync(x->f);
    assert_int_equal(x->code, ERR_NONE);
}

static const struct spool_sweep CANCEL = { .campaign = CAMPAIGN,
                                           .to = USEC_NEVER,
                                           .ready = true,
                                           .state = MESSAGE_CANCELLED,
                                           .reason = REASON_CANCELLED };

static struct message of_campaign(uint64_t to)
{
    struct message m = fx_message(to);
    m.campaign = CAMPAIGN;
    return m;
}

static void all_that_wait_and_no_others(void **state)
{
    struct fx *f = *state;
    struct message m = of_campaign(491701), other = fx_message(491702);
    for (unsigned i = 0; i < 3000; i++) {
        m.carrier = other.carrier = (uint16_t)(i % 3);
        spool_accept(f->s, &m, i % 2 ? MESSAGE_READY : MESSAGE_HELD, REASON_NONE, T0 + (int64_t)i, NULL,
                     NULL);
        spool_accept(f->s, &other, i % 2 ? MESSAGE_READY : MESSAGE_HELD, REASON_NONE, T0 + (int64_t)i, NULL,
                     NULL);
    }
    fx_sync(f);
    uint64_t flies = fx_claimed(f, &m);
    struct swept x;
    sweep(f, &x, &CANCEL);
    sweep_end(&x);
    assert_int_equal(x.moved, 3000);
    assert_int_equal(fx_counts(f, CAMPAIGN).by_state[MESSAGE_CANCELLED], 3000);
    assert_int_equal(fx_state(f, flies), MESSAGE_IN_FLIGHT);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_READY], 1500);
    assert_int_equal(fx_counts(f, 0).by_state[MESSAGE_HELD], 1500);
}

/* Its carrier may be down: nobody would take them up. */
static void what_became_ready_in_the_same_transaction_too(void **state)
{
    struct fx *f = *state;
    struct message m = of_campaign(491701);
    struct swept x;
    for (unsigned i = 0; i < 20; i++)
        spool_accept(f->s, &m, MESSAGE_READY, REASON_NONE, 0, NULL, NULL);
    sweep(f, &x, &CANCEL);
    x.late = &m;
    sweep_end(&x);
    assert_int_equal(x.moved, 21);
    assert_int_equal(fx_counts(f, CAMPAIGN).by_state[MESSAGE_READY], 0);
}

/* What is of no avail for want of space is done again without the rest: from where it began. */
static void a_transaction_that_had_no_space(void **state)
{
    struct fx *f = *state;
    static char text[2000];
    struct message m = of_campaign(491701), large = fx_message(491702);
    struct got last = { 0 };
    struct swept x;
    fx_close(f);
    f->o.map_size = (size_t)6 << 20;
    f->o.reserve = (size_t)2 << 20;
    fx_open(f);
    memset(text, 't', sizeof(text));
    large.text = (struct strv){ text, sizeof(text) };
    usec_t until = spool_paused_until(CAMPAIGN);
    for (unsigned i = 0; i < 10; i++)
        fx_accept(f, &m, MESSAGE_HELD, until);
    sweep(f, &x,
          &(struct spool_sweep){ .campaign = CAMPAIGN, .from = until, .to = until, .state = MESSAGE_READY });
    for (unsigned i = 0; i < 4000; i++)
        spool_accept(f->s, &large, MESSAGE_READY, REASON_NONE, 0, fx_done, &last);
    sweep_end(&x);
    assert_int_equal(last.code, ERR_FULL);
    assert_int_equal(x.moved, 10);
    assert_int_equal(fx_counts(f, CAMPAIGN).by_state[MESSAGE_READY], 10);
    assert_int_equal(fx_counts(f, CAMPAIGN).by_state[MESSAGE_HELD], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_that_wait_and_no_others, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(what_became_ready_in_the_same_transaction_too, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_transaction_that_had_no_space, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
