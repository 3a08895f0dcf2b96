#include "store/spool_ids.h"

#include "base/hash.h"
#include "smpp/receipt.h"
#include "store/spool_core.h"

#include <stdio.h>
#include <string.h>

enum { LETTER_ANSWER = 1, LETTER_RECEIPT = 2 };

#define IDFORM_VERSION 1
#define COUNT_MAX      999 /* evidence is counted so far */
#define POINTS_LETTER  4
#define POINTS_NUMBER  2
#define POINTS_DIGITS  1
#define POINTS_LEARNED 12
#define POINTS_MAX     10000
#define DOMINANCE      3
#define STRANGERS      3 /* with so many, and none confirmed, the carrier's numbers are not to be trusted */
#define CONTRARY_MAX   8 /* unlearned after so many */
#define PROBE_RARELY   16
#define PROBE_ALWAYS   8   /* after so many misses in a row */
#define SWEEP_SLICE    128 /* receipts looked at again a transaction */
#define SWEEP_EVERY    USEC_MINUTE
#define NUMBER_LEAST   1000000 /* what is shorter is no subscriber */
#define SWEEP_AT_ONCE  1000    /* with more, not whenever there is nothing under way */
#define SWEEP_BACK     (10 * USEC_MINUTE)

/* --- keys --- */

static struct strv msgid_view(const struct smpp_msgid *m)
{
    return env_view(m->s, m->n);
}

static uint64_t key_of(uint16_t carrier, struct strv text)
{
    return hash_u64(hash_stable(text.p, text.n) + carrier);
}

uint64_t spool_ids_key(uint16_t carrier, struct strv id)
{
    struct smpp_msgid m;
    return key_of(carrier, smpp_msgid_canonical(id, MSGID_TEXT, &m) ? msgid_view(&m) : strv_sub(id, 0, 255));
}

/* The other id of the same message, by a form that is not SAME; false when the id has no such reading. */
static bool translate(enum spool_id_form f, struct strv id, bool from_receipt, struct smpp_msgid *out)
{
    bool from_decimal = (f == SPOOL_IDS_HEX_DEC) == from_receipt;
    return from_decimal ? smpp_msgid_canonical(id, MSGID_DEC, out) : smpp_msgid_decimal(id, out);
}

/* What tells of a form: not text, and not digits alone. */
enum spelling { SPELLING_TEXT, SPELLING_DIGITS, SPELLING_LETTERS };

static enum spelling spelling_of(struct strv s)
{
    bool letter = false;
    s = strv_trim(s);
    while (s.n > 1 && s.p[0] == '0')
        s = strv_sub(s, 1, s.n - 1);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            letter = true;
        else if (c < '0' || c > '9')
            return SPELLING_TEXT;
    }
    if (s.n > 20 || (letter && s.n > 16)) /* no number of 64 bits */
        return SPELLING_TEXT;
    return letter ? SPELLING_LETTERS : SPELLING_DIGITS;
}

/* --- what is known of a carrier --- */

static size_t place_of(uint16_t carrier)
{
    return carrier < SPOOL_CARRIERS ? carrier : SPOOL_CARRIERS;
}

static void form_changed(struct spool_core *c, size_t at)
{
    c->ids.changed[at] = c->ids.any_changed = true;
}

static enum spool_id_form form_in_use(struct spool_core *c, size_t at)
{
    uint8_t set = atomic_load_explicit(&c->ids.set[at], memory_order_relaxed);
    return (enum spool_id_form)(set != SPOOL_IDS_AUTO ? set : c->ids.form[at].learned);
}

static void sweep_begin(struct spool_ids *x, usec_t since)
{
    x->sweeping = true;
    x->sweep_at = UINT64_MAX;
    x->sweep_since = since;
}

/* What the letters alone suggest; AUTO: nothing. */
static enum spool_id_form form_lean(const struct spool_idform *f)
{
    switch (f->letters) {
    case LETTER_ANSWER: return SPOOL_IDS_HEX_DEC;
    case LETTER_RECEIPT: return SPOOL_IDS_DEC_HEX;
    case LETTER_ANSWER | LETTER_RECEIPT: return SPOOL_IDS_SAME;
    default: return SPOOL_IDS_AUTO;
    }
}

static void note_letters(struct spool_core *c, size_t at, enum spelling s, uint8_t whose)
{
    struct spool_idform *f = &c->ids.form[at];
    if (s == SPELLING_LETTERS && !(f->letters & whose)) {
        f->letters |= whose;
        form_changed(c, at);
    }
}

static void learn(struct spool_core *c, size_t at)
{
    struct spool_idform *f = &c->ids.form[at];
    for (unsigned i = SPOOL_IDS_SAME; i < SPOOL_ID_FORMS; i++) {
        unsigned others = 0;
        for (unsigned k = SPOOL_IDS_SAME; k < SPOOL_ID_FORMS; k++)
            others += k == i ? 0 : f->points[k];
        if (f->points[i] < POINTS_LEARNED || f->points[i] <= DOMINANCE * others)
            continue;
        f->learned = (uint8_t)i;
        f->contrary = 0;
        sweep_begin(&c->ids, INT64_MIN);
    }
}

static void note_seen(struct spool_core *c, size_t at, enum spool_id_form form, unsigned points)
{
    struct spool_idform *f = &c->ids.form[at];
    if (f->seen[form] < COUNT_MAX) { /* written now and then only: it is for people */
        f->seen[form]++;
        if ((f->seen[form] & (f->seen[form] - 1)) == 0 || f->seen[form] == COUNT_MAX)
            form_changed(c, at);
        else
            c->ids.any_changed = true;
    }
    if (points == 0 || f->learned != SPOOL_IDS_AUTO)
        return;
    if (f->points[form] >= POINTS_MAX) { /* mixed habits for long: what counts is how much more the one has */
        for (unsigned i = SPOOL_IDS_SAME; i < SPOOL_ID_FORMS; i++)
            f->points[i] /= 2;
    }
    f->points[form] = (uint16_t)(f->points[form] + points);
    form_changed(c, at);
    learn(c, at);
}

static void note_contrary(struct spool_core *c, size_t at)
{
    struct spool_idform *f = &c->ids.form[at];
    form_changed(c, at);
    if (++f->contrary < CONTRARY_MAX)
        return;
    *f = (struct spool_idform){ .version = IDFORM_VERSION }; /* other habits: learn them anew */
    sweep_begin(&c->ids, INT64_MIN);
}

void spool_ids_answered(struct spool_core *c, uint16_t carrier, struct strv id)
{
    size_t at = place_of(carrier);
    if (!(c->ids.form[at].letters & LETTER_ANSWER))
        note_letters(c, at, spelling_of(id), LETTER_ANSWER);
}

/* --- whose number --- */

enum match { MATCH_UNKNOWN, MATCH_NO, MATCH_YES };

/* The same, or one of them without its country code: at least seven digits. */
bool spool_ids_number_same(uint64_t a, uint64_t b)
{
    uint64_t less = a < b ? a : b, more = a < b ? b : a, unit = 10000000;
    if (a == b)
        return true;
    if (less < NUMBER_LEAST)
        return false;
    while (unit <= less)
        unit *= 10;
    return more % unit == less;
}

static enum match number_match(const struct spool_idform *f, uint64_t message, uint64_t to, uint64_t other)
{
    if (to < NUMBER_LEAST || message == 0) /* the message of somebody who was erased */
        return MATCH_UNKNOWN;
    if (spool_ids_number_same(message, to) || (other && spool_ids_number_same(message, other)))
        return MATCH_YES;
    return f->elsewhere >= STRANGERS && f->confirmed == 0 ? MATCH_UNKNOWN : MATCH_NO;
}

/* --- choosing between forms --- */

struct reading {
    enum spool_id_form form;
    enum match match;
    bool letter; /* in one of the two ids: nothing but this form explains them, whatever the digits */
    uint64_t key, value;
    struct spool_record *r;
};

static bool lean_allows(enum spool_id_form lean, const struct reading *k)
{
    if (k->form == SPOOL_IDS_SAME)
        return true;
    return lean == k->form || (lean == SPOOL_IDS_AUTO && k->letter);
}

/* The one of `n` that explains the receipt, or NULL: none does, or several do. `forms`: how many readings the
 * id has, found or not. */
static struct reading *choose(struct reading *k, unsigned n, unsigned forms, enum spool_id_form lean)
{
    struct reading *yes = NULL, *maybe = NULL;
    unsigned n_yes = 0, n_maybe = 0;
    if (n && forms == 1)
        return &k[0]; /* it cannot be anything else */
    for (unsigned i = 0; i < n; i++) {
        if (k[i].match == MATCH_YES && n_yes++ == 0)
            yes = &k[i];
        if (k[i].match == MATCH_UNKNOWN && lean_allows(lean, &k[i]) && (n_maybe++ == 0 || k[i].form == lean))
            maybe = &k[i];
    }
    if (n_yes > 0)
        return n_yes == 1 ? yes : NULL;
    return n_maybe == 1 || (maybe && maybe->form == lean) ? maybe : NULL;
}

static unsigned points_of(const struct reading *k, unsigned forms, enum spelling s, enum spool_id_form lean)
{
    if (k->letter || s == SPELLING_TEXT)
        return POINTS_LETTER;
    if (forms == 1)
        return 0; /* both readings are the same digits */
    if (k->form == SPOOL_IDS_SAME && lean != SPOOL_IDS_AUTO && lean != SPOOL_IDS_SAME)
        return 0; /* by chance the same digits, as it seems */
    return k->match == MATCH_YES ? POINTS_NUMBER : POINTS_DIGITS;
}

void spool_ids_in_flight(struct spool_core *c, uint16_t carrier, bool on)
{
    uint32_t *n = &c->ids.in_flight[place_of(carrier)];
    if (on) {
        ++*n;
    } else if (*n > 0 && --*n == 0 && c->ids.form[place_of(carrier)].learned == SPOOL_IDS_AUTO) {
        c->ids.calm = true; /* nothing is under way: what waits may be told apart now */
    }
}

static bool reading_found(struct spool_core *c, const struct spool_ids_ask *a, struct reading *k)
{
    if (!spool_index_last(&c->rid, &c->t, k->key, &k->value))
        return false;
    k->r = spool_block_find(&c->blocks, &c->t, k->value >> 8);
    if (!k->r || (k->value & 255) >= k->r->parts)
        return false;
    k->match = number_match(&c->ids.form[place_of(a->carrier)], k->r->to, a->to, a->other);
    return true;
}

/* Every reading of the receipt's id but `but`, those of which a message is there; *forms: all of them. */
static unsigned readings_found(struct spool_core *c, const struct spool_ids_ask *a, enum spool_id_form but,
                               struct reading out[SPOOL_ID_FORMS], unsigned *forms)
{
    bool letter = spelling_of(a->id) == SPELLING_LETTERS;
    uint64_t same = spool_ids_key(a->carrier, a->id);
    unsigned n = 0;
    *forms = 1;
    for (unsigned f = SPOOL_IDS_SAME; f < SPOOL_ID_FORMS; f++) {
        struct smpp_msgid m;
        struct reading *k = &out[n];
        *k = (struct reading){ .form = (enum spool_id_form)f, .key = same, .letter = letter };
        if (f != SPOOL_IDS_SAME) {
            if (!translate(k->form, a->id, true, &m) || (k->key = key_of(a->carrier, msgid_view(&m))) == same)
                continue;
            ++*forms;
            k->letter = letter || spelling_of(msgid_view(&m)) == SPELLING_LETTERS;
        }
        if (k->form != but && reading_found(c, a, k))
            n++;
    }
    return n;
}

static void found_set(struct spool_ids_found *out, const struct reading *k)
{
    *out = (struct spool_ids_found){ k->value >> 8, (unsigned)(k->value & 255), k->r };
}

static void note_stranger(struct spool_core *c, size_t at, const struct reading *k, unsigned n)
{
    struct spool_idform *f = &c->ids.form[at];
    for (unsigned i = 0; i < n; i++) {
        if (k[i].match != MATCH_NO)
            return;
    }
    if (n > 0 && f->elsewhere < COUNT_MAX) {
        f->elsewhere++;
        form_changed(c, at);
    }
}

/* While nothing has been learned. What one form explains speaks for it, but it is not acted upon while
 * responses are under way: what another form has may be among them. */
static bool find_unlearned(struct spool_core *c, const struct spool_ids_ask *a, struct spool_ids_found *out)
{
    size_t at = place_of(a->carrier);
    struct spool_idform *f = &c->ids.form[at];
    struct reading k[SPOOL_ID_FORMS];
    unsigned forms, n = readings_found(c, a, SPOOL_IDS_AUTO, k, &forms);
    enum spelling s = spelling_of(a->id);
    note_letters(c, at, s, LETTER_RECEIPT);
    enum spool_id_form lean = form_lean(f);
    struct reading *one = choose(k, n, forms, lean);
    if (!one) {
        if (a->when == ASKED_FIRST)
            note_stranger(c, at, k, n);
        return false;
    }
    if (a->when != ASKED_AGAIN) {
        f->confirmed += one->match == MATCH_YES && f->confirmed < COUNT_MAX;
        note_seen(c, at, one->form, points_of(one, forms, s, lean));
    }
    found_set(out, one);
    return forms == 1 || c->ids.in_flight[at] == 0 || f->learned == one->form;
}

/* The learned form does not explain this receipt, or gives a message to another number. Does another one? */
static bool find_contrary(struct spool_core *c, const struct spool_ids_ask *a, enum spool_id_form form,
                          struct spool_ids_found *out)
{
    struct reading k[SPOOL_ID_FORMS], *one = NULL;
    unsigned forms, n = readings_found(c, a, form, k, &forms), fit = 0;
    for (unsigned i = 0; i < n; i++) {
        bool fits = k[i].match == MATCH_YES || (k[i].match == MATCH_UNKNOWN && k[i].letter);
        if (fits && !message_state_final((enum message_state)k[i].r->state) && fit++ == 0)
            one = &k[i];
    }
    if (fit != 1)
        return false;
    found_set(out, one);
    note_contrary(c, place_of(a->carrier));
    return true;
}

static bool find_missed(struct spool_core *c, const struct spool_ids_ask *a, enum spool_id_form form)
{
    size_t at = place_of(a->carrier);
    struct spool_ids_found other;
    if (a->when != ASKED_FIRST ||
        atomic_load_explicit(&c->ids.set[at], memory_order_relaxed) != SPOOL_IDS_AUTO)
        return false;
    uint16_t n = ++c->ids.misses[at];
    if (n >= PROBE_ALWAYS || n % PROBE_RARELY == 0)
        find_contrary(c, a, form, &other); /* counted; applied when it has been learned */
    if (n > PROBE_ALWAYS)
        c->ids.misses[at] = PROBE_ALWAYS;
    return false;
}

bool spool_ids_find(struct spool_core *c, const struct spool_ids_ask *a, struct spool_ids_found *out)
{
    size_t at = place_of(a->carrier);
    enum spool_id_form form = form_in_use(c, at);
    struct smpp_msgid m;
    struct reading k = { .form = form };
    bool other = form == SPOOL_IDS_HEX_DEC || form == SPOOL_IDS_DEC_HEX;
    if (form == SPOOL_IDS_AUTO)
        return find_unlearned(c, a, out);
    k.key = other && translate(form, a->id, true, &m) ? key_of(a->carrier, msgid_view(&m))
                                                      : spool_ids_key(a->carrier, a->id);
    if (!reading_found(c, a, &k))
        return find_missed(c, a, form);
    found_set(out, &k);
    c->ids.misses[at] = 0;
    if (k.match == MATCH_NO && c->ids.form[at].confirmed > 0 &&
        atomic_load_explicit(&c->ids.set[at], memory_order_relaxed) == SPOOL_IDS_AUTO)
        find_contrary(c, a, form, out);
    else
        note_seen(c, at, form, 0);
    return true;
}

/* --- a response, and a receipt that came before it --- */

/* The receipt that waits under this key, if the message it is about can be told now. */
static void waiting_try(struct spool_core *c, uint64_t key)
{
    struct spool_orphan one;
    struct spool_ids_found f;
    if (!spool_orphan_get(&c->orphans, &c->t, key, &one))
        return;
    struct spool_ids_ask a = { one.carrier, env_view(one.id, one.n_id), one.to, one.other, ASKED_MET };
    if (!spool_ids_find(c, &a, &f))
        return;
    spool_orphan_del(&c->orphans, &c->t, key);
    spool_apply_kept(c, &f, &one);
}

void spool_ids_waiting(struct spool_core *c, uint16_t carrier, struct strv id)
{
    enum spool_id_form form = form_in_use(c, place_of(carrier));
    uint64_t same = spool_ids_key(carrier, id), key;
    struct smpp_msgid m;
    bool other = form == SPOOL_IDS_HEX_DEC || form == SPOOL_IDS_DEC_HEX;
    if (form != SPOOL_IDS_AUTO) {
        waiting_try(c, other && translate(form, id, false, &m) ? key_of(carrier, msgid_view(&m)) : same);
        return;
    }
    waiting_try(c, same);
    for (unsigned f = SPOOL_IDS_HEX_DEC; f < SPOOL_ID_FORMS; f++) {
        if (translate((enum spool_id_form)f, id, false, &m) &&
            (key = key_of(carrier, msgid_view(&m))) != same)
            waiting_try(c, key);
    }
}

/* --- what waits, looked through again --- */

bool spool_ids_busy(const struct spool_core *c)
{
    return c->ids.sweeping;
}

static void sweep_due(struct spool_core *c)
{
    struct spool_ids *x = &c->ids;
    if (atomic_exchange(&x->set_changed, false)) {
        sweep_begin(x, INT64_MIN);
    } else if (!x->sweeping && x->calm && c->orphans.count > 0 && c->orphans.count <= SWEEP_AT_ONCE) {
        sweep_begin(x, c->now - SWEEP_BACK);
    } else if (!x->sweeping && (c->now >= x->sweep_again || x->sweep_again > c->now + SWEEP_EVERY)) {
        x->sweep_again = c->now + SWEEP_EVERY;
        sweep_begin(x, c->now - SWEEP_BACK);
    }
    x->calm = false;
}

/* The next ones below sweep_at, copied: they are deleted while one goes on. */
static size_t sweep_read(struct spool_core *c, struct spool_orphan out[SWEEP_SLICE])
{
    struct spool_ids *x = &c->ids;
    struct env_cursor cur;
    struct env_key k;
    size_t n = 0;
    env_cursor_open(&cur, &c->t, SPOOL_ORPHAN);
    bool more = env_cursor_seek_le(&cur, env_key1(&k, x->sweep_at));
    while (more && n < SWEEP_SLICE && spool_orphan_read(cur.value, &out[n]) &&
           out[n].kept_at >= x->sweep_since) {
        x->sweep_at = env_key_u64(cur.key, 0) - 1;
        n++;
        more = env_cursor_prev(&cur);
    }
    env_cursor_close(&cur);
    return n;
}

void spool_ids_sweep(struct spool_core *c)
{
    struct spool_orphan one[SWEEP_SLICE];
    sweep_due(c);
    if (!c->ids.sweeping)
        return;
    if (c->orphans.count == 0) {
        c->ids.sweeping = false;
        return;
    }
    usec_t since = c->ids.sweep_since;
    size_t n = sweep_read(c, one);
    c->ids.sweeping = n == SWEEP_SLICE;
    for (size_t i = 0; i < n; i++) {
        struct spool_ids_ask a = { one[i].carrier, env_view(one[i].id, one[i].n_id), one[i].to, one[i].other,
                                   ASKED_AGAIN };
        struct spool_ids_found f;
        bool learned = form_in_use(c, place_of(a.carrier)) != SPOOL_IDS_AUTO;
        if ((learned && since != INT64_MIN) || !spool_ids_find(c, &a, &f))
            continue; /* by a learned form it would have been found when it came */
        spool_orphan_del(&c->orphans, &c->t, one[i].key);
        spool_apply_kept(c, &f, &one[i]);
    }
}

/* --- stored --- */

static void show(struct spool_core *c, size_t at)
{
    const struct spool_idform *f = &c->ids.form[at];
    uint64_t v = f->learned;
    for (unsigned i = SPOOL_IDS_SAME; i < SPOOL_ID_FORMS; i++)
        v = v << 10 | f->seen[i];
    atomic_store(&c->ids.shown[at], v << 10 | f->elsewhere);
}

/* What is in flight by carrier; seldom: at open, and after an aborted transaction. */
static void load_in_flight(struct spool_core *c)
{
    struct env_cursor cur;
    uint64_t id = 0;
    memset(c->ids.in_flight, 0, sizeof(c->ids.in_flight));
    env_cursor_open(&cur, &c->t, SPOOL_QUEUE);
    while ((id = spool_queue_next(&cur, SPOOL_FLIGHT_LANE, id)) != 0) {
        const struct spool_record *r = spool_block_find(&c->blocks, &c->t, id);
        if (r)
            spool_ids_in_flight(c, r->carrier, true);
    }
    env_cursor_close(&cur);
}

/* As a version before this one kept it: letters seen, in the meta table. */
static void load_letters(struct spool_core *c)
{
    uint64_t n = env_meta_get(&c->t, "id_form_carriers");
    for (uint64_t i = 0; i < n && i < SPOOL_CARRIERS; i++) {
        char name[32];
        snprintf(name, sizeof(name), "id_form_%u", (unsigned)i);
        c->ids.form[i].letters = (uint8_t)(env_meta_get(&c->t, name) & (LETTER_ANSWER | LETTER_RECEIPT));
    }
}

static struct strv doc_key(uint8_t key[3], size_t at)
{
    key[0] = SPOOL_DOC_IDS;
    be_put16(key + 1, (uint16_t)at);
    return env_view(key, 3);
}

void spool_ids_load(struct spool_core *c)
{
    struct spool_ids *x = &c->ids;
    struct env_cursor cur;
    uint8_t key[3];
    memset(x->form, 0, sizeof(x->form));
    memset(x->changed, 0, sizeof(x->changed));
    memset(x->misses, 0, sizeof(x->misses));
    x->any_changed = x->sweeping = false;
    load_in_flight(c);
    load_letters(c);
    env_cursor_open(&cur, &c->t, SPOOL_DOC);
    bool more = env_cursor_seek_ge(&cur, env_view(doc_key(key, 0).p, 1));
    for (; more && cur.key.n == 3 && (uint8_t)cur.key.p[0] == SPOOL_DOC_IDS; more = env_cursor_next(&cur)) {
        size_t at = be_get16((const uint8_t *)cur.key.p + 1);
        if (at < SPOOL_CARRIERS && cur.value.n == sizeof(x->form[at]))
            memcpy(&x->form[at], cur.value.p, sizeof(x->form[at]));
    }
    env_cursor_close(&cur);
    for (size_t i = 0; i < SPOOL_CARRIERS; i++) {
        if (x->form[i].learned >= SPOOL_ID_FORMS)
            x->form[i] = (struct spool_idform){ 0 };
        show(c, i);
    }
}

void spool_ids_write(struct spool_core *c)
{
    struct spool_ids *x = &c->ids;
    uint8_t key[3];
    for (size_t i = 0; x->any_changed && i < SPOOL_CARRIERS; i++) {
        x->form[i].version = IDFORM_VERSION;
        if (x->changed[i])
            env_put(&c->t, SPOOL_DOC, doc_key(key, i), env_view(&x->form[i], sizeof(x->form[i])));
        x->changed[i] = false;
        show(c, i);
    }
    x->any_changed = false;
}
