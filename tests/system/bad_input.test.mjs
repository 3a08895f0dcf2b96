// What must be refused, and how it is said.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, until, withGateway } from './lib.mjs';

const broken = 'phone,name,total\n+447700900001,Ann,1.00\n12,Bob,2.00\n+447700900003,Cy,abc\n+447700900004,Di,4.00\n';

test('a broken line is reported with its number and column, and skipped', async () => {
  await withGateway({}, async ({ daemon }) => {
    const file = path.join(daemon.dir, 'broken.csv');
    fs.writeFileSync(file, broken);
    const args = ['import', 'customers', file, '--map', 'phone=msisdn', '--map', 'total=total:number'];
    let r = await daemon.cli(...args, '--strict');
    assert.equal(r.code, 1, r.out + r.err);
    assert.match(r.out + r.err, /line 3.*phone/s);
    assert.match(r.out + r.err, /line 4.*total/s);
    let f = await daemon.api('GET', '/v1/fields');
    assert.equal(f.customers, 0, 'strict: nothing is imported');
    const rejects = path.join(daemon.dir, 'rejects.csv');
    r = await daemon.cli(...args, '--rejects', rejects);
    assert.equal(r.code, 0, r.err);
    assert.match(r.out + r.err, /line 3/);
    assert.match(fs.readFileSync(rejects, 'utf8'), /phone/);
    f = await daemon.api('GET', '/v1/fields');
    assert.equal(f.customers, 2);
    r = await daemon.cli(...args); // again: nothing is there twice
    assert.equal(r.code, 0, r.err);
    assert.equal((await daemon.api('GET', '/v1/fields')).customers, 2);
  });
});

test('an unknown field in a query names the nearest', async () => {
  await withGateway({}, async ({ daemon }) => {
    await daemon.importCsv('customers', 'phone,gender\n+447700900001,f\n', { map: { phone: 'msisdn' } });
    const r = await daemon.cli('segment', 'add', 'women', 'gendr = "f"');
    assert.equal(r.code, 1);
    assert.match(r.err, /unknown field "gendr" at 1; did you mean "gender"\?/);
  });
});

test('a carrier that sends garbage is disconnected with a reason and retried with backoff', async () => {
  let connections = 0;
  const times = [];
  const server = net.createServer((s) => {
    connections++;
    times.push(Date.now());
    s.on('error', () => {});
    s.resume(); // reads, and closes when we do
    s.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
  });
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const daemon = new Daemon({ carriers: [{ name: 'liar', port: server.address().port, reconnect_min: '50ms', reconnect_max: '400ms' }] });
  try {
    await daemon.start();
    await until('a fourth attempt', () => connections >= 4);
    assert.match(daemon.log, /session_closed .*reason=garbage/);
    assert.ok(times[3] - times[2] > times[1] - times[0] - 30, 'the pauses grow');
    const s = await daemon.api('GET', '/v1/status');
    assert.notEqual(s.carriers[0].binds[0].last_error, '');
    await daemon.stop();
  } finally {
    await daemon.cleanup();
    server.close();
  }
});

test('a wrong password stops, and says so', async () => {
  await withGateway({ carrier: { bind: () => 0x0e } }, async ({ carrier, daemon }) => {
    await until('the bind to stop', async () => (await daemon.api('GET', '/v1/status')).carriers[0].state === 'stopped');
    assert.equal(carrier.connections, 1);
    assert.match(daemon.log, /error bind_refused .*ESME_RINVPASWD/);
    assert.doesNotMatch(daemon.log, /secret/);
    const h = await daemon.request('GET', '/healthz');
    assert.equal(h.status, 503);
  });
});

test('a second daemon on the same state directory is refused', async () => {
  await withGateway({}, async ({ daemon }) => {
    const second = new Daemon({ carriers: [] });
    second.state = daemon.state;
    second.writeConfig();
    await assert.rejects(second.start(), (e) => {
      assert.match(e.message, /"code":1/);
      assert.match(e.message, new RegExp(`${daemon.process.pid}`));
      return true;
    });
    fs.rmSync(second.dir, { recursive: true });
    assert.equal((await daemon.request('GET', '/v1/status')).status, 200);
  });
});

test('configuration errors name file and line', async () => {
  const { spawnSync } = await import('node:child_process');
  const { build, scratch } = await import('./lib.mjs');
  const dir = scratch(), conf = path.join(dir, 'x.conf');
  const check = (text) => {
    fs.writeFileSync(conf, text);
    const r = spawnSync(path.join(build, 'src/daemon/tesserad'), ['--check', '-c', conf], { encoding: 'utf8' });
    return { code: r.status, err: r.stderr };
  };
  assert.deepEqual(check('zone = "UTC";\nzoen = "UTC";\n').code, 2);
  assert.match(check('zone = "UTC";\nzoen = "UTC";\n').err, /x\.conf:2: unknown setting "zoen"; did you mean "zone"\?/);
  assert.match(check('messages: { max_parts = 999; };').err, /x\.conf:1: messages\.max_parts must be from 1 to 255/);
  assert.match(check('zone = ;').err, /x\.conf:\d+: syntax error/);
  assert.match(check('carriers = ( { name = "a"; host = "h"; } );').err, /x\.conf:1: system_id is missing here/);
  assert.equal(check('zone = "UTC";').code, 0);
  fs.rmSync(dir, { recursive: true });
});

test('a full map refuses new work and keeps sending', async () => {
  await withGateway({ text: 'spool: { map_size = "2M"; };\n', clock: '2026-11-18T03:00:00Z', settings: { window: 10, rate: 0 }, carrier: { receipt: () => [0, 'DELIVRD'] } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier); // nothing leaves while the queue fills: the recipients sleep
    let accepted = 0, refused = 0, last = null;
    for (let i = 0; i < 40_000 && refused < 20; i += 50) {
      const results = await Promise.all(Array.from({ length: 50 }, (_, k) => daemon.request('POST', '/v1/messages',
        { to: `+4477009${String(i + k).padStart(5, '0')}`, text: 'x'.repeat(150), class: 'promotional' })));
      for (const r of results) {
        if (r.status === 202) accepted++;
        else { refused++; last = r; }
      }
    }
    assert.ok(refused > 0, `the map of 2 MiB is full at some time (${accepted} accepted)`);
    assert.equal(last.status, 507, JSON.stringify(last.body));
    assert.equal(last.body.error.code, 'full');
    await daemon.setClock('2026-11-18T12:00:00Z');
    await until('all that was accepted to be sent', () => carrier.submits.length === accepted, 60_000);
    assert.equal(new Set(carrier.submits.map((s) => s.to)).size, accepted);
    assert.equal((await daemon.request('GET', '/v1/status')).status, 200);
  });
});

test('a stage that may not follow is rejected with the reason, and changes are history that a query finds', async () => {
  await withGateway({}, async ({ daemon }) => {
    const load = async (text) => {
      const file = path.join(daemon.dir, 'stages.csv');
      fs.writeFileSync(file, text);
      const r = await daemon.cli('import', 'customers', file);
      return r.out + r.err;
    };
    let r = await daemon.cli('field', 'transitions', 'stage', 'lead');
    assert.notEqual(r.code, 0);
    assert.match(r.err, /rule 1 of the transitions is not FROM>TO/);
    r = await daemon.cli('field', 'transitions', 'stage', 'lead>prospect, prospect>customer, *>lost');
    assert.equal(r.code, 0, r.err);
    const { fields } = await daemon.api('GET', '/v1/fields');
    assert.equal(fields.find((f) => f.name === 'stage').transitions, 'lead>prospect, prospect>customer, *>lost');
    await load('phone,stage\n+447700900001,lead\n+447700900002,lead\n');
    assert.match(await load('phone,stage\n+447700900001,prospect\n+447700900002,customer\n'), /"customer" may not follow "lead"; allowed: prospect, lost/);
    const query = 'count(field_change where field = "stage" and from = "lead" and to = "prospect", last 30 days) >= 1';
    r = await daemon.cli('segment', 'count', query);
    assert.equal(r.code, 0, r.err);
    assert.match(r.out, /\b1\b/);
    r = await daemon.cli('field', 'transitions', 'stage', 'none');
    assert.equal(r.code, 0, r.err);
    assert.doesNotMatch(await load('phone,stage\n+447700900002,customer\n'), /may not follow/);
  });
});
