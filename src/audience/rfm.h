/* Recency, frequency, monetary: the names of classes by their three scores. The built-in ones are the eleven
 * in common use; a table of the configuration replaces them (conf/rfm_classes.tsv has them to begin with). A
 * row is a name and three ranges of scores; the first row that holds is the class, and who fits none has
 * none. Immutable. */
#ifndef TESSERA_AUDIENCE_RFM_H
#define TESSERA_AUDIENCE_RFM_H

#include "base/err.h"
#include "base/strv.h"

#include <stddef.h>
#include <stdint.h>

#define RFM_SCORES 5
#define RFM_CELLS  (RFM_SCORES * RFM_SCORES * RFM_SCORES)

struct rfm_class {
    struct strv name;
    struct {
        uint8_t from, to; /* 1..5, both included */
    } r, f, m;
};

struct rfm_classes;

/* A table with the columns class, r, f, m; scores as "4" or "4-5". NULL with *e: file, line and what is
 * wrong.
 */
struct rfm_classes *rfm_classes_load(const char *path, struct err *e);
struct rfm_classes *rfm_classes_from(struct strv text, const char *name, struct err *e);
void rfm_classes_free(struct rfm_classes *c); /* NULL is fine */

/* NULL: the built-in ones. */
const struct rfm_class *rfm_classes_rows(const struct rfm_classes *c, size_t *n);
/* The class of three scores, 1..5 each; NULL when no row holds. */
const struct rfm_class *rfm_class_of(const struct rfm_classes *c, unsigned r, unsigned f, unsigned m);

/* Three scores as one number 1..RFM_CELLS, and back. */
static inline unsigned rfm_cell(unsigned r, unsigned f, unsigned m)
{
    return 1 + ((r - 1) * RFM_SCORES + f - 1) * RFM_SCORES + m - 1;
}
static inline void rfm_scores(unsigned cell, unsigned *r, unsigned *f, unsigned *m)
{
    *r = 1 + (cell - 1) / (RFM_SCORES * RFM_SCORES);
    *f = 1 + (cell - 1) / RFM_SCORES % RFM_SCORES;
    *m = 1 + (cell - 1) % RFM_SCORES;
}

#endif
