/**
 * Reading from scribes what this worker's log lacks, out of band (§2.3, R6), until the log holds exactly `target`. What is
 * short comes from one donor in one read. Where more is missing, several reads are under way at once, from several donors:
 * stripes, each after an entry that lies ahead, joined in order. A donor that closes its link, is silent or answers badly is
 * given up, and the others go on from where it stopped.
 *
 * A stripe must name the entry it follows, and of one that lies ahead only the index is known. Its term is guessed; a wrong
 * guess costs an exchange, since the donor's hint says the right one (R18). Keeps: no more than `MAX_CATCH_UP_READS` reads are
 * under way, and as many wait to be joined; the log never steps back below what is committed or accepted here, nor what was read.
 */
import { MAX_CATCH_UP_READS } from './limits.ts';
import type { PeerKey, ReadReply } from './messages.ts';
import { endOf, following, isSound, type Piece } from './pieces.ts';
import { type Batch, type EntryId, type Index, ORIGIN, sameId, type Term } from './types.ts';
import type { WorkerState } from './worker-state.ts';

/** What even a donor on a very slow way is asked for at a time. */
const LEAST_READ_BYTES = 16 * 1024;
/** How slowly it is forgotten that a read held few entries, or had to be small: a stripe that ends before the next one begins costs another read. */
const MEMORY = 16;
/** A guess, a better one, and what the donor said itself. */
const MAX_TRIES = 3;

/** `failed`: no donor is left that could go on. What was read stays. */
export type CatchUpResult = 'going' | 'done' | 'failed';

/** A scribe, and an entry on the way to the target that it is known to hold: so far it is asked. */
export interface Donor {
  readonly key: PeerKey;
  readonly asOf: EntryId;
}

interface Reading {
  readonly asOf: EntryId;
  /** It has said that it cannot read what follows these (R29). */
  readonly unread: Set<Index>;
}

export class CatchUp {
  readonly #state: WorkerState;
  #target: EntryId = ORIGIN;
  /** Those that have not been given up, the preferred one first. */
  readonly #donors = new Map<PeerKey, Reading>();
  /** By the index they follow; the first one follows the end of the log. */
  #pieces: Piece[] = [];
  /** Where what was read ends; 0 before anything was. */
  #read: Index = 0;
  /** How many entries a whole read held of late, at least; 0 before any did. */
  #entriesPerRead = 0;
  /** What a stripe's term is guessed to be; too high is better than too low, for the hint is then exact. */
  #term: Term = 0;

  constructor(state: WorkerState) {
    this.#state = state;
  }

  get target(): EntryId {
    return this.#target;
  }

  /** When the next donor that does not answer is given up. */
  get wakeAt(): number {
    const patience = this.#patience;
    return this.#underWay().reduce((at, { heardAt }) => Math.min(at, heardAt + patience), Number.POSITIVE_INFINITY);
  }

  /** Donors that have the entry that the log needs next and cannot read it (R29). */
  get unreadable(): readonly PeerKey[] {
    const { index } = this.#state.log.tail;
    return [...this.#donors].filter(([, { unread }]) => unread.has(index)).map(([key]) => key);
  }

  /** Go on, or begin: these hold entries up to `target`, which is not below the one before. Who was given up gets another chance. */
  name(target: EntryId, donors: readonly Donor[]): CatchUpResult {
    if (target.index > this.#target.index) {
      this.#target = target;
      this.#term = target.term;
    }
    for (const { key, asOf } of donors) this.#donors.set(key, { asOf, unread: new Set() });
    return this.#goOn();
  }

  receive(from: PeerKey, reply: ReadReply): CatchUpResult {
    const piece = this.#underWay(from).find(({ number }) => number === reply.request);
    if (piece === undefined) return 'going';
    for (const other of this.#underWay(from)) other.heardAt = this.#state.now; // they come one behind the other
    if (reply.outcome === 'conflict') this.#parts(piece, reply.hint);
    else if (reply.outcome === 'unknown') this.#cannotRead(piece);
    else if (reply.outcome === 'entries' && isSound(piece, reply.batches)) this.#keep(piece, reply);
    else this.#giveUp(from);
    return this.#goOn();
  }

  tick(): CatchUpResult {
    const silentSince = this.#state.now - this.#patience;
    const silent = this.#underWay().filter(({ heardAt }) => heardAt <= silentSince);
    for (const { donor } of silent) this.#giveUp(donor);
    // Whoever could not send so much in time may send less.
    const less = Math.max(LEAST_READ_BYTES, Math.floor(this.#readBytes / 2));
    if (silent.length > 0) this.#state.readBytes = Math.min(this.#readBytes, less);
    return this.#goOn();
  }

  linkDown(from: PeerKey): CatchUpResult {
    this.#giveUp(from);
    return this.#goOn();
  }

  /** What was asked over an older link is lost. */
  linkUp(from: PeerKey): CatchUpResult {
    this.#forgetReadsOf(from);
    return this.#goOn();
  }

  /** The state machine has moved on: ask again if reading had paused for it. */
  resume(): CatchUpResult {
    return this.#goOn();
  }

  /** How long a donor may be silent. Reads that share a way take as many times longer: where one comes in time, so do all. */
  get #patience(): number {
    return this.#underWay().length * this.#state.options.electionTimeoutMinMillis;
  }

  #cannotRead(piece: Piece): void {
    this.#donors.get(piece.donor)?.unread.add(piece.prev.index);
    this.#drop(piece);
  }

  #keep(piece: Piece, { batches, commit }: ReadReply): void {
    piece.answer = { batches, commit };
    const { index } = endOf(batches.at(-1) as Batch);
    if (piece.maxBytes < this.#readBytes || index >= piece.asOf.index) return; // it was not to be a whole one
    const { maxAppendBytes } = this.#state.options;
    this.#state.readBytes = Math.min(maxAppendBytes, Math.ceil(this.#readBytes * (1 + 1 / MEMORY)));
    const entries = index - piece.prev.index;
    const before = this.#entriesPerRead;
    this.#entriesPerRead = before === 0 || entries < before ? entries : before + (entries - before) / MEMORY;
  }

  #goOn(): CatchUpResult {
    this.#join();
    const { log } = this.#state;
    if (this.#target.index < log.base.index || log.terms.holds(this.#target)) return 'done';
    if (this.#isPaused) return 'going';
    this.#askForGaps();
    this.#askAhead();
    return this.#underWay().length > 0 ? 'going' : 'failed';
  }

  /** Pausing helps only while there is something to apply; an uncommitted backlog must be read whole to be led. */
  get #isPaused(): boolean {
    return this.#state.congested && this.#state.applied < this.#state.commit;
  }

  /** Append what follows the log's end. What does not, because the log has moved since, is worthless. */
  #join(): void {
    const { log } = this.#state;
    for (;;) {
      const [head] = this.#pieces;
      if (head === undefined || head.answer === null || head.prev.index > log.tail.index) return;
      this.#pieces.shift();
      const { batches, commit } = head.answer;
      const fresh = following(log.tail, head.prev, batches);
      // It says that our tail is its own, and cuts its batches elsewhere.
      if (fresh === null && sameId(head.prev, log.tail)) this.#giveUp(head.donor);
      if (fresh === null || fresh.length === 0) continue;
      for (const batch of fresh) this.#state.append(batch);
      this.#read = log.tail.index;
      // The donor's log holds its hint and has just been seen to hold our tail: up to there they are the same (R17).
      this.#state.advanceCommitWith(commit);
    }
  }

  /** What is known to be missing: after the log's end, and after each piece that waits, up to the next one. */
  #askForGaps(): void {
    let end: EntryId | null = this.#state.log.tail;
    for (const piece of [...this.#pieces]) {
      if (end !== null && end.index < piece.prev.index) this.#ask(end, piece.prev.index);
      end = piece.answer === null ? null : endOf(piece.answer.batches.at(-1) as Batch);
    }
    if (end !== null) this.#ask(end, Number.POSITIVE_INFINITY);
  }

  /** Stripes, as soon as it is known that the next read will not hold all that is missing. */
  #askAhead(): void {
    const stride = Math.floor(this.#entriesPerRead);
    if (stride === 0 || this.#state.congested) return;
    let last = this.#pieces.at(-1);
    while (last !== undefined && this.#target.index - last.prev.index > stride)
      last = this.#ask({ index: last.prev.index + stride, term: this.#term }, Number.POSITIVE_INFINITY);
  }

  get #readBytes(): number {
    return this.#state.readBytes;
  }

  /** Read what follows `prev`, as far as `before`, from the donor that has least to do; undefined if there is no room or nobody. */
  #ask(prev: EntryId, before: Index): Piece | undefined {
    const hasRoom = this.#underWay().length < MAX_CATCH_UP_READS && this.#pieces.length < 2 * MAX_CATCH_UP_READS;
    if (!hasRoom) return undefined;
    const donor = this.#idlest(prev);
    if (donor === undefined) return undefined;
    const { asOf } = this.#donors.get(donor) as Reading;
    const share = Math.min(1, (before - prev.index) / Math.max(1, this.#entriesPerRead));
    const maxBytes = Math.ceil(share * this.#readBytes);
    const piece: Piece = { donor, asOf, maxBytes, prev, number: 0, heardAt: 0, tries: 0, answer: null };
    const at = this.#pieces.findIndex((other) => other.prev.index > prev.index);
    this.#pieces.splice(at < 0 ? this.#pieces.length : at, 0, piece);
    this.#send(piece);
    return piece;
  }

  /** Of those that can tell what follows `prev`, or that it is not theirs, the first with the least to do. */
  #idlest(prev: EntryId): PeerKey | undefined {
    let [best, least]: [PeerKey | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
    for (const [key, { asOf, unread }] of this.#donors) {
      const canTell = (asOf.index > prev.index || asOf.term > prev.term) && !unread.has(prev.index);
      const load = this.#underWay(key).length;
      if (canTell && load < least && this.#state.linked(key)) [best, least] = [key, load];
    }
    return best;
  }

  #send(piece: Piece): void {
    piece.number = this.#state.nextRequest();
    piece.heardAt = this.#state.now;
    const { donor, number: request, prev, asOf, maxBytes } = piece;
    this.#state.send(donor, { kind: 'read', request, prev, asOf, maxBytes });
  }

  /** The donor has another entry than `prev`. */
  #parts(piece: Piece, hint: EntryId): void {
    const { tail } = this.#state.log;
    if (piece.prev.index > tail.index) this.#guessAgain(piece, hint);
    else if (sameId(piece.prev, tail)) this.#stepBack(piece, hint);
    else this.#drop(piece); // the log has moved since: a conflict would cut what came meanwhile
  }

  /** A term guessed too high is answered with the right one, one too low with the end of that term. */
  #guessAgain(piece: Piece, hint: EntryId): void {
    this.#term = hint.index === piece.prev.index ? hint.term : this.#target.term;
    piece.prev = { index: piece.prev.index, term: this.#term };
    if (++piece.tries < MAX_TRIES) this.#send(piece);
    else this.#giveUp(piece.donor);
  }

  #stepBack({ donor, prev }: Piece, hint: EntryId): void {
    const { log, commit, accepted } = this.#state;
    const common = log.hintFor(hint);
    // All donors are on the way to one entry: none can have another in the place of what was read.
    if (common.index >= prev.index || common.index < Math.max(commit, accepted, this.#read)) {
      this.#giveUp(donor);
      return;
    }
    this.#state.truncateFrom(common.index + 1);
    this.#pieces = [];
  }

  #giveUp(key: PeerKey): void {
    this.#donors.delete(key);
    this.#forgetReadsOf(key);
  }

  #forgetReadsOf(key: PeerKey): void {
    this.#pieces = this.#pieces.filter(({ donor, answer }) => donor !== key || answer !== null);
  }

  #drop(piece: Piece): void {
    this.#pieces = this.#pieces.filter((other) => other !== piece);
  }

  #underWay(key?: PeerKey): readonly Piece[] {
    return this.#pieces.filter(({ donor, answer }) => answer === null && (key === undefined || donor === key));
  }
}
