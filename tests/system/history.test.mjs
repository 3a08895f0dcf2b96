// The log of messages: what became of one on its way, with instants, reasons and carriers; and finding messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Carrier, Daemon, breathe, until, withGateway } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';
const NUMBER = '+447700900001';

test('a message that goes at once has no more than its ends', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND, carrier: { receipt: () => [0, 'DELIVRD'] } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'at once');
    const m = await daemon.becomes(id, 'delivered');
    assert.deepEqual(m.history.map((e) => e.what), ['accepted', 'sent', 'delivered']);
    assert.doesNotMatch((await daemon.cli('message', 'show', id)).out, /tried/);
  });
});

test('each attempt is kept with its status, carrier, host and what was next', { timeout: 60_000 }, async () => {
  const plan = [0x64, 0x64, 0x08, 0];
  await withGateway({ clock: SOUND, text: 'messages: { retry_min = "100ms"; retry_max = "200ms"; };', carrier: { answer: () => ({ status: plan.shift() }) } },
    async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const id = await daemon.send(NUMBER, 'again and again');
      for (let i = 1; i < 4; i++) {
        await until(`attempt ${i}`, () => carrier.submits.length >= i);
        await until('it to be held', async () => (await daemon.message(id)).state === 'held');
        await daemon.setClock(new Date(Date.parse(SOUND) + i * 60_000).toISOString());
      }
      const m = await daemon.becomes(id, 'sent');
      const tried = m.history.filter((e) => e.tried);
      assert.equal(m.attempts, 4);
      assert.deepEqual(tried.map((e) => [e.what, e.reason, e.code, e.count ?? 1]), [['held', 'retry', 0x64, 2], ['held', 'retry', 0x08, 1]]);
      assert.match(tried[1].detail, /ESME_RSYSERR/);
      assert.equal(tried[0].carrier, 'acme');
      assert.equal(tried[0].host, `127.0.0.1:${carrier.port}`);
      assert.equal(tried[0].bind, 0);
      assert.ok(Date.parse(tried[0].until) > Date.parse(tried[0].last));
      assert.deepEqual(m.history.map((e) => e.what), ['accepted', 'held', 'held', 'sent']);
      const shown = (await daemon.cli('message', 'show', id)).out;
      assert.match(shown, /tried: held \(2 times\)/);
      assert.match(shown, /ESME_RSYSERR/);
    });
});

test('why it was held, refused and suppressed, and that it is bounded', { timeout: 60_000 }, async () => {
  let n = 0; // each time another refusal, so that nothing is alike
  await withGateway({ clock: '2026-11-18T03:00:00Z', text: 'messages: { retry_min = "100ms"; retry_max = "100ms"; max_attempts = 1000; };',
    carrier: { answer: () => (n < 20 ? { status: n++ % 2 ? 0x64 : 0x08 } : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const held = await daemon.send(NUMBER, 'good night', { class: 'promotional' });
    const m = await daemon.message(held);
    assert.equal(m.state, 'held');
    assert.equal(m.history[1].reason, 'quiet_hours');
    assert.equal(m.history[1].tried, false);
    assert.equal(m.history[1].until, m.until);
    await daemon.json('customer', 'block', NUMBER, '--words', 'no more');
    await daemon.setClock('2026-11-18T12:00:00Z');
    const end = await daemon.becomes(held, 'suppressed');
    assert.deepEqual(end.history.map((e) => e.what), ['accepted', 'held', 'suppressed']);
    assert.match(end.history[2].detail, /opted out/);

    const many = await daemon.send('+447700900002', 'often');
    for (let i = 0; i < 21; i++) {
      await until(`attempt ${i}`, () => carrier.submits.length > i);
      if (i < 20) await until('held', async () => ['held', 'sent'].includes((await daemon.message(many)).state));
      await daemon.setClock(new Date(Date.parse('2026-11-18T12:00:00Z') + (i + 1) * 10_000).toISOString());
    }
    const o = await daemon.becomes(many, 'sent');
    assert.equal(o.history.filter((e) => e.tried).length, 16);
    assert.deepEqual(o.history.filter((e) => e.what === 'forgotten').map((e) => e.count), [4]);
  });
});

test('an attempt that was interrupted by a kill is in the history; the rest survives it', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND, carrier: { answer: (pdu, n) => (n === 0 ? null : {}) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'a code', { class: 'otp', tag: 'login' });
    await until('the submission', () => carrier.submits.length === 1);
    await daemon.kill();
    await daemon.start();
    const m = await daemon.becomes(id, 'sent');
    assert.deepEqual(m.history.filter((e) => e.tried).map((e) => [e.what, e.reason]), [['ready', 'uncertain']]);
    assert.equal(m.tag, 'login');
  });
});

test('messages are found by tag, carrier and the rest together', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = [];
    for (let i = 0; i < 30; i++) ids.push(await daemon.send(`+4477009000${10 + i}`, `n ${i}`, i % 3 === 0 ? { tag: i % 2 ? 'odd' : 'even' } : {}));
    await until('all to be sent', async () => (await daemon.status()).queue.sent === 30);
    const found = async (...args) => (await daemon.json('message', 'list', ...args)).messages.map((m) => m.id);
    assert.deepEqual(await found('--tag', 'odd'), [27, 21, 15, 9, 3].map((i) => ids[i]));
    assert.deepEqual(await found('--tag', 'even', '--number', '+447700900016'), [ids[6]]);
    assert.deepEqual(await found('--tag', 'nothing'), []);
    assert.equal((await found('--carrier', 'acme', '--state', 'sent', '--all')).length, 30);
    const nobody = await daemon.cli('message', 'list', '--carrier', 'acne');
    assert.notEqual(nobody.code, 0);
    assert.match(nobody.err, /did you mean "acme"/);
    const page = await daemon.api('GET', '/v1/messages?tag=odd&limit=2');
    assert.equal(page.messages.length, 2);
    const rest = await daemon.api('GET', `/v1/messages?tag=odd&limit=50&before=${page.next}`);
    assert.equal(rest.messages.length, 3);
    assert.equal((await daemon.message(ids[3])).tag, 'odd');
    assert.match((await daemon.cli('message', 'show', ids[3])).out, /tag +odd/);
  });
});

test('a campaign with an unknown segment is told the nearest, and where to look', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ daemon }) => {
    await daemon.api('PUT', '/v1/segments/vips', { query: 'msisdn is set' });
    const near = await daemon.cli('campaign', 'add', 'x', '--segment', 'vip', '--text', 'hi');
    assert.match(near.err, /no segment "vip"; did you mean "vips"\?/);
    const none = await daemon.cli('campaign', 'add', 'x', '--segment', 'nope', '--text', 'hi');
    assert.match(none.err, /tessera segment list/);
    assert.doesNotMatch(none.err, /campaign list/);
  });
});

test('a replaced text is in the history', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND, carrier: { session: (s) => s.on('replace_sm', (pdu) => s.send(pdu.response({}))) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(NUMBER, 'at seven');
    await daemon.becomes(id, 'sent');
    const r = await daemon.json('message', 'replace', id, '--text', 'at eight');
    const e = r.history.find((x) => x.what === 'replaced');
    assert.equal(e.text, 'at eight');
    assert.match((await daemon.cli('message', 'show', id)).out, /replaced .*at eight/);
  });
});

test('a message that is moved to another carrier follows the rule of its tag', { timeout: 60_000 }, async () => {
  const one = await new Carrier().listen(), two = await new Carrier().listen();
  const daemon = new Daemon({ clock: SOUND, carriers: [{ name: 'one', port: one.port }, { name: 'two', port: two.port }], settings:
    'messages: { reroute_after = "100ms"; }; routes = ( { tag = "any"; strategy = "order"; carriers = ( { name = "one"; }, { name = "two"; } ); }, { carriers = ( { name = "one"; } ); } );' });
  try {
    await daemon.start();
    await daemon.bound(one);
    await daemon.bound(two);
    await daemon.json('carrier', 'pause', 'one');
    const before = await daemon.send(NUMBER, 'stays');
    await daemon.json('carrier', 'resume', 'one');
    await until('the first', () => one.submits.length === 1);
    await daemon.json('carrier', 'pause', 'one');
    const other = await daemon.send(NUMBER, 'waits');
    const tagged = await daemon.send(NUMBER, 'goes', { tag: 'any' });
    await daemon.becomes(tagged, 'sent');
    await breathe(300);
    assert.deepEqual(two.submits.map((s) => s.text), ['goes']);
    assert.equal((await daemon.message(other)).state, 'ready');
    assert.equal((await daemon.message(before)).state, 'sent');
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await one.close();
    await two.close();
  }
});
