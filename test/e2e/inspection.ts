/** What lies where in a scribe's directory, as `scriptorium inspect` tells it, and how to change some of it. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { scriptorium } from '../harness/command.ts';

export interface Block {
  readonly segment: number;
  readonly offset: number;
  readonly bodyBytes: number;
  readonly blockBytes: number;
}

export interface Inspection {
  readonly identity: { readonly clusterId: string };
  readonly segments: readonly { readonly name: string; readonly number: number }[];
  readonly blocks: readonly Block[];
  readonly report: { readonly tail: string; readonly tornBytes: number };
}

/** A directory that no scribe holds open. */
export async function inspect(directory: string): Promise<Inspection> {
  const { stdout, stderr } = await scriptorium('inspect', '--json', '--blocks', '100000', '--dir', directory);
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

/** Changes `length` bytes at `offset` of a file with `change`. */
export function alter(path: string, offset: number, length: number, change: (bytes: Buffer) => void): void {
  const file = openSync(path, 'r+');
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, offset);
  change(bytes);
  writeSync(file, bytes, 0, length, offset);
  closeSync(file);
}
