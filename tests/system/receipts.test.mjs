// Receipts, as carriers really send them, and long messages with a receipt for each part.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;

test('every final state, by text and by TLV', async () => {
  const cases = [['DELIVRD', 'delivered', 2], ['UNDELIV', 'undeliverable', 5], ['EXPIRED', 'expired', 3], ['REJECTD', 'rejected', 8],
    ['DELETED', 'deleted', 4], ['UNKNOWN', 'unknown', 7]];
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (const [i, [stat, state, tlv]] of cases.entries()) {
      const one = await daemon.send(number(i), `text ${i}`), two = await daemon.send(number(i), `tlv ${i}`);
      await daemon.becomes(one, 'sent');
      await daemon.becomes(two, 'sent');
      carrier.receipt(carrier.submits.find((s) => s.text === `text ${i}`), stat);
      const s = carrier.submits.find((x) => x.text === `tlv ${i}`);
      carrier.receipt(s, stat, { short_message: '', receipted_message_id: s.id, message_state: tlv });
      await daemon.becomes(one, state);
      await daemon.becomes(two, state);
    }
    // An intermediate one is recorded and changes no state.
    const id = await daemon.send(number(50), 'enroute');
    await daemon.becomes(id, 'sent');
    const s = carrier.submits.find((x) => x.text === 'enroute');
    carrier.receipt(s, 'ENROUTE');
    carrier.receipt(s, 'ACCEPTD');
    await until('its answer', () => carrier.answers.filter((a) => a.id === s.id).length === 2);
    assert.equal((await daemon.message(id)).state, 'sent');
  });
});

test('a receipt that comes before its response waits for it', async () => {
  await withGateway({ carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    carrier.options.onSubmit = async (s) => {
      s.id = `early-${s.n}`; // the carrier's from the beginning, though we learn it after the receipt
      carrier.receipt(s);
      await until('the receipt to be answered', () => carrier.answers.some((a) => a.id === s.id));
      carrier.respond(s);
    };
    await daemon.bound(carrier);
    const ids = await Promise.all([1, 2, 3].map((i) => daemon.send(number(i), `text ${i}`)));
    for (const id of ids) await daemon.becomes(id, 'delivered');
    assert.ok(carrier.answers.every((a) => a.status === 0));
    assert.equal((await daemon.status()).spool.orphan_receipts, 0);
  });
});

test('a receipt on another bind, and on a bind made later', async () => {
  await withGateway({ settings: { transceivers: 2 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 2);
    const one = await daemon.send(number(1), 'one');
    await daemon.becomes(one, 'sent');
    const other = carrier.bound.find((b) => b.session !== carrier.submits[0].session).session;
    carrier.receipt(carrier.submits[0], 'DELIVRD', { session: other });
    await daemon.becomes(one, 'delivered');
    const two = await daemon.send(number(2), 'two');
    await daemon.becomes(two, 'sent');
    carrier.drop();
    await until('new binds', () => carrier.connections === 4 && carrier.bound.length === 2);
    carrier.receipt(carrier.submits[1], 'UNDELIV');
    await daemon.becomes(two, 'undeliverable');
  });
});

for (const [name, response, receipt] of [
  ['hexadecimal in the response, decimal in the receipt', (n) => (0x1a2b3c00 + n).toString(16).toUpperCase(), (n) => String(0x1a2b3c00 + n)],
  ['decimal in the response, hexadecimal in the receipt', (n) => String(0x2b3c4d00 + n), (n) => (0x2b3c4d00 + n).toString(16)],
  ['leading zeros and other case', (n) => `00000${(0xabcdef00 + n).toString(16)}`, (n) => (0xabcdef00 + n).toString(16).toUpperCase()],
]) {
  test(`ids: ${name}`, async () => {
    await withGateway({ carrier: { answer: (pdu, n) => ({ id: response(n) }) } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const ids = [];
      for (let i = 0; i < 20; i++) ids.push(await daemon.send(number(i), `text ${i}`));
      for (const id of ids) await daemon.becomes(id, 'sent');
      for (const s of carrier.submits) carrier.receipt(s, s.n % 3 === 0 ? 'UNDELIV' : 'DELIVRD', { id: receipt(s.n) });
      for (const [i, id] of ids.entries()) {
        const n = carrier.submits.find((s) => s.text === `text ${i}`).n;
        await daemon.becomes(id, n % 3 === 0 ? 'undeliverable' : 'delivered');
      }
    });
  });
}

test('the same receipt again, and a contradicting one, change nothing', async () => {
  await withGateway({ clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.importCsv('customers', `phone\n${number(1)}\n`, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'one', segments: ['all'], sender: 'TESSERA', text: 'hi' });
    await daemon.api('POST', '/v1/campaigns/one/start');
    await until('the submission', () => carrier.submits.length === 1);
    const id = (await until('it to be sent', async () => (await daemon.api('GET', '/v1/messages?campaign=one&state=sent')).messages[0])).id;
    for (const stat of ['DELIVRD', 'DELIVRD', 'UNDELIV', 'DELIVRD']) carrier.receipt(carrier.submits[0], stat);
    await until('four answers', () => carrier.answers.length === 4);
    assert.ok(carrier.answers.every((a) => a.status === 0), 'each is taken from the carrier');
    assert.equal((await daemon.message(id)).state, 'delivered');
    const r = await daemon.api('GET', '/v1/campaigns/one/report');
    assert.equal(r.delivered, 1);
    assert.equal(r.undeliverable, 0);
    await until('the activity', async () => (await daemon.api('GET', `/v1/customers/${encodeURIComponent(number(1))}`)).activity.delivered?.count === 1);
    await breathe();
    assert.equal((await daemon.api('GET', `/v1/customers/${encodeURIComponent(number(1))}`)).activity.delivered.count, 1);
  });
});

test('a receipt nobody knows is answered and kept apart', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    carrier.receipt({ id: 'stranger', to: '447700900001', from: 'TESSERA' });
    await until('its answer', () => carrier.answers.length === 1);
    assert.equal(carrier.answers[0].status, 0);
    assert.equal((await daemon.status()).spool.orphan_receipts, 1);
    assert.equal((await daemon.api('GET', '/v1/inbound')).inbound.length, 0);
  });
});

test('a text that looks like a receipt but is not marked as one is an inbound message', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'hello');
    await daemon.becomes(id, 'sent');
    const text = `id:${carrier.submits[0].id} sub:001 dlvrd:001 submit date:2611212200 done date:2611212201 stat:DELIVRD err:000 text:`;
    assert.equal(await carrier.inbound(number(1), '80080', text), 0);
    const { inbound } = await daemon.api('GET', '/v1/inbound');
    assert.equal(inbound.length, 1);
    assert.equal(inbound[0].text, text);
    assert.equal(inbound[0].reply_to, id);
    assert.equal((await daemon.message(id)).state, 'sent');
  });
});

// --- long messages ---

// The parts of what a carrier got, put together as a handset does; text and number of parts of each reference.
function assemble(submits) {
  const sets = new Map();
  for (const s of submits) {
    const [ie] = s.pdu.short_message.udh;
    const wide = ie[0] === 8;
    assert.equal(ie[0], wide ? 8 : 0);
    assert.equal(ie[1], wide ? 4 : 3);
    const ref = wide ? ie.readUInt16BE(2) : ie[2], [total, seq] = ie.subarray(-2);
    const key = `${s.to}/${ref}`;
    if (!sets.has(key)) sets.set(key, { wide, total, parts: [] });
    assert.equal(sets.get(key).total, total);
    assert.equal(sets.get(key).parts[seq - 1], undefined, 'each part once');
    sets.get(key).parts[seq - 1] = s.pdu.short_message.message;
  }
  return [...sets.values()].map((x) => ({ ...x, text: x.parts.join('') }));
}

const long = Array.from({ length: 60 }, (_, i) => `word${i} €{${i}}`).join(' ');
const cyrillic = 'Съешь ещё этих мягких французских булок, да выпей же чаю. '.repeat(4) + '😀'.repeat(40);

for (const udh16 of [false, true]) {
  test(`long messages arrive whole, ${udh16 ? '16' : '8'}-bit references`, async () => {
    await withGateway({ settings: { long_messages: udh16 ? 'udh16' : 'udh8' } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const ids = [await daemon.send(number(1), long), await daemon.send(number(2), long), await daemon.send(number(1), cyrillic)];
      for (const id of ids) await daemon.becomes(id, 'sent');
      const sets = assemble(carrier.submits);
      assert.deepEqual(sets.map((s) => s.text).sort(), [long, long, cyrillic].sort());
      for (const s of sets) {
        assert.equal(s.wide, udh16);
        assert.equal(s.parts.length, s.total);
        for (const p of s.parts) assert.doesNotMatch(p, /^[\udc00-\udfff]|[\ud800-\udbff]$/, 'no pair is split');
      }
      const m = await daemon.message(ids[0]);
      assert.equal(m.parts.length, sets.find((s) => s.text === long).total);
      assert.ok(carrier.submits.every((s) => s.pdu.esm_class & 0x40));
      assert.ok(carrier.submits.filter((s) => s.pdu.data_coding === 8).length === sets.find((s) => s.text === cyrillic).total);
    });
  });
}

test('the receipts of the parts make one outcome', async () => {
  await withGateway({ clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const parts = (id) => carrier.submits.filter((s) => s.to === id);
    const good = await daemon.send(number(1), long), bad = await daemon.send(number(2), long);
    await daemon.becomes(good, 'sent');
    await daemon.becomes(bad, 'sent');
    const [first, ...rest] = parts(number(1).slice(1));
    for (const s of rest) carrier.receipt(s);
    await until('their answers', () => carrier.answers.length === rest.length);
    assert.equal((await daemon.message(good)).state, 'sent', 'one is missing');
    carrier.receipt(first);
    const m = await daemon.becomes(good, 'delivered');
    assert.deepEqual(m.parts.map((p) => p.state), m.parts.map(() => 'delivered'));
    assert.deepEqual(new Set(m.parts.map((p) => p.carrier_id)), new Set(parts(number(1).slice(1)).map((s) => s.id)));
    for (const [i, s] of parts(number(2).slice(1)).entries()) carrier.receipt(s, i === 1 ? 'UNDELIV' : 'DELIVRD');
    await daemon.becomes(bad, 'undeliverable');
  });
});

test('parts are counted by the rate, and a part that is refused for good ends the message', async () => {
  let n = 0;
  await withGateway({ carrier: { answer: () => (n++ === 1 ? { status: 0x0b } : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), long);
    const m = await daemon.becomes(id, 'failed');
    assert.equal(m.reason, 'carrier_status');
    assert.equal(carrier.submits.length, m.parts.length);
    assert.equal(m.parts.filter((p) => p.state === 'failed').length, 1, JSON.stringify(m.parts));
  });
});

test('short texts in their alphabets', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const texts = ['plain', 'ÄÖÜ ß ñ @£$ {[~]} €', 'Привет', '漢字かな', 'emoji 😀 and é', 'x'.repeat(160), '€'.repeat(80), 'я'.repeat(70), '😀'.repeat(35)];
    for (const t of texts) await daemon.send(number(1), t);
    await until('all', () => carrier.submits.length === texts.length);
    assert.deepEqual(carrier.submits.map((s) => s.text), texts, 'one part each, in order');
    for (const s of carrier.submits) assert.equal(s.pdu.data_coding, /^[\x00-\x7fÄÖÜßñ£€]*$/.test(s.text) ? 0 : 8, s.text);
    // And the other way.
    for (const t of texts.slice(0, 5)) assert.equal(await carrier.inbound(number(2), '80080', t), 0);
    const { inbound } = await daemon.api('GET', '/v1/inbound');
    assert.deepEqual(inbound.map((i) => i.text).reverse(), texts.slice(0, 5));
  });
});
