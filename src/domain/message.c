#include "domain/message.h"

static const char *const class_names[CLASS_COUNT] = {
    [CLASS_OTP] = "otp",
    [CLASS_TRANSACTIONAL] = "transactional",
    [CLASS_PROMOTIONAL] = "promotional",
};

#define BIT(s) (1u << MESSAGE_##s)

/* What a receipt can say of a message that the carrier has, or may have. */
#define BY_RECEIPT                                                                                           \
    (BIT(DELIVERED) | BIT(UNDELIVERABLE) | BIT(EXPIRED) | BIT(REJECTED) | BIT(DELETED) | BIT(UNKNOWN))
/* How a message ends that is not on the wire. */
#define WITHOUT_SENDING (BIT(SUPPRESSED) | BIT(EXPIRED) | BIT(FAILED) | BIT(CANCELLED))

static const struct {
    const char *name;
    uint32_t to; /* bits of the states it may move to */
} states[MESSAGE_STATE_COUNT] = {
    [MESSAGE_NONE] = { "none", BIT(HELD) | BIT(READY) | BIT(IN_FLIGHT) | WITHOUT_SENDING },
    [MESSAGE_HELD] = { "held", BIT(READY) | WITHOUT_SENDING },
    [MESSAGE_READY] = { "ready", BIT(HELD) | BIT(IN_FLIGHT) | WITHOUT_SENDING },
    /* Back to ready or held: a temporary refusal, or a claim that was never written to a socket. */
    [MESSAGE_IN_FLIGHT] = { "in_flight",
                            BIT(SENT) | BIT(UNCERTAIN) | BIT(READY) | BIT(HELD) | WITHOUT_SENDING },
    /* A late response or a receipt is proof that it was sent after all. */
    [MESSAGE_UNCERTAIN] = { "uncertain", BIT(READY) | BIT(HELD) | BIT(SENT) | BY_RECEIPT | WITHOUT_SENDING },
    [MESSAGE_SENT] = { "sent", BY_RECEIPT },
    [MESSAGE_DELIVERED] = { "delivered", 0 },
    [MESSAGE_UNDELIVERABLE] = { "undeliverable", 0 },
    [MESSAGE_EXPIRED] = { "expired", 0 },
    [MESSAGE_REJECTED] = { "rejected", 0 },
    [MESSAGE_DELETED] = { "deleted", 0 },
    /* The carrier does not know: what it says later is more than that. */
    [MESSAGE_UNKNOWN] = { "unknown", BY_RECEIPT & ~BIT(UNKNOWN) },
    [MESSAGE_FAILED] = { "failed", 0 },
    [MESSAGE_SUPPRESSED] = { "suppressed", 0 },
    [MESSAGE_CANCELLED] = { "cancelled", 0 },
};

static const struct {
    const char *name, *text;
} reasons[REASON_COUNT] = {
#define X(id, name, text) [REASON_##id] = { name, text },
    MESSAGE_REASONS(X)
#undef X
};

const char *message_class_name(enum message_class c)
{
    return (unsigned)c < CLASS_COUNT ? class_names[c] : "?";
}

bool message_class_parse(struct strv s, enum message_class *out)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++) {
        if (strv_ieq_c(s, class_names[i])) {
            *out = (enum message_class)i;
            return true;
        }
    }
    return false;
}

const char *message_state_name(enum message_state s)
{
    return (unsigned)s < MESSAGE_STATE_COUNT ? states[s].name : "?";
}

bool message_state_parse(struct strv s, enum message_state *out)
{
    for (unsigned i = 0; i < MESSAGE_STATE_COUNT; i++) {
        if (strv_ieq_c(s, states[i].name)) {
            *out = (enum message_state)i;
            return true;
        }
    }
    return false;
}

bool message_state_final(enum message_state s)
{
    return (unsigned)s < MESSAGE_STATE_COUNT && s >= MESSAGE_DELIVERED;
}

bool message_state_settled(enum message_state s)
{
    return s == MESSAGE_SENT || message_state_final(s);
}

bool message_move_allowed(enum message_state from, enum message_state to)
{
    return (unsigned)from < MESSAGE_STATE_COUNT && (unsigned)to < MESSAGE_STATE_COUNT &&
           (states[from].to >> to & 1) != 0;
}

const char *message_reason_name(enum message_reason r)
{
    return (unsigned)r < REASON_COUNT ? reasons[r].name : "?";
}

const char *message_reason_text(enum message_reason r)
{
    return (unsigned)r < REASON_COUNT ? reasons[r].text : "";
}
