// What happens to the daemon itself: SIGTERM under load, a full map, a full disk, a clock that jumps, kill -9 while the
// customers' activity is fed. Each with an audit of every message id on both sides. The long form of the kills:
//   TESSERA_KILLS=200 node --test fault/kill.test.mjs fault/inbound.test.mjs fault/daemon.test.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import { Carrier, Daemon, breathe, during, sanitized, scratch, until, withGateway } from '../system/lib.mjs';
import { audit, load } from './raw.mjs';

const KILLS = Number(process.env.TESSERA_KILLS ?? (sanitized ? 4 : 8));
const number = (i) => `+4477008${String(i).padStart(5, '0')}`;
const NOON = '2026-11-18T12:00:00Z';

async function campaign(daemon, n, { text = 'campaign {{msisdn}}' } = {}) {
  await daemon.importCsv('customers', ['phone', ...Array.from({ length: n }, (_, i) => number(i))].join('\n') + '\n', { map: { phone: 'msisdn' } });
  await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
  await daemon.api('POST', '/v1/campaigns', { name: 'load', segments: ['all'], sender: 'TESSERA', text });
  await daemon.api('POST', '/v1/campaigns/load/start');
}

// Clients that send until stopped; text -> id of what was answered with 202.
function clients(daemon, { class_ = 'transactional', pause = 0 } = {}) {
  const accepted = new Map(), refused = new Map();
  let running = true, serial = 0;
  const ends = () => !fs.existsSync(daemon.dir); // the test has failed and cleaned up
  const all = Array.from({ length: 8 }, async () => {
    while (running && !ends()) {
      const text = `single ${serial++}`;
      try {
        const r = await daemon.request('POST', '/v1/messages', { to: `+4477009${String(serial % 100000).padStart(5, '0')}`, text, class: class_ });
        if (r.status === 202) accepted.set(text, r.body.id);
        else refused.set(r.status, (refused.get(r.status) ?? 0) + 1);
        if (pause || r.status !== 202) await new Promise((res) => setTimeout(res, pause || 5));
      } catch {
        await new Promise((res) => setTimeout(res, 10)); // not running: what was not answered was not promised
      }
    }
  });
  return { accepted, refused, stop: async () => { running = false; await Promise.all(all); } };
}

// Each accepted text arrived once and its message says so; texts nobody was promised may have arrived, too, but once.
async function once(daemon, carrier, accepted, states = ['sent', 'delivered']) {
  const arrived = new Map();
  for (const s of carrier.submits) arrived.set(s.text, (arrived.get(s.text) ?? 0) + 1);
  for (const [t, n] of arrived) assert.equal(n, 1, `"${t}" was sent ${n} times`);
  for (const [t, id] of accepted) {
    const m = await daemon.message(id);
    assert.ok(states.includes(m.state), `${id} "${t}" is ${m.state}`);
    assert.equal(m.text, t);
    assert.equal(arrived.get(t), 1, `${id} "${t}" never arrived and is ${m.state}`);
  }
}

const idle = (daemon) => until('nothing to be on its way', async () => {
  const { queue } = await daemon.status();
  return queue.ready === 0 && queue.in_flight === 0 && queue;
}, 60_000);

test('SIGTERM under load: nothing is uncertain when the carrier answers', { timeout: 120_000 }, async () => {
  const carrier = { receipt: () => [Math.random() * 20, 'DELIVRD'] };
  await withGateway({ clock: NOON, carrier, settings: { window: 50, transceivers: 2, rate: 2000 } }, async ({ carrier: c, daemon }) => {
    await daemon.bound(c, 2);
    await campaign(daemon, 6000);
    const load_ = clients(daemon);
    for (let k = 0; k < 6; k++) {
      const at = c.submits.length + 100 + Math.floor(Math.random() * 400);
      await until('load', () => c.submits.length >= at);
      const began = Date.now();
      await daemon.stop(); // exit 0 or it throws
      assert.ok(Date.now() - began < 8000, 'at once, not after drain_timeout');
      await daemon.start();
      assert.deepEqual((await daemon.status()).recovered, { in_flight: 0, resent: 0, held: 0, failed: 0 });
    }
    await load_.stop();
    await until('the campaign', async () => (await daemon.api('GET', '/v1/campaigns/load')).state === 'done', 60_000);
    const queue = await idle(daemon);
    assert.equal(queue.uncertain, 0);
    await once(daemon, c, load_.accepted);
    assert.equal(c.submits.filter((s) => s.text.startsWith('campaign ')).length, 6000);
  });
});

test('SIGTERM and a carrier that answers no more: it ends in time, and what was sent is uncertain', async () => {
  let silent = false;
  await withGateway({ carrier: { answer: () => (silent ? null : {}) }, settings: { window: 10 }, text: 'drain_timeout = "300ms";\n' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const before = await load(daemon, 20);
    await idle(daemon);
    silent = true;
    const after = await load(daemon, 40, { prefix: 'after' });
    await until('a full window', () => carrier.submits.length === 30);
    const began = Date.now();
    await daemon.stop();
    assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`);
    silent = false;
    await daemon.start();
    const states = await audit(daemon, carrier, new Map([...before, ...after]), { lost: (s) => s.status === null });
    assert.deepEqual(states, { sent: 50, uncertain: 10 });
  });
});

test('a full map under load, killed while full: what was accepted is sent once, the rest was refused', { timeout: 120_000 }, async () => {
  const carrier = { receipt: () => [Math.random() * 20, 'DELIVRD'] };
  await withGateway({ clock: '2026-11-18T03:00:00Z', carrier, settings: { window: 20 }, text: 'spool: { map_size = "2M"; };\n' }, async ({ carrier: c, daemon }) => {
    await daemon.bound(c);
    const load_ = clients(daemon, { class_: 'promotional' }); // the recipients sleep: the queue only grows
    await until('the map to be full', () => (load_.refused.get(507) ?? 0) > 50, 60_000);
    await daemon.kill();
    await daemon.start();
    await until('it to be full again', () => (load_.refused.get(507) ?? 0) > 100, 60_000);
    await load_.stop();
    assert.deepEqual([...load_.refused.keys()], [507]);
    assert.ok(load_.accepted.size > 500, `${load_.accepted.size}`);
    await daemon.setClock(NOON);
    await until('all that was accepted to arrive', () => c.submits.length >= load_.accepted.size, 60_000);
    await idle(daemon);
    await once(daemon, c, load_.accepted);
    assert.equal((await daemon.status()).queue.uncertain, 0);
  });
});

test('a full disk: refused clearly, nothing corrupted, and it goes on when there is room', { timeout: 120_000 }, async (t) => {
  const dir = scratch(), mount = (...args) => spawnSync('mount', args).status === 0;
  const disk = scratch();
  fs.symlinkSync(disk, `${dir}/state`);
  if (process.getuid() !== 0 || !mount('-t', 'tmpfs', '-o', 'size=4M', 'tmpfs', disk)) {
    for (const d of [dir, disk]) fs.rmSync(d, { recursive: true });
    return t.skip('a small file system cannot be mounted here');
  }
  try {
    await withGateway({ dir, clock: '2026-11-18T03:00:00Z', settings: { window: 20 } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const load_ = clients(daemon, { class_: 'promotional' });
      await until('the disk to be full', () => [...load_.refused.values()].reduce((a, b) => a + b, 0) > 50, 60_000);
      await daemon.kill();
      await load_.stop();
      assert.ok([...load_.refused.keys()].every((s) => s === 507 || s === 503), `${[...load_.refused.keys()]}`);
      assert.ok(mount('-o', 'remount,size=500M', disk));
      await daemon.start();
      const more = await load(daemon, 50, { prefix: 'more' });
      await daemon.setClock(NOON);
      const all = new Map([...load_.accepted, ...more]);
      await until('all that was accepted to arrive', () => carrier.submits.length >= all.size, 60_000);
      await idle(daemon);
      await once(daemon, carrier, all);
    });
  } finally {
    spawnSync('umount', ['-l', disk]);
    for (const d of [dir, disk]) fs.rmSync(d, { recursive: true, force: true });
  }
});

test('the wall clock jumps: no quiet hours are broken, nothing is stuck', { timeout: 120_000 }, async () => {
  const N = 900;
  await withGateway({ clock: NOON, settings: { window: 20, rate: 300 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await campaign(daemon, N);
    const promo = () => carrier.submits.filter((s) => s.text.startsWith('campaign ')).length;
    const codes = new Map();
    const jumps = [['2026-11-18T22:30:00Z', false], ['2026-11-18T15:00:00Z', true], ['2026-11-19T03:00:00Z', false], ['2026-11-19T10:00:00Z', true],
      ['2026-11-18T04:00:00Z', false], ['2026-10-01T11:00:00Z', true], ['2026-11-18T23:59:59Z', false], ['2026-11-18T09:00:00Z', true],
      ['2026-11-19T09:00:00Z', true]]; // at last to where every hold that was made on the way has ended;
    for (const [k, [now, open]] of jumps.entries()) {
      await daemon.setClock(now);
      for (const [text, id] of await load(daemon, 5, { prefix: `code ${k}`, class_: 'otp' })) codes.set(text, id);
      if (open) {
        const from = promo();
        await until(`sending to go on at ${now}`, () => promo() >= Math.min(N, from + 50));
      } else {
        await until('what is on its way', async () => (await daemon.status()).queue.in_flight === 0);
        await breathe(30);
        const from = promo();
        await breathe(250);
        assert.equal(promo(), from, `nothing at ${now}`);
      }
      await until('the codes', () => [...codes.keys()].every((c) => carrier.submits.some((s) => s.text === c))); // never held
    }
    await until('the rest', () => promo() === N, 60_000);
    await idle(daemon);
    await once(daemon, carrier, codes);
    const report = await daemon.api('GET', '/v1/campaigns/load/report');
    assert.equal(report.sent, N, JSON.stringify(report));
  });
});

test(`kill -9 at ${KILLS} instants while activity is fed: each event is there exactly once`, { timeout: 1_800_000 }, async () => {
  const N = KILLS * 400;
  const carrier = await new Carrier({ receipt: () => [Math.random() * 30, 'DELIVRD'] }).listen();
  const daemon = new Daemon({ clock: NOON, carriers: [{ name: 'acme', port: carrier.port, window: 50, rate: 2000 }], settings: 'messages: { uncertain: { promotional = "hold"; }; };' });
  await during(daemon, async () => {
    await campaign(daemon, N);
    for (let k = 0; k < KILLS; k++) {
      const at = carrier.submits.length + 50 + Math.floor(Math.random() * 300);
      await until('load', () => carrier.submits.length >= at, 60_000);
      await daemon.kill();
      carrier.drop();
      await daemon.start();
    }
    await until('the campaign', async () => (await daemon.api('GET', '/v1/campaigns/load')).state === 'done', 120_000);
    const queue = await idle(daemon);
    await until('the feed', async () => (await daemon.status()).audience.feed_pending === 0);
    let report = await daemon.api('GET', '/v1/campaigns/load/report');
    await until('the last receipts', async () => {
      const before = JSON.stringify(report);
      await breathe(60);
      return before === JSON.stringify(report = await daemon.api('GET', '/v1/campaigns/load/report')) && (await daemon.status()).audience.feed_pending === 0;
    });
    const sent = report.sent + report.delivered;
    assert.equal(sent + report.uncertain, N, JSON.stringify(report));
    assert.equal(queue.uncertain, report.uncertain);
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    const check = async () => {
      await daemon.setClock('2026-11-18T15:00:00Z'); // each start set it back to noon: what is to come is not counted
      const events = Object.fromEntries((await daemon.api('GET', '/v1/fields')).events.map((e) => [e.name, e.count]));
      assert.equal(events.sent, sent);
      assert.equal(events.delivered ?? 0, report.delivered);
      assert.equal(await count('count(sent, lifetime) = 1'), sent);
      assert.equal(await count('count(sent, lifetime) > 1 or count(delivered, lifetime) > 1'), 0);
      assert.equal(await count('count(delivered, lifetime) = 1'), report.delivered);
    };
    await check();
    await daemon.kill();
    await daemon.start();
    await daemon.setClock('2026-11-18T13:00:00Z'); // it began at noon again: what came after is not in the future
    await until('the feed', async () => (await daemon.status()).audience.feed_pending === 0);
    await check();
    const to = carrier.submits.map((s) => s.to);
    assert.equal(new Set(to).size, to.length, 'nobody twice');
    console.log(`# ${KILLS} kills, ${N} recipients: ${sent} sent, ${report.delivered} delivered, ${report.uncertain} uncertain, events exact`);
  }, carrier);
});
