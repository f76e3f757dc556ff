/** What nodes tell about themselves; the shapes behind `status --json`, `/status` and the `ready` line. */

import type { Role } from '../core/effects.ts';
import type { Standing } from '../core/scribe-membership.ts';
import type { Configuration, EntryId } from '../core/types.ts';
import type { JournalStats } from '../storage/journal-types.ts';

/** A configuration and the entry of the log that holds it; 0 where there is none. */
export interface IndexedConfiguration extends Configuration {
  readonly index: number;
}

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
  /** `failed`: its journal has; it says nothing any more. */
  readonly state: Standing | 'failed';
  /** The newest of its log. */
  readonly configuration: IndexedConfiguration;
  readonly directIo: boolean;
  readonly writeMode: JournalStats['writeMode'];
  /** Its disk is full: it stores nothing new, or soon will not, until there is room. */
  readonly noSpace: boolean;
  /** Parts of its log that its disk cannot read back, until they are repaired from other scribes. */
  readonly damaged: readonly { readonly from: number; readonly to: number }[];
  /** Batches repaired since it started. */
  readonly repaired: number;
  /** The longest lease it promises a leader (R22); 0: none. */
  readonly maxLeaseMillis: number;
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
  /** The newest this worker knows. */
  readonly configuration: IndexedConfiguration;
  /** The entry it needs and no scribe that answers can read (R31), or null. */
  readonly haltedAt: number | null;
  readonly tailIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** The lease it asks for when it leads (R22), 0: none; and whether it has one now, so that it reads without asking. */
  readonly lease: { readonly millis: number; readonly held: boolean };
  readonly transport: string;
}
