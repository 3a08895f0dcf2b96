#include "simulator/control.h"

#include "simulator/number.h"

#include <inttypes.h>

/* Each takes the rest of its line; false leaves what is wrong in err. */
typedef bool control_fn(struct simulator *s, struct strv rest, struct buf *reply, struct err *err);

static bool control_word(struct strv *rest, struct strv *word)
{
    *rest = strv_trim(*rest);
    return strv_next(rest, ' ', word);
}

static bool control_inbound(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    struct strv from, to;
    (void)reply;
    if (!control_word(&rest, &from) || !control_word(&rest, &to))
        return err_set(err, ERR_INVALID, "inbound FROM TO TEXT");
    return simulator_inbound(s, from, to, strv_trim(rest), 0, err);
}

static bool control_throttle(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    int64_t rate;
    (void)reply;
    if (!strv_to_i64(rest, &rate) || rate < -1)
        return err_set(err, ERR_INVALID, "throttle N (submits a second, 0 none, -1 nothing passes)");
    simulator_set_throttle(s, rate);
    return true;
}

static bool control_faults(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    struct faults f;
    (void)reply;
    if (!faults_parse(rest, &f, err))
        return false;
    simulator_set_faults(s, &f);
    return true;
}

static bool control_outcomes(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    struct outcomes o;
    (void)reply;
    if (!outcomes_parse(rest, &o, err))
        return false;
    simulator_set_outcomes(s, &o);
    return true;
}

static bool control_response_delay(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    usec_t delay;
    (void)reply;
    if (!number_parse_duration(rest, &delay))
        return err_set(err, ERR_INVALID, "response-delay DURATION");
    simulator_set_response_delay(s, delay);
    return true;
}

static bool control_receipt_delay(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    usec_t delay, jitter = 0;
    struct strv first;
    (void)reply;
    if (!control_word(&rest, &first) || !number_parse_duration(first, &delay) ||
        (rest.n && !number_parse_duration(strv_trim(rest), &jitter)))
        return err_set(err, ERR_INVALID, "receipt-delay DURATION [JITTER]");
    simulator_set_receipt_delay(s, delay, jitter);
    return true;
}

static bool control_down(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)rest, (void)reply, (void)err;
    simulator_down(s);
    return true;
}

static bool control_up(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)rest, (void)reply;
    return simulator_up(s, err);
}

static bool control_drop(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)rest, (void)reply, (void)err;
    simulator_drop(s);
    return true;
}

static bool control_unbind(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)rest, (void)reply, (void)err;
    simulator_unbind(s);
    return true;
}

static bool control_stats(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)rest, (void)err;
    buf_put_u8(reply, ' ');
    control_put_stats(s, reply);
    return true;
}

static bool control_nothing(struct simulator *s, struct strv rest, struct buf *reply, struct err *err)
{
    (void)s, (void)rest, (void)reply, (void)err;
    return true;
}

static const struct control_row {
    const char *name, *arguments, *help;
    control_fn *run;
    bool quits;
} rows[] = {
    { "inbound", "FROM TO TEXT", "a message from a subscriber", control_inbound, false },
    { "throttle", "N", "ESME_RTHROTTLED above N submits a second; 0 none", control_throttle, false },
    { "faults", "LIST", "as --fault; none ends them", control_faults, false },
    { "outcomes", "LIST", "as --outcomes", control_outcomes, false },
    { "response-delay", "DURATION", "as --response-delay", control_response_delay, false },
    { "receipt-delay", "DURATION [JITTER]", "as --receipt-delay and --receipt-jitter", control_receipt_delay,
      false },
    { "down", "", "stop listening and drop every connection", control_down, false },
    { "up", "", "listen again, at the same port", control_up, false },
    { "drop", "", "drop every connection", control_drop, false },
    { "unbind", "", "unbind every client in good order", control_unbind, false },
    { "stats", "", "what was counted, as name=value", control_stats, false },
    { "quit", "", "unbind and end", control_nothing, true },
};

#define ROWS (sizeof rows / sizeof *rows)

bool control_run(struct simulator *s, struct strv line, struct buf *reply)
{
    struct strv rest = strv_trim(line), name;
    struct err err = { 0 };
    if (!control_word(&rest, &name))
        return true;
    size_t i = 0;
    while (i < ROWS && !strv_eq_c(name, rows[i].name))
        i++;
    if (i == ROWS) {
        buf_printf(reply,
                   "error: no such command: \"" STRV_FMT "\"; try inbound, throttle, down, up, stats, quit\n",
                   STRV_ARG(name));
        return true;
    }
    size_t at = reply->len;
    buf_put_strv(reply, STRV("ok"));
    if (!rows[i].run(s, strv_trim(rest), reply, &err)) {
        reply->len = at;
        buf_printf(reply, "error: %s", err.text);
    }
    buf_put_u8(reply, '\n');
    return !rows[i].quits;
}

void control_put_stats(const struct simulator *s, struct buf *out)
{
    const struct simulator_stats *st = simulator_stats(s);
    const struct {
        const char *name;
        uint64_t value;
    } values[] = {
        { "bound", st->bound },
        { "connections", st->connections },
        { "binds", st->binds },
        { "binds_refused", st->binds_refused },
        { "submits", st->submits },
        { "accepted", st->accepted },
        { "throttled", st->throttled },
        { "refused", st->refused },
        { "faults", st->faults },
        { "receipts_made", st->receipts_made },
        { "receipts_sent", st->receipts_sent },
        { "receipts_acked", st->receipts_acked },
        { "receipts_refused", st->receipts_refused },
        { "inbound_made", st->inbound_made },
        { "inbound_sent", st->inbound_sent },
        { "inbound_acked", st->inbound_acked },
        { "inbound_refused", st->inbound_refused },
        { "redelivered", st->redelivered },
        { "waiting", st->waiting },
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        buf_printf(out, "%s%s=%" PRIu64, i ? " " : "", values[i].name, values[i].value);
}

void control_put_help(struct buf *out)
{
    for (size_t i = 0; i < ROWS; i++)
        buf_printf(out, "  %-15s %-18s %s\n", rows[i].name, rows[i].arguments, rows[i].help);
}
