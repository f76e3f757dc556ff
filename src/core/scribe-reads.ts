/**
 * A scribe as donor: out-of-band reads of its durable log for workers that catch up and scribes that lag (R6, R16). Never
 * serves an entry that is not durable, never one that does not follow what the reader named. Of entries that are here and cannot
 * be read it says just that, never that there are none (R29).
 */
import type { DurableLog } from './durable-log.ts';
import type { ReadLog, Send } from './effects.ts';
import { MAX_CATCH_UP_READS } from './limits.ts';
import type { PeerKey, Read, ReadReply } from './messages.ts';
import type { ScribeRepair } from './scribe-repair.ts';
import { type Batch, type EntryId, ORIGIN } from './types.ts';

/** Nobody gets more than this at once, whatever was asked for: a frame holds it with one batch to spare. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

interface Pending {
  readonly to: PeerKey;
  readonly read: Read;
  readonly truncations: number;
}

export class ScribeReads {
  readonly #log: DurableLog;
  readonly #repair: ScribeRepair;
  readonly #pending = new Map<number, Pending>();
  #nextToken = 1;

  constructor(log: DurableLog, repair: ScribeRepair) {
    this.#log = log;
    this.#repair = repair;
  }

  /** Either an answer at once or a read of the journal to be answered by `answer`. */
  request(to: PeerKey, read: Read, commit: EntryId): { send: Send | null; read: ReadLog | null } {
    const now = (outcome: ReadReply['outcome'], hint: EntryId = ORIGIN) => ({
      send: { to, message: reply(read, outcome, [], hint, commit) },
      read: null,
    });
    const { terms, durableTail } = this.#log;
    if (read.prev.index < terms.base.index) return now('gone', terms.base);
    if (read.asOf !== null && !this.#holdsDurably(read.asOf)) return now('unable');
    if (!this.#holdsDurably(read.prev)) {
      return now('conflict', terms.hintFor({ ...read.prev, index: Math.min(read.prev.index, durableTail.index) }));
    }
    const last = Math.min(durableTail.index, read.asOf?.index ?? durableTail.index);
    if (read.prev.index >= last) return now('entries');
    const damaged = this.#repair.firstIn(read.prev.index + 1, last);
    if (damaged === read.prev.index + 1) return now('unknown');
    if (this.#countFor(to) >= MAX_CATCH_UP_READS) return now('unable');
    const token = this.#nextToken++;
    this.#pending.set(token, { to, read, truncations: this.#log.truncations });
    const maxBytes = Math.min(read.maxBytes, MAX_READ_BYTES);
    return {
      send: null,
      read: { token, from: read.prev.index + 1, to: damaged === null ? last : damaged - 1, maxBytes },
    };
  }

  /** The journal's answer; a log that was truncated meanwhile vouches for nothing. */
  answer(token: number, batches: readonly Batch[], commit: EntryId): readonly Send[] {
    const pending = this.#pending.get(token);
    if (pending === undefined) return [];
    this.#pending.delete(token);
    const sound = batches.length > 0 && pending.truncations === this.#log.truncations;
    const message = reply(pending.read, sound ? 'entries' : 'unable', sound ? batches : [], ORIGIN, commit);
    return [{ to: pending.to, message }];
  }

  forget(peer: PeerKey): void {
    for (const [token, pending] of this.#pending) if (pending.to === peer) this.#pending.delete(token);
  }

  #holdsDurably(id: EntryId): boolean {
    return id.index <= this.#log.durableTail.index && this.#log.terms.holds(id);
  }

  #countFor(peer: PeerKey): number {
    let count = 0;
    for (const pending of this.#pending.values()) if (pending.to === peer) count++;
    return count;
  }
}

const reply = (
  read: Read,
  outcome: ReadReply['outcome'],
  batches: readonly Batch[],
  hint: EntryId,
  commit: EntryId,
): ReadReply => ({ kind: 'readReply', request: read.request, outcome, batches, hint, commit });
