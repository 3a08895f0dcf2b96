// What the benchmarks start, and how they look at it: the sink, Kannel, CPU and memory of a process, medians.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { build, until } from '../system/lib.mjs';

const bench = (name) => path.join(build, 'tests/bench', name);
const TICKS = 100; // of /proc/PID/stat a second, on every Linux there is

export const median = (list) => {
  const s = [...list].sort((a, b) => a - b);
  return s.length % 2 ? s[(s.length - 1) / 2] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
};

export const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * p))];

// Whatever happens, nothing that was started is left behind.
const all = new Set();
export function started(process_) {
  all.add(process_);
  process_.on('exit', () => all.delete(process_));
  return process_;
}
export function endAll() {
  for (const p of all) p.kill('SIGKILL');
}

// Runs a program on a core; what it printed.
export function run(core, file, ...args) {
  return new Promise((resolve, reject) => execFile('taskset', ['-c', String(core), file, ...args.map(String)], { maxBuffer: 64 << 20 },
    (error, out, err) => (error ? reject(new Error(`${file}: ${err || error.message}`)) : resolve(out))));
}
export const client = (name, ...args) => run(0, bench(name), ...args).then(Number);
export const post = (...args) => run(0, bench('post'), ...args);
export const npm = (...args) => run(0, process.execPath, path.join(path.dirname(new URL(import.meta.url).pathname), 'npm_client.mjs'), ...args).then(Number);

// User and system time of a process, seconds.
export function cpu(pid) {
  const f = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ');
  return (Number(f[11]) + Number(f[12])) / TICKS;
}

// Octets of a line of /proc/PID/status.
export function memory(pid, field = 'VmRSS') {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) * 1024;
}

// --- the sink: see sink.h, whose words these are in order ---
const FIELDS = ['port', 'submits', 'receipts', 'receipts_acked', 'first', 'last', 'last_ack', 'binds', 'bound_at', 'muted',
  'resolved', 'resolved_at', 'tracked', 's0', 's1', 's2', 'with_receipts', 'mute', 'track'];
const WORDS = 32;

export class Sink {
  constructor(dir, tls = null) {
    this.file = path.join(dir, `board-${Math.random().toString(36).slice(2)}`);
    this.args = tls ? [this.file, tls.cert, tls.key] : [this.file];
  }

  async start() {
    this.process = started(spawn('nice', ['-n', '-10', 'taskset', '-c', '1', bench('sink'), ...this.args], { stdio: 'inherit' }));
    await until('the sink to listen', () => fs.existsSync(this.file) && fs.statSync(this.file).size > 8 * WORDS && this.get('port') > 0);
    this.fd = fs.openSync(this.file, 'r+');
    this.port = this.get('port');
    return this;
  }

  words(from, n) {
    const b = Buffer.alloc(8 * n), fd = this.fd ?? fs.openSync(this.file, 'r');
    fs.readSync(fd, b, 0, b.length, 8 * from);
    if (fd !== this.fd) fs.closeSync(fd);
    return Array.from({ length: n }, (_, i) => Number(b.readBigUInt64LE(8 * i)));
  }

  get(field) {
    return this.words(FIELDS.indexOf(field), 1)[0];
  }

  set(field, value) {
    const b = Buffer.alloc(8);
    b.writeBigUInt64LE(BigInt(value));
    fs.writeSync(this.fd, b, 0, 8, 8 * FIELDS.indexOf(field));
  }

  clear(receipts = false) {
    for (const f of ['submits', 'receipts', 'receipts_acked', 'first', 'last', 'muted', 'resolved', 'resolved_at', 'tracked', 'mute', 'track']) this.set(f, 0);
    this.set('with_receipts', receipts ? 1 : 0);
  }

  tracked() { // [number, instant] ...
    const n = this.get('tracked'), w = this.words(WORDS, 2 * n);
    return Array.from({ length: n }, (_, i) => [w[2 * i], w[2 * i + 1]]);
  }

  stop() {
    this.process.kill('SIGKILL');
    fs.closeSync(this.fd);
  }
}

// --- Kannel ---
function freePort() {
  return new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

export class Kannel {
  constructor(dir) {
    this.dir = dir;
    this.store = path.join(dir, 'kannel.store');
  }

  async start(smscPort, withSmsbox = true) {
    const [admin, box, sendsms] = [await freePort(), await freePort(), await freePort()];
    const conf = path.join(this.dir, 'kannel.conf');
    fs.writeFileSync(conf, `group = core
admin-port = ${admin}
admin-password = x
smsbox-port = ${box}
store-type = file
store-location = "${this.store}"
dlr-storage = internal
sms-outgoing-queue-limit = 10000000

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = ${smscPort}
smsc-username = "kannel"
smsc-password = "x"
system-type = ""
transceiver-mode = true
max-pending-submits = 1000
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendsms}

group = sendsms-user
username = u
password = p
default-sender = TESSERA
`);
    this.sendsms = sendsms;
    this.processes = [started(spawn('/usr/sbin/bearerbox', ['-v', '4', conf], { stdio: 'ignore', cwd: this.dir }))];
    if (withSmsbox) {
      await until('bearerbox to listen', () => listens(box));
      this.processes.push(started(spawn('/usr/sbin/smsbox', ['-v', '4', conf], { stdio: 'ignore', cwd: this.dir })));
      await until('smsbox to listen', () => listens(sendsms));
    }
    return this;
  }

  // Fills the store: messages handed over by HTTP while there is no carrier.
  async feed(n, receipts) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
    let next = 0;
    const one = (i) => new Promise((resolve, reject) => {
      const url = `/cgi-bin/sendsms?username=u&password=p&to=${447700000000 + i}&text=${encodeURIComponent('Hello there, our sale begins today and ends on Sunday')}${receipts ? '&dlr-mask=3' : ''}`;
      http.get({ host: '127.0.0.1', port: this.sendsms, path: url, agent }, (res) => {
        res.resume();
        res.on('end', () => (res.statusCode === 202 ? resolve() : reject(new Error(`sendsms: ${res.statusCode}`))));
      }).on('error', reject);
    });
    await Promise.all(Array.from({ length: 32 }, async () => {
      while (next < n) await one(next++);
    }));
    agent.destroy();
  }

  cpu() {
    return this.processes.reduce((sum, p) => sum + cpu(p.pid), 0);
  }

  async stop(signal = 'SIGTERM') {
    for (const p of [...this.processes].reverse()) {
      const gone = p.exitCode !== null || p.signalCode !== null ? Promise.resolve() : new Promise((r) => p.on('exit', r));
      p.kill(signal);
      await gone;
    }
  }
}

function listens(port) {
  return new Promise((resolve) => {
    const s = net.connect(port, '127.0.0.1', () => { s.destroy(); resolve(true); });
    s.on('error', () => resolve(false));
  });
}
