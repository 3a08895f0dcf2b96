// The schema as people declare it, events told one by one and by the batch: late, out of order, twice; and what came in and went out
// is there as events, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const ANN = '+447700900301', BOB = '+447700900302';

test('fields, events and what customers do', { timeout: 60_000 }, async () => {
  await withGateway({ carrier: { receipt: () => [0, 'DELIVRD'] }, clock: '2026-11-18T12:00:00Z' }, async ({ carrier, daemon }) => {
    const cli = async (code, ...args) => {
      const r = await daemon.cli(...args);
      assert.equal(r.code, code, `${args.join(' ')}: ${r.out}${r.err}`);
      return r;
    };
    const count = async (query) => (await daemon.api('POST', '/v1/segments:evaluate', { query })).count;
    await until('the bind', () => carrier.bound.length > 0);
    // --- fields of every type
    for (const [name, type] of [['shoe', 'number(1)'], ['nickname', 'text'], ['since', 'date'], ['pets', 'yes/no'], ['colours', 'set'], ['shop', 'place']]) await cli(0, 'field', 'add', name, type);
    await cli(0, 'field', 'add', 'shoe', 'number(1)');
    assert.match((await cli(1, 'field', 'add', 'shoe', 'number(2)')).err, /already, as number\(1\)/);
    assert.match((await cli(1, 'field', 'add', 'Shoe Size', 'text')).err, /cannot be a name/);
    assert.match((await cli(1, 'field', 'add', 'p_alive', 'number')).err, /queries have a meaning for it/);
    assert.match((await cli(1, 'field', 'add', 'weight', 'kilos')).err, /type/);

    // --- a type of events
    await cli(0, 'event', 'add', 'visit', '--attribute', 'page:text', '--attribute', 'seconds:number(0)', '--attribute', 'member:yes/no');
    assert.match((await cli(2, 'event', 'add', 'visit', '--attribute', 'page')).err, /not NAME:VALUE/);
    assert.match((await cli(1, 'event', 'add', 'visit', '--attribute', 'page:number')).err, /already, as text/);
    assert.match((await cli(4, 'event', 'post', ANN, 'vist')).err, /there is no event "vist"; did you mean "visit"\? "tessera event list" shows/);
    assert.match((await cli(1, 'event', 'post', ANN, 'visit', '--set', 'page=/')).err, /no customer has this number/);
    await cli(0, 'event', 'post', ANN, 'visit', '--set', 'page=/', '--set', 'seconds=30', '--create-customer');
    assert.match((await cli(4, 'event', 'post', ANN, 'visit', '--set', 'colour=red')).err, /there is no visit attribute "colour"; "tessera event list" shows/);
    assert.match((await cli(1, 'event', 'post', ANN, 'visit', '--set', 'seconds=long')).err, /seconds: not a whole number/);
    await cli(0, 'event', 'post', '07700 900302', 'purchase', '--set', 'amount=5', '--region', 'GB', '--create-customer', '--id', 'o1');
    assert.match((await cli(0, 'event', 'post', BOB, 'purchase', '--set', 'amount=5', '--id', 'o1')).out, /told before/);
    assert.equal(await count('sum(purchase.amount, lifetime) = 5'), 1);

    // --- a batch: out of order, months late, twice in itself and against before
    const lines = [
      { number: ANN, time: '2026-11-17T10:00:00Z', id: 'v2', page: '/b', seconds: 5 },
      { number: ANN, time: '2026-06-01T10:00:00Z', id: 'v1', page: '/a', seconds: 7, member: true },
      { number: ANN, time: '2026-11-17T10:00:00Z', id: 'v2', page: '/b', seconds: 5 },
      { number: '+447700900399', page: '/x' },
    ];
    const post = (list) => daemon.request('POST', '/v1/events?type=visit', list.map((l) => JSON.stringify(l)).join('\n'));
    let r = (await post(lines)).body;
    assert.deepEqual([r.events, r.duplicates, r.rejected, r.rejects[0].line], [2, 1, 1, 4]);
    r = (await post(lines.slice(0, 2))).body;
    assert.deepEqual([r.events, r.duplicates], [0, 2]);
    assert.equal(await count('count(visit, last 7 days) = 2 and count(visit, lifetime) = 3'), 1);
    assert.equal(await count('count(visit where member and page = "/a", lifetime) = 1'), 1);
    const bad = await post([{ number: ANN, page: { of: 1 } }]);
    assert.equal(bad.status, 404);
    assert.match(bad.body.error.message, /no visit attribute "page_of"/);
    assert.equal((await daemon.request('POST', '/v1/events', '{}')).status, 400);

    // --- activity is events like others
    assert.equal(await carrier.inbound(ANN, '80010', 'hello'), 0);
    await daemon.becomes(await daemon.send(ANN, 'Hello'), 'delivered');
    await until('the activity', async () => (await count('count(delivered, last 1 days) = 1 and count(inbound, last 1 days) = 1')) === 1);
    assert.equal(await count('days_since(inbound) = 0 and count(inbound where hour in 12..13, lifetime) = 1'), 1);
    const shown = JSON.parse((await cli(0, 'event', 'list', '--json')).out).events;
    assert.equal(shown.find((e) => e.name === 'visit').count, 3);
    assert.equal(shown.find((e) => e.name === 'inbound').count, 1);
    assert.match((await cli(0, 'event', 'list')).out, /visit +3 .*page:text, seconds:number/);

    // --- coverage, values, freshness
    const csv = `phone,shoe,nickname,pets\n${ANN},42.5,Annie,yes\n${BOB},43,Bobby,yes\n`;
    const session = await daemon.api('POST', '/v1/imports', { kind: 'customers', name: 'x.csv', size: csv.length });
    await daemon.api('PUT', `/v1/imports/${session.id}?offset=0&last=1`, Buffer.from(csv));
    const field = Object.fromEntries((await daemon.api('GET', '/v1/fields')).fields.map((f) => [f.name, f]));
    assert.deepEqual([field.shoe.set, field.shoe.coverage, field.shoe.distinct], [2, 1, 2]);
    assert.deepEqual([field.pets.set, field.pets.distinct], [2, 1]);
    assert.equal(field.colours.set, 0);
    assert.match(field.shoe.changed, /^2026-11-18T12:00/);
    assert.equal(field.colours.changed, null);
    assert.match((await cli(0, 'field', 'list')).out, /shoe +number\(1\) +2 +100%? *.* 2026-11-18/);

    // --- another name, and none: segments must still mean something; an import under way goes on
    await cli(0, 'segment', 'add', 'annies', 'nickname = "annie"');
    assert.match((await cli(1, 'field', 'rename', 'nickname', 'alias')).err, /segment "annies" asks for it/);
    assert.match((await cli(1, 'field', 'drop', 'nickname', '--yes')).err, /segment "annies" asks for it/);
    assert.match((await cli(1, 'field', 'rename', 'tags', 'labels')).err, /built in/);
    assert.match((await cli(1, 'field', 'rename', 'shoe', 'pets')).err, /already/);
    assert.equal((await cli(2, 'field', 'drop', 'shoe')).code, 2);
    const more = 'phone,shoe,nickname\n', row = `${BOB},44.5,Rob\n`;
    const under = await daemon.api('POST', '/v1/imports', { kind: 'customers', name: 'y.csv', size: more.length + row.length, map: { phone: 'msisdn' } });
    await daemon.api('PUT', `/v1/imports/${under.id}?offset=0`, Buffer.from(more));
    await cli(0, 'segment', 'remove', 'annies');
    await cli(0, 'field', 'rename', 'nickname', 'alias');
    await cli(0, 'field', 'drop', 'pets', '--yes');
    await daemon.logged('fields_cleared');
    assert.equal(await count('alias = "annie"'), 1);
    assert.equal((await daemon.request('POST', '/v1/segments:evaluate', { query: 'pets' })).status, 400);
    await daemon.api('PUT', `/v1/imports/${under.id}?offset=${more.length}&last=1`, Buffer.from(row));
    assert.equal(await count('shoe = 44.5 and alias = "bobby" and nickname = "rob"'), 1, 'the old name is a new field now');
    await cli(0, 'field', 'add', 'pets', 'number');
    assert.equal(await count('pets is set'), 0);
    await cli(0, 'store', 'check');

    // --- another type: only when every value fits and every segment is still understood
    assert.match((await cli(1, 'field', 'change', 'shoe', 'number(0)')).err, /2 of 2 values are no number\(0\), such as "4[24]\.5"/);
    assert.match((await cli(1, 'field', 'change', 'alias', 'date')).err, /2 of 2 values are no date/);
    await cli(0, 'segment', 'add', 'bigfeet', 'shoe > 44');
    assert.match((await cli(1, 'field', 'change', 'shoe', 'text')).err, /segment "bigfeet" asks for it/);
    assert.equal(await count('shoe > 44'), 1, 'it is as it was');
    await cli(0, 'segment', 'remove', 'bigfeet');
    await cli(0, 'field', 'change', 'shoe', 'text');
    assert.equal(await count('shoe = "44.5"'), 1);
    await cli(0, 'field', 'change', 'shoe', 'number(3)');
    assert.equal(await count('shoe = 44.5 or shoe = 42.5'), 2);
    await cli(0, 'field', 'change', 'alias', 'set');
    assert.equal(await count('alias has "annie"'), 1);
    assert.match((await cli(1, 'field', 'change', 'alias', 'text')).err, /a set has no type/);
    await until('what was left to be cleared', async () => (await cli(0, 'store', 'check')) && true);

    // --- and all of it goes with the customer
    await cli(0, 'customer', 'erase', ANN, '--yes');
    const after = (await daemon.api('GET', '/v1/fields')).events;
    assert.equal(after.find((e) => e.name === 'visit').count, 0);
    assert.equal(after.find((e) => e.name === 'delivered').count, 0);
    await cli(0, 'store', 'check');
  });
});
