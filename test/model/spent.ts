/**
 * Letters that can do nothing any more, whatever happens: they are forgotten, so that states which differ in them alone are one.
 * Each rule rests on something in the hearer (or, of a question, in the asker) that never goes back; `reductions.test.ts` compares
 * searches with and without.
 */
import type { Part } from './bodies.ts';
import type { Letter } from './letters.ts';
import type { ScribePart } from './scribe-part.ts';
import { keyOfWorker, type WorkerPart } from './worker-part.ts';

/** Whether `letter` can do nothing to the hearer, now or later. */
export const isSpent = (hearer: Part, letter: Letter): boolean =>
  hearer.kind === 'scribe' ? isSpentAtScribe(hearer, letter) : isSpentAtWorker(hearer, letter);

const isSpentAtScribe = ({ gone }: ScribePart, { from, content }: Letter): boolean =>
  gone.has(from) || content.kind === 'up';

function isSpentAtWorker(part: WorkerPart, { from, to, content }: Letter): boolean {
  if (part.gone.has(from)) return true;
  if (content.kind === 'down') return false;
  if (content.kind === 'up') return (part.linked.get(from.slice(7, 9)) ?? -1) >= content.generation;
  if (to !== keyOfWorker(part)) return true; // no incarnation comes back
  const { message } = content;
  const { _state: state, _leadership: leadership, _following: following } = part.machine;
  switch (message.kind) {
    case 'readReply':
      return !isAwaited(part, message.request);
    case 'probeReply':
      return !isProbing(part, message.round) && (message.leader === null || !message.leaderLive);
    case 'voteReply':
      return message.requestTerm <= termsBehind(part);
    case 'appendReply': {
      if (message.incarnation !== part.incarnation) return true;
      return leadership === null ? message.term <= termsBehind(part) : message.term < state.term;
    }
    case 'append':
    case 'fetch':
      return message.term < following._term;
    default:
      return false;
  }
}

/** Whether nobody waits for what may come of this any more: a question's answers are spent, and it does nothing else. */
export function isMoot(asker: Part, { from, content }: Letter): boolean {
  if (asker.kind === 'scribe' || content.kind !== 'message' || content.message.kind !== 'read') return false;
  return from !== keyOfWorker(asker) || !isAwaited(asker, content.message.request);
}

/** No term up to this one will be asked votes for, or led in, any more, but for one led in now. */
function termsBehind({ machine: { _election: election, term } }: WorkerPart): number {
  return election?._phase === 'voting' ? Math.min(term, election._term - 1) : term;
}

/** Requests are numbered upwards. */
function isAwaited({ machine: { _state, _election, _following } }: WorkerPart, request: number): boolean {
  if (request > _state._requests) return true;
  const pieces = [_election?._catchUp, _following._catchUp].flatMap((catchUp) => catchUp?._pieces ?? []);
  return pieces.some(({ number, answer }) => number === request && answer === null);
}

function isProbing({ machine: { _state, _election, _leadership } }: WorkerPart, round: number): boolean {
  const isHeard = _election !== null && _election._phase !== 'voting' && _election._round === round;
  if (round > _state._requests || isHeard) return true;
  return [...(_leadership?._disks._asked.values() ?? [])].some((asked) => asked.round === round);
}
