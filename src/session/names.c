#include "session/state.h"

static const char *const names_state[] = {
    [SESSION_NEW] = "new",         [SESSION_OPEN] = "open",         [SESSION_BINDING] = "binding",
    [SESSION_BOUND] = "bound",     [SESSION_DRAINING] = "draining", [SESSION_UNBINDING] = "unbinding",
    [SESSION_LEAVING] = "leaving", [SESSION_CLOSED] = "closed",
};

static const struct names_reason {
    const char *name, *text;
} names_reason[] = {
    [SESSION_REASON_NONE] = { "none", "not closed" },
    [SESSION_REASON_LOCAL] = { "local", "closed by us" },
    [SESSION_REASON_UNBOUND] = { "unbound", "unbound" },
    [SESSION_REASON_PEER_UNBOUND] = { "peer_unbound", "the peer unbound" },
    [SESSION_REASON_BIND_REFUSED] = { "bind_refused", "the peer refused the bind" },
    [SESSION_REASON_BIND_TIMEOUT] = { "bind_timeout", "no bind in time" },
    [SESSION_REASON_ENQUIRE_TIMEOUT] = { "enquire_timeout", "the peer does not answer enquire_link" },
    [SESSION_REASON_UNBIND_TIMEOUT] = { "unbind_timeout", "the peer does not answer unbind" },
    [SESSION_REASON_INACTIVE] = { "inactive", "inactive for too long" },
    [SESSION_REASON_GARBAGE] = { "garbage", "the peer sent octets that are no SMPP" },
    [SESSION_REASON_PROTOCOL] = { "protocol", "the peer sends requests without a bind" },
    [SESSION_REASON_OVERFLOW] = { "overflow", "the peer does not read what we send" },
    [SESSION_REASON_DISCONNECTED] = { "disconnected", "disconnected" },
};

const char *session_state_name(enum session_state st)
{
    return (size_t)st < sizeof names_state / sizeof *names_state ? names_state[st] : "?";
}

static const struct names_reason *names_find(enum session_reason r)
{
    static const struct names_reason none = { "?", "?" };
    return (size_t)r < sizeof names_reason / sizeof *names_reason ? &names_reason[r] : &none;
}

const char *session_reason_name(enum session_reason r)
{
    return names_find(r)->name;
}

const char *names_reason_text(enum session_reason r)
{
    return names_find(r)->text;
}

const char *session_bind_name(enum session_bind b)
{
    return b == SESSION_TRANSMITTER ? "transmitter" : b == SESSION_RECEIVER ? "receiver" : "transceiver";
}

bool session_bind_parse(struct strv name, enum session_bind *out)
{
    static const struct {
        const char *name;
        enum session_bind bind;
    } rows[] = {
        { "transmitter", SESSION_TRANSMITTER }, { "tx", SESSION_TRANSMITTER },
        { "receiver", SESSION_RECEIVER },       { "rx", SESSION_RECEIVER },
        { "transceiver", SESSION_TRANSCEIVER }, { "trx", SESSION_TRANSCEIVER },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strv_eq_c(name, rows[i].name)) {
            *out = rows[i].bind;
            return true;
        }
    return false;
}
