// Rates, measured where they matter: at the carrier.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;

// The most submissions within any second.
function densest(times) {
  let most = 0;
  for (let i = 0, j = 0; i < times.length; i++) {
    while (times[i] - times[j] >= 1000) j++;
    most = Math.max(most, i - j + 1);
  }
  return most;
}

// How late this process, which is the carrier, may have seen what had come: it then sees it all at once.
const lag = monitorEventLoopDelay({ resolution: 2 });
lag.enable();

function check(times, rate, burst) {
  const seconds = (times.at(-1) - times[0]) / 1000, late = lag.max / 1e9;
  lag.reset();
  const most = rate + burst + Math.ceil(rate * (0.04 + late)); // 0.04: what the daemon may be late by without a stall
  assert.ok(densest(times) <= most, `${densest(times)} within a second, allowed are ${rate} + ${burst}, ${late} s late`);
  assert.ok(seconds >= (times.length - burst) / rate * 0.95, `${times.length} in ${seconds} s`);
  return seconds;
}

test('rate = 50: never more than that and the burst within a second', async () => {
  await withGateway({ settings: { rate: 50, burst: 5, window: 100 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await Promise.all(Array.from({ length: 170 }, (_, i) => daemon.send(number(i), `text ${i}`)));
    await until('all', () => carrier.submits.length === 170);
    const seconds = check(carrier.submits.map((s) => s.at), 50, 5);
    assert.ok(seconds < 170 / 50 * 1.3 + 0.5, `and the rate is used: ${seconds} s`);
    const s = await daemon.status();
    assert.equal(s.carriers[0].rate.limit, 50);
  });
});

test('parts are what is counted', async () => {
  await withGateway({ settings: { rate: 40, burst: 4, window: 100 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const text = 'three parts '.repeat(36); // 432 characters
    await Promise.all(Array.from({ length: 30 }, (_, i) => daemon.send(number(i), text)));
    await until('all', () => carrier.submits.length === 90);
    check(carrier.submits.map((s) => s.at), 40, 4);
  });
});

test('two binds share the carrier\'s rate, and a one-time password does not wait behind a campaign', async () => {
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { rate: 50, burst: 5, window: 20, transceivers: 2 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier, 2);
    await daemon.importCsv('customers', ['phone', ...Array.from({ length: 5000 }, (_, i) => number(i))].join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'big', segments: ['all'], sender: 'TESSERA', text: 'hello' });
    await daemon.api('POST', '/v1/campaigns/big/start');
    await until('it to run', () => carrier.submits.length >= 50);
    const before = carrier.submits.length;
    await daemon.send(number(1), 'Your code is 1', { class: 'otp' });
    const code = await until('the code', () => carrier.submits.find((s) => s.text === 'Your code is 1'));
    assert.ok(code.n - before <= 20, `after ${code.n - before} of the campaign`);
    await until('two seconds of it', () => carrier.submits.length >= 120);
    check(carrier.submits.map((s) => s.at), 50, 5);
    assert.equal(new Set(carrier.submits.map((s) => s.session)).size, 2);
  });
});

test('a campaign\'s own rate holds below the carrier\'s', async () => {
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { rate: 1000 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.importCsv('customers', ['phone', ...Array.from({ length: 60 }, (_, i) => number(i))].join('\n') + '\n', { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'slow', segments: ['all'], sender: 'TESSERA', text: 'hello', rate: 30 });
    await daemon.api('POST', '/v1/campaigns/slow/start');
    await until('all', () => carrier.submits.length === 60);
    check(carrier.submits.map((s) => s.at), 30, 3);
  });
});
