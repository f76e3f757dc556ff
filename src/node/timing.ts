/** Default timing and bounds of scribes and workers; chosen for one data centre, measured on loopback. */
import type { ScribeOptions, WorkerOptions } from '../core/effects.ts';
import type { Term } from '../core/types.ts';
import { ScriptoriumError } from '../errors.ts';
import type { ProposalLimits } from '../runtime/proposals.ts';
import { FIRST_TERM } from './cluster-file.ts';

const MEBIBYTE = 1024 * 1024;

/** A leader counts as live this long after its last message; a crash is noticed by its closed links long before (R9). */
const ELECTION_TIMEOUT_MIN_MILLIS = 300;

/** Nobody is elected for that long after a leader is gone in any case, unless its links close. */
export const MAX_LEASE_MILLIS = ELECTION_TIMEOUT_MIN_MILLIS;
/** A shorter one would be over before the next heartbeat renewed it, on a slow day. */
export const MIN_LEASE_MILLIS = 100;

/**
 * `term`: what its directory knows. One of a leader's may have promised the longest lease before it was started, whatever it is
 * allowed now (R10): options change between two starts, and nothing is written for a promise. Nobody leads in the first term.
 */
export function scribeTiming(maxLeaseMillis: number, term: Term): ScribeOptions {
  return {
    electionTimeoutMinMillis: ELECTION_TIMEOUT_MIN_MILLIS,
    maxLeaseMillis,
    presumedLeaseMillis: term > FIRST_TERM ? MAX_LEASE_MILLIS : 0,
  };
}

export const checkedMaxLease = (millis = 0): number => checkedLease('maxLeaseMillis', millis);

export function workerTiming(leaseMillis = 0): WorkerOptions {
  return { ...WORKER_TIMING, leaseMillis: checkedLease('leaseMillis', leaseMillis) };
}

function checkedLease(name: string, millis: number): number {
  if (millis === 0 || (Number.isInteger(millis) && millis >= MIN_LEASE_MILLIS && millis <= MAX_LEASE_MILLIS))
    return millis;
  const rule = `0, or a whole number from ${MIN_LEASE_MILLIS} to ${MAX_LEASE_MILLIS}`;
  throw new ScriptoriumError('BAD_OPTION', `${name} is ${rule}; it was given as ${millis}`);
}

const WORKER_TIMING: WorkerOptions = {
  heartbeatMillis: 60,
  electionTimeoutMinMillis: ELECTION_TIMEOUT_MIN_MILLIS,
  electionTimeoutMaxMillis: 2 * ELECTION_TIMEOUT_MIN_MILLIS,
  leaseMillis: 0,
  clockDrift: 0.05,
  windowBytes: 32 * MEBIBYTE,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * MEBIBYTE,
  maxAppendBytes: MEBIBYTE,
  maxFedLearners: 3,
  maxUnappliedBytes: 64 * MEBIBYTE,
};

export const PROPOSAL_LIMITS: ProposalLimits = { maxBatchBytes: 256 * 1024, maxQueuedBytes: 64 * MEBIBYTE };
