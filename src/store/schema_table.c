#include "store/schema_table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    EVENT_CART_ADD = 10,
    EVENT_VIEW = 11,
    EVENT_WISH = 12,
    EVENT_REDEMPTION = 13,
    EVENT_CSAT = 15,
};

const struct schema_event_row schema_event_rows[] = {
    { EVENT_PURCHASE, "purchase" },
    { EVENT_INBOUND, "inbound" },
    { EVENT_REPLY, "reply" },
    { EVENT_SENT, "sent" },
    { EVENT_DELIVERED, "delivered" },
    { EVENT_FAILED, "failed" },
    { EVENT_CLICK, "click" },
    { EVENT_STOP, "stop" },
    { EVENT_START, "start" },
    { EVENT_CART_ADD, "cart_add" },
    { EVENT_VIEW, "view" },
    { EVENT_WISH, "wish" },
    { EVENT_REDEMPTION, "redemption" },
    { EVENT_SURVEY, "survey" },
    { EVENT_CSAT, "csat" },
    { EVENT_SEGMENT_ENTER, "segment_enter" },
    { EVENT_SEGMENT_LEAVE, "segment_leave" },
    { EVENT_FIELD_CHANGE, "field_change" },
};
const size_t schema_event_rows_count = COUNT(schema_event_rows);

const struct schema_row schema_rows[] = {
    { FIELD_MSISDN, 0, "msisdn", SCHEMA_NUMBER, 0, false },
    { FIELD_CLOCK, 0, "clock", SCHEMA_TEXT, 0, true },
    { FIELD_REGION, 0, "region", SCHEMA_TEXT, 0, false },
    { FIELD_ZONE, 0, "zone", SCHEMA_TEXT, 0, false },
    { FIELD_CREATED, 0, "created", SCHEMA_DATE, 0, false },
    { FIELD_SIGNUP, 0, "signup", SCHEMA_DATE, 0, false },
    { FIELD_TAGS, 0, "tags", SCHEMA_SET, 0, false },
    { 8, 0, "first_name", SCHEMA_TEXT, 0, false },
    { 9, 0, "last_name", SCHEMA_TEXT, 0, false },
    { 10, 0, "gender", SCHEMA_TEXT, 0, false },
    { 11, 0, "birth_date", SCHEMA_DATE, 0, false },
    { 12, 0, "language", SCHEMA_TEXT, 0, false },
    { 13, 0, "interests", SCHEMA_SET, 0, false },
    { 14, 0, "channels", SCHEMA_SET, 0, false },
    { 15, 0, "stage", SCHEMA_TEXT, 0, false },
    { 16, 0, "tier", SCHEMA_TEXT, 0, false },
    { 17, 0, "home", SCHEMA_PLACE, 0, false },

    { 64, EVENT_PURCHASE, "amount", SCHEMA_NUMBER, 2, false },
    { 70, EVENT_PURCHASE, "quantity", SCHEMA_NUMBER, 0, false },
    { 71, EVENT_PURCHASE, "product", SCHEMA_TEXT, 0, false },
    { 72, EVENT_PURCHASE, "department", SCHEMA_TEXT, 0, false },
    { 73, EVENT_PURCHASE, "category", SCHEMA_TEXT, 0, false },

    /* One id under several events: the number of the campaign is the same thing everywhere. */
    { ATTRIBUTE_CAMPAIGN, EVENT_INBOUND, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_REPLY, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_SENT, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_DELIVERED, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_FAILED, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_CLICK, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_STOP, "campaign", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_CAMPAIGN, EVENT_START, "campaign", SCHEMA_NUMBER, 0, false },
    { 80, EVENT_CLICK, "link", SCHEMA_TEXT, 0, false },

    { 90, EVENT_CART_ADD, "amount", SCHEMA_NUMBER, 2, false },
    { 91, EVENT_CART_ADD, "quantity", SCHEMA_NUMBER, 0, false },
    { 92, EVENT_CART_ADD, "product", SCHEMA_TEXT, 0, false },
    { 93, EVENT_CART_ADD, "department", SCHEMA_TEXT, 0, false },
    { 94, EVENT_CART_ADD, "category", SCHEMA_TEXT, 0, false },
    { 100, EVENT_VIEW, "product", SCHEMA_TEXT, 0, false },
    { 101, EVENT_VIEW, "department", SCHEMA_TEXT, 0, false },
    { 102, EVENT_VIEW, "category", SCHEMA_TEXT, 0, false },
    { 110, EVENT_WISH, "product", SCHEMA_TEXT, 0, false },
    { 111, EVENT_WISH, "department", SCHEMA_TEXT, 0, false },
    { 112, EVENT_WISH, "category", SCHEMA_TEXT, 0, false },
    { 120, EVENT_REDEMPTION, "code", SCHEMA_TEXT, 0, false },
    { 121, EVENT_REDEMPTION, "amount", SCHEMA_NUMBER, 2, false },
    { ATTRIBUTE_SURVEY_NAME, EVENT_SURVEY, "name", SCHEMA_TEXT, 0, false },
    { 131, EVENT_SURVEY, "answer", SCHEMA_TEXT, 0, false },
    { ATTRIBUTE_SURVEY_STATUS, EVENT_SURVEY, "status", SCHEMA_TEXT, 0, false },
    { 140, EVENT_CSAT, "score", SCHEMA_NUMBER, 0, false },
    { ATTRIBUTE_SEGMENT_ENTER, EVENT_SEGMENT_ENTER, "segment", SCHEMA_TEXT, 0, false },
    { ATTRIBUTE_SEGMENT_LEAVE, EVENT_SEGMENT_LEAVE, "segment", SCHEMA_TEXT, 0, false },
    { ATTRIBUTE_CHANGE_FIELD, EVENT_FIELD_CHANGE, "field", SCHEMA_TEXT, 0, false },
    { ATTRIBUTE_CHANGE_FROM, EVENT_FIELD_CHANGE, "from", SCHEMA_TEXT, 0, false },
    { ATTRIBUTE_CHANGE_TO, EVENT_FIELD_CHANGE, "to", SCHEMA_TEXT, 0, false },
};
const size_t schema_rows_count = COUNT(schema_rows);
