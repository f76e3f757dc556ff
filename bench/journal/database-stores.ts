/**
 * Embedded databases used as logs, each at its most durable setting and with the group commit that suits it. Loaded only
 * when measured; one that is not installed or not built is Unavailable, and says why.
 */
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildSqlite } from './build.ts';
import { GroupedStore, type StoreKind, Unavailable } from './store.ts';

const require = createRequire(import.meta.url);

function load<T>(name: string): T {
  try {
    return require(name) as T;
  } catch (error) {
    throw new Unavailable(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}

interface LmdbDatabase {
  put(key: number, value: Uint8Array): Promise<boolean>;
  readonly flushed: Promise<unknown>;
  close(): Promise<void>;
}

/** lmdb batches by itself; `flushed` resolves when what was put before is on the disk. */
export const lmdb: StoreKind = {
  name: 'lmdb',
  async open(directory) {
    const { open } = load<{ open(options: object): LmdbDatabase }>('lmdb');
    const database = open({ path: directory, keyEncoding: 'uint32', encoding: 'binary', mapSize: 4 * 1024 ** 3 });
    let next = 1;
    const flushed = async (puts: Promise<boolean>): Promise<void> => {
      await puts;
      await database.flushed;
    };
    return {
      append: (entry) => flushed(database.put(next++, entry)),
      appendBatch: (entries) => {
        let last: Promise<boolean> = Promise.resolve(true);
        for (const entry of entries) last = database.put(next++, entry);
        return flushed(last);
      },
      close: () => database.close(),
    };
  },
};

interface LevelDatabase {
  open(): Promise<void>;
  batch(operations: readonly object[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

export const classicLevel: StoreKind = {
  name: 'classic-level',
  async open(directory) {
    const { ClassicLevel } = load<{ ClassicLevel: new (path: string, options: object) => LevelDatabase }>(
      'classic-level',
    );
    const database = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
    await database.open();
    let next = 0;
    const commit = (entries: readonly Uint8Array[]): Promise<void> => {
      const operations = entries.map((value) => {
        const key = Buffer.allocUnsafe(8);
        key.writeUInt32BE(0, 0);
        key.writeUInt32BE(++next, 4);
        return { type: 'put', key, value };
      });
      return database.batch(operations, { sync: true });
    };
    return new GroupedStore(commit, () => database.close());
  },
};

interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): { run(value: Uint8Array): unknown };
  transaction(work: (entries: readonly Uint8Array[]) => void): (entries: readonly Uint8Array[]) => void;
  close(): void;
}

/** Blocks the event loop while it commits. */
export const sqlite: StoreKind = {
  name: 'better-sqlite3',
  async open(directory) {
    await buildSqlite();
    await mkdir(directory, { recursive: true });
    const Database = load<new (path: string) => SqliteDatabase>('better-sqlite3');
    const database = new Database(join(directory, 'log.sqlite'));
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('CREATE TABLE log (position INTEGER PRIMARY KEY, entry BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO log (entry) VALUES (?)');
    const commit = database.transaction((entries) => {
      for (const entry of entries) insert.run(entry);
    });
    return new GroupedStore(commit, () => database.close());
  },
};
