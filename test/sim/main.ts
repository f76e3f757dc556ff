/**
 * `npm run sim -- --seed N [--seeds K] [--kind faults|members|transfers|lives|leases|rot|halt] [--engine real] [--leave-out 1,2] [--verbose]`:
 * run seeds N, N+1, …, with the real engine on the scribes' disks or without,
 * without the faults of those numbers; exit 1 at the first violation.
 */
import { parseArgs } from 'node:util';
import { engineDisks } from './engine-disk.ts';
import { realMachines } from './machines.ts';
import { reportFailure } from './report.ts';
import { RUN_KINDS, replaySeed, runSeed } from './run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    kind: { type: 'string', default: 'faults' },
    engine: { type: 'string', default: 'model' },
    'leave-out': { type: 'string', default: '' },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const kind = RUN_KINDS.find((name) => name === values.kind) ?? 'faults';
const machines = values.engine === 'real' ? { ...realMachines, newDisk: engineDisks() } : realMachines;
const leftOut = new Set(values['leave-out'].split(',').filter(Boolean).map(Number));
const started = process.hrtime.bigint();
const totals = { events: 0, simulatedMillis: 0, elections: 0, executed: 0, violations: 0 };
const reached = new Map<string, number>();
const names = new Map<string, number[]>();
for (let seed = first; seed < first + count; seed++) {
  if (values.verbose) {
    const { result, lines } = replaySeed(seed, machines, Number.MAX_SAFE_INTEGER, kind, leftOut);
    console.log(lines.join('\n'));
    console.log(result);
  }
  const result = runSeed(seed, machines, kind, leftOut);
  totals.events += result.events;
  totals.simulatedMillis += result.simulatedMillis;
  totals.elections += result.elections;
  totals.executed += result.executed;
  for (const [branch, times] of result.reached) reached.set(branch, (reached.get(branch) ?? 0) + times);
  if (result.violation === null) continue;
  totals.violations++;
  names.set(result.violation.invariant, [...(names.get(result.violation.invariant) ?? []), seed]);
  process.exitCode = 1;
  if (values['keep-going']) continue;
  console.log(reportFailure(result, machines));
  break;
}
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
for (const [name, seeds] of names) console.log(`${name}: ${seeds.length} seeds, ${seeds.slice(0, 10).join(' ')}`);
console.log(`${count} seeds in ${seconds.toFixed(1)} s: ${JSON.stringify(totals)}`);
console.log(`reached: ${[...reached].map(([branch, times]) => `${branch} ${times}`).join(', ')}`);
