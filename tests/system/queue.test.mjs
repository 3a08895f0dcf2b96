// A queue of a million messages: restart to the first submission, and the memory it takes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const N = process.env.TESSERA_SANITIZED ? 20_000 : 1_000_000;

function resident(pid) { // octets that are the process's own; pages of the store's files belong to the page cache
  const s = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/RssAnon:\s+(\d+)/.exec(s)[1])) * 1024;
}

test('a deep queue costs neither memory nor time at the start', { timeout: 900_000 }, async (t) => {
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { window: 10, rate: 1, burst: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const body = (i) => ({ to: `+447700${String(i % 1_000_000).padStart(6, '0')}`, text: `message number ${i} of a long queue`, class: 'transactional' });
    let next = 0, accepted = 0;
    const client = async () => {
      while (next < N) {
        const r = await daemon.request('POST', '/v1/messages', body(next++));
        assert.equal(r.status, 202, JSON.stringify(r.body));
        accepted++;
      }
    };
    await Promise.all(Array.from({ length: 64 }, client));
    assert.equal(accepted, N);
    await daemon.stop();
    const before = carrier.submits.length;
    const began = Date.now();
    await daemon.start();
    await until('the first submission', () => carrier.submits.length > before);
    const ms = Date.now() - began;
    const rss = resident(daemon.process.pid);
    console.log(`# ${N} queued: restart to first submission ${ms} ms, resident ${(rss / 1e6).toFixed(1)} MB`);
    const status = await daemon.api('GET', '/v1/status');
    assert.ok(status.queue.ready > N * 0.99, JSON.stringify(status.queue));
    if (!process.env.TESSERA_SANITIZED) {
      assert.ok(ms < 2000, `${ms} ms`);
      assert.ok(rss < 300e6, `${rss} octets`);
    }
  });
});
