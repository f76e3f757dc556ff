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
    name: 'a scribe calls unknown what lies before damage',
    rule: 'R29',
    caughtBy: 'unknown-without-damage',
    patches: [
      { file: 'scribe-reads.js', find: 'if (damaged === read.prev.index + 1)', replace: 'if (damaged !== null)' },
    ],
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
  {
    name: 'a vote takes a tail that cannot be read for one that is not there',
    rule: 'R29',
    caughtBy: 'vote-for-shorter-log',
    patches: [
      {
        file: 'scribe.js',
        find: 'tail: this.#log.tail, leaderLive',
        replace:
          'tail: this.#log.terms.idAt((this.#repair.firstIn(1, this.#log.tail.index) ?? this.#log.tail.index + 1) - 1), leaderLive',
      },
    ],
    run: seedsOf('rot'),
  },
  {
    name: 'a scribe that cannot read who is a member votes',
    rule: 'R29',
    caughtBy: 'vote-while-unsure',
    patches: [
      {
        file: 'scribe.js',
        find: 'storageOk: this.#membership.isMember',
        replace: "storageOk: this.#membership.isMember || this.#membership.standing === 'unsure'",
      },
    ],
    run: seedsOf('rot'),
  },
  {
    name: 'a repair takes whatever stands at the index elsewhere',
    rule: 'R29',
    caughtBy: 'repair-of-another-entry',
    patches: [
      { file: 'scribe-repair.js', find: 'const asOf = terms.idAt(task.range.to);', replace: 'const asOf = null;' },
      {
        file: 'scribe-repair.js',
        find: 'lastIndex(batch) <= task.range.to && this.#log.terms.termAt(batch.firstIndex) === batch.term',
        replace: 'lastIndex(batch) <= task.range.to',
      },
    ],
    run: seedsOf('rot'),
  },
  {
    name: 'nobody says that no disk can read what is needed',
    rule: 'R31',
    caughtBy: 'halt-not-told',
    patches: [
      { file: 'election.js', find: "this.#phase === 'probing' && this.#unreadable.size > 0", replace: 'false' },
    ],
    run: seedsOf('halt'),
  },
  {
    name: 'what could not be read is held against the entry behind it',
    rule: 'R31',
    caughtBy: 'halted-without-damage',
    patches: [{ file: 'election.js', find: 'if (cameFurther)\n            this.#unreadable.clear();', replace: '' }],
    run: seedsOf('rot'),
  },
  {
    name: 'what nobody could give is asked for no more',
    rule: 'R31',
    caughtBy: 'not-converged-after-heal',
    patches: [
      {
        file: 'scribe-repair.js',
        find: 'this.#task === null && this.#damaged.length > 0 && peers.length > 0',
        replace:
          'this.#task === null && this.#damaged.length > 0 && this.#failures < 2 * peers.length * this.#damaged.length',
      },
    ],
    run: seedsOf('halt'),
  },
];
