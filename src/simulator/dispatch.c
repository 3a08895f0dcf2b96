/* Deliveries: they wait for their time, then for a client with room, then for its answer. What is not
 * answered for good is sent again, as a carrier does. */
#include "simulator/impl.h"

#include <stdlib.h>

#define DISPATCH_RETRY        USEC_SEC
#define DISPATCH_ATTEMPTS_MAX 1000

static struct delivery *dispatch_of(struct heap_node *n)
{
    return (struct delivery *)(void *)n; /* `due` is its first member */
}

static void dispatch_drop(struct simulator *s, struct delivery *d)
{
    s->stats.waiting--;
    free(d);
}

static void dispatch_arm(struct simulator *s)
{
    struct heap_node *first = heap_min(&s->waiting);
    loop_timer_at(&s->timer, first ? first->key : USEC_NEVER);
}

/* A heap keeps no order among equals: what is due at the same instant goes a microsecond apart, in its order.
 */
static usec_t dispatch_spread(struct simulator *s, usec_t due)
{
    if (due == s->due_asked)
        return ++s->due_given;
    s->due_asked = s->due_given = due;
    return due;
}

static void dispatch_wait(struct simulator *s, struct delivery *d, usec_t delay)
{
    if (heap_push(&s->waiting, &d->due, dispatch_spread(s, loop_now(s->loop) + delay)))
        dispatch_arm(s);
    else
        dispatch_drop(s, d);
}

void dispatch_add(struct simulator *s, struct delivery *d, usec_t delay)
{
    s->stats.waiting++;
    if (delivery_is_receipt(d))
        s->stats.receipts_made++;
    else
        s->stats.inbound_made++;
    dispatch_wait(s, d, delay);
}

/* The first that waits. There may be millions, but a client seldom asks for this. */
static struct delivery *dispatch_find(const struct simulator *s, uint64_t id, bool replies)
{
    for (size_t i = 0; i < s->waiting.count; i++) {
        struct delivery *d = dispatch_of(s->waiting.nodes[i]);
        if (d->id == id || (replies && d->follows == id))
            return d;
    }
    return NULL;
}

void dispatch_forget(struct simulator *s, uint64_t id, bool replies)
{
    for (struct delivery *d; (d = dispatch_find(s, id, replies));) {
        heap_remove(&s->waiting, &d->due);
        *(delivery_is_receipt(d) ? &s->stats.receipts_made : &s->stats.inbound_made) -= 1;
        dispatch_drop(s, d);
    }
    dispatch_arm(s);
}

void dispatch_wake(struct simulator *s)
{
    loop_defer(&s->dispatch);
}

void dispatch_on_timer(void *arg)
{
    struct simulator *s = arg;
    usec_t now = loop_now(s->loop);
    for (struct heap_node *n; (n = heap_min(&s->waiting)) && n->key <= now;) {
        heap_pop(&s->waiting);
        struct delivery *d = dispatch_of(n);
        struct account *a = d->account ? d->account : s->any;
        if (!ring_push(&a->ready, &d))
            dispatch_drop(s, d);
    }
    dispatch_arm(s);
    dispatch_wake(s);
}

static void dispatch_log(struct simulator *s, const struct delivery *d, const struct peer *p,
                         const char *event, const char *status)
{
    if (!journal_on(&s->journal))
        return;
    struct messageid id = messageid_format(s->o.receipt_id_form, d->id);
    struct journal_line line = { .event = event,
                                 .account = strv_from(p->account->system_id),
                                 .from = strv_from(d->from.digits),
                                 .to = strv_from(d->to.digits),
                                 .status = status };
    if (delivery_is_receipt(d))
        line.message_id = strv_from(id.s);
    impl_log(s, &line);
}

static bool dispatch_send(struct peer *p, struct delivery *d)
{
    struct simulator *s = p->sim;
    struct delivery_pdu pdu;
    if (d->attempts == 0)
        d->done = impl_wall(s);
    delivery_write(d, s->o.receipt_id_form, &s->scratch, &pdu);
    if (!session_submit_sm(p->session, &pdu.sm, pdu.tlvs, pdu.tlv_count, (uint64_t)(uintptr_t)d,
                           loop_now(s->loop)))
        return false;
    d->attempts++;
    bool receipt = delivery_is_receipt(d);
    if (receipt)
        s->stats.receipts_sent++;
    else
        s->stats.inbound_sent++;
    dispatch_log(s, d, p, receipt ? "receipt" : "inbound", receipt ? smpp_state_name(d->state) : NULL);
    peer_touch(p);
    return true;
}

/* The next client of the account with room, in turn; `a` NULL: of any account. */
static struct peer *dispatch_receiver(struct simulator *s, const struct account *a)
{
    struct peer *start = s->turn ? s->turn : s->peers, *p = start;
    while (p) {
        if (p->account && (!a || p->account == a) && session_window_room(p->session)) {
            s->turn = p->next;
            return p;
        }
        p = p->next ? p->next : s->peers;
        if (p == start)
            break;
    }
    return NULL;
}

static void dispatch_ready(struct simulator *s, struct account *a, const struct account *of)
{
    for (struct delivery **d; (d = ring_peek(&a->ready));) {
        struct peer *p = dispatch_receiver(s, of);
        if (!p || !dispatch_send(p, *d))
            break;
        ring_pop(&a->ready, NULL);
    }
}

void dispatch_on_task(void *arg)
{
    struct simulator *s = arg;
    for (struct account *a = s->accounts; a; a = a->next)
        dispatch_ready(s, a, a);
    dispatch_ready(s, s->any, NULL);
}

void dispatch_answered(struct peer *p, uint64_t token, uint32_t status)
{
    struct simulator *s = p->sim;
    struct delivery *d = (struct delivery *)(uintptr_t)token;
    bool receipt = delivery_is_receipt(d), done = status == SMPP_ESME_ROK;
    dispatch_log(s, d, p, receipt ? "receipt-ack" : "inbound-ack",
                 smpp_status_name(status) ? smpp_status_name(status) : "unknown status");
    if (done)
        *(receipt ? &s->stats.receipts_acked : &s->stats.inbound_acked) += 1;
    if (!done && smpp_status_class(status) != SMPP_CLASS_PERMANENT && d->attempts < DISPATCH_ATTEMPTS_MAX) {
        s->stats.redelivered++;
        dispatch_wait(s, d, DISPATCH_RETRY);
        return;
    }
    if (!done)
        *(receipt ? &s->stats.receipts_refused : &s->stats.inbound_refused) += 1;
    dispatch_drop(s, d);
}

void dispatch_lost(struct peer *p, uint64_t token)
{
    struct simulator *s = p->sim;
    struct delivery *d = (struct delivery *)(uintptr_t)token;
    struct account *a = d->account ? d->account : s->any;
    s->stats.redelivered++;
    if (ring_push_front(&a->ready, &d))
        dispatch_wake(s);
    else
        dispatch_drop(s, d);
}

void dispatch_free_all(struct simulator *s)
{
    struct delivery *d;
    for (struct heap_node *n; (n = heap_pop(&s->waiting));)
        free(dispatch_of(n));
    for (struct account *a = s->accounts; a; a = a->next)
        while (ring_pop(&a->ready, &d))
            free(d);
    while (s->any && ring_pop(&s->any->ready, &d))
        free(d);
    heap_free(&s->waiting);
}
