/**
 * Plain files: the naive way, and the best that a program can do by hand with Node's own file system calls. Neither has
 * checksums, nor finds anything again after a crash.
 */
import { closeSync, fdatasync, openSync, write } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store, StoreKind } from './store.ts';

const FILE_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** One write and one fdatasync for each append, one after the other. */
export const plainFile: StoreKind = {
  name: 'file, plain',
  async open(directory) {
    await mkdir(directory, { recursive: true });
    const file = await open(join(directory, 'log'), 'a');
    let last: Promise<void> = Promise.resolve();
    const append = (entry: Uint8Array): Promise<void> => {
      last = last.then(async () => {
        await file.appendFile(entry);
        await file.datasync();
      });
      return last;
    };
    return { append, appendBatch: (entries) => append(Buffer.concat(entries)), close: () => file.close() };
  },
};

/**
 * Group commit on blocks that were written before, as in a preallocated log that goes round: what arrives while one write
 * is under way is copied into the memory of the next.
 */
class GroupedFile implements Store {
  readonly #descriptor: number;
  #position = 0;
  #filling = Buffer.allocUnsafe(CHUNK_BYTES);
  #writing = Buffer.allocUnsafe(CHUNK_BYTES);
  #end = 0;
  #resolvers: (() => void)[] = [];
  #busy = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  append(entry: Uint8Array): Promise<void> {
    this.#copy(entry);
    return this.#wait();
  }

  appendBatch(entries: readonly Uint8Array[]): Promise<void> {
    for (const entry of entries) this.#copy(entry);
    return this.#wait();
  }

  async close(): Promise<void> {
    closeSync(this.#descriptor);
  }

  #copy(entry: Uint8Array): void {
    const end = this.#end + 4 + entry.length;
    if (end > this.#filling.length) {
      const grown = Buffer.allocUnsafe(end * 2);
      this.#filling.copy(grown, 0, 0, this.#end);
      this.#filling = grown;
    }
    this.#filling.writeUInt32LE(entry.length, this.#end);
    this.#filling.set(entry, this.#end + 4);
    this.#end = end;
  }

  #wait(): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
      process.nextTick(() => this.#commit());
    }
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }

  #commit(): void {
    const resolvers = this.#resolvers;
    const length = this.#end;
    this.#resolvers = [];
    this.#end = 0;
    [this.#filling, this.#writing] = [this.#writing, this.#filling];
    if (this.#position + length > FILE_BYTES) this.#position = 0;
    write(this.#descriptor, this.#writing, 0, length, this.#position, (failure) => {
      if (failure) throw failure;
      fdatasync(this.#descriptor, (failed) => {
        if (failed) throw failed;
        for (const resolve of resolvers) resolve();
        this.#busy = this.#resolvers.length > 0;
        // What the resolved callers bring now goes with what is there.
        if (this.#busy) process.nextTick(() => this.#commit());
      });
    });
    this.#position += length;
  }
}

export const groupedFile: StoreKind = {
  name: 'file, group commit',
  async open(directory) {
    await mkdir(directory, { recursive: true });
    const path = join(directory, 'log');
    const file = await open(path, 'w');
    const zeros = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < FILE_BYTES; at += CHUNK_BYTES) await file.write(zeros, 0, CHUNK_BYTES, at);
    await file.sync();
    await file.close();
    return new GroupedFile(openSync(path, 'r+'));
  },
};
