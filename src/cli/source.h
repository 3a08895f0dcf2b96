/* A file to import, or standard input, read as pieces that end where a record ends. */
#ifndef TESSERA_CLI_SOURCE_H
#define TESSERA_CLI_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "cli/split.h"

#include <stdbool.h>
#include <stdint.h>

struct source {
    int fd;
    bool seekable; /* a file; else it can be read only once, and its size is not known */
    uint64_t size;
    char name[256]; /* without folders, for people */
    struct split split;
    /* --- where reading is --- */
    uint64_t offset; /* of what is in `octets` */
    struct buf octets;
    bool at_end;
};

/* "-" is standard input. `piece` octets a piece, at most SPLIT_MAX_PIECE. */
bool source_open(struct source *s, const char *path, size_t piece, size_t max_records, struct err *e);
void source_close(struct source *s);
/* The same for the same octets, whatever the file is called; for standard input never the same. */
bool source_fingerprint(struct source *s, uint64_t *out, struct err *e);
/* Goes to the beginning of a record; false with *e where that is not possible. */
bool source_seek(struct source *s, uint64_t offset, struct err *e);
/* The piece at s->offset, a view until the next call; *last: nothing follows. */
bool source_peek(struct source *s, struct strv *piece, bool *last, struct err *e);
/* Goes on behind it. */
void source_take(struct source *s, struct strv piece);

#endif
