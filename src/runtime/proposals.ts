/**
 * Proposals of a leader from arrival to result: first gathered into forming batches, then in flight by index until they are
 * applied, superseded or abandoned. Every proposal is settled exactly once, and what it is told is true: *not executed* is
 * said only of what was never appended, or of what another entry was committed in place of (protocol §5).
 */
import { type Batch, type Index, lastIndex } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import { encodeBatch } from '../wire/batch.ts';
import { EntryWriter } from '../wire/entries.ts';
import { splitResults } from '../wire/results.ts';

export type Settlement =
  /** Applied: the results of this proposal's entries, as a results section. */
  | { readonly kind: 'applied'; readonly firstIndex: Index; readonly results: Uint8Array }
  | { readonly kind: 'failed'; readonly error: ScriptoriumError };

export interface Proposal {
  /** Entries in it. */
  readonly count: number;
  settle(settlement: Settlement): void;
}

export interface ProposalLimits {
  /** A forming batch is closed when it reaches this many bytes. */
  readonly maxBatchBytes: number;
  /** Bytes gathered and not yet appended, and again bytes of unanswered queries; above it either is refused as OVERLOADED. */
  readonly maxQueuedBytes: number;
}

interface Forming {
  readonly writer: EntryWriter;
  readonly proposals: Proposal[];
  readonly since: number;
}

interface InFlight {
  readonly batch: Batch;
  readonly proposals: readonly Proposal[];
  readonly sealedAt: number;
}

export class Proposals {
  readonly #limits: ProposalLimits;
  #forming: Forming[] = [];
  #queuedBytes = 0;
  /** In this worker's log, by index. */
  #uncommitted: InFlight[] = [];
  /** Cut from this worker's log and not yet decided. */
  #displaced: InFlight[] = [];
  /** Waiting for the state machine, by index. */
  #committed: InFlight[] = [];

  constructor(limits: ProposalLimits) {
    this.#limits = limits;
  }

  /** Batches appended and not yet known to be committed. */
  get uncommitted(): number {
    return this.#uncommitted.length;
  }

  /** Whether a batch waits to be sealed, and whether it is as large as it may get. */
  get waiting(): 'none' | 'some' | 'full' {
    const first = this.#forming[0];
    if (first === undefined) return 'none';
    return this.#forming.length > 1 || first.writer.byteLength >= this.#limits.maxBatchBytes ? 'full' : 'some';
  }

  /** Take a proposal in; `write` copies its `proposal.count` entries into the writer. */
  add(proposal: Proposal, bytes: number, now: number, write: (writer: EntryWriter) => void): void {
    if (this.#queuedBytes + bytes > this.#limits.maxQueuedBytes) {
      const queued = `${this.#queuedBytes} bytes are queued, the bound is ${this.#limits.maxQueuedBytes}; slow down and retry`;
      proposal.settle({ kind: 'failed', error: new ScriptoriumError('OVERLOADED', queued) });
      return;
    }
    let forming = this.#forming.at(-1);
    const fits = forming !== undefined && forming.writer.byteLength + bytes <= this.#limits.maxBatchBytes;
    if (forming === undefined || !fits) {
      forming = { writer: new EntryWriter(), proposals: [], since: now };
      this.#forming.push(forming);
    }
    write(forming.writer);
    forming.proposals.push(proposal);
    this.#queuedBytes += bytes;
  }

  /** Close the oldest forming batch and number it; it is in flight from now on. */
  seal(term: number, firstIndex: Index, timestampMillis: number, now: number): { batch: Batch; queuedSince: number } {
    const { writer, proposals, since } = this.#forming.shift() as Forming;
    const { count, section } = writer.take();
    this.#queuedBytes -= section.length;
    const batch = encodeBatch({ kind: 'command', term, firstIndex, timestampMillis, count, body: section });
    this.#uncommitted.push({ batch, proposals, sealedAt: now });
    return { batch, queuedSince: since };
  }

  /**
   * Our batches from `from` on lost their place in this worker's log. That alone proves nothing: a later leader may still
   * bring them back, so they wait for what is committed in their place.
   */
  truncated(from: Index): void {
    this.#displaced.push(...this.#uncommitted.filter(({ batch }) => batch.firstIndex >= from));
    this.#uncommitted = this.#uncommitted.filter(({ batch }) => batch.firstIndex < from);
  }

  /**
   * A batch was committed; returns when it was sealed if it is one of ours. Ours whose place it took never take effect, nor do
   * ours of an older term beyond it: terms never fall along the log. Without that a client alone would wait for a next write
   * that only it could make.
   */
  committed(batch: Batch): number | null {
    const last = lastIndex(batch);
    let found: InFlight | null = null;
    const decide = (entry: InFlight): boolean => {
      if (entry.batch.firstIndex > last && entry.batch.term >= batch.term) return true;
      if (isSame(entry.batch, batch)) found = entry;
      else fail(entry.proposals, superseded(entry.batch.firstIndex));
      return false;
    };
    if ((this.#uncommitted[0]?.batch.firstIndex ?? Number.POSITIVE_INFINITY) <= last) {
      this.#uncommitted = this.#uncommitted.filter(decide);
    }
    if (this.#displaced.length > 0) this.#displaced = this.#displaced.filter(decide);
    if (found === null) return null;
    this.#committed.push(found);
    return (found as InFlight).sealedAt;
  }

  /** The state machine's results for a committed batch. */
  applied(batch: Batch, results: Uint8Array): void {
    const entry = this.#committed[0];
    if (entry === undefined || !isSame(entry.batch, batch)) return;
    this.#committed.shift();
    let firstIndex = batch.firstIndex;
    const parts = splitResults(results, entry.proposals);
    for (const [position, proposal] of entry.proposals.entries()) {
      proposal.settle({ kind: 'applied', firstIndex, results: parts[position] as Uint8Array });
      firstIndex += proposal.count;
    }
  }

  /** What was never appended is refused with `error`: not executed. */
  refuseForming(error: () => ScriptoriumError): void {
    const forming = this.#forming;
    this.#forming = []; // first: whoever is refused may propose again at once
    this.#queuedBytes = 0;
    for (const { proposals } of forming) fail(proposals, error());
  }

  /** The state machine or the process goes: what was appended may or may not take effect. */
  abandon(error: () => ScriptoriumError): void {
    this.refuseForming(() => new ScriptoriumError('NOT_LEADER', 'this worker stopped before it appended the command'));
    for (const { proposals } of [...this.#committed, ...this.#uncommitted, ...this.#displaced])
      fail(proposals, error());
    this.#committed = [];
    this.#uncommitted = [];
    this.#displaced = [];
  }
}

/** The same entries for ever, also when they were read back from a scribe. */
const isSame = (left: Batch, right: Batch): boolean => left.firstIndex === right.firstIndex && left.term === right.term;

const superseded = (index: Index): ScriptoriumError =>
  new ScriptoriumError('SUPERSEDED', `index ${index} was given to another entry by a newer leader; propose again`);

function fail(proposals: readonly Proposal[], error: ScriptoriumError): void {
  for (const proposal of proposals) proposal.settle({ kind: 'failed', error });
}
