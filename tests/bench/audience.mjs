// The audience against PostgreSQL and DuckDB: the same customers and purchases, the same questions, in one run. See `tests/bench/run
// --help`; what the rows mean and what was measured is in doc/PERFORMANCE.md.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, scratch } from '../system/lib.mjs';
import { median } from './processes.mjs';
import { DuckDb, DUCKDB, Postgres, POSTGRES } from './rivals.mjs';
import { n0, Rows } from './rows.mjs';

const argv = process.argv.slice(2);
const option = (name, usual) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : usual);
const only = argv.find((a, i) => !a.startsWith('--') && !['--runs', '--customers', '--duckdb', '--postgres'].includes(argv[i - 1]));
const json = argv.includes('--json');
const RUNS = Number(option('--runs', 5)), SIZES = option('--customers', '1000000').split(',').map(Number);
const USE = { duckdb: option('--duckdb', 'yes') === 'yes', postgres: option('--postgres', 'yes') === 'yes' };
const PURCHASES = 5; // a customer
const LOOKS = 15; // at a question, of which the median is a run
const LONG_MS = 5000, LONG_RUNS = 3; // what takes that long is asked once to see which form is the fastest, and in so many runs

// Against DuckDB, against PostgreSQL: how many times its rate.
const GOALS = { Q1: [50, 50], Q2: [50, 50], Q3: [20, 10], Q4: [4, 40], Q5: [50, 50], Q6: [40, 0] };
const MEANS = { Q1: 'Q1 tag and country and age', Q2: 'Q2 tags or/and not', Q3: 'Q3 count in a department, 90 days', Q4: 'Q4 top fifth by sum, asleep',
  Q5: 'Q5 eight conditions nested', Q6: 'Q6 overlaps of 20 segments' };
const OTHERS = ['import', 'size', 'customer', 'activity', 'memory'];
const names = [...Object.keys(GOALS), ...OTHERS];
if (only && !names.includes(only)) {
  console.error(`no row "${only}"; there are: ${names.join(' ')}`);
  process.exit(2);
}
const want = (name) => !only || only === name;

try {
  os.setPriority(0, -10); // ours and rivals alike
} catch {} // not root: a quiet machine is needed

const dir = scratch();
fs.chmodSync(dir, 0o755); // PostgreSQL reads the files as another user
const rows = new Rows();
const tell = (text) => process.stderr.write(`${text}\n`);
const tool = (name, ...args) => execFileSync(path.join(build, 'tests/bench', name), args.map(String), { maxBuffer: 64 << 20 }).toString();
const measures = (...args) => tool('audience_run', ...args).trim().split('\n').map((l) => JSON.parse(l));
const millions = (n) => `${n / 1e6} M`;

// The generator's files, and the same with numbers and tags as databases write them. Made before anything is measured.
function files(n) {
  const make = (kind) => {
    const file = path.join(dir, `${kind}-${n}.csv`), fd = fs.openSync(file, 'w');
    execFileSync(path.join(build, 'tests/bench/audience_gen'), [kind, String(n)], { stdio: ['ignore', fd, 'inherit'] });
    fs.closeSync(fd);
    return file;
  };
  const rewrite = (file, program) => {
    const to = file.replace('.csv', '-sql.csv'), fd = fs.openSync(to, 'w');
    execFileSync('awk', ['-F,', program, file], { stdio: ['ignore', fd, 'inherit'] });
    fs.closeSync(fd);
    return to;
  };
  const customers = make('customers'), purchases = make('purchases');
  return { ours: [customers, purchases], sql: !USE.duckdb && !USE.postgres ? [] : [
    rewrite(customers, String.raw`NR == 1 { sub("msisdn", "number"); print; next } { sub(/^\+/, "", $1); gsub(/;/, ",", $8); print $1","$2","$3","$4","$5","$6","$7",\"{"$8"}\","$9","$10","$11 }`),
    rewrite(purchases, String.raw`BEGIN { OFS = "," } NR == 1 { sub("msisdn", "number"); print; next } { sub(/^\+/, "", $2); print }`)] };
}

// The form of a question that a rival answers fastest, and how many members it finds.
async function fastest(rival, forms) {
  let best = null;
  for (const sql of forms) {
    let ms = await rival.query(sql);
    if (ms < LONG_MS) ms = await rival.query(sql);
    if (best === null || ms < best.ms) best = { sql, ms };
  }
  return { ...best, members: await rival.members(best.sql) };
}

// A run: enough looks that a mood of a moment does not count, fewer of what takes long.
async function look(rival, best) {
  const list = [], looks = Math.max(1, Math.min(LOOKS, Math.floor(3000 / best.ms)));
  for (let i = 0; i < looks; i++) list.push(await rival.query(best.sql));
  return median(list);
}

async function questions(n, store, rivals) {
  for (const name of Object.keys(GOALS).filter(want)) {
    const sides = [];
    for (const [i, { rival, sql }] of rivals.entries()) sides.push({ rival, i, best: await fastest(rival, sql[name]), took: [] });
    const ours = [];
    let members = 0;
    for (let run = 0; run < RUNS; run++) {
      const m = measures('query', store, LOOKS, name)[0];
      ours.push(m.median_ms);
      members = m.members;
      for (const s of sides) if (run < LONG_RUNS || s.best.ms < LONG_MS) s.took.push(await look(s.rival, s.best));
    }
    tell(`${millions(n)}: ${name}: ${n0(median(ours))} ms, ${sides.map((s) => `${n0(median(s.took))} ms`).join(', ')}; ${members} found`);
    if (!sides.length) rows.add(name, `${MEANS[name]}, ${millions(n)}`, { ours, rivalName: 'nobody beside', unit: 'ms', goal: 0 });
    for (const s of sides) {
      const same = name === 'Q6' || s.best.members === members;
      if (!same) throw new Error(`${name}: ${members} members here, ${s.best.members} by ${s.rival.version}`);
      rows.add(name, `${MEANS[name]}, ${millions(n)}`, { ours, rival: s.took, rivalName: s.rival.version, unit: 'ms', goal: GOALS[name][rivals[s.i].goal], rate: true });
    }
  }
}

async function size(n) {
  const f = files(n), store = path.join(dir, `store-${n}`);
  tell(`${millions(n)} customers and ${millions(n * PURCHASES)} purchases generated`);
  const imports = [];
  let last = null;
  for (let i = 0; i < (want('import') ? Math.min(3, RUNS) : 1); i++) {
    fs.rmSync(store, { recursive: true, force: true });
    last = measures('import', store, ...f.ours).at(-1);
    imports.push(last.rows_s);
    tell(`${millions(n)}: imported at ${n0(last.rows_s)} rows/s, ${last.used_mb.toFixed(0)} MB`);
  }
  const rivals = [], some = Object.keys(GOALS).some(want);
  if (USE.duckdb && some) rivals.push({ rival: new DuckDb(path.join(dir, `duckdb-${n}`)), sql: DUCKDB, goal: 0 });
  const postgres = USE.postgres && (some || want('import') || want('size')) ? new Postgres(path.join(dir, `postgres-${n}`)) : null;
  if (postgres) rivals.push({ rival: postgres, sql: POSTGRES, goal: 1 });
  try {
    for (const { rival } of rivals) {
      await rival.start();
      rival.loaded = await rival.load(...f.sql);
      tell(`${millions(n)}: ${rival.version} loaded in ${rival.loaded.toFixed(1)} s, ${((await rival.size()) / 1e6).toFixed(0)} MB`);
    }
    for (const file of [...f.ours, ...f.sql]) fs.rmSync(file);
    if (!postgres && want('import')) rows.add('import', `import with index, durable, ${millions(n)}`, { ours: imports, rivalName: 'nobody beside', unit: 'rows/s', goal: 0 });
    if (!postgres && want('size')) rows.add('size', `on disk, truth and index, ${millions(n)}`, { ours: [last.used_mb], rivalName: 'nobody beside', unit: 'MB', goal: 0 });
    if (postgres && want('import')) {
      rows.add('import', `import with index, durable, ${millions(n)}`, { ours: imports, rival: imports.map(() => n * (1 + PURCHASES) / postgres.loaded),
        rivalName: `${postgres.version}: COPY, indexes, checkpoint`, unit: 'rows/s', goal: 5 });
    }
    if (postgres && want('size')) {
      rows.add('size', `on disk, truth and index, ${millions(n)}`, { ours: [last.used_mb], rival: [(await postgres.size()) / 1e6], rivalName: postgres.version, unit: 'MB', goal: 1 / 3, better: 'less' });
    }
    await questions(n, store, rivals);
    for (const { rival } of rivals) if (!versions.includes(rival.version)) versions.push(`${rival.version}, ${Object.entries(rival.settings).map((s) => s.join('=')).join(' ')}`);
  } finally {
    for (const { rival } of rivals) rival.stop();
  }
  const repeat = (...args) => Array.from({ length: RUNS }, () => measures(...args)[0]);
  if (want('customer')) {
    rows.add('customer', `one customer against eight conditions, ${millions(n)}`, { ours: repeat('customer', store).map((m) => m.us), rivalName: 'limit 5 us', unit: 'us', goal: 5, better: 'less' });
  }
  if (want('memory')) {
    const list = repeat('memory', store);
    rows.add('memory', `beyond the page cache while querying, ${millions(n)}`, { ours: list.map((m) => m.anonymous_mb), rivalName: 'limit 300 MB', unit: 'MB', goal: 300, better: 'less' });
  }
  if (want('activity')) { // the last: it changes the store
    const list = repeat('activity', store);
    rows.add('activity', `receipts and messages into the index, durable, ${millions(n)}`, { ours: list.map((m) => m.events_s), rivalName: 'limit 100 k/s', unit: '1/s', goal: 100_000,
      note: `visible to queries after at most ${Math.max(...list.map((m) => m.visible_ms_most)).toFixed(0)} ms` });
    measures('verify', store);
  }
  fs.rmSync(store, { recursive: true, force: true });
  for (const name of fs.readdirSync(dir)) fs.rmSync(path.join(dir, name), { recursive: true, force: true });
}

const versions = [];
try {
  for (const n of SIZES) await size(n);
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
rows.print(json, versions);
process.exit(rows.hold ? 0 : 1);
