#include "session/window.h"

#include <stdlib.h>

bool window_init(struct window *w, uint32_t max, uint32_t first_sequence)
{
    uint32_t slots = 64;
    while (slots < 4 * max)
        slots *= 2;
    *w = (struct window){ .mask = slots - 1, .limit = max, .max = max, .next = first_sequence };
    w->slots = calloc(slots, sizeof *w->slots);
    return w->slots != NULL;
}

void window_free(struct window *w)
{
    free(w->slots);
    *w = (struct window){ 0 };
}

uint32_t window_room(const struct window *w)
{
    return w->waiting < w->limit ? w->limit - w->waiting : 0;
}

/* Ends: at most `max` of at least 4 * max places wait. */
uint32_t window_draw(struct window *w)
{
    uint32_t sequence;
    do {
        sequence = w->next;
        w->next = sequence >= WINDOW_SEQUENCE_MAX ? 1 : sequence + 1;
    } while (w->slots[sequence & w->mask].place == WINDOW_WAITING);
    return sequence;
}

uint32_t window_add(struct window *w, uint32_t command, uint64_t token, usec_t now)
{
    uint32_t sequence = window_draw(w);
    uint32_t link = (sequence & w->mask) + 1;
    w->slots[link - 1] = (struct window_slot){ .token = token,
                                               .sent = now,
                                               .sequence = sequence,
                                               .command = command,
                                               .older = w->newest,
                                               .place = WINDOW_WAITING };
    if (w->newest)
        w->slots[w->newest - 1].newer = link;
    else
        w->oldest = link;
    w->newest = link;
    w->waiting++;
    return sequence;
}

static void window_unlink(struct window *w, struct window_slot *slot)
{
    if (slot->older)
        w->slots[slot->older - 1].newer = slot->newer;
    else
        w->oldest = slot->newer;
    if (slot->newer)
        w->slots[slot->newer - 1].older = slot->older;
    else
        w->newest = slot->older;
    w->waiting--;
}

enum window_answer window_answer(struct window *w, uint32_t sequence, uint32_t command, uint64_t *token,
                                 usec_t *sent)
{
    struct window_slot *slot = &w->slots[sequence & w->mask];
    if (slot->place == WINDOW_FREE || slot->sequence != sequence)
        return WINDOW_UNKNOWN;
    if (slot->place == WINDOW_ANSWERED)
        return WINDOW_DUPLICATE;
    if (command && command != slot->command)
        return WINDOW_MISMATCH;
    enum window_answer answer = slot->place == WINDOW_WAITING ? WINDOW_OK : WINDOW_LATE;
    if (answer == WINDOW_OK)
        window_unlink(w, slot);
    slot->place = WINDOW_ANSWERED;
    *token = slot->token;
    *sent = slot->sent;
    return answer;
}

usec_t window_oldest_sent(const struct window *w)
{
    return w->oldest ? w->slots[w->oldest - 1].sent : USEC_NEVER;
}

bool window_expire(struct window *w, usec_t before, uint64_t *token)
{
    if (!w->oldest || w->slots[w->oldest - 1].sent > before)
        return false;
    struct window_slot *slot = &w->slots[w->oldest - 1];
    window_unlink(w, slot);
    slot->place = WINDOW_EXPIRED;
    *token = slot->token;
    return true;
}
