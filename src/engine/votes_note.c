/* What somebody votes for, put into a set of the customer: "TASTE TEA" makes interests have TEA. Done on the
 * audience writer for the feed's inbound messages, before the feed's number is stored. A member that is there
 * stays: so what is repeated after a kill changes nothing, and nothing answered is missed. Only the message's
 * own vote: what was taken out of the set since an earlier one stays out. */
#include "engine/internal.h"

#include "audience/amend.h"

#include <stdlib.h>
#include <string.h>

#define NOTE_BATCH 512      /* changes of a transaction */
#define NOTE_WALK  1024     /* newer messages of a number that are looked through for the feed's, at most, */
#define NOTE_BACK  USEC_DAY /* and how far the clock may have been set back meanwhile */

/* --- on the loop: the votes that write, as their names and documents --- */

void votes_put_noting(const struct engine *g, struct buf *out)
{
    for (size_t i = 0; i < g->n_votes; i++) {
        const struct vote_spec *s = votes_at(g, i);
        struct buf doc = { 0 };
        if (s->field.n != 0) {
            votes_encode(s, &doc);
            buf_put_lstr(out, s->name);
            buf_put_lstr(out, (struct strv){ (const char *)doc.data, doc.len });
        }
        buf_free(&doc);
    }
}

/* --- on the audience writer --- */

struct noting {
    struct vote_spec *votes; /* options as members of a set: each behind IMPORT_MEMBER */
    size_t n;
    struct buf members;
    const struct engine_view *v;
    struct votes_noted *noted;
    struct err *err;
    uint64_t number; /* whose votes are looked at */
    usec_t at;       /* of the message */
    bool *asked;     /* of each of the votes: the message is for it */
    size_t waiting;
    struct amend_request requests[NOTE_BATCH];
    struct amend_field fields[NOTE_BATCH];
};

/* The field may have gone, or be something else, since the vote was made. */
static bool noting_field(struct noting *x, const struct audience_view *view, const struct vote_spec *s)
{
    const struct schema_field *f = schema_find_field(view->schema, s->field);
    if (f != NULL && f->type == SCHEMA_SET) {
        return true;
    }
    x->noted->refused++;
    strv_copy(strv_sub(s->name, 0, sizeof x->noted->vote - 1), x->noted->vote, sizeof x->noted->vote);
    strv_copy(strv_sub(s->field, 0, sizeof x->noted->field - 1), x->noted->field, sizeof x->noted->field);
    return false;
}

static void noting_members(struct noting *x, struct vote_spec *s)
{
    for (size_t i = 0; i < s->n_options; i++) {
        size_t at = x->members.len;
        buf_put_u8(&x->members, IMPORT_MEMBER);
        buf_put_strv(&x->members, s->options[i]);
        s->options[i] = (struct strv){ (const char *)x->members.data + at, x->members.len - at };
    }
}

static bool noting_load(struct noting *x, struct strv octets)
{
    struct rd r = rd_from(octets.p, octets.n);
    struct audience_view *view = audience_view_begin(x->v->audience, x->err);
    bool ok = view != NULL && buf_reserve(&x->members, 2 * octets.n);
    while (ok && rd_left(&r) != 0) {
        struct strv name = rd_lstr(&r), doc = rd_lstr(&r);
        struct vote_spec *p = realloc(x->votes, (x->n + 1) * sizeof *p);
        ok = p != NULL;
        x->votes = ok ? p : x->votes;
        if (ok && votes_decode(name, doc, &p[x->n], x->err) && noting_field(x, view, &p[x->n])) {
            noting_members(x, &p[x->n++]);
        }
    }
    audience_view_end(view);
    x->asked = ok ? calloc(x->n + 1, sizeof *x->asked) : NULL;
    ok = x->asked != NULL;
    return ok || x->err->code != ERR_NONE || err_set(x->err, ERR_NOMEM, "out of memory");
}

static bool noting_flush(struct noting *x)
{
    const struct amend_options o = { .now = x->v->now };
    size_t n = x->waiting;
    x->waiting = 0;
    return n == 0 || amend_customers(x->v->audience, &o, x->requests, n, x->err);
}

/* Marks the vote of the feed's message, which is not named there. */
static bool noting_message(void *ctx, const struct spool_inbound_view *m)
{
    struct noting *x = ctx;
    for (size_t i = 0; m->at == x->at && i < x->n; i++) {
        x->asked[i] = x->asked[i] || strv_eq(x->votes[i].name, m->vote);
    }
    return m->at >= x->at - NOTE_BACK;
}

/* A number that is no customer's stays none: its request is refused, and that is all. */
static bool noting_vote(void *ctx, struct strv vote, uint16_t option)
{
    struct noting *x = ctx;
    for (size_t i = 0; i < x->n; i++) {
        const struct vote_spec *s = &x->votes[i];
        if (x->asked[i] && strv_eq(s->name, vote) && option < s->n_options) {
            if (x->waiting == NOTE_BATCH && !noting_flush(x)) {
                return false;
            }
            struct amend_field *f = &x->fields[x->waiting];
            *f = (struct amend_field){ .name = s->field, .what = AMEND_EDIT, .add = s->options[option] };
            x->requests[x->waiting++] = (struct amend_request){ .msisdn = x->number, .fields = f, .n = 1 };
        }
    }
    return true;
}

bool votes_note(const struct engine_view *v, struct strv octets, const struct spool_feed *feed, size_t n,
                struct votes_noted *noted, struct err *e)
{
    *noted = (struct votes_noted){ 0 };
    if (octets.n == 0) {
        return true;
    }
    struct noting *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    x->v = v;
    x->noted = noted;
    x->err = e;
    bool ok = noting_load(x, octets) && e->code == ERR_NONE;
    for (size_t i = 0; ok && x->n != 0 && i < n; i++) {
        if (feed[i].kind == FEED_INBOUND && feed[i].number != 0) {
            x->number = feed[i].number;
            x->at = feed[i].at;
            memset(x->asked, 0, x->n * sizeof *x->asked);
            spool_find_inbound(v->spool, x->number, 0, NOTE_WALK, noting_message, x);
            spool_each_vote_of(v->spool, x->number, noting_vote, x);
            ok = e->code == ERR_NONE;
        }
    }
    ok = ok && noting_flush(x);
    free(x->votes);
    free(x->asked);
    buf_free(&x->members);
    free(x);
    return ok;
}
