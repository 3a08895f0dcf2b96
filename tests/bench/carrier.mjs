// The carrier engine against its rivals and against the machine's limit. See `tests/bench/run --help`; what the rows mean and what
// was measured is in doc/PERFORMANCE.md.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Daemon, scratch, until } from '../system/lib.mjs';
import { client, cpu, endAll, Kannel, median, memory, npm, percentile, post, Sink, started } from './processes.mjs';
import { n0, Rows, times } from './rows.mjs';

const argv = process.argv.slice(2);
const option = (name, usual) => (argv.includes(name) ? Number(argv[argv.indexOf(name) + 1]) : usual);
const only = argv.find((a, i) => !a.startsWith('--') && !['--runs', '--customers', '--kannel', '--queued'].includes(argv[i - 1]));
const json = argv.includes('--json');
const RUNS = option('--runs', 5), CUSTOMERS = option('--customers', 300_000), KANNEL = option('--kannel', 50_000), QUEUED = option('--queued', 1_000_000);
const MS = 1000; // a run of the protocol path

// What is measured, ours and rivals alike, goes before whatever else the machine is doing.
try {
  os.setPriority(0, -10);
} catch {} // not root: a quiet machine is needed

const dir = scratch();
const tell = (text) => process.stderr.write(`${text}\n`);
const rows = new Rows();
const row = (...args) => rows.add(...args);

// --- the protocol path ---
async function protocol(want) {
  const tls = { cert: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', tls.key, '-out', tls.cert, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const plain = await new Sink(dir).start(), secure = await new Sink(dir, tls).start();
  const got = {};
  const add = async (key, value) => (got[key] ??= []).push(await value);
  for (let i = 0; i < RUNS; i++) {
    tell(`protocol path, run ${i + 1} of ${RUNS}`);
    for (const w of [1, 10, 100]) {
      if (!want(`protocol-${w}`) && !(w === 100 && (want('protocol-npm') || want('protocol-tls')))) continue;
      await add(`raw-${w}`, client('raw_client', plain.port, w, MS));
      await add(`ours-${w}`, client('session_client', plain.port, w, MS));
    }
    if (want('protocol-npm')) await add('npm', npm(plain.port, 100, MS));
    if (want('protocol-tls')) {
      await add('raw-tls', client('raw_client', secure.port, 100, MS, 'tls'));
      await add('ours-tls', client('session_client', secure.port, 100, MS, 'tls'));
    }
  }
  for (const [w, goal] of [[1, 0.7], [10, 0.5], [100, 0.15]]) {
    if (want(`protocol-${w}`)) row(`protocol-${w}`, `protocol path, window ${w}`, { ours: got[`ours-${w}`], rival: got[`raw-${w}`], rivalName: 'raw loop', unit: '1/s', goal });
  }
  if (want('protocol-npm')) row('protocol-npm', 'protocol path, window 100', { ours: got['ours-100'], rival: got.npm, rivalName: 'npm smpp', unit: '1/s', goal: 20 });
  if (want('protocol-tls')) {
    row('protocol-tls', 'protocol path, TLS 1.3, window 100', { ours: got['ours-tls'], rival: got['ours-100'], rivalName: 'own plain', unit: '1/s', goal: 0.6,
      note: `raw loop over TLS: ${n0(median(got['raw-tls']))}/s, ${times(median(got['raw-tls']) / median(got['raw-100']))} of plain` });
  }
  plain.stop();
  secure.stop();
}

// --- the whole daemon ---
const CLOCK = '2026-11-18T12:00:00Z'; // a Wednesday noon: no quiet hours
const RESEND = 'messages: { uncertain: { otp = "resend"; transactional = "resend"; promotional = "resend"; }; };';

async function gateway(sink, { settings = {}, name = 'daemon' } = {}) {
  const home = path.join(dir, name);
  fs.mkdirSync(home, { recursive: true });
  const daemon = new Daemon({ dir: home, clock: CLOCK, carriers: [{ name: 'sink', port: sink.port, window: 1000, ...settings }],
    settings: `spool: { map_size = "32G"; };\n${RESEND}` });
  await daemon.start();
  started(daemon.process);
  await until('the bind', () => sink.get('binds') > 0);
  return daemon;
}

async function customers(daemon, n) {
  const PIECE = 100_000, HEAD = 'phone,city\n';
  const text = (from, to) => Array.from({ length: to - from }, (_, i) => `+${447700000000 + from + i},x\n`).join('');
  const size = HEAD.length + n * 16;
  const began = Date.now();
  const s = await daemon.api('POST', '/v1/imports', { kind: 'customers', name: 'bench.csv', size });
  for (let at = 0, offset = 0; at < n; at += PIECE) {
    const piece = Buffer.from((at === 0 ? HEAD : '') + text(at, Math.min(n, at + PIECE)));
    await daemon.api('PUT', `/v1/imports/${s.id}?offset=${offset}${at + PIECE >= n ? '&last=1' : ''}`, piece);
    offset += piece.length;
  }
  await daemon.api('PUT', '/v1/segments/all', { query: 'city = "x"' });
  tell(`${n} customers imported in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

let campaigns = 0;
async function campaign(daemon) {
  const name = `bench-${++campaigns}`;
  await daemon.api('POST', '/v1/campaigns', { name, segments: ['all'], class: 'transactional', sender: 'TESSERA', text: 'Hello there, our sale begins today and ends on Sunday' });
  await daemon.api('POST', `/v1/campaigns/${name}/start`);
  return name;
}

// One campaign to everybody, until every response (or receipt) is recorded: {rate, cpu, sync}.
async function drainOurs(daemon, sink, n, receipts) {
  sink.clear(receipts);
  const before = (await daemon.status()).spool, cpuBefore = cpu(daemon.process.pid);
  const name = await campaign(daemon);
  await until('all submissions', () => sink.get('submits') >= n, 300_000);
  let end = 0;
  if (receipts) {
    await until('all receipts to be answered', () => sink.get('receipts_acked') >= n, 300_000);
    end = sink.get('last');
  } else {
    await until('all responses', async () => (await daemon.status()).carriers[0].in_flight === 0, 60_000);
    end = Number(process.hrtime.bigint());
  }
  const cpuAfter = cpu(daemon.process.pid), rate = n * 1e9 / (end - sink.get('first'));
  const report = await until('the report to be complete', async () => {
    const r = await daemon.api('GET', `/v1/campaigns/${name}/report`);
    return (receipts ? r.delivered : r.sent) === n && r;
  }, 60_000);
  if (sink.get('submits') !== n || report.in_flight !== 0) throw new Error(`not once each: ${sink.get('submits')} submissions, ${JSON.stringify(report)}`);
  const after = (await daemon.status()).spool;
  return { rate, cpu: (cpuAfter - cpuBefore) / n * 1e6, sync: n / (after.commits - before.commits), operations: (after.operations - before.operations) / n };
}

// Kannel's store is filled once a kind, with no carrier there, and drained from a copy in each run.
async function kannelStore(n, receipts) {
  const home = path.join(dir, `kannel-${receipts ? 'receipts' : 'plain'}`);
  fs.mkdirSync(home, { recursive: true });
  const k = new Kannel(home), began = Date.now();
  await k.start(1); // a port on which nobody listens
  await k.feed(n, receipts);
  await k.stop();
  fs.copyFileSync(k.store, `${k.store}.full`);
  tell(`Kannel took ${n} messages in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return home;
}

async function drainKannel(home, sink, n, receipts) {
  const k = new Kannel(home);
  for (const f of fs.readdirSync(home)) if (f.startsWith('kannel.store') && !f.endsWith('.full')) fs.rmSync(path.join(home, f));
  fs.copyFileSync(`${k.store}.full`, k.store);
  sink.clear(receipts);
  await k.start(sink.port);
  await until('Kannel to drain', () => sink.get('submits') >= n && (!receipts || sink.get('receipts_acked') >= n), 300_000);
  const rate = n * 1e9 / (sink.get('last') - sink.get('first')), used = k.cpu() / n * 1e6;
  await k.stop();
  return { rate, cpu: used };
}

async function whole(want) {
  const sink = await new Sink(dir).start(), other = await new Sink(dir).start();
  const kinds = [['campaign', false], ['receipts', true]].filter(([name]) => want(name) || want(`cpu-${name}`) || (name === 'receipts' && want('sync')));
  const homes = {};
  for (const [name, receipts] of kinds) homes[name] = await kannelStore(KANNEL, receipts);
  const daemon = await gateway(sink);
  await customers(daemon, CUSTOMERS);
  const got = {};
  for (const [name] of kinds) got[name] = { ours: [], rival: [] };
  for (let i = 0; i < RUNS; i++) {
    for (const [name, receipts] of kinds) {
      const a = await drainOurs(daemon, sink, CUSTOMERS, receipts);
      const b = await drainKannel(homes[name], other, KANNEL, receipts);
      got[name].ours.push(a);
      got[name].rival.push(b);
      tell(`${name}, run ${i + 1} of ${RUNS}: ${n0(a.rate)}/s ${a.cpu.toFixed(1)} us ${a.sync.toFixed(0)} a sync; Kannel ${n0(b.rate)}/s ${b.cpu.toFixed(0)} us`);
    }
  }
  await daemon.stop();
  sink.stop();
  other.stop();
  const of = (name, side, field) => got[name][side].map((r) => r[field]);
  for (const [name, receipts] of kinds) {
    const what = receipts ? 'with a receipt for every message' : 'response recorded, no receipts';
    if (want(name)) row(name, `campaign to submission, durable, ${what}`, { ours: of(name, 'ours', 'rate'), rival: of(name, 'rival', 'rate'), rivalName: 'Kannel, file store', unit: '1/s', goal: receipts ? 15 : 10 });
    if (want(`cpu-${name}`)) row(`cpu-${name}`, `CPU a message, ${what}`, { ours: of(name, 'ours', 'cpu'), rival: of(name, 'rival', 'cpu'), rivalName: 'Kannel, both boxes', unit: 'us', goal: 0.1, better: 'less' });
    if (want('sync') && receipts) row('sync', 'messages a sync, with receipts', { ours: of(name, 'ours', 'sync'), rivalName: 'Kannel never syncs', unit: '', goal: 100 });
  }
}

// --- one-time passwords through a running campaign ---
async function otp() {
  const sink = await new Sink(dir).start();
  const daemon = await gateway(sink, { name: 'otp' });
  await customers(daemon, Math.max(CUSTOMERS, 1_000_000));
  const p99 = [], p50 = [], fromRequest = [];
  for (let i = 0; i < RUNS; i++) {
    sink.clear();
    const name = await campaign(daemon);
    await until('the campaign to run', () => sink.get('submits') > 1000);
    sink.set('track', 447911);
    const asked = (await post(daemon.socket, 500, 16, 447911000000, 'otp', 2000)).trim().split('\n').map((l) => l.split(' ').map(Number));
    const running = sink.get('submits');
    await until('every password to be submitted', () => sink.get('tracked') >= asked.length, 60_000);
    const seen = new Map(sink.tracked());
    const times_ = asked.map(([number, , accepted]) => Math.max(0, (seen.get(number) - accepted) / 1e6));
    p99.push(percentile(times_, 0.99));
    p50.push(percentile(times_, 0.5));
    fromRequest.push(percentile(asked.map(([number, begun]) => (seen.get(number) - begun) / 1e6), 0.99));
    tell(`one-time password, run ${i + 1} of ${RUNS}: accepted to submitted p99 ${p99.at(-1).toFixed(2)} ms, request to submitted p99 ${fromRequest.at(-1).toFixed(2)} ms, ${running} of the campaign meanwhile`);
    await daemon.api('POST', `/v1/campaigns/${name}/cancel`);
    await until('the campaign to end', async () => (await daemon.status()).carriers[0].in_flight === 0);
  }
  await daemon.kill();
  sink.stop();
  row('otp', 'one-time password through a campaign, accepted to submitted, p99', { ours: p99, rivalName: 'limit 5 ms', unit: 'ms', goal: 5, better: 'less',
    note: `median ${median(p50).toFixed(2)} ms; from the request's first octet p99 ${median(fromRequest).toFixed(2)} ms` });
}

// --- the connection drops with a full window ---
async function drop() {
  const sink = await new Sink(dir).start();
  const daemon = await gateway(sink, { name: 'drop' });
  await customers(daemon, CUSTOMERS);
  const took = [];
  for (let i = 0; i < RUNS; i++) {
    sink.clear();
    const name = await campaign(daemon);
    await until('the campaign to run', () => sink.get('submits') > 5000);
    sink.set('mute', 1);
    let before = 0; // a part of the window is kept for one-time passwords
    await until('a full window without answer', async () => {
      before = sink.get('muted');
      await new Promise((r) => setTimeout(r, 50));
      return before > 900 && sink.get('muted') === before;
    });
    const binds = sink.get('binds');
    sink.set('mute', 2);
    await until('all of it to be answered', () => sink.get('binds') > binds && sink.get('resolved') >= sink.get('muted'), 60_000);
    took.push((sink.get('resolved_at') - sink.get('bound_at')) / 1e9);
    tell(`drop, run ${i + 1} of ${RUNS}: ${sink.get('muted')} in flight resolved ${took.at(-1).toFixed(3)} s after the rebind`);
    await daemon.api('POST', `/v1/campaigns/${name}/cancel`);
    await until('the campaign to end', async () => (await daemon.status()).carriers[0].in_flight === 0);
  }
  await daemon.kill();
  sink.stop();
  row('drop', 'connection drops under load: in-flight messages resolved after the rebind', { ours: took, rivalName: 'limit 2 s', unit: 's', goal: 2, better: 'less' });
}

// --- a long queue ---
async function queue(want) {
  const sink = await new Sink(dir).start();
  const settings = { window: 10, rate: 1, burst: 1 };
  const home = { name: 'queue', settings };
  let daemon = await gateway(sink, home);
  await daemon.stop();
  daemon = await gateway(sink, home);
  const empty = memory(daemon.process.pid), emptyAnon = memory(daemon.process.pid, 'RssAnon');
  const rate = Number(await post(daemon.socket, QUEUED, 250, 447700000000, 'transactional'));
  const full = memory(daemon.process.pid), fullAnon = memory(daemon.process.pid, 'RssAnon');
  tell(`${QUEUED} accepted at ${n0(rate)}/s; resident ${(full / 1e6).toFixed(1)} MB (own memory ${(fullAnon / 1e6).toFixed(1)}), empty ${(empty / 1e6).toFixed(1)} (${(emptyAnon / 1e6).toFixed(1)})`);
  const took = [], resident = [];
  for (let i = 0; i < RUNS; i++) {
    await daemon.stop();
    sink.clear();
    const began = Number(process.hrtime.bigint());
    await daemon.start();
    started(daemon.process);
    await until('the first submission', () => sink.get('submits') > 0);
    took.push((sink.get('first') - began) / 1e6);
    resident.push((memory(daemon.process.pid) - empty) / 1e6);
  }
  await daemon.kill();
  sink.stop();
  if (want('memory')) row('memory', `${n0(QUEUED)} queued: resident above an empty daemon, after accepting them`, { ours: [(full - empty) / 1e6], rivalName: 'limit 150 MB', unit: 'MB', goal: 150, better: 'less',
    note: `without the store's mapped pages ${((fullAnon - emptyAnon) / 1e6).toFixed(1)} MB; after a restart ${median(resident).toFixed(1)} MB` });
  if (want('restart')) row('restart', `${n0(QUEUED)} queued: restart to first submission`, { ours: took, rivalName: 'limit 500 ms', unit: 'ms', goal: 500, better: 'less' });
  if (want('intake')) row('intake', 'accepted over HTTP, durable, 250 connections', { ours: [rate], rivalName: '', unit: '1/s', goal: 0, note: 'no goal of its own: a figure to watch' });
}

const scenarios = [
  [protocol, ['protocol-1', 'protocol-10', 'protocol-100', 'protocol-npm', 'protocol-tls']],
  [whole, ['campaign', 'receipts', 'cpu-campaign', 'cpu-receipts', 'sync']],
  [otp, ['otp']],
  [drop, ['drop']],
  [queue, ['memory', 'restart', 'intake']],
];
const names = scenarios.flatMap(([, list]) => list);
if (only && !names.includes(only)) {
  tell(`no row "${only}"; there are: ${names.join(' ')}`);
  process.exit(2);
}

try {
  for (const [fn, list] of scenarios) {
    const want = (name) => !only || name === only;
    if (list.some(want)) await fn(want);
  }
} finally {
  endAll();
  fs.rmSync(dir, { recursive: true, force: true });
}

rows.print(json);
process.exit(rows.hold ? 0 : 1);
