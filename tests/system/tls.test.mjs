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
function certify(name, alternative, days = '2') {
  fs.writeFileSync(at(`${name}.ext`), `subjectAltName=${alternative}\n`);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', days, '-extfile', `${name}.ext`, '-out', `${name}.pem`);
}
certify('smsc', 'DNS:smsc.example,IP:127.0.0.1');
certify('client', 'DNS:tessera.example');
certify('lasting', 'DNS:smsc.example,IP:127.0.0.1', '200');
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
  await withGateway({ carrier: { server }, settings: { tls: true } }, (g) => refused(g, /authority that is not trusted; set tls_ca/));
});

test('a self-signed certificate is refused', async () => {
  const self = { key: read('self.key'), cert: read('self.pem') };
  await withGateway({ carrier: { server: self }, settings: { tls: true, tls_ca: at('ca.pem') } }, (g) => refused(g, /self.signed/i));
});

test('a certificate for another name is refused, and the name is told', async () => {
  await withGateway({ carrier: { server }, settings: { tls: true, tls_ca: at('ca.pem'), tls_name: 'other.example' } },
    (g) => refused(g, /certificate is for smsc\.example, .*not other\.example; if it is right, set tls_name/));
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

test('renewed under the same name it is shown at the next connection after a reload; binds stay', async () => {
  const renew = (name) => ['pem', 'key'].forEach((kind) => fs.copyFileSync(at(`${name}.${kind}`), at(`own.${kind}`)));
  renew('client');
  await withGateway({ carrier: { server: asking }, settings: { tls: true, tls_ca: at('ca.pem'), tls_cert: at('own.pem'), tls_key: at('own.key') } }, async ({ carrier, daemon }) => {
    const shown = () => carrier.bound[0].session.socket.getPeerCertificate().subject.CN;
    await daemon.bound(carrier);
    renew('lasting');
    assert.equal(await daemon.reload(), true);
    assert.deepEqual([shown(), carrier.connections], ['client', 1]);
    assert.ok((await daemon.status()).carriers[0].own_certificate.days_left > 100);
    carrier.drop();
    await until('another bind', () => carrier.connections > 1 && carrier.bound.length === 1);
    assert.equal(shown(), 'lasting');
  });
});

test('without one such a carrier is not bound', async () => {
  await withGateway({ carrier: { server: asking }, settings: { tls: true, tls_ca: at('ca.pem') } }, (g) => refused(g, /requires a client certificate|tls_cert/));
});

test('tls_min = 1.3: a carrier of 1.2 is refused, and the setting named; one of 1.3 is taken', async () => {
  const settings = { tls: true, tls_ca: at('ca.pem'), tls_min: '1.3' };
  await withGateway({ carrier: { server: { ...server, maxVersion: 'TLSv1.2' } }, settings }, (g) => refused(g, /tls_min/));
  await withGateway({ carrier: { server }, settings }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(carrier.bound[0].session.socket.getProtocol(), 'TLSv1.3');
  });
  await withGateway({ carrier: { server: { ...server, maxVersion: 'TLSv1.2' } }, settings: { ...settings, tls_min: undefined } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    assert.equal(carrier.bound[0].session.socket.getProtocol(), 'TLSv1.2');
  });
});

test('certificates that end soon are warned of: the carrier\'s and our own, in status, log and metrics', async () => {
  const settings = { tls: true, tls_ca: at('ca.pem'), tls_cert: at('client.pem'), tls_key: at('client.key') };
  await withGateway({ carrier: { server: asking }, settings }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    await daemon.logged(/certificate_expires carrier=acme whose=carrier expires=\S+ days=1/);
    await daemon.logged(/certificate_expires carrier=acme whose=own expires=\S+ days=1/);
    const s = await daemon.status(), [c] = s.carriers;
    assert.equal(c.binds[0].certificate.days_left, 1);
    assert.equal(c.own_certificate.days_left, 1);
    assert.equal(s.warnings.length, 2);
    assert.match(s.warnings[0], /^carrier "acme": its certificate expires in 1 day, on \d{4}-/);
    assert.match(s.warnings[1], /our certificate \(tls_cert\) expires in 1 day/);
    const shown = (await daemon.cli('status')).out;
    assert.match(shown, /yes, 1 day/);
    assert.match(shown, /its certificate expires in 1 day/);
    const ends = Date.parse(c.binds[0].certificate.expires) / 1000;
    assert.match((await daemon.request('GET', '/metrics')).body, new RegExp(`^tessera_peer_certificate_expiry_seconds\\{carrier="acme"\\} ${ends}$`, 'm'));
    assert.equal((await daemon.request('GET', '/healthz')).status, 200, 'it is well all the same');
    daemon.settings = 'tls_expiry_warning = 0;\n';
    assert.equal(await daemon.reload(), true);
    assert.deepEqual((await daemon.status()).warnings, []);
  });
});

test('one that lasts is shown and not warned of', async () => {
  const lasting = { key: read('lasting.key'), cert: read('lasting.pem') };
  await withGateway({ carrier: { server: lasting }, settings: { tls: true, tls_ca: at('ca.pem') } }, async ({ carrier, daemon }) => {
    await daemon.bound(carrier);
    const s = await daemon.status();
    assert.ok([199, 200].includes(s.carriers[0].binds[0].certificate.days_left));
    assert.equal(s.carriers[0].own_certificate, null);
    assert.deepEqual(s.warnings, []);
    assert.doesNotMatch(daemon.log, /certificate_expires/);
  });
});

test('hosts: each must show a certificate for itself', async () => {
  await withGateway({ carrier: { server }, settings: {} }, async ({ carrier, daemon }) => {
    daemon.carriers[0] = { name: 'acme', host: undefined, hosts: [`localhost:${carrier.port}`, `127.0.0.1:${carrier.port}`], tls: true, tls_ca: at('ca.pem'), failback: 0 };
    assert.equal(await daemon.reload(), true);
    const b = await until('the second to serve', async () => {
      const x = await bind(daemon);
      return x.tls && x.state === 'bound' && x;
    });
    assert.equal(b.first_choice, false);
    assert.match(daemon.log, /certificate is for smsc\.example, 127\.0\.0\.1, not localhost/);
  });
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
