#include "simulator/options.h"

#include "base/buf.h"
#include "base/nearest.h"
#include "simulator/control.h"
#include "simulator/number.h"

#include <stddef.h>
#include <string.h>

typedef bool options_fn(struct options *o, const char *value, struct err *err);

static bool options_outcomes(struct options *o, const char *value, struct err *err)
{
    return outcomes_parse(strv_from(value), &o->sim.outcomes, err);
}

static bool options_faults(struct options *o, const char *value, struct err *err)
{
    return faults_parse(strv_from(value), &o->sim.faults, err);
}

static bool options_version(struct options *o, const char *value, struct err *err)
{
    static const struct {
        const char *name;
        enum smpp_version version;
    } rows[] = { { "3.3", SMPP_V33 }, { "3.4", SMPP_V34 }, { "5.0", SMPP_V50 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(value, rows[i].name) == 0) {
            o->sim.version = rows[i].version;
            return true;
        }
    return err_set(err, ERR_INVALID, "is none of 3.3, 3.4, 5.0");
}

static bool options_receipts(struct options *o, const char *value, struct err *err)
{
    static const char *const names[] = { "requested", "always", "never" };
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(value, names[i]) == 0) {
            o->sim.receipts = i;
            return true;
        }
    return err_set(err, ERR_INVALID, "is none of requested, always, never");
}

static bool options_id_form(struct options *o, const char *value, struct err *err)
{
    if (!messageid_form_parse(strv_from(value), &o->sim.id_form))
        return err_set(err, ERR_INVALID, "is none of hex, decimal, uuid");
    o->sim.receipt_id_form = o->sim.id_form;
    return true;
}

static bool options_receipt_id_form(struct options *o, const char *value, struct err *err)
{
    return messageid_form_parse(strv_from(value), &o->sim.receipt_id_form) ||
           err_set(err, ERR_INVALID, "is none of hex, decimal, uuid");
}

static bool options_reply_rate(struct options *o, const char *value, struct err *err)
{
    return (number_parse_fraction(strv_from(value), &o->sim.reply_rate) && o->sim.reply_rate <= 1) ||
           err_set(err, ERR_INVALID, "is no probability from 0 to 1");
}

static bool options_reply_text(struct options *o, const char *value, struct err *err)
{
    if (o->sim.reply_count == SIMULATOR_REPLIES_MAX)
        return err_set(err, ERR_LIMIT, "can be given %d times", SIMULATOR_REPLIES_MAX);
    o->sim.reply_texts[o->sim.reply_count++] = value;
    return true;
}

enum options_type { TEXT, DURATION, NUMBER, FLAG, OWN };

#define AT(member) offsetof(struct options, member)

static const struct options_row {
    const char *name;
    enum options_type type;
    size_t at; /* const char *, usec_t, int64_t or bool */
    options_fn *own;
    const char *value, *help;
} rows[] = {
    { "listen", TEXT, AT(sim.listen), NULL, "ADDR:PORT",
      "where clients connect; port 0: any free one [127.0.0.1:2775]" },
    { "port-file", TEXT, AT(port_file), NULL, "PATH", "write the port taken here, once listening" },
    { "tls-cert", TEXT, AT(sim.tls_cert), NULL, "PATH", "speak TLS with this certificate chain (PEM)" },
    { "tls-key", TEXT, AT(sim.tls_key), NULL, "PATH", "its key [in the file of --tls-cert]" },
    { "tls-client-ca", TEXT, AT(sim.tls_client_ca), NULL, "PATH",
      "ask clients for a certificate of this CA" },
    { "system-id", TEXT, AT(sim.system_id), NULL, "ID", "clients must bind with it [anything]" },
    { "password", TEXT, AT(sim.password), NULL, "WORD", "and with it [anything]" },
    { "smsc-id", TEXT, AT(sim.smsc_id), NULL, "ID", "system_id told to clients [TESSERA-SMSC]" },
    { "interface-version", OWN, 0, options_version, "VERSION", "3.3, 3.4 or 5.0 [3.4]" },
    { "max-binds", NUMBER, 0, NULL, "N", "of one system_id; above it ESME_RALYBND [any number]" },
    { "window", NUMBER, 1, NULL, "N", "deliver_sm without response, a bind [100]" },
    { "enquire-interval", DURATION, AT(sim.enquire_interval), NULL, "DURATION",
      "silence before enquire_link [30s]" },
    { "response-delay", DURATION, AT(sim.response_delay), NULL, "DURATION",
      "before each response to a submit [0]" },
    { "receipt-delay", DURATION, AT(sim.receipt_delay), NULL, "DURATION",
      "from submit to the final state and its receipt [200ms]" },
    { "receipt-jitter", DURATION, AT(sim.receipt_jitter), NULL, "DURATION", "at most so much later [0]" },
    { "receipts", OWN, 0, options_receipts, "WHEN", "requested, always or never [requested]" },
    { "outcomes", OWN, 0, options_outcomes, "LIST",
      "weights of delivered, undelivered, expired, rejected, deleted, unknown [delivered=1]" },
    { "message-id-form", OWN, 0, options_id_form, "FORM", "hex, decimal or uuid [hex]" },
    { "receipt-id-form", OWN, 0, options_receipt_id_form, "FORM",
      "the same in receipts [as --message-id-form]" },
    { "throttle-rate", NUMBER, 2, NULL, "N", "ESME_RTHROTTLED above N submits a second [0: none]" },
    { "throttle-burst", NUMBER, 3, NULL, "N", "submits at once within that rate [a second's worth]" },
    { "reply-rate", OWN, 0, options_reply_rate, "P", "probability that a delivered recipient replies [0]" },
    { "reply-text", OWN, 0, options_reply_text, "TEXT", "what it says; several times: one of them" },
    { "reply-to", TEXT, AT(sim.reply_to), NULL, "NUMBER", "where to [the sender of the message]" },
    { "reply-delay", DURATION, AT(sim.reply_delay), NULL, "DURATION",
      "after the delivery, to twice that [500ms]" },
    { "inbound", TEXT, AT(inbound_file), NULL, "FILE", "inbound messages: delay TAB from TAB to TAB text" },
    { "fault", OWN, 0, options_faults, "LIST", "what goes wrong, by probability a submit; see below" },
    { "stall-time", DURATION, AT(sim.stall_time), NULL, "DURATION", "of the fault stall [5s]" },
    { "late-time", DURATION, AT(sim.late_time), NULL, "DURATION", "of the fault late-response [90s]" },
    { "seed", NUMBER, 4, NULL, "N", "of the random numbers [from the system]" },
    { "log", TEXT, AT(sim.journal_path), NULL, "FILE", "append a line an event, columns by TAB" },
    { "control", TEXT, AT(control), NULL, "PATH", "take commands on this Unix socket too" },
    { "no-stdin", FLAG, AT(no_stdin), NULL, NULL, "take no commands from standard input" },
    { "quiet", FLAG, AT(quiet), NULL, NULL, "print nothing but errors" },
    { "help", FLAG, AT(help), NULL, NULL, "print this" },
    { "version", FLAG, AT(version), NULL, NULL, "print the version" },
};

#define ROWS (sizeof rows / sizeof *rows)

static bool options_number(struct options *o, size_t which, const char *value, struct err *err)
{
    uint64_t n;
    if (!strv_to_u64(strv_from(value), &n) || n > (which == 4 ? UINT64_MAX : 1000000000))
        return err_set(err, ERR_INVALID, "is no number, or too large");
    switch (which) {
    case 0: o->sim.max_binds = (unsigned)n; break;
    case 1: o->sim.window = n > 65536 ? 65536 : (uint32_t)n; break;
    case 2: o->sim.throttle_rate = (int64_t)n; break;
    case 3: o->sim.throttle_burst = (int64_t)n; break;
    default: o->sim.seed = n; break;
    }
    return true;
}

static bool options_set(struct options *o, const struct options_row *row, const char *value, struct err *err)
{
    char *member = (char *)o + row->at;
    switch (row->type) {
    case TEXT: memcpy(member, &value, sizeof value); return true;
    case FLAG: *(bool *)(void *)member = true; return true;
    case OWN: return row->own(o, value, err);
    case NUMBER: return options_number(o, row->at, value, err);
    case DURATION: break;
    }
    usec_t t;
    if (!number_parse_duration(strv_from(value), &t))
        return err_set(err, ERR_INVALID, "is no duration such as 200ms, 1.5s, 2m");
    memcpy(member, &t, sizeof t);
    return true;
}

static const struct options_row *options_find(struct strv name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strv_eq_c(name, rows[i].name))
            return &rows[i];
    return NULL;
}

/* The nearest name, for a slip of the finger; NULL when none is near. */
static const char *options_nearest(struct strv name)
{
    struct nearest near;
    const char *best = NULL;
    nearest_begin(&near, name);
    for (size_t i = 0; i < ROWS; i++) {
        if (nearest_offer(&near, strv_from(rows[i].name)))
            best = rows[i].name;
    }
    return best;
}

/* "--name value" or "--name=value". */
static bool options_one(struct options *o, int argc, char **argv, int *i, struct err *err)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    if (strncmp(word, "--", 2) != 0 || word[2] == 0)
        return err_set(err, ERR_INVALID, "what is \"%s\"? Options begin with --", word);
    struct strv name = strv_sub(strv_from(word), 2, equals ? (size_t)(equals - word) - 2 : SIZE_MAX);
    const struct options_row *row = options_find(name);
    if (!row) {
        const char *near = options_nearest(name);
        return err_set(err, ERR_INVALID, "no such option: --" STRV_FMT "%s%s%s", STRV_ARG(name),
                       near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
    }
    const char *value = equals ? equals + 1 : NULL;
    if (row->type == FLAG && value)
        return err_set(err, ERR_INVALID, "--%s takes no value", row->name);
    if (row->type != FLAG && !value && ++*i >= argc)
        return err_set(err, ERR_INVALID, "--%s needs a value: %s", row->name, row->value);
    if (row->type != FLAG && !value)
        value = argv[*i];
    return options_set(o, row, value, err) || err_prefix(err, "--%s %s", row->name, value);
}

bool options_parse(int argc, char **argv, struct options *o, struct err *err)
{
    *o = (struct options){ 0 };
    simulator_defaults(&o->sim);
    for (int i = 1; i < argc; i++)
        if (!options_one(o, argc, argv, &i, err))
            return false;
    if (o->sim.tls_key && !o->sim.tls_cert)
        return err_set(err, ERR_INVALID, "--tls-key needs --tls-cert");
    if (o->sim.reply_rate > 0 && !o->sim.reply_count)
        return err_set(err, ERR_INVALID, "--reply-rate needs --reply-text");
    if (strlen(o->sim.smsc_id) > 15)
        return err_set(err, ERR_INVALID, "--smsc-id: at most 15 characters");
    return true;
}

void options_put_help(struct buf *out)
{
    buf_put_strv(out,
                 STRV("Usage: tessera-smsc [OPTION]...\n"
                      "An SMPP carrier to try things against: takes binds and submits, sends receipts and\n"
                      "inbound messages, and does wrong what it is told to.\n\nOptions:\n"));
    for (size_t i = 0; i < ROWS; i++) {
        char left[48];
        struct buf b = { 0 };
        buf_printf(&b, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                   rows[i].value ? rows[i].value : "");
        strv_copy(strv_from(buf_cstr(&b)), left, sizeof left);
        buf_free(&b);
        buf_printf(out, "  %-28s %s\n", left, rows[i].help);
    }
    buf_put_strv(out, STRV("\nFaults (--fault reset=0.001,lost-response=0.01):\n"));
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        buf_printf(out, "  %-28s %s\n", faults_name(i), faults_help(i));
    buf_put_strv(out, STRV("\nCommands, a line each on standard input or the socket of --control:\n"));
    control_put_help(out);
    buf_put_strv(out, STRV("\nExit status: 0 ended in good order, 1 failure, 2 wrong usage.\n"));
}
