/* Who does what the table of commands says. Each returns the exit status. */
#ifndef TESSERA_CLI_HANDLERS_H
#define TESSERA_CLI_HANDLERS_H

#include "cli/cli.h"

#include <jansson.h>

#define CLI_HANDLERS(X)                                                                                      \
    X(import_customers)                                                                                      \
    X(import_events)                                                                                         \
    X(segment_add)                                                                                           \
    X(segment_set)                                                                                           \
    X(segment_list)                                                                                          \
    X(segment_show)                                                                                          \
    X(segment_count)                                                                                         \
    X(segment_remove)                                                                                        \
    X(segment_explain)                                                                                       \
    X(segment_why)                                                                                           \
    X(segment_history)                                                                                       \
    X(segment_changes)                                                                                       \
    X(segment_events)                                                                                        \
    X(segment_activate)                                                                                      \
    X(segment_deactivate)                                                                                    \
    X(segment_cross)                                                                                         \
    X(segment_top)                                                                                           \
    X(campaign_add)                                                                                          \
    X(campaign_list)                                                                                         \
    X(campaign_show)                                                                                         \
    X(campaign_preview)                                                                                      \
    X(campaign_start)                                                                                        \
    X(campaign_pause)                                                                                        \
    X(campaign_resume)                                                                                       \
    X(campaign_cancel)                                                                                       \
    X(campaign_remove)                                                                                       \
    X(campaign_report)                                                                                       \
    X(vote_add)                                                                                              \
    X(vote_list)                                                                                             \
    X(vote_tally)                                                                                            \
    X(vote_remove)                                                                                           \
    X(route_list)                                                                                            \
    X(route_explain)                                                                                         \
    X(customer_export)                                                                                       \
    X(customer_erase)                                                                                        \
    X(customer_show)                                                                                         \
    X(customer_set)                                                                                          \
    X(customer_block)                                                                                        \
    X(customer_unblock)                                                                                      \
    X(carrier_list)                                                                                          \
    X(carrier_show)                                                                                          \
    X(carrier_statuses)                                                                                      \
    X(carrier_pause)                                                                                         \
    X(carrier_resume)                                                                                        \
    X(message_list)                                                                                          \
    X(message_show)                                                                                          \
    X(message_cancel)                                                                                        \
    X(message_pause)                                                                                         \
    X(message_resume)                                                                                        \
    X(message_query)                                                                                         \
    X(message_replace)                                                                                       \
    X(message_resolve)                                                                                       \
    X(receipt_unknown)                                                                                       \
    X(inbound_list)                                                                                          \
    X(audience_fit)                                                                                          \
    X(store_check)                                                                                           \
    X(store_rebuild)                                                                                         \
    X(store_compact)                                                                                         \
    X(field_rename)                                                                                          \
    X(field_transitions)                                                                                     \
    X(field_change)                                                                                          \
    X(field_drop)                                                                                            \
    X(field_add)                                                                                             \
    X(event_add)                                                                                             \
    X(event_list)                                                                                            \
    X(event_post)                                                                                            \
    X(field_list)                                                                                            \
    X(preview)                                                                                               \
    X(send)                                                                                                  \
    X(status)                                                                                                \
    X(health)                                                                                                \
    X(clock_show)                                                                                            \
    X(clock_set)
#define X(name) int run_##name(struct cli *c);
CLI_HANDLERS(X)
#undef X

/* The types of events as a table. */
void field_put_events(struct cli *c, const json_t *doc, struct buf *out);

#endif
