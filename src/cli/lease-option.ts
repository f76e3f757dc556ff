/** What the two options about leases (R22) have in common; a node that is started by a program has the same bounds. */
import { MAX_LEASE_MILLIS, MIN_LEASE_MILLIS } from '../node/timing.ts';
import { integer } from './options.ts';

/** `what` it is a lease of, as the beginning of a sentence. */
export const lease = (what: string) =>
  integer({
    description: `${what}, for reads without a quorum; 0: none, else from ${MIN_LEASE_MILLIS}.`,
    fallback: 0,
    minimum: 0,
    maximum: MAX_LEASE_MILLIS,
    unit: 'milliseconds',
  });
