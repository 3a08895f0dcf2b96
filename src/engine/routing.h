/* Which carrier takes a message: domain/route.h's decision with what the engine knows of the carriers'
 * health, and what follows when that changes: candidates of campaigns are decided about anew, and messages
 * that wait for a carrier that stays down are moved to one that is up. All on the loop. */
#ifndef TESSERA_ENGINE_ROUTING_H
#define TESSERA_ENGINE_ROUTING_H

#include "domain/failures.h"
#include "domain/route.h"
#include "engine/options.h"

struct campaign;
struct carrier;
struct engine;
struct outgoing;

/* Each carrier's part of it. */
struct carrier_routing {
    struct failures failures;
    usec_t unfit_since; /* mono; when its health left ROUTE_UP */
    usec_t look_again;  /* mono; its waiting messages are not looked at before */
    bool moving;        /* a batch of them is on its way through the store */
};

/* Appends the rules of the configuration; number(ctx, name) is a carrier's number. */
bool routing_add_rules(struct route *r, const struct engine_options *o,
                       int (*number)(const void *ctx, const char *name), const void *ctx, struct err *e);
/* `sender` as asked for, `tag` of the message; `m` NULL: of no campaign. */
bool routing_choose(struct engine *g, uint64_t number, enum message_class class_, struct strv sender,
                    const struct campaign *m, struct strv tag, struct route_choice *out);
/* Its region, when one is asked for. */
void routing_fill_query(const struct engine *g, struct route_query *q);
/* What a part of the message costs at its carrier, in millionths. */
int64_t routing_cost(const struct engine *g, const struct message *m);
/* A submission was answered, or was not; `bad`: that speaks against the carrier. */
void routing_note(struct carrier *c, bool bad);
void routing_look(struct carrier *c); /* its health may have changed */
void routing_reset(struct engine *g); /* routes or carriers are others now */
/* Messages that wait for a carrier that is not up go to others: those of the look-ahead in one go, at most
 * once a second; and one that is about to be sent. */
void routing_move_waiting(struct carrier *c);
bool routing_move_one(struct carrier *c, struct outgoing *o); /* false: it stays; true: it was taken */

#endif
