/** What a failing seed prints: enough to understand it, and the command that repeats it with as few faults as it takes. */
import type { Machines } from './machines.ts';
import { type RunResult, replaySeed } from './run.ts';
import { shrink } from './shrink.ts';
import { LEGEND } from './trace.ts';

export function reportFailure(failed: RunResult, machines: Machines, limit = 60): string {
  const { seed, kind, violation, faultCount } = failed;
  const leftOut = shrink(failed, machines);
  const { lines } = replaySeed(seed, machines, limit, kind, leftOut);
  const numbers = [...leftOut].sort((left, right) => left - right);
  return [
    `seed ${seed} breaks ${violation?.message}`,
    `${faultCount - leftOut.size} of its ${faultCount} faults matter`,
    LEGEND,
    ...lines,
    `repeat: npm run sim -- --seed ${seed} --kind ${kind} --leave-out '${numbers}' --verbose`,
    `keep: { "seed": ${seed}, "kind": "${kind}", "leftOut": [${numbers}], "found": "${violation?.invariant}" } in test/seeds/kept.json`,
  ].join('\n');
}
