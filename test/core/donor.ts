/** A scribe's machine on a log that stands still: what a reader asks, it answers as the real one does. */
import type { Read, ReadReply } from '../../src/core/messages.ts';
import { ScribeMachine } from '../../src/core/scribe.ts';
import { type Batch, type EntryId, lastIndex, ORIGIN } from '../../src/core/types.ts';

const READER = 'worker:w1';

export class Donor {
  readonly #batches: readonly Batch[];
  readonly #machine: ScribeMachine;

  constructor(name: string, batches: readonly Batch[], commit: EntryId = ORIGIN) {
    this.#batches = batches;
    const last = batches.at(-1) as Batch;
    const termRuns = batches.filter(({ term }, at) => term !== batches[at - 1]?.term);
    this.#machine = new ScribeMachine(
      {
        scribeId: name,
        storageUuid: name,
        hardState: { term: last.term, votedFor: null },
        logStart: ORIGIN,
        tail: { index: lastIndex(last), term: last.term },
        termRuns,
        commit,
        configurations: [],
      },
      { electionTimeoutMinMillis: 150, maxLeaseMillis: 0, presumedLeaseMillis: 0 },
      0,
    );
    const identity = { workerId: 'w', incarnation: 'w1', address: 'w:1' };
    this.#machine.step({ kind: 'linkUp', from: READER, peer: { role: 'worker', identity } }, 0);
  }

  answer(read: Read): ReadReply {
    const { sends, reads } = this.#machine.step({ kind: 'message', from: READER, message: read }, 0);
    const answers = reads.flatMap(({ token, from, to, maxBytes }) => {
      let bytes = 0;
      const batches = this.#batches.filter((batch) => {
        if (lastIndex(batch) < from || lastIndex(batch) > to) return false;
        bytes += batch.bytes.length;
        return bytes === batch.bytes.length || bytes <= maxBytes;
      });
      return this.#machine.step({ kind: 'logRead', token, batches }, 0).sends;
    });
    const message = [...sends, ...answers].find(({ message: { kind } }) => kind === 'readReply')?.message;
    if (message?.kind !== 'readReply') throw new Error('it did not answer');
    return message;
  }
}
