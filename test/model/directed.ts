/**
 * Where explorations start besides the beginning: the situations in which replicated logs have gone wrong. Each is played on the
 * real machines, so none is one that they could not come to. Slots: scribes 0, 1, 2 (and 3), then the workers X and Y.
 */

import { scribeName } from './names.ts';
import type { Scope } from './scope.ts';
import { newScribe } from './scribe-part.ts';
import type { Bounds } from './setting.ts';
import type { Stage } from './stage.ts';

const [A, B, C, X, Y] = [0, 1, 2, 3, 4] as const;
const THREE = { scribes: 3, workers: 2 };
/** One more election, one more entry, one crash. */
const MORE: Bounds = {
  term: 1,
  index: 1,
  crashes: 0,
  ticks: 1,
  commands: 0,
  reads: 0,
  covering: 'some',
};

const scope = (name: string, direct: (stage: Stage) => void, rest: Partial<Scope> = {}): Scope => ({
  name,
  cast: THREE,
  more: MORE,
  direct,
  ...rest,
});

/** X leads with everything committed and nothing under way. */
function settled(stage: Stage): void {
  stage.elect(X, A, B);
  stage.exchange([A, B, C, X, Y]);
}

/** X leads and can reach A alone: what it takes there is lost one day. Y leads the rest. */
function parted(stage: Stage): void {
  settled(stage);
  stage.propose(X);
  stage.carry(X, A);
  stage.lose(X, B, C, Y);
  stage.flush(A);
  stage.elect(Y, B, C);
  stage.hush(Y);
}

/** The disk of a scribe is another one, under the same name and uuid. */
function putDisk(stage: Stage, slot: number, tip: number, term: number): void {
  const blank = newScribe(stage.setting, slot, tip);
  const { accepted, votes, acknowledged } = stage.scribe(slot);
  Object.assign(stage.scribe(slot).disk, { ...blank.disk, term, votedFor: null });
  stage.crash(slot);
  Object.assign(stage.scribe(slot), { accepted, votes, acknowledged });
}

const member = (slot: number) => ({
  scribeId: scribeName(slot),
  storageUuid: scribeName(slot),
  address: scribeName(slot),
});
const FOUR = { cast: { scribes: 4, workers: 2 }, members: 3, alike: 2 };
const D = 3;
/** With four scribes. */
const [X4, Y4] = [4, 5] as const;

/** X has put the change to {A, B, D} into its log; C is to go. */
function changing(stage: Stage): void {
  stage.elect(X4, A, B);
  stage.exchange([A, B, C, D, X4, Y4]);
  stage.change(X4, { kind: 'replace', scribeId: scribeName(C), member: member(D) });
}

/** A majority has confirmed since that X leads, so that D may be told that it is a newcomer (R26). */
function confirmed(stage: Stage): void {
  changing(stage);
  stage.carry(X4, A, B);
  stage.carry(A, X4);
  stage.carry(B, X4);
}

const isJoint = (stage: Stage): boolean => stage.worker(X4).machine.configuration.configuration.outgoing !== undefined;
const isFinal = (stage: Stage): boolean =>
  stage.worker(X4).machine.configuration.configuration.scribes.some(({ scribeId }) => scribeId === scribeName(D)) &&
  !isJoint(stage);

export const DIRECTED: readonly Scope[] = [
  scope('a leader whose no-op is on its way to everybody', (stage) => {
    stage.elect(X, A, B);
    stage.hush(X);
  }),
  scope('a leader at rest', settled),
  scope('a leader whose no-op one scribe has', (stage) => {
    stage.elect(X, A, B);
    stage.carry(X, A);
    stage.flush(A);
    stage.hush(A);
  }),
  scope('two leaders in different terms, logs part', parted),
  scope('the tails of all three scribes differ', (stage) => {
    parted(stage);
    stage.carry(Y, B);
    stage.flush(B);
    stage.lose(Y, A, C, X);
  }),
  scope('R11: figure 8 of the Raft paper, before the old entry is copied on', (stage) => {
    stage.elect(X, A, B);
    stage.carry(X, A);
    stage.flush(A);
    stage.lose(X, B, C, Y);
    stage.elect(Y, B, C);
    stage.carry(Y, C);
    stage.flush(C);
    stage.lose(Y, A, B, X);
    stage.lose(C, Y);
    stage.crash(X);
    stage.elect(X, A, B);
    stage.hush(X);
  }),
  scope('P04: an append of an old term, delayed past a newer leader', (stage) => {
    settled(stage);
    stage.propose(X);
    stage.lose(X, A, B, Y);
    stage.elect(Y, A, B);
    stage.exchange([A, B, C, Y]);
    stage.hush(X);
  }),
  scope('P05: acknowledgements delayed past a new leader', (stage) => {
    settled(stage);
    stage.propose(X);
    stage.carry(X, A, B);
    stage.flush(A);
    stage.flush(B);
    stage.elect(Y, B, C);
    stage.hush(A, B);
  }),
  scope('votes granted and not yet heard of', (stage) => {
    stage.tick(X);
    stage.exchange([X, A, B], () => stage.scribe(A).votes.size + stage.scribe(B).votes.size === 2);
    stage.hush(A, B);
  }),
  scope('P12: the vote is split, one scribe has not voted', (stage) => {
    const voted = (slot: number) => (): boolean => stage.scribe(slot).machine.hardState.votedFor !== null;
    stage.tick(X);
    stage.tick(Y);
    for (const [worker, scribe] of [
      [X, A],
      [Y, B],
    ] as const) {
      stage.exchange([worker, A, B, C], () => stage.worker(worker).machine._election?._term === 2);
      stage.lose(worker, ...[A, B, C].filter((slot) => slot !== scribe));
      stage.exchange([worker, scribe], voted(scribe));
    }
    stage.hush(X, Y);
  }),
  scope('R4: a vote is asked for while a write is on its way to the disk', (stage) => {
    settled(stage);
    stage.propose(X);
    stage.carry(X, A, B, C);
    stage.lapse(A, B, C);
    stage.tick(Y);
    stage.exchange([Y, A, B, C], () => stage.worker(Y).machine.role === 'candidate');
  }),
  scope('a scribe has truncated and written anew, and none of it is on the disk yet', (stage) => {
    parted(stage);
    stage.exchange([B, C, Y]);
    stage.carry(Y, A);
    stage.carry(A, Y);
    stage.carry(Y, A);
    stage.carry(A, Y);
    stage.carry(Y, A);
    stage.hush(Y);
  }),
  scope('R6: a donor reads for a candidate while a newer leader may cut its log', (stage) => {
    parted(stage);
    stage.crash(X);
    stage.tick(X);
    stage.exchange([X, A, B], () => stage.scribe(A).reads.length > 0);
    stage.hush();
    stage.tick(Y);
  }),
  scope('a worker that knows nothing must read what it would lead from', (stage) => {
    settled(stage);
    stage.propose(X);
    stage.exchange([A, B, C, X]);
    stage.crash(X);
    stage.crash(Y);
    stage.lapse(A, B, C);
    stage.hush();
  }),
  scope('P13: a worker dies while votes for it are under way, and comes back', (stage) => {
    stage.tick(X);
    stage.exchange([X, A, B, C], () => stage.worker(X).machine._election?._term === 2);
    stage.carry(X, A, B);
    stage.hush();
    stage.crash(X);
  }),
  scope('a scribe starts again, having lost what was not durable', (stage) => {
    settled(stage);
    stage.propose(X);
    stage.carry(X, A, B);
    stage.flush(B);
    stage.hush(X, B);
    stage.crash(A);
  }),
  scope('R26: a wiped disk under the uuid of the lost one', (stage) => {
    settled(stage);
    putDisk(stage, A, 0, 0);
  }),
  scope(
    'S40: a disk went back in time, and its leader has found out',
    (stage) => {
      stage.elect(X, A, B);
      stage.exchange([A, B, X]);
      const { tip } = stage.scribe(A);
      stage.propose(X);
      stage.carry(X, A);
      stage.flush(A);
      stage.carry(A, X);
      stage.lose(X, B, C);
      putDisk(stage, A, tip, 2);
      stage.scribe(A).accepted.set(2, tip);
      stage.carry(A, X);
      stage.carry(X, A);
      stage.carry(A, X);
    },
    { cast: { scribes: 3, workers: 1 }, more: { ...MORE, crashes: 0, ticks: 2 } },
  ),
  scope('a learner holds what its dead leader did not get committed', (stage) => {
    settled(stage);
    stage.tick(X);
    stage.exchange([A, B, C, X, Y]);
    stage.propose(X);
    stage.carry(X, Y, A);
    stage.hush();
    stage.crash(X);
  }),
  scope(
    'R16: a scribe far behind has to fetch from another one',
    (stage) => {
      stage.elect(X, A, B);
      stage.exchange([A, B, X]);
      for (let command = 0; command < 2; command++) {
        stage.propose(X);
        stage.exchange([A, B, X]);
      }
      stage.lose(X, C);
    },
    { options: { windowBytes: 1 }, alike: 0 },
  ),
  scope('R19: a leader is asked to read while another may take over', settled, {
    more: { ...MORE, crashes: 0, reads: 1 },
  }),
  scope('R17: a follower has more than the new leader will keep', (stage) => {
    parted(stage);
    stage.exchange([B, C, Y]);
    stage.hush();
    stage.crash(X);
  }),
  scope('§7: a newcomer is to catch up, no vote of its own yet', changing, FOUR),
  scope(
    '§7: a newcomer is told that it is one, by an entry on its way to the disks',
    (stage) => {
      confirmed(stage);
      stage.hush(X4);
    },
    FOUR,
  ),
  scope(
    '§7: a newcomer has caught up, and the entry that names it is on its way to the other disks',
    (stage) => {
      confirmed(stage);
      stage.exchange([D, X4]);
      stage.hush(X4);
    },
    FOUR,
  ),
  scope(
    '§7: a joint configuration, half replicated',
    (stage) => {
      changing(stage);
      for (let turn = 0; turn < 4 && !isJoint(stage); turn++) {
        stage.exchange([A, B, C, D, X4], () => isJoint(stage));
        if (!isJoint(stage)) stage.tick(X4);
      }
      stage.carry(X4, A);
      stage.flush(A);
    },
    FOUR,
  ),
  scope(
    'R27: the removed scribe has not heard of it',
    (stage) => {
      changing(stage);
      for (let turn = 0; turn < 6 && !isFinal(stage); turn++) {
        stage.exchange([A, B, C, D, X4], () => isFinal(stage));
        if (!isFinal(stage)) stage.tick(X4);
      }
      stage.carry(X4, A, B);
      stage.flush(A);
      stage.lose(X4, C);
    },
    FOUR,
  ),
  scope(
    'R11: two of four scribes commit and three elect; a leader dies while both have its entry and one of them on its disk',
    (stage) => {
      stage.elect(X4, A, B, C);
      stage.exchange([A, B, C, D, X4]);
      stage.propose(X4);
      stage.carry(X4, A, B);
      stage.flush(A);
      stage.hush(A);
      stage.crash(X4);
    },
    { cast: { scribes: 4, workers: 1 }, quorums: { commit: 2, vote: 3 } },
  ),
  scope(
    'R11: one of three scribes commits and all elect, an entry half replicated',
    (stage) => {
      stage.elect(X, A, B, C);
      stage.exchange([A, B, C, X, Y]);
      stage.propose(X);
      stage.carry(X, A);
      stage.flush(A);
      stage.lose(X, B, C, Y);
    },
    { quorums: { commit: 1, vote: 3 } },
  ),
  scope(
    '§7: three scribes on the way from majorities to a commit by one and a vote by all, half replicated',
    (stage) => {
      stage.elect(X, A, B);
      stage.exchange([A, B, C, X, Y]);
      stage.change(X, { kind: 'quorums', quorums: { commit: 1, vote: 3 } });
      stage.carry(X, A);
      stage.flush(A);
    },
  ),
];

const FROM_THE_BEGINNING: Bounds = { ...MORE, covering: 'more' };

const crashOf = (crashing: 'scribe' | 'leader' | 'learner'): Scope => ({
  name: `two workers and three scribes from the beginning, a ${crashing} crashes`,
  cast: THREE,
  more: { ...FROM_THE_BEGINNING, crashes: 1, crashing },
});

/** From the beginning, to the end of what the bounds allow. */
export const CLOSED: readonly Scope[] = [
  {
    name: 'one worker and three scribes from the beginning',
    cast: { scribes: 3, workers: 1 },
    more: { ...FROM_THE_BEGINNING, ticks: 2 },
  },
  {
    name: 'one worker and three scribes from the beginning, one crash',
    cast: { scribes: 3, workers: 1 },
    more: { ...FROM_THE_BEGINNING, crashes: 1 },
  },
  { name: 'two workers and three scribes from the beginning', cast: THREE, more: FROM_THE_BEGINNING },
  crashOf('leader'),
];

/** As above, for minutes instead of seconds. Whatever comes of one crash comes of a crash of one of the three. */
export const CLOSED_IN_SOAK: readonly Scope[] = [
  { ...crashOf('scribe'), joined: true },
  { ...crashOf('learner'), joined: true },
];
