// SIGHUP and SIGTERM: what changes without losing a bind, what is refused, and how a stop waits for what is under way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, Carrier, slow, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const sendMany = (daemon, n, from = 0) => Promise.all(Array.from({ length: n }, (_, i) => daemon.send(number(from + i), `text ${from + i}`)));

test('SIGHUP changes the rate and keeps the bind', async () => {
  await withGateway({ settings: { rate: 5, burst: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await sendMany(daemon, 200);
    assert.equal((await daemon.status()).carriers[0].rate.limit, 5);
    assert.ok(carrier.submits.length < 20);
    daemon.carriers[0].rate = 2000;
    daemon.carriers[0].burst = 100;
    assert.equal(await daemon.reload(), true);
    const began = Date.now();
    await until('all to be sent', () => carrier.submits.length === 200);
    assert.ok(Date.now() - began < 3000 * slow);
    assert.equal((await daemon.status()).carriers[0].rate.limit, 2000);
    assert.equal(carrier.connections, 1);
  });
});

test('SIGHUP adds a carrier, and takes it away again', async () => {
  const other = await new Carrier().listen();
  try {
    await withGateway({}, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      daemon.carriers.push({ name: 'berlin', port: other.port, prefixes: '49' });
      assert.equal(await daemon.reload(), true);
      await daemon.bound(other);
      await daemon.send('+4915112345678', 'hallo', { class: 'otp' });
      await daemon.send(number(1), 'hello');
      await until('both', () => other.submits.length === 1 && carrier.submits.length === 1);
      assert.equal(other.submits[0].to, '4915112345678');
      daemon.carriers.pop();
      assert.equal(await daemon.reload(), true);
      await until('the bind to end', () => other.sessions.size === 0);
      await daemon.send('+4915112345678', 'noch einmal', { class: 'otp' });
      await until('the other way', () => carrier.submits.length === 2);
      await breathe();
      assert.equal(other.sessions.size, 0);
      assert.equal(other.submits.length, 1);
      assert.equal(carrier.connections, 1);
    });
  } finally {
    await other.close();
  }
});

test('a bad file is refused with file and line, and everything goes on as before', async () => {
  await withGateway({ settings: { rate: 100 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    for (const [text, why] of [
      ['zoen = "UTC";\n', /tesserad\.conf:\d+: unknown setting \\?"zoen\\?"/],
      ['messages: { max_parts = 0; };\n', /tesserad\.conf:\d+: messages\.max_parts must be/],
      ['messages: { max_parts = ;\n', /tesserad\.conf:\d+: syntax error/],
    ]) {
      const from = daemon.mark();
      daemon.settings = text;
      daemon.carriers[0].rate = 7;
      assert.equal(await daemon.reload(), false);
      assert.match(daemon.log.slice(from), why);
      assert.match(daemon.log.slice(from), / error reload_refused /);
    }
    const id = await daemon.send(number(1), 'still here');
    await daemon.becomes(id, 'sent');
    assert.equal((await daemon.status()).carriers[0].rate.limit, 100);
    assert.equal(carrier.connections, 1);
  });
});

test('a password that was wrong is corrected by a reload', async () => {
  await withGateway({ carrier: { bind: (pdu) => (pdu.password === 'right' ? 0 : 0x0e) } }, async ({ carrier, daemon }) => {
    await until('the bind to stop', async () => (await daemon.status()).carriers[0].state === 'stopped');
    daemon.carriers[0].password = 'right';
    assert.equal(await daemon.reload(), true);
    await daemon.bound(carrier);
    assert.equal((await daemon.status()).carriers[0].state, 'up');
  });
});

test('a reload that makes the binds anew, under load: everything is sent once or uncertain', async () => {
  const N = 1500;
  await withGateway({ settings: { window: 30, transceivers: 2 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 2);
    const all = sendMany(daemon, N);
    for (let i = 0; i < 5; i++) {
      const n = carrier.submits.length;
      await until('load', () => carrier.submits.length > Math.min(n + 100, N - 1));
      daemon.carriers[0].window = 31 + i;
      assert.equal(await daemon.reload(), true);
    }
    await all;
    const s = await until('everything to be settled', async () => {
      const q = (await daemon.status()).queue;
      return q.ready + q.in_flight + q.held === 0 && q;
    });
    assert.equal(s.sent + s.uncertain, N, JSON.stringify(s));
    const texts = carrier.submits.map((x) => x.text);
    assert.equal(new Set(texts).size, texts.length, 'nothing twice');
    assert.ok(texts.length >= s.sent);
  });
});

test('SIGTERM waits for responses, unbinds and exits with 0', async () => {
  await withGateway({ carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'under way');
    await until('the submission', () => carrier.submits.length === 1);
    daemon.process.kill('SIGTERM');
    await daemon.logged('stopping');
    await breathe(50);
    assert.equal(daemon.exit, undefined, 'it waits');
    await assert.rejects(daemon.send(number(2), 'too late'), 'intake is closed');
    carrier.respond(carrier.submits[0]);
    await daemon.exited;
    assert.deepEqual(daemon.exit, { code: 0, signal: null });
    assert.equal(carrier.unbinds, 1);
    carrier.options.answer = () => ({});
    await daemon.start();
    await daemon.bound(carrier);
    assert.equal((await daemon.message(id)).state, 'sent', 'the answer was recorded');
    assert.equal((await daemon.status()).recovered.in_flight, 0);
    assert.equal(carrier.submits.length, 1);
  });
});

test('SIGTERM does not wait longer than drain_timeout', async () => {
  await withGateway({ text: 'drain_timeout = "200ms";\n', carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'never answered');
    await until('the submission', () => carrier.submits.length === 1);
    const began = Date.now();
    await daemon.stop();
    assert.ok(Date.now() - began < 2500 * slow, `${Date.now() - began} ms`);
    assert.equal(carrier.unbinds, 1, 'it unbinds all the same');
    await daemon.start();
    assert.equal((await daemon.message(id)).state, 'uncertain');
  });
});

test('a second SIGTERM does not wait at all', async () => {
  await withGateway({ text: 'drain_timeout = "1m";\n', carrier: { answer: () => null } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const id = await daemon.send(number(1), 'never answered');
    await until('the submission', () => carrier.submits.length === 1);
    daemon.process.kill('SIGTERM');
    await daemon.logged('stopping');
    daemon.process.kill('SIGTERM');
    await daemon.exited;
    assert.equal(daemon.exit.code, 0);
    assert.match(daemon.log, / warn stop_now /);
    await daemon.start();
    assert.equal((await daemon.message(id)).state, 'uncertain');
  });
});
