// Rates, measured where they matter: at the carrier.
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, test } from 'node:test';
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

// The lag counts for all tests of this process, which share a processor: it is what any window may be off by.
const lateness = () => lag.max / 1e9;

// Parts of each flow: in no window of a second more than rate and burst, in no two seconds fewer than the rate (that long
// there is always something that waits). Arrival is seen through a network and a process that may lag.
function exact(times, rate, burst, what) {
  const late = lateness(), most = rate + burst + Math.ceil(rate * (0.02 + late));
  assert.ok(densest(times) <= most, `${what}: ${densest(times)} within a second, allowed are ${rate} + ${burst}, ${late} s late`);
  const seconds = (times.at(-1) - times[0]) / 1000, expected = (times.length - burst) / rate;
  assert.ok(seconds >= expected * 0.99 - late - 0.02, `${what}: ${times.length} parts in ${seconds} s, ${expected} expected`);
  assert.ok(seconds <= expected * 1.03 + late + 0.15, `${what}: ${times.length} parts in ${seconds} s, ${expected} expected: the rate is used`);
}

const long = 'three parts '.repeat(36); // 432 characters
const at = (list) => list.map((s) => s.at);
const from = (carrier, sender) => carrier.submits.filter((s) => s.from === sender);

describe('exact', { concurrency: true }, () => {
  for (const [rate, burst, messages] of [[50, 5, 40], [500, 20, 450]]) {
    test(`${rate} parts a second, of long messages`, async () => {
      await withGateway({ settings: { rate, burst, window: 200 } }, async ({ carrier, daemon }) => {
        await daemon.bound(carrier);
        await Promise.all(Array.from({ length: messages }, (_, i) => daemon.send(number(i), long)));
        await until('all', () => carrier.submits.length === 3 * messages);
        exact(at(carrier.submits), rate, burst, 'carrier');
        assert.equal((await daemon.status()).carriers[0].rate.limit, rate);
      });
    });
  }

  test('each bind, a sender, a region: and nobody waits for what does not hold for him', async () => {
    const text = 'rates = ( { sender = "SLOW"; rate = 20; burst = 2; }, { region = "DE"; rate = 30; burst = 3; } );\n';
    await withGateway({ text, settings: { transceivers: 2, bind_rate: 60, bind_burst: 6 } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier, 2);
      const all = [], ids = new Map();
      for (let i = 0; i < 60; i++) {
        all.push(daemon.send(number(i), 'slow', { sender: 'SLOW' }).then((id) => ids.set(number(i).slice(1), id)));
        all.push(daemon.send(`+49151123${String(i).padStart(5, '0')}`, 'german', { sender: 'QUICK' }));
        all.push(daemon.send(number(100 + i), 'free', { sender: 'FREE' }), daemon.send(number(200 + i), 'free', { sender: 'FREE' }));
      }
      await Promise.all(all);
      await until('all', () => carrier.submits.length === 240);
      exact(at(from(carrier, 'SLOW')), 20, 2, 'sender');
      exact(at(from(carrier, 'QUICK')), 30, 3, 'region');
      for (const { session } of carrier.bound) {
        const times = at(carrier.submits.filter((s) => s.session === session));
        assert.ok(densest(times) <= 66 + Math.ceil(60 * (0.02 + lateness())), `bind: ${densest(times)}`);
        assert.ok(times.length > 60);
      }
      const free = from(carrier, 'FREE');
      assert.ok(free.at(-1).at - carrier.submits[0].at < 2300 + 1000 * lateness(), 'the others were through long before');
      for (const { session } of carrier.bound) { // two at once, after a pause, go on two binds: only on each is their order seen
        const slow = from(carrier, 'SLOW').filter((x) => x.session === session).map((x) => ids.get(x.to));
        assert.deepEqual(slow, slow.toSorted((x, y) => x - y), 'in the order in which they were accepted');
      }
      assert.match((await daemon.cli('status')).out, /sender SLOW +20 +2 +0/);
    });
  });

  test('a reload changes a rate, and removes it', async () => {
    const text = (n) => `rates = ( { sender = "SLOW"; class = "transactional"; carrier = "acme"; rate = ${n}; } );\n`;
    await withGateway({ text: text(1) }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      for (let i = 0; i < 60; i++) await daemon.send(number(i), 'slow', { sender: 'SLOW' });
      assert.ok(carrier.submits.length <= 3, `${carrier.submits.length}`);
      assert.ok((await daemon.status()).rates[0].waiting > 50);
      daemon.settings = text(40);
      assert.ok(await daemon.reload());
      const t = carrier.submits.length;
      await until('forty more', () => carrier.submits.length >= t + 40);
      assert.ok(densest(at(carrier.submits)) <= 44 + Math.ceil(40 * (0.02 + lateness())));
      daemon.settings = '';
      assert.ok(await daemon.reload());
      await until('all', () => carrier.submits.length === 60);
      assert.deepEqual((await daemon.status()).rates, []);
      daemon.settings = 'rates = ( { carrier = "nobody"; rate = 1; } );\n';
      assert.ok(!await daemon.reload());
    });
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
