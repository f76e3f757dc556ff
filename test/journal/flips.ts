/**
 * Damage of a closed or killed journal, one bit or one cut at a time, through the interface a program uses: whatever is
 * done to a file, opening refuses by name, or every record is read as it was written or refused as rotten, and none is
 * missing without a word. Works on a copy, which is made whole again after each trial.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ScriptoriumError } from '../../src/errors.ts';
import { inspectDirectory } from '../../src/storage/journal.ts';
import { freshJournal, makeBatch, TestJournal } from './temporary.ts';

/** A bit of a file turned, or a file cut to a length. */
export interface Damage {
  readonly file: string;
  readonly kind: 'bit' | 'cut';
  /** The number of the bit, or the length in bytes. */
  readonly at: number;
}

/** What opening and reading came to; a defect is thrown. */
export type Verdict = 'refused' | 'rotten' | 'whole';

interface Written {
  readonly group: number;
  readonly firstIndex: number;
  readonly bytes: Buffer;
}

const REFUSALS = new Set(['ROTTEN', 'UNCERTAIN_TAIL', 'NEWER_FORMAT', 'WRONG_IDENTITY', 'NOT_FORMATTED', 'IO_ERROR']);
const GROUPS = [0, 7];
const COPIED = new Date(2000, 0, 1);

/** Numbers that follow from a seed, each below `bound`. */
export function chance(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

export class Patient {
  readonly #healthy: string;
  readonly #copy: string;
  readonly #written: readonly Written[];
  readonly #state: string;
  /** Behind the last byte that says anything, by file. */
  readonly used: ReadonlyMap<string, number>;

  private constructor(folder: string, written: readonly Written[], state: string, used: ReadonlyMap<string, number>) {
    this.#healthy = join(folder, 'healthy');
    this.#copy = join(folder, 'copy');
    this.#written = written;
    this.#state = state;
    this.used = used;
    copyFiles(this.#healthy, this.#copy);
  }

  /** A journal in `folder`, which exists and is empty; with `entryBytes` large enough one of several segments. */
  static async make(folder: string, entryBytes: number, batches: number): Promise<Patient> {
    const directory = join(folder, 'healthy');
    const opened = await freshJournal(directory);
    const written: Written[] = [];
    let ticket = opened.journal.saveHardState(0, { term: 1, votedFor: 'ab'.repeat(16) });
    for (let index = 1; index <= batches; index++) {
      for (const group of GROUPS) {
        const bytes = makeBatch({ group, firstIndex: index, entryBytes: entryBytes + index });
        ticket = opened.journal.append(bytes);
        written.push({ group, firstIndex: index, bytes: Buffer.from(bytes) });
      }
      await opened.durable(ticket);
    }
    await opened.durable(opened.journal.saveCommitHint(0, { index: batches, term: 1 }));
    const state = describe(opened);
    await opened.journal.close();
    const found = await inspectDirectory(directory);
    const used = new Map<string, number>([['IDENTITY', statSync(join(directory, 'IDENTITY')).size]]);
    for (const block of found.blocks) {
      const name = `segment-${block.segment.toString(16).padStart(16, '0')}.log`;
      used.set(name, Math.max(used.get(name) ?? 0, block.offset + block.blockBytes));
    }
    return new Patient(folder, written, state, used);
  }

  /** Damage somewhere: mostly where something stands, now and then anywhere. */
  draw(random: (bound: number) => number): Damage {
    const files = [...this.used.keys()];
    const file = files[random(files.length)] as string;
    const size = statSync(join(this.#healthy, file)).size;
    const bytes = random(5) === 0 ? size : (this.used.get(file) as number);
    return random(4) === 0 ? { file, kind: 'cut', at: random(bytes) } : { file, kind: 'bit', at: random(bytes * 8) };
  }

  /** Does the damage, opens, reads everything, and takes the damage back. */
  async try(damage: Damage): Promise<Verdict> {
    applyDamage(join(this.#copy, damage.file), damage);
    try {
      return await this.#judge();
    } finally {
      copyFiles(this.#healthy, this.#copy);
    }
  }

  async #judge(): Promise<Verdict> {
    let opened: TestJournal;
    try {
      opened = await TestJournal.open(this.#copy);
    } catch (error) {
      if (!(error instanceof ScriptoriumError) || !REFUSALS.has(error.code)) throw error;
      if (!error.message.includes(this.#copy)) throw new Error(`names no file: ${error.message}`);
      return 'refused';
    }
    try {
      let verdict: Verdict = 'whole';
      if (describe(opened) !== this.#state) {
        if (opened.journal.report.tail === 'clean') throw new Error(`silently holds ${describe(opened)}`);
        verdict = 'rotten';
      }
      for (const batch of this.#written) verdict = (await readsBack(opened, batch)) ? verdict : 'rotten';
      return verdict;
    } finally {
      await opened.journal.close();
    }
  }
}

/** True if the batch is read as it was written, false if it is refused. */
async function readsBack({ journal }: TestJournal, { group, firstIndex, bytes }: Written): Promise<boolean> {
  try {
    const read = await journal.read(group, firstIndex, 1);
    if (!bytes.equals(read)) throw new Error(`a wrong record at index ${firstIndex} of group ${group}`);
    return true;
  } catch (error) {
    if (error instanceof ScriptoriumError && (error.code === 'ROTTEN' || error.code === 'BEYOND_TAIL')) return false;
    throw error;
  }
}

const describe = ({ journal }: TestJournal): string =>
  JSON.stringify(GROUPS.map((group) => ({ ...journal.group(group), batches: undefined })));

function applyDamage(path: string, { kind, at }: Damage): void {
  if (kind === 'cut') {
    truncateSync(path, at);
    return;
  }
  const file = openSync(path, 'r+');
  try {
    const byte = new Uint8Array(1);
    readSync(file, byte, 0, 1, at >> 3);
    byte[0] = (byte[0] as number) ^ (1 << (at & 7));
    writeSync(file, byte, 0, 1, at >> 3);
  } finally {
    closeSync(file);
  }
}

/** Makes `to` hold what `from` holds, copying only files that were written since the last time. */
function copyFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from).filter((name) => name !== 'LOCK');
  for (const name of readdirSync(to)) if (!names.includes(name)) rmSync(join(to, name));
  for (const name of names) {
    const original = statSync(join(from, name));
    const copy = statSync(join(to, name), { throwIfNoEntry: false });
    // A copy is dated back when it is made; whatever is written to it dates it anew.
    if (copy?.mtimeMs === COPIED.getTime() && copy.size === original.size) continue;
    copyFileSync(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
    utimesSync(join(to, name), COPIED, COPIED);
  }
}
