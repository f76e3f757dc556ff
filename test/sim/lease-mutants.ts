/** A bug of lease reads (R22), and what a clock does that differs by more than is allowed; both must show as a stale read. */
import type { Machines } from './machines.ts';
import type { Mutant } from './mutants.ts';
import type { Patch } from './patched-core.ts';
import { type RunResult, runSeed } from './run.ts';

const run = (seed: number, machines: Machines): RunResult => runSeed(seed, machines, 'leases');

const leaseMutant = (rule: string, name: string, patch: Patch): Mutant => ({
  name,
  rule,
  caughtBy: 'stale-read',
  patches: [patch],
  run,
});

export const LEASE_MUTANTS: readonly Mutant[] = [
  leaseMutant('R22', 'a transfer does not revoke the lease', {
    file: 'leadership.js',
    find: ' || this.#transfer.wasOffered',
    replace: '',
  }),
  leaseMutant('P34', 'the clock of a leader is slower than the bound on drift allows', {
    file: 'lease.js',
    find: '(leaseMillis * (1 - clockDrift)) / (1 + clockDrift)',
    replace: 'leaseMillis * 2',
  }),
];
