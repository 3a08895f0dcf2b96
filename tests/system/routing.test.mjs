// Which of two carriers gets a message: rules, strategies, failover, what waits when its carrier goes down, what
// `tessera route explain` tells of it, and statuses that mean something else at one carrier.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breathe, Carrier, Daemon, until } from './lib.mjs';

const german = (i) => `+4915112${String(100000 + i)}`;
const british = (i) => `+4477009${String(10000 + i)}`;
const text = (s) => ({ toString: () => s }); // goes into the configuration as it is

// Two carriers "a" and "b", both bound; routes: text of the configuration's list.
async function withTwo({ routes = '', a = {}, b = {}, settings = '', carriers = {} }, fn) {
  const peers = { a: await new Carrier(a).listen(), b: await new Carrier(b).listen() };
  const daemon = new Daemon({
    carriers: [{ name: 'a', port: peers.a.port, ...carriers.a }, { name: 'b', port: peers.b.port, ...carriers.b }],
    settings: `${settings}\n${routes ? `routes = ( ${routes} );` : ''}`,
  });
  try {
    await daemon.start();
    await daemon.bound(peers.a);
    await daemon.bound(peers.b);
    await fn({ ...peers, daemon });
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    await peers.a.close().catch(() => {});
    await peers.b.close().catch(() => {});
  }
}

const health = (daemon, name, wanted) => until(`${name} to be ${wanted}`, async () =>
  (await daemon.status()).carriers.find((c) => c.name === name).health === wanted);

async function sendMany(daemon, n, number, more = {}) {
  const ids = await Promise.all(Array.from({ length: n }, (_, i) => daemon.send(number(i), `text ${i}`, more)));
  for (const id of ids) await daemon.becomes(id, 'sent');
  return ids;
}

test('rules in the order written: prefix, region, class, sender, tag', async () => {
  const routes = `
    { class = "otp"; carriers = ( { name = "b"; } ); },
    { region = "DE"; sender = "SPECIAL"; carriers = ( { name = "b"; } ); },
    { tag = "bulk"; carriers = ( { name = "b"; } ); },
    { prefix = "49,43"; carriers = ( { name = "a"; } ); },
    { carriers = ( { name = "b"; } ); }`;
  await withTwo({ routes }, async ({ a, b, daemon }) => {
    const rows = [
      [german(1), {}, a], [german(2), { class: 'otp' }, b], [german(3), { sender: 'SPECIAL' }, b],
      [british(4), { sender: 'SPECIAL' }, b], [german(5), { tag: 'bulk' }, b], [german(6), { tag: 'other' }, a],
      ['+436601234567', {}, a], [british(7), {}, b],
    ];
    for (const [to, more] of rows) await daemon.becomes(await daemon.send(to, 'x', more), 'sent');
    for (const [to, more, carrier] of rows)
      assert.ok(carrier.submits.some((s) => s.to === to.slice(1)), `${to} ${JSON.stringify(more)}`);
    assert.equal(a.submits.length + b.submits.length, rows.length);
  });
});

test('without routes the prefixes of the carriers decide, also when that carrier is down', async () => {
  await withTwo({ carriers: { b: { prefixes: '49' } } }, async ({ a, b, daemon }) => {
    await daemon.becomes(await daemon.send(german(1), 'x'), 'sent');
    await daemon.becomes(await daemon.send(british(1), 'x'), 'sent');
    assert.deepEqual([a.submits.length, b.submits.length], [1, 1]);
    await b.close();
    await health(daemon, 'b', 'down');
    const id = await daemon.send(german(2), 'waits');
    await breathe(200);
    assert.equal((await daemon.message(id)).state, 'ready');
    assert.equal(a.submits.length, 1);
    assert.deepEqual((await daemon.json('route', 'list')).routes, []);
  });
});

test('order: the second takes over when the first is down, and gives back', async () => {
  const routes = '{ carriers = ( { name = "a"; }, { name = "b"; } ); }';
  await withTwo({ routes }, async ({ a, b, daemon }) => {
    await sendMany(daemon, 5, german);
    assert.deepEqual([a.submits.length, b.submits.length], [5, 0]);
    const port = a.port;
    await a.close();
    await health(daemon, 'a', 'down');
    await sendMany(daemon, 5, british);
    assert.equal(b.submits.length, 5);
    await daemon.logged(/route_health .*carrier=a health=down/);
    await a.listen(port);
    await health(daemon, 'a', 'up');
    await sendMany(daemon, 5, german);
    assert.deepEqual([a.submits.length, b.submits.length], [10, 5]);
  });
});

test('what waits for a carrier that stays down moves to one that is up, each once', async () => {
  const routes = '{ prefix = "49"; carriers = ( { name = "a"; }, { name = "b"; } ); }, { carriers = ( { name = "a"; } ); }';
  await withTwo({ routes, settings: 'messages: { reroute_after = "500ms"; };', carriers: { a: { rate: 1, burst: 1 } } },
    async ({ a, b, daemon }) => {
      const ids = [], only = [];
      for (let i = 0; i < 40; i++) ids.push(await daemon.send(german(i), `text ${i}`));
      only.push(await daemon.send(british(1), 'for a alone'));
      const taken = a.submits.length;
      assert.ok(taken < 10, `${taken} went at once`);
      await a.close();
      await daemon.logged('rerouted');
      for (const id of ids) await daemon.becomes(id, 'sent');
      const all = [...a.submits, ...b.submits].map((s) => s.to);
      assert.equal(new Set(all).size, all.length, 'none twice');
      assert.equal(all.length, 40);
      const order = b.submits.map((s) => Number(s.text.slice(5)));
      assert.deepEqual(order, order.toSorted((x, y) => x - y), 'in their order');
      assert.equal((await daemon.message(ids[39])).carrier, 'b');
      assert.equal((await daemon.message(only[0])).state, 'ready', 'no other carrier takes it');
    });
});

test('moved messages survive a crash', async () => {
  const routes = '{ carriers = ( { name = "a"; }, { name = "b"; } ); }';
  await withTwo({ routes, settings: 'messages: { reroute_after = "100ms"; };', carriers: { b: { rate: 1, burst: 1 } } },
    async ({ a, b, daemon }) => {
      await a.close();
      await health(daemon, 'a', 'down');
      const ids = [];
      for (let i = 0; i < 10; i++) ids.push(await daemon.send(german(i), `text ${i}`));
      await daemon.kill();
      daemon.carriers[1].rate = 0;
      daemon.writeConfig();
      await daemon.start();
      await until('all to be sent or uncertain', async () =>
        (await Promise.all(ids.map((id) => daemon.message(id)))).every((m) => m.state === 'sent' || m.state === 'uncertain'));
      assert.equal(new Set(b.submits.map((s) => s.to)).size, 10);
    });
});

test('weighted: shares as written', async () => {
  const routes = '{ strategy = "weighted"; carriers = ( { name = "a"; weight = 3; }, { name = "b"; } ); }';
  await withTwo({ routes }, async ({ a, b, daemon }) => {
    await sendMany(daemon, 800, german);
    assert.equal(a.submits.length + b.submits.length, 800);
    assert.ok(Math.abs(a.submits.length - 600) < 75, `${a.submits.length} of 800, not about 600`); // six standard deviations
  });
});

test('least cost: the cheapest that is up; what it costs is told', async () => {
  const routes = '{ strategy = "least_cost"; carriers = ( { name = "a"; cost = 0.05; }, { name = "b"; cost = 0.04; } ); }';
  await withTwo({ routes }, async ({ a, b, daemon }) => {
    await sendMany(daemon, 10, german);
    assert.deepEqual([a.submits.length, b.submits.length], [0, 10]);
    assert.ok(Math.abs((await daemon.status()).carriers[1].cost - 0.4) < 1e-9);
    await daemon.importCsv('customers', `msisdn\n${Array.from({ length: 20 }, (_, i) => german(i)).join('\n')}\n`);
    await daemon.api('PUT', '/v1/segments/all', { query: 'msisdn is set' });
    await daemon.api('POST', '/v1/campaigns', { name: 'spring', segments: ['all'], sender: 'SHOP', text: 'Hello', class: 'transactional' });
    const preview = await daemon.api('GET', '/v1/campaigns/spring/preview');
    assert.equal(preview.recipients, 20);
    assert.ok(Math.abs(preview.cost - 0.8) < 1e-9, `${preview.cost}`);
    assert.match((await daemon.cli('campaign', 'preview', 'spring')).out, /cost +0\.80 /);
    await b.close();
    await health(daemon, 'b', 'down');
    await daemon.api('POST', '/v1/campaigns/spring/start', {});
    await until('the campaign', () => a.submits.length === 20);
  });
});

test('a carrier that fails most of what it gets is avoided', async () => {
  const routes = '{ carriers = ( { name = "a"; }, { name = "b"; } ); }';
  await withTwo({ routes, a: { answer: () => ({ status: 0x64 }) }, settings: 'messages: { retry_min = "10ms"; retry_max = "50ms"; max_attempts = 100; reroute_after = "0s"; };' },
    async ({ b, daemon }) => {
      await sendMany(daemon, 30, german);
      await health(daemon, 'a', 'failing');
      assert.equal(new Set(b.submits.map((s) => s.to)).size, 30);
    });
});

test('route explain and route list', async () => {
  const routes = `
    { class = "otp"; carriers = ( { name = "b"; } ); },
    { prefix = "49"; strategy = "weighted"; carriers = ( { name = "a"; weight = 3; cost = 0.05; }, { name = "b"; cost = 0.04; } ); },
    { campaign = "spring"; carriers = ( { name = "b"; } ); },
    { carriers = ( { name = "a"; } ); }`;
  await withTwo({ routes }, async ({ a, daemon }) => {
    const one = await daemon.json('route', 'explain', german(1));
    assert.deepEqual([one.carrier, one.rule, one.region, one.healthy], ['a', 2, 'DE', true]);
    assert.deepEqual(one.rules.map((r) => r.why), ['other_class', 'chosen', 'other_campaign', 'later']);
    assert.deepEqual(one.rules[1].carriers.map((c) => c.share), [0.75, 0.25]);
    assert.equal((await daemon.json('route', 'explain', german(1), '--class', 'otp')).carrier, 'b');
    assert.equal((await daemon.json('route', 'explain', british(1), '--campaign', 'spring')).rule, 3);
    await a.close();
    await health(daemon, 'a', 'down');
    const two = await daemon.json('route', 'explain', british(1));
    assert.deepEqual([two.carrier, two.rule, two.healthy], ['a', 4, false]);
    const said = await daemon.cli('route', 'explain', german(1));
    assert.equal(said.code, 0);
    assert.match(said.out, /goes to b/);
    assert.match(said.out, /is for other classes/);
    assert.match(said.out, /no bind takes submissions/);
    const list = await daemon.cli('route', 'list');
    assert.match(list.out, /weighted/);
    assert.match(list.out, /a 3 \(0\.05\), b 1 \(0\.04\)/);
    assert.equal((await daemon.request('GET', '/v1/routes/explain?number=12')).status, 400);
    assert.equal((await daemon.request('GET', `/v1/routes/explain?number=${encodeURIComponent(german(1))}&class=bulk`)).status, 400);
  });
});

test('a reload takes other routes, or refuses them and says where', async () => {
  await withTwo({ routes: '{ carriers = ( { name = "a"; } ); }' }, async ({ a, b, daemon }) => {
    await sendMany(daemon, 1, german);
    daemon.settings = 'routes = ( { carriers = ( { name = "b"; } ); } );';
    assert.ok(await daemon.reload());
    await sendMany(daemon, 1, british);
    assert.deepEqual([a.submits.length, b.submits.length], [1, 1]);
    for (const [wrong, says] of [
      ['routes = (\n{ carriers = ( { name = "c"; } ); } );', /conf:\d+: there is no carrier ."c."/],
      ['routes = ( { prefix = "4x"; carriers = ( { name = "a"; } ); } );', /4x/],
      ['routes = ( { prefx = "49"; carriers = ( { name = "a"; } ); } );', /did you mean ."prefix."/],
      ['routes = ( { strategy = "best"; carriers = ( { name = "a"; } ); } );', /order\|weighted\|least_cost/],
      ['routes = ( { strategy = "weighted"; carriers = ( { name = "a"; weight = 0; } ); } );', /above 0/],
      ['routes = ( { prefix = "49"; } );', /carriers is missing/],
      ['routes = ( { carriers = ( { name = "a"; cost = -1; } ); } );', /cost must be/],
    ]) {
      const from = daemon.mark();
      daemon.settings = wrong;
      assert.equal(await daemon.reload(), false, wrong);
      assert.match(daemon.log.slice(from), says);
    }
    await sendMany(daemon, 1, (i) => british(i + 50));
    assert.equal(b.submits.length, 2);
  });
});

test('statuses: one that is permanent elsewhere is tried again here, with its own words', async () => {
  const answer = (pdu, n) => (n < 2 ? { status: n === 0 ? 0x0b : 0x401 } : {});
  const statuses = text('( { status = "ESME_RINVDSTADR"; class = "temporary"; text = "their switch is busy"; }, { status = "0x401"; class = "temporary"; } )');
  await withTwo({ a: { answer }, carriers: { a: { statuses } }, settings: 'messages: { retry_min = "300ms"; retry_max = "300ms"; };' }, async ({ a, daemon }) => {
    const id = await daemon.send(german(1), 'x');
    const held = await until('the retry', async () => {
      const m = await daemon.message(id);
      return m.reason === 'retry' && m.code === 0x0b && m;
    });
    assert.match(held.detail, /their switch is busy/);
    await daemon.becomes(id, 'sent');
    assert.equal(a.submits.length, 3);
    const from = daemon.mark();
    daemon.carriers[0].statuses = text('( { status = "ESME_ROK"; class = "temporary"; } )');
    assert.equal(await daemon.reload(), false);
    assert.match(daemon.log.slice(from), /is no status/);
  });
});
