/** Bugs of who the scribes are: of changes, of newcomers, of disks that forget or go back (§7, R26, R28). */
import { runForgottenNewcomer } from './forgotten-newcomer.ts';
import type { Mutant } from './mutant.ts';
import { runRolledBack } from './rolled-back.ts';
import { seedsOf } from './run.ts';

const runMembers = seedsOf('members');

export const MEMBERS_MUTANTS: readonly Mutant[] = [
  {
    name: 'a disk that went back in time goes on counting',
    rule: 'R26',
    caughtBy: 'commit-not-chosen',
    patches: [{ file: 'leadership.js', find: 'this.#followers.fence(from);', replace: '' }],
    run: runRolledBack,
  },
  {
    name: 'joint with one majority: the new set decides alone before the change is committed',
    rule: '§7',
    caughtBy: 'commit-not-chosen',
    patches: [
      {
        file: 'quorum.js',
        find: 'configuration.outgoing === undefined ? [configuration] : [configuration, configuration.outgoing]',
        replace: '[configuration]',
      },
    ],
    run: runMembers,
  },
  {
    name: 'a change is appended before the one before is committed',
    rule: '§7',
    caughtBy: 'change-before-commit',
    patches: [
      {
        file: 'reconfiguration.js',
        find: 'if (commit < this.#firstOfTerm || commit < id.index)',
        replace: 'if (commit < this.#firstOfTerm)',
      },
    ],
    run: runMembers,
  },
  {
    name: 'a change is appended before an entry of the term is committed',
    rule: '§7',
    caughtBy: 'change-before-commit',
    patches: [
      {
        file: 'reconfiguration.js',
        find: 'if (commit < this.#firstOfTerm || commit < id.index)',
        replace: 'if (commit < id.index)',
      },
      { file: 'reconfiguration.js', find: 'if (commit < this.#firstOfTerm) {', replace: 'if (false) {' },
    ],
    run: runMembers,
  },
  {
    name: 'an amnesiac scribe votes',
    rule: 'R26',
    caughtBy: 'vote-from-stranger',
    patches: [{ file: 'scribe.js', find: 'storageOk: this.#membership.isMember', replace: 'storageOk: true' }],
    run: runMembers,
  },
  {
    name: 'an amnesiac scribe acknowledges',
    rule: 'R26',
    caughtBy: 'acknowledged-by-stranger',
    patches: [{ file: 'scribe.js', find: 'if (!this.#membership.mayStore)', replace: 'if (false)' }],
    run: runMembers,
  },
  {
    name: 'who only catches up counts at once',
    rule: '§7',
    caughtBy: 'commit-not-chosen',
    patches: [
      {
        file: 'quorum.js',
        find: 'configuration.outgoing === undefined ? [configuration] : [configuration, configuration.outgoing]',
        replace:
          'configuration.outgoing === undefined ? [configuration.target ?? configuration] : [configuration, configuration.outgoing]',
      },
    ],
    run: runMembers,
  },
  {
    name: 'numbers are accepted of which a vote can just miss a commit',
    rule: 'R11',
    caughtBy: 'unsafe-quorums',
    patches: [{ file: 'quorum.js', find: 'if (vote + commit <= size)', replace: 'if (vote + commit < size)' }],
    run: runMembers,
  },
  {
    name: 'a leader calls a newcomer what its log calls one, without asking whether it leads still',
    rule: 'R26',
    caughtBy: 'acknowledged-by-stranger',
    patches: [
      { file: 'followers.js', find: 'this.#unadmitted.set(key, number);', replace: 'this.#tellConfiguration(key);' },
    ],
    run: runForgottenNewcomer,
  },
  {
    name: 'a candidate does not hear of newer configurations',
    rule: 'R28',
    caughtBy: 'term-not-from-majority',
    patches: [
      {
        file: 'election.js',
        find: 'if (this.#state.hearLog(reply.tail, reply.configuration)) {',
        replace: 'if (false) {',
      },
    ],
    run: runMembers,
  },
];
