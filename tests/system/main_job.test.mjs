// The main job, end to end: customers from a file, a segment, a campaign through a carrier that is not our code, receipts
// and inbound messages back, the customers' activity, and the next evaluation of the segment different because of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const customers = `phone,first_name,city,tags,signup
+447700900001,Ann,London,VIP;gold,2024-03-01
+447700900002,Bob,Leeds,VIP,2024-04-01
+447700900003,,York,VIP,2025-01-15
+447700900004,Dan,London,gold,2025-02-01
+447700900005,Eve,Bath,VIP,2026-06-01
`;
// Eve clicks in the evening, four times of six from 20:00 until 22:00.
const clicks = `phone,time
+447700900005,2026-11-10T20:05:00Z
+447700900005,2026-11-11T20:15:00Z
+447700900005,2026-11-12T21:00:00Z
+447700900005,2026-11-13T21:59:59Z
+447700900005,2026-11-14T22:30:00Z
+447700900005,2026-11-15T09:00:00Z
`;
const orders = `order_id,phone,date,department,amount
1,+447700900001,2026-05-01,Shoes,30.50
2,+447700900002,2026-06-01,Shoes,12.00
3,+447700900003,2026-04-01,Hats,99.99
4,+447700900005,2026-11-10,Hats,5.00
`;
// Noon in London, a Wednesday.
const noon = '2026-11-18T12:00:00Z';

test('import, segment, campaign, receipts, votes, and the segment changes', async () => {
  await withGateway({ clock: noon, carrier: { receipt: (s) => [5, s.to.endsWith('2') ? 'UNDELIV' : 'DELIVRD'] } }, async ({ carrier, daemon }) => {
    const file = (name, text) => {
      const p = path.join(daemon.dir, name);
      fs.writeFileSync(p, text);
      return p;
    };
    await daemon.bound(carrier);

    let r = await daemon.cli('import', 'customers', file('shop.csv', customers), '--region', 'GB', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    assert.match(r.out, /5/);
    r = await daemon.cli('import', 'events', file('orders.csv', orders), '--type', 'purchase', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);

    r = await daemon.cli('segment', 'add', 'lapsed-vips', 'tags has "VIP" and days_since(purchase) > 60');
    assert.equal(r.code, 0, r.err);
    assert.equal((await daemon.json('segment', 'show', 'lapsed-vips')).count, 3);
    r = await daemon.cli('segment', 'add', 'silent-vips', 'in segment "lapsed-vips" and count(delivered, last 7 days) = 0 and count(inbound, last 7 days) = 0');
    assert.equal(r.code, 0, r.err);
    assert.equal((await daemon.json('segment', 'show', 'silent-vips')).count, 3);

    r = await daemon.cli('campaign', 'add', 'spring', '--segment', 'lapsed-vips', '--sender', 'TESSERA', '--text', 'Hello {{first_name|default:"there"}}, LUNCH PIZZA or LUNCH SUSHI?');
    assert.equal(r.code, 0, r.err);
    const preview = await daemon.json('campaign', 'preview', 'spring');
    assert.equal(preview.recipients, 3);
    assert.equal(preview.parts.total, 3);
    assert.equal(preview.alphabets.gsm7, 3);
    assert.deepEqual(preview.texts.map((t) => t.text.split(',')[0]).sort(), ['Hello Ann', 'Hello Bob', 'Hello there']);

    r = await daemon.cli('vote', 'add', 'lunch', '--keyword', 'LUNCH', '--options', 'PIZZA,SUSHI');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('campaign', 'start', 'spring');
    assert.equal(r.code, 0, r.err);
    const report = await until('all receipts', async () => {
      const p = await daemon.json('campaign', 'report', 'spring');
      return p.delivered + p.undeliverable === 3 && p;
    });
    assert.equal(report.recipients, 3);
    assert.equal(report.delivered, 2);
    assert.equal(report.undeliverable, 1);
    assert.equal(report.complete, true);
    assert.deepEqual(carrier.submits.map((s) => s.to).sort(), ['447700900001', '447700900002', '447700900003']);
    assert.equal(carrier.submits.find((s) => s.to.endsWith('1')).text, 'Hello Ann, LUNCH PIZZA or LUNCH SUSHI?');
    assert.equal(carrier.submits[0].from, 'TESSERA');

    assert.equal(await carrier.inbound('+447700900001', '80080', 'LUNCH sushi'), 0);
    assert.equal(await carrier.inbound('+447700900001', '80080', 'lunch pizza'), 0); // one vote a number
    assert.equal(await carrier.inbound('+447700900003', '80080', ' Lunch, 1! '), 0);
    assert.equal(await carrier.inbound('+447700900002', '80080', 'Stop'), 0);
    const tally = await daemon.json('vote', 'tally', 'lunch');
    assert.deepEqual(tally.options.map((o) => [o.option, o.votes]), [['PIZZA', 1], ['SUSHI', 1]]);
    assert.equal(tally.voters, 2);

    await until('the activity to be known', async () => (await daemon.json('segment', 'show', 'silent-vips')).count === 0);
    const ann = await daemon.json('customer', 'show', '+447700900001');
    assert.equal(ann.activity.inbound.count, 2);
    assert.equal(ann.activity.delivered.count, 1);
    assert.equal(ann.fields.first_name, 'Ann');
    assert.equal(ann.messages.length, 1);
    assert.equal(ann.messages[0].state, 'delivered');
    assert.deepEqual(ann.habit.receipts, { final: 1, delivered: 1 });
    assert.equal(ann.habit.last.inbound.at, ann.activity.inbound.last);
    assert.ok(ann.habit.last.sent.ago_s >= 0 && ann.habit.last.sent.ago_s < 600);
    assert.equal(ann.habit.last.failed, null);
    assert.equal(ann.habit.hours.events, 2); // one of them answers the campaign, and counts once
    assert.equal(ann.habit.hours.counts.reduce((a, b) => a + b), 2);
    assert.equal(ann.habit.hours.mostly, null);
    r = await daemon.cli('customer', 'show', '+447700900002');
    assert.match(r.out, /last inbound +\d{4}-.*, (just now|.* ago)\n/);
    assert.match(r.out, /last delivered +never\n/);
    assert.match(r.out, /reachability +0 of 1 delivered in 90 days\n/);
    assert.doesNotMatch(r.out, /mostly/);
    r = await daemon.cli('import', 'events', file('clicks.csv', clicks), '--type', 'click', '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    r = await daemon.cli('customer', 'show', '+447700900005');
    assert.match(r.out, /reachability +unknown\n/);
    assert.match(r.out, /active +mostly 20-22 h \(4 of 6\), Europe\/London\n/);
    assert.equal((await daemon.json('customer', 'show', '+447700900999')).habit, null);
    const bob = await daemon.json('customer', 'show', '+447700900002');
    assert.equal(bob.suppressed, true);
    assert.equal(bob.consent.at(-1).words, 'Stop');
    r = await daemon.cli('send', '--to', '+447700900002', 'are you there?');
    assert.equal(r.code, 1);
    assert.match(r.err, /opted out/);
    const replied = await until('replies to be counted', async () => {
      const p = await daemon.json('campaign', 'report', 'spring');
      return p.replied >= 2 && p;
    });
    assert.equal(replied.opted_out, 1);

    r = await daemon.cli('send', '--to', '+447700900001', '--class', 'otp', 'Your code is 123456');
    assert.equal(r.code, 0, r.err);
    await until('the code to be sent', () => carrier.submits.some((s) => s.text === 'Your code is 123456'));
    r = await daemon.cli('status');
    assert.equal(r.code, 0, r.err);
    assert.match(r.out, /acme/);
  });
});

test('a restart loses nothing and sends nothing twice', async () => {
  await withGateway({ clock: noon }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.importCsv('customers', customers, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'one', segments: ['all'], sender: 'TESSERA', text: 'hi' });
    await daemon.api('POST', '/v1/campaigns/one/start');
    await until('five submissions', () => carrier.submits.length === 5);
    await daemon.stop();
    await daemon.start();
    await daemon.bound(carrier);
    const report = await daemon.api('GET', '/v1/campaigns/one/report');
    assert.equal(report.sent, 5);
    assert.equal(carrier.receipt(carrier.submits[2]), true); // a receipt after the restart still finds its message
    await until('the late receipt', async () => (await daemon.api('GET', '/v1/campaigns/one/report')).delivered === 1);
    assert.equal(carrier.submits.length, 5);
    assert.equal((await daemon.api('GET', '/v1/campaigns/one')).state, 'done');
  });
});
