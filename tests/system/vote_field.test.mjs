// Votes that write to the customers: what somebody texts is in a set of hers, exactly once, whatever is killed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const number = (i) => `+4477009000${String(i).padStart(2, '0')}`;

test('what is voted for goes into a set', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const file = path.join(daemon.dir, 'people.csv');
    fs.writeFileSync(file, `phone,interests,tier\n${[1, 2, 3, 4, 5].map((i) => `${number(i)},${i === 1 ? 'hiking' : ''},gold`).join('\n')}\n`);
    let r = await daemon.cli('import', 'customers', file, '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
    const interests = async (i) => (await daemon.api('GET', `/v1/customers/${encodeURIComponent(number(i))}`)).fields.interests?.sort() ?? [];
    const fed = () => until('the activity to be noted', async () => (await daemon.status()).audience.feed_pending === 0);

    for (const [field, message] of [['tier', /"tier" is no set \(text\)/], ['intrests', /"intrests".*did you mean "interests"/], ['clock', /clock/]]) {
      r = await daemon.cli('vote', 'add', 'taste', '--keyword', 'TASTE', '--options', 'Tea,Coffee,Cake', '--field', field);
      assert.notEqual(r.code, 0);
      assert.match(r.err, message);
    }
    r = await daemon.cli('vote', 'add', 'taste', '--keyword', 'TASTE', '--options', 'Tea,Coffee,Cake', '--alias', 'Tea=cha', '--field', 'interests', '--last-wins');
    assert.equal(r.out, 'vote "taste" is open: "TASTE Tea" or "TASTE 1" counts for Tea, and goes into interests\n', r.err);
    await daemon.api('PUT', '/v1/votes/lunch', { keyword: 'LUNCH', options: ['PIZZA', 'SUSHI'] });
    await daemon.api('PUT', '/v1/votes/sport', { keyword: 'SPORT', options: ['Golf', 'Chess'], field: 'interests' });
    assert.deepEqual((await daemon.api('GET', '/v1/votes')).votes.map((v) => [v.name, v.field]).sort(), [['lunch', null], ['sport', 'interests'], ['taste', 'interests']]);
    assert.match((await daemon.cli('vote', 'list')).out, /^vote +keyword +counts +into +options\n(.*\n)*taste +TASTE +the last +interests +Tea, Coffee, Cake\n/m);

    for (const [i, text] of [[1, 'Taste cha!'], [1, 'SPORT 2'], [1, 'sport golf'], [2, 'TASTE 2'], [3, 'LUNCH 1'], [3, 'TASTE soup'], [9, 'TASTE tea']])
      assert.equal(await carrier.inbound(number(i), '80080', text), 0);
    await fed();
    assert.deepEqual(await interests(1), ['Chess', 'Tea', 'hiking'], 'the first counts for sport, and what was there stays');
    assert.deepEqual(await interests(2), ['Coffee']);
    assert.deepEqual(await interests(3), [], 'another vote, and no option');
    assert.equal(await carrier.inbound(number(2), '80080', 'taste cake'), 0);
    await fed();
    assert.deepEqual(await interests(2), ['Cake', 'Coffee'], 'nothing is taken out');
    assert.equal((await daemon.json('segment', 'count', 'interests has any ("tea", "cake")')).count, 2);
    assert.equal((await daemon.status()).audience.customers, 5, 'who is no customer stays none');

    // What was answered is there, whenever the daemon is killed.
    for (const i of [3, 4, 5]) {
      assert.equal(await carrier.inbound(number(i), '80080', 'TASTE TEA'), 0);
      await daemon.kill();
      await daemon.start();
      await daemon.bound(carrier);
      await fed();
      assert.deepEqual(await interests(i), ['Tea']);
    }
    assert.deepEqual((await daemon.api('GET', '/v1/votes/taste')).options.map((o) => o.votes), [5, 0, 1]);
    assert.equal((await daemon.api('GET', '/v1/votes')).votes.find((v) => v.name === 'taste').field, 'interests');

    // What is taken out of the set stays out, whatever else is texted, until it is voted for again.
    assert.equal((await daemon.cli('customer', 'set', number(1), '--unset', 'interests')).code, 0);
    for (const [text, want] of [['hello', []], ['STOP', []], ['START', []], ['LUNCH 2', []], ['sport 2', ['Chess']], ['taste cha', ['Chess', 'Tea']]]) {
      assert.equal(await carrier.inbound(number(1), '80080', text), 0);
      await fed();
      assert.deepEqual(await interests(1), want, text);
    }

    // A set that a vote writes to stays, and so does its name, until the vote is gone.
    assert.equal((await daemon.cli('field', 'add', 'likes', 'set')).code, 0);
    await daemon.api('PUT', '/v1/votes/pet', { keyword: 'PET', options: ['Cat', 'Dog'], field: 'likes' });
    for (const args of [['rename', 'likes', 'loves'], ['drop', 'likes', '--yes']]) {
      r = await daemon.cli('field', ...args);
      assert.equal(r.code, 1);
      assert.match(r.err, /what is voted for in "pet" goes into likes: remove the vote, or add it again with another set, first/);
    }
    assert.equal(await carrier.inbound(number(1), '80080', 'pet dog'), 0);
    await fed();
    assert.deepEqual((await daemon.api('GET', `/v1/customers/${encodeURIComponent(number(1))}`)).fields.likes, ['Dog']);
    assert.equal((await daemon.cli('vote', 'remove', 'pet')).code, 0);
    assert.equal((await daemon.cli('field', 'drop', 'likes', '--yes')).code, 0);
    assert.equal((await daemon.cli('store', 'check')).code, 0);
  });
});
