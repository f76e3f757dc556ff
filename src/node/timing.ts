/** Default timing and bounds of scribes and workers; chosen for one data centre, measured on loopback. */
import type { ScribeOptions, WorkerOptions } from '../core/effects.ts';
import type { ProposalLimits } from '../runtime/proposals.ts';

const MEBIBYTE = 1024 * 1024;

/** A leader counts as live this long after its last message; a crash is noticed by its closed links long before (R9). */
const ELECTION_TIMEOUT_MIN_MILLIS = 300;

export const SCRIBE_TIMING: ScribeOptions = {
  electionTimeoutMinMillis: ELECTION_TIMEOUT_MIN_MILLIS,
  maxLeaseMillis: 0,
};

export const WORKER_TIMING: WorkerOptions = {
  heartbeatMillis: 60,
  electionTimeoutMinMillis: ELECTION_TIMEOUT_MIN_MILLIS,
  electionTimeoutMaxMillis: 2 * ELECTION_TIMEOUT_MIN_MILLIS,
  leaseMillis: 0,
  clockDrift: 0.05,
  windowBytes: 32 * MEBIBYTE,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * MEBIBYTE,
  maxAppendBytes: MEBIBYTE,
  maxUnappliedBytes: 64 * MEBIBYTE,
};

export const PROPOSAL_LIMITS: ProposalLimits = { maxBatchBytes: 256 * 1024, maxQueuedBytes: 64 * MEBIBYTE };
