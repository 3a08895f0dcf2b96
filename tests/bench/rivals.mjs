// The databases a user would put beside a gateway: PostgreSQL 15 as a server of its own, DuckDB inside of this process. Each is
// set up for two cores and enough memory for all of the data, the data in the form that suits it, and every question asked in the
// forms people would write; the fastest of them counts.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

const NOON = "timestamp '2026-11-01 12:00'";

// By the names of audience_queries.h, which says what each means.
const AGES = (over, upto) => `birth_date > date '${2026 - upto - 1}-11-01' and birth_date <= date '${2026 - over}-11-01'`;
const Q5 = (tags) => `select number from customers where country in ('DE', 'FR', 'GB') and gender = 'f' and ${AGES(25, 44)}
  and (${tags} or tier = 'gold' or stage = 'qualified') and not (coalesce(language = 'en', false) or coalesce(csat <= 2, false))`;
const Q4_RANKS = `with s as (select c.number, coalesce(sum(amount) filter (where time >= timestamp '2025-11-02'), 0) as spent, max(time) as last
  from customers c left join purchases p on p.number = c.number and time <= ${NOON} group by c.number)
  select number from (select number, last, cume_dist() over (order by spent) as part from s) x where part >= 0.8 and date '2026-11-01' - last::date > 60`;
// The same members when each customer has bought something, as here: no join, no sort of everybody.
const Q4_QUANTILE = (quantile) => `with s as (select number, coalesce(sum(amount) filter (where time >= timestamp '2025-11-02'), 0) as spent, max(time) as last
  from purchases where time <= ${NOON} group by number), q as (select ${quantile} as v from s)
  select number from s, q where spent >= v and date '2026-11-01' - last::date > 60`;
const Q3 = `select number from purchases where department = 'dept07' and time >= timestamp '2026-08-04' and time <= ${NOON}
  group by number having count(*) >= 2`;
const PAIRS = 'select a.tag, b.tag, count(*) from tags a join tags b on a.number = b.number and a.tag < b.tag';
const TWENTY = "a.tag between 'tag001' and 'tag020' and b.tag between 'tag001' and 'tag020'";
const Q6 = `${PAIRS} where ${TWENTY} group by 1, 2`;
const TABLE_Q1 = `select number from customers where number in (select number from tags where tag = 'tag010') and country = 'DE' and ${AGES(25, 34)}`;
const TABLE_Q2 = `select number from customers where number in (select number from tags where tag in ('tag003', 'tag007'))
  and number not in (select number from tags where tag = 'tag001')`;
const TABLE_Q5 = Q5("number in (select number from tags where tag in ('tag005', 'tag012'))");

export const DUCKDB = {
  Q1: [`select number from customers where list_contains(tags, 'tag010') and country = 'DE' and ${AGES(25, 34)}`, TABLE_Q1],
  Q2: ["select number from customers where (list_contains(tags, 'tag003') or list_contains(tags, 'tag007')) and not list_contains(tags, 'tag001')", TABLE_Q2],
  Q3: [Q3],
  Q4: [Q4_RANKS, Q4_QUANTILE('quantile_disc(spent, 0.8)')],
  Q5: [Q5("list_contains(tags, 'tag005') or list_contains(tags, 'tag012')"), TABLE_Q5],
  Q6: [Q6],
};

export const POSTGRES = {
  Q1: [`select number from customers where tags @> '{tag010}' and country = 'DE' and ${AGES(25, 34)}`],
  Q2: ["select number from customers where tags && '{tag003,tag007}' and not tags @> '{tag001}'"],
  Q3: [Q3],
  Q4: [Q4_RANKS, Q4_QUANTILE('percentile_disc(0.8) within group (order by spent)')],
  Q5: [Q5("tags && '{tag005,tag012}'")],
  Q6: [`with t as (select number, unnest(tags) as tag from customers) ${PAIRS.replaceAll('tags ', 't ')} where ${TWENTY} group by 1, 2`],
};

const CUSTOMERS = `number bigint primary key, country text, region text, gender text, birth_date date, language text, signup date, tags text[], tier text,
  stage text, csat smallint`;
const PURCHASES = 'id bigint, number bigint, time timestamp, department text, product text, amount numeric(10, 2)';
const INDEXES = ['create index on customers (country)', 'create index on customers using gin (tags)', 'create index on customers (birth_date)',
  'create index on purchases (department, time)', 'create index on purchases (number)', 'create unique index on purchases (id)'];

// --- PostgreSQL: a cluster of its own in a folder, on a Unix socket ---
export class Postgres {
  settings = { shared_buffers: '6GB', work_mem: '512MB', maintenance_work_mem: '1GB', max_wal_size: '8GB', effective_cache_size: '12GB',
    max_parallel_workers_per_gather: '2', max_parallel_maintenance_workers: '2', random_page_cost: '1.1', jit: 'off', listen_addresses: '' };

  constructor(dir) {
    const versions = '/usr/lib/postgresql';
    this.bin = path.join(versions, fs.readdirSync(versions).sort((a, b) => b - a)[0], 'bin');
    this.dir = dir;
    this.user = process.getuid() === 0 ? ['runuser', '-u', 'postgres', '--'] : ['env'];
  }

  run(program, ...args) {
    const [file, ...before] = this.user;
    return execFileSync(file, [...before, path.join(this.bin, program), ...args], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  }

  async start() {
    fs.mkdirSync(this.dir, { recursive: true });
    if (process.getuid() === 0) execFileSync('chown', ['postgres', this.dir]);
    this.run('initdb', '-D', path.join(this.dir, 'data'), '-U', 'bench', '--auth=trust', '--locale=C', '-E', 'UTF8');
    const set = Object.entries(this.settings).map(([k, v]) => `-c ${k}='${v}'`).join(' ');
    this.run('pg_ctl', '-D', path.join(this.dir, 'data'), '-l', path.join(this.dir, 'log'), '-w', '-o', `${set} -k ${this.dir}`, 'start');
    this.psql = spawn(path.join(this.bin, 'psql'), ['-X', '-q', '-h', this.dir, '-U', 'bench', '-d', 'postgres'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.waiting = [];
    this.out = [];
    readline.createInterface({ input: this.psql.stdout }).on('line', (line) => {
      if (line !== 'THE END') this.out.push(line);
      else this.waiting.shift().resolve(this.out.splice(0));
    });
    readline.createInterface({ input: this.psql.stderr }).on('line', (line) => {
      if (/ERROR|FATAL/.test(line)) this.waiting[0]?.reject(new Error(`PostgreSQL: ${line}`));
    });
    this.version = (await this.ask('select version();')).find((l) => l.includes('PostgreSQL')).trim().split(' ').slice(0, 2).join(' ');
    await this.ask('\\timing on');
  }

  ask(text) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.psql.stdin.write(`${text}\n\\echo THE END\n`);
    });
  }

  // Milliseconds of a statement, as psql saw it.
  async ms(text) {
    return Number(/Time: ([\d.]+) ms/.exec((await this.ask(`${text};`)).join('\n'))[1]);
  }

  // The list of ids is made and written out in the server, in its binary form: no client's reading counts.
  query(sql) {
    return this.ms(`copy (${sql.replaceAll('\n', ' ')}) to '/dev/null' (format binary)`);
  }

  async members(sql) {
    return Number((await this.ask(`select count(*) from (${sql.replaceAll('\n', ' ')}) x;`)).find((l) => /^\s*\d+$/.test(l)));
  }

  // COPY, then the indexes, as its manual advises; the last checkpoint makes it durable. Seconds.
  async load(customers, purchases) {
    let ms = 0;
    ms += await this.ms(`create table customers (${CUSTOMERS})`);
    ms += await this.ms(`create table purchases (${PURCHASES})`);
    ms += await this.ms(`copy customers from '${customers}' (format csv, header)`);
    ms += await this.ms(`copy purchases from '${purchases}' (format csv, header)`);
    for (const index of INDEXES) ms += await this.ms(index);
    ms += await this.ms('checkpoint');
    await this.ms('vacuum analyze');
    return ms / 1000;
  }

  async size() {
    const lines = await this.ask("select pg_total_relation_size('customers') + pg_total_relation_size('purchases');");
    return Number(lines.find((l) => /^\s*\d+$/.test(l)));
  }

  stop() {
    this.psql?.stdin.end();
    try {
      this.run('pg_ctl', '-D', path.join(this.dir, 'data'), '-m', 'immediate', 'stop');
    } catch {} // it never started
  }
}

// --- DuckDB: a file, in this process ---
export class DuckDb {
  settings = { threads: '2' };

  constructor(dir) {
    fs.mkdirSync(dir, { recursive: true });
    this.file = path.join(dir, 'duckdb');
  }

  async start() {
    const { DuckDBInstance, version } = await import('@duckdb/node-api');
    this.instance = await DuckDBInstance.create(this.file, this.settings);
    this.connection = await this.instance.connect();
    this.version = `DuckDB ${version()}`;
  }

  async load(customers, purchases) {
    const began = performance.now();
    await this.connection.run(`create table customers as select number, country, region, gender, birth_date, language, signup,
      string_split(trim(tags, '{}'), ',') as tags, tier, stage, csat from read_csv('${customers}', types = {'number': 'BIGINT', 'birth_date': 'DATE',
      'signup': 'DATE', 'csat': 'TINYINT', 'tags': 'VARCHAR'})`);
    await this.connection.run(`create table purchases as select * from read_csv('${purchases}', types = {'number': 'BIGINT', 'time': 'TIMESTAMP',
      'amount': 'DECIMAL(10, 2)'})`);
    await this.connection.run('create table tags as select number, unnest(tags) as tag from customers');
    await this.connection.run('checkpoint');
    return (performance.now() - began) / 1000;
  }

  // The result is held whole, in columns, when run() is done; nothing is turned into JavaScript's values.
  async query(sql) {
    const began = performance.now();
    await this.connection.run(sql);
    return performance.now() - began;
  }

  async members(sql) {
    const result = await this.connection.run(`select count(*) from (${sql}) x`);
    return Number((await result.getRows())[0][0]);
  }

  size() {
    return fs.statSync(this.file).size;
  }

  stop() {
    this.connection?.closeSync();
    this.instance?.closeSync();
  }
}
