/**
 * What a scribe may act on while its disk is full (S27). Its machine counts on every record that it asks for, so a message
 * reaches it as it is only if the journal has room for all that may follow from it. Once an append was kept from the machine,
 * so are those behind it, for they do not fit its log, until the journal has room for another segment. A record can find no
 * room all the same: a vote is let through when it is asked for and decided when the writes before it are done. It waits here, as
 * on a slow disk, and until it is written nothing more is let through.
 */
import type { ScribeEvent } from '../core/effects.ts';
import type { Message } from '../core/messages.ts';

/** `unstored`: without its batches; `lost`: as if it had never come. */
export type Verdict = 'whole' | 'unstored' | 'lost';

/** The part of a journal that knows: see there. */
export interface Room {
  admits(batches: number, bytes: number): boolean;
  stats(): { readonly noSpace: boolean };
}

export class DiskRoom<Item> {
  readonly #journal: Room;
  readonly #write: (record: Item) => boolean;
  /** Records that the machine counts on and the journal does not have, in their order. */
  #waiting: Item[] = [];
  #skipping = false;

  /** `write` gives a record to the journal; false if that has no room for it, and took nothing. Anything else it throws. */
  constructor(journal: Room, write: (record: Item) => boolean) {
    this.#journal = journal;
    this.#write = write;
  }

  /** Has the records written, in their order behind those that wait. Throws what `write` throws. */
  write(records: readonly Item[]): void {
    this.#waiting.push(...records);
    let written = 0;
    while (written < this.#waiting.length && this.#write(this.#waiting[written] as Item)) written++;
    this.#waiting.splice(0, written);
  }

  /** What the machine is to hear instead of this event; null: nothing. Throws what `write` throws. */
  allow(event: ScribeEvent): ScribeEvent | null {
    if (this.#waiting.length > 0) this.write([]);
    if (event.kind !== 'message') return event;
    const { from, message } = event;
    const verdict = this.judge(message);
    if (verdict === 'whole') return event;
    return verdict === 'unstored' && message.kind === 'append' ? { kind: 'unstored', from, message } : null;
  }

  judge(message: Message): Verdict {
    switch (message.kind) {
      case 'append':
        if (this.#takes(message.batches)) return 'whole';
        return this.#admits(0, 0) ? 'unstored' : 'lost';
      case 'readReply':
        return this.#takes(message.outcome === 'entries' ? message.batches : []) ? 'whole' : 'lost';
      case 'fetch':
        return this.#takes([]) ? 'whole' : 'lost';
      case 'vote':
      case 'transferVote':
        return this.#admits(0, 0) ? 'whole' : 'lost';
      default:
        return 'whole'; // nothing is written for it
    }
  }

  #takes(batches: readonly { readonly bytes: Uint8Array }[]): boolean {
    if (this.#skipping && this.#journal.stats().noSpace) return false;
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    this.#skipping = !this.#admits(batches.length, bytes);
    return !this.#skipping;
  }

  #admits(batches: number, bytes: number): boolean {
    return this.#waiting.length === 0 && this.#journal.admits(batches, bytes);
  }
}
