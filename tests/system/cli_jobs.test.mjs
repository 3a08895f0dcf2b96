// What takes the daemon a while, as `tessera` waits for it: against a daemon that only pretends, so that the work lasts as
// long as the test wants.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { build, scratch, until } from './lib.mjs';

// Answers each request with what `answer` gives for its number: a document, or {status, headers, body}.
async function pretending(answer, fn) {
  const dir = scratch(), socket = path.join(dir, 'api.sock'), asked = [];
  const server = http.createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      asked.push(`${req.method} ${req.url}`);
      const a = answer(asked.length);
      res.writeHead(a.status ?? 200, { 'Content-Type': 'application/json', ...a.headers });
      res.end(JSON.stringify(a.body ?? a));
    });
  });
  await new Promise((r) => server.listen(socket, r));
  try {
    await fn({ socket, asked });
  } finally {
    server.closeAllConnections();
    server.close();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

// `tessera ARGS` that can be interrupted while it runs.
function started(socket, ...args) {
  const p = spawn(path.join(build, 'src/cli/tessera'), ['--socket', socket, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const run = { p, out: '', err: '' };
  p.stdout.on('data', (d) => { run.out += d; });
  p.stderr.on('data', (d) => { run.err += d; });
  run.ended = new Promise((r) => p.on('close', (code, signal) => r({ code, signal, out: run.out, err: run.err })));
  return run;
}

const jobs = [
  { args: ['store', 'rebuild'], url: '/v1/store/rebuild', done: { slices: 2, of: 2 }, says: /made anew .*2 slices/ },
  { args: ['field', 'change', 'size', 'text'], url: '/v1/fields/size/change', done: { name: 'size' }, says: /size is text now/ },
];

for (const { args, url, done, says } of jobs) {
  test(`${args.join(' ')} waits until the daemon has done it`, async () => {
    await pretending((n) => (n < 3 ? { running: true, finished: false } : { running: false, finished: true, ...done }), async ({ socket, asked }) => {
      const r = await started(socket, ...args).ended;
      assert.equal(r.code, 0, r.err);
      assert.match(r.out, says);
      assert.deepEqual(asked, [`POST ${url}`, `GET ${url}`, `GET ${url}`]);
    });
  });

  test(`${args.join(' ')} says what the daemon stopped at`, async () => {
    await pretending((n) => (n < 2 ? { running: true, finished: false } : { running: false, finished: false, problem: 'the disk is full' }), async ({ socket }) => {
      const r = await started(socket, ...args).ended;
      assert.equal(r.code, 1);
      assert.match(r.err, /the disk is full/);
    });
  });

  test(`Ctrl-C ends the waiting of ${args.join(' ')}, and the daemon goes on`, async () => {
    await pretending(() => ({ running: true, finished: false }), async ({ socket, asked }) => {
      const run = started(socket, ...args);
      await until('it to look again', () => asked.length >= 3);
      run.p.kill('SIGINT');
      const r = await run.ended;
      assert.deepEqual([r.code, r.signal], [1, null]);
      assert.match(r.err, /interrupted; the daemon goes on with it/);
    });
  });
}

test('Ctrl-C ends an import that waits for a busy daemon', async () => {
  const busy = { status: 503, headers: { 'Retry-After': '8' }, body: { error: { code: 'busy', message: 'too much to do' } } };
  await pretending((n) => (n === 1 ? { id: 'a', offset: 0, finished: false } : busy), async ({ socket, asked }) => {
    const file = path.join(path.dirname(socket), 'customers.csv');
    fs.writeFileSync(file, 'phone\n+447700900001\n');
    const run = started(socket, 'import', 'customers', file);
    await until('a piece to be refused', () => asked.length === 2);
    run.p.kill('SIGINT');
    const r = await run.ended;
    assert.deepEqual([r.code, r.signal], [1, null]);
    assert.match(r.err, /interrupted/);
    assert.equal(asked.length, 2);
  });
});
