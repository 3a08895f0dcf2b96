// A queue of a million messages: restart to the first submission, and the memory it takes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { until, withGateway } from './lib.mjs';

const N = process.env.TESSERA_SANITIZED ? 20_000 : 1_000_000;

function resident(pid) { // octets, with the pages of the store's files that it has touched
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

// Hands `total` messages in over one connection, a hundred requests on their way at a time.
function pipeline(socketPath, total, body) {
  return new Promise((resolve, reject) => {
    const socket = net.createConnection(socketPath);
    let sent = 0, answered = 0, tail = '';
    const more = () => {
      let out = '';
      while (sent < total && sent - answered < 100) {
        const b = JSON.stringify(body(sent++));
        out += `POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(b)}\r\n\r\n${b}`;
      }
      if (out) socket.write(out);
    };
    socket.on('connect', more);
    socket.on('error', reject);
    socket.on('data', (d) => {
      const text = tail + d.toString('latin1');
      const lines = text.split('HTTP/1.1 ');
      for (let k = 1; k < lines.length; k++) {
        if (lines[k].length < 3) break; // cut in the middle of a status
        if (!lines[k].startsWith('202')) return reject(new Error(lines[k]));
        answered++;
      }
      tail = lines.at(-1).length < 3 ? 'HTTP/1.1 ' + lines.at(-1) : text.slice(-12).includes('H') ? text.slice(text.lastIndexOf('H', text.length)) : '';
      if (!'HTTP/1.1 '.startsWith(tail.slice(0, 9)) || tail.length > 12) tail = '';
      if (answered >= total) {
        socket.destroy();
        return resolve(answered);
      }
      more();
    });
  });
}

test('a deep queue costs neither memory nor time at the start', { timeout: 900_000 }, async (t) => {
  await withGateway({ clock: '2026-11-18T12:00:00Z', settings: { window: 10, rate: 1, burst: 1 } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const body = (i) => ({ to: `+447700${String(i % 1_000_000).padStart(6, '0')}`, text: `message number ${i} of a long queue`, class: 'transactional' });
    const CONNECTIONS = 250; // each has one request under way: the server answers those of a connection in order
    const counts = await Promise.all(Array.from({ length: CONNECTIONS }, (_, c) =>
      pipeline(daemon.socket, N / CONNECTIONS, (k) => body(k * CONNECTIONS + c))));
    const accepted = counts.reduce((a, b) => a + b);
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
