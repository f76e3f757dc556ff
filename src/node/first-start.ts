/**
 * A scribe that `init` names has its storage uuid from the cluster file, so its directory could be made a second time after the
 * first was lost; it would vote and be counted with all that it promised forgotten (R26). Refused as far as anybody answers who
 * shows that the cluster has begun to live; when nobody answers there is no knowing.
 */
import { ScriptoriumError } from '../errors.ts';
import { type ClusterFile, contactsOf, FIRST_TERM } from './cluster-file.ts';
import { scribeStatus } from './observe.ts';

/** Rejects CHANGE_REFUSED when a scribe of the cluster has got beyond what `init` wrote. */
export async function assertNotStarted(file: ClusterFile, scribeId: string): Promise<void> {
  const told = await Promise.all(contactsOf(file).map((address) => scribeStatus(address, file.clusterId)));
  const living = told.find((status) => status !== null && (status.term > FIRST_TERM || status.tail.index > 1));
  if (living === undefined || living === null) return;
  throw new ScriptoriumError(
    'CHANGE_REFUSED',
    `the cluster lives (${living.scribeId} at ${living.address} is in term ${living.term}), and ${scribeId} on a blank disk would ` +
      `have forgotten what it promised; start it as a newcomer, scribe --join, and then members replace --scribe ${scribeId}`,
  );
}
