/* Personal texts: "Hello {{first_name|default:"there"}}". Parsed once, rendered for each recipient over a
 * callback that looks fields up. Pure; a parsed template is immutable and may be rendered by any thread.
 *
 *   {{ name [| filter[:argument]]... }}     white space inside the braces is free
 *   filters: default:"text"  upper  lower  title  truncate:N (characters as a reader counts them)
 *   a literal "{{" is written {{"{{"}}: a quoted text may stand in place of a name; \" and \\ inside quotes
 *
 * A field without a value and without default renders as nothing and is reported. `default` also replaces an
 * empty value. */
#ifndef TESSERA_DOMAIN_TEMPLATE_H
#define TESSERA_DOMAIN_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_MAX_TEXT   40000 /* octets of source */
#define TEMPLATE_MAX_RENDER 40000 /* octets of one rendered text */
#define TEMPLATE_MAX_FIELDS 64    /* different names in one template */

struct template;

/* The names that may be used, for checking and suggestions; NULL or count 0: any name is taken. */
struct template_names {
    const char *const *names;
    size_t count;
};

/* NULL with ERR_INVALID: "column 7: unknown field "frist_name"; did you mean "first_name"?" (columns count
 * characters from 1). */
struct template *template_parse(struct strv text, const struct template_names *known, struct err *e);
void template_free(struct template *t);

/* The fields used, in order of first use. */
size_t template_field_count(const struct template *t);
const char *template_field(const struct template *t, size_t i);
bool template_is_constant(const struct template *t); /* no field in it */

/* Gives the value of field i (template_field(t, i)); false = no value. The view must live until the render
 * ends. */
typedef bool template_lookup(void *ctx, size_t field, const char *name, struct strv *value);

struct template_report {
    unsigned missing;     /* fields that had no value and no default */
    size_t first_missing; /* index of the first of them */
};
/* Appends to out. False: ERR_LIMIT or ERR_NOMEM. `report` may be NULL. Values that are not UTF-8 are cleaned.
 */
bool template_render(const struct template *t, template_lookup *lookup, void *ctx, struct buf *out,
                     struct template_report *report, struct err *e);

#endif
