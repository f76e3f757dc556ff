/** Looking at a directory without touching it, with the verdict that opening it would give. */
import { addon, type NativeInspection } from '../addon/addon.ts';
import type { ScriptoriumError } from '../errors.ts';
import { promising, toScriptoriumError } from './journal-errors.ts';
import type { DamagedRange, JournalIdentity, RecoveryReport } from './journal-types.ts';

export interface InspectReport {
  /** Null if the directory is not a journal. */
  readonly identity: JournalIdentity | null;
  /** Segments whose headers can be read, by number. */
  readonly segments: readonly {
    readonly name: string;
    readonly number: number;
    readonly segmentBytes: number;
    readonly alignment: number;
    readonly createdMillis: number;
  }[];
  /** The newest blocks kept, at most as many as asked for, oldest first. */
  readonly blocks: readonly {
    readonly segment: number;
    readonly offset: number;
    readonly sequence: number;
    /** Up to which sequence everything was durable when this block was submitted. */
    readonly durableThrough: number;
    readonly records: number;
    readonly bodyBytes: number;
    readonly blockBytes: number;
  }[];
  /** As far as recovery got. */
  readonly report: RecoveryReport;
  /** What is part of a log and cannot be read, if the directory can be opened. */
  readonly damage: readonly DamagedRange[];
  readonly verdict: 'clean' | 'torn' | 'refused';
  /** Why it would be refused, with the file and offset where there is one. */
  readonly failure: { readonly error: ScriptoriumError; readonly file?: string; readonly offset?: number } | null;
}

/** Reads the whole directory and writes nothing, not even the lock file; `maxBlocks` bounds the list of blocks. */
export const inspectDirectory = (directory: string, maxBlocks = 100): Promise<InspectReport> =>
  promising(async () => toReport(await addon.inspect(directory, maxBlocks)));

export function toReport({ failure, ...found }: NativeInspection): InspectReport {
  if (failure === null) return { ...found, verdict: found.report.tail, failure: null };
  const { file, offset } = failure;
  const error = toScriptoriumError(failure) as ScriptoriumError;
  const place = file === undefined || offset === undefined ? {} : { file, offset };
  return { ...found, verdict: 'refused', failure: { error, ...place } };
}
