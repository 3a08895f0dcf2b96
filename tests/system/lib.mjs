// What the system tests share: the real tesserad in a scratch directory, a carrier that is not our code (npm "smpp"),
// the API over its Unix socket, and `tessera` as a person runs it. A wait is for a condition; a port is the kernel's.
import { spawn, execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import smpp from 'smpp';

export const build = process.env.TESSERA_BUILD ?? die('TESSERA_BUILD must name the build directory');
export const source = process.env.TESSERA_SRC ?? die('TESSERA_SRC must name the source tree');
export const data = process.env.TESSERA_DATA ?? '';
export const sanitized = Boolean(process.env.TESSERA_SANITIZED);
export const slow = sanitized ? 4 : 1;

function die(text) {
  throw new Error(text);
}

// Waits until fn() gives something true (its value is returned), looking again every few milliseconds.
export async function until(what, fn, timeout = 20_000) {
  const end = Date.now() + timeout * slow;
  for (;;) {
    const v = await fn();
    if (v) return v;
    if (Date.now() > end) throw new Error(`waited ${timeout * slow} ms for: ${what}`);
    await new Promise((r) => setTimeout(r, 5));
  }
}

// Gives what must not happen the chance to happen.
export function breathe(ms = 100) {
  return new Promise((r) => setTimeout(r, ms * slow));
}

export function scratch() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-test-'));
}

// --- a carrier ---

// behaviour: bind(pdu) -> status; answer(pdu, n, submit) -> {status, id} or null (no response now: respond() gives it);
// receipt(submit) -> [delay_ms, stat] or null; session(session): each new connection; unbind(pdu, session) -> true when it is
// dealt with; server: options of the listening socket ({key, cert, ca, requestCert} make it TLS); quiet: does not answer
// enquire_link; version: what bind_resp tells as sc_interface_version (nothing, when it is left out).
export class Carrier {
  constructor(options = {}) {
    this.options = options;
    this.submits = []; // {to, from, text, id, at, pdu, session}
    this.receipts = [];
    this.sessions = new Set();
    this.bound = [];
    this.next = 1;
    this.connections = 0;
    this.answers = []; // inbound and receipts that tesserad has answered
    this.enquired = 0; // enquire_link of tesserad's
    this.unbinds = 0;
  }

  async listen(port = 0) {
    this.server = smpp.createServer(this.options.server ?? {}, (session) => this.#session(session));
    this.server.on('tlsClientError', (e) => (this.tlsError = e));
    this.server.on('error', () => {});
    await new Promise((r) => this.server.listen(port, '127.0.0.1', r));
    this.port = this.server.address().port;
    return this;
  }

  #session(session) {
    this.connections++;
    this.sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => {
      this.sessions.delete(session);
      this.bound = this.bound.filter((b) => b.session !== session);
    });
    const bind = (pdu) => {
      const status = this.options.bind ? this.options.bind(pdu) : 0;
      session.send(pdu.response({ command_status: status, system_id: 'TESTSMSC', ...(this.options.version ? { sc_interface_version: this.options.version } : {}) }));
      if (status === 0) this.bound.push({ session, command: pdu.command, system_id: pdu.system_id });
    };
    session.on('bind_transceiver', bind);
    session.on('bind_transmitter', bind);
    session.on('bind_receiver', bind);
    session.on('enquire_link', (pdu) => {
      this.enquired++;
      if (!this.options.quiet) session.send(pdu.response());
    });
    session.on('unbind', (pdu) => {
      this.unbinds++;
      if (this.options.unbind?.(pdu, session)) return;
      session.send(pdu.response());
      session.close();
    });
    session.on('submit_sm', (pdu) => this.#submit(session, pdu));
    this.options.session?.(session);
  }

  #submit(session, pdu) {
    const n = this.submits.length;
    const message = pdu.short_message?.message;
    const text = typeof message === 'string' ? message : message?.toString('latin1');
    const submit = { n, to: pdu.destination_addr, from: pdu.source_addr, text, id: null, at: Date.now(), pdu, session, status: null };
    this.submits.push(submit);
    const plan = this.options.answer ? this.options.answer(pdu, n, submit) : {};
    submit.id = plan?.id ?? String(this.next++);
    this.options.onSubmit?.(submit);
    if (plan !== null) this.respond(submit, plan);
  }

  // The response to a submission, now or late.
  respond(submit, { status = 0, id = submit.id } = {}) {
    submit.status = status;
    submit.session.send(submit.pdu.response({ command_status: status, message_id: status ? '' : id }));
    if (status) return;
    const receipt = this.options.receipt ? this.options.receipt(submit) : null;
    if (receipt) {
      const [delay, stat] = receipt;
      if (delay > 0) setTimeout(() => this.receipt(submit, stat), delay);
      else this.receipt(submit, stat);
    }
  }

  // Any bind that may receive.
  receiver() {
    const able = this.bound.filter((b) => b.command !== 'bind_transmitter');
    return able[this.receipts.length % Math.max(able.length, 1)]?.session;
  }

  receipt(submit, stat = 'DELIVRD', { id = submit.id, session = this.receiver(), ...more } = {}) {
    if (!session) return false;
    this.receipts.push({ id, stat });
    session.deliver_sm({
      source_addr: submit.to, destination_addr: submit.from, esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611212200 done date:2611212201 stat:${stat} err:000 text:`, ...more,
    }, (pdu) => this.answers.push({ id, status: pdu.command_status }));
    return true;
  }

  // An inbound message; resolves with the status tesserad answered.
  inbound(from, to, text, { session = this.receiver(), ...more } = {}) {
    if (!session) throw new Error('no bind to send an inbound message on');
    return new Promise((resolve) => {
      session.deliver_sm({ source_addr: from.replace('+', ''), source_addr_ton: 1, source_addr_npi: 1,
        destination_addr: to, short_message: text,
        ...(smpp.encodings.ASCII.match(text) ? { data_coding: 0 } : {}), // else "smpp" calls the GSM alphabet ASCII
        ...more }, (pdu) => resolve(pdu.command_status));
    });
  }

  drop() {
    for (const s of this.sessions) s.destroy();
  }

  async close() {
    for (const s of this.sessions) s.destroy();
    await new Promise((r) => this.server.close(r));
  }
}

// --- the daemon ---

export class Daemon {
  // carriers: list of {name, port, ...settings}; settings: text added to the configuration; clock: an instant.
  constructor({ carriers = [], settings = '', clock = null, dir = scratch(), zone = 'UTC', args = [], env = {} } = {}) {
    Object.assign(this, { carriers, settings, clock, dir, zone, args, env });
    this.state = path.join(dir, 'state');
    this.socket = path.join(dir, 'api.sock');
    this.config = path.join(dir, 'tesserad.conf');
    this.log = '';
    this.writeConfig();
  }

  writeConfig() {
    const value = (v) => (typeof v === 'string' || Array.isArray(v) ? JSON.stringify(v) : String(v));
    const group = (c) => Object.entries({ host: '127.0.0.1', system_id: 'test', password: 'secret', sender: 'TESSERA', reconnect_min: '20ms', reconnect_max: '100ms', ...c }).filter(([, v]) => v !== undefined)
      .map(([k, v]) => `${k} = ${value(v)};`).join(' ');
    fs.writeFileSync(this.config, `state_dir = ${value(this.state)};
facts_dir = ${value(path.join(source, 'conf'))};
zone = ${value(this.zone)};
api: { socket = ${value(this.socket)}; };
${/^bind_attempts_per_minute/m.test(this.settings) ? '' : 'bind_attempts_per_minute = 0;'}
${/^spool\s*:/m.test(this.settings) ? '' : 'spool: { map_size = "2G"; };'}
audience: { map_size = "4G"; };
${this.settings}
carriers = ( ${this.carriers.map((c) => `{ ${group(c)} }`).join(', ')} );
`);
  }

  async start() {
    const args = ['-c', this.config, ...(this.clock ? ['--test-clock', this.clock] : []), ...this.args];
    this.process = spawn(path.join(build, 'src/daemon/tesserad'), args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0', UBSAN_OPTIONS: 'print_stacktrace=1', ...this.env },
    });
    const from = this.log.length;
    this.process.stderr.on('data', (d) => { this.log += d; });
    this.exited = new Promise((r) => this.process.on('exit', (code, signal) => r((this.exit = { code, signal }))));
    delete this.exit;
    await until('tesserad to be ready', () => {
      if (this.exit) throw new Error(`tesserad ended with ${JSON.stringify(this.exit)}:\n${this.log.slice(from)}`);
      return this.log.includes(' ready ', from);
    }, 30_000);
    return this;
  }

  // Waits for an event in the log, from `from` (see mark) on; its line.
  logged(event, from = 0, timeout = undefined) {
    const find = event instanceof RegExp ? event : new RegExp(` ${event} .*`);
    return until(`${find} in the log`, () => find.exec(this.log.slice(from))?.[0], timeout);
  }

  mark() {
    return this.log.length;
  }

  // SIGHUP with the configuration as it is now; whether it was taken over.
  async reload() {
    const from = this.mark();
    this.writeConfig();
    this.process.kill('SIGHUP');
    return (await this.logged(/ (reloaded|reload_refused) .*/, from)).includes(' reloaded ');
  }

  async status() {
    return this.api('GET', '/v1/status');
  }

  // Accepts a message; its id.
  async send(to, text, more = {}) {
    return (await this.api('POST', '/v1/messages', { to, text, ...more })).id;
  }

  message(id) {
    return this.api('GET', `/v1/messages/${id}`);
  }

  // Waits until a message is in a state; the message.
  becomes(id, state) {
    return until(`message ${id} to be ${state}`, async () => {
      const m = await this.message(id);
      return m.state === state && m;
    });
  }

  // Good order: SIGTERM, and the exit code must be 0.
  async stop() {
    if (!this.process || this.exit) return this.exit;
    this.process.kill('SIGTERM');
    await this.exited;
    if (this.exit.code !== 0) throw new Error(`tesserad ended with ${JSON.stringify(this.exit)}:\n${this.log.slice(-6000)}`);
    return this.exit;
  }

  async kill() {
    if (this.exit) return;
    this.process.kill('SIGKILL');
    await this.exited;
  }

  async cleanup() {
    await this.kill().catch(() => {});
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  // {status, body} of a request; body parsed when it is JSON.
  request(method, url, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const octets = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const req = http.request({ socketPath: this.socket, method, path: url, agent: this.agent ??= new http.Agent({ keepAlive: true, maxSockets: 16 }),
        headers: { ...(octets !== undefined ? { 'Content-Length': Buffer.byteLength(octets), 'Content-Type': typeof body === 'object' && !Buffer.isBuffer(body) ? 'application/json' : 'text/csv' } : {}), ...headers } }, (res) => {
        const parts = [];
        res.on('data', (d) => parts.push(d));
        res.on('end', () => {
          const text = Buffer.concat(parts).toString();
          let parsed = text;
          if ((res.headers['content-type'] ?? '').includes('json')) {
            try { parsed = JSON.parse(text); } catch (e) { return reject(new Error(`bad JSON from ${method} ${url}: ${text.slice(0, 300)}`)); }
          }
          resolve({ status: res.statusCode, body: parsed, headers: res.headers });
        });
      });
      req.on('error', reject);
      req.end(octets);
    });
  }

  // The body; an error status throws.
  async api(method, url, body) {
    const r = await this.request(method, url, body);
    if (r.status >= 400) throw new Error(`${method} ${url}: ${r.status} ${JSON.stringify(r.body)}`);
    return r.body;
  }

  // `tessera ARGS`: {code, out, err}
  cli(...args) {
    return new Promise((resolve) => {
      execFile(path.join(build, 'src/cli/tessera'), ['--socket', this.socket, ...args],
        { maxBuffer: 64 << 20, env: { ...process.env, ...this.env } },
        (error, out, err) => resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, out, err }));
    });
  }

  async json(...args) {
    const r = await this.cli('--json', ...args);
    if (r.code !== 0) throw new Error(`tessera ${args.join(' ')}: exit ${r.code}: ${r.err}`);
    return JSON.parse(r.out);
  }

  // Imports a CSV text through the API in one go.
  async importCsv(kind, csv, options = {}) {
    const octets = Buffer.from(csv);
    const session = await this.api('POST', '/v1/imports', { kind, name: `${kind}-${octets.length}-${Math.random()}.csv`, size: octets.length, ...options });
    return this.api('PUT', `/v1/imports/${session.id}?offset=0&last=1`, octets);
  }

  setClock(now) {
    return this.api('PUT', '/v1/clock', { now });
  }

  bound(carrier, n = 1) {
    return until(`${n} bind(s)`, () => carrier.bound.length >= n);
  }
}

// Starts the daemon, runs fn, ends it in good order; what fails tells its log. Cleans up whatever happens, and closes the
// others afterwards (carriers, or whatever has a close()).
export async function during(daemon, fn, ...others) {
  try {
    await daemon.start();
    await fn(daemon);
    await daemon.stop();
  } catch (e) {
    e.message += `\n--- log of tesserad ---\n${daemon.log.slice(-4000)}`;
    throw e;
  } finally {
    await daemon.cleanup();
    for (const other of others) await other.close();
  }
}

// The same with a carrier.
export async function withGateway({ carrier: carrierOptions = {}, settings = {}, ...daemonOptions }, fn) {
  const carrier = await new Carrier(carrierOptions).listen();
  const daemon = new Daemon({ carriers: [{ name: 'acme', port: carrier.port, ...settings }], ...daemonOptions, settings: daemonOptions.text ?? '' });
  await during(daemon, () => fn({ carrier, daemon }), carrier);
}
