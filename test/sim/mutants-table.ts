/** `node dist/test/sim/mutants-table.js [seeds]`: which invariant names which mutant, and how soon; for docs/testing.md. */
import { CATCH_UP_MUTANTS } from './catch-up-mutants.ts';
import { LEASE_MUTANTS } from './lease-mutants.ts';
import { MUTANTS } from './mutants.ts';
import { loadPatched } from './patched-core.ts';
import { ROOM_MUTANTS } from './room-mutants.ts';
import { ROT_MUTANTS } from './rot-mutants.ts';
import { runSeed } from './run.ts';

const seeds = Number(process.argv[2] ?? 300);
console.log('| mutant | rule | named by | first at seed | of the seeds |\n|---|---|---|---|---|');
for (const mutant of [...MUTANTS, ...CATCH_UP_MUTANTS, ...LEASE_MUTANTS, ...ROT_MUTANTS, ...ROOM_MUTANTS]) {
  const { machines, remove } = await loadPatched(mutant.patches);
  const named = new Map<string, number>();
  let first = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = (mutant.run ?? runSeed)(seed, machines);
    if (violation === null) continue;
    if (first === 0) first = seed;
    named.set(violation.invariant, (named.get(violation.invariant) ?? 0) + 1);
  }
  remove();
  const names = [...named].sort((left, right) => right[1] - left[1]).map(([name, count]) => `\`${name}\` ${count}`);
  console.log(`| ${mutant.name} | ${mutant.rule} | ${names.join(', ') || '—'} | ${first || '—'} | ${seeds} |`);
}
