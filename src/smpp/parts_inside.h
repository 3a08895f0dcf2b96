/* Between parts.c, which splits, and parts_plan.c, which chooses: a text in one alphabet with its tables. */
#ifndef TESSERA_SMPP_PARTS_INSIDE_H
#define TESSERA_SMPP_PARTS_INSIDE_H

#include "smpp/parts.h"

struct parts_coding {
    enum alphabet alphabet;
    struct shift shift;
    const struct shift_map *map; /* of `shift`, when that is not the default; else NULL */
    enum alphabet wire;          /* in which GSM7 is written */
};

struct parts_estimate parts_count_coded(struct strv utf8, const struct parts_coding *c, enum parts_mode mode);
/* As parts_plan; `scratch` is what it works in. */
struct parts_estimate parts_plan_with(struct strv utf8, const struct parts_options *o, struct buf *scratch);

/* Whether the text can go as the carrier's default alphabet: counted as septets, written in `wire`. */
static inline bool parts_is_plain(struct strv utf8, enum alphabet wire)
{
    return alphabet_can_encode(ALPHABET_GSM7, utf8) &&
           (wire == ALPHABET_GSM7 || alphabet_can_encode(wire, utf8));
}

static inline bool parts_is_shifted(struct shift s)
{
    return s.single || s.locking;
}

#endif
