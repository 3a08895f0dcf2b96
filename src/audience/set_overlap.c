/* How many customers each two of some sets have in common: container after container, each set's as words
 * once, which then are in the cache for all the pairs. */
#include "audience/set_packed.h"
#include "audience/words.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define ALONE 32u /* containers that are not worth a thread */

/* What is asked, and what the threads share. */
struct overlap {
    const struct audience_set *const *sets;
    size_t n;
    uint32_t containers;
    atomic_uint_fast32_t next; /* container that nobody has taken */
};

/* What one thread works with. */
struct part {
    struct overlap *o;
    struct set_reader *readers;
    uint64_t (*words)[WORDS_OF_CONTAINER];
    const uint64_t **there; /* of the container: the words of those that have it, ... */
    size_t *which;          /* ... and which they are */
    uint64_t *sums, *counts;
    bool ok;
};

static void part_close(struct part *p)
{
    for (size_t i = 0; p->readers && i < p->o->n; i++)
        set_reader_close(&p->readers[i]);
    free(p->readers);
    free(p->words);
    free(p->there);
    free(p->which);
    free(p->sums);
    free(p->counts);
}

static bool part_open(struct part *p)
{
    const size_t n = p->o->n + 1;
    p->words = malloc(n * sizeof *p->words);
    p->readers = calloc(n, sizeof *p->readers);
    p->there = calloc(n, sizeof *p->there);
    p->which = calloc(n, sizeof *p->which);
    p->sums = calloc(n, sizeof *p->sums);
    p->counts = calloc(n * n, sizeof *p->counts);
    bool ok = p->words && p->readers && p->there && p->which && p->sums && p->counts;
    for (size_t i = 0; ok && i < p->o->n; i++)
        ok = set_reader_open(&p->readers[i], p->o->sets[i]);
    return ok;
}

static void part_container(struct part *p, uint32_t container)
{
    const size_t n = p->o->n;
    struct bitmap_container c;
    for (size_t i = 0, k = 0; i < n; i++) {
        if (!set_reader_seek(&p->readers[i], container, &c))
            continue;
        p->which[k] = i;
        p->there[k] = p->words[k];
        if (c.kind == CONTAINER_BITSET && (uintptr_t)c.p % sizeof(uint64_t) == 0)
            p->there[k] = (const uint64_t *)(const void *)c.p;
        else
            bitmap_container_words(&c, p->words[k]);
        k++;
        memset(p->sums, 0, k * sizeof *p->sums);
        words_and_counts(p->there[k - 1], p->there, k, p->sums);
        for (size_t j = 0; j < k; j++)
            p->counts[i * n + p->which[j]] += p->sums[j];
    }
}

static void *part_run(void *arg)
{
    struct part *p = arg;
    p->ok = part_open(p);
    while (p->ok) {
        const uint32_t container = (uint32_t)atomic_fetch_add(&p->o->next, 1);
        if (container >= p->o->containers)
            break;
        part_container(p, container);
    }
    return NULL;
}

/* The second thread: whoever sends goes first. */
static void *part_help(void *arg)
{
    setpriority(PRIO_PROCESS, 0, 5);
    return part_run(arg);
}

bool audience_sets_overlap(const struct audience_set *const *sets, size_t n, unsigned threads,
                           uint64_t *counts)
{
    struct overlap o = { .sets = sets, .n = n };
    struct part own = { .o = &o }, other = { .o = &o, .ok = true };
    pthread_t thread;
    for (size_t i = 0; i < n; i++) {
        const uint32_t most = audience_set_empty(sets[i]) ? 0 : roaring_bitmap_maximum(sets[i]->r);
        o.containers = (most >> 16) + 1 > o.containers ? (most >> 16) + 1 : o.containers;
    }
    const bool helped =
        threads > 1 && o.containers > ALONE && pthread_create(&thread, NULL, part_help, &other) == 0;
    part_run(&own);
    if (helped)
        pthread_join(thread, NULL);
    const bool ok = own.ok && other.ok;
    for (size_t i = 0; ok && i < n; i++)
        for (size_t k = 0; k <= i; k++) {
            const uint64_t count = own.counts[i * n + k] + (helped ? other.counts[i * n + k] : 0);
            counts[i * n + k] = counts[k * n + i] = count;
        }
    part_close(&own);
    part_close(&other);
    return ok;
}
