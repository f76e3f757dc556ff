/** What the two options about leases (R22) have in common; a node that is started by a program has the same bounds. */
import { MAX_LEASE_MILLIS, MIN_LEASE_MILLIS } from '../node/timing.ts';
import { integer, type Option, refuse } from './options.ts';

/** `what` it is a lease of, as the beginning of a sentence. */
export function lease(what: string): Option<number> {
  const option = integer({
    description: `${what}, for reads without a quorum; 0: none, else from ${MIN_LEASE_MILLIS}.`,
    fallback: 0,
    minimum: 0,
    maximum: MAX_LEASE_MILLIS,
    unit: 'milliseconds',
  });
  return {
    ...option,
    parse(given) {
      const millis = option.parse(given);
      return millis === 0 || millis >= MIN_LEASE_MILLIS
        ? millis
        : refuse(given, `0, or a whole number from ${MIN_LEASE_MILLIS} to ${MAX_LEASE_MILLIS}`);
    },
  };
}
