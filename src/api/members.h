/* Reads a JSON object of a request into a struct, strictly: every member must be known, of its type and
 * within its bounds, and the required ones must be there. Errors name the member, what it must be, and for an
 * unknown one the nearest that exists. Pure; texts are views into the JSON, which must live as long. */
#ifndef TESSERA_API_MEMBERS_H
#define TESSERA_API_MEMBERS_H

#include "base/clock.h"
#include "base/err.h"
#include "base/strv.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum member_type {
    MEMBER_TEXT,    /* struct strv; min and max in octets */
    MEMBER_BOOL,    /* bool */
    MEMBER_INT,     /* int64_t; min and max */
    MEMBER_SECONDS, /* usec_t, from a number of seconds; min and max in microseconds */
    MEMBER_INSTANT, /* usec_t, from RFC 3339 with an offset */
    MEMBER_LOCAL,   /* usec_t, a reading of a clock as if it were UTC, from "2026-12-01T10:00" */
    MEMBER_TEXTS,   /* const json_t *, an array of texts that are not empty; min and max: how many */
    MEMBER_OBJECT,  /* const json_t *; min and max: how many members */
};

struct member {
    const char *name;
    enum member_type type;
    bool required;
    size_t at; /* offsetof in the struct that is filled */
    int64_t min, max;
};

#define MEMBER_MAX_EACH 1024 /* octets of one text of MEMBER_TEXTS */

/* Members that are not given (or, when optional, null) leave their place as it was: put defaults there. */
bool members_read(const json_t *object, const struct member *table, size_t n, void *out, struct err *e);

/* A text of a JSON string. */
struct strv member_text(const json_t *string);

/* The nearest of `names` (`n` of them) to one that is unknown; NULL when none is near. */
const char *nearest_name(struct strv name, const char *const *names, size_t n);

#endif
