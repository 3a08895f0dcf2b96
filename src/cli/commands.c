#include "cli/commands.h"

#include "cli/handlers.h"
#include "cli/split.h"

#define CLASSES "promotional|transactional|otp"
#define STATES                                                                                               \
    "held|ready|in_flight|uncertain|sent|delivered|undeliverable|expired|rejected|deleted|unknown|failed|"   \
    "suppressed|cancelled"

#define IMPORT_OPTIONS                                                                                       \
    OPT("region", OPTION_TEXT, "CODE", "country of numbers without a country code, such as DE"),             \
        OPT("map", OPTION_TEXT, "COLUMN=FIELD[:TYPE]",                                                       \
            "what a column goes to; FIELD \"-\" leaves it out; several times", .repeats = true),             \
        OPT("from", OPTION_TEXT, "NAME", "as this program writes them: a ready mapping, see below"),         \
        OPT("format", OPTION_CHOICE, "FORMAT",                                                               \
            "csv or ndjson [by the name: .ndjson, .jsonl, .json; else csv]", .choices = "csv|ndjson"),       \
        OPT("ignore-unknown", OPTION_FLAG, NULL, "leave out columns that no field has the name of"),         \
        OPT("atomic", OPTION_FLAG, NULL, "all of the file or nothing, whatever happens; at most 1 GiB"),     \
        OPT("strict", OPTION_FLAG, NULL, "import nothing at all if one line is rejected"),                   \
        OPT("dry-run", OPTION_FLAG, NULL, "look at everything, change nothing"),                             \
        OPT("rejects", OPTION_PATH, "FILE", "write all rejected lines and why to FILE (CSV)"),               \
        OPT("again", OPTION_FLAG, NULL, "import anew what was imported or begun before"),                    \
        OPT("piece", OPTION_SIZE, "SIZE", "octets sent at once, each one transaction [3M]", .min = 4096,     \
            .max = SPLIT_MAX_PIECE)

static const struct option import_customers_options[] = {
    OPT("mode", OPTION_CHOICE, "MODE",
        "upsert, update (only known numbers) or replace (unset the rest) [upsert]",
        .choices = "upsert|update|replace"),
    IMPORT_OPTIONS,
    { .name = NULL },
};

static const struct option import_events_options[] = {
    OPT("type", OPTION_TEXT, "TYPE", "what the events are, such as purchase; --from may say it"),
    OPT("create-customers", OPTION_FLAG, NULL, "a number that is no customer yet becomes one"),
    IMPORT_OPTIONS,
    { .name = NULL },
};

#define IMPORT_MORE                                                                                          \
    "FILE is CSV with a header, or NDJSON (a JSON object a line); \"-\" reads standard input. Lines that\n"  \
    "cannot be used are reported with their number, column and reason, and the rest is imported. An "        \
    "import\n"                                                                                               \
    "that broke off goes on where it stopped when the same command is given again; one that was finished\n"  \
    "does nothing then (see --again). Ready mappings (--from): shopify (customers), woocommerce (orders "    \
    "as\n"                                                                                                   \
    "events), woocommerce-customers (who ordered); columns they do not name are left out, --map adds "       \
    "them.\n"

static const struct option segment_changes_options[] = {
    OPT("limit", OPTION_COUNT, "N", "at most N [20]", .min = 1, .max = 1000000),
    { .name = NULL },
};

static const struct option segment_top_options[] = {
    OPT("by", OPTION_TEXT, "NUMBER", "what is highest of them, a number of the language", .required = true),
    OPT("limit", OPTION_COUNT, "N", "at most N [10]", .min = 1, .max = 1000),
    { .name = NULL },
};

static const struct option segment_cross_options[] = {
    OPT("save", OPTION_TEXT, "PREFIX", "make a segment of each cell, PREFIX-yes-no and so on"),
    OPT("as", OPTION_TEXT, "NAME", "or with these names; once a cell, in the order they are shown as lines",
        .repeats = true),
    { .name = NULL },
};

static const struct option campaign_add_options[] = {
    OPT("segment", OPTION_TEXT, "NAME", "to whom; several times: members of any", .required = true,
        .repeats = true),
    OPT("exclude", OPTION_TEXT, "NAME", "but not to members of this segment; several times", .repeats = true),
    OPT("sender", OPTION_TEXT, "SENDER", "what the recipient sees as sender [the carrier's default]"),
    OPT("text", OPTION_TEXT, "TEXT",
        "the message, with placeholders such as {{first_name|default:\"there\"}}"),
    OPT("text-file", OPTION_PATH, "FILE", "the message from a file; \"-\" is standard input"),
    OPT("class", OPTION_CHOICE, "CLASS", "promotional, transactional or otp [promotional]",
        .choices = CLASSES),
    OPT("valid-for", OPTION_DURATION, "DURATION", "give up on a message after so long, such as 24h"),
    OPT("tlv", OPTION_TEXT, "NAME=VALUE",
        "goes with each message, such as dlt_template_id=1107...; several times", .repeats = true),
    OPT("rate", OPTION_COUNT, "N", "at most N parts a second", .min = 1, .max = 1000000),
    OPT("weight", OPTION_COUNT, "N", "N parts to one of a campaign of weight 1, or of single messages [1]",
        .min = 1, .max = 100),
    { .name = NULL },
};

#define AT_OPTIONS                                                                                           \
    OPT("at", OPTION_INSTANT, "TIME", "not before then"),                                                    \
        OPT("at-local", OPTION_TEXT, "TIME",                                                                 \
            "not before the recipient's own clock shows it, such as 2026-12-01T10:00")

static const struct option campaign_start_options[] = {
    AT_OPTIONS,
    { .name = NULL },
};

static const struct option watch_options[] = {
    OPT("watch", OPTION_FLAG, NULL, "show it again every second, until it is complete or Ctrl-C"),
    { .name = NULL },
};

static const struct option vote_add_options[] = {
    OPT("keyword", OPTION_TEXT, "WORD", "the word a vote begins with", .required = true),
    OPT("options", OPTION_TEXT, "A,B,..", "what can be voted for; its number counts, too", .required = true),
    OPT("alias", OPTION_TEXT, "A=x,y", "other words for an option; several times", .repeats = true),
    OPT("last-wins", OPTION_FLAG, NULL,
        "a later vote of a number replaces its earlier one [the first counts]"),
    OPT("field", OPTION_TEXT, "SET",
        "put what somebody votes for into this set of the customer, such as interests"),
    { .name = NULL },
};

static const struct option customer_block_options[] = {
    OPT("words", OPTION_TEXT, "TEXT", "what was said, for the record"),
    { .name = NULL },
};

#define CUSTOMER_SET_OPTIONS                                                                                 \
    OPT("unset", OPTION_TEXT, "FIELD", "take its value away; several times", .repeats = true),               \
        OPT("region", OPTION_TEXT, "CODE", "country of a number without a country code, such as DE")

static const struct option customer_set_options[] = {
    CUSTOMER_SET_OPTIONS,
    OPT("create", OPTION_FLAG, NULL, "a number that is no customer yet becomes one"),
    { .name = NULL },
};

static const struct option customer_add_options[] = {
    CUSTOMER_SET_OPTIONS,
    { .name = NULL },
};

#define CUSTOMER_SET_MORE                                                                                    \
    "FIELD=VALUE sets it; FIELD+=MEMBER puts into a set, FIELD-=MEMBER takes out of it, FIELD=A,B says "     \
    "all\n"                                                                                                  \
    "its members. Values are written as in imports, \"tessera field list\" has the fields.\n"

static const struct option customer_erase_options[] = {
    OPT("yes", OPTION_FLAG, NULL, "really: it cannot be undone"),
    { .name = NULL },
};

#define LIST_OPTIONS                                                                                         \
    OPT("limit", OPTION_COUNT, "N", "at most N [50]", .min = 1, .max = 1000000000),                          \
        OPT("all", OPTION_FLAG, NULL, "all there are")

static const struct option message_list_options[] = {
    OPT("number", OPTION_TEXT, "NUMBER", "to this number"),
    OPT("campaign", OPTION_TEXT, "NAME", "of this campaign"),
    OPT("carrier", OPTION_TEXT, "NAME", "by this carrier"),
    OPT("tag", OPTION_TEXT, "TAG", "with this tag"),
    OPT("state", OPTION_CHOICE, "STATE", "in this state, such as held or delivered", .choices = STATES),
    OPT("from", OPTION_INSTANT, "TIME", "accepted then or later"),
    OPT("to", OPTION_INSTANT, "TIME", "accepted before"),
    LIST_OPTIONS,
    { .name = NULL },
};

static const struct option message_cancel_options[] = {
    OPT("at-carrier", OPTION_FLAG, NULL, "one that is sent: ask its carrier to forget it"),
    { .name = NULL },
};

static const struct option message_replace_options[] = {
    OPT("text", OPTION_TEXT, "TEXT", "what is to be sent instead: one part, of the same alphabet",
        .required = true),
    { .name = NULL },
};

static const struct option message_resolve_options[] = {
    OPT("resend", OPTION_FLAG, NULL, "send it again, at the risk that it arrives twice"),
    OPT("fail", OPTION_FLAG, NULL, "give it up, at the risk that it never arrived"),
    { .name = NULL },
};

static const struct option receipt_unknown_options[] = {
    OPT("carrier", OPTION_TEXT, "NAME", "of this carrier"),
    LIST_OPTIONS,
    { .name = NULL },
};

static const struct option inbound_list_options[] = {
    OPT("number", OPTION_TEXT, "NUMBER", "from this number"),
    LIST_OPTIONS,
    { .name = NULL },
};

static const struct option route_explain_options[] = {
    OPT("class", OPTION_CHOICE, "CLASS", "promotional, transactional or otp [transactional]",
        .choices = CLASSES),
    OPT("sender", OPTION_TEXT, "SENDER", "with this sender"),
    OPT("campaign", OPTION_TEXT, "NAME", "of this campaign"),
    OPT("tag", OPTION_TEXT, "TAG", "with this tag"),
    { .name = NULL },
};

static const struct option field_drop_options[] = {
    OPT("yes", OPTION_FLAG, NULL, "really: it cannot be undone"),
    { .name = NULL },
};

static const struct option event_add_options[] = {
    OPT("attribute", OPTION_TEXT, "NAME:TYPE", "what such an event has; several times", .repeats = true),
    { .name = NULL },
};

static const struct option event_post_options[] = {
    OPT("set", OPTION_TEXT, "ATTRIBUTE=VALUE", "what this one has; several times", .repeats = true),
    OPT("id", OPTION_TEXT, "ID", "your own, so that it counts once"),
    OPT("at", OPTION_INSTANT, "TIME", "when it happened [now]"),
    OPT("region", OPTION_TEXT, "CODE", "country of a number without a country code, such as DE"),
    OPT("create-customer", OPTION_FLAG, NULL, "a number that is no customer yet becomes one"),
    { .name = NULL },
};

static const struct option audience_fit_options[] = {
    OPT("show", OPTION_FLAG, NULL, "the fit there is; nothing is done"),
    { .name = NULL },
};

static const struct option store_options[] = {
    OPT("dir", OPTION_PATH, "DIR", "the state directory of a daemon that does not run"),
    { .name = NULL },
};

#define STORE_MORE "With --dir the files are worked on at once, by tesserad itself; no daemon may run there."

static const struct option send_options[] = {
    OPT("to", OPTION_TEXT, "NUMBER", "to whom, as +49...", .required = true),
    OPT("sender", OPTION_TEXT, "SENDER", "what the recipient sees as sender [the carrier's default]"),
    OPT("class", OPTION_CHOICE, "CLASS", "promotional, transactional or otp [transactional]",
        .choices = CLASSES),
    AT_OPTIONS,
    OPT("valid-for", OPTION_DURATION, "DURATION", "give up after so long, such as 5m"),
    OPT("ref", OPTION_TEXT, "REF", "your own reference"),
    OPT("tlv", OPTION_TEXT, "NAME=VALUE", "goes with it, such as dlt_template_id=1107...; several times",
        .repeats = true),
    OPT("tag", OPTION_TEXT, "TAG", "for routes that ask for it, and to find it by"),
    { .name = NULL },
};

static const struct option preview_options[] = {
    OPT("carrier", OPTION_TEXT, "NAME", "by this carrier"),
    OPT("to", OPTION_TEXT, "NUMBER", "to this number, as +49..."),
    OPT("sender", OPTION_TEXT, "SENDER", "with this sender, for routes that ask for it"),
    OPT("class", OPTION_CHOICE, "CLASS", "promotional, transactional or otp [transactional]",
        .choices = CLASSES),
    OPT("tag", OPTION_TEXT, "TAG", "for routes that ask for it"),
    { .name = NULL },
};

#define TIME_MORE                                                                                            \
    "TIME is \"2026-11-21 18:30\" or 2026-11-21 in the local zone, 2026-11-21T18:30:00+01:00, now, +2h or\n" \
    "-30m (from now)."

#define C(noun, verb, words, help, options, more, handler)                                                   \
    {                                                                                                        \
        noun, verb, words, help, options, more, run_##handler                                                \
    }

const struct command commands[] = {
    C("import", "customers", "FILE", "customers from a CSV file", import_customers_options,
      IMPORT_MORE "\nExample: tessera import customers shop.csv --region DE --map phone=msisdn",
      import_customers),
    C("import", "events", "FILE", "what customers did, from a CSV file", import_events_options,
      IMPORT_MORE "\nExample: tessera import events orders.csv --type purchase --create-customers",
      import_events),

    C("segment", "add", "NAME QUERY", "name a query", NULL,
      "Example: tessera segment add lapsed-vips 'tags has \"VIP\" and days_since(purchase) > 60'",
      segment_add),
    C("segment", "set", "NAME QUERY", "change what a segment asks for, or add it", NULL, NULL, segment_set),
    C("segment", "list", "", "the segments", NULL, NULL, segment_list),
    C("segment", "show", "NAME", "count its members now, clause by clause", NULL, NULL, segment_show),
    C("segment", "count", "QUERY", "count who a query finds, without a name", NULL,
      "Example: tessera segment count 'count(purchase, last 30 days) >= 2'", segment_count),
    C("segment", "explain", "NAME|QUERY", "how it is worked out, step by step", NULL,
      "The steps in the order in which they are taken, each with how it is answered and how many are left.\n"
      "What has letters, digits, - _ and . only is a name; put a query of one word in parentheses.",
      segment_explain),
    C("segment", "why", "NAME|QUERY NUMBER", "why a customer is in it, or is not", NULL,
      "Example: tessera segment why lapsed-vips +447700900123", segment_why),
    C("segment", "history", "NAME", "who changed a segment, and when", NULL, NULL, segment_history),
    C("segment", "changes", "NAME", "who came and went, look by look", segment_changes_options,
      "The daemon looks every segments.sweep; looks at which nobody entered or left are not listed.",
      segment_changes),
    C("segment", "events", "NAME on|off", "tell who enters and leaves in their events, too", NULL,
      "Events segment_enter and segment_leave with the attribute segment, for queries and \"customer "
      "show\".\n"
      "Off for a new segment: one of millions that comes and goes by the hour would fill the store.",
      segment_events),
    C("segment", "activate", "NAME", "let a deactivated segment be used again", NULL, NULL, segment_activate),
    C("segment", "deactivate", "NAME", "keep it, but let no segment refer to it", NULL, NULL,
      segment_deactivate),
    C("segment", "cross", "QUERY [QUERY] [QUERY] [QUERY]", "count each combination of a few conditions",
      segment_cross_options,
      "Example: tessera segment cross 'percentile(count(purchase)) > 0.5' \\\n"
      "           'percentile(avg(purchase.amount)) > 0.5' --save basket\n\n"
      "--save makes basket-yes-yes, basket-no-yes, basket-yes-no and basket-no-no of the cells.",
      segment_cross),
    C("segment", "top", "[NAME|QUERY]", "the customers of whom a number is highest", segment_top_options,
      "Example: tessera segment top --by 'sum(purchase.amount, this month)'\n\n"
      "Of everybody, or of a segment or query. Who has no such number is left out; equal ones stand in the\n"
      "order of their telephone numbers.",
      segment_top),
    C("segment", "remove", "NAME", "forget a segment", NULL, NULL, segment_remove),

    C("campaign", "add", "NAME", "draft a campaign", campaign_add_options,
      "Example: tessera campaign add spring --segment lapsed-vips --sender TESSERA \\\n"
      "           --text 'Hello {{first_name|default:\"there\"}}, we miss you'",
      campaign_add),
    C("campaign", "list", "", "the campaigns", NULL, NULL, campaign_list),
    C("campaign", "show", "NAME", "what a campaign is", NULL, NULL, campaign_show),
    C("campaign", "preview", "NAME", "who would get what, and when", campaign_start_options, TIME_MORE,
      campaign_preview),
    C("campaign", "start", "NAME", "send a campaign, at once or at a time", campaign_start_options,
      TIME_MORE
      "\n\nWho gets it is fixed now, whenever it goes. With --at-local everybody gets it at the same time\n"
      "of day: each where they live. Quiet hours hold it all the same; where the time has passed\n"
      "already, it goes at once.\nExample: tessera campaign start spring --at-local 2026-12-01T10:00",
      campaign_start),
    C("campaign", "pause", "NAME", "stop sending until it is resumed", NULL, NULL, campaign_pause),
    C("campaign", "resume", "NAME", "go on sending", NULL, NULL, campaign_resume),
    C("campaign", "cancel", "NAME", "stop sending for good", NULL, NULL, campaign_cancel),
    C("campaign", "remove", "NAME", "forget a draft", NULL, NULL, campaign_remove),
    C("campaign", "report", "NAME", "where its messages are", watch_options, NULL, campaign_report),

    C("vote", "add", "NAME", "count votes by text message", vote_add_options,
      "Example: tessera vote add lunch --keyword LUNCH --options PIZZA,SUSHI --alias PIZZA=P,margherita",
      vote_add),
    C("vote", "list", "", "the votes", NULL, NULL, vote_list),
    C("vote", "tally", "NAME", "the votes counted so far", watch_options, NULL, vote_tally),
    C("vote", "remove", "NAME", "forget a vote", NULL, NULL, vote_remove),

    C("customer", "show", "NUMBER", "all that is known about a number", NULL, NULL, customer_show),
    C("customer", "set", "NUMBER [FIELD=VALUE]...", "change what is known about a customer",
      customer_set_options,
      CUSTOMER_SET_MORE
      "Example: tessera customer set +447700900123 tier=gold tags+=VIP tags-=new --unset nickname",
      customer_set),
    C("customer", "add", "NUMBER [FIELD=VALUE]...", "the same, and it becomes a customer if it is none",
      customer_add_options,
      CUSTOMER_SET_MORE "Example: tessera customer add '07700 900123' --region GB first_name=Ada",
      customer_set),
    C("customer", "export", "NUMBER", "all that is stored about a number, as JSON", NULL,
      "Record, events, messages, inbound messages, consent and votes, of both stores. Always JSON.\n"
      "Example: tessera customer export +447700900123 > answer.json",
      customer_export),
    C("customer", "erase", "NUMBER", "take all of that out for good", customer_erase_options,
      "Its waiting messages are cancelled. Whoever had opted out stays so: a mark remembers that, not the\n"
      "number. \"tessera store compact\" takes what was deleted out of the files, too.",
      customer_erase),
    C("customer", "block", "NUMBER", "record that it wants no messages", customer_block_options, NULL,
      customer_block),
    C("customer", "unblock", "NUMBER", "record that it wants messages again", customer_block_options, NULL,
      customer_unblock),

    C("message", "list", "", "messages, newest first", message_list_options, TIME_MORE, message_list),
    C("message", "show", "ID", "one message and its parts", NULL, NULL, message_show),
    C("message", "cancel", "ID", "do not send a message that waits here", message_cancel_options,
      "A carrier confirms or refuses a cancellation for each part; what it refuses stays as it is.",
      message_cancel),
    C("message", "pause", "ID", "hold a message that waits here, until it is resumed", NULL, NULL,
      message_pause),
    C("message", "resume", "ID", "let a paused message go, but not before its time", NULL, NULL,
      message_resume),
    C("message", "query", "ID", "ask the carrier where a message is", NULL,
      "A final state that the carrier tells is recorded, as a receipt would be.", message_query),
    C("message", "replace", "ID", "ask the carrier to send another text instead", message_replace_options,
      NULL, message_replace),
    C("message", "resolve", "ID", "decide about an uncertain message: nobody knows whether it was sent",
      message_resolve_options, NULL, message_resolve),

    C("carrier", "list", "", "the carriers and their binds", NULL, NULL, carrier_list),
    C("carrier", "show", "NAME", "one carrier: figures, binds and settings", NULL, NULL, carrier_show),
    C("carrier", "statuses", "NAME", "what each status of a response means there, and what follows", NULL,
      "\"usually\" tells the class of those that the configuration overrides for this carrier.",
      carrier_statuses),
    C("carrier", "pause", "NAME", "submit nothing to it until it is resumed; binds stay up", NULL, NULL,
      carrier_pause),
    C("carrier", "resume", "NAME", "submit again; also starts binds that had stopped", NULL, NULL,
      carrier_resume),
    C("route", "list", "", "the rules of where messages go", NULL, NULL, route_list),
    C("route", "explain", "NUMBER", "where a message would go now, and why", route_explain_options,
      "Example: tessera route explain +4915112345678 --class otp", route_explain),

    C("receipt", "unknown", "", "receipts of messages nobody knows, newest first", receipt_unknown_options,
      "They are kept for receipts.keep_unknown: the response may come later. Many of them: is the setting\n"
      "receipt_ids of the carrier right? See: tessera carrier list",
      receipt_unknown),
    C("inbound", "list", "", "messages that came in, newest first", inbound_list_options, NULL, inbound_list),
    C("field", "add", "NAME TYPE", "declare a field of customers", NULL,
      "TYPE is text, number, number(3) (digits after the point, 2 without), date, yes/no, set or place.\n"
      "Example: tessera field add shoe_size 'number(1)'",
      field_add),
    C("field", "rename", "NAME NEW", "call a field otherwise", NULL,
      "Refused while a segment asks for it, or the text of a campaign that is not over has it.",
      field_rename),
    C("field", "change", "NAME TYPE", "make another type of it", NULL,
      "Refused, and nothing is changed, when a value does not fit (how many, is said) or a segment would "
      "not\n"
      "be understood any more. Sending, imports and queries go on; they see the old field until all is done.",
      field_change),
    C("field", "transitions", "NAME RULES", "which values of a text field may follow which", NULL,
      "RULES are FROM>TO, separated by commas; * is any value; >TO says what a first value may be; none\n"
      "removes them. Rows of imports that do otherwise are rejected; changes are events field_change.\n"
      "Example: tessera field transitions stage 'lead>prospect, prospect>customer, *>lost'",
      field_transitions),
    C("field", "drop", "NAME", "forget a field and what customers have of it", field_drop_options,
      "Refused while a segment asks for it, or the text of a campaign that is not over has it. It is gone "
      "at\n"
      "once; what customers had is cleared away in the background, while everything else goes on.",
      field_drop),
    C("field", "list", "", "what is known of customers and their events", NULL, NULL, field_list),
    C("event", "add", "NAME", "declare a type of events and their attributes", event_add_options,
      "Attributes that are there already stay; further ones may be added at any time.\n"
      "Example: tessera event add visit --attribute page:text --attribute 'seconds:number(0)'",
      event_add),
    C("event", "list", "", "the types of events, how many and since when", NULL, NULL, event_list),
    C("event", "post", "NUMBER TYPE", "tell what a customer did", event_post_options,
      "An event with an id that was told before changes nothing. Late ones count at their own time.\n"
      "Example: tessera event post +447700900123 purchase --set amount=19.99 --id order-17",
      event_post),

    C("audience", "fit", "", "fit the model behind p_alive to all purchases so far", audience_fit_options,
      "BG/NBD over the event \"purchase\". It is done by itself once a week while an active segment uses\n"
      "p_alive; a query that finds no fit makes one for itself.",
      audience_fit),

    C("store", "check", "", "whether index and queue agree with what they are made of", store_options,
      STORE_MORE, store_check),
    C("store", "rebuild", "", "make the index of the customers anew from their records", store_options,
      "Sending, imports and queries go on meanwhile.\n" STORE_MORE, store_rebuild),
    C("store", "compact", "", "take what was deleted out of the files", store_options,
      "A daemon that runs does it at its next start; it writes both stores anew, which takes free space on "
      "the\n"
      "disk as large as their content.\n" STORE_MORE,
      store_compact),

    C("clock", "show", "", "the test clock", NULL, NULL, clock_show),
    C("clock", "set", "TIME", "set the test clock (tesserad --test-clock only)", NULL, TIME_MORE, clock_set),

    C("send", NULL, "TEXT", "send one message", send_options,
      TIME_MORE
      "\n\nExample: tessera send --to +447700900123 --class otp --valid-for 5m 'Your code is 123456'",
      send),
    C("preview", NULL, "TEXT", "how a text would be sent: alphabet, parts, what is replaced", preview_options,
      "The carrier is the one named, or the one that the number goes by, or the first there is.\n"
      "Example: tessera preview 'It\u2019s here' --carrier acme",
      preview),
    C("status", NULL, "", "carriers, binds, windows, rates, queue", watch_options, NULL, status),
    C("health", NULL, "", "whether all is well (exit status 1 if not)", NULL, NULL, health),
    { .noun = NULL },
};
