// What a carrier answers to a submission, or does not: throttling, refusals for now and for good, responses that come
// late or never.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const ROK = 0, INVDSTADR = 0x0b, THROTTLED = 0x58, X_T_APPN = 0x64;

test('throttled once: what was refused is the first to go again, and the order is kept', async () => {
  const answer = (pdu, n) => (n === 5 ? { status: THROTTLED } : {});
  await withGateway({ settings: { window: 1 }, carrier: { answer } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = [];
    for (let i = 0; i < 30; i++) ids.push(await daemon.send(number(i), `text ${i}`));
    await daemon.logged('throttled');
    for (const id of ids) await daemon.becomes(id, 'sent');
    const taken = carrier.submits.filter((s) => s.status === ROK).map((s) => Number(s.text.slice(5)));
    assert.deepEqual(taken, taken.toSorted((a, b) => a - b), 'in the order in which they were accepted');
    assert.equal(taken.length, 30);
    assert.equal(carrier.submits[6].text, carrier.submits[5].text, 'the refused one is the first to go again');
  });
});

test('throttled in a full window: what was refused goes before what is new', async () => {
  const answer = (pdu, n) => (n >= 8 && n < 16 ? { status: THROTTLED } : {});
  await withGateway({ settings: { window: 8 }, carrier: { answer } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = await Promise.all(Array.from({ length: 60 }, (_, i) => daemon.send(number(i), `text ${i}`)));
    for (const id of ids) await daemon.becomes(id, 'sent');
    const taken = carrier.submits.filter((s) => s.status === ROK).map((s) => s.text);
    assert.equal(new Set(taken).size, 60);
    assert.equal(taken.length, 60);
    const refused = new Set(carrier.submits.filter((s) => s.status === THROTTLED).map((s) => s.text));
    const last = carrier.submits.findLast((s) => s.status === THROTTLED), after = carrier.submits.slice(last.n + 1).map((s) => s.text);
    // What was under way, at most a window, may come first; nothing that is newer than that may.
    const of = (t) => Number(t.split(' ')[1]);
    const highest = Math.max(...carrier.submits.slice(0, last.n + 1).map((s) => of(s.text)));
    const fresh = after.findIndex((t) => of(t) > highest + 8);
    assert.ok(fresh > 0 && refused.size > 0, `${after}`);
    assert.ok(after.slice(fresh).every((t) => !refused.has(t)), `${[...refused]} before ${after}`);
  });
});

test('a refusal for now is tried again, and given up after max_attempts', async () => {
  const answer = (pdu) => ({ status: pdu.short_message.message.startsWith('never') || pdu.short_message.message === 'once' ? X_T_APPN : ROK });
  let once = 0;
  await withGateway({
    text: 'messages: { max_attempts = 3; retry_min = "10ms"; retry_max = "20ms"; };\n',
    carrier: { answer: (pdu, n) => (pdu.short_message.message === 'once' && once++ > 0 ? {} : answer(pdu, n)) },
  }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const never = await daemon.send(number(1), 'never'), later = await daemon.send(number(2), 'once');
    const m = await daemon.becomes(later, 'sent');
    assert.equal(m.attempts, 2);
    const f = await daemon.becomes(never, 'failed');
    assert.equal(f.reason, 'attempts');
    assert.equal(f.attempts, 3);
    assert.match(JSON.stringify(f), /ESME_RX_T_APPN|100/);
    await breathe();
    assert.equal(carrier.submits.filter((s) => s.text === 'never').length, 3);
    assert.equal(carrier.submits.filter((s) => s.text === 'once').length, 2);
  });
});

test('a refusal for good is final, with its status', async () => {
  await withGateway({ carrier: { answer: () => ({ status: INVDSTADR }) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'hello');
    const m = await daemon.becomes(id, 'failed');
    assert.equal(m.reason, 'carrier_status');
    await breathe();
    assert.equal(carrier.submits.length, 1);
    const s = await daemon.status();
    assert.equal(s.carriers[0].failed, 1);
    assert.equal(s.queue.failed, 1);
  });
});

test('a response that never comes: uncertain, listed, and a person decides', async () => {
  let silent = true;
  await withGateway({ settings: { response_timeout: '200ms' }, carrier: { answer: () => (silent ? null : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = [];
    for (let i = 0; i < 4; i++) ids.push(await daemon.send(number(i), `text ${i}`));
    for (const id of ids) await daemon.becomes(id, 'uncertain');
    assert.equal(carrier.connections, 1, 'the bind is kept');
    const listed = await daemon.json('message', 'list', '--state', 'uncertain');
    assert.deepEqual(listed.messages.map((m) => m.id).sort(), [...ids].sort());
    assert.equal((await daemon.status()).queue.uncertain, 4);

    // A success that comes late says how it was.
    carrier.respond(carrier.submits[0], { id: 'late-1' });
    await daemon.becomes(ids[0], 'sent');
    carrier.receipt(carrier.submits[0], 'DELIVRD', { id: 'late-1' });
    await daemon.becomes(ids[0], 'delivered');
    // A refusal that comes late changes nothing.
    carrier.respond(carrier.submits[1], { status: INVDSTADR });

    silent = false;
    let r = await daemon.cli('message', 'resolve', ids[1], '--resend');
    assert.equal(r.code, 0, r.err);
    await daemon.becomes(ids[1], 'sent');
    assert.equal(carrier.submits.filter((s) => s.text === 'text 1').length, 2);
    r = await daemon.cli('message', 'resolve', ids[2], '--fail');
    assert.equal(r.code, 0, r.err);
    await daemon.becomes(ids[2], 'failed');
    r = await daemon.cli('message', 'resolve', ids[0], '--resend');
    assert.equal(r.code, 1, 'it is delivered');
    r = await daemon.cli('message', 'resolve', '999999', '--fail');
    assert.equal(r.code, 4, r.err);
    assert.equal((await daemon.status()).queue.uncertain, 1);
    assert.equal(carrier.submits.length, 5);
  });
});

test('a one-time password whose response is lost is sent again, but not for ever', async () => {
  await withGateway({ text: 'messages: { max_attempts = 3; };\n', settings: { response_timeout: '50ms' }, carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'Your code is 1', { class: 'otp' });
    const m = await daemon.becomes(id, 'failed');
    assert.equal(m.reason, 'uncertain');
    assert.equal(carrier.submits.length, 3);
  });
});

test('a lost response, by the policy of its class; and what a late one says of it', async () => {
  const policy = { otp: 'fail', transactional: 'resend', promotional: 'hold' };
  const lost = new Set();
  await withGateway({
    clock: '2026-11-18T12:00:00Z',
    text: `messages: { uncertain: { ${Object.entries(policy).map(([c, p]) => `${c} = "${p}";`).join(' ')} }; };\n`,
    settings: { response_timeout: '150ms', window: 5 },
    carrier: { answer: (pdu) => (lost.has(pdu.short_message.message) || !pdu.short_message.message.startsWith('lost') ? {} : (lost.add(pdu.short_message.message), null)) },
  }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = {};
    for (const [i, c] of Object.keys(policy).entries()) {
      ids[c] = await daemon.send(number(i), `lost ${c}`, { class: c });
      await daemon.becomes(await daemon.send(number(i), `fine ${c}`, { class: c }), 'sent');
    }
    const failed = await daemon.becomes(ids.otp, 'failed');
    assert.equal(failed.reason, 'uncertain');
    const again = await daemon.becomes(ids.transactional, 'sent');
    assert.equal(again.attempts, 2);
    await daemon.becomes(ids.promotional, 'uncertain');
    const of = (t) => carrier.submits.filter((s) => s.text === t);
    assert.deepEqual(Object.keys(policy).map((c) => of(`lost ${c}`).length), [1, 2, 1]);
    assert.ok(Object.keys(policy).every((c) => of(`fine ${c}`).length === 1), 'what was answered goes once');
    // The late success of what was given up changes nothing that was told; of what was held it says how it was.
    for (const c of Object.keys(policy)) carrier.respond(of(`lost ${c}`)[0], { id: `late-${c}` });
    await daemon.becomes(ids.promotional, 'sent');
    for (const c of Object.keys(policy)) carrier.receipt(of(`lost ${c}`)[0], 'DELIVRD', { id: `late-${c}` });
    await daemon.becomes(ids.promotional, 'delivered');
    await until('all receipts to be answered', () => carrier.answers.length === 3);
    assert.equal((await daemon.message(ids.otp)).state, 'failed');
    assert.equal(carrier.connections, 1);
  });
});
