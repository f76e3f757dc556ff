/** Bugs that take a full disk to show (S27). */
import type { Mutant } from './mutant.ts';

export const ROOM_MUTANTS: readonly Mutant[] = [
  {
    name: 'an append refused for want of space counts as durable',
    rule: 'S27',
    caughtBy: 'acknowledged-before-durable',
    patches: [
      {
        file: 'scribe.js',
        find: `    #onUnstored(from, message) {
        const leader = this.#heardLeader(from, message);
        if (leader !== null)
            this.#reply(leader);
    }`,
        replace: `    #onUnstored(from, message) {
        const leader = this.#heardLeader(from, message);
        if (leader === null) return;
        const last = message.batches.at(-1);
        const through = last === undefined ? message.prev : { index: lastIndex(last), term: last.term };
        this.#sendDurably(from, this.#appendReply(leader.identity.incarnation, through, null, leader.round));
    }`,
      },
    ],
  },
  {
    name: 'a scribe that was full once never asks its disk again',
    rule: 'S27',
    caughtBy: 'no-write-after-heal',
    patches: [
      {
        file: 'disk-room.js',
        find: 'if (this.#skipping && this.#journal.stats().noSpace)',
        replace: 'if (this.#skipping)',
      },
    ],
  },
  {
    name: 'an append reaches the machine of a scribe whether it fits its disk or not',
    rule: 'S27',
    caughtBy: 'wrote-without-room',
    patches: [
      { file: 'disk-room.js', find: "return this.#admits(0, 0) ? 'unstored' : 'lost';", replace: "return 'whole';" },
    ],
  },
];
