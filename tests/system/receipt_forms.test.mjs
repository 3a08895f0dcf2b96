// Receipts in every form: as PDUs of the conformance vectors, in data_sm, packed, wide, in message_payload, on the way,
// contradicting, unknown; ids that are hexadecimal on one side; carriers that mark the wrong messages.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { breathe, Carrier, Daemon, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const STATES = { 1: 'sent', 2: 'delivered', 3: 'expired', 4: 'deleted', 5: 'undeliverable', 6: 'sent', 7: 'unknown', 8: 'rejected' };
const OTHER_WORDS = { FAILED: 'undeliverable', DND_REJECTED: 'rejected' };
const text = (id, stat = 'DELIVRD') => `id:${id} sub:001 dlvrd:001 submit date:2611212200 done date:2611212201 stat:${stat} err:000 text:`;

// Sends one message whose carrier's id is `id`; {id of ours, submission}.
async function sent(daemon, carrier, to, id) {
  carrier.options.answer = () => ({ id });
  const mine = await daemon.send(to, `for ${id}`);
  await daemon.becomes(mine, 'sent');
  return [mine, carrier.submits.at(-1)];
}

// A deliver_sm or data_sm, and tesserad's status for it.
function deliver(carrier, s, fields, command = 'deliver_sm') {
  return new Promise((resolve) => carrier.receiver()[command]({
    source_addr: s.to, destination_addr: s.from, esm_class: 4, ...fields,
  }, (pdu) => resolve(pdu.command_status)));
}

const metrics = async (daemon, name) => Number(new RegExp(`^tessera_${name}\\{carrier="acme"\\} (\\d+)$`, 'm').exec(await daemon.api('GET', '/metrics'))[1]);

const vectors = process.env.TESSERA_VECTORS && path.join(process.env.TESSERA_VECTORS, 'dlr.jsonl');

test('the conformance vectors, as deliver_sm and data_sm', { skip: !(vectors && fs.existsSync(vectors)) }, async () => {
  const cases = fs.readFileSync(vectors, 'utf8').trim().split('\n').map((l) => JSON.parse(l)).filter((c) => c.tlv?.receipted_message_id ?? c.expect.id);
  assert.ok(cases.length > 70);
  const idOf = (c) => c.tlv?.receipted_message_id ?? c.expect.id;
  await withGateway({ carrier: { answer: (pdu) => ({ id: idOf(cases[Number(pdu.short_message.message.slice(5))]) }) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ours = [], rounds = []; // many vectors have the same id: one after the other
    for (const [i, c] of cases.entries()) {
      const key = idOf(c).replace(/^0+/, '').toLowerCase();
      const round = rounds.find((r) => !r.has(key)) ?? rounds[rounds.push(new Map()) - 1];
      round.set(key, i);
    }
    for (const round of rounds) {
      await Promise.all([...round.values()].map(async (i) => {
        const c = cases[i];
        ours[i] = await daemon.send(number(i), `case ${i}`);
        await daemon.becomes(ours[i], 'sent');
        const s = carrier.submits.find((x) => x.text === `case ${i}`);
        const octets = c.hex ? Buffer.from(c.hex, 'hex') : Buffer.from(c.text, 'utf8');
        const common = { data_coding: c.data_coding ?? 0 };
        for (const t of ['receipted_message_id', 'message_state']) if (c.tlv?.[t] !== undefined) common[t] = c.tlv[t];
        if (c.tlv?.network_error_code) common.network_error_code = Buffer.from(c.tlv.network_error_code, 'hex');
        const status = i % 3 === 2 || octets.length > 250
          ? await deliver(carrier, s, { ...common, message_payload: octets }, i % 2 ? 'data_sm' : 'deliver_sm')
          : await deliver(carrier, s, { ...common, short_message: octets });
        assert.equal(status, 0, c.id);
      }));
    }
    await until('what waited to have found its message', async () => (await daemon.status()).spool.orphan_receipts === 0);
    for (const [i, c] of cases.entries()) {
      const state = c.tlv?.message_state ?? c.expect.message_state;
      const want = STATES[state] ?? OTHER_WORDS[c.expect.stat] ?? 'sent';
      assert.equal((await daemon.message(ours[i])).state, want, `${c.id}: ${c.text ?? c.hex}`);
    }
    assert.equal((await daemon.api('GET', '/v1/inbound')).inbound.length, 0);
  });
});

const wide = (s) => Buffer.from(s, 'utf16le').swap16();
function packed(s) { // 3GPP TS 23.038 §6.1.2.1; these texts are the same in ASCII
  const bits = [...s].map((c) => [...Array(7).keys()].map((i) => (c.charCodeAt(0) >> i) & 1)).flat();
  const out = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((b, i) => { out[i >> 3] |= b << (i & 7); });
  return out;
}

test('TLVs alone, wide and packed texts, payloads, and what is on its way', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const cases = [ // what is sent, with which command; what it becomes, and the stage of its part
      [(id) => ({ receipted_message_id: id, message_state: 2 }), 'data_sm', 'delivered', null],
      [(id) => ({ receipted_message_id: id, message_state: 9, esm_class: 0 }), 'data_sm', 'undeliverable', null], // SMPP 5.0: skipped
      [(id) => ({ message_payload: Buffer.from(text(id)) }), 'data_sm', 'delivered', null],
      [(id) => ({ short_message: '', message_payload: Buffer.from(text(id, 'EXPIRED')) }), 'deliver_sm', 'expired', null],
      [(id) => ({ short_message: wide(text(id)), data_coding: 8 }), 'deliver_sm', 'delivered', null],
      [(id) => ({ short_message: wide(text(id)), data_coding: 0 }), 'deliver_sm', 'delivered', null],
      [(id) => ({ short_message: packed(text(id, 'REJECTD')), data_coding: 0 }), 'deliver_sm', 'rejected', null],
      [(id) => ({ short_message: text(id, 'DELIVERED') }), 'deliver_sm', 'delivered', null], // not one of the nine words
      [(id) => ({ short_message: text(id, 'ENROUTE') }), 'deliver_sm', 'sent', 'enroute'],
      [(id) => ({ short_message: text(id, 'ACCEPTD') }), 'deliver_sm', 'sent', 'accepted'],
      [(id) => ({ short_message: '', receipted_message_id: id, message_state: 0 }), 'deliver_sm', 'sent', 'scheduled'], // SMPP 5.0
      [(id) => ({ short_message: text(id), esm_class: 0x20 }), 'deliver_sm', 'sent', 'other'], // an intermediate notification is never the end
      [(id) => ({ short_message: text(id, 'ENROUTE'), esm_class: 0x20 }), 'deliver_sm', 'sent', 'enroute'],
    ];
    for (const [i, [fields, command, state, stage]] of cases.entries()) {
      const [mine, s] = await sent(daemon, carrier, number(i), `f00d-${i}`);
      assert.equal(await deliver(carrier, s, fields(`f00d-${i}`), command), 0);
      const m = await daemon.message(mine);
      assert.equal(m.state, state, `${i}: ${JSON.stringify(m)}`);
      assert.equal(m.parts[0].stage, stage, `${i}`);
    }
    // The end comes after, and nothing later changes it; but UNKNOWN is no knowledge.
    const [mine, s] = await sent(daemon, carrier, number(50), 'f00d-50');
    for (const [stat, state] of [['ACCEPTD', 'sent'], ['ENROUTE', 'sent'], ['UNKNOWN', 'unknown'], ['ENROUTE', 'unknown'], ['UNDELIV', 'undeliverable'],
      ['DELIVRD', 'undeliverable'], ['UNDELIV', 'undeliverable']]) {
      assert.equal(await deliver(carrier, s, { short_message: text('f00d-50', stat) }), 0);
      assert.equal((await daemon.message(mine)).state, state, stat);
    }
    const kinds = (await daemon.status()).carriers[0].receipt_kinds;
    assert.deepEqual(kinds, { intermediate: 7, repeated: 2, contradicting: 1, unknown: 0, unreadable: 0 });
    assert.equal(await metrics(daemon, 'receipts_contradicting_total'), 1);
    assert.match((await daemon.cli('message', 'show', mine)).out, /enroute/);
  });
});

test('a part that has failed: the message ends when none is pending', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'word '.repeat(80));
    await daemon.becomes(id, 'sent');
    const [a, b, ...rest] = carrier.submits;
    assert.equal(await deliver(carrier, b, { short_message: text(b.id, 'UNDELIV') }), 0);
    for (const s of rest) assert.equal(await deliver(carrier, s, { short_message: text(s.id) }), 0);
    let m = await daemon.message(id);
    assert.equal(m.state, 'sent', 'one is pending');
    assert.deepEqual(m.parts.map((p) => p.state), ['sent', 'undeliverable', ...rest.map(() => 'delivered')]);
    assert.equal(await deliver(carrier, a, { short_message: text(a.id) }), 0);
    m = await daemon.message(id);
    assert.equal(m.state, 'undeliverable');
    assert.equal(m.reason, 'carrier_receipt');
  });
});

// --- ids ---

test('hexadecimal and decimal: learned, shown, kept over a restart, and overridden', async () => {
  const carrier = await new Carrier().listen();
  const daemon = new Daemon({ carriers: [{ name: 'acme', port: carrier.port }] });
  const form = async () => (await daemon.json('carrier', 'list')).carriers[0].receipt_ids;
  try {
    await daemon.start();
    await daemon.bound(carrier);
    // "10" and "16": in hexadecimal the first is the second in decimal, and both went to one number: it waits.
    const [ten] = await sent(daemon, carrier, number(1), '10'), [sixteen, s16] = await sent(daemon, carrier, number(1), '16');
    assert.equal(await deliver(carrier, s16, { short_message: text('0000000016') }), 0);
    assert.equal((await form()).form, 'auto');
    assert.equal((await daemon.status()).spool.orphan_receipts, 1);
    assert.match((await daemon.cli('carrier', 'list')).out, /not known yet/);
    for (const n of [0xa1b2, 0xa1b3, 0xa1b4]) {
      const [id, s] = await sent(daemon, carrier, number(2), n.toString(16).toUpperCase());
      assert.equal(await deliver(carrier, s, { short_message: text(String(n).padStart(10, '0')) }), 0);
      assert.equal((await daemon.message(id)).state, 'delivered');
    }
    assert.deepEqual((({ form, set, seen }) => ({ form, set, hex_dec: seen.hex_dec >= 3 }))(await form()), { form: 'hex_dec', set: false, hex_dec: true });
    await daemon.becomes(ten, 'delivered'); // what waited is its
    assert.equal((await daemon.message(sixteen)).state, 'sent');
    assert.match((await daemon.cli('carrier', 'list')).out, /hexadecimal, then decimal/);

    await daemon.kill();
    await daemon.start();
    await daemon.bound(carrier);
    assert.equal((await form()).form, 'hex_dec');
    assert.equal(await deliver(carrier, s16, { short_message: text('22', 'EXPIRED') }), 0);
    assert.equal((await daemon.message(sixteen)).state, 'expired');

    daemon.carriers[0].receipt_ids = 'same';
    assert.ok(await daemon.reload());
    assert.deepEqual((({ form, set }) => ({ form, set }))(await form()), { form: 'same', set: true });
    assert.equal((await daemon.json('carrier', 'show', 'acme')).settings.receipt_ids, 'same');
    const [other, so] = await sent(daemon, carrier, number(3), '31');
    assert.equal(await deliver(carrier, so, { short_message: text('49') }), 0); // 49 is 31 hexadecimal: not any more
    assert.equal((await daemon.message(other)).state, 'sent');
    assert.equal(await deliver(carrier, so, { short_message: text('00031') }), 0);
    assert.equal((await daemon.message(other)).state, 'delivered');
    daemon.carriers[0].receipt_ids = 'octal';
    assert.equal(await daemon.reload(), false);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await carrier.close();
  }
});

test('small numbers, early and late, to few recipients: each receipt is its message\'s own', async () => {
  for (const [response, receipt] of [[(n) => n.toString(16), (n) => String(n)], [(n) => String(n), (n) => n.toString(16)], [(n) => String(n), (n) => String(n)]]) {
    await withGateway({ settings: { window: 20 }, carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
      const outcome = (s) => (s.n % 3 === 0 ? 'UNDELIV' : s.n % 3 === 1 ? 'DELIVRD' : 'EXPIRED');
      carrier.options.onSubmit = (s) => {
        if (s.n % 2) carrier.receipt(s, outcome(s), { id: receipt(s.n + 1) });
        carrier.respond(s, { id: response(s.n + 1) });
        if (s.n % 2 === 0) carrier.receipt(s, outcome(s), { id: receipt(s.n + 1) });
      };
      await daemon.bound(carrier);
      const ids = await Promise.all(Array.from({ length: 120 }, (_, i) => daemon.send(number(i % 3), `text ${i}`)));
      await until('all receipts to have found theirs', async () => carrier.answers.length === 120 && (await daemon.status()).spool.orphan_receipts === 0);
      for (const [i, id] of ids.entries()) {
        const s = carrier.submits.find((x) => x.text === `text ${i}`);
        assert.equal((await daemon.message(id)).state, { UNDELIV: 'undeliverable', DELIVRD: 'delivered', EXPIRED: 'expired' }[outcome(s)]);
      }
    });
  }
});

// --- unknown ones ---

test('unknown receipts: listed in pages, counted, matched by a late response, forgotten in time', async () => {
  let silent = true;
  await withGateway({ clock: '2026-11-18T12:00:00Z', text: 'receipts: { keep_unknown = "1h"; };\n', carrier: { answer: () => (silent ? null : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const mine = await daemon.send(number(1), 'hello');
    await until('the submission', () => carrier.submits.length === 1);
    const [s] = carrier.submits;
    for (let i = 0; i < 5; i++) assert.equal(await deliver(carrier, s, { short_message: text(`stranger-${i}`, i ? 'UNDELIV' : 'ENROUTE') }), 0);
    assert.equal(await deliver(carrier, s, { short_message: text('mine') }), 0);
    const page = await daemon.api('GET', '/v1/receipts/unknown?limit=4');
    assert.deepEqual(page.receipts.map((r) => r.carrier_id), ['mine', 'stranger-4', 'stranger-3', 'stranger-2']);
    assert.deepEqual({ ...page.receipts[1], id: 0, at: 0 }, { id: 0, carrier: 'acme', carrier_id: 'stranger-4', number: number(1), state: 'undeliverable', error: null, at: 0 });
    assert.match(page.receipts[1].at, /^2026-11-18T12:00:0/);
    const rest = await daemon.api('GET', `/v1/receipts/unknown?limit=4&before=${page.next}&carrier=acme`);
    assert.deepEqual(rest.receipts.map((r) => [r.carrier_id, r.state]), [['stranger-1', 'undeliverable'], ['stranger-0', 'enroute']]);
    assert.equal(rest.next, undefined);
    const table = await daemon.cli('receipt', 'unknown', '--all');
    assert.match(table.out, /stranger-0/);
    assert.equal((await daemon.json('receipt', 'unknown', '--limit', '2')).receipts.length, 2);
    assert.equal((await daemon.cli('receipt', 'unknown', '--carrier', 'nobody')).code, 4);
    assert.match((await daemon.cli('receipt', 'unknown', '--carrier', 'acm')).err, /did you mean "acme"/);
    assert.equal((await daemon.status()).spool.orphan_receipts, 6);
    assert.equal(await metrics(daemon, 'receipts_unknown_total'), 6);

    silent = false;
    carrier.respond(s, { id: 'mine' });
    await daemon.becomes(mine, 'delivered');
    assert.equal((await daemon.status()).spool.orphan_receipts, 5);

    await daemon.setClock('2026-11-18T13:02:00Z');
    await daemon.send(number(2), 'time goes by');
    await until('them to be forgotten', async () => (await daemon.status()).spool.orphan_receipts === 0);
    assert.match((await daemon.cli('receipt', 'unknown')).out, /every receipt has found its message/);
  });
});

test('a carrier that sends receipts nobody can read fills no log', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const began = Date.now(), s = { to: number(1).slice(1), from: 'TESSERA' };
    for (let i = 0; i < 40; i++) assert.equal(await deliver(carrier, s, { esm_class: 4, short_message: 'thank you' }), 0);
    assert.equal((await daemon.status()).carriers[0].receipt_kinds.unreadable, 40);
    const lines = [...daemon.log.matchAll(/receipt_without_id/g)].length;
    assert.ok(lines >= 1 && lines <= 2 + (Date.now() - began) / 1000, `${lines} lines`);
  });
});

// --- what is a receipt ---

for (const [by, expected] of Object.entries({
  // [marked and reads as one, marked and does not, reads as one only, neither]: 'r' receipt, 'i' inbound, '-' neither
  esm_class: 'r-ii', text: 'riri', either: 'r-ri',
})) {
  test(`receipts by ${by}`, async () => {
    await withGateway({ settings: { receipts_by: by } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const messages = [[4, true], [4, false], [0, true], [0, false]];
      for (const [i, [esm_class, reads]] of messages.entries()) {
        const [mine, s] = await sent(daemon, carrier, number(i), `abc-${i}`);
        const before = (await daemon.api('GET', '/v1/inbound')).inbound.length;
        assert.equal(await deliver(carrier, s, { esm_class, short_message: reads ? text(`abc-${i}`) : `Thank you ${i}` }), 0);
        const state = (await daemon.message(mine)).state, came = (await daemon.api('GET', '/v1/inbound')).inbound.length - before;
        assert.equal(came ? 'i' : state === 'delivered' ? 'r' : '-', expected[i], `${i}`);
      }
      assert.equal((await daemon.status()).carriers[0].receipt_kinds.unreadable, expected.includes('-') ? 1 : 0);
      if (expected.includes('-')) await daemon.logged('receipt_without_id');
      // A STOP that a carrier marks as a receipt: taken as what it is where the text decides.
      if (by === 'text') {
        await deliver(carrier, { to: number(9).slice(1), from: 'TESSERA' }, { esm_class: 4, short_message: 'STOP' });
        assert.equal((await daemon.request('POST', '/v1/messages', { to: number(9), text: 'no', class: 'promotional' })).status, 409);
      }
    });
  });
}
