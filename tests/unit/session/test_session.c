/* The life of a session: binds, timeouts, the window, the ends; each race a table (see script.h). */
#include "script.h"

#define ANSWERED(t, seq, what)                                                                               \
    {                                                                                                        \
        t, RECV, CMD(submit_sm_resp), .sequence = seq, .expect = what                                        \
    }

static const struct script binds[] = {
    { "bound, then unbound in good order",
      { CLIENT },
      { { 0, STATE, .expect = "new" },
        { 0, NEXT, .n = -1 },
        BINDING,
        { 0, STATE, .expect = "binding" },
        { 0, NEXT, .n = 10000 },
        { 0, ROOM, .expect = "0" },
        { 40, RECV, CMD(bind_transceiver_resp), .sequence = 1, .n = 0x34, .expect = "bound 34 SMSC; room" },
        { 40, ROOM, .expect = "10" },
        { 50, UNBIND, .expect = "> unbind 2" },
        { 50, STATE, .expect = "unbinding" },
        { 60, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        { 60, NEXT, .n = -1 },
        { 70, UNBIND },
        { 70, DISCONNECT },
        END } },
    { "transmitter",
      { CLIENT, .bind = SESSION_TRANSMITTER },
      { { 0, START, .expect = "> bind_transmitter 1" },
        { 1, RECV, CMD(bind_transmitter_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        END } },
    { "a receiver has no room to submit",
      { CLIENT, .bind = SESSION_RECEIVER },
      { { 0, START, .expect = "> bind_receiver 1" },
        { 1, RECV, CMD(bind_receiver_resp), .sequence = 1, .expect = "bound 34 SMSC" },
        { 1, ROOM, .expect = "0" },
        { 1, SUBMIT, .expect = "refused" },
        END } },
    { "versions: the lower of both",
      { CLIENT, .version = SMPP_V50 },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .sequence = 1, .n = 0x50, .expect = "bound 50 SMSC; room" },
        END } },
    { "versions: 5.0 asked, 3.3 there",
      { CLIENT, .version = SMPP_V50 },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .sequence = 1, .n = 0x33, .expect = "bound 33 SMSC; room" },
        END } },
    { "versions: 5.0 asked, nothing told, so 3.4 as carriers mean it",
      { CLIENT, .version = SMPP_V50 },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        END } },
    { "versions: 3.3 asked, 3.4 told",
      { CLIENT, .version = SMPP_V33, .bind = SESSION_TRANSMITTER },
      { { 0, START, .expect = "> bind_transmitter 1" },
        { 1, RECV, CMD(bind_transmitter_resp), .sequence = 1, .n = 0x34, .expect = "bound 33 SMSC; room" },
        END } },
    { "versions: nothing told by one that is known to speak 3.3",
      { CLIENT, .version = SMPP_V50, .untold = SMPP_V33 },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "bound 33 SMSC; room" },
        { 2, REQUEST, CMD(data_sm), .n = 1, .expect = "refused" },
        { 2, REQUEST, CMD(query_sm), .n = 1, .expect = "> query_sm 2" },
        END } },
    { "a bind_resp of the header alone binds",
      { CLIENT },
      { BINDING, { 1, RAW, .hex = "00000010800000090000000000000001", .expect = "bound 34 ; room" }, END } },
    { "wrong password",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .status = SMPP_ESME_RINVPASWD, .sequence = 1,
          .expect = "bind_failed RINVPASWD; closed bind_refused" },
        { 2, RECV, CMD(bind_transceiver_resp), .sequence = 1 },
        END } },
    { "the carrier says we are bound already",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .status = SMPP_ESME_RALYBND, .sequence = 1,
          .expect = "bind_failed RALYBND; closed bind_refused" },
        END } },
    { "generic_nack refuses a bind, also with status 0",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(generic_nack), .sequence = 1,
          .expect = "bind_failed RUNKNOWNERR; closed bind_refused" },
        END } },
    { "bind_resp in the last instant, too late, and after the end",
      { CLIENT },
      { BINDING,
        { 9999, TICK },
        { 10000, TICK, .expect = "closed bind_timeout" },
        { 10001, RECV, CMD(bind_transceiver_resp), .sequence = 1 },
        { 10001, STATE, .expect = "closed" },
        END } },
    { "bind_resp of another number or another bind does not bind",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(bind_transceiver_resp), .sequence = 2 },
        { 1, RECV, CMD(bind_transmitter_resp), .sequence = 1 },
        { 1, STATE, .expect = "binding" },
        { 2, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        { 3, RECV, CMD(bind_transceiver_resp), .sequence = 1 },
        { 3, STATE, .expect = "bound" },
        END } },
    { "unbind asked while binding: bound, and unbound at once",
      { CLIENT },
      { BINDING,
        { 1, UNBIND },
        { 2, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "> unbind 2" },
        { 3, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        END } },
    { "unbind asked while binding, and the bind is refused",
      { CLIENT },
      { BINDING,
        { 1, UNBIND },
        { 2, RECV, CMD(bind_transceiver_resp), .status = SMPP_ESME_RBINDFAIL, .sequence = 1,
          .expect = "bind_failed RBINDFAIL; closed bind_refused" },
        END } },
    { "unbind before the start", { CLIENT }, { { 0, UNBIND, .expect = "closed local" }, { 1, START }, END } },
    { "disconnected while binding",
      { CLIENT },
      { BINDING, { 1, DISCONNECT, .expect = "closed disconnected" }, END } },
    { "outbind, then bind",
      { CLIENT, .bind = SESSION_RECEIVER, .wait_outbind = true },
      { { 0, START },
        { 0, STATE, .expect = "open" },
        { 5000, RECV, CMD(outbind), .sequence = 1, .expect = "outbind SMSC; > bind_receiver 1" },
        { 5000, NEXT, .n = 15000 },
        { 5001, RECV, CMD(bind_receiver_resp), .sequence = 1, .expect = "bound 34 SMSC" },
        { 5002, RECV, CMD(outbind), .sequence = 2, .expect = "> generic_nack 2 RINVBNDSTS" },
        END } },
    { "no outbind in time",
      { CLIENT, .wait_outbind = true },
      { { 0, START }, { 10000, TICK, .expect = "closed bind_timeout" }, END } },
    { "outbind to a client that did not wait for one",
      { CLIENT },
      { BINDING, { 1, RECV, CMD(outbind), .sequence = 9, .expect = "> generic_nack 9 RINVBNDSTS" }, END } },
};

static const struct script windows[] = {
    { "responses out of order, twice, unknown, of another operation",
      { CLIENT },
      { BOUND,
        { 10, SUBMIT, .n = 100, .expect = "> submit_sm 2" },
        { 10, SUBMIT, .n = 101, .expect = "> submit_sm 3" },
        { 10, SUBMIT, .n = 102, .expect = "> submit_sm 4" },
        ANSWERED(20, 4, "response 102 ROK 10ms"),
        ANSWERED(21, 4, NULL),
        ANSWERED(22, 99, NULL),
        { 23, RECV, CMD(data_sm_resp), .sequence = 2 },
        { 23, RECV, CMD(deliver_sm_resp), .sequence = 2 },
        { 30, RECV, CMD(submit_sm_resp), .status = SMPP_ESME_RTHROTTLED, .sequence = 2,
          .expect = "response 100 RTHROTTLED 20ms" },
        { 31, RECV, CMD(generic_nack), .status = SMPP_ESME_RINVCMDID, .sequence = 3,
          .expect = "response 101 RINVCMDID nack 21ms" },
        { 31, RECV, CMD(generic_nack), .status = SMPP_ESME_RINVCMDLEN, .sequence = 0 },
        END } },
    { "a generic_nack of status 0 is no success",
      { CLIENT },
      { BOUND,
        { 10, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 11, RECV, CMD(generic_nack), .sequence = 2, .expect = "response 1 RUNKNOWNERR nack 1ms" },
        END } },
    { "a response of the header alone, good or bad, is a response",
      { CLIENT },
      { BOUND,
        { 10, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 10, SUBMIT, .n = 2, .expect = "> submit_sm 3" },
        { 11, RAW, .hex = "00000010800000040000000000000002", .expect = "response 1 ROK 1ms" },
        { 11, RAW, .hex = "00000010800000040000001400000003", .expect = "response 2 RMSGQFUL 1ms" },
        END } },
    { "a response with a damaged body is a response",
      { CLIENT },
      { BOUND,
        { 10, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 11, RAW, .hex = "0000001280000004000000000000000241ff", .expect = "response 1 ROK 1ms" },
        END } },
    { "a full window refuses, and tells when there is room",
      { CLIENT, .window = 2 },
      { BOUND,
        { 10, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 10, SUBMIT, .n = 2, .expect = "> submit_sm 3" },
        { 10, ROOM, .expect = "0" },
        { 10, SUBMIT, .n = 3, .expect = "refused" },
        { 10, NEXT, .n = 30000 },
        ANSWERED(11, 2, "response 1 ROK 1ms; room"),
        { 11, SUBMIT, .n = 3, .expect = "> submit_sm 4" },
        { 12, WINDOW, .n = 1 },
        ANSWERED(13, 3, "response 2 ROK 3ms"),
        { 13, SUBMIT, .n = 4, .expect = "refused" },
        ANSWERED(14, 4, "response 3 ROK 3ms; room"),
        { 15, SUBMIT, .n = 4, .expect = "> submit_sm 5" },
        { 16, WINDOW, .n = 9 },
        { 16, NEXT, .n = 0 },
        { 16, TICK, .expect = "room" },
        { 16, ROOM, .expect = "1" },
        END } },
    { "no response in time, then a late one, then it again",
      { CLIENT, .response_timeout = 5 * USEC_SEC, .window = 1 },
      { BOUND,
        { 10, SUBMIT, .n = 7, .expect = "> submit_sm 2" },
        { 10, NEXT, .n = 5010 },
        { 5009, TICK },
        { 5010, TICK, .expect = "lost 7 timeout; room" },
        { 5011, SUBMIT, .n = 8, .expect = "> submit_sm 3" },
        ANSWERED(6000, 2, "late 7 ROK 5990ms"),
        ANSWERED(6001, 2, NULL),
        ANSWERED(6002, 3, "response 8 ROK 991ms; room"),
        END } },
    { "numbers go from 0x7fffffff to 1",
      { CLIENT, .first_sequence = 0x7ffffffe },
      { { 0, START, .expect = "> bind_transceiver 2147483646" },
        { 0, RECV, CMD(bind_transceiver_resp), .sequence = 0x7ffffffe, .expect = "bound 34 SMSC; room" },
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2147483647" },
        { 1, SUBMIT, .n = 2, .expect = "> submit_sm 1" },
        ANSWERED(2, 1, "response 2 ROK 1ms"),
        ANSWERED(2, 0x7fffffff, "response 1 ROK 1ms"),
        END } },
    { "only requests with a response, and only ours, are submitted",
      { CLIENT },
      { BOUND,
        { 1, REQUEST, CMD(data_sm), .n = 1, .expect = "> data_sm 2" },
        { 1, REQUEST, CMD(query_sm), .n = 2, .expect = "> query_sm 3" },
        { 1, REQUEST, CMD(deliver_sm), .expect = "refused" },
        { 1, REQUEST, CMD(enquire_link), .expect = "refused" },
        { 1, REQUEST, CMD(submit_sm_resp), .expect = "refused" },
        { 1, NOTIFY, CMD(alert_notification), .expect = "refused" },
        { 2, RECV, CMD(query_sm_resp), .sequence = 3, .expect = "response 2 ROK 1ms" },
        { 2, RECV, CMD(data_sm_resp), .sequence = 2, .expect = "response 1 ROK 1ms" },
        END } },
    { "disconnected with requests outstanding: each is told, oldest first, before the end",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 5, .expect = "> submit_sm 2" },
        { 1, SUBMIT, .n = 6, .expect = "> submit_sm 3" },
        { 2, DISCONNECT, .expect = "lost 5 closed; lost 6 closed; closed disconnected" },
        { 3, SUBMIT, .expect = "refused" },
        { 3, TICK },
        ANSWERED(4, 2, NULL),
        END } },
    { "closed by us",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 5, .expect = "> submit_sm 2" },
        { 2, CLOSE, .expect = "lost 5 closed; closed local" },
        END } },
};

static const struct script ends[] = {
    { "unbind waits for the responses, and submits nothing new",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 2, UNBIND },
        { 2, STATE, .expect = "draining" },
        { 2, SUBMIT, .n = 2, .expect = "refused" },
        { 3, RECV, CMD(enquire_link), .sequence = 5, .expect = "> enquire_link_resp 5" },
        ANSWERED(9, 2, "response 1 ROK 8ms; > unbind 3"),
        { 10, RECV, CMD(unbind_resp), .sequence = 3, .expect = "closed unbound" },
        END } },
    { "unbind waits no longer than a response may take",
      { CLIENT, .response_timeout = 2 * USEC_SEC },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 1000, UNBIND },
        { 1000, NEXT, .n = 2001 },
        { 2001, TICK, .expect = "lost 1 timeout; > unbind 3" },
        { 2001, NEXT, .n = 7001 },
        { 7001, TICK, .expect = "closed unbind_timeout" },
        END } },
    { "unbind that does not wait any longer: a response may still come before unbind_resp, then it is lost",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 1, SUBMIT, .n = 2, .expect = "> submit_sm 3" },
        { 2, UNBIND },
        { 5, UNBIND_NOW, .expect = "> unbind 4" },
        { 6, UNBIND_NOW },
        ANSWERED(9, 2, "response 1 ROK 8ms"),
        { 10, RECV, CMD(unbind_resp), .sequence = 4, .expect = "lost 2 closed; closed unbound" },
        END } },
    { "unbind waits for our own answers, but not for ever",
      { CLIENT },
      { BOUND,
        { 1, RECV, CMD(deliver_sm), .sequence = 70, .expect = "pdu deliver_sm 70" },
        { 2, UNBIND },
        { 2, NEXT, .n = 5002 },
        { 3, ANSWER, CMD(deliver_sm), .sequence = 70, .expect = "> deliver_sm_resp 70" },
        { 3, NEXT, .n = 0 },
        { 3, TICK, .expect = "> unbind 2" },
        END } },
    { "unbind with an answer that never comes",
      { CLIENT },
      { BOUND,
        { 1, RECV, CMD(deliver_sm), .sequence = 70, .expect = "pdu deliver_sm 70" },
        { 2, UNBIND },
        { 5002, TICK, .expect = "> unbind 2" },
        { 5003, ANSWER, CMD(deliver_sm), .sequence = 70, .expect = "> deliver_sm_resp 70" },
        { 5004, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        { 5004, ANSWER, CMD(deliver_sm), .sequence = 70, .expect = "refused" },
        END } },
    { "a deliver_sm that crosses our unbind is still taken",
      { CLIENT },
      { BOUND,
        { 1, UNBIND, .expect = "> unbind 2" },
        { 2, RECV, CMD(deliver_sm), .sequence = 70, .expect = "pdu deliver_sm 70" },
        { 2, ANSWER, CMD(deliver_sm), .sequence = 70, .expect = "> deliver_sm_resp 70" },
        { 3, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        END } },
    { "both unbind at once: each answers the other",
      { CLIENT },
      { BOUND,
        { 1, UNBIND, .expect = "> unbind 2" },
        { 2, RECV, CMD(unbind), .sequence = 44, .expect = "> unbind_resp 44" },
        { 3, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        END } },
    { "the peer closes instead of answering our unbind",
      { CLIENT },
      { BOUND, { 1, UNBIND, .expect = "> unbind 2" }, { 2, DISCONNECT, .expect = "closed unbound" }, END } },
    { "the peer refuses our unbind by generic_nack: an end all the same",
      { CLIENT },
      { BOUND,
        { 1, UNBIND, .expect = "> unbind 2" },
        { 2, RECV, CMD(generic_nack), .status = SMPP_ESME_RINVCMDID, .sequence = 2,
          .expect = "closed unbound" },
        END } },
    { "the peer unbinds a quiet session",
      { CLIENT },
      { BOUND,
        { 1, RECV, CMD(unbind), .sequence = 44, .expect = "unbind; closed peer_unbound; > unbind_resp 44" },
        END } },
    { "the peer unbinds: its last responses and our answers go before unbind_resp",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 1, RECV, CMD(deliver_sm), .sequence = 70, .expect = "pdu deliver_sm 70" },
        { 2, RECV, CMD(unbind), .sequence = 44, .expect = "unbind" },
        { 2, STATE, .expect = "leaving" },
        { 2, SUBMIT, .expect = "refused" },
        { 2, UNBIND },
        { 3, RECV, CMD(deliver_sm), .sequence = 71, .expect = "> deliver_sm_resp 71 RINVBNDSTS" },
        { 3, RECV, CMD(unbind), .sequence = 45, .expect = "> unbind_resp 45 RINVBNDSTS" },
        ANSWERED(4, 2, "response 1 ROK 3ms"),
        { 4, NEXT, .n = 5002 },
        { 5, ANSWER, CMD(deliver_sm), .sequence = 70, .expect = "> deliver_sm_resp 70" },
        { 5, NEXT, .n = 0 },
        { 5, TICK, .expect = "closed peer_unbound; > unbind_resp 44" },
        END } },
    { "the peer unbinds and leaves a response out",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 2, RECV, CMD(unbind), .sequence = 44, .expect = "unbind" },
        { 5001, TICK },
        { 5002, TICK, .expect = "lost 1 closed; closed peer_unbound; > unbind_resp 44" },
        END } },
    { "the peer unbinds and disconnects",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 2, RECV, CMD(unbind), .sequence = 44, .expect = "unbind" },
        { 3, DISCONNECT, .expect = "lost 1 closed; closed peer_unbound" },
        END } },
    { "the peer unbinds while we drain for our own unbind",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 2, UNBIND },
        { 3, RECV, CMD(unbind), .sequence = 44, .expect = "unbind" },
        ANSWERED(4, 2, "response 1 ROK 3ms; closed peer_unbound; > unbind_resp 44"),
        END } },
    { "the peer unbinds before we are bound",
      { CLIENT },
      { BINDING, { 1, RECV, CMD(unbind), .sequence = 44, .expect = "> unbind_resp 44 RINVBNDSTS" }, END } },
    { "an unbind_resp nobody asked for",
      { CLIENT },
      { BOUND, { 1, RECV, CMD(unbind_resp), .sequence = 2 }, { 1, STATE, .expect = "bound" }, END } },
};

static const struct script quiet[] = {
    { "enquire_link after silence, answered, and again",
      { CLIENT },
      { BOUND,
        { 0, NEXT, .n = 30000 },
        { 29999, TICK },
        { 30000, TICK, .expect = "> enquire_link 2" },
        { 30000, NEXT, .n = 40000 },
        { 30050, RECV, CMD(enquire_link_resp), .sequence = 2 },
        { 30050, NEXT, .n = 60000 },
        { 60000, TICK, .expect = "> enquire_link 3" },
        END } },
    { "enquire_link without answer: the peer is gone",
      { CLIENT },
      { BOUND,
        { 1, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        { 30000, TICK, .expect = "> enquire_link 3" },
        { 39999, TICK },
        { 40000, TICK, .expect = "lost 1 closed; closed enquire_timeout" },
        END } },
    { "a peer that answers no enquire_link but sends is alive",
      { CLIENT },
      { BOUND,
        { 30000, TICK, .expect = "> enquire_link 2" },
        { 35000, RECV, CMD(deliver_sm), .sequence = 9, .expect = "pdu deliver_sm 9" },
        { 40000, TICK },
        { 40000, STATE, .expect = "bound" },
        { 40000, NEXT, .n = 60000 },
        END } },
    { "a peer without enquire_link nacks it: alive",
      { CLIENT },
      { BOUND,
        { 30000, TICK, .expect = "> enquire_link 2" },
        { 30001, RECV, CMD(generic_nack), .status = SMPP_ESME_RINVCMDID, .sequence = 2 },
        { 40000, TICK },
        { 40000, STATE, .expect = "bound" },
        END } },
    { "business both ways needs no enquire_link; only receiving does",
      { CLIENT },
      { BOUND,
        { 20000, SUBMIT, .n = 1, .expect = "> submit_sm 2" },
        ANSWERED(20001, 2, "response 1 ROK 1ms"),
        { 30000, TICK },
        { 30000, NEXT, .n = 50000 },
        END } },
    { "no enquire_link when told so",
      { CLIENT, .enquire_interval = USEC_NEVER },
      { BOUND, { 0, NEXT, .n = -1 }, { 3600000, TICK }, END } },
    { "enquire_link of the peer in every state",
      { CLIENT },
      { BINDING,
        { 1, RECV, CMD(enquire_link), .sequence = 3, .expect = "> enquire_link_resp 3" },
        { 2, RECV, CMD(bind_transceiver_resp), .sequence = 1, .expect = "bound 34 SMSC; room" },
        { 3, RECV, CMD(enquire_link), .sequence = 4, .expect = "> enquire_link_resp 4" },
        { 4, UNBIND, .expect = "> unbind 2" },
        { 5, RECV, CMD(enquire_link), .sequence = 5, .expect = "> enquire_link_resp 5" },
        { 6, RECV, CMD(unbind_resp), .sequence = 2, .expect = "closed unbound" },
        { 7, RECV, CMD(enquire_link), .sequence = 6 },
        END } },
    { "inactive: unbound in good order, enquire_link being no business",
      { CLIENT, .inactivity = 45 * USEC_SEC },
      { BOUND,
        { 30000, TICK, .expect = "> enquire_link 2" },
        { 30001, RECV, CMD(enquire_link_resp), .sequence = 2 },
        { 30001, NEXT, .n = 45000 },
        { 45000, TICK, .expect = "> unbind 3" },
        { 45001, RECV, CMD(unbind_resp), .sequence = 3, .expect = "closed inactive" },
        END } },
};

static const struct script servers[] = {
    { "a client binds, is delivered to, and unbinds",
      { SERVER },
      { { 0, START },
        { 0, NEXT, .n = 10000 },
        { 1, RECV, CMD(bind_transceiver), .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; room; > bind_transceiver_resp 1" },
        { 2, SUBMIT, .n = 9, .expect = "> deliver_sm 1" },
        { 3, RECV, CMD(deliver_sm_resp), .sequence = 1, .expect = "response 9 ROK 1ms" },
        { 4, RECV, CMD(submit_sm), .sequence = 2, .expect = "pdu submit_sm 2" },
        { 4, ANSWER, CMD(submit_sm), .sequence = 2, .expect = "> submit_sm_resp 2" },
        { 4, ANSWER, CMD(submit_sm), .sequence = 2, .expect = "refused" },
        { 5, NOTIFY, CMD(alert_notification), .expect = "> alert_notification 2" },
        { 6, RECV, CMD(unbind), .sequence = 3, .expect = "unbind; closed peer_unbound; > unbind_resp 3" },
        END } },
    { "an older client is spoken to in its version",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(bind_transmitter), .n = 0x33, .sequence = 1,
          .expect = "bind ESME; bound 33 ESME; > bind_transmitter_resp 1" },
        END } },
    { "a newer client gets ours",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(bind_transceiver), .n = 0x50, .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; room; > bind_transceiver_resp 1" },
        END } },
    { "a transmitter gets no deliver_sm",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(bind_transmitter), .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; > bind_transmitter_resp 1" },
        { 2, ROOM, .expect = "0" },
        { 2, SUBMIT, .expect = "refused" },
        { 2, NOTIFY, CMD(alert_notification), .expect = "refused" },
        END } },
    { "nobody binds in time",
      { SERVER },
      { { 0, START }, { 10000, TICK, .expect = "closed bind_timeout" }, END } },
    { "outbind, and the client binds",
      { SERVER },
      { { 0, START },
        { 0, NOTIFY, CMD(outbind), .expect = "> outbind 1" },
        { 1, RECV, CMD(bind_receiver), .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; room; > bind_receiver_resp 1" },
        { 2, NOTIFY, CMD(outbind), .expect = "refused" },
        END } },
    { "a bound client binds again",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(bind_receiver), .sequence = 1,
          .expect = "bind ESME; bound 34 ESME; room; > bind_receiver_resp 1" },
        { 2, RECV, CMD(bind_transmitter), .sequence = 2, .expect = "> bind_transmitter_resp 2 RALYBND" },
        END } },
};

static const struct script late_servers[] = {
    { "a bind refused, a second one taken, within the one time there is",
      { SERVER },
      { { 0, START },
        { 1, RECV, CMD(bind_transceiver), .sequence = 1, .expect = "bind ESME" },
        { 2, RECV, CMD(bind_transceiver), .sequence = 2, .expect = "> bind_transceiver_resp 2 RALYBND" },
        { 3, BIND, .status = SMPP_ESME_RINVPASWD, .expect = "> bind_transceiver_resp 1 RINVPASWD" },
        { 3, BIND, .expect = "refused" },
        { 3, STATE, .expect = "open" },
        { 3, NEXT, .n = 10000 },
        { 4, RECV, CMD(bind_receiver), .sequence = 3, .expect = "bind ESME" },
        { 4, NEXT, .n = 10000 },
        { 5, BIND, .expect = "bound 34 ESME; > bind_receiver_resp 3" },
        { 5, TICK, .expect = "room" },
        END } },
    { "nobody decides about the bind",
      { SERVER },
      { { 0, START },
        { 9000, RECV, CMD(bind_transceiver), .sequence = 1, .expect = "bind ESME" },
        { 10000, TICK, .expect = "closed bind_timeout" },
        { 10001, BIND, .expect = "refused" },
        END } },
};

PLAY(binds, false)
PLAY(windows, false)
PLAY(ends, false)
PLAY(quiet, false)
PLAY(servers, false)
PLAY(late_servers, true)

static void an_outbind_may_be_declined(void **state)
{
    static const struct script sc = { "declined",
                                      { CLIENT, .wait_outbind = true },
                                      { { 0, START },
                                        { 1, RECV, CMD(outbind), .sequence = 1,
                                          .expect = "outbind SMSC; closed local" },
                                        END } };
    (void)state;
    script_play(&sc, false, true);
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct session_options o;
        const char *text;
    } rows[] = {
        { { .version = 0x35 }, "SMPP version 0x35 is none of 0x33, 0x34, 0x50" },
        { { .version = SMPP_V33 }, "SMPP 3.3 has no transceiver bind" },
        { { .bind = 4 }, "impossible bind type 4" },
        { { .window = 65537 }, "a window is at most 65536" },
        { { .max_pdu = 15 }, "the longest PDU must be of 16 to 1048576 octets" },
        { { .first_sequence = 0x80000000 }, "sequence numbers end at 0x7fffffff" },
        { { .response_timeout = -1 }, "a session's times must not be negative" },
        { { .unbind_timeout = USEC_NEVER }, "unbind_timeout must have an end" },
        { { .system_id = { "0123456789abcdef", 16 } }, "system_id is longer than 15 octets" },
        { { .password = { "a\0b", 3 } }, "password has a NUL in it" },
        { { .system_type = { "0123456789abc", 13 } }, "system_type is longer than 12 octets" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = { 0 };
        assert_null(session_new(&rows[i].o, &script_ops, NULL, &err));
        assert_string_equal(err.text, rows[i].text);
    }
    assert_null(session_new(&rows[0].o, &script_ops, NULL, NULL));
    session_free(NULL);
}

static void the_bind_says_who_we_are(void **state)
{
    (void)state;
    char id[] = "ESME";
    struct session_options o = { .system_id = { id, 4 },
                                 .password = STRV("secret"),
                                 .system_type = STRV("GW"),
                                 .addr_ton = 1,
                                 .addr_npi = 2,
                                 .address_range = STRV("^4477"),
                                 .version = SMPP_V50 };
    struct script_run r = { 0 };
    r.s = session_new(&o, &script_ops, &r, NULL);
    memset(id, 'x', 4); /* the options were copied */
    session_start(r.s, 5);
    struct smpp_pdu p;
    struct buf *out = session_output(r.s);
    assert_int_equal(smpp_pdu_decode(out->data, out->len, &p, NULL), SMPP_DECODE_OK);
    assert_true(strv_eq_c(p.bind.system_id, "ESME"));
    assert_true(strv_eq_c(p.bind.password, "secret"));
    assert_true(strv_eq_c(p.bind.system_type, "GW"));
    assert_true(strv_eq_c(p.bind.address_range, "^4477"));
    assert_int_equal(p.bind.interface_version, 0x50);
    assert_int_equal(p.bind.addr_ton, 1);
    assert_int_equal(p.bind.addr_npi, 2);
    session_free(r.s);
}

/* --- TLVs and versions --- */

static size_t tlvs_put_out(struct session *s, struct strv *text)
{
    struct buf *out = session_output(s);
    struct smpp_pdu p;
    assert_int_equal(smpp_pdu_decode(out->data, out->len, &p, NULL), SMPP_DECODE_OK);
    assert_int_equal(p.command_length, out->len);
    static char kept[300];
    *text = strv_from(strv_copy(p.sm.short_message, kept, sizeof kept) ? kept : "");
    buf_clear(out);
    return p.tlv_count;
}

/* A client bound to a peer that told `told` (0: nothing), asked with `version`. */
static struct session *bound_to(struct script_run *r, enum smpp_version version, unsigned told)
{
    struct session_options o = { .version = version, .bind = SESSION_TRANSMITTER };
    struct err e = { 0 };
    *r = (struct script_run){ .s = session_new(&o, &script_ops, r, &e) };
    assert_non_null(r->s);
    session_start(r->s, 0);
    buf_clear(session_output(r->s));
    script_recv(r, &(struct script_step){ CMD(bind_transmitter_resp), .sequence = 1, .n = (long)told });
    assert_int_equal(session_state(r->s), SESSION_BOUND);
    return r->s;
}

static void no_tlv_goes_to_a_peer_of_3_3(void **state)
{
    static const struct {
        enum smpp_version ours;
        unsigned told;
        enum smpp_version spoken;
        size_t tlvs;
    } rows[] = {
        { SMPP_V33, 0, SMPP_V33, 0 },    { SMPP_V33, 0x34, SMPP_V33, 0 }, { SMPP_V34, 0x33, SMPP_V33, 0 },
        { SMPP_V50, 0x33, SMPP_V33, 0 }, { SMPP_V34, 0, SMPP_V34, 1 },    { SMPP_V34, 0x34, SMPP_V34, 1 },
        { SMPP_V50, 0x34, SMPP_V34, 1 }, { SMPP_V50, 0x50, SMPP_V50, 1 }, { SMPP_V34, 0x50, SMPP_V34, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct script_run r;
        struct session *s = bound_to(&r, rows[i].ours, rows[i].told);
        struct smpp_sm sm = { .destination_addr = STRV("447700900123"), .short_message = STRV("hello") };
        struct smpp_tlv tlv = { .tag = SMPP_TLV_user_message_reference, .value = STRV("ab") };
        struct smpp_pdu p;
        struct strv text;
        assert_int_equal(session_version(s), rows[i].spoken);
        assert_int_not_equal(session_submit_sm(s, &sm, &tlv, 1, 1, 0), 0);
        assert_int_equal(tlvs_put_out(s, &text), rows[i].tlvs);
        smpp_pdu_init(&p, SMPP_CMD(submit_sm), 0, 0);
        p.sm = sm;
        assert_true(smpp_tlv_add(&p, SMPP_TLV_user_message_reference, STRV("ab")));
        assert_int_not_equal(session_submit(s, &p, 2, 0), 0);
        assert_int_equal(tlvs_put_out(s, &text), rows[i].tlvs);
        assert_true(strv_eq_c(text, "hello"));
        session_free(s);
        buf_free(&r.log);
    }
}

static void no_text_is_lost_with_the_tlvs(void **state)
{
    struct script_run r;
    struct session *s = bound_to(&r, SMPP_V34, 0x33);
    char longer[255];
    struct smpp_sm sm = { .destination_addr = STRV("447700900123") };
    struct smpp_tlv tlv = { .tag = SMPP_TLV_message_payload, .value = STRV("in the payload") };
    struct strv text;
    (void)state;
    assert_int_not_equal(session_submit_sm(s, &sm, &tlv, 1, 1, 0), 0);
    assert_int_equal(tlvs_put_out(s, &text), 0);
    assert_true(strv_eq_c(text, "in the payload"));
    memset(longer, 'x', sizeof longer);
    tlv.value = (struct strv){ longer, sizeof longer };
    assert_int_equal(session_submit_sm(s, &sm, &tlv, 1, 2, 0), 0);
    tlv.value.n = 254;
    assert_int_not_equal(session_submit_sm(s, &sm, &tlv, 1, 3, 0), 0);
    session_free(s);
    buf_free(&r.log);
}

/* Given a peer that floods and never reads, when the output reaches its limit, the session ends and what it
 * had put out is still whole; submits stop at half of it and go on when it was taken away. */
static void output_is_bounded(void **state)
{
    (void)state;
    struct session_options o = { CLIENT, .max_output = 4096, .window = 1000 };
    struct script_run r = { 0 };
    struct smpp_sm sm = { .short_message = STRV("hi") };
    r.s = session_new(&o, &script_ops, &r, NULL);
    session_start(r.s, 5);
    session_input(r.s, "\0\0\0\x10\x80\0\0\x09\0\0\0\0\0\0\0\x01", 16, 6);
    while (session_submit_sm(r.s, &sm, NULL, 0, 1, 7))
        assert_true(session_outstanding(r.s) < 1000);
    assert_in_range(session_output(r.s)->len, 2048, 2200);
    assert_int_equal(session_window_room(r.s), 0);
    buf_clear(session_output(r.s));
    assert_int_equal(session_next_tick(r.s), 0);
    assert_true(session_window_room(r.s) > 0);
    while (session_state(r.s) != SESSION_CLOSED)
        session_input(r.s, "\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x01", 16, 8);
    assert_int_equal(session_close_reason(r.s), SESSION_REASON_OVERFLOW);
    assert_in_range(session_output(r.s)->len, 4000, 4096);
    buf_free(&r.log);
    session_free(r.s);
}

static void names_are_stable(void **state)
{
    (void)state;
    enum session_bind b;
    assert_string_equal(session_state_name(SESSION_LEAVING), "leaving");
    assert_string_equal(session_state_name(99), "?");
    assert_string_equal(session_reason_name(SESSION_REASON_ENQUIRE_TIMEOUT), "enquire_timeout");
    assert_string_equal(session_reason_name(99), "?");
    assert_true(session_bind_parse(STRV("rx"), &b));
    assert_int_equal(b, SESSION_RECEIVER);
    for (b = SESSION_TRANSMITTER; b <= SESSION_TRANSCEIVER; b++) {
        enum session_bind again;
        assert_true(session_bind_parse(strv_from(session_bind_name(b)), &again));
        assert_int_equal(again, b);
    }
    assert_false(session_bind_parse(STRV("both"), &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(play_binds),
        cmocka_unit_test(play_windows),
        cmocka_unit_test(play_ends),
        cmocka_unit_test(play_quiet),
        cmocka_unit_test(play_servers),
        cmocka_unit_test(play_late_servers),
        cmocka_unit_test(an_outbind_may_be_declined),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(the_bind_says_who_we_are),
        cmocka_unit_test(output_is_bounded),
        cmocka_unit_test(names_are_stable),
        cmocka_unit_test(no_tlv_goes_to_a_peer_of_3_3),
        cmocka_unit_test(no_text_is_lost_with_the_tlvs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
