/**
 * Checks acknowledgements against the disks: re-reads the log of every scribe and counts an acknowledged entry as found
 * when a commit quorum holds, at the index that was acknowledged, exactly the bytes that were sent. Shares nothing with the
 * path that acknowledged them but what a commit quorum is.
 */
import { isCommitQuorum } from '../src/core/quorum.ts';
import { isScriptoriumError } from '../src/errors.ts';
import type { ClusterFile } from '../src/node/cluster-file.ts';
import { type LogReaderOptions, readScribeLog } from '../src/node/log-reader.ts';
import { batchBody } from '../src/wire/batch.ts';
import { iterateEntries } from '../src/wire/entries.ts';

export class Acknowledgements {
  /** Sequence of the command by the index it was acknowledged at. */
  readonly #sequences = new Map<number, number>();
  #twice = 0;

  add(firstIndex: number, firstSequence: number, count: number): void {
    for (let offset = 0; offset < count; offset += 1) {
      if (this.#sequences.has(firstIndex + offset)) this.#twice += 1;
      this.#sequences.set(firstIndex + offset, firstSequence + offset);
    }
  }

  /** Acknowledged entries; two for one index would be one that nobody can find. */
  get count(): number {
    return this.#sequences.size + this.#twice;
  }

  /** How many of them a commit quorum of the cluster's scribes holds; scribes that do not answer hold nothing. */
  async countFound(cluster: ClusterFile, command: (sequence: number) => Uint8Array): Promise<number> {
    const held = new Map(cluster.scribes.map(({ storageUuid }) => [storageUuid, new Set<number>()]));
    await Promise.all(
      cluster.scribes.map(({ address, storageUuid }) =>
        this.#visit({ clusterId: cluster.clusterId, address }, command, (index) => held.get(storageUuid)?.add(index)),
      ),
    );
    const isFound = (index: number): boolean => isCommitQuorum(cluster, (uuid) => held.get(uuid)?.has(index) === true);
    return [...this.#sequences.keys()].filter(isFound).length;
  }

  /** Calls `found` for each acknowledged entry in the log of one scribe. */
  async #visit(
    scribe: LogReaderOptions,
    command: (sequence: number) => Uint8Array,
    found: (index: number) => void,
  ): Promise<void> {
    try {
      for await (const batch of readScribeLog(scribe)) {
        if (batch.kind !== 'command') continue;
        let index = batch.firstIndex;
        for (const entry of iterateEntries(batchBody(batch.bytes))) {
          const sequence = this.#sequences.get(index);
          if (sequence !== undefined && Buffer.compare(entry, command(sequence)) === 0) found(index);
          index += 1;
        }
      }
    } catch (error) {
      if (!isScriptoriumError(error) || error.code !== 'UNREACHABLE') throw error;
    }
  }
}
