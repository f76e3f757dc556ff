/** Known bugs that the model must find: which, from where, and by which promise. */
export interface FoundByModel {
  /** How the mutant's name begins. */
  readonly mutant: string;
  readonly scope: string;
  readonly invariant: string;
}

const NO_OP_UNDER_WAY = 'a leader whose no-op is on its way to everybody';

export const FOUND_BY_MODEL: readonly FoundByModel[] = [
  {
    mutant: 'no no-op rule',
    scope: 'R11: figure 8 of the Raft paper, before the old entry is copied on',
    invariant: 'applied-not-chosen',
  },
  { mutant: 'the leader counts itself', scope: NO_OP_UNDER_WAY, invariant: 'applied-not-chosen' },
  { mutant: 'acknowledge before fsync', scope: NO_OP_UNDER_WAY, invariant: 'acknowledged-before-durable' },
  { mutant: 'apply to the tail', scope: NO_OP_UNDER_WAY, invariant: 'applied-not-chosen' },
  { mutant: 'a scribe shows a tail that is not durable', scope: NO_OP_UNDER_WAY, invariant: 'tail-not-durable' },
  {
    mutant: 'acknowledge after vote',
    scope: 'R4: a vote is asked for while a write is on its way to the disk',
    invariant: 'acknowledged-after-vote',
  },
  {
    mutant: 'term and vote are said before they are durable',
    scope: 'one worker and three scribes from the beginning',
    invariant: 'said-before-durable',
  },
  {
    mutant: 'a disk that went back in time goes on counting',
    scope: 'S40: a disk went back in time, and its leader has found out',
    invariant: 'applied-not-chosen',
  },
  {
    mutant: 'who only catches up counts at once',
    scope: '§7: a newcomer has caught up, and the entry that names it is on its way to the other disks',
    invariant: 'applied-not-chosen',
  },
  {
    mutant: 'a worker leads when a commit quorum votes for it',
    scope: 'R11: one of three scribes commits and all elect, an entry half replicated',
    invariant: 'leader-without-votes',
  },
];
