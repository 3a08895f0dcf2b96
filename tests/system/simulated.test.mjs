// The simulated carrier (tessera-smsc) with the real gateway: what a person tries first at home, asking it about messages.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { build, Daemon, scratch, until } from './lib.mjs';

const SOUND = '2026-11-18T12:00:00Z';
const NUMBER = '+447700900001';

// tessera-smsc with commands on its standard input; what it logged is in lines(event).
async function simulated(args, fn) {
  const dir = scratch(), file = path.join(dir, 'port'), log = path.join(dir, 'log');
  const process_ = spawn(path.join(build, 'src/simulator/tessera-smsc'), ['--listen', '127.0.0.1:0', '--port-file', file, '--log', log, '--quiet', ...args],
    { stdio: ['pipe', 'ignore', 'inherit'] });
  const exited = new Promise((r) => process_.on('exit', r));
  await until('tessera-smsc to listen', () => fs.existsSync(file));
  const daemon = new Daemon({ clock: SOUND, dir, carriers: [{ name: 'acme', port: Number(fs.readFileSync(file, 'utf8')) }] });
  const lines = (event) => fs.readFileSync(log, 'utf8').split('\n').map((l) => l.split('\t')).filter((l) => l[1] === event);
  try {
    await daemon.start();
    await until('a bind', async () => (await daemon.status()).carriers[0].state === 'up');
    await fn(daemon, lines, (command) => process_.stdin.write(`${command}\n`));
    await daemon.stop();
    process_.stdin.write('quit\n');
    assert.equal(await exited, 0);
  } finally {
    process_.kill('SIGKILL');
    await daemon.cleanup();
  }
}

test('the simulated carrier is asked, told to cancel and to replace', { timeout: 60_000 }, async () => {
  await simulated(['--receipt-delay', '1h'], async (daemon, lines, say) => {
    const sent = async (text) => {
      const id = await daemon.send(NUMBER, text);
      await daemon.becomes(id, 'sent');
      return id;
    };
    const stays = await sent('stays'), goes = await sent('goes'), long = await sent('x'.repeat(400));
    assert.deepEqual((await daemon.json('message', 'query', stays)).asked.map((p) => [p.ok, p.state]), [[true, 'enroute']]);
    const replaced = await daemon.cli('message', 'replace', stays, '--text', 'at eight');
    assert.equal(replaced.code, 0, replaced.err);
    assert.deepEqual(lines('replace').map((l) => [l[6], l[8]]), [['ESME_ROK', 'at eight']]);

    for (const [id, parts] of [[goes, 1], [long, 3]]) {
      const r = await daemon.json('message', 'cancel', id, '--at-carrier');
      assert.deepEqual([r.state, r.asked.map((p) => p.ok)], ['cancelled', Array(parts).fill(true)]);
    }
    await until('the receipts of what was cancelled', () => lines('receipt-ack').length === 4);
    assert.deepEqual(new Set(lines('receipt').map((l) => l[6])), new Set(['deleted']));
    assert.equal((await daemon.message(goes)).state, 'cancelled');

    say('receipt-delay 0');
    const over = await daemon.send(NUMBER, 'quickly');
    await daemon.becomes(over, 'delivered');
    assert.deepEqual((await daemon.json('message', 'query', over)).asked.map((p) => [p.state, p.error]), [['delivered', null]]);
    assert.equal((await daemon.message(stays)).state, 'sent');
  });
});

test('a final state is learned by asking, where no receipt came', { timeout: 60_000 }, async () => {
  await simulated(['--receipts', 'never', '--receipt-delay', '0', '--outcomes', 'undelivered=1'], async (daemon) => {
    const id = await daemon.send(NUMBER, 'lost');
    await daemon.becomes(id, 'sent');
    assert.equal((await daemon.json('message', 'query', id)).state, 'undeliverable');
    assert.equal((await daemon.message(id)).code, 27);
    const second = await daemon.send(NUMBER, 'lost, too');
    await daemon.becomes(second, 'sent');
    for (const args of [['cancel', second, '--at-carrier'], ['replace', second, '--text', 'x']]) {
      const r = await daemon.cli('message', ...args);
      assert.equal(r.code, 1);
      assert.match(r.err, /ESME_R(CANCEL|REPLACE)FAIL/);
    }
  });
});
