/* How a survey stands with a customer: the status of the newest event "survey" with its name and a status. */
#include "audience/eval_internal.h"

#include "store/schema.h"

void eval_survey_source(struct eval_survey_source *s, const struct query_node *node)
{
    s->name = node->survey.name;
    s->symbol = (struct query_symbol){ .type = QUERY_TYPE_TEXT, .id = ATTRIBUTE_SURVEY_NAME };
    s->where = (struct query_node){
        .kind = QUERY_TEXT,
        .at = node->at,
        .text = { .value = { .field = { .symbol = s->symbol, .per_event = &s->symbol } },
                  .op = QUERY_TEXT_EQ,
                  .strings = &s->name,
                  .n = 1 },
    };
    s->event = (struct query_event){
        .id = EVENT_SURVEY,
        .symbol = { .type = QUERY_TYPE_TEXT, .id = ATTRIBUTE_SURVEY_STATUS },
    };
    s->last = (struct query_aggregate){
        .fn = QUERY_LAST,
        .events = &s->event,
        .n_events = 1,
        .attribute = STRV("status"),
        .where = &s->where,
        .window = { .kind = QUERY_WINDOW_LIFETIME },
    };
}

bool eval_survey(struct eval *ev, const struct query_node *node, struct eval_range range,
                 const struct audience_set *candidates, struct eval_numbers *out)
{
    struct eval_survey_source s;
    eval_survey_source(&s, node);
    return eval_aggregate(ev, &s.last, range, candidates, out);
}
