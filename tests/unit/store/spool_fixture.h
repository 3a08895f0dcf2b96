/* A spool in a scratch directory with a clock that stands still, and calls that wait for their result. */
#ifndef TESSERA_TESTS_SPOOL_FIXTURE_H
#define TESSERA_TESTS_SPOOL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/spool.h"

#define T0 INT64_C(1700000000000000)

struct fx {
    char dir[64];
    struct clock clock;
    struct spool_options o;
    struct spool *s;
    struct spool_reader *r;
};

/* What came back of one operation. */
struct got {
    unsigned calls;
    enum err_code code;
    uint64_t id;
    bool has_settled;
    struct spool_settled settled;
};

int fx_setup(void **state);    /* opens an empty one */
int fx_teardown(void **state); /* closes, removes the directory */
void fx_open(struct fx *f);
void fx_close(struct fx *f);
void fx_reopen(struct fx *f);
void fx_remove(struct fx *f);
void fx_sync(struct fx *f);                            /* until every callback has run */
void fx_done(void *ctx, const struct spool_result *r); /* ctx: struct got * or NULL */

struct message fx_message(uint64_t to); /* transactional, carrier 1, one part, text and sender */
uint64_t fx_accept(struct fx *f, const struct message *m, enum message_state state, usec_t until);
uint64_t fx_claimed(struct fx *f, const struct message *m);
struct got fx_claim(struct fx *f, uint64_t id);
struct got fx_answer(struct fx *f, uint64_t id, unsigned part, uint32_t status, const char *carrier_id);
struct got fx_move(struct fx *f, uint64_t id, enum message_state to, enum message_reason reason,
                   usec_t until);
struct got fx_receipt(struct fx *f, const char *carrier_id, enum message_state state);

/* A message as read, with its strings copied. */
struct seen {
    bool found;
    struct spool_view v;
    char text[256], sender[32], ref[80];
    enum message_state part_state[256];
    uint32_t part_status[256];
    char part_id[256][24];
    enum spool_stage part_stage[256];
};
struct seen *fx_get(struct fx *f, uint64_t id); /* static storage */
enum message_state fx_state(struct fx *f, uint64_t id);
struct spool_counts fx_counts(struct fx *f, uint32_t campaign);

/* Ids of a look-ahead load; returns how many. */
size_t fx_load(struct fx *f, uint16_t carrier, enum message_class lane, uint64_t after, size_t max,
               uint64_t *ids, bool *more);

#endif
