// Segments as people keep them: how one is worked out, why a customer is in it, who changed it and when, in use or not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const PEOPLE = 'phone,gender,tier\n+447700900001,f,gold\n+447700900002,f,\n+447700900003,m,gold\n';
const ORDERS = 'phone,time,amount\n+447700900001,2026-11-01T10:00:00Z,10\n+447700900001,2026-11-02T10:00:00Z,20\n+447700900003,2026-11-02T10:00:00Z,5\n';

async function given(daemon) {
  for (const [name, text, ...args] of [['people.csv', PEOPLE, 'customers'], ['orders.csv', ORDERS, 'events', '--type', 'purchase']]) {
    const file = path.join(daemon.dir, name);
    fs.writeFileSync(file, text);
    const r = await daemon.cli('import', args[0], file, ...args.slice(1), '--map', 'phone=msisdn');
    assert.equal(r.code, 0, r.err);
  }
}

test('explain, why, history, activate', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-20T12:00:00Z' }, async ({ daemon }) => {
    await given(daemon);
    const ok = async (...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, 0, r.err);
      return r.out;
    };
    const query = 'count(purchase, last 90 days) >= 2 and tier = "gold"';
    await ok('segment', 'add', 'loyal', query);
    await ok('segment', 'add', 'women', 'gender = "f" and in segment "loyal"');

    // how it is worked out: the column before the events, whatever the text says
    const plan = await daemon.json('segment', 'explain', 'loyal');
    assert.equal(plan.count, 1);
    assert.deepEqual(plan.steps[0].steps.map((s) => [s.step, s.how, s.count, s.unset, s.looked_at, s.left]), [
      ['tier = "gold"', 'column', 2, 1, 3, 2],
      ['count(purchase, last 90 days) >= 2', 'events', 1, 0, 2, 1],
    ]);
    assert.ok(plan.steps[0].took_ms >= 0);
    const nested = await daemon.json('segment', 'explain', 'gender = "f" and in segment "loyal"');
    assert.equal(nested.steps[0].steps[1].steps[0].step, 'and', 'the steps of the segment referred to');
    assert.match(await ok('segment', 'explain', 'loyal'), /looked at +left +by itself +unset +ms +by +step\n[^]*events +count\(purchase, last 90 days\) >= 2\n/);
    let r = await daemon.cli('segment', 'explain', 'nobody');
    assert.match(r.err, /there is no segment "nobody"/);
    r = await daemon.cli('segment', 'explain', 'gendr = "f"');
    assert.match(r.err, /unknown field "gendr"/);

    // why
    const why = await daemon.json('segment', 'why', 'loyal', '+447700900003');
    assert.equal(why.member, false);
    assert.deepEqual(why.steps, [
      { step: 'and', depth: 0, holds: false },
      { step: 'count(purchase, last 90 days) >= 2', depth: 1, holds: false, found: '1' },
      { step: 'tier = "gold"', depth: 1, holds: true, found: 'gold' },
    ]);
    assert.match(await ok('segment', 'why', 'tier = "gold" or gender = "f"', '+44 7700 900002'),
      /^\+447700900002 is in what this asks for\n\n +or +yes\n +tier = "gold" +no: unset\n +gender = "f" +yes: f\n/);
    assert.match(await ok('segment', 'why', 'women', '+447700900002'), /is not in "women"[^]*in segment "loyal" +no\n +and +no\n[^]*>= 2 +no: 0\n/);
    r = await daemon.cli('segment', 'why', 'loyal', '+447700900009');
    assert.equal(r.code, 4, r.err);
    assert.match(r.err, /there is no customer with this number/);

    // in use or not, and who says so
    r = await daemon.cli('segment', 'deactivate', 'loyal');
    assert.match(r.err, /the segment "women" refers to "loyal"/);
    assert.match(await ok('segment', 'deactivate', 'women'), /segment "women" is inactive/);
    assert.deepEqual((await daemon.json('segment', 'list')).segments.map((s) => [s.name, s.active]), [['loyal', true], ['women', false]]);
    assert.match(await ok('segment', 'list'), /women +inactive/);
    r = await daemon.cli('segment', 'count', 'in segment "women"');
    assert.notEqual(r.code, 0);
    assert.match(r.err, /the segment "women" is inactive at 12; activate it first/);
    assert.match(await ok('segment', 'count', 'tier = "gold"'), /customers[^\n]*\n[\d,]+ have nothing to compare\n/);
    await ok('segment', 'activate', 'women');
    await ok('segment', 'set', 'women', 'gender = "f"');
    await ok('segment', 'set', 'women', 'gender = "f" and in segment "loyal"');
    assert.deepEqual((await daemon.json('segment', 'show', 'loyal')).referred_to_by, ['women']);
    assert.match(await ok('segment', 'show', 'women'), /version 3\n[^]*refers to loyal\n/);
    await ok('segment', 'remove', 'women');
    const me = os.userInfo().username;
    assert.deepEqual((await daemon.json('segment', 'history', 'women')).history.map((h) => [h.version, h.change, h.who]), [
      [1, 'added', me], [1, 'deactivated', me], [1, 'activated', me], [2, 'changed', me], [3, 'changed', me], [3, 'removed', me],
    ]);
    assert.match(await ok('segment', 'history', 'loyal'), /version +change +at +who +query\n +1 +added +2026-11-20 .*count\(purchase/);
    r = await daemon.cli('segment', 'history', 'nobody');
    assert.match(r.err, /there is no segment "nobody"/);
  });
});

test('who entered and who left', { timeout: 60_000 }, async () => {
  await withGateway({ clock: '2026-11-20T12:00:00Z', text: 'segments: { sweep = "1s"; };' }, async ({ daemon }) => {
    await given(daemon);
    const ok = async (...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, 0, r.err);
      return r.out;
    };
    const watch = async (name) => (await daemon.json('segment', 'list')).segments.find((s) => s.name === name).watch;
    await ok('segment', 'add', 'gold', 'tier = "gold"');
    await ok('segment', 'add', 'buyers', 'count(purchase, last 90 days) >= 2');
    assert.match(await ok('segment', 'events', 'gold', 'on'), /is told in their events/);
    let r = await daemon.cli('segment', 'events', 'gold', 'maybe');
    assert.match(r.err, /on or off, not "maybe"/);
    await until('the baseline', async () => (await watch('gold'))?.members === 2 && (await watch('buyers'))?.members === 1);

    // one customer changes: only that one is looked at, and told of once
    const file = path.join(daemon.dir, 'more.csv');
    fs.writeFileSync(file, 'phone,tier\n+447700900002,gold\n+447700900003,silver\n');
    await ok('import', 'customers', file, '--map', 'phone=msisdn');
    await until('the sweep', async () => (await watch('gold')).members === 2 && (await watch('gold')).entered === 1);
    const gold = await watch('gold');
    assert.deepEqual([gold.left, gold.full], [1, 1]);
    assert.ok(gold.partial >= 1);
    const changes = await daemon.json('segment', 'changes', 'gold');
    assert.deepEqual(changes.changes.map((c) => [c.entered, c.left, c.members, c.look]), [[1, 1, 2, 'partial'], [0, 0, 2, 'baseline']]);
    assert.match(await ok('segment', 'changes', 'gold'), /at +entered +left +members +look\n.* 1 +1 +2 +partial\n.* 0 +0 +2 +baseline\n/);
    const page = await daemon.api('GET', '/v1/segments/gold/changes?limit=1');
    assert.equal(page.changes.length, 1);
    assert.equal((await daemon.api('GET', `/v1/segments/gold/changes?before=${page.next}`)).changes[0].look, 'baseline');
    const activity = (await daemon.api('GET', '/v1/customers/%2B447700900002')).activity;
    assert.equal(activity.segment_enter.count, 1);
    assert.equal((await daemon.json('segment', 'count', 'count(segment_leave where segment = "gold") = 1')).count, 1);
    assert.equal((await daemon.json('segment', 'count', 'ever in segment "gold"')).count, 3);

    // and after a kill nothing is told again
    await until('looks that are skipped', async () => (await watch('gold')).skipped > 0);
    await daemon.kill();
    await daemon.start();
    const before = await watch('gold');
    await until('another look', async () => (await watch('gold')).skipped > before.skipped);
    assert.equal((await daemon.json('segment', 'changes', 'gold')).changes.length, 2);
    assert.equal((await daemon.api('GET', '/v1/customers/%2B447700900002')).activity.segment_enter.count, 1);
    assert.match(await ok('segment', 'list'), /segment +state +members +swept +skipped\/partial\/full/);
  });
});
