// What a carrier is asked about a message that it has: query_sm, cancel_sm, replace_sm (SMPP 3.4 §4.8 to §4.10), with the
// id as the carrier wrote it and the sender as it was submitted; refusals, silence, late answers, and no bind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';
const NUMBER = '+447700900001';

// Answers with reply(pdu): the fields of the response, or null for none now. What was asked is in `asked`.
function desk(reply) {
  const asked = [];
  return {
    asked,
    session: (session) => {
      for (const command of ['query_sm', 'cancel_sm', 'replace_sm']) {
        session.on(command, (pdu) => {
          asked.push({ command, pdu, session, text: String(pdu.short_message?.message ?? pdu.short_message) });
          const fields = reply(pdu, command);
          if (fields) session.send(pdu.response({ ...(command === 'query_sm' && !fields.command_status ? { message_id: pdu.message_id } : {}), ...fields }));
        });
      }
    },
  };
}

test('a query tells the state and records a final one', { timeout: 60_000 }, async () => {
  let state = { message_state: 1 };
  const d = desk(() => state);
  let n = 0;
  await withGateway({ clock: SOUND, carrier: { session: d.session, answer: () => ({ id: `00AbC-${n++}` }) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'where is it');
    await daemon.becomes(id, 'sent');
    const enroute = await daemon.json('message', 'query', id);
    assert.deepEqual(enroute.asked.map((p) => [p.ok, p.state, p.final, p.error]), [[true, 'enroute', null, null]]);
    assert.equal(enroute.state, 'sent');
    const { pdu } = d.asked[0];
    assert.equal(pdu.message_id, '00AbC-0', 'the id as the carrier wrote it');
    assert.deepEqual([pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi], ['TESSERA', 5, 0]);

    state = { message_state: 5, error_code: 27, final_date: '261118115900000+' };
    const said = await daemon.cli('message', 'query', id);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /undeliverable/);
    assert.match(said.out, /27/);
    const m = await daemon.message(id);
    assert.equal(m.state, 'undeliverable');
    assert.equal(m.code, 27);
    assert.equal(m.final, '2026-11-18T11:59:00Z');
    assert.equal((await daemon.json('message', 'query', id)).asked[0].ok, true, 'one that is over can be asked about');

    // each part of a long one, by its own id
    state = { message_state: 2, final_date: '' };
    const long = await daemon.send(NUMBER, 'x'.repeat(400));
    await daemon.becomes(long, 'sent');
    d.asked.length = 0;
    const parts = await daemon.json('message', 'query', long);
    assert.equal(parts.state, 'delivered');
    assert.deepEqual(d.asked.map((a) => a.pdu.message_id), ['00AbC-1', '00AbC-2', '00AbC-3']);
    assert.ok(parts.asked.every((p) => p.state === 'delivered'));
  });
});

test('what the carrier refuses is told with its name and a sentence, and changes nothing', { timeout: 60_000 }, async () => {
  const refusals = { query_sm: 0x67, cancel_sm: 0x11, replace_sm: 0x13 };
  const d = desk((pdu, command) => ({ command_status: refusals[command] }));
  await withGateway({ clock: SOUND, carrier: { session: d.session } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'stay');
    await daemon.becomes(id, 'sent');
    for (const [args, name] of [[['query', id], 'ESME_RQUERYFAIL'], [['cancel', id, '--at-carrier'], 'ESME_RCANCELFAIL'],
      [['replace', id, '--text', 'other'], 'ESME_RREPLACEFAIL']]) {
      const r = await daemon.cli('message', ...args);
      assert.equal(r.code, 1, r.out);
      assert.match(r.err, new RegExp(`message ${id}: acme refused: .*${name}`));
    }
    refusals.query_sm = 0x0c;
    assert.match((await daemon.cli('message', 'query', id)).err, /ESME_RINVMSGID/);
    assert.equal((await daemon.message(id)).state, 'sent');
    // without --at-carrier nobody is asked, and the error says what could be done
    const r = await daemon.cli('message', 'cancel', id);
    assert.equal(r.code, 1);
    assert.match(r.err, /--at-carrier/);
    assert.equal(d.asked.length, 4);
  });
});

test('a confirmed cancellation is recorded, for the parts that were confirmed', { timeout: 60_000 }, async () => {
  let no = new Set();
  const d = desk((pdu) => (no.has(pdu.message_id) ? { command_status: 0x11 } : {}));
  await withGateway({ clock: SOUND, carrier: { session: d.session } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'never mind', { sender: '+447700900555' });
    await daemon.becomes(id, 'sent');
    const one = await daemon.json('message', 'cancel', id, '--at-carrier');
    assert.equal(one.state, 'cancelled');
    assert.equal(one.reason, 'cancelled');
    const { pdu } = d.asked[0];
    assert.deepEqual([pdu.message_id, pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi, pdu.destination_addr, pdu.dest_addr_ton, pdu.dest_addr_npi],
      ['1', '447700900555', 1, 1, '447700900001', 1, 1]);
    carrier.receipt(carrier.submits[0], 'DELETED');
    await until('the receipt to be answered', () => carrier.answers.length === 1);
    assert.equal((await daemon.message(id)).state, 'cancelled', 'what the receipt says is known');

    const long = await daemon.send(NUMBER, 'y'.repeat(300));
    await daemon.becomes(long, 'sent');
    no = new Set([carrier.submits[2].id]);
    const two = await daemon.json('message', 'cancel', long, '--at-carrier');
    assert.deepEqual(two.asked.map((p) => [p.ok, p.status]), [[true, null], [false, 'ESME_RCANCELFAIL']]);
    assert.deepEqual(two.parts.map((p) => p.state), ['cancelled', 'sent']);
    assert.equal(two.state, 'sent', 'a part of it is still on its way');
    d.asked.length = 0;
    no.clear();
    assert.equal((await daemon.json('message', 'cancel', long, '--at-carrier')).state, 'cancelled');
    assert.equal(d.asked.length, 1, 'only what is left is asked for');
    const over = await daemon.cli('message', 'cancel', long, '--at-carrier');
    assert.equal(over.code, 1);
    assert.match(over.err, /it is cancelled: that is its end/);
    assert.match((await daemon.cli('message', 'cancel', '999', '--at-carrier')).err, /^tessera: there is no message 999; "tessera message list" shows the latest/);
    assert.equal((await daemon.status()).queue.cancelled, 2);
  });
});

test('a replacement goes for one part in the same alphabet only', { timeout: 60_000 }, async () => {
  const d = desk(() => ({}));
  await withGateway({ clock: SOUND, carrier: { session: d.session } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'at seven');
    await daemon.becomes(id, 'sent');
    const r = await daemon.cli('message', 'replace', id, '--text', 'at eight');
    assert.equal(r.code, 0, r.err);
    assert.equal(d.asked[0].text, 'at eight');
    assert.equal(d.asked[0].pdu.message_id, '1');
    assert.equal(d.asked[0].pdu.registered_delivery, 1);
    for (const [text, why] of [['z'.repeat(161), /does not fit into one part/], ['в восемь', /another alphabet/]]) {
      const no = await daemon.cli('message', 'replace', id, '--text', text);
      assert.equal(no.code, 1);
      assert.match(no.err, why);
    }
    const long = await daemon.send(NUMBER, 'y'.repeat(300));
    await daemon.becomes(long, 'sent');
    assert.match((await daemon.cli('message', 'replace', long, '--text', 'short')).err, /has 2 parts/);
    carrier.receipt(carrier.submits[0]);
    await daemon.becomes(id, 'delivered');
    assert.match((await daemon.cli('message', 'replace', id, '--text', 'late')).err, /it is delivered: that is its end/);
    assert.equal(d.asked.length, 1);
  });
});

test('silence ends in an error, and a late answer is recorded all the same', { timeout: 60_000 }, async () => {
  let hold = true;
  const d = desk(() => (hold ? null : {}));
  await withGateway({ clock: SOUND, settings: { response_timeout: '1s' }, carrier: { session: d.session } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'slowly');
    await daemon.becomes(id, 'sent');
    const r = await daemon.cli('message', 'cancel', id, '--at-carrier');
    assert.equal(r.code, 1);
    assert.match(r.err, /no answer in time; what it says later is recorded/);
    assert.equal((await daemon.message(id)).state, 'sent');
    const { pdu, session } = d.asked[0];
    session.send(pdu.response({}));
    await daemon.becomes(id, 'cancelled');
    await daemon.logged('errand_late');

    // the bind ends first; then there is none
    const other = await daemon.send(NUMBER, 'gone');
    await daemon.becomes(other, 'sent');
    const asking = daemon.cli('message', 'query', other);
    await until('the query', () => d.asked.length === 2);
    carrier.options.bind = () => 0x0d;
    carrier.drop();
    assert.match((await asking).err, /the bind ended before it answered/);
    await until('no bind', async () => (await daemon.status()).carriers[0].state !== 'up');
    assert.match((await daemon.cli('message', 'query', other)).err, /acme is not bound/);
    const waiting = await daemon.send(NUMBER, 'waits');
    assert.match((await daemon.cli('message', 'query', waiting)).err, /no carrier has it; `tessera message show`/);
    assert.match((await daemon.cli('message', 'cancel', waiting, '--at-carrier')).err, /cancel it without --at-carrier/);
    hold = false;
  });
});

test('a query goes before what waits for a full window, and within it', { timeout: 60_000 }, async () => {
  let hold = false, most = 0;
  const d = desk(() => ({ message_state: 1 }));
  const carrierOptions = { session: d.session, answer: () => (hold ? null : {}) };
  await withGateway({ clock: SOUND, settings: { window: 2 }, carrier: carrierOptions }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const first = await daemon.send(NUMBER, 'first');
    await daemon.becomes(first, 'sent');
    hold = true;
    for (let i = 0; i < 6; i++) await daemon.send(NUMBER, `more ${i}`);
    await until('the window to be full', () => carrier.submits.length === 3);
    const asking = daemon.api('POST', `/v1/messages/${first}/query`);
    await assert.rejects(daemon.api('POST', '/v1/messages/999999/query')); // looked up behind it: now it waits for the window
    assert.equal(d.asked.length, 0, 'the window is respected');
    carrier.options.onSubmit = () => (most = Math.max(most, d.asked.length === 0 ? carrier.submits.length : 0));
    carrier.respond(carrier.submits[1]);
    assert.equal((await asking).asked[0].state, 'enroute');
    assert.equal(most, 0, 'nothing was submitted before it');
    hold = false;
    carrier.respond(carrier.submits[2]);
    carrier.submits.slice(3).forEach((s) => s.status ?? carrier.respond(s));
    await until('the rest', () => carrier.submits.length === 7);
  });
});
