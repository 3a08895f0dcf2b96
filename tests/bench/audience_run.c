/* Measures the audience through its own library, on the files of audience_gen:
 *
 *   audience_run import DIR CUSTOMERS.csv PURCHASES.csv    into DIR (made when missing), durable
 *   audience_run query DIR [RUNS] [NAME | TEXT]            the questions of audience_queries.h, all or one;
 * or any audience_run customer DIR [RUNS]                       one customer against Q5's eight conditions
 *   audience_run activity DIR [EVENTS] [BATCH]             receipts into the index, a transaction a batch
 *   audience_run watch DIR [SEGMENTS]                      so many watched segments, and two sweeps of them
 *   audience_run memory DIR                                what the process holds beyond the page cache
 *   audience_run verify DIR                                the index against the truth
 *
 * A query is measured from its text to the list of its ids: a view is begun, the text parsed and checked,
 * evaluated, the ids written to an array, the view ended. One line of JSON a measure; times in milliseconds.
 */
#include "audience/activity.h"
#include "audience/audience.h"
#include "audience/eval.h"
#include "audience/import.h"
#include "audience/segment.h"
#include "audience/watch.h"
#include "store/schema.h"
#include "tests/bench/audience_queries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NOW      (AUDIENCE_NOW_S * USEC_SEC)
#define CHUNK    ((size_t)64 << 20) /* octets of a file in one transaction */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static _Noreturn void fail(const char *what, const struct err *e)
{
    fprintf(stderr, "audience_run: %s: %s\n", what, e ? e->text : strerror(errno));
    exit(1);
}

static double now_ms(void)
{
    static const struct clock system_clock;
    return (double)clock_mono(&system_clock) / 1000;
}

/* Of all threads: what a query costs, also when others keep the machine busy. */
static double busy_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static struct audience *open_store(const char *dir)
{
    struct err e;
    const struct audience_options o = { .dir = dir };
    struct audience *a = audience_open(&o, &e);
    if (!a) {
        fail(dir, &e);
    }
    return a;
}

/* --- import --- */

static struct strv map_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) {
        fail(path, NULL);
    }
    void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        fail(path, NULL);
    }
    close(fd);
    return (struct strv){ p, (size_t)s.st_size };
}

static size_t chunk_end(struct strv file, size_t at)
{
    size_t end = file.n - at > CHUNK ? at + CHUNK : file.n;
    while (end < file.n && file.p[end - 1] != '\n') {
        end--;
    }
    return end;
}

static uint64_t import_file(struct audience *a, const char *path, enum audience_import_kind kind,
                            const char *session)
{
    struct err e;
    struct strv file = map_file(path);
    const struct audience_import_options o = {
        .session = strv_from(session),
        .kind = kind,
        .event = strv_from("purchase"),
        .now = NOW,
        .mapping = strv_from(kind == IMPORT_EVENTS ? "id=id" : "") /* so that a purchase is stored once */
    };
    struct audience_import *im = audience_import_begin(a, &o, &e);
    double began = now_ms(), cpu = cpu_ms();
    for (size_t at = 0, end; im && at < file.n; at = end) {
        end = chunk_end(file, at);
        audience_import_soon(im, strv_sub(file, end, chunk_end(file, end) - end));
        if (!audience_import_chunk(im, at, strv_sub(file, at, end - at), end == file.n, &e)) {
            fail(path, &e);
        }
    }
    if (!im) {
        fail(path, &e);
    }
    const struct audience_import_progress *p = audience_import_progress(im);
    uint64_t rows = p->rows;
    printf("{\"measure\":\"import "
           "%s\",\"rows\":%llu,\"rejected\":%llu,\"ms\":%.1f,\"cpu_ms\":%.1f,\"rows_s\":%.0f}\n",
           session, (unsigned long long)rows, (unsigned long long)p->rejected, now_ms() - began,
           cpu_ms() - cpu, (double)rows / (now_ms() - began) * 1000);
    fflush(stdout);
    audience_import_free(im);
    munmap((void *)(uintptr_t)file.p, file.n);
    return rows;
}

static void run_import(const char *dir, const char *customers, const char *purchases)
{
    struct err e;
    struct stat s;
    char path[4096];
    struct audience *a = open_store(dir);
    double began = now_ms();
    uint64_t rows = import_file(a, customers, IMPORT_CUSTOMERS, "customers");
    rows += import_file(a, purchases, IMPORT_EVENTS, "purchases");
    double ms = now_ms() - began;
    struct audience_view *v = audience_view_begin(a, &e);
    struct catalog_usage usage;
    if (!v) {
        fail("view", &e);
    }
    audience_get_usage(v, &usage);
    audience_view_end(v);
    audience_close(a);
    snprintf(path, sizeof path, "%s/audience.mdb", dir);
    if (stat(path, &s) != 0) {
        fail(path, NULL);
    }
    printf("{\"measure\":\"import\",\"rows\":%llu,\"ms\":%.1f,\"rows_s\":%.0f,\"used_mb\":%.1f,\"file_mb\":%."
           "1f}\n",
           (unsigned long long)rows, ms, (double)rows / ms * 1000, (double)usage.used / 1e6,
           (double)s.st_blocks * 512 / 1e6);
}

/* --- queries --- */

struct answer {
    uint32_t *ids;
    size_t n, cap;
};

static uint64_t checksum(const struct answer *r)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < r->n; i++) {
        h = (h ^ r->ids[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

/* As the daemon has it by default, unless the environment says THREADS=1. */
static unsigned threads(void)
{
    const char *wanted = getenv("THREADS");
    return wanted ? (unsigned)strtoul(wanted, NULL, 10) : 2;
}

static struct audience_set *evaluate(struct audience_view *v, const char *text)
{
    struct err e;
    struct query_error qe;
    const struct eval_options o = { .now = NOW, .threads = threads() };
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    if (!q) {
        fprintf(stderr, "audience_run: %s: %s\n", text, qe.text);
        exit(1);
    }
    struct audience_set *set = eval_query(v, q, &o, NULL, &e);
    if (!set) {
        fail(text, &e);
    }
    query_free(q);
    return set;
}

static struct audience_view *view(struct audience *a)
{
    struct err e;
    struct audience_view *v = audience_view_begin(a, &e);
    if (!v) {
        fail("view", &e);
    }
    return v;
}

static double ask(struct audience *a, const char *text, struct answer *out)
{
    double began = now_ms();
    struct audience_view *v = view(a);
    struct audience_set *set = evaluate(v, text);
    size_t n = (size_t)audience_set_count(set);
    if (n > out->cap) {
        out->ids = realloc(out->ids, n * sizeof *out->ids);
        out->cap = n;
    }
    out->n = audience_set_read(set, 0, out->ids, n);
    audience_set_free(set);
    audience_view_end(v);
    return now_ms() - began;
}

/* Q6: the counts go where ids would. */
static double ask_overlaps(struct audience *a, struct answer *out)
{
    double began = now_ms();
    struct audience_view *v = view(a);
    struct audience_set *sets[AUDIENCE_OVERLAPS];
    uint64_t counts[AUDIENCE_OVERLAPS * AUDIENCE_OVERLAPS];
    out->n = 0;
    if (!out->cap) {
        out->cap = AUDIENCE_OVERLAPS * AUDIENCE_OVERLAPS;
        out->ids = malloc(out->cap * sizeof *out->ids);
    }
    for (unsigned i = 0; i < AUDIENCE_OVERLAPS; i++) {
        char text[64];
        snprintf(text, sizeof text, AUDIENCE_OVERLAP_TEXT, i + 1);
        sets[i] = evaluate(v, text);
    }
    if (!audience_sets_overlap((const struct audience_set *const *)sets, AUDIENCE_OVERLAPS, threads(),
                               counts)) {
        fail("overlaps", NULL);
    }
    for (unsigned i = 0; i < AUDIENCE_OVERLAPS; i++) {
        for (unsigned k = 0; k <= i; k++) {
            out->ids[out->n++] = (uint32_t)counts[i * AUDIENCE_OVERLAPS + k];
        }
    }
    for (unsigned i = 0; i < AUDIENCE_OVERLAPS; i++) {
        audience_set_free(sets[i]);
    }
    audience_view_end(v);
    return now_ms() - began;
}

static int time_cmp(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct audience *a, const char *name, const char *text, unsigned runs)
{
    struct answer r = { 0 };
    double *ms = calloc(runs, sizeof *ms), *cpu = calloc(runs, sizeof *cpu);
    for (unsigned i = 0; i < runs + 2; i++) { /* the first two warm up */
        double before = busy_ms();
        double took = text ? ask(a, text, &r) : ask_overlaps(a, &r);
        ms[i < 2 ? 0 : i - 2] = took;
        cpu[i < 2 ? 0 : i - 2] = busy_ms() - before;
    }
    qsort(ms, runs, sizeof *ms, time_cmp);
    qsort(cpu, runs, sizeof *cpu, time_cmp);
    printf("{\"measure\":\"%s\",\"median_ms\":%.4f,\"p95_ms\":%.4f,\"least_ms\":%.4f,\"cpu_ms\":%.4f,"
           "\"runs\":%u,\"members\":"
           "%zu,"
           "\"checksum\":\"%016llx\"}\n",
           name, ms[runs / 2], ms[(runs * 95) / 100 < runs ? (runs * 95) / 100 : runs - 1], ms[0],
           cpu[runs / 2], runs, r.n, (unsigned long long)checksum(&r));
    fflush(stdout);
    free(ms);
    free(cpu);
    free(r.ids);
}

static void run_queries(struct audience *a, unsigned runs, const char *only)
{
    bool known = !only || strcmp(only, "Q6") == 0;
    for (size_t i = 0; i < COUNT(audience_questions); i++) {
        if (!only || strcmp(only, audience_questions[i].name) == 0) {
            measure(a, audience_questions[i].name, audience_questions[i].text, runs);
            known = true;
        }
    }
    if (!only || strcmp(only, "Q6") == 0) {
        measure(a, "Q6", NULL, runs);
    }
    if (!known) {
        measure(a, "query", only, runs);
    }
}

/* --- one customer --- */

static void run_customer(struct audience *a, unsigned runs)
{
    struct err e;
    struct query_error qe;
    const struct eval_options o = { .now = NOW };
    struct audience_view *v = view(a);
    uint32_t n = (uint32_t)audience_count(v), members = 0;
    const char *text = audience_questions[4].text;
    struct query *q = segment_parse(v, strv_from(text), NULL, &qe);
    struct eval_one *one = q ? eval_one_new(v, q, &o, NULL, &e) : NULL; /* once for all of them */
    double began = now_ms();
    for (unsigned i = 0; one && i < runs; i++) {
        bool in;
        if (!eval_one_test(one, (uint32_t)((uint64_t)i * 7919 % n), &in, &e)) {
            fail(text, &e);
        }
        members += in;
    }
    printf("{\"measure\":\"customer\",\"us\":%.3f,\"runs\":%u,\"members\":%u}\n",
           (now_ms() - began) * 1000 / runs, runs, members);
    eval_one_free(one);
    query_free(q);
    audience_view_end(v);
}

/* --- activity --- */

/* Receipts and messages of customers anywhere, the hour before now; customers' ids are known, as they are of
 * messages of campaigns; every eighth is inbound and comes with its number only. */
static void activity_make(struct audience_activity *list, size_t n, uint64_t from, uint32_t customers)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t seq = from + i, r = seq * UINT64_C(0x9e3779b97f4a7c15) >> 20;
        uint32_t customer = (uint32_t)(r % customers);
        list[i] = (struct audience_activity){
            .seq = seq,
            .event = i % 8 ? EVENT_DELIVERED : EVENT_INBOUND,
            .number = UINT64_C(999000000000) + (uint64_t)customer * 387420489 % 1000000000,
            .customer = i % 8 ? customer + 1 : 0,
            .campaign = i % 8 ? (uint32_t)(1 + seq / 100000) : 0,
            .at = NOW - USEC_HOUR + (usec_t)(i * 10),
        };
    }
}

static void run_activity(struct audience *a, size_t events, size_t batch)
{
    struct err e;
    struct audience_view *v = view(a);
    uint32_t customers = (uint32_t)audience_count(v);
    audience_view_end(v);
    struct audience_activity *list = calloc(batch, sizeof *list);
    uint64_t seq = audience_feed_seq(a) + 1;
    double *ms = calloc(events / batch + 1, sizeof *ms);
    double began = now_ms(), cpu = cpu_ms(), making = 0;
    size_t done = 0, batches = 0;
    for (; done < events; done += batch, batches++) {
        struct audience_feed_result result;
        double before = now_ms();
        activity_make(list, batch, seq + done, customers);
        making += now_ms() - before;
        before = now_ms();
        if (!audience_apply_feed(a, list, batch, seq + done + batch - 1, NULL, &result, &e)) {
            fail("activity", &e);
        }
        ms[batches] = now_ms() - before;
        if (result.applied != batch) {
            fprintf(stderr, "audience_run: %zu of %zu applied\n", result.applied, batch);
            exit(1);
        }
    }
    double took = now_ms() - began - making;
    qsort(ms, batches, sizeof *ms, time_cmp);
    printf("{\"measure\":\"activity\",\"events\":%zu,\"batch\":%zu,\"ms\":%.1f,\"cpu_ms\":%.1f,\"events_s\":%"
           ".0f,"
           "\"visible_ms_median\":%.1f,\"visible_ms_most\":%.1f}\n",
           done, batch, took, cpu_ms() - cpu, (double)done / took * 1000, ms[batches / 2], ms[batches - 1]);
    free(ms);
    free(list);
}

/* --- memory --- */

static long status_kb(const char *field)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kb = -1;
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, field, strlen(field)) == 0) {
            kb = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    if (f) {
        fclose(f);
    }
    return kb;
}

static void run_memory(struct audience *a)
{
    long most = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(audience_questions); i++) {
            struct answer r = { 0 };
            ask(a, audience_questions[i].text, &r);
            long kb = status_kb("RssAnon:");
            most = kb > most ? kb : most;
            free(r.ids);
        }
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("{\"measure\":\"memory\",\"anonymous_mb\":%.1f,\"mapped_mb\":%.1f,\"peak_rss_mb\":%.1f}\n",
           (double)most / 1024, (double)status_kb("RssFile:") / 1024, (double)u.ru_maxrss / 1024);
}

static void run_verify(struct audience *a)
{
    struct err e;
    struct audience_view *v = view(a);
    double began = now_ms();
    if (!audience_verify(v, &e)) {
        fail("verify", &e);
    }
    printf("{\"measure\":\"verify\",\"ms\":%.1f}\n", now_ms() - began);
    audience_view_end(v);
}

static size_t number(int argc, char **argv, int at, size_t otherwise)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

/* --- watching --- */

static const char *const watched[] = {
    "tier = \"gold\"",
    "count(purchase, last 90 days) >= 2",
    "count(delivered, last 24 hours) >= 1",
    "not count(inbound, last 168 hours) = 0 and country = \"DE\"",
    "tags has \"tag003\" and days_since(purchase) > 60",
};

/* Segments "watched-0" and so on, n of them; all others of this name are removed. */
static void watch_segments(struct audience *a, size_t n)
{
    const struct segment_by by = { .now = NOW };
    for (size_t i = 0; i < 100; i++) {
        struct err e = { 0 };
        char name[40];
        snprintf(name, sizeof name, "watched-%zu", i);
        const struct strv query = strv_from(watched[i % COUNT(watched)]);
        if (i < n ? !segment_save(a, strv_from(name), query, SEGMENT_PUT, NULL, &by, NULL, &e)
                  : !segment_delete(a, strv_from(name), &by, &e) && e.code != ERR_NOT_FOUND) {
            fail(name, &e);
        }
    }
}

/* Looks at all, as the daemon does: what must be evaluated is stored by itself. */
static void watch_sweep(struct audience *a, const char *measure, usec_t now)
{
    struct err e;
    char name[SEGMENT_MAX_NAME + 1] = "";
    const struct eval_options o = { .now = now };
    uint64_t looks = 0, evaluated = 0;
    double began = now_ms(), cpu = busy_ms();
    for (bool more = true; more;) {
        struct watch_look look = { .first = false };
        struct audience_view *v = view(a);
        more = watch_next(v, strv_from(name), name);
        if (more && !watch_look(v, strv_from(name), &o, false, &look, &e)) {
            fail(name, &e);
        }
        audience_view_end(v);
        if (more && !watch_store(a, &look, 1, &e)) {
            fail(name, &e);
        }
        looks += more;
        evaluated += look.evaluated;
        watch_look_free(&look);
    }
    printf("{\"measure\":\"%s\",\"segments\":%llu,\"evaluated\":%llu,\"ms\":%.1f,\"cpu_ms\":%.1f}\n", measure,
           (unsigned long long)looks, (unsigned long long)evaluated, now_ms() - began, busy_ms() - cpu);
}

static void run_watch(struct audience *a, size_t segments)
{
    watch_segments(a, segments);
    watch_sweep(a, "sweep", NOW);
    watch_sweep(a, "sweep again", NOW);
    watch_sweep(a, "sweep a minute later", NOW + USEC_MINUTE);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[1] : "";
    if (strcmp(mode, "import") == 0 && argc == 5) {
        run_import(argv[2], argv[3], argv[4]);
        return 0;
    }
    static const char *const modes[] = { "query", "customer", "activity", "memory", "verify", "watch" };
    size_t which = 0;
    while (which < COUNT(modes) && strcmp(mode, modes[which]) != 0) {
        which++;
    }
    if (which == COUNT(modes)) {
        fprintf(stderr,
                "usage: audience_run import DIR CUSTOMERS.csv PURCHASES.csv | query DIR [RUNS] [NAME] |\n"
                "       customer DIR [RUNS] | activity DIR [EVENTS] [BATCH] | memory DIR | verify DIR |\n"
                "       watch DIR [SEGMENTS]\n");
        return 2;
    }
    struct audience *a = open_store(argv[2]);
    switch (which) {
    case 0: run_queries(a, (unsigned)number(argc, argv, 3, 21), argc > 4 ? argv[4] : NULL); break;
    case 1: run_customer(a, (unsigned)number(argc, argv, 3, 100000)); break;
    case 2: run_activity(a, number(argc, argv, 3, 1000000), number(argc, argv, 4, 50000)); break;
    case 3: run_memory(a); break;
    case 4: run_verify(a); break;
    case 5: run_watch(a, number(argc, argv, 3, 20)); break;
    default: break;
    }
    audience_close(a);
    return 0;
}
