/* The facts as they are in conf/, for tests of what is decided by them: facts_setup() in a setup, then
 * `facts`. */
#ifndef TESSERA_TEST_FACTS_FIXTURE_H
#define TESSERA_TEST_FACTS_FIXTURE_H

#include "base/civil.h"
#include "engine/facts.h"

#include <stdio.h>
#include <stdlib.h>

static struct facts_shared *shared;
static struct facts *facts;

static inline usec_t at(const char *text)
{
    int64_t t;
    bool offset, time;
    assert_true(civil_parse(strv_from(text), &t, &offset, &time));
    return t;
}

static inline int facts_setup(const char *zone, usec_t quiet_margin)
{
    static char dir[1024];
    struct err e = { 0 };
    snprintf(dir, sizeof dir, "%s/conf", getenv("TESSERA_SRC") ? getenv("TESSERA_SRC") : ".");
    struct facts_options o = {
        .dir = dir, .zone = zone, .quiet_margin = quiet_margin, .low_confidence = true
    };
    shared = facts_shared_load(dir, &e);
    facts = shared ? facts_new(shared, &o, &e) : NULL;
    if (facts == NULL) {
        print_error("%s\n", e.text);
    }
    return facts == NULL;
}

static inline int facts_teardown(void **state)
{
    (void)state;
    facts_free(facts);
    facts_shared_free(shared);
    return 0;
}

#endif
