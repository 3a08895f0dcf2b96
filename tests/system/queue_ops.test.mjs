// What an operator does to the queue: a carrier paused and resumed, schedules by the recipient's own clock, weights
// between campaigns, retention.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, until, withGateway } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z'; // a Wednesday, noon in London: everything below is open there

test('a paused carrier gets nothing, stays bound, and stays paused across a restart', { timeout: 120_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const first = await daemon.send('+447700900001', 'before');
    await until('the first submission', () => carrier.submits.length === 1);
    await daemon.becomes(first, 'sent');

    const paused = await daemon.json('carrier', 'pause', 'acme');
    assert.equal(paused.paused, true);
    assert.equal(paused.state, 'paused');
    assert.equal(Date.parse(paused.paused_since) >= Date.parse(SOUND), true);
    assert.equal((await daemon.json('carrier', 'pause', 'acme')).paused, true, 'again is no error');
    const ids = [];
    for (let i = 0; i < 20; i++) ids.push(await daemon.send('+447700900002', `while paused ${i}`, i % 2 ? { class: 'otp' } : {}));
    await breathe(300);
    assert.equal(carrier.submits.length, 1);
    assert.equal(carrier.bound.length, 1, 'the bind stays up');

    // What comes in is taken.
    carrier.receipt(carrier.submits[0]);
    await daemon.becomes(first, 'delivered');
    assert.equal(await carrier.inbound('+447700900003', 'TESSERA', 'hello there'), 0);
    const status = await daemon.status();
    assert.equal(status.carriers[0].state, 'paused');
    assert.equal(status.carriers[0].queue.otp + status.carriers[0].queue.transactional, 20);
    assert.match((await daemon.cli('status')).out, /acme was paused .*tessera carrier resume acme/);
    assert.match((await daemon.cli('carrier', 'list')).out, /acme +paused/);

    await daemon.stop();
    await daemon.start();
    await daemon.bound(carrier);
    await breathe(300);
    assert.equal(carrier.submits.length, 1, 'still paused');
    await daemon.kill();
    await daemon.start();
    await daemon.bound(carrier);
    await breathe(300);
    assert.equal(carrier.submits.length, 1, 'still paused after a kill');

    assert.equal((await daemon.json('carrier', 'resume', 'acme')).paused, false);
    await until('all to be sent', () => carrier.submits.length === 21);
    for (const id of ids) await daemon.becomes(id, 'sent');
    await breathe();
    assert.equal(carrier.submits.length, 21, 'each once');
    await daemon.stop();
    await daemon.start();
    await daemon.send('+447700900004', 'after');
    await until('the last', () => carrier.submits.length === 22);
    const unknown = await daemon.cli('carrier', 'pause', 'acne');
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.err, /did you mean "acme"/);
  });
});

test('pausing under load stops at once and loses nothing', { timeout: 120_000 }, async () => {
  await withGateway({ clock: SOUND, settings: { window: 50 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const total = 2000;
    const sending = Promise.all(Array.from({ length: 20 }, async (_, k) => {
      for (let i = 0; i < total / 20; i++) await daemon.send(`+4477009${String(k * 100 + i).padStart(5, '0')}`, `${k} ${i}`);
    }));
    for (let round = 0; round < 5; round++) {
      await until('some to go', () => carrier.submits.length > round * 100);
      await daemon.api('POST', '/v1/carriers/acme/pause', {});
      await breathe(20); // what the kernel still holds arrives
      const seen = carrier.submits.length;
      await breathe(60);
      assert.equal(carrier.submits.length, seen, 'nothing after the answer');
      await daemon.api('POST', '/v1/carriers/acme/resume', {});
    }
    await sending;
    await until('all to be sent', () => carrier.submits.length >= total);
    await breathe();
    assert.equal(carrier.submits.length, total);
    assert.equal(new Set(carrier.submits.map((s) => s.to)).size, total);
  });
});
