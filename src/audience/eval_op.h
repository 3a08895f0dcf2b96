/* A tree made ready to be asked of one piece of 65,536 customers (piece.h) after the other. Conditions are
 * prepared once: `not` goes down to them, what asks for members of stored sets side by side is one operation,
 * and the cheapest are first. What has no such form here is asked of eval_cond, piece by piece or, when it
 * must look at everybody, once. Internal to eval_op*.c and eval_piece.c. */
#ifndef TESSERA_AUDIENCE_EVAL_OP_H
#define TESSERA_AUDIENCE_EVAL_OP_H

#include "audience/eval_internal.h"
#include "audience/piece.h"
#include "store/columns.h"

enum op_kind {
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_HAS_ALL, /* members of stored sets: of tags, of customers with a text */
    OP_HAS_ANY,
    OP_HAS_NONE,
    OP_SCAN,    /* a column against a test */
    OP_COUNT,   /* a small count of events */
    OP_NUMBERS, /* a number of events that is an integer */
    OP_VALUES,  /* numbers of everybody, at hand */
    OP_SET,     /* a set, at hand */
    OP_ASK,     /* eval_cond, of the piece */
};

struct stored_set {
    uint16_t field;
    uint32_t code;     /* 0: a text nobody has */
    struct strv ahead; /* its container of the piece after the one looked at */
    uint64_t next;     /* and that piece's number, and 1; 0: not looked for yet */
};

struct op {
    enum op_kind kind;
    const struct query_node *node;
    struct op **kids; /* AND, OR, NOT */
    size_t n_kids;
    struct eval_test test; /* SCAN, COUNT, NUMBERS, VALUES */
    struct column_reader column;
    struct stored_set *sets; /* HAS_... */
    size_t n_sets;
    struct fold *fold;     /* COUNT, NUMBERS */
    uint8_t low, high;     /* COUNT */
    unsigned reach;        /* COUNT: of few events */
    struct eval_numbers x; /* VALUES */
    struct audience_set *set;
};

/* NULL: error. With `negated`, of those for whom the node is not true. */
struct op *op_make(struct eval *ev, const struct query_node *node, bool negated,
                   const struct audience_set *everybody);
void op_free(struct op *op);
/* Whether all of it reads the store and nothing else that is the evaluation's: another one may then do the
 * same beside it, on another thread. */
bool op_divides(const struct op *op);
/* Keeps of the piece what it is true of. */
bool op_run(struct eval *ev, struct op *op, struct piece *p);

#endif
