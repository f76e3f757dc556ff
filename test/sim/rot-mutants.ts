/** Bugs that take a disk that rots to show (R29). */
import type { Mutant } from './mutant.ts';
import { seedsOf } from './run.ts';

export const ROT_MUTANTS: readonly Mutant[] = [
  {
    name: 'what a scribe cannot read it answers as not there',
    rule: 'R29',
    caughtBy: 'unknown-denied',
    patches: [{ file: 'scribe-reads.js', find: "return now('unknown');", replace: "return now('entries');" }],
    run: seedsOf('rot'),
  },
  {
    name: 'a copy that is lost is acknowledged',
    rule: 'R29',
    caughtBy: 'acknowledged-above-damage',
    patches: [{ file: 'scribe.js', find: 'lost === null ? held : lost - 1', replace: 'held' }],
    run: seedsOf('rot'),
  },
  {
    name: 'torn and rotten confused: a tail that cannot be read is cut off',
    rule: 'R29',
    caughtBy: 'truncated-matching',
    patches: [
      {
        file: 'scribe.js',
        find: 'this.#repair.damage(event.from, event.to);',
        replace:
          'if (event.to === this.#log.tail.index && event.from > 1) this.#log.truncateFrom(event.from);\n                else this.#repair.damage(event.from, event.to);',
      },
    ],
    run: seedsOf('rot'),
  },
];
