/* A scratch audience environment for a test: made in its own directory, removed at the end. */
#ifndef TESSERA_TESTS_AUDIENCE_STORE_H
#define TESSERA_TESTS_AUDIENCE_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/catalog.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char dir[64];
    struct catalog *catalog;
    struct catalog_txn *txn;
};

static inline void scratch_remove(const char *dir)
{
    DIR *d = opendir(dir);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[400];
        snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
        unlink(path);
    }
    if (d) {
        closedir(d);
    }
    rmdir(dir);
}

static inline void scratch_open(struct scratch *s)
{
    const struct catalog_options o = { .dir = s->dir, .map_size = (size_t)256 << 20, .nosync = true };
    struct err e = { 0 };
    s->catalog = catalog_open(&o, &e);
    if (!s->catalog) {
        fail_msg("open: %s", e.text);
    }
}

static inline void scratch_begin(struct scratch *s, bool write)
{
    struct err e = { 0 };
    s->txn = write ? catalog_begin_write(s->catalog, &e) : catalog_begin_read(s->catalog, &e);
    if (!s->txn) {
        fail_msg("begin: %s", e.text);
    }
}

static inline void scratch_commit(struct scratch *s)
{
    struct err e = { 0 };
    bool ok = catalog_commit(s->txn, &e);
    s->txn = NULL;
    if (!ok) {
        fail_msg("commit: %s", e.text);
    }
}

static inline void scratch_end(struct scratch *s)
{
    catalog_end(s->txn);
    s->txn = NULL;
}

static inline int scratch_setup(void **state)
{
    struct scratch *s = calloc(1, sizeof(*s));
    strcpy(s->dir, "/tmp/tessera-audience-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    scratch_open(s);
    *state = s;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *s = *state;
    catalog_end(s->txn);
    catalog_close(s->catalog);
    scratch_remove(s->dir);
    free(s);
    return 0;
}

static inline void scratch_reopen(struct scratch *s)
{
    catalog_close(s->catalog);
    scratch_open(s);
}

#endif
