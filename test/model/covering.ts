/**
 * What need not be seen to happen, because whatever comes of it comes of something else as well:
 * - Whether a leader that was heard and is linked counts as live is open at every moment: it may have been silent for an election
 *   timeout, and another heartbeat may have come. So a scribe at rest is kept as one that has just heard it, and hears each letter
 *   both ways.
 * - A request for votes that would wait for the disk arrives later, and so does one whose refusal would: then the same is
 *   decided, with no less said by then.
 * - That a process is gone is not taken in: it may as well be slow. A scribe whose leader that is tells everybody, that is all.
 * - A worker is linked to every process of the others from the start, and only a leader hears that a scribe has started again:
 *   to anybody else a new link means to say again what has been said.
 * - Reading the log takes no time, as long as no log is ever cut, which is checked: what is read is the same later.
 */
import type { Letter } from './letters.ts';
import { lapse, readDone, receive, type ScribePart } from './scribe-part.ts';
import type { Setting } from './setting.ts';
import { copy } from './snapshot.ts';
import { receiveAtWorker, type WorkerPart } from './worker-part.ts';

/** Everything that a letter can make of a scribe. */
export function receiveCovering(setting: Setting, slot: number, part: ScribePart, letter: Letter): ScribePart[] {
  const isMore = setting.bounds.covering === 'more';
  if (isMore && letter.content.kind === 'down')
    return part.machine._heard._leader?.key === letter.from ? [tellGone(setting, slot, part, letter)] : [];
  return [part, lapse(setting, slot, part)].flatMap((before) => {
    const after = before === null ? null : receive(setting, slot, before, letter);
    if (before === null || after === null || comesLater(before, after)) return [];
    return [live((isMore ? readDone(setting, slot, after) : null) ?? after)];
  });
}

function tellGone(setting: Setting, slot: number, part: ScribePart, letter: Letter): ScribePart {
  const same = copy(part);
  same.sent.push(...(receive(setting, slot, part, letter)?.sent ?? []));
  return same;
}

/** What a letter makes of a worker. */
export function receiveAtWorkerCovering(setting: Setting, part: WorkerPart, letter: Letter): WorkerPart | null {
  const { content, from } = letter;
  const isIdle = content.kind === 'up' && (from.startsWith('worker:') || part.machine._leadership === null);
  return content.kind === 'down' || isIdle ? null : receiveAtWorker(setting, part, letter);
}

/** A request for votes waits, or its refusal does. */
function comesLater(
  { machine: before, pending }: ScribePart,
  { machine: after, pending: more, sent }: ScribePart,
): boolean {
  if (after._waitingVotes.length > before._waitingVotes.length) return true;
  const held = after._hardState._held.slice(before._hardState._held.length);
  const isRefusal = held.every(({ send: { message } }) => message.kind === 'voteReply' && message.reason !== 'granted');
  return held.length > 0 && isRefusal && sent.length === 0 && more.length === pending.length;
}

/** As if its leader had just been heard. */
export function live(part: ScribePart): ScribePart {
  const leader = part.machine._heard._leader;
  if (leader?.linked === true) leader.heardAt = part.now;
  return part;
}
