/** Drives the key-value state machine directly: commands as words in, replies as byte strings out, time as given. */
import { commandNamed } from '../../src/kv/commands.ts';
import {
  decodeAnswer,
  decodeVersions,
  encodeCommand,
  encodeQuery,
  encodeTransaction,
  encodeVersionsQuery,
} from '../../src/kv/entry-codec.ts';
import createKeyValueStore from '../../src/kv/machine.ts';
import type { StateMachine } from '../../src/machine/contract.ts';

const bytesOf = (words: readonly string[]): Buffer[] => words.map((word) => Buffer.from(word, 'latin1'));

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

export class StoreDriver {
  readonly machine: StateMachine = createKeyValueStore();
  /** Logged time of the next entry, and the reader's clock. */
  now = 1_000_000;
  #index = 0;

  /** Writes are applied, reads are read; a read that finds the log's clock behind answers `behind`. */
  run(...words: string[]): string {
    return commandNamed(words[0] ?? '')?.kind === 'read' ? this.read(words) : this.apply(encodeCommand(bytesOf(words)));
  }

  /** Words separated by blanks, for commands without blanks in their words. */
  line(line: string): string {
    return this.run(...line.split(' '));
  }

  transaction(...lines: string[]): string {
    return this.apply(
      encodeTransaction(
        [],
        lines.map((line) => bytesOf(line.split(' '))),
      ),
    );
  }

  apply(entry: Uint8Array): string {
    this.#index++;
    return text(this.machine.apply(entry, { index: this.#index, term: 1, timestampMillis: this.now }));
  }

  read(words: readonly string[], clock = this.now): string {
    const { clockBehind, answered, replies } = decodeAnswer(this.machine.read(encodeQuery(clock, [bytesOf(words)])));
    return clockBehind && answered === 0 ? 'behind' : text(replies);
  }

  versionOf(key: string): number {
    const answer = this.machine.read(encodeVersionsQuery(bytesOf([key])));
    return decodeVersions(answer, 1)[0] as number;
  }

  digest(): string {
    return this.line('DEBUG DIGEST');
  }
}
