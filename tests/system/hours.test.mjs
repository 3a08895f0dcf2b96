// Quiet hours by the recipient's own clock: nothing outside an allowed window, across a change to daylight-saving time,
// and what was held goes out in the first open minute.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

// number, zone it lives in; promotional windows are those of conf/quiet_hours.tsv
const people = [
  ['+447700900001', 'Europe/London'],
  ['+4915100000001', 'Europe/Berlin'],
  ['+12125550101', 'America/New_York'],
  ['+13125550101', 'America/Chicago'],
  ['+13035550101', 'America/Denver'],
  ['+13105550101', 'America/Los_Angeles'],
  ['+61291920101', 'Australia/Sydney'],
  ['+97150000001', 'Asia/Dubai'],
  ['+919800000001', 'Asia/Kolkata'],
  ['+33600000001', 'Europe/Paris'],
];
const csv = 'phone,zone\n' + people.map((p) => p.join(',')).join('\n') + '\n';

function local(zone, instant) {
  const f = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', weekday: 'short' });
  return f.format(instant);
}

// 29 March 2026: Europe changes to summer time at 01:00Z. From Saturday evening to Monday noon, five minutes a step.
test('ten clocks across a daylight-saving change', { timeout: 300_000 }, async () => {
  const start = Date.parse('2026-03-28T22:00:00Z'), end = Date.parse('2026-03-30T12:00:00Z');
  await withGateway({ clock: new Date(start).toISOString() }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const im = await daemon.importCsv('customers', csv, { map: { phone: 'msisdn' } });
    assert.equal(im.rejected, 0, JSON.stringify(im.rejects));
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'spring', segments: ['all'], sender: 'TESSERA', text: 'hello' });
    const wanted = new Map(); // number -> first open instant, asked of the gateway's own explanation at the start
    for (const [number] of people) {
      const c = await daemon.api('GET', `/v1/customers/${encodeURIComponent(number)}`);
      const q = c.quiet.promotional;
      wanted.set(number, q.open ? start : Date.parse(q.until));
    }
    await daemon.api('POST', '/v1/campaigns/spring/start');
    const report = await daemon.api('GET', '/v1/campaigns/spring/report');
    assert.ok(report.held > 0, 'somebody sleeps at the start');
    const sent = new Map();
    for (let t = start; t <= end; t += 60_000) {
      if (t > start) await daemon.setClock(new Date(t).toISOString());
      const due = [...wanted].filter(([n, w]) => w <= t && !sent.has(n));
      if (due.length) {
        await until(`${due.map((d) => d[0])} to be sent at ${new Date(t).toISOString()}`, () => due.every(([n]) => carrier.submits.some((s) => '+' + s.to === n)));
      }
      for (const s of carrier.submits) if (!sent.has('+' + s.to)) sent.set('+' + s.to, t);
    }
    assert.equal(carrier.submits.length, people.length, 'each once');
    for (const [number, zone] of people) {
      const at = sent.get(number);
      assert.ok(at >= wanted.get(number) && at < wanted.get(number) + 60_000, `${number} in the first open minute: ${new Date(at).toISOString()} for ${new Date(wanted.get(number)).toISOString()}`);
      // No rule in the tables opens before 07:00 or closes after 22:00 where these people live: an independent clock agrees.
      const [, hour] = /(\d\d):\d\d/.exec(local(zone, at));
      assert.ok(Number(hour) >= 7 && Number(hour) < 22, `${number} at ${local(zone, at)} in ${zone}`);
    }
  });
});

test('a held message says why and until when, and goes when the window opens', async () => {
  await withGateway({ clock: '2026-11-18T03:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const m = await daemon.api('POST', '/v1/messages', { to: '+447700900001', text: 'sale', class: 'promotional' });
    assert.equal(m.state, 'held');
    assert.equal(m.reason, 'quiet_hours');
    assert.match(m.detail, /Europe\/London/);
    const otp = await daemon.api('POST', '/v1/messages', { to: '+447700900001', text: 'code 1', class: 'otp' });
    await until('the code', () => carrier.submits.length === 1);
    assert.equal(carrier.submits[0].text, 'code 1');
    await daemon.setClock(new Date(Date.parse(m.until) - 60_000).toISOString());
    await new Promise((r) => setTimeout(r, 100)); // gives a wrong submission the chance to happen; a right one never comes here
    assert.equal(carrier.submits.length, 1);
    await daemon.setClock(m.until);
    await until('the sale', () => carrier.submits.length === 2);
    assert.equal((await daemon.api('GET', `/v1/messages/${otp.id}`)).state, 'sent');
  });
});
