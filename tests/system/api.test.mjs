// The API as a program sees it: every refusal has the same shape and says what to do, lists come in pages, metrics parse.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { Daemon, until, withGateway } from './lib.mjs';

const number = (i) => `+4477009${String(i).padStart(5, '0')}`;
const to = number(1);

// [method, url, body, status, code, message, further members]
const refusals = [
  ['GET', '/v1/nothing', undefined, 404, 'not_found', /./],
  ['GET', '/', undefined, 404, 'not_found', /./],
  ['DELETE', '/v1/status', undefined, 405, 'method', /GET/],
  ['POST', '/v1/messages', '{"to":', 400, 'invalid', /JSON|line|unexpected/i],
  ['POST', '/v1/messages', '[]', 400, 'invalid', /object/],
  ['POST', '/v1/messages', {}, 400, 'invalid', /to/],
  ['POST', '/v1/messages', { to, text: 'x', sneder: 'A' }, 400, 'invalid', /"sneder".*did you mean "sender"/],
  ['POST', '/v1/messages', { to: 5, text: 'x' }, 400, 'invalid', /to/],
  ['POST', '/v1/messages', { to: 'abc', text: 'x' }, 400, 'invalid', /number|abc/],
  ['POST', '/v1/messages', { to, text: '' }, 400, 'invalid', /text/],
  ['POST', '/v1/messages', { to, text: 'x', class: 'promotion' }, 400, 'invalid', /promotion/],
  ['POST', '/v1/messages', { to, text: 'x'.repeat(5000) }, 422, 'limit', /parts/],
  ['POST', '/v1/messages', { to, text: 'x', send_at: 'tomorrow' }, 400, 'invalid', /send_at/],
  ['POST', '/v1/messages', { to, text: 'x', sender: 'muchtoolongasender' }, 400, 'invalid', /sender/],
  ['GET', '/v1/messages?nubmer=1', undefined, 400, 'invalid', /"nubmer".*did you mean "number"/],
  ['GET', '/v1/messages?state=snet', undefined, 400, 'invalid', /snet/],
  ['GET', '/v1/messages?limit=100000', undefined, 400, 'invalid', /limit/],
  ['GET', '/v1/messages/999999', undefined, 404, 'not_found', /999999/],
  ['GET', '/v1/messages/abc', undefined, 404, 'not_found', /./],
  ['POST', '/v1/messages/999999/cancel', undefined, 404, 'not_found', /999999/],
  ['GET', '/v1/segments/nobody', undefined, 404, 'not_found', /nobody/],
  ['PUT', '/v1/segments/s', { query: 'gendr = "f"' }, 400, 'invalid', /unknown field "gendr"/, { line: 1, column: 1, suggestion: 'gender' }],
  ['PUT', '/v1/segments/s', { query: 'gender = "f" and and' }, 400, 'invalid', /./, { line: 1, column: 18 }],
  ['PUT', '/v1/segments/s', { query: 'in segment "womn"' }, 400, 'invalid', /womn/],
  ['POST', '/v1/segments:evaluate', { query: 'gender > "f"' }, 400, 'invalid', /./],
  ['POST', '/v1/campaigns', { name: 'c', segments: ['nobody'], text: 'x' }, 404, 'not_found', /nobody/],
  ['POST', '/v1/campaigns', { name: 'c', segments: [], text: 'x' }, 400, 'invalid', /segment/],
  ['POST', '/v1/campaigns', { name: 'spring', segments: ['women'], text: 'x' }, 409, 'exists', /spring/],
  ['GET', '/v1/campaigns/sprnig', undefined, 404, 'not_found', /"sprnig".*did you mean "spring"/],
  ['POST', '/v1/campaigns/spring/resume', undefined, 409, 'state', /draft/],
  ['POST', '/v1/campaigns/spring/jump', undefined, 404, 'not_found', /./],
  ['PUT', '/v1/votes/v', { keyword: 'V', options: [] }, 400, 'invalid', /option/],
  ['PUT', '/v1/votes/v', { keyword: 'V', options: ['A', 'a'] }, 400, 'invalid', /./],
  ['GET', '/v1/votes/nothing', undefined, 404, 'not_found', /nothing/],
  ['GET', '/v1/customers/abc', undefined, 400, 'invalid', /number.*column 1/],
  ['POST', '/v1/consents', { number: to, action: 'pause' }, 400, 'invalid', /"stop" or "start"/],
  ['POST', '/v1/imports', { kind: 'customer', name: 'x', size: 1 }, 400, 'invalid', /customer/],
  ['POST', '/v1/imports', { kind: 'events', name: 'x', size: 1 }, 400, 'invalid', /type/],
  ['PUT', '/v1/imports/nothing?offset=0', 'a,b\n', 404, 'not_found', /./],
  ['PUT', '/v1/clock', { now: '2026-01-01T00:00:00Z' }, 404, 'not_found', /./],
];

test('every refusal has its status, its code and a sentence', async () => {
  await withGateway({}, async ({ daemon }) => {
    await daemon.importCsv('customers', `phone,gender\n${to},f\n`, { map: { phone: 'msisdn' } });
    await daemon.api('PUT', '/v1/segments/women', { query: 'gender = "f"' });
    await daemon.api('POST', '/v1/campaigns', { name: 'spring', segments: ['women'], text: 'x' });
    for (const [method, url, body, status, code, message, more] of refusals) {
      const r = await daemon.request(method, url, body, typeof body === 'string' && body[0] !== 'a' ? { 'Content-Type': 'application/json' } : {});
      const what = `${method} ${url} ${JSON.stringify(body)?.slice(0, 80)} → ${r.status} ${JSON.stringify(r.body)}`;
      assert.equal(r.status, status, what);
      assert.deepEqual(Object.keys(r.body), ['error'], what);
      assert.equal(r.body.error.code, code, what);
      assert.match(r.body.error.message, message, what);
      for (const [k, v] of Object.entries(more ?? {})) assert.equal(r.body.error[k], v, what);
      if (status === 405) assert.equal(r.headers.allow, 'GET, HEAD');
    }
    // Nothing of all that has left a trace.
    assert.equal((await daemon.api('GET', '/v1/messages')).messages.length, 0);
    assert.deepEqual((await daemon.api('GET', '/v1/segments')).segments.map((s) => s.name), ['women']);
    assert.deepEqual((await daemon.api('GET', '/v1/votes')).votes, []);
  });
});

test('messages come in pages, newest first, each once, and filtered', async () => {
  await withGateway({ clock: '2026-11-18T03:00:00Z' }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = [];
    for (let i = 0; i < 120; i++) ids.push(await daemon.send(number(i % 7), `text ${i}`, { class: i % 2 ? 'promotional' : 'otp', ref: `r${i}` }));
    await until('the codes to be sent', async () => (await daemon.status()).queue.sent === 60);
    const all = async (filter) => {
      const out = [];
      for (let next = ''; next !== undefined;) {
        const page = await daemon.api('GET', `/v1/messages?limit=50${filter}${next && `&before=${next}`}`);
        assert.ok(page.messages.length <= 50);
        out.push(...page.messages);
        next = page.next;
      }
      return out.map((m) => m.id);
    };
    const newest = ids.toReversed();
    assert.deepEqual(await all(''), newest);
    assert.deepEqual(await all('&state=held'), newest.filter((_, i) => (119 - i) % 2));
    assert.deepEqual(await all(`&number=${encodeURIComponent(number(3))}`), newest.filter((_, i) => (119 - i) % 7 === 3));
    assert.deepEqual(await all(`&state=sent&number=${encodeURIComponent(number(3))}`), newest.filter((_, i) => (119 - i) % 7 === 3 && (119 - i) % 2 === 0));
    assert.deepEqual(await all('&to=2026-11-18T02:00:00Z'), []);
    const first = await daemon.api('GET', '/v1/messages');
    assert.equal(first.messages.length, 50, 'the default');
    assert.equal(first.messages[0].ref, 'r119');
  });
});

test('metrics are in Prometheus\' text format and agree with the status', async () => {
  await withGateway({ carrier: { receipt: () => [0, 'DELIVRD'] } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => daemon.send(number(i), 'hello')));
    for (const id of ids) await daemon.becomes(id, 'delivered');
    const r = await daemon.request('GET', '/metrics');
    assert.match(r.headers['content-type'], /^text\/plain; version=0\.0\.4/);
    const types = new Map(), samples = new Map();
    for (const line of r.body.trimEnd().split('\n')) {
      let m;
      if ((m = /^# TYPE (\w+) (counter|gauge)$/.exec(line))) {
        assert.ok(!types.has(m[1]), `${m[1]} twice`);
        types.set(m[1], m[2]);
      } else if (!/^# HELP \w+ \S/.test(line)) {
        m = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (-?[0-9.eE+]+|NaN|[+-]Inf)$/.exec(line);
        assert.ok(m, line);
        assert.ok(types.has(m[1]), `the type of ${m[1]} is told first`);
        assert.ok(!samples.has(m[1] + (m[2] ?? '')), `${line} twice`);
        samples.set(m[1] + (m[2] ?? ''), Number(m[3]));
      }
    }
    assert.ok([...types].every(([n, t]) => t !== 'counter' || n.endsWith('_total')), 'counters end in _total');
    assert.ok([...samples.keys()].every((k) => k.startsWith('tessera_')));
    const submitted = [...samples].filter(([k]) => k.startsWith('tessera_') && /submitted.*acme/.test(k));
    assert.equal(submitted.length, 1, [...samples.keys()].join('\n'));
    assert.equal(submitted[0][1], 20);
  });
});

test('health says what is wrong', async () => {
  await withGateway({}, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.deepEqual((await daemon.request('GET', '/healthz')).body, { status: 'ok' });
    carrier.options.bind = () => 0x0d; // ESME_RBINDFAIL
    carrier.drop();
    const h = await until('it to be unwell', async () => {
      const r = await daemon.request('GET', '/healthz');
      return r.status === 503 && r;
    });
    assert.notEqual(h.body.status, 'ok');
    assert.match(h.body.problems.join(), /acme/);
    assert.equal((await daemon.cli('health')).code, 1);
    carrier.options.bind = null;
    await until('it to be well again', async () => (await daemon.request('GET', '/healthz')).status === 200);
    assert.equal((await daemon.cli('health')).code, 0);
  });
});

test('requests that are none, too large ones and ones that stop halfway do no harm', async () => {
  const daemon = new Daemon({ settings: '' });
  const raw = (octets, end = true) => new Promise((resolve) => {
    const s = net.connect(daemon.socket);
    let out = '';
    s.on('data', (d) => (out += d));
    s.on('error', () => {});
    s.on('close', () => resolve(out));
    s.write(octets);
    if (end) s.end();
  });
  try {
    await daemon.start();
    assert.match(await raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await raw('GET /v1/status HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /, 'no Host');
    assert.match(await raw(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), /^HTTP\/1\.1 4(14|31) /);
    assert.match(await raw(`GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(10_000)}\r\n`), /^HTTP\/1\.1 431 /);
    assert.match(await raw('POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n'), /^HTTP\/1\.1 413 /);
    assert.match(await raw('POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'), /^HTTP\/1\.1 400 /);
    assert.match(await raw('POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1\.1 400 /);
    await raw('POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"to"');
    const two = await raw('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/fields HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', false);
    assert.equal(two.match(/HTTP\/1\.1 \d+ /g).length, 2, 'pipelined requests are answered in order');
    assert.equal((await daemon.request('GET', '/v1/status')).status, 200);
    assert.equal(fs.statSync(daemon.socket).mode & 0o777, 0o660);
    await daemon.stop();
  } finally {
    await daemon.cleanup();
  }
});
