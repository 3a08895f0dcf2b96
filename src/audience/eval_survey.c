/* How a survey stands with a customer: the status of the newest event "survey" with its name and a status. */
#include "audience/eval_internal.h"

#include "store/schema.h"

/* As if one had written last(survey.status where name = NAME), which the language has for numbers only. */
bool eval_survey(struct eval *ev, const struct query_node *node, struct eval_range range,
                 const struct audience_set *candidates, struct eval_numbers *out)
{
    struct strv name = node->survey.name;
    const struct query_symbol name_symbol = { .type = QUERY_TYPE_TEXT, .id = ATTRIBUTE_SURVEY_NAME };
    struct query_node where = {
        .kind = QUERY_TEXT,
        .at = node->at,
        .text = { .value = { .field = { .symbol = name_symbol, .per_event = &name_symbol } },
                  .op = QUERY_TEXT_EQ,
                  .strings = &name,
                  .n = 1 },
    };
    struct query_event event = {
        .id = EVENT_SURVEY,
        .symbol = { .type = QUERY_TYPE_TEXT, .id = ATTRIBUTE_SURVEY_STATUS },
    };
    const struct query_aggregate last = {
        .fn = QUERY_LAST,
        .events = &event,
        .n_events = 1,
        .attribute = STRV("status"),
        .where = &where,
        .window = { .kind = QUERY_WINDOW_LIFETIME },
    };
    return eval_aggregate(ev, &last, range, candidates, out);
}
