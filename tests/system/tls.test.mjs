// Carriers over TLS: verified by default, refused with a reason a person can read, our own certificate when asked for one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { scratch, until, withGateway } from './lib.mjs';

const dir = scratch();
after(() => fs.rmSync(dir, { recursive: true, force: true }));
const at = (name) => path.join(dir, name);
const read = (name) => fs.readFileSync(at(name));
const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });

// An authority, and certificates it has signed.
openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=Test Authority',
  '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', 'ca.key', '-out', 'ca.pem');
function certify(name, alternative) {
  fs.writeFileSync(at(`${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
}
certify('smsc', 'DNS:smsc.example,IP:127.0.0.1');
certify('client', 'DNS:tessera.example');
openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=smsc.example',
  '-addext', 'subjectAltName=DNS:smsc.example,IP:127.0.0.1', '-keyout', 'self.key', '-out', 'self.pem');

const server = { key: read('smsc.key'), cert: read('smsc.pem') };
const bind = async (daemon) => (await daemon.status()).carriers[0].binds[0];

async function refused({ carrier, daemon }, why) {
  const id = await daemon.send('+447700900001', 'must not leave');
  const b = await until('a reason', async () => {
    const x = await bind(daemon);
    return x.last_error && x;
  });
  assert.match(b.last_error, why);
  assert.notEqual(b.state, 'bound');
  await daemon.logged(/connection_closed .*/);
  assert.equal(carrier.bound.length, 0);
  assert.equal((await daemon.message(id)).state, 'ready', 'it waits');
}

for (const [name, settings] of [
  ['the name of the settings', { tls_name: 'smsc.example' }],
  ['the address of the settings', {}],
]) {
  test(`a certificate of the authority for ${name} is accepted`, async () => {
    await withGateway({ carrier: { server }, settings: { tls: true, tls_ca: at('ca.pem'), ...settings } }, async ({ carrier, daemon }) => {
      await daemon.bound(carrier);
      const id = await daemon.send('+447700900001', 'hello over TLS');
      await daemon.becomes(id, 'sent');
      carrier.receipt(carrier.submits[0]);
      await daemon.becomes(id, 'delivered');
      assert.equal((await bind(daemon)).tls, true);
      const socket = carrier.bound[0].session.socket;
      assert.match(socket.getProtocol(), /^TLSv1\.[23]$/);
      if (settings.tls_name) assert.equal(socket.servername, 'smsc.example', 'server name indication');
    });
  });
}

test('an authority we do not know is refused', async () => {
  await withGateway({ carrier: { server }, settings: { tls: true } }, (g) => refused(g, /certificate/i));
});

test('a self-signed certificate is refused', async () => {
  const self = { key: read('self.key'), cert: read('self.pem') };
  await withGateway({ carrier: { server: self }, settings: { tls: true, tls_ca: at('ca.pem') } }, (g) => refused(g, /self.signed/i));
});

test('a certificate for another name is refused, and the name is told', async () => {
  await withGateway({ carrier: { server }, settings: { tls: true, tls_ca: at('ca.pem'), tls_name: 'other.example' } },
    (g) => refused(g, /other\.example|host ?name/i));
});

test('tls_verify = false takes any', async () => {
  const self = { key: read('self.key'), cert: read('self.pem') };
  await withGateway({ carrier: { server: self }, settings: { tls: true, tls_verify: false } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
  });
});

const asking = { ...server, ca: read('ca.pem'), requestCert: true, rejectUnauthorized: true };

test('our own certificate is shown to a carrier that asks', async () => {
  await withGateway({ carrier: { server: asking }, settings: { tls: true, tls_ca: at('ca.pem'), tls_cert: at('client.pem'), tls_key: at('client.key') } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(carrier.bound[0].session.socket.getPeerCertificate().subject.CN, 'client');
  });
});

test('without one such a carrier is not bound', async () => {
  await withGateway({ carrier: { server: asking }, settings: { tls: true, tls_ca: at('ca.pem') } }, (g) => refused(g, /./));
});

test('a carrier that speaks no TLS is given up after connect_timeout', async () => {
  await withGateway({ settings: { tls: true, tls_ca: at('ca.pem'), connect_timeout: '200ms' } }, (g) => refused(g, /TLS|time/i));
});

test('files that are missing or do not fit are errors at the start', async () => {
  for (const [settings, why] of [
    [{ tls_ca: at('missing.pem') }, /missing\.pem/],
    [{ tls_ca: at('ca.pem'), tls_cert: at('client.pem'), tls_key: at('smsc.key') }, /acme.*key/s],
    [{ tls_ca: at('client.key') }, /client\.key/],
  ]) {
    await assert.rejects(withGateway({ carrier: {}, settings: { tls: true, ...settings } }, () => {}), (e) => {
      assert.match(e.message, /"code":1/);
      assert.match(e.message, why);
      return true;
    });
  }
});
