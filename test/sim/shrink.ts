/**
 * Finds out which faults of a failing seed matter: leaves out as many as it can, first halves, then smaller and smaller parts, as
 * long as the same promise is broken.
 */
import type { Machines } from './machines.ts';
import { type RunResult, runSeed } from './run.ts';

/** Runs spent on one failure. */
const MOST_RUNS = 150;

/** The numbers of faults that may be left out. */
export function shrink({ seed, kind, violation, faultCount }: RunResult, machines: Machines): ReadonlySet<number> {
  let leftOut: ReadonlySet<number> = new Set();
  if (violation === null) return leftOut;
  let kept = Array.from({ length: faultCount }, (_, at) => at + 1);
  let runs = 0;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length && runs < MOST_RUNS; ) {
      const part = kept.slice(at, at + size);
      const more = new Set([...leftOut, ...part]);
      runs++;
      if (runSeed(seed, machines, kind, more).violation?.invariant !== violation.invariant) at += size;
      else {
        leftOut = more;
        kept = kept.filter((number) => !more.has(number));
      }
    }
  }
  return leftOut;
}
