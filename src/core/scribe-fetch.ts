/**
 * A scribe that lags below the leader's window reads the missing batches from a peer scribe (R16). The peer must hold
 * exactly the entry the leader named, which by Log Matching makes its prefix the leader's. One chunk at a time, the next
 * one when the last is durable: memory stays bounded and the peer's disk is not flooded.
 */
import type { DurableLog } from './durable-log.ts';
import type { ScribeOptions, Send } from './effects.ts';
import { type Fetch, type PeerKey, type ReadReply, scribeKey } from './messages.ts';
import { type Batch, type EntryId, lastIndex, sameId } from './types.ts';

/** So small that a leader's appends, on this link or on this disk, do not wait long behind one: writes go on meanwhile. */
const CHUNK_BYTES = 128 * 1024;

interface Task {
  readonly source: PeerKey;
  readonly upTo: EntryId;
  prev: EntryId;
  /** Request number under way, or null when the next one may be sent. */
  request: number | null;
  /** When to give the whole task up; the leader names another source. */
  deadline: number;
}

export class ScribeFetch {
  readonly #log: DurableLog;
  readonly #patienceMillis: number;
  #task: Task | null = null;
  #nextRequest = 1;

  constructor(log: DurableLog, options: ScribeOptions) {
    this.#log = log;
    this.#patienceMillis = options.electionTimeoutMinMillis;
  }

  get wakeAt(): number {
    return this.#task?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** The leader asks; asking again for what is under way changes nothing. */
  start({ source, upTo }: Fetch, now: number): void {
    const key = scribeKey(source);
    if (this.#task?.source === key && this.#task.upTo.index === upTo.index) return;
    const prev = this.#log.terms.hintFor(upTo);
    this.#task = { source: key, upTo, prev, request: null, deadline: now + this.#patienceMillis };
  }

  stop(): void {
    this.#task = null;
  }

  /** A fresh link to the source: whatever was asked over the old one is lost. */
  linkUp(peer: PeerKey): void {
    if (this.#task?.source === peer) this.#task.request = null;
  }

  /** Batches of the leader's log and what they follow, or null when there is nothing to store. */
  receive(from: PeerKey, reply: ReadReply, now: number): { prev: EntryId; batches: readonly Batch[] } | null {
    const task = this.#task;
    if (task === null || task.source !== from || task.request !== reply.request) return null;
    task.request = null;
    task.deadline = now + this.#patienceMillis;
    if (reply.outcome === 'conflict') return this.#stepBack(task, reply.hint);
    const batches = reply.batches.filter((batch) => lastIndex(batch) <= task.upTo.index);
    const first = batches[0];
    if (reply.outcome !== 'entries' || first === undefined || first.firstIndex !== task.prev.index + 1) {
      this.#task = null;
      return null;
    }
    const last = batches[batches.length - 1] as Batch;
    const { prev } = task;
    task.prev = { index: lastIndex(last), term: last.term };
    return { prev, batches };
  }

  /** What to send now. */
  poll(now: number, drained: boolean): readonly Send[] {
    const task = this.#task;
    if (task === null) return [];
    if (now >= task.deadline || sameId(task.prev, task.upTo)) {
      this.#task = null;
      return [];
    }
    if (task.request !== null || !drained) return [];
    task.request = this.#nextRequest++;
    const { source, prev, upTo, request } = task;
    return [{ to: source, message: { kind: 'read', request, prev, asOf: upTo, maxBytes: CHUNK_BYTES } }];
  }

  #stepBack(task: Task, hint: EntryId): null {
    const prev = this.#log.terms.hintFor(hint);
    if (prev.index < task.prev.index) task.prev = prev;
    else this.#task = null; // no way further back: the peer answers nonsense
    return null;
  }
}
