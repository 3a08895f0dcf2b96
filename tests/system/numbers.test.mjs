// Numbers as people write them through an import, against the cases that libphonenumber keeps for itself: every line that both builds
// must read, and those that need the library. Which those are, and what is refused on purpose, is one table: tests/unit/domain/test_number.c.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Daemon, build, during, source } from './lib.mjs';

const vectors = path.join(process.env.TESSERA_VECTORS ?? '', 'msisdn-parse.tsv');
const missing = !process.env.TESSERA_VECTORS || !fs.existsSync(vectors);
const library = /libphonenumber/.test(execFileSync(path.join(build, 'src/daemon/tesserad'), ['--version'], { encoding: 'utf8' }));

function exceptions() {
  const text = fs.readFileSync(path.join(source, 'tests/unit/domain/test_number.c'), 'utf8');
  const table = text.slice(text.indexOf('} exceptions[] = {'), text.indexOf('static const char *exception('));
  const rows = [...table.matchAll(/\{ "((?:[^"\\]|\\.)*)", "(..)",\s*"[^"]*",\s*(true|false) \}/g)];
  assert.ok(rows.length > 20);
  return new Map(rows.map(([, text, region, byLibrary]) => [`${JSON.parse(`"${text}"`)}\t${region}`, byLibrary === 'true']));
}

function cases() {
  const unescape = (s) => s.replace(/\\([tn\\])/g, (_, c) => ({ t: '\t', n: '\n', '\\': '\\' })[c]);
  return fs.readFileSync(vectors, 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l, i) => {
    const [text, region, want] = l.split('\t');
    return { i, text: unescape(text), region, want };
  });
}

test(`numbers of libphonenumber's own tests, ${library ? 'with' : 'without'} the library`, { skip: missing && 'the vectors are not beside the checkout', timeout: 60_000 }, async () => {
  const daemon = new Daemon({ clock: '2026-11-18T12:00:00Z' }), all = cases(), odd = exceptions();
  await during(daemon, async () => {
    const refused = new Set();
    for (const region of new Set(all.map((c) => c.region))) {
      const of = all.filter((c) => c.region === region), file = path.join(daemon.dir, `${region}.ndjson`);
      fs.writeFileSync(file, of.map((c) => JSON.stringify({ phone: c.text, time: '2026-11-01', line: `n${c.i}` })).join('\n'));
      const r = await daemon.cli('import', 'events', file, '--type', 'reading', '--create-customers', '--json', ...(region === 'ZZ' ? [] : ['--region', region]));
      assert.equal(r.code, 0, r.err);
      const out = JSON.parse(r.out);
      for (const { line, reason } of out.rejects) {
        refused.add(of[line - 1].i);
        assert.ok(reason.length > 5);
      }
      assert.equal(out.events + out.rejected, of.length);
    }
    // What each line came to: asked a number at a time, and nothing is anybody else's.
    const good = [], wrong = [];
    const wanted = new Map();
    for (const c of all) {
      if (c.want.startsWith('+')) wanted.set(c.want, [...(wanted.get(c.want) ?? []), c]);
      else (refused.has(c.i) ? good : wrong).push(c);
    }
    for (const [number, list] of wanted) {
      const { count } = await daemon.api('POST', '/v1/segments:evaluate', { query: `msisdn = ${number.slice(1)}` });
      for (const c of list) {
        const one = count && (await daemon.api('POST', '/v1/segments:evaluate', { query: `msisdn = ${number.slice(1)} and count(reading where line = "n${c.i}") = 1` })).count;
        (one === 1 ? good : wrong).push(c);
      }
    }
    const allowed = (c) => odd.has(`${c.text}\t${c.region}`) && !(library && odd.get(`${c.text}\t${c.region}`));
    assert.deepEqual(wrong.filter((c) => !allowed(c)), []);
    assert.ok(all.length > 190 && good.length >= all.length - odd.size, `${good.length} of ${all.length}`);
    // The library reads what the table says, and nothing that holds without it is lost with it.
    const byLibrary = all.filter((c) => odd.get(`${c.text}\t${c.region}`));
    assert.ok(byLibrary.length >= 3);
    assert.equal(byLibrary.filter((c) => good.includes(c)).length, library ? byLibrary.length : 0);
  });
});
