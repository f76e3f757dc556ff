/** What a failing seed prints: enough to understand it, and the command that repeats it. */
import type { Machines } from './machines.ts';
import { type RunResult, replaySeed } from './run.ts';
import { LEGEND } from './trace.ts';

export function reportFailure({ seed, kind, violation }: RunResult, machines: Machines, limit = 60): string {
  const { lines } = replaySeed(seed, machines, limit, kind);
  return [
    `seed ${seed} breaks ${violation?.message}`,
    LEGEND,
    ...lines,
    `repeat: npm run sim -- --seed ${seed} --kind ${kind} --verbose`,
  ].join('\n');
}
