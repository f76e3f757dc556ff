/** Bugs of lease reads (R9, R10, R22), and a clock that differs by more than is allowed: all must show as a stale read. */
import { runDeposedReader, type Way } from './deposed-reader.ts';
import type { Mutant } from './mutant.ts';
import type { Patch } from './patched-core.ts';
import { seedsOf } from './run.ts';

const run = seedsOf('leases');

const leaseMutant = (rule: string, name: string, patch: Patch): Mutant => ({
  name,
  rule,
  caughtBy: 'stale-read',
  patches: [patch],
  run,
});

const sceneMutant = (rule: string, name: string, way: Way, patches: readonly Patch[]): Mutant => ({
  name,
  rule,
  caughtBy: 'stale-read',
  patches,
  run: (seed, machines) => runDeposedReader(seed, machines, way),
});

export const LEASE_MUTANTS: readonly Mutant[] = [
  leaseMutant('R22', 'a transfer does not revoke the lease', {
    file: 'leadership.js',
    find: ' < this.#firstOfTerm || this.#transfer.wasOffered',
    replace: ' < this.#firstOfTerm',
  }),
  leaseMutant('P34', 'the clock of a leader is slower than the bound on drift allows', {
    file: 'lease.js',
    find: '(leaseMillis * (1 - clockDrift)) / (1 + clockDrift)',
    replace: 'leaseMillis * 2',
  }),
  sceneMutant('R9', 'a closed connection ends a promise', 'connections-close', [
    {
      file: 'scribe-leader.js',
      find: 'this.#leader.linked = false;',
      replace: 'this.#leader.linked = false; this.#promise.end();',
    },
    {
      file: 'promise.js',
      find: 'get until() {',
      replace: 'end() { this.#until = Number.NEGATIVE_INFINITY; }\n    get until() {',
    },
  ]),
  sceneMutant('R10', 'no wait after a start', 'scribes-restart', [
    { file: 'promise.js', find: 'this.#until = now + presumedLeaseMillis;', replace: ';' },
  ]),
  sceneMutant('R22', 'a lease counts from when the answer came', 'answers-late', [
    {
      file: 'followers.js',
      find: 'progress.promisedRound = Math.max(progress.promisedRound, reply.round);',
      replace: 'progress.promisedAt = now;',
    },
    { file: 'followers.js', find: '?.promisedRound ?? 0', replace: '?.promisedAt ?? Number.NEGATIVE_INFINITY' },
    {
      file: 'lease.js',
      find: 'return newest !== undefined && now < newest.sentAt + this.#spanMillis;',
      replace: 'return now < round + this.#spanMillis;',
    },
  ]),
];
