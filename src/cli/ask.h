/* Asking the daemon and showing the answer: as the JSON it is, or drawn for people; once, or again every
 * second. What goes wrong is noted with cli_fail. */
#ifndef TESSERA_CLI_ASK_H
#define TESSERA_CLI_ASK_H

#include "cli/cli.h"

#include <jansson.h>

/* Draws an answer; NULL where there is nothing to say. */
typedef void ask_draw(struct cli *c, const json_t *doc, struct buf *out);

/* "/v1/segments/NAME": each escaped; ends with a NULL. */
struct buf ask_path(const char *segment, ...) __attribute__((sentinel));

/* The answer; NULL: failed, and noted. Takes over path and body (which may be NULL). */
json_t *ask(struct cli *c, const char *method, struct buf *path, json_t *body);
/* Asks and shows; the exit status. */
int ask_show(struct cli *c, const char *method, struct buf *path, json_t *body, ask_draw *draw);
/* Shows an answer that is there; takes it over. */
int ask_print(struct cli *c, json_t *doc, ask_draw *draw);
/* Notes the failure of an answer with an error status, or of a request without one. Returns the exit status.
 */
int ask_failed(struct cli *c, enum client_result result, const struct client_reply *r, const struct err *e);

/* Asks and draws every second until `complete` (NULL: never) says so or Ctrl-C; the last drawing stays. Where
 * standard output is no terminal, or with --json, only the last is shown. Takes over path. */
int ask_watch(struct cli *c, struct buf *path, ask_draw *draw, bool (*complete)(const json_t *doc));

/* Has the daemon begin what takes a while (POST of body), looks at it (GET) until it has ended and draws it
 * then; the exit status. Where standard error is a terminal, `progress` (NULL: nothing) writes over its line
 * there. Ctrl-C ends the looking only. Takes over path and body. */
typedef void ask_progress(const json_t *doc);
int ask_job(struct cli *c, struct buf *path, json_t *body, ask_progress *progress, ask_draw *draw);

/* The instant in the daemon's time, in RFC 3339; NULL: failed, and noted. */
const char *ask_instant(struct cli *c, const struct values_instant *t, char text[40]);

/* What --at and --at-local say, as the API wants it: *at in `at`, *local as it was given; NULL where it was
 * not. False: failed, and noted. */
bool ask_schedule(struct cli *c, char text[40], const char **at, const char **local);

/* What --tlv NAME=VALUE says, each time, into body as "tlvs". False: failed, and noted. */
bool ask_tlvs(struct cli *c, json_t *body);
/* {"a":1,"b":"x"} as "a=1 b=x"; "" when there are none. */
void ask_put_tlvs(struct buf *out, const json_t *tlvs);

/* Lists page by page: `name` is the member with the things. Takes over path, which may have a query already.
 */
struct ask_list {
    const char *name;
    const char *none; /* what is said when there is nothing */
    uint64_t limit;   /* UINT64_MAX = all */
    void (*columns)(struct table *t);
    void (*row)(struct table *t, const json_t *thing);
};
int ask_list_pages(struct cli *c, struct buf *path, const struct ask_list *l);
/* Lists that come whole. Takes over path. */
int ask_list_whole(struct cli *c, struct buf *path, const struct ask_list *l);

#endif
