// One customer changed without a file: by the command and by PATCH; types, steps and watched segments as with imports; many at
// once, beside an import and erasures; durable when answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon, during, sanitized, until } from './lib.mjs';

const ANN = '+447700900401', BOB = '+447700900402';
const at = (number) => `/v1/customers/${encodeURIComponent(number)}`;
const customers = `phone,tier,stage,shoe,tags\n${ANN},gold,lead,42.5,VIP;new\n${BOB},silver,lead,,\n`;
const options = { map: { shoe: 'shoe:number(1)', stage: 'stage:text' } };

test('customer set, customer add, PATCH', { timeout: 60_000 }, async () => {
  await during(new Daemon({ clock: '2026-11-20T12:00:00Z', settings: 'segments: { sweep = "1s"; };' }), async (daemon) => {
    const cli = async (code, ...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, code, `${args.join(' ')}: ${r.out}${r.err}`);
      return r.out + r.err;
    };
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    const patch = (number, body, more = '') => daemon.request('PATCH', at(number) + more, body);
    const refused = async (number, body, status, words, more = "") => {
      const r = await patch(number, body, more);
      assert.equal(r.status, status, JSON.stringify(r.body));
      assert.match(r.body.error.message, words);
    };
    await daemon.importCsv('customers', customers, options);
    await cli(0, 'field', 'transitions', 'stage', 'lead>prospect, prospect>customer, *>lost');
    await cli(0, 'segment', 'add', 'vips', 'tags has "vip" and tier = "platinum"');
    await daemon.api('POST', '/v1/segments/vips/events', { on: true });
    const watch = async () => (await daemon.api('GET', '/v1/segments')).segments[0].watch;
    await until('the baseline', async () => (await watch())?.last === 'baseline');

    // --- as a person does it
    assert.match(await cli(0, 'customer', 'set', ANN, 'tier=platinum', 'tags+=loyal, big', 'tags-=new', '--unset', 'shoe'),
      /\+447700900401 is changed\n\n? *field +was +is\n *tier +gold +platinum\n *tags +VIP, new +VIP, loyal, big\n *shoe +42\.5 +unset\n/);
    assert.match(await cli(0, 'customer', 'set', ANN, 'tier=platinum'), /nothing is changed/);
    assert.equal(await count('tier = "platinum" and tags has all ("loyal", "big") and not tags has "new" and not (shoe is set)'), 1);
    await until('the watcher', async () => (await watch()).entered === 1);
    assert.match(await cli(0, 'customer', 'set', ANN, 'tags-=vip'), /tags +VIP, loyal, big +loyal, big/);
    await until('the watcher', async () => (await watch()).left === 1);
    const activity = (await daemon.api('GET', at(ANN))).activity;
    assert.deepEqual([activity.segment_enter.count, activity.segment_leave.count], [1, 1]);
    assert.match(await cli(0, 'customer', 'add', '07700 900403', '--region', 'GB', 'tier=bronze', 'tags=a;b'), /\+447700900403 is a customer now/);
    assert.match(await cli(0, 'customer', 'add', '+447700900404'), /is a customer now/);
    assert.equal((await daemon.api('GET', at('+447700900403'))).region, 'GB');
    assert.match(await cli(4, 'customer', 'set', '+447700900499', 'tier=x'), /no customer has this number: "create" makes it one/);
    assert.match(await cli(4, 'customer', 'set', ANN, 'teir=x'), /there is no field "teir"; did you mean "tier"\? "tessera field list" shows/);
    assert.match(await cli(1, 'customer', 'set', ANN, 'shoe=big'), /shoe \(number\(1\)\): not a number .*: "big"/);
    assert.match(await cli(1, 'customer', 'set', '07700 900403', 'tier=x'), /region/);
    for (const [words, why] of [[['tier'], /"tier" is not FIELD=VALUE/], [['tier='], /--unset tier/], [['=x'], /not FIELD=VALUE/], [[], /what is to be changed/],
      [['tags=a', 'tags+=b'], /said twice/], [['tags-=b', 'tags=a'], /said twice/], [['tier=x', '--unset', 'tier'], /said twice/]]) {
      assert.match(await cli(2, 'customer', 'set', ANN, ...words), why);
    }

    // --- as a program does it
    let r = await patch(ANN, { shoe: 41.5, stage: 'prospect', tags: ['x', 'a,b'] });
    assert.equal(r.status, 200);
    assert.deepEqual(r.body, { number: ANN, created: false, changed: true, changes: [
      { field: 'shoe', from: null, to: '41.5' }, { field: 'stage', from: 'lead', to: 'prospect' }, { field: 'tags', from: ['loyal', 'big'], to: ['x', 'a,b'] }] });
    r = await patch(ANN, { shoe: 41.5, stage: 'prospect', tags: { add: ['X'] } });
    assert.deepEqual([r.status, r.body.changed, r.body.changes], [200, false, []]);
    r = await patch('+447700900405', { tier: 'new' }, '?create=true');
    assert.deepEqual([r.status, r.body.created], [201, true]);
    assert.equal((await patch('+447700900405', { tier: null, tags: [] }, '?create=true')).status, 200);
    await refused('+447700900499', { tier: 'x' }, 404, /no customer has this number/);
    await refused(ANN, { tier: 'x', stage: 'customer2' }, 409, /stage: "customer2" is none of/);
    await refused(ANN, { tier: 'x', stage: 'lead' }, 409, /"lead" may not follow "prospect"; allowed: customer, lost/);
    await refused(ANN, { tier: 'x', shoe: true }, 400, /shoe \(number\(1\)\): not a number/);
    await refused(ANN, { tier: ['x'] }, 400, /"tier" is no set \(text\)/);
    await refused(ANN, { tier: '' }, 400, /"tier" is empty: null takes/);
    await refused(ANN, { tags: { add: 'x' } }, 400, /lists of members/);
    await refused(ANN, { tags: { plus: ['x'] } }, 400, /"add"/);
    await refused(ANN, { tags: [{}] }, 400, /members are texts/);
    await refused(ANN, { tags: ['a\u001fb'] }, 400, /control character/);
    await refused(ANN, {}, 400, /nothing to change/);
    await refused(ANN, { tier: 'x' }, 400, /must be true or false/, '?create=maybe');
    await refused('07700900401', { tier: 'x' }, 400, /unknown region "XQ"/, '?region=XQ');
    assert.equal((await daemon.api('GET', at(ANN))).fields.tier, 'platinum', 'what is refused changes nothing');
    assert.equal(await count('count(field_change where field = "stage" and from = "lead" and to = "prospect", lifetime) = 1'), 1);
    assert.equal((await daemon.cli('store', 'check')).code, 0);

    // --- what was answered is there after kill -9
    r = await patch(BOB, { stage: 'prospect', tags: { add: ['kept'] } });
    assert.equal(r.status, 200);
    await daemon.kill();
    await daemon.start();
    const bob = await daemon.api('GET', at(BOB));
    assert.deepEqual([bob.fields.stage, bob.tags, bob.activity.field_change.count], ['prospect', ['kept'], 1]);
  });
});

test('many at once, beside imports and erasures', { timeout: 60_000 }, async () => {
  await during(new Daemon({ clock: '2026-11-20T12:00:00Z' }), async (daemon) => {
    const N = sanitized ? 100 : 400, EACH = 4;
    const number = (i) => `+4477009${String(10000 + i)}`;
    const all = Array.from({ length: N }, (_, i) => number(i));
    await daemon.importCsv('customers', `phone,tier,n\n${all.map((n) => `${n},gold,0`).join('\n')}\n`);
    const results = { 200: 0, 201: 0, 404: 0 };
    const work = [];
    for (let k = 0; k < EACH; k++) {
      for (const n of all) work.push(async () => results[(await daemon.request('PATCH', at(n), { n: k + 1, tags: { add: [`t${k}`] } })).status]++);
      work.push(() => daemon.importCsv('customers', `phone,tier\n${all.map((n) => `${n},silver${k}`).join('\n')}\n`));
    }
    const gone = all.filter((_, i) => i % 20 === 0);
    for (const n of gone) work.push(async () => assert.equal((await daemon.request('DELETE', at(n))).status, 200));
    await Promise.all(work.map((w) => w()));
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    assert.equal(results[200] + results[404], N * EACH, JSON.stringify(results));
    const kept = N - gone.length;
    assert.equal(await count('tags has all ("t0", "t1", "t2", "t3") and n >= 1'), kept, 'each change is there, whatever order they came in');
    const check = await daemon.cli('store', 'check');
    assert.equal(check.code, 0, check.err);
  });
});
