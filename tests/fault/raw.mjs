// A carrier made of a plain socket, for what no library would send, and the audit that all fault tests share.
import assert from 'node:assert/strict';
import net from 'node:net';
import { until } from '../system/lib.mjs';

export const CMD = { bind_receiver: 1, bind_transmitter: 2, submit_sm: 4, deliver_sm: 5, unbind: 6, bind_transceiver: 9, enquire_link: 0x15, generic_nack: 0x80000000 };
const RESP = 0x80000000;

export function pdu(command, { status = 0, sequence = 1, body = Buffer.alloc(0), length = null } = {}) {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(length ?? 16 + body.length, 0);
  head.writeUInt32BE(command >>> 0, 4);
  head.writeUInt32BE(status, 8);
  head.writeUInt32BE(sequence, 12);
  return Buffer.concat([head, body]);
}

const text = (t) => Buffer.concat([Buffer.from(t, 'latin1'), Buffer.from([0])]);

function readSubmit(body) {
  let at = 0;
  const string = () => {
    const end = body.indexOf(0, at), s = body.toString('latin1', at, end);
    at = end + 1;
    return s;
  };
  string(), at += 2;
  const from = string();
  at += 2;
  const to = string();
  at += 3;
  string(), string();
  at += 4;
  const n = body[at++];
  return { to, from, text: body.toString('latin1', at, at + n) };
}

// on(pdu, conn) sees every PDU first; true: it has been dealt with. A connection is a socket with `n` (0, 1, ...), `bound`,
// `gone`, and `frame(pdu)`. submits: {to, from, text, id, sequence, conn, status (of the response that was written, or null)}.
export class RawCarrier {
  constructor(on = () => false) {
    Object.assign(this, { on, submits: [], connections: [], answered: [], next: 1 });
  }

  async listen(port = 0) {
    this.server = net.createServer((conn) => this.#accept(conn));
    await new Promise((r) => this.server.listen(port, '127.0.0.1', r));
    this.port = this.server.address().port;
    return this;
  }

  get bound() {
    return this.connections.filter((c) => c.bound && !c.gone);
  }

  #accept(conn) {
    conn.n = this.connections.length;
    conn.setNoDelay(true);
    this.connections.push(conn);
    let have = Buffer.alloc(0);
    conn.on('error', () => {});
    conn.on('close', () => (conn.gone = true));
    conn.on('data', (d) => {
      have = Buffer.concat([have, d]);
      while (have.length >= 16 && have.length >= have.readUInt32BE(0)) {
        const length = have.readUInt32BE(0), frame = have.subarray(0, length);
        have = have.subarray(length);
        this.#frame(conn, { command: frame.readUInt32BE(4), status: frame.readUInt32BE(8), sequence: frame.readUInt32BE(12), body: frame.subarray(16) });
      }
    });
  }

  #frame(conn, p) {
    let submit = null;
    if (p.command === CMD.submit_sm) {
      submit = { ...readSubmit(p.body), n: this.submits.length, id: String(this.next++), sequence: p.sequence, conn, status: null, at: Date.now() };
      this.submits.push(submit);
    }
    if (this.on({ ...p, submit }, conn)) return;
    if ([CMD.bind_receiver, CMD.bind_transmitter, CMD.bind_transceiver].includes(p.command)) {
      conn.bound = true;
      conn.write(pdu((p.command | RESP) >>> 0, { sequence: p.sequence, body: text('RAW') }));
    } else if (submit) this.respond(submit);
    else if (p.command === CMD.enquire_link) conn.write(pdu((p.command | RESP) >>> 0, { sequence: p.sequence }));
    else if (p.command === CMD.unbind) conn.end(pdu((p.command | RESP) >>> 0, { sequence: p.sequence }));
    else if (p.command >= RESP) this.answered.push(p);
  }

  response(submit, status = 0) {
    submit.status = status;
    return pdu((CMD.submit_sm | RESP) >>> 0, { status, sequence: submit.sequence, body: status ? Buffer.alloc(0) : text(submit.id) });
  }

  respond(submit, status = 0) {
    submit.conn.write(this.response(submit, status));
  }

  async close() {
    for (const c of this.connections) c.destroy();
    await new Promise((r) => this.server.close(r));
  }
}

// n messages "PREFIX i" of a class, sixteen at a time; text -> id. What is refused is not in it.
export async function load(daemon, n, { prefix = 'm', class_ = 'transactional', from = 0 } = {}) {
  const accepted = new Map();
  let next = from;
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (next < from + n) {
      const i = next++, t = `${prefix} ${i}`;
      accepted.set(t, await daemon.send(`+4477009${String(i).padStart(5, '0')}`, t, { class: class_ }));
    }
  }));
  assert.equal(accepted.size, n);
  return accepted;
}

// Every message id on both sides. Options:
//   lost(submit): the carrier took it, but its response never reached us (or may not have);
//   broken: connections broke, so what was written may not have arrived; resend: the policy for both; receipted(text): the state a receipt that we acknowledged has made, or nothing;
//   refused: statuses after which a message is tried again. Returns {state: how many}.
export async function audit(daemon, carrier, accepted, { lost = () => false, broken = false, resend = false, refused = [], receipted = null } = {}) {
  const settled = await until('nothing to be on its way', async () => {
    const { queue } = await daemon.status();
    return queue.ready === 0 && queue.in_flight === 0 && (queue.held ?? 0) === 0 && queue;
  }, 40_000);
  const arrived = new Map();
  for (const s of carrier.submits) {
    assert.ok(accepted.has(s.text), `the carrier got "${s.text}", which nobody sent`);
    if (!arrived.has(s.text)) arrived.set(s.text, []);
    arrived.get(s.text).push(s);
  }
  const states = {};
  for (const [t, id] of accepted) {
    const m = await daemon.message(id), all = arrived.get(t) ?? [];
    const said = `${id} "${t}" is ${m.state}; the carrier: ${JSON.stringify(all.map((s) => [s.status, Boolean(lost(s))]))}`;
    states[m.state] = (states[m.state] ?? 0) + 1;
    assert.equal(m.text, t, said);
    // Nothing goes again unless it was refused for now, or its response was lost and the policy says so.
    for (const s of all.slice(0, -1)) assert.ok(refused.includes(s.status) || (resend && lost(s)), `sent again: ${said}`);
    const last = all.at(-1);
    if (last === undefined) assert.ok(broken && m.state === 'uncertain', `lost: ${said}`);
    else if (lost(last)) assert.ok(['uncertain', 'sent', 'delivered'].includes(m.state), said);
    else if (last.status === 0) assert.equal(m.state, receipted?.(t) ?? 'sent', said);
    else assert.equal(m.state, 'failed', said);
  }
  for (const [state, n] of Object.entries(states)) assert.equal(settled[state] ?? (await daemon.status()).queue[state], n, `the count of ${state}`);
  return states;
}
