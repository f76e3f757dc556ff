/** A bug that is put into a copy of the compiled core, and the check that must name it. */
import type { Machines } from './machines.ts';
import type { Patch } from './patched-core.ts';
import type { Violation } from './violation.ts';

export interface Mutant {
  readonly name: string;
  /** The rule it breaks. */
  readonly rule: string;
  /** The invariant that must name it, first. */
  readonly caughtBy: string;
  readonly patches: readonly Patch[];
  /** The runs that meet it, where the usual seeds do not. */
  readonly run?: (seed: number, machines: Machines) => { readonly violation: Violation | null };
}
