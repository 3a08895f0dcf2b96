// Export and erasure of a number over both stores: what was there is told, then it is gone, also out of the files' pages once
// they have been written anew; who had opted out stays so.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const ANNA = '+447700900111', BERT = '+447700900112';
const SECRETS = ['Quetzalcoatl', 'anna.mustermann@example.org', 'xyzzyplugh', 'wombat-loafers', 'Anna says hello', 'no more of this', 'order-of-anna', 'frobozz-lead', 'plover-customer'];

// The number as text and as both kinds of binary (48 bits say enough), and the texts, in the files of both stores.
function leftovers(state, number, texts) {
  const digits = number.slice(1), be = Buffer.alloc(8), le = Buffer.alloc(8);
  be.writeBigUInt64BE(BigInt(digits));
  le.writeBigUInt64LE(BigInt(digits));
  const found = [];
  for (const name of ['audience.mdb', 'spool.mdb']) {
    const octets = fs.readFileSync(path.join(state, name));
    for (const needle of [digits, be.subarray(2), le.subarray(0, 6), ...texts]) if (octets.includes(needle)) found.push(`${name}: ${needle.toString('latin1')}`);
  }
  return found;
}

test('a number is exported, erased, and gone from the files', { timeout: 60_000 }, async () => {
  await withGateway({ carrier: { receipt: () => [0, 'DELIVRD'] }, clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await until('the bind', () => carrier.bound.length > 0);
    const shop = path.join(daemon.dir, 'shop.csv'), orders = path.join(daemon.dir, 'orders.csv');
    fs.writeFileSync(shop, `phone,first_name,email,tags,stage\n${ANNA},Quetzalcoatl,anna.mustermann@example.org,vip;xyzzyplugh,frobozz-lead\n${BERT},Bert,b@example.org,vip,lead\n`);
    fs.writeFileSync(orders, `order_id,phone,date,amount,product\norder-of-anna,${ANNA},2026-11-01,19.99,wombat-loafers\n2,${BERT},2026-11-02,5.00,socks\n`);
    for (const args of [['customers', shop], ['events', orders, '--type', 'purchase']]) {
      const r = await daemon.cli('import', ...args);
      assert.equal(r.code, 0, r.err);
    }
    // Steps of a field with transitions are events of their own: one by import, one by hand.
    for (const args of [['field', 'transitions', 'stage', '*>*'], ['customer', 'set', ANNA, 'stage=plover-customer'], ['customer', 'set', BERT, 'stage=customer'], ['customer', 'set', ANNA, 'stage=lost']]) {
      const r = await daemon.cli(...args);
      assert.equal(r.code, 0, r.err);
    }
    await daemon.cli('vote', 'add', 'lunch', '--keyword', 'LUNCH', '--options', 'PIZZA,SUSHI');
    const sent = await daemon.send(ANNA, 'Hello Quetzalcoatl, xyzzyplugh');
    await daemon.becomes(sent, 'delivered');
    assert.equal(await carrier.inbound(ANNA, '80010', 'LUNCH PIZZA'), 0);
    assert.equal(await carrier.inbound(ANNA, '80010', 'Anna says hello'), 0);
    assert.equal(await carrier.inbound(BERT, '80010', 'LUNCH PIZZA'), 0);
    const later = await daemon.send(ANNA, 'For Quetzalcoatl, later', { send_at: '2026-11-19T12:00:00Z' });
    let r = await daemon.cli('customer', 'block', ANNA, '--words', 'no more of this');
    assert.equal(r.code, 0, r.err);
    await until('the activity to be fed', async () => (await daemon.status()).audience.feed_pending === 0);

    r = await daemon.cli('customer', 'export', ANNA);
    assert.equal(r.code, 0, r.err);
    const all = JSON.parse(r.out);
    assert.equal(all.fields.first_name, 'Quetzalcoatl');
    assert.deepEqual(all.tags, ['vip', 'xyzzyplugh']);
    assert.deepEqual(all.events.filter((e) => e.type === 'purchase'), [{ type: 'purchase', at: '2026-11-01T00:00:00Z', attributes: { amount: '19.99', product: 'wombat-loafers' } }]);
    assert.ok(all.events.some((e) => e.type === 'delivered') && all.events.some((e) => e.type === 'inbound'));
    assert.deepEqual(all.events.filter((e) => e.type === 'field_change').map((e) => e.attributes), [
      { field: 'stage', from: 'frobozz-lead', to: 'plover-customer' }, { field: 'stage', from: 'plover-customer', to: 'lost' }]);
    assert.deepEqual(all.messages.map((m) => m.text), ['For Quetzalcoatl, later', 'Hello Quetzalcoatl, xyzzyplugh']);
    assert.deepEqual(all.inbound.map((m) => m.text), ['Anna says hello', 'LUNCH PIZZA']);
    assert.deepEqual(all.votes, [{ vote: 'lunch', option: 1 }]);
    assert.equal(all.consent.at(-1).words, 'no more of this');
    assert.notDeepEqual(leftovers(daemon.state, ANNA, SECRETS), [], 'the search finds what is there');

    assert.equal((await daemon.cli('customer', 'erase', ANNA)).code, 2, 'not without --yes');
    r = await daemon.cli('customer', 'erase', ANNA, '--yes', '--json');
    assert.equal(r.code, 0, r.err);
    assert.deepEqual(JSON.parse(r.out), { customer: true, messages: 4, suppressed: true });

    const gone = await daemon.api('GET', `/v1/customers/${encodeURIComponent(ANNA)}/export`);
    assert.equal(gone.customer, false);
    assert.equal(gone.suppressed, true, 'it stays opted out');
    for (const list of ['messages', 'inbound', 'votes', 'consent']) assert.deepEqual(gone[list], [], list);
    assert.deepEqual(gone.fields, {});
    const message = await daemon.message(later);
    assert.deepEqual([message.state, message.reason, message.to, message.text], ['cancelled', 'erased', null, '']);
    assert.equal((await daemon.api('GET', '/v1/votes/lunch')).options[0].votes, 2, 'the tally stays');
    const bert = await daemon.api('GET', `/v1/customers/${encodeURIComponent(BERT)}`);
    assert.deepEqual([bert.fields.first_name, bert.activity.field_change.count], ['Bert', 1]);
    const events = Object.fromEntries((await daemon.api('GET', '/v1/fields')).events.map((e) => [e.name, e.count]));
    assert.deepEqual([events.field_change, events.purchase], [1, 1], 'of Bert alone');
    const none = await daemon.api('POST', '/v1/segments:evaluate', { query: 'count(field_change where to = "plover-customer" or from = "frobozz-lead", lifetime) > 0' });
    assert.equal(none.count, 0);
    const refused = await daemon.request('POST', '/v1/messages', { to: ANNA, text: 'again' });
    assert.equal(refused.status, 409, 'suppressed, though nothing else is known of it');
    r = await daemon.cli('store', 'check');
    assert.equal(r.code, 0, r.err);

    // Written anew at the next start, both files hold nothing of it.
    r = await daemon.cli('store', 'compact');
    assert.equal(r.code, 0, r.err);
    await daemon.stop();
    const from = daemon.mark();
    await daemon.start();
    await daemon.logged('stores_compacted', from);
    await daemon.stop();
    assert.deepEqual(leftovers(daemon.state, ANNA, SECRETS), []);
    assert.notDeepEqual(leftovers(daemon.state, BERT, ['socks']), [], 'Bert is still there');
    await daemon.start();
    assert.equal((await daemon.request('POST', '/v1/messages', { to: ANNA, text: 'again' })).status, 409, 'also after a restart');
    r = await daemon.cli('store', 'check');
    assert.equal(r.code, 0, r.err);
    // A START of the number itself ends it.
    await until('the bind', () => carrier.bound.length > 0);
    assert.equal(await carrier.inbound(ANNA, '80010', 'START'), 0);
    await until('it may be written to again', async () => (await daemon.request('POST', '/v1/messages', { to: ANNA, text: 'again' })).status === 202);
  });
});
