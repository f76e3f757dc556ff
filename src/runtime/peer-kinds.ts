/** Which role may say what to which (N08): a frame that is valid but comes from the wrong side is a violation. */
import type { Message } from '../core/messages.ts';

export type PeerRole = 'scribe' | 'worker';
type Kinds = ReadonlySet<Message['kind']>;

const MAY_RECEIVE: Record<PeerRole, Record<PeerRole, Kinds>> = {
  scribe: {
    worker: new Set(['probe', 'vote', 'transferVote', 'append', 'read', 'fetch', 'configurationNotice']),
    scribe: new Set(['read', 'readReply']),
  },
  worker: {
    scribe: new Set(['probeReply', 'voteReply', 'appendReply', 'readReply', 'leaderNotice', 'leaderGone']),
    worker: new Set([
      'append',
      'appendReply',
      'fetch',
      'configurationNotice',
      'takeOver',
      'follow',
      'leaderNotice',
      'indexRequest',
      'indexReply',
    ]),
  },
};

/** What a `receiver` takes from a `sender`. */
export const kindsBetween = (sender: PeerRole, receiver: PeerRole): Kinds => MAY_RECEIVE[receiver][sender];
