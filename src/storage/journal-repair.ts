/**
 * Putting right a directory that nobody has open. Planning writes nothing and gives the verdict that opening it would;
 * repairing restores what loses nothing, and cuts the log only at a place that its caller names.
 */
import { addon } from '../addon/addon.ts';
import type { Cut, CutPlace, Repaired } from '../addon/values.ts';
import { promising } from './journal-errors.ts';
import { type InspectReport, toReport } from './journal-inspect.ts';

export type { Cut, CutPlace, Repaired } from '../addon/values.ts';

export interface RepairPlan extends InspectReport {
  /** Segments of whose two headers one does not hold; repairing writes it anew from the other. */
  readonly headers: readonly string[];
  /** Where the log would have to end for the directory to open; null if it opens, or if that would not help. */
  readonly cut: Cut | null;
}

/** What could be done to make the directory open, and what that would lose. */
export function planRepair(directory: string): Promise<RepairPlan> {
  return promising(async () => {
    const { headers, cut, ...found } = await addon.planRepair(directory);
    return { ...toReport(found), headers, cut };
  });
}

/**
 * Restores headers, and ends the log at `cut`, which must be the place that planning gave: what stands behind it is lost to
 * the log, an acknowledged entry or a vote perhaps among it, and is kept in files that are named `….log.corrupt`.
 */
export const repairDirectory = (directory: string, cut: CutPlace | null): Promise<Repaired> =>
  promising(() => addon.repair(directory, cut));
