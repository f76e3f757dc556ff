/**
 * The parts of a scribe's log that its disk cannot read back (R29), and how it gets them again: the batch that stood there is
 * asked of one peer scribe after another by index and term, and handed to the journal, which compares it with what it knows of
 * the lost one. A part counts as damaged until its repair is durable. One read at a time: memory stays bounded. Never
 * changes what the log says of index and term, so a vote depends on none of this.
 */
import type { DurableLog } from './durable-log.ts';
import type { ScribeOptions, Send } from './effects.ts';
import type { PeerKey, ReadReply } from './messages.ts';
import { type Batch, type Index, lastIndex } from './types.ts';

const CHUNK_BYTES = 128 * 1024;
/** Apart from the numbers of other reads from the same peer (R16). */
const FIRST_REQUEST = 2 ** 32;

interface Range {
  readonly from: Index;
  readonly to: Index;
}

interface Task {
  readonly range: Range;
  readonly peer: PeerKey;
  /** The read under way; null: not sent yet, or answered. */
  request: number | null;
  /** Nothing is sent any more, only waited: for the disk, or before the next peer is asked. */
  answered: boolean;
  /** When the next peer is asked. */
  deadline: number;
  /** Every peer has been asked for every part then: it is no use to begin anew at once. */
  readonly isLast: boolean;
}

export class ScribeRepair {
  readonly #log: DurableLog;
  readonly #patienceMillis: number;
  /** Ascending, apart from each other. */
  #damaged: Range[] = [];
  #task: Task | null = null;
  /** Attempts that brought nothing: each moves on to the next peer, and past the last one to the next part. */
  #failures = 0;
  #nextRequest = FIRST_REQUEST;

  constructor(log: DurableLog, options: ScribeOptions) {
    this.#log = log;
    this.#patienceMillis = options.electionTimeoutMinMillis;
  }

  get wakeAt(): number {
    return this.#task?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** First index of each damaged part, and its last. */
  get damaged(): readonly Range[] {
    return this.#damaged;
  }

  /** The first damaged index in `[from, to]`, or null. */
  firstIn(from: Index, to: Index): Index | null {
    const range = this.#damaged.find((each) => each.to >= from);
    return range === undefined || range.from > to ? null : Math.max(range.from, from);
  }

  /** A part that is no part of the log any more is none: word of it may come when it has been cut off. */
  damage(from: Index, to: Index): void {
    const range = { from: Math.max(from, this.#log.terms.base.index + 1), to: Math.min(to, this.#log.tail.index) };
    if (range.from > range.to) return;
    this.#remove(range.from, range.to);
    this.#damaged.push(range);
    this.#damaged.sort((left, right) => left.from - right.from);
  }

  /** The journal has these entries again, durably. */
  repaired(from: Index, to: Index): void {
    this.#remove(from, to);
    if (this.#task !== null && !this.#damaged.includes(this.#task.range)) this.#task = null;
  }

  /** What is cut off needs no repair. */
  truncated(from: Index): void {
    this.repaired(from, Number.POSITIVE_INFINITY);
  }

  /** A fresh link to the peer that is asked: what was asked over the old one is lost. */
  linkUp(peer: PeerKey): void {
    if (this.#task?.peer === peer) this.#task.request = null;
  }

  /** Batches for the journal to put in the place of damaged ones. */
  receive(from: PeerKey, reply: ReadReply, now: number): readonly Batch[] {
    const task = this.#task;
    if (task === null || task.peer !== from || task.request !== reply.request) return [];
    const batches = reply.batches[0]?.firstIndex === task.range.from ? reply.batches : [];
    const found = batches.filter(
      (batch) => lastIndex(batch) <= task.range.to && this.#log.terms.termAt(batch.firstIndex) === batch.term,
    );
    task.request = null;
    task.answered = true;
    task.deadline = found.length === 0 && !task.isLast ? now : now + this.#patienceMillis;
    return found;
  }

  /** Of batches of the leader's log, those that this disk cannot read back: they need not be asked of a peer. */
  offered(batches: readonly Batch[]): readonly Batch[] {
    if (this.#damaged.length === 0) return [];
    return batches.filter(
      (batch) =>
        this.firstIn(batch.firstIndex, lastIndex(batch)) !== null &&
        this.#log.terms.termAt(batch.firstIndex) === batch.term,
    );
  }

  /** What to send now; `peers` are the other scribes. */
  poll(now: number, peers: readonly PeerKey[]): readonly Send[] {
    if (this.#task !== null && now >= this.#task.deadline) {
      this.#task = null;
      this.#failures++;
    }
    if (this.#task === null && this.#damaged.length > 0 && peers.length > 0) {
      // One part that nobody can give must not keep the others from being asked for.
      const range = this.#damaged[Math.floor(this.#failures / peers.length) % this.#damaged.length] as Range;
      const peer = peers[this.#failures % peers.length] as PeerKey;
      const isLast = (this.#failures + 1) % (peers.length * this.#damaged.length) === 0;
      this.#task = { range, peer, request: null, answered: false, deadline: now + this.#patienceMillis, isLast };
    }
    const task = this.#task;
    if (task === null || task.answered || task.request !== null) return [];
    task.request = this.#nextRequest++;
    const { terms } = this.#log;
    const prev = terms.idAt(Math.max(task.range.from - 1, terms.base.index));
    const asOf = terms.idAt(task.range.to);
    return [{ to: task.peer, message: { kind: 'read', request: task.request, prev, asOf, maxBytes: CHUNK_BYTES } }];
  }

  #remove(from: Index, to: Index): void {
    this.#damaged = this.#damaged.flatMap((range) => {
      if (range.to < from || range.from > to) return [range];
      const left = { from: range.from, to: from - 1 };
      const right = { from: to + 1, to: range.to };
      return [left, right].filter((rest) => rest.from <= rest.to);
    });
  }
}
