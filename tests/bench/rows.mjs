// The rows of a benchmark's table: a measure, ours, a rival's or a limit, their ratio and whether the goal holds.
import { median } from './processes.mjs';

export const n0 = (v) => (v >= 1000 ? Math.round(v).toLocaleString('en') : v.toPrecision(3));
export const times = (v) => (v >= 10 ? v.toFixed(0) : v.toFixed(2));

export class Rows {
  list = [];

  // values: lists of runs, whose medians are shown. `rate`: ours and rival's are durations, and the ratio is that of the rates. better:
  // 'more' or 'less' of the ratio (or, without a rival, of ours); without a goal nothing is demanded. A rival may have fewer runs.
  add(name, measure, { ours, rival = null, rivalName = '', unit, goal, better = 'more', rate = false, note = '' }) {
    const a = median(ours), b = rival && median(rival);
    const v = b === null ? a : median(rival.slice(0, ours.length).map((r, i) => (rate ? r / ours[i] : ours[i] / r))); // of neighbours in time: the machine's mood falls out
    this.list.push({ name, measure, unit, ours: a, rival: b, rival_name: rivalName, ratio: b === null ? null : v, goal, better,
      holds: !goal || (better === 'more' ? v >= goal : v <= goal), runs: { ours, rival }, note });
  }

  get hold() {
    return this.list.every((r) => r.holds);
  }

  print(json, head = []) {
    if (json) {
      console.log(JSON.stringify(this.list, null, 1));
      return;
    }
    for (const line of head) console.log(line);
    const table = [['measure', 'ours', 'rival or limit', 'ratio', 'goal', 'holds'], ...this.list.map((r) => [
      r.measure, `${n0(r.ours)} ${r.unit}`, r.rival === null ? r.rival_name : `${n0(r.rival)} ${r.unit} (${r.rival_name})`,
      r.ratio === null ? '' : times(r.ratio), r.goal ? `${r.better === 'more' ? 'at least' : 'at most'} ${Number(r.goal.toPrecision(2)).toLocaleString('en')}` : '', r.goal ? (r.holds ? 'yes' : 'NO') : ''])];
    const width = table[0].map((_, i) => Math.max(...table.map((t) => t[i].length)));
    for (const t of table) console.log(t.map((c, i) => (i === 0 || i === 5 ? c.padEnd(width[i]) : c.padStart(width[i]))).join('  ').trimEnd());
    for (const r of this.list) if (r.note) console.log(`${r.name}: ${r.note}`);
  }
}
