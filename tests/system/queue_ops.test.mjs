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

// number, zone it lives in, the instant at which it is 10:00 there on 18 November 2026
const people = [
  ['+61291920101', 'Australia/Sydney'],
  ['+919800000001', 'Asia/Kolkata'],
  ['+97150000001', 'Asia/Dubai'],
  ['+4915100000001', 'Europe/Berlin'],
  ['+447700900001', 'Europe/London'],
  ['+12125550101', 'America/New_York'],
  ['+13105550101', 'America/Los_Angeles'],
].map(([number, zone]) => [number, zone, tenOClock(zone)]);

function tenOClock(zone) { // by the platform's own calendar, not ours
  const f = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  for (let t = Date.parse('2026-11-17T18:00:00Z'); t < Date.parse('2026-11-19T00:00:00Z'); t += 900_000) {
    if (f.format(t) === '2026-11-18, 10:00') return t;
  }
  throw new Error(`never 10:00 in ${zone}`);
}

const iso = (t) => new Date(t).toISOString();

async function people_campaign(daemon, name, more = {}) {
  const im = await daemon.importCsv('customers', 'phone,zone\n' + people.map((p) => p.slice(0, 2).join(',')).join('\n') + '\n', { map: { phone: 'msisdn' } });
  assert.equal(im.rejected, 0, JSON.stringify(im.rejects));
  await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
  await daemon.api('POST', '/v1/campaigns', { name, segments: ['all'], sender: 'TESSERA', text: 'good morning', class: 'transactional', ...more });
}

test('a campaign at ten in the morning, wherever one lives, across a kill', { timeout: 300_000 }, async () => {
  const start = Date.parse('2026-11-17T22:00:00Z'), end = Date.parse('2026-11-18T18:30:00Z');
  let now = start;
  const sent = new Map(); // number -> the gateway's time
  await withGateway({ clock: iso(start), carrier: { onSubmit: (s) => sent.set('+' + s.to, now) } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await people_campaign(daemon, 'morning');
    const preview = await daemon.json('campaign', 'preview', 'morning', '--at-local', '2026-11-18T10:00');
    assert.equal(preview.held, people.length);
    for (const [, zone, at] of people) {
      const k = preview.clocks.find((c) => c.clock.includes(zone));
      assert.equal(Date.parse(k.opens), at, `${zone}: ${JSON.stringify(k)}`);
      assert.match(k.detail, /scheduled for 2026-11-18 10:00 of the recipient's time/);
    }
    const refused = await daemon.request('POST', '/v1/campaigns/morning/start', { at_local: '2026-11-16T10:00' });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.match(refused.body.error.message, /past everywhere/);
    assert.equal((await daemon.request('POST', '/v1/campaigns/morning/start', { at: '2026-11-17T21:00:00Z' })).status, 400);
    const started = await daemon.cli('campaign', 'start', 'morning', '--at-local', '2026-11-18T10:00');
    assert.equal(started.code, 0, started.err);
    assert.match(started.out, /scheduled for 2026-11-18T10:00, each by their own clock/);
    assert.equal((await daemon.api('GET', '/v1/campaigns/morning')).at_local, '2026-11-18T10:00:00');
    const report = await daemon.api('GET', '/v1/campaigns/morning/report');
    assert.equal(report.held, people.length);
    for (let t = start + 1_800_000, step = 0; t <= end; t += 1_800_000, step++) {
      if (step === 7 || step === 21) {
        await daemon.kill();
        daemon.clock = iso(t - 120_000);
        now = t - 120_000;
        await daemon.start();
        await daemon.bound(carrier);
      }
      await daemon.setClock(iso(t - 60_000));
      now = t - 60_000;
      await breathe(15);
      now = t;
      await daemon.setClock(iso(t));
      const due = people.filter(([n, , at]) => at <= t && !sent.has(n));
      if (due.length) await until(`${due.map((d) => d[0])} at ${iso(t)}`, () => due.every(([n]) => sent.has(n)));
    }
    assert.equal(carrier.submits.length, people.length, 'each once');
    for (const [number, zone, at] of people) assert.equal(iso(sent.get(number)), iso(at), `${number} in ${zone}`);
    await until('the campaign to be done', async () => (await daemon.api('GET', '/v1/campaigns/morning')).state === 'done');
  });
});

test('a campaign at an instant can be paused, resumed and cancelled before it', { timeout: 120_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await people_campaign(daemon, 'later');
    await daemon.api('POST', '/v1/campaigns', { name: 'never', segments: ['all'], sender: 'TESSERA', text: 'never', class: 'transactional' });
    await daemon.json('campaign', 'start', 'later', '--at', '2026-11-18T15:00:00+01:00');
    await daemon.json('campaign', 'start', 'never', '--at', '2026-11-18T14:00:00Z');
    assert.equal((await daemon.api('GET', '/v1/campaigns/later')).at, '2026-11-18T14:00:00Z');
    await daemon.api('POST', '/v1/campaigns/later/pause', {});
    await daemon.setClock('2026-11-18T13:59:50Z');
    await breathe();
    await daemon.json('campaign', 'cancel', 'never');
    await daemon.setClock('2026-11-18T14:00:01Z');
    await breathe();
    assert.equal(carrier.submits.length, 0, 'paused');
    await daemon.api('POST', '/v1/campaigns/later/resume', {});
    // Who may be texted now is: everybody but those whose own rules hold them.
    await until('somebody', () => carrier.submits.length > 0);
    await breathe();
    assert.ok(carrier.submits.every((s) => s.text === 'good morning'));
    const never = await daemon.api('GET', '/v1/campaigns/never/report');
    assert.equal(never.cancelled, people.length);
  });
});

test('single messages by the recipient\'s own clock', { timeout: 120_000 }, async () => {
  await withGateway({ clock: SOUND }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const berlin = await daemon.json('send', '--to', '+4915100000009', '--at-local', '2026-11-18T15:30', 'later');
    assert.equal(berlin.state, 'held');
    assert.equal(berlin.until, '2026-11-18T14:30:00Z');
    assert.match(berlin.detail, /scheduled for 2026-11-18 15:30 of the recipient's time/);
    const code = await daemon.json('send', '--to', '+447700900009', '--class', 'otp', '--at-local', '2026-11-18 15:30', 'a code');
    assert.equal(code.until, '2026-11-18T15:30:00Z');
    const past = await daemon.json('send', '--to', '+447700900008', '--at-local', '2026-11-18T09:00', 'at once');
    assert.equal(past.state, 'ready');
    const both = await daemon.cli('send', '--to', '+447700900008', '--at', '+1h', '--at-local', '2026-11-18T09:00', 'x');
    assert.equal(both.code, 2);
    assert.equal((await daemon.request('POST', '/v1/messages', { to: '+447700900008', text: 'x', send_at_local: '2026-11-18T15:00:00Z' })).status, 400);
    await until('the one at once', () => carrier.submits.length === 1);
    await daemon.setClock('2026-11-18T14:29:55Z');
    await breathe();
    assert.equal(carrier.submits.length, 1);
    await daemon.setClock('2026-11-18T14:30:01Z');
    await until('Berlin', () => carrier.submits.length === 2);
    await daemon.setClock('2026-11-18T15:30:01Z');
    await until('London', () => carrier.submits.length === 3);
  });
});

test('campaigns and single messages share a carrier by weight', { timeout: 120_000 }, async () => {
  const N = 2000;
  await withGateway({ clock: SOUND, settings: { rate: 400, burst: 4, window: 20 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const csv = 'phone\n' + Array.from({ length: N }, (_, i) => `+4477009${String(i).padStart(5, '0')}`).join('\n') + '\n';
    await daemon.importCsv('customers', csv, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    for (const [name, weight] of [['heavy', 3], ['light', 1]]) {
      const more = weight === 1 ? [] : ['--weight', String(weight)];
      const added = await daemon.cli('campaign', 'add', name, '--segment', 'all', '--class', 'transactional', '--sender', 'TESSERA', '--text', name, ...more);
      assert.equal(added.code, 0, added.err);
      assert.equal((await daemon.api('GET', `/v1/campaigns/${name}`)).weight, weight);
    }
    await daemon.api('POST', '/v1/carriers/acme/pause', {});
    for (let i = 0; i < 300; i++) await daemon.send('+447700999999', 'single');
    await daemon.api('POST', '/v1/campaigns/heavy/start', {});
    await daemon.api('POST', '/v1/campaigns/light/start', {});
    await daemon.api('POST', '/v1/carriers/acme/resume', {});
    await until('a thousand submissions', () => carrier.submits.length >= 1000);
    const of = (text) => carrier.submits.slice(100, 1000).filter((s) => s.text === text).length;
    const got = { heavy: of('heavy'), light: of('light'), single: of('single') };
    assert.ok(Math.abs(got.heavy - 540) < 30 && Math.abs(got.light - 180) < 20 && Math.abs(got.single - 180) < 20, JSON.stringify(got));
    await daemon.api('POST', '/v1/campaigns/heavy/cancel', {});
    await daemon.api('POST', '/v1/campaigns/light/cancel', {});
  });
});

test('old messages are deleted after the time that is configured, and the time can be changed', { timeout: 120_000 }, async () => {
  await withGateway({ clock: SOUND, carrier: { receipt: () => [0, 'DELIVRD'] }, text: 'retention: { messages = "30d"; };' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const first = await daemon.send('+447700900001', 'old');
    for (let i = 0; i < 300; i++) await daemon.send('+447700900002', `old ${i}`);
    await until('all to be delivered', async () => (await daemon.status()).queue.delivered === 301);
    await daemon.setClock('2026-12-17T12:00:00Z');
    await breathe(300);
    assert.equal((await daemon.status()).spool.deleted, 0);
    assert.equal((await daemon.message(first)).state, 'delivered');
    daemon.settings = 'retention: { messages = "10d"; };';
    assert.ok(await daemon.reload());
    await daemon.setClock('2026-12-17T12:06:00Z');
    const status = await until('the old ones to go', async () => {
      const s = await daemon.status();
      return s.spool.deleted > 200 && s;
    });
    assert.equal(status.queue.delivered, 301, 'they stay counted');
    assert.equal(status.spool.messages + status.spool.deleted, 301);
    assert.equal((await daemon.request('GET', `/v1/messages/${first}`)).status, 404);
    assert.match((await daemon.cli('status')).out, /old ones deleted/);
    const id = await daemon.send('+447700900003', 'new');
    await daemon.becomes(id, 'delivered');
  });
});

test('a carrier that refuses relative times is told the absolute one', { timeout: 60_000 }, async () => {
  await withGateway({ clock: SOUND, settings: { validity: 'absolute' } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.send('+447700900001', 'a code', { class: 'otp', valid_for_s: 300 });
    await until('the submission', () => carrier.submits.length === 1);
    const told = carrier.submits[0].pdu.validity_period;
    const at = told instanceof Date ? told.getTime() : NaN;
    assert.ok(Math.abs(at - Date.parse('2026-11-18T12:05:00Z')) < 15_000, String(told));
  });
});
