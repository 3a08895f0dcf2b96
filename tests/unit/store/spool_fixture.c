#include "spool_fixture.h"

#include "store/spool_check.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fx_setup(void **state)
{
    struct fx *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/tessera-spool-XXXXXX");
    if (!mkdtemp(f->dir))
        return -1;
    clock_freeze(&f->clock, T0);
    f->o = (struct spool_options){ .dir = f->dir,
                                   .map_size = (size_t)256 << 20,
                                   .nosync = true,
                                   .clock = &f->clock,
                                   .uncertain = { UNCERTAIN_RESEND, UNCERTAIN_HOLD, UNCERTAIN_FAIL } };
    *state = f;
    fx_open(f);
    return 0;
}

void fx_remove(struct fx *f)
{
    char path[400];
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(f->dir);
}

int fx_teardown(void **state)
{
    struct fx *f = *state;
    struct spool_checked checked;
    struct err e = { 0 };
    fx_close(f);
    if (!spool_check_dir(&f->o, &checked, &e)) /* whatever a test did, what is left agrees with itself */
        fail_msg("%s", e.text);
    fx_remove(f);
    free(f);
    return 0;
}

void fx_open(struct fx *f)
{
    struct err e = { 0 };
    f->s = spool_open(&f->o, &e);
    if (!f->s)
        fail_msg("spool_open: %s", e.text);
    f->r = spool_reader_new(f->s, &e);
    assert_non_null(f->r);
}

void fx_close(struct fx *f)
{
    spool_reader_free(f->r);
    spool_close(f->s);
    f->r = NULL;
    f->s = NULL;
}

void fx_reopen(struct fx *f)
{
    fx_close(f);
    fx_open(f);
}

void fx_sync(struct fx *f)
{
    size_t all = f->o.queue_max ? f->o.queue_max : 65536;
    spool_flush(f->s);
    while (spool_room(f->s) < all) {
        struct pollfd p = { .fd = spool_fd(f->s), .events = POLLIN };
        assert_int_equal(poll(&p, 1, 20000), 1);
        spool_poll(f->s);
    }
}

void fx_done(void *ctx, const struct spool_result *r)
{
    struct got *g = ctx;
    if (!g)
        return;
    g->calls++;
    g->code = r->code;
    g->id = r->id;
    g->has_settled = r->settled != NULL;
    if (r->settled)
        g->settled = *r->settled;
}

struct message fx_message(uint64_t to)
{
    return (struct message){ .to = to,
                             .sender = STRV("TESSERA"),
                             .text = STRV("Hello there, number"),
                             .client_ref = STRV("ref-1"),
                             .class_ = CLASS_TRANSACTIONAL,
                             .carrier = 1,
                             .parts = 1,
                             .accepted_at = T0,
                             .valid_until = T0 + USEC_HOUR };
}

uint64_t fx_accept(struct fx *f, const struct message *m, enum message_state state, usec_t until)
{
    struct got g = { 0 };
    uint64_t id = spool_accept(f->s, m, state, REASON_NONE, until, fx_done, &g);
    assert_int_not_equal(id, 0);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    assert_int_equal(g.code, ERR_NONE);
    assert_int_equal(g.id, id);
    return id;
}

uint64_t fx_claimed(struct fx *f, const struct message *m)
{
    struct got g = { 0 };
    uint64_t id = spool_accept_claimed(f->s, m, NULL, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.code, ERR_NONE);
    return id;
}

struct got fx_claim(struct fx *f, uint64_t id)
{
    struct got g = { 0 };
    spool_claim(f->s, id, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    return g;
}

struct got fx_answer(struct fx *f, uint64_t id, unsigned part, uint32_t status, const char *carrier_id)
{
    struct got g = { 0 };
    struct spool_answer a = { .id = id,
                              .part = (uint8_t)part,
                              .carrier = 1,
                              .command_status = status,
                              .carrier_id = strv_from(carrier_id),
                              .at = clock_wall(&f->clock) };
    spool_answer(f->s, &a, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    return g;
}

struct got fx_move(struct fx *f, uint64_t id, enum message_state to, enum message_reason reason, usec_t until)
{
    struct got g = { 0 };
    spool_move(f->s, id, to, reason, 0, until, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    return g;
}

struct got fx_receipt(struct fx *f, const char *carrier_id, enum message_state state)
{
    struct got g = { 0 };
    struct spool_receipt r = { .carrier = 1,
                               .carrier_id = strv_from(carrier_id),
                               .state = state,
                               .error = state == MESSAGE_DELIVERED ? 0 : 7,
                               .at = clock_wall(&f->clock) };
    spool_receipt(f->s, &r, fx_done, &g);
    fx_sync(f);
    assert_int_equal(g.calls, 1);
    assert_int_equal(g.code, ERR_NONE);
    return g;
}

static bool see(void *ctx, const struct spool_view *v)
{
    struct seen *s = ctx;
    s->found = true;
    s->v = *v;
    strv_copy(v->m.text, s->text, sizeof(s->text));
    strv_copy(v->m.sender, s->sender, sizeof(s->sender));
    strv_copy(v->m.client_ref, s->ref, sizeof(s->ref));
    for (size_t i = 0; i < v->n_parts; i++) {
        s->part_state[i] = v->parts[i].state;
        s->part_status[i] = v->parts[i].command_status;
        s->part_stage[i] = v->parts[i].stage;
        strv_copy(v->parts[i].carrier_id, s->part_id[i], sizeof(s->part_id[i]));
    }
    return true;
}

struct seen *fx_get(struct fx *f, uint64_t id)
{
    static struct seen s;
    memset(&s, 0, sizeof(s));
    bool found = spool_get_message(f->r, id, see, &s);
    assert_int_equal(found, s.found);
    return &s;
}

enum message_state fx_state(struct fx *f, uint64_t id)
{
    return fx_get(f, id)->v.state;
}

struct spool_counts fx_counts(struct fx *f, uint32_t campaign)
{
    struct spool_counts c;
    spool_get_counts(f->r, campaign, &c);
    return c;
}

struct load {
    uint64_t *ids;
    size_t n;
    bool more, called;
};

static void loaded(void *ctx, struct spool_loaded **list, size_t n, bool more)
{
    struct load *l = ctx;
    l->called = true;
    l->n = n;
    l->more = more;
    for (size_t i = 0; i < n; i++) {
        l->ids[i] = list[i]->m.id;
        free(list[i]);
    }
    free(list);
}

size_t fx_load(struct fx *f, uint16_t carrier, enum message_class lane, uint64_t after, size_t max,
               uint64_t *ids, bool *more)
{
    struct load l = { .ids = ids };
    spool_load_ready(f->s, carrier, lane, after, max, loaded, &l);
    fx_sync(f);
    assert_true(l.called);
    if (more)
        *more = l.more;
    return l.n;
}
