/**
 * What the simulator knows of the real engine: the calls of its addon (engine/addon.cc), and a batch in the engine's own bytes.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Batch, BatchKind, HardState } from '../../src/core/types.ts';

/** Bugs to put in around the engine that the simulator must find: see stepped_queue.h. */
export const ENGINE_BUGS = { none: 0, unsynced: 1, covers: 2, cuts: 3, tears: 4, raw: 5, early: 6 } as const;
export type EngineBug = keyof typeof ENGINE_BUGS;

/** What the engine says of a part of a log that it can not read. */
export interface DamagedRange {
  readonly from: number;
  readonly to: number;
}

export interface Recovered {
  readonly tail: { readonly index: number; readonly term: number };
  readonly logStart: { readonly index: number; readonly term: number };
  readonly hardState: HardState;
  readonly commitHint: { readonly index: number; readonly term: number };
  readonly termRuns: readonly { readonly term: number; readonly firstIndex: number }[];
  readonly configurations: readonly number[];
}

export interface NativeDisk {
  open(): Recovered;
  append(batch: Uint8Array): number;
  saveHardState(term: number, votedFor: string | null): number;
  truncateSuffix(from: number): number;
  saveCommitHint(index: number, term: number): number;
  submit(): readonly number[];
  complete(write: number): number;
  read(from: number, maxBytes: number): Uint8Array;
  crash(seed: number): void;
  /** A sector of a disk that is not open turns. */
  rot(seed: number): void;
  /** Bits of the durable batch that begins at an index turn; false if there is none. */
  rotBatch(index: number, seed: number): boolean;
  /** The ticket, when durable at which the batch can be read again. */
  repair(batch: Uint8Array): number;
  /** All that it knows it can not read. */
  damage(): readonly DamagedRange[];
  /** What reading has found since the last call. */
  takeFound(): readonly DamagedRange[];
  putIn(bug: number): void;
  setFull(full: boolean): void;
  admits(batches: number, bytes: number): boolean;
  noSpace(): boolean;
}

export interface EngineAddon {
  readonly EngineDisk: new (scribeId: string, storageUuid: string, seed: number, depth: number) => NativeDisk;
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
export const HEADER_BYTES = 56;
const KINDS: readonly BatchKind[] = ['noop', 'command', 'configuration'];

/** A batch of the simulator as the engine knows one: the header of docs/disk-format.md, and its bytes for a body. */
export function encode({ kind, term, firstIndex, timestampMillis, count, bytes }: Batch): Uint8Array {
  const encoded = new Uint8Array(HEADER_BYTES + bytes.length);
  const header = new DataView(encoded.buffer);
  header.setUint32(0, 0x54414253, true);
  header.setUint8(4, 1);
  header.setUint8(5, KINDS.indexOf(kind));
  header.setBigUint64(16, BigInt(term), true);
  header.setBigUint64(24, BigInt(firstIndex), true);
  header.setBigUint64(32, BigInt(Math.floor(timestampMillis)), true);
  header.setUint32(40, count, true);
  header.setUint32(44, bytes.length, true);
  encoded.set(bytes, HEADER_BYTES);
  return encoded;
}

export function* decode(encoded: Uint8Array): Generator<Batch> {
  for (let at = 0; at < encoded.length; ) {
    const header = new DataView(encoded.buffer, encoded.byteOffset + at, HEADER_BYTES);
    const end = at + HEADER_BYTES + header.getUint32(44, true);
    yield {
      kind: KINDS[header.getUint8(5)] as BatchKind,
      term: Number(header.getBigUint64(16, true)),
      firstIndex: Number(header.getBigUint64(24, true)),
      timestampMillis: Number(header.getBigUint64(32, true)),
      count: header.getUint32(40, true),
      bytes: encoded.subarray(at + HEADER_BYTES, end),
    };
    at = end;
  }
}

const isCode = (error: unknown, codes: readonly string[]): boolean =>
  codes.includes((error as { readonly code?: string }).code ?? '');

/** The engine says that what it was asked for is there and can not be read. */
export const isDamage = (error: unknown): boolean => isCode(error, ['ROTTEN', 'UNCERTAIN_TAIL']);
/** It is not durable, or not there. */
export const isBeyondTail = (error: unknown): boolean => isCode(error, ['BEYOND_TAIL']);
/** The disk is full. */
export const isNoSpace = (error: unknown): boolean => isCode(error, ['NO_SPACE']);
/** As the runtime takes it: another batch, or none, is to be put there. */
export const isRefusedRepair = (error: unknown): boolean =>
  isCode(error, ['BAD_OPTION', 'BAD_BATCH', 'OVERLOADED', 'NO_SPACE']);

export const loadEngine = (): EngineAddon =>
  createRequire(import.meta.url)(join(ROOT, 'build', 'sim', 'engine.node')) as EngineAddon;
