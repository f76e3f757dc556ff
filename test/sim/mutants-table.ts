/** `node dist/test/sim/mutants-table.js [seeds]`: which invariant names which mutant, and how soon; for docs/testing.md. */
import { EVERY_MUTANT } from './every-mutant.ts';
import { loadPatched } from './patched-core.ts';
import { runSeed } from './run.ts';

const seeds = Number(process.argv[2] ?? 300);
console.log('| mutant | rule | named by | first at seed | of the seeds |\n|---|---|---|---|---|');
for (const mutant of EVERY_MUTANT) {
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
