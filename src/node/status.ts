/** What nodes tell about themselves; the shapes behind `status --json`, `/status` and the `ready` line. */

import type { Role } from '../core/effects.ts';
import type { EntryId } from '../core/types.ts';
import type { JournalStats } from '../storage/journal-types.ts';

export interface ScribeStatus {
  readonly scribeId: string;
  readonly storageUuid: string;
  readonly address: string;
  readonly term: number;
  /** Worker id and client address of the leader whose appends it takes, or null. */
  readonly leader: { readonly workerId: string; readonly address: string } | null;
  readonly tail: EntryId;
  /** Index up to which the log is durable here. */
  readonly durableIndex: number;
  readonly commitIndex: number;
  readonly state: 'ok' | 'not-member' | 'failed';
  readonly directIo: boolean;
  readonly writeMode: JournalStats['writeMode'];
}

export interface WorkerStatus {
  readonly workerId: string;
  readonly incarnation: string;
  readonly clusterId: string;
  readonly role: Role;
  readonly term: number;
  /** Leads because the leader before it handed over, not because that one was missed. */
  readonly tookOver: boolean;
  /** Worker id and client address of the leader this worker knows, or null. */
  readonly leader: { readonly workerId: string; readonly address: string } | null;
  /** Addresses of the scribes in the configuration this worker knows. */
  readonly scribes: readonly string[];
  readonly tailIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly transport: string;
}
