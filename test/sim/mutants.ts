/**
 * Real bugs of real systems, put into a copy of the compiled core to see that the simulator names them. Production code has no
 * switches for this: each mutant is a list of patches to dist/src/core/*.js, and a patch that does not match exactly once
 * fails, so a mutant can never silently become the original.
 */
import { MEMBERS_MUTANTS } from './members-mutants.ts';
import type { Mutant } from './mutant.ts';
import { seedsOf } from './run.ts';

const runTransfers = seedsOf('transfers');

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no no-op rule: entries of earlier terms commit by count',
    rule: 'R11',
    caughtBy: 'commit-not-chosen',
    patches: [{ file: 'leadership.js', find: 'durable < this.#firstOfTerm || ', replace: '' }],
  },
  {
    name: 'votedFor is the worker, not its incarnation',
    rule: 'R1',
    caughtBy: 'two-votes-in-a-term',
    patches: [
      {
        file: 'vote-rule.js',
        find: 'const again = request.term === term && votedFor === request.incarnation;',
        replace:
          'const again = request.term === term && workerIds.has(votedFor) && workerIds.get(votedFor) === workerIds.get(request.incarnation);',
      },
      {
        file: 'vote-rule.js',
        find: 'export function decideVote',
        replace: 'export const workerIds = new Map();\nexport function decideVote',
      },
      {
        file: 'scribe.js',
        find: 'this.#peers.set(from, peer);',
        replace:
          "this.#peers.set(from, peer);\n        if (peer.role === 'worker') workerIds.set(peer.identity.incarnation, peer.identity.workerId);",
      },
      { file: 'scribe.js', find: 'import { decideVote }', replace: 'import { decideVote, workerIds }' },
    ],
  },
  {
    name: 'vote before drain: the durable tail is compared while writes are in flight',
    rule: 'R4',
    caughtBy: 'vote-for-shorter-log',
    patches: [
      { file: 'scribe.js', find: '!this.#log.drained && !leaderLive', replace: 'false' },
      {
        file: 'scribe.js',
        find: 'hardState: this.#hardState.current, tail: this.#log.tail,',
        replace: 'hardState: this.#hardState.current, tail: this.#log.durableTail,',
      },
    ],
  },
  {
    name: 'truncate on match: a shorter append drops what follows it',
    rule: 'R12',
    caughtBy: 'truncated-matching',
    patches: [
      {
        file: 'scribe.js',
        find: 'if (match.truncateFrom !== null) {',
        replace: `if (match.fresh.length === 0 && match.through < this.#log.tail.index) {
            match.truncateFrom = match.through + 1;
            leader.matched = Math.min(leader.matched, match.through);
        }
        if (match.truncateFrom !== null) {`,
      },
    ],
  },
  {
    name: 'the leader counts itself',
    rule: 'R11',
    caughtBy: 'commit-not-chosen',
    patches: [
      {
        file: 'quorum.js',
        find: 'return values[commitQuorumOf(set) - 1] ?? 0;',
        replace: 'return values[commitQuorumOf(set) - 2] ?? 0;',
      },
    ],
  },
  {
    name: 'acknowledge before fsync',
    rule: 'R14',
    caughtBy: 'acknowledged-before-durable',
    patches: [
      {
        file: 'scribe.js',
        find: 'Math.min(leader.matched, this.#log.durableTail.index)',
        replace: 'Math.min(leader.matched, this.#log.tail.index)',
      },
    ],
  },
  {
    name: 'term and vote are said before they are durable',
    rule: 'R3',
    caughtBy: 'said-before-durable',
    patches: [
      {
        file: 'scribe-hard-state.js',
        find: 'if (this.#hardStateWrite <= this.#log.durableWrite)',
        replace: 'if (true)',
      },
    ],
  },
  {
    name: 'log ends compare by index first',
    rule: 'R4',
    caughtBy: 'vote-for-shorter-log',
    patches: [
      {
        file: 'vote-rule.js',
        find: 'compareIds(request.tail, voter.tail) < 0',
        replace: 'request.tail.index < voter.tail.index',
      },
    ],
  },
  {
    name: 'acknowledge after vote: a write that completes late is still acknowledged to the old leader',
    rule: 'R4',
    caughtBy: 'acknowledged-after-vote',
    patches: [
      { file: 'scribe.js', find: '!this.#log.drained && !leaderLive', replace: 'false' },
      {
        file: 'scribe.js',
        find: 'this.#heard.forget();\n            this.#fetch.stop();',
        replace:
          'this.late ??= this.#heard.leader;\n            this.#heard.forget();\n            this.#fetch.stop();',
      },
      {
        file: 'scribe.js',
        find: '    #acknowledge() {',
        replace: `    #acknowledge() {
        if (this.late && this.#log.drained) {
            const { key, identity, matched, round, term } = this.late;
            this.late = undefined;
            const durable = this.#log.terms.idAt(Math.min(matched, this.#log.durableTail.index));
            this.#send(key, { ...this.#appendReply(identity.incarnation, durable, null, round), term });
        }`,
      },
    ],
  },
  {
    name: 'apply to the tail: what a learner holds counts as committed',
    rule: 'R17',
    caughtBy: 'commit-not-chosen',
    patches: [
      {
        file: 'following.js',
        find: 'this.#state.advanceCommit(Math.min(message.commit, this.#state.accepted));',
        replace: 'this.#state.advanceCommit(log.tail.index);',
      },
    ],
  },
  {
    name: 'commit index carried across terms: applied to entries the new leader never matched',
    rule: 'R17',
    caughtBy: 'applied-not-chosen',
    patches: [
      {
        file: 'following.js',
        find: 'this.#state.advanceCommit(Math.min(message.commit, this.#state.accepted));',
        replace: 'this.#state.advanceCommit(Math.min(message.commit, log.tail.index));',
      },
    ],
  },
  {
    name: 'a donor does not check what its answer follows',
    rule: 'R6',
    caughtBy: 'read-not-chained',
    patches: [{ file: 'scribe-reads.js', find: 'if (!this.#holdsDurably(read.prev))', replace: 'if (false)' }],
  },
  {
    name: 'a scribe shows a tail that is not durable',
    rule: 'R6',
    caughtBy: 'tail-not-durable',
    patches: [{ file: 'scribe.js', find: 'tail: this.#log.durableTail,', replace: 'tail: this.#log.tail,' }],
  },
  {
    name: 'donors ranked by current term',
    rule: 'R5',
    caughtBy: 'candidate-not-caught-up',
    patches: [
      {
        file: 'election.js',
        find: 'answers.reduce((best, [, { tail }]) => (compareIds(tail, best) > 0 ? tail : best), log.tail);',
        replace:
          'answers.reduce((best, [, it]) => (it.term > best.term ? it : best), { term: -1, tail: log.tail }).tail;',
      },
    ],
  },
  {
    name: 'term from one scribe',
    rule: 'R2',
    caughtBy: 'term-not-from-majority',
    patches: [
      {
        file: 'election.js',
        find: 'Math.max(...terms, this.#state.term) + 1',
        replace: '(terms[0] ?? 0) + 1',
      },
    ],
  },
  {
    name: 'reads are served without asking the scribes',
    rule: 'R19',
    caughtBy: 'stale-read',
    patches: [
      { file: 'read-index.js', find: 'asked === null || !isConfirmed(asked.round)', replace: 'asked === null' },
      {
        file: 'leadership.js',
        find: 'this.#followers.askScribes(this.#reads.round);',
        replace: 'this.#confirmReads();',
      },
    ],
  },
  {
    name: 'a new leader serves reads before its no-op is committed',
    rule: 'R11',
    caughtBy: 'stale-read',
    patches: [
      {
        file: 'leadership.js',
        find: 'this.#state.commit < this.#firstOfTerm || !this.#reads',
        replace: '!this.#reads',
      },
    ],
  },
  {
    name: 'reads are confirmed by answers given before they arrived',
    rule: 'R19',
    caughtBy: 'stale-read',
    patches: [
      {
        file: 'leadership.js',
        find: '(uuid) => this.#followers.roundOf(uuid) >= round)',
        replace: '(uuid) => this.#followers.roundOf(uuid) >= 0)',
      },
    ],
  },
  {
    name: 'a leader never checks its quorum',
    rule: 'R8',
    caughtBy: 'leader-without-quorum',
    patches: [
      {
        file: 'leadership.js',
        find: 'if (!isCommitQuorum(configuration.configuration, heard))\n            return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'a leader leads on when a single scribe answers it again',
    rule: 'R8',
    caughtBy: 'resumed-without-quorum',
    patches: [
      {
        file: 'resumption.js',
        find: 'isCommitQuorum(configuration.configuration, answers)',
        replace: 'this.#answeredAt.size > 0',
      },
    ],
  },
  {
    name: 'a leader leads on although a scribe speaks of a later term',
    rule: 'R8',
    caughtBy: 'resumed-without-quorum',
    patches: [
      { file: 'resumption.js', find: 'return this.#isPast || this.#state.term > this.term;', replace: 'return false;' },
    ],
  },
  {
    name: 'a read is forgotten with the link it was passed on over',
    rule: 'R15',
    caughtBy: 'not-converged-after-heal',
    patches: [{ file: 'worker.js', find: 'this.#askedReads.refuse(event.from);', replace: '' }],
  },
  {
    name: 'a leader that hands over never takes back what nobody took',
    rule: 'P38',
    caughtBy: 'transfer-not-ended',
    patches: [
      {
        file: 'transfer.js',
        find: "this.#end('kept', 'the other worker did not take over in time; this one leads on');",
        replace: 'this.#handover.deadline = Number.POSITIVE_INFINITY;',
      },
    ],
    run: runTransfers,
  },
  {
    name: 'a vote that the leader asked for does not wait for writes in flight',
    rule: 'R4',
    caughtBy: 'vote-for-shorter-log',
    patches: [
      {
        file: 'scribe.js',
        find: '!this.#log.drained && !leaderLive',
        replace: "!this.#log.drained && request.kind === 'vote' && !leaderLive",
      },
      {
        file: 'scribe.js',
        find: 'hardState: this.#hardState.current, tail: this.#log.tail,',
        replace: 'hardState: this.#hardState.current, tail: this.#log.durableTail,',
      },
    ],
    run: runTransfers,
  },
  {
    name: 'prev-check on the first chunk only: a donor trusts a reader that it has served before',
    rule: 'R6',
    caughtBy: 'read-not-chained',
    patches: [
      {
        file: 'scribe-reads.js',
        find: 'if (!this.#holdsDurably(read.prev))',
        replace:
          'const isFirst = !(this.served ??= new Set()).has(to);\n        this.served.add(to);\n        if (isFirst && !this.#holdsDurably(read.prev))',
      },
    ],
  },
  {
    name: 'an fsync that covers only earlier writes counts for later ones',
    rule: 'R14',
    caughtBy: 'acknowledged-before-durable',
    patches: [{ file: 'durable-log.js', find: 'if (entry.write > write)\n                break;', replace: '' }],
  },
  {
    name: 'a worker leads when half of the scribes vote for it',
    rule: 'R1',
    caughtBy: 'leader-without-votes',
    patches: [
      {
        file: 'election.js',
        find: 'if (isVoteQuorum(configuration, granted))',
        replace:
          'if (configuration.scribes.filter(({ storageUuid }) => granted(storageUuid)).length * 2 >= configuration.scribes.length)',
      },
    ],
  },
  {
    name: 'a worker leads when a commit quorum votes for it',
    rule: 'R1',
    caughtBy: 'leader-without-votes',
    patches: [
      {
        file: 'election.js',
        find: 'if (isVoteQuorum(configuration, granted))',
        replace: 'if (isCommitQuorum(configuration, granted))',
      },
    ],
  },
  {
    name: 'a worker asks for votes when a commit quorum has answered',
    rule: 'R2',
    caughtBy: 'term-not-from-majority',
    patches: [
      {
        file: 'election.js',
        find: 'if (isVoteQuorum(configuration, mayElect))',
        replace: 'if (isCommitQuorum(configuration, mayElect))',
      },
    ],
  },
  ...MEMBERS_MUTANTS,
];
