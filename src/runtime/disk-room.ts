/**
 * What a scribe may act on while its disk is full (S27). Its machine counts on every record that it asks for, so a message
 * reaches it as it is only if the journal has room for all that may follow from it. Once an append was kept from the machine,
 * so are those behind it, for they do not fit its log, until the journal has room for another segment.
 */
import type { Message } from '../core/messages.ts';
import type { Journal } from '../storage/journal.ts';

/** `unstored`: without its batches; `lost`: as if it had never come. */
export type Verdict = 'whole' | 'unstored' | 'lost';

export class DiskRoom {
  readonly #journal: Pick<Journal, 'admits' | 'stats'>;
  #skipping = false;

  constructor(journal: Pick<Journal, 'admits' | 'stats'>) {
    this.#journal = journal;
  }

  judge(message: Message): Verdict {
    switch (message.kind) {
      case 'append':
        if (this.#takes(message.batches)) return 'whole';
        return this.#journal.admits(0, 0) ? 'unstored' : 'lost';
      case 'readReply':
        return this.#takes(message.outcome === 'entries' ? message.batches : []) ? 'whole' : 'lost';
      case 'fetch':
        return this.#takes([]) ? 'whole' : 'lost';
      case 'vote':
      case 'transferVote':
        return this.#journal.admits(0, 0) ? 'whole' : 'lost';
      default:
        return 'whole'; // nothing is written for it
    }
  }

  #takes(batches: readonly { readonly bytes: Uint8Array }[]): boolean {
    if (this.#skipping && this.#journal.stats().noSpace) return false;
    const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    this.#skipping = !this.#journal.admits(batches.length, bytes);
    return !this.#skipping;
  }
}
