#include "audience/piece.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

bool piece_any(const struct piece *p)
{
    uint64_t any = 0;
    if (p->kind != PIECE_BITMAP)
        return p->kind == PIECE_ALL || p->n > 0;
    for (size_t i = 0; i < PIECE_WORDS; i++)
        any |= p->words[i];
    return any != 0;
}

static void take_list(struct piece *p, const list_u16 *list, size_t n)
{
    p->kind = PIECE_LIST;
    p->list = list;
    p->n = n;
}

void piece_clear(struct piece *p)
{
    take_list(p, p->own, 0);
}

void piece_begin(struct piece *p, uint32_t number, const struct bitmap_container *c)
{
    static const uint8_t everybody[] = { 0, 0, 0xFF, 0xFF }; /* a run: its first, how many more */
    p->number = number;
    p->kind =
        c->kind == CONTAINER_RUNS && c->n == 1 && memcmp(c->p, everybody, 4) == 0 ? PIECE_ALL : PIECE_BITMAP;
    if (p->kind == PIECE_ALL)
        return;
    bitmap_container_words(c, p->words);
    if (words_count(p->words, PIECE_WORDS) == PIECE_BITS)
        p->kind = PIECE_ALL;
}

void piece_to_words(struct piece *p)
{
    if (p->kind != PIECE_BITMAP)
        memset(p->words, p->kind == PIECE_ALL ? 0xFF : 0, sizeof p->words);
    if (p->kind == PIECE_LIST)
        words_set_list(p->words, p->list, p->n);
    p->kind = PIECE_BITMAP;
}

void piece_copy(struct piece *p, const struct piece *from)
{
    p->number = from->number;
    p->kind = from->kind;
    p->list = from->list;
    p->n = from->n;
    if (from->kind == PIECE_BITMAP)
        memcpy(p->words, from->words, sizeof p->words);
}

bool piece_to_list(struct piece *p)
{
    if (p->kind == PIECE_LIST)
        return true;
    if (p->kind == PIECE_ALL || words_count(p->words, PIECE_WORDS) > SET_LIST_MOST)
        return false;
    take_list(p, p->own, words_list(p->words, p->own));
    return true;
}

void piece_filter(struct piece *p, const uint64_t *words, bool outside)
{
    const uint64_t flip = outside ? UINT64_MAX : 0;
    if (p->kind == PIECE_LIST) {
        take_list(p, p->own, list_filter_words(p->list, p->n, words, outside, p->own));
        return;
    }
    const bool all = p->kind == PIECE_ALL;
    p->kind = PIECE_BITMAP;
    for (size_t i = 0; all && i < PIECE_WORDS; i++)
        p->words[i] = words[i] ^ flip;
    for (size_t i = 0; !all && i < PIECE_WORDS; i++)
        p->words[i] &= words[i] ^ flip;
}

bool piece_and(struct piece *p, const struct bitmap_container *c)
{
    uint64_t words[PIECE_WORDS];
    if (c->kind == CONTAINER_ARRAY && p->kind != PIECE_LIST) {
        const list_u16 *list = (const list_u16 *)(const void *)c->p;
        if (p->kind == PIECE_ALL)
            take_list(p, list, c->n);
        else
            take_list(p, p->own, list_filter_words(list, c->n, p->words, false, p->own));
        return list_ascends(p->list, p->n);
    }
    if (p->kind == PIECE_ALL) {
        bitmap_container_words(c, p->words);
        p->kind = PIECE_BITMAP;
        return true;
    }
    bitmap_container_words(c, words);
    piece_filter(p, words, false);
    return true;
}

bool piece_pack(struct piece *p, struct set_packer *out)
{
    if (p->kind == PIECE_LIST)
        return set_packer_list(out, (uint16_t)p->number, p->list, p->n);
    piece_to_words(p);
    return set_packer_words(out, (uint16_t)p->number, p->words, words_count(p->words, PIECE_WORDS));
}
