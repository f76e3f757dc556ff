/** Bugs of reading out of band that the usual seeds show, since the tiny limits of half of them make everybody read in stripes. */
import type { Mutant } from './mutant.ts';

export const CATCH_UP_MUTANTS: readonly Mutant[] = [
  {
    name: 'a donor serves without looking whether it holds what the reader reads towards',
    rule: 'R16',
    caughtBy: 'read-not-vouched-for',
    patches: [
      { file: 'scribe-reads.js', find: 'read.asOf !== null && !this.#holdsDurably(read.asOf)', replace: 'false' },
    ],
  },
  {
    name: 'a leader names to learners what is not committed',
    rule: 'R17',
    caughtBy: 'commit-not-chosen',
    patches: [
      { file: 'followers.js', find: 'if (commit > 0)', replace: 'if (true)' },
      { file: 'followers.js', find: 'log.terms.idAt(commit)', replace: 'log.tail' },
    ],
  },
  {
    name: "a scribe's hint counts before its log is known to be the reader's",
    rule: 'R17',
    caughtBy: 'applied-not-chosen',
    patches: [
      {
        file: 'catch-up.js',
        find: 'if (piece === undefined)',
        replace: 'this.#state.advanceCommitWith(reply.commit);\n        if (piece === undefined)',
      },
    ],
  },
];
